"""The tutorial's folder: from the Large Movie Review Dataset's own archive to what `octet train` reads."""

import io
import tarfile

import pytest

from examples.imdb import main
from models.config import parse_request, read_trio
from models.packed import pack

MEMBERS = {
    "aclImdb/README": b"about",
    "aclImdb/train/pos/0_9.txt": b"good <br />",
    "aclImdb/train/neg/0_3.txt": b"bad",
    "aclImdb/train/neg/1_1.txt": b"worse",
    "aclImdb/train/unsup/0_0.txt": b"unknown",
    "aclImdb/test/pos/0_10.txt": b"held out",
}


def archive(path, members=MEMBERS):
    with tarfile.open(path, "w:gz") as packed:
        for name, data in members.items():
            about = tarfile.TarInfo(name)
            about.size = len(data)
            packed.addfile(about, io.BytesIO(data))
    return path


def test_the_training_half_becomes_the_tutorials_folder(tmp_path, capsys):
    assert main([str(archive(tmp_path / "a.tar.gz")), str(tmp_path / "t")]) == 0
    assert "3 reviews" in capsys.readouterr().out
    data = tmp_path / "t/data/IMDB"
    found = pack(tmp_path / "pack", labels=data / "imdb_labels.csv", files=data / "IMDB_Reviews")
    labels = dict(zip(found.dataset.ids, found.dataset.labels.target("Sentiment").values, strict=True))
    assert labels == {"0_3": "Negative", "0_9": "Positive", "1_1": "Negative"}
    assert found.problems == []


def test_its_three_files_are_a_run_that_octet_accepts(tmp_path):
    main([str(archive(tmp_path / "a.tar.gz")), str(tmp_path / "t")])
    conf = tmp_path / "t/conf"
    body = read_trio(conf / "globals.yaml", conf / "input.yaml", conf / "output.yaml")
    del body["output"]["output_info"]["output_source"]  # the command line takes it away with the upload
    assert parse_request(body)


@pytest.mark.parametrize("members", [{}, {"aclImdb/test/pos/0_9.txt": b"x"}])
def test_another_archive_is_told_from_it(members, tmp_path, capsys):
    assert main([str(archive(tmp_path / "a.tar.gz", members)), str(tmp_path / "t")]) == 1
    assert "is it aclImdb_v1.tar.gz?" in capsys.readouterr().err
