"""Files without labels: all are packed under their paths, empty ones are said."""

import pytest

from models.packed import ArchiveError, pack
from tests.models.packed.made import KINDS, archive_at, labels_for


@pytest.mark.parametrize("kind", KINDS)
def test_every_file_is_packed_under_its_path_and_there_is_no_target(kind, tmp_path):
    files = {"new/b.bin": b"2", "new/deep/a.bin": b"1", "c": b"3", "empty": b"", "new/.DS_Store": b"x"}
    found = pack(tmp_path / "pack", archive=archive_at(tmp_path, kind, files))
    assert list(found.dataset.ids) == ["c", "new/b.bin", "new/deep/a.bin"]
    assert [bytes(found.dataset.read(at)) for at in range(3)] == [b"3", b"2", b"1"]
    assert found.dataset.summary().targets == {}
    assert ([problem.kind for problem in found.problems], found.ignored) == (["empty_file"], ["new/.DS_Store"])


@pytest.mark.parametrize(
    ("files", "why"), [({"d/a": b""}, "all files are empty"), ({"d/.DS_Store": b"x"}, "always ignored")]
)
def test_nothing_to_pack_is_refused(files, why, tmp_path):
    with pytest.raises(ArchiveError, match=why):
        pack(tmp_path / "pack", archive=archive_at(tmp_path, "tar", files))


@pytest.mark.parametrize("name", ["labels.csv", "data/targets.CSV", "labels.tsv"])
def test_a_table_of_labels_among_the_files_is_said_and_taken_as_a_file(name, tmp_path):
    table = labels_for(["a", "b"]).replace(",", "\t" if name.endswith("tsv") else ";").encode()
    files = {name: b"\xef\xbb\xbf" + table, "data/a.bin": b"1", "data/b.bin": b"2"}
    found = pack(tmp_path / "pack", archive=archive_at(tmp_path, "tar", files))
    [problem] = found.problems
    assert (problem.kind, problem.id, len(found.dataset)) == ("labels_inside", name, 3)
    assert "send it as the labels" in problem.detail


TABLE = labels_for(["a", "b"]).encode()
NO_LABELS = {
    "a table without IDs": {"labels.csv": b"x,y\n1,2\n", "a.bin": b"1"},
    "a table of IDs alone": {"labels.csv": b"ID\na\n", "a.bin": b"1"},
    "a table deep below": {"data/old/labels.csv": TABLE, "a.bin": b"1"},
    "several tables": {"one.csv": TABLE, "two.csv": TABLE, "a.bin": b"1"},
    "a table alone": {"labels.csv": TABLE},
    "no text": {"labels.csv": b"\xff\xfeID\xff", "a.bin": b"1"},
    "another name": {"labels.bin": TABLE, "a.bin": b"1"},
}


@pytest.mark.parametrize("form", NO_LABELS)
def test_of_other_files_to_predict_from_nothing_is_said(form, tmp_path):
    found = pack(tmp_path / "pack", archive=archive_at(tmp_path, "tar", NO_LABELS[form]))
    assert found.problems == []
