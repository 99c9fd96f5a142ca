"""Labels by folders: the class is the folder below the shared one; what names no classes is refused with the mend."""

import os

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.packed import ArchiveError, LabelError, pack
from tests.models.packed.made import KINDS, archive_at, labels_for, written

PETS = {"photos/cats/1.png": b"c1", "photos/cats/old/1.png": b"c2", "photos/dogs/1.png": b"d1"}
PART = st.text("ab", min_size=1, max_size=2)


def packed(tmp_path, files, kind="tar"):
    to = tmp_path / f"pack-{len(list(tmp_path.iterdir()))}"
    return pack(to, folder_labels="animal", archive=archive_at(tmp_path, kind, files))


def classes(found) -> dict[str, str | None]:
    return dict(zip(found.dataset.ids, found.dataset.labels.target("animal").values, strict=True))


@pytest.mark.parametrize("kind", KINDS)
def test_the_class_is_the_folder_below_the_one_that_all_share(kind, tmp_path):
    found = packed(tmp_path, PETS, kind)
    assert classes(found) == {
        "photos/cats/1.png": "cats",
        "photos/cats/old/1.png": "cats",
        "photos/dogs/1.png": "dogs",
    }
    assert found.problems == []


def test_litter_is_ignored_and_empty_files_are_said(tmp_path):
    found = packed(tmp_path, {**PETS, "photos/.DS_Store": b"x", "photos/dogs/2.png": b""})
    assert found.ignored == ["photos/.DS_Store"]
    assert [(problem.kind, problem.id) for problem in found.problems] == [("empty_file", "photos/dogs/2.png")]
    assert len(found.dataset) == 3


def test_folders_that_a_reader_takes_for_one_class_are_said(tmp_path):
    found = packed(tmp_path, {**PETS, "photos/Cats/3.png": b"c3"})
    (problem,) = found.problems
    assert (problem.kind, problem.id, problem.row) == ("twin_classes", "photos/Cats/3.png", None)
    assert "'cats' (2 labels), 'Cats' (1 label) differ in case alone" in problem.detail


@pytest.mark.parametrize("stray", ["README", "photos/README"])
def test_a_file_beside_the_folders_of_classes_has_no_label_and_is_said(stray, tmp_path):
    found = packed(tmp_path, {**PETS, stray: b"about"})
    assert classes(found)[stray] is None
    assert [(problem.kind, problem.id) for problem in found.problems] == [("file_without_folder", stray)]


@pytest.mark.parametrize(
    ("files", "why"),
    [
        ({"a.txt": b"1", "b.txt": b"2"}, "no folder"),
        ({"d/a.txt": b"1", "d/b.txt": b"2"}, "'d'.*side by side"),
        ({"d/train/cats/a": b"1", "d/Test/dogs/b": b"2"}, "parts of a split"),
    ],
)
def test_folders_that_name_no_classes_are_refused(files, why, tmp_path):
    with pytest.raises(LabelError, match=why) as refused:
        packed(tmp_path, files)
    assert [fault.kind for fault in refused.value.faults] == ["folder_labels"]


def test_nothing_to_pack_is_refused(tmp_path):
    with pytest.raises(ArchiveError, match="no files in it but what is always ignored"):
        packed(tmp_path, {"d/.DS_Store": b"x"})
    with pytest.raises(ArchiveError, match="all files are empty: 'd/a'"):
        packed(tmp_path, {"d/a": b""})


def test_labels_come_from_one_place(tmp_path):
    archive, table = archive_at(tmp_path, "tar", PETS), written(tmp_path / "labels.csv", labels_for("ab"))
    with pytest.raises(LabelError, match="either as a table or by the names of folders"):
        pack(tmp_path / "pack", archive=archive, labels=table, folder_labels="animal")


@settings(max_examples=50, deadline=None)
@given(tree=st.lists(st.lists(PART, min_size=1, max_size=4).map("/".join), min_size=2, max_size=8, unique=True))
def test_any_tree_gives_its_top_folders_as_classes_or_is_refused(tree, tmp_path_factory):
    files = {f"top/{folder}/{at}.bin": b"x" for at, folder in enumerate(tree)}
    shared = os.path.commonpath([os.path.dirname(path) for path in files])
    below = {path: path[len(shared) + 1 :].split("/") for path in files}
    wanted = {path: parts[0] for path, parts in below.items() if len(parts) > 1}
    try:
        found = classes(packed(tmp_path_factory.mktemp("tree"), files))
    except LabelError:
        assert len(set(wanted.values())) < 2
        return
    assert {path: name for path, name in found.items() if name} == wanted
