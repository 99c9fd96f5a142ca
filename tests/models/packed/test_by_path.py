"""Files without labels: all are packed under their paths, empty ones are said."""

import pytest

from models.packed import ArchiveError, pack
from tests.models.packed.made import KINDS, archive_at


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
