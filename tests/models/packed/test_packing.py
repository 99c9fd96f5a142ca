"""Labels and files together: who belongs to whom, what is said, what is refused, what it costs in memory."""

import tracemalloc
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.packed import ArchiveError, LabelError, Limits, PackedDataset, pack
from tests.models.packed.made import KINDS, archive_at, labels_for, tar_bytes, written, zip_bytes

REAL = {"d/a.txt": b"first", "d/b.txt": b"second"}


def packed(tmp_path, labels, files, kind="tar", **more):
    """Pack into a new folder each time."""
    to = tmp_path / f"pack-{len(list(tmp_path.iterdir()))}"
    archive = archive_at(tmp_path, kind, files)
    return pack(to, labels=written(tmp_path / "labels.csv", labels), archive=archive, **more)


def contents(dataset: PackedDataset) -> dict[str, bytes]:
    return {file_id: dataset.read(i).tobytes() for i, file_id in enumerate(dataset.ids)}


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_archive_becomes_the_same_pack(kind, tmp_path):
    done = packed(tmp_path, labels_for("ab"), REAL, kind)
    again = packed(tmp_path, labels_for("ba"[::-1]), reversed(REAL.items()), "tar")
    assert contents(done.dataset) == {"a": b"first", "b": b"second"}
    assert (done.problems, done.ignored, done.problem_counts) == ([], [], {})
    assert done.dataset.digest == again.dataset.digest
    assert list(done.dataset.names) == ["d/a.txt", "d/b.txt"]


def test_a_folder_and_a_list_of_files_become_the_same_pack_too(tmp_path):
    whole = packed(tmp_path, labels_for("ab"), REAL).dataset
    (tmp_path / "tree" / "d").mkdir(parents=True)
    for name, data in REAL.items():
        written(tmp_path / "tree" / name, data)
    labels = written(tmp_path / "tree" / "labels.csv", labels_for("ab"))
    tree = pack(tmp_path / "t", labels=labels, files=tmp_path / "tree")
    listed = pack(tmp_path / "l", labels=labels, files=[(n, tmp_path / "tree" / n) for n in REAL])
    assert whole.digest == tree.dataset.digest == listed.dataset.digest
    assert (tree.ignored, tree.problems) == (["labels.csv"], [])


def test_number_like_ids_are_matched_letter_for_letter(tmp_path):
    ids = ["007", "7", "0010", "1e3", "1.50", "12345678901234567890"]
    labels = "ID,kind\n" + "".join(f"{i},{'' if i == '7' else 'x'}\n" for i in ids)
    done = packed(tmp_path, labels, {f"{i}.txt": i.encode() for i in ids})
    assert contents(done.dataset) == {i: i.encode() for i in ids}
    assert done.problems == []
    assert done.dataset.summary().targets["kind"].missing == 1


DOTTED = [
    "s17_Porto_2019.03.05_08.15.txt",
    "s17_Porto_2019.03.06_21.40.txt",
    "v1.0.bin",
    "v1.1.bin",
    "x.tar.gz",
    "README",
]


@pytest.mark.parametrize("full", [True, False], ids=["full names", "stems"])
def test_dots_within_names_do_not_confuse(full, tmp_path):
    ids = DOTTED if full else [n.rpartition(".")[0] or n for n in DOTTED]
    done = packed(tmp_path, labels_for(ids), {f"d/{n}": n.encode() for n in DOTTED})
    assert contents(done.dataset) == {i: n.encode() for i, n in zip(ids, DOTTED, strict=True)}
    assert done.problems == []


def test_an_id_that_names_two_files_is_refused_and_not_guessed(tmp_path):
    for files in (
        {"v1.0.bin": b"1", "v1.0": b"2"},
        {"v1.0": b"2", "v1.0.bin": b"1"},
        {"p/v1.0.a": b"1", "q/v1.0.b": b""},
    ):
        with pytest.raises(LabelError, match=r"two files, .*v1.0.* row 2 .*'v1.0'.*use full names or relative paths"):
            packed(tmp_path, labels_for(["v1.0"]), files)
    with pytest.raises(LabelError, match=r"'a\.txt' comes twice"):
        packed(tmp_path, labels_for("a"), [("a.txt", b"1"), ("./a.txt", b"1")])


def test_full_names_and_relative_paths_as_ids_tell_twins_apart(tmp_path):
    done = packed(tmp_path, labels_for(["v1.0", "v1.0.bin"]), {"v1.0": b"1", "v1.0.bin": b"2"})
    assert contents(done.dataset) == {"v1.0": b"1", "v1.0.bin": b"2"}
    done = packed(tmp_path, labels_for(["cat/1", "dog/1.png"]), {"top/cat/1.png": b"1", "top/dog/1.png": b"2"})
    assert contents(done.dataset) == {"cat/1": b"1", "dog/1.png": b"2"}


def test_names_with_composed_and_decomposed_accents_meet(tmp_path):
    done = packed(tmp_path, labels_for(["café", "e\u0301t"]), {"cafe\u0301.txt": b"1", "ét.txt": b"2"})
    assert contents(done.dataset) == {"café": b"1", "e\u0301t": b"2"}
    assert done.problems == []


def test_a_macs_junk_is_ignored_and_said_and_a_labelled_dot_file_is_kept(tmp_path):
    junk = ["__MACOSX/d/._a.txt", "d/.DS_Store", "Thumbs.db", "d/desktop.ini", "._a.txt"]
    files = REAL | dict.fromkeys(junk, b"junk") | {".env": b"kept"}
    for kind in ("zip", "tar"):
        done = packed(tmp_path, labels_for(["a", "b", ".env"]), files, kind)
        assert done.ignored == junk
        assert done.ignored_count == 5
        assert done.problems == []
        assert contents(done.dataset) == {".env": b"kept", "a": b"first", "b": b"second"}


