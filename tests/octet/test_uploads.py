"""Bodies stream: a folder is a true tar of the size it promised, a form is what a multipart parser reads."""

import io
import tarfile
import tracemalloc
from email.parser import BytesParser
from email.policy import HTTP

import pytest

from octet import FileChanged
from octet.uploads import FolderTar, Form, Held, NamedTar, OnDisk, Part


def joined(content) -> bytes:
    return b"".join(content.pieces())


def test_a_folder_becomes_a_tar_of_exactly_the_promised_size(tmp_path):
    files = {"b/2.txt": b"x" * 513, "a.bin": b"", "ü" * 90 + "/long.txt": b"y" * 512, "b/1.txt": bytes(range(256))}
    for name, data in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(data)
    tar = FolderTar(tmp_path)
    sent = joined(tar)
    assert len(sent) == tar.size
    with tarfile.open(fileobj=io.BytesIO(sent)) as read:
        assert {m.name: read.extractfile(m).read() for m in read} == files
        assert [m.name for m in read] == sorted(files, key=lambda n: n.split("/"))


def test_labels_that_lie_among_the_files_are_left_out(tmp_path):
    for name in ("1.txt", "labels.csv"):
        (tmp_path / name).write_text(name)
    assert [name for name, _ in FolderTar(tmp_path, [tmp_path / "labels.csv"]).members] == ["1.txt"]


def test_files_of_memory_and_disk_are_a_tar_under_the_names_that_they_are_given(tmp_path):
    (tmp_path / "x").write_bytes(b"disk")
    tar = NamedTar({"a/1.txt": b"memory", "2.bin": tmp_path / "x", "empty": b""})
    sent = joined(tar)
    assert len(sent) == tar.size
    with tarfile.open(fileobj=io.BytesIO(sent)) as read:
        found = {m.name: read.extractfile(m).read() for m in read}
    assert found == {"a/1.txt": b"memory", "2.bin": b"disk", "empty": b""}


def test_a_file_that_grows_while_it_is_sent_is_named(tmp_path):
    file = tmp_path / "log.txt"
    file.write_text("one")
    content, tar = OnDisk(file), FolderTar(tmp_path)
    file.write_text("one two")
    with pytest.raises(FileChanged, match=r"log\.txt changed its size"):
        joined(content)
    with pytest.raises(FileChanged, match=r"log\.txt changed its size"):
        joined(tar)


def test_memory_stays_flat_however_large_a_file_is(tmp_path):
    large = tmp_path / "large.bin"
    with large.open("wb") as file:
        file.truncate(64 << 20)
    form = Form([Part("archive", FolderTar(tmp_path), "x.tar")])
    tracemalloc.start()
    sent = sum(map(len, form.pieces()))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert sent == form.size > 64 << 20
    assert peak < 4 << 20


def test_a_form_is_what_a_multipart_parser_reads():
    form = Form([Part("name", Held(b"reviews")), Part("file", Held(b"\x00\r\n--x"), 'a "b".bin')])
    told: list[tuple[int, int]] = []
    body = b"".join(form.pieces(lambda sent, total: told.append((sent, total))))
    assert told[-1] == (form.size, form.size) == (len(body), len(body))
    head = f"Content-Type: {form.headers['content-type']}\r\n\r\n".encode()
    name, file = BytesParser(policy=HTTP).parsebytes(head + body).iter_parts()
    assert name.get_content().strip() == "reviews"
    assert file.get_payload(decode=True) == b"\x00\r\n--x"
    assert file.get_filename() == "a %22b%22.bin"
