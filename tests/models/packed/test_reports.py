"""What users of other systems reported: junk in archives, dots in names, names that differ in their folders alone."""

import pytest

from models.packed import LabelError, pack
from tests.models.packed.made import archive_at, labels_for, written
from tests.models.packed.raw import END, header, member, pax
from tests.models.packed.test_packing import contents, packed


def test_a_tar_of_a_mac_gives_its_real_files_alone(tmp_path):
    """Folders, `./` prefixes, pax headers with a Mac's attributes, and a `._` twin beside each file."""
    said = {"LIBARCHIVE_xattr_com_apple_provenance": b"AQ"}
    twins = [(b"./d/._a.txt", b"junk"), (b"./d/a.txt", b"one"), (b"./d/._b.txt", b"junk"), (b"./d/b.txt", b"two")]
    files = b"".join(pax(**said) + member(name, data) for name, data in twins)
    archive = header(b"./", 0, b"5") + header(b"./d/", 0, b"5") + files + member(b"./.env", b"kept") + END
    labels = written(tmp_path / "l.csv", labels_for(["a", "b", ".env"]))
    done = pack(tmp_path / "p", labels=labels, archive=written(tmp_path / "a", archive))
    assert contents(done.dataset) == {"a": b"one", "b": b"two", ".env": b"kept"}
    assert (done.ignored, done.problems) == (["d/._a.txt", "d/._b.txt"], [])


def test_stems_that_differ_in_their_folders_alone_are_refused_with_a_mend_that_works(tmp_path):
    files = {"p/a.txt": b"1", "q/a.txt": b"2"}
    with pytest.raises(
        LabelError, match=r"two files, 'p/a\.txt' and 'q/a\.txt', .*relative paths \('q/a\.txt'\) as IDs"
    ):
        packed(tmp_path, labels_for("a"), files)
    for ids in (["p/a.txt", "q/a.txt"], ["p/a", "q/a"], ["p\\a.txt", "q\\a.txt"], ["./p/a", "./q/a.txt"]):
        done = packed(tmp_path, labels_for(ids), files)
        assert (contents(done.dataset), done.problems) == (dict(zip(ids, (b"1", b"2"), strict=True)), [])


@pytest.mark.parametrize("ids", [["v1.0"], ["v1.0", "v1.1"]])
def test_an_id_that_one_file_bears_and_another_begins_with_is_not_guessed(ids, tmp_path):
    with pytest.raises(LabelError, match="two files"):
        packed(tmp_path, labels_for(ids), {"v1.0.bin": b"1", "v1.1.bin": b"2", "v1.0": b"3"})


def test_one_class_in_two_spellings_of_unicode_is_one(tmp_path):
    files = {"caf\u00e9/1.bin": b"1", "cafe\u0301/2.bin": b"2", "bar/3.bin": b"3"}
    done = pack(tmp_path / "p", folder_labels="k", archive=archive_at(tmp_path, "zip", files))
    assert done.dataset.summary().targets["k"].classes == {"bar": 1, "caf\u00e9": 2}


def test_a_file_that_comes_twice_in_folders_is_refused_with_its_name(tmp_path):
    files = [("cats/1", b"1"), ("cats/1", b"2"), ("dogs/1", b"3")]
    with pytest.raises(ValueError, match="the id 'cats/1'; rename one of them"):
        pack(tmp_path / "p", folder_labels="k", archive=archive_at(tmp_path, "tar", files))