def test_what_does_not_meet_is_said_with_id_and_row(tmp_path):
    done = packed(tmp_path, labels_for(["a", "gone", "hollow", "b"]), REAL | {"x/lone.txt": b"1", "hollow": b""})
    assert [(p.kind, p.id, p.row) for p in done.problems] == [
        ("file_without_label", "lone", None),
        ("empty_file", "hollow", 4),
        ("label_without_file", "gone", 3),
    ]
    assert all(p.detail for p in done.problems)
    assert list(done.dataset.ids) == ["a", "b"]


def test_long_lists_of_problems_and_junk_are_cut_and_counted(tmp_path):
    files = REAL | {f"u{i}": b"1" for i in range(1100)} | {f"._{i}": b"1" for i in range(1200)}
    done = packed(tmp_path, labels_for(["a", "b", *(f"missing{i}" for i in range(1300))]), files)
    assert Counter(p.kind for p in done.problems) == {"file_without_label": 1000, "label_without_file": 1000}
    assert done.problem_counts == {"file_without_label": 1100, "label_without_file": 1300}
    assert (len(done.ignored), done.ignored_count) == (1000, 1200)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("labels", "files", "error", "why"),
    [
        ("a", {}, ArchiveError, "no files in it"),
        ("a", {".DS_Store": b"1"}, ArchiveError, "always ignored .*DS_Store"),
        ("a", {"a": b""}, ArchiveError, "all files with labels are empty"),
        ("ab", {"x.txt": b"1"}, LabelError, "IDs are 'a', 'b', the files 'x.txt'"),
    ],
)
def test_nothing_to_pack_is_refused_and_leaves_nothing(kind, labels, files, error, why, tmp_path):
    with pytest.raises(error, match=why):
        packed(tmp_path, labels_for(labels), files, kind)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["labels.csv", "upload"]


def test_a_type_is_told_from_all_rows_and_overruled_by_a_declaration(tmp_path):
    labels = "ID,n\n" + "".join(f"{i},{i}\n" for i in range(30))
    files = {f"{i}": b"x" for i in range(5)}
    assert packed(tmp_path, labels, files).dataset.summary().targets["n"].type == "continuous"
    declared = packed(tmp_path, labels, files, declared={"n": "categorical"}).dataset
    assert declared.summary().targets["n"].classes == {str(i): 1 for i in range(5)}


def test_limits_are_kept(tmp_path):
    with pytest.raises(ArchiveError, match="more than 1 entries"):
        packed(tmp_path, labels_for("ab"), REAL, limits=Limits(files=1))


def test_files_come_from_one_source_and_not_from_around_the_pack(tmp_path):
    labels = written(tmp_path / "labels.csv", labels_for("a"))
    with pytest.raises(ArchiveError, match="either as an archive or as single files"):
        pack(tmp_path / "pack", labels=labels)
    with pytest.raises(ArchiveError, match="cannot be written into"):
        pack(tmp_path / "pack", labels=labels, files=tmp_path)


@settings(max_examples=25, deadline=None)
@given(
    ids=st.sets(st.text("abc.é1", min_size=1, max_size=4).filter(lambda i: i.strip(".")), min_size=1, max_size=10),
    kind=st.sampled_from(KINDS),
    data=st.data(),
)
def test_every_file_goes_to_exactly_its_row(tmp_path_factory, ids, kind, data):
    """With full names as IDs, whatever dots and order: one to one, with its own label and bytes."""
    folder = tmp_path_factory.mktemp("pairs")
    order = data.draw(st.permutations(sorted(ids)))
    labels = "ID,kind\n" + "".join(f"{i},label of {i}\n" for i in sorted(ids))
    done = packed(folder, labels, {f"d/{i}": i.encode() for i in order}, kind)
    assert contents(done.dataset) == {i: i.encode() for i in ids}
    assert done.dataset.labels.target("kind").values == [f"label of {i}" for i in sorted(ids)]
    assert done.problems == []


@pytest.mark.parametrize("kind", ["tar", "zip"])
def test_memory_is_flat_in_the_size_of_a_file(kind, tmp_path):
    """A file of 48 MiB of noise passes through in pieces."""
    noise = np.random.default_rng(0).bytes(48 << 20)
    make = {"tar": tar_bytes, "zip": zip_bytes}[kind]
    archive = written(tmp_path / "a", make({"a.bin": noise}))
    labels = written(tmp_path / "labels.csv", labels_for("a"))
    tracemalloc.start()
    try:
        dataset = pack(tmp_path / "pack", labels=labels, archive=archive).dataset
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 8 << 20
    assert dataset.lengths.tolist() == [len(noise)]


def test_memory_per_file_is_small(tmp_path):
    """Labels, ids, digests and index of 5,000 files, at the peak of packing: some hundreds of bytes each."""
    ids = [f"{i:07d}" for i in range(5_000)]
    archive = archive_at(tmp_path, "tar", ((f"d/{i}.txt", b"x") for i in ids))
    labels = written(tmp_path / "labels.csv", labels_for(ids))
    tracemalloc.start()
    try:
        pack(tmp_path / "pack", labels=labels, archive=archive)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < (4 << 20) + 400 * len(ids)
