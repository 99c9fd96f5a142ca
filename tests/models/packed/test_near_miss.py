"""IDs that nearly name the files: the answer says what stands between them."""

import pytest

from models.packed import LabelError, pack
from models.packed.near_miss import near_miss
from tests.models.packed.made import archive_at, written


@pytest.mark.parametrize(
    ("ids", "paths", "said"),
    [
        (["MOL_1", "MOL_2"], ["mol_1.smi", "mol_2.smi"], "case"),
        ([r"C:\data\a.bin", r"C:\data\b.bin"], ["a.bin", "x/b.bin"], "folders"),
        (["one/a", "one/b"], ["two/a.txt", "two/b.txt"], "folders"),
        ([" a", "b "], ["a.txt", "b.txt"], "spaces"),
        (["7", "10"], ["007.txt", "010.txt"], "numbers"),
        (["7.0", "10.0"], ["7.txt", "10.txt"], "numbers"),
        (["a.txt", "b.txt"], ["a.bin", "b.bin"], "another extension"),
        (["a", "b"], ["a.bin.gz", "b.bin.gz"], "two extensions"),
        (["https://h/p/a.bin?v=3", "https://h/p/b.bin?v=4"], ["a.bin", "b.bin"], "addresses with a query"),
        (["https://h/a%20b.bin?v=3", "https://h/c.bin#top"], ["a b.bin", "c.bin"], "addresses with a query"),
        (["a%20b", "c%20d"], ["a b.bin", "c d.bin"], "percent-encoded"),
        (["a b", "c d"], ["a%20b.bin", "c%20d.bin"], "percent-encoded"),
        (["a&amp;b", "c&amp;d"], ["a&b.bin", "c&d.bin"], "written for HTML"),
        (["a", "b.bin"], ["a (1).bin", "b(2).bin"], "second download"),
        (["a (1)", "b (1)"], ["a.bin", "b.bin"], "second download"),
        (["a b", "c d"], ["a_b.bin", "c_d.bin"], "underscores"),
        (["a\u2013b", "c\u2013d"], ["a-b.bin", "c-d.bin"], "dashes differ"),
    ],
)
def test_the_habit_of_a_program_is_recognised_with_an_example(ids, paths, said):
    words = near_miss(ids, paths)
    assert words is not None
    assert said in words
    assert repr(ids[0]) in words
    assert repr(paths[0]) in words


@pytest.mark.parametrize(
    ("ids", "paths"),
    [(["a", "b"], ["c.txt", "d.txt"]), ([], ["a.txt"]), (["a"], []), (["A", "b", "c"], ["a.txt", "d.txt", "e.txt"])],
)
def test_what_no_habit_explains_is_not_explained(ids, paths):
    assert near_miss(ids, paths) is None


def refused(tmp_path, labels: str, files: dict[str, bytes]) -> str:
    with pytest.raises(LabelError) as caught:
        pack(tmp_path / "p", labels=written(tmp_path / "l.csv", labels), archive=archive_at(tmp_path, "tar", files))
    return str(caught.value)


def test_when_no_file_has_a_label_the_refusal_says_what_stands_between_them(tmp_path):
    said = refused(tmp_path, "ID,y\nA,1\nB,2\n", {"a.txt": b"1", "b.txt": b"2"})
    assert "case" in said


def test_when_a_part_fits_the_rest_is_explained_as_a_problem(tmp_path):
    labels = written(tmp_path / "l.csv", "ID,y\na,x\nB,z\n7,x\n")
    files = archive_at(tmp_path, "tar", {"a.txt": b"1", "b.txt": b"2", "007.txt": b"3", "c.txt": b"4"})
    done = pack(tmp_path / "p", labels=labels, archive=files)
    assert done.problem_counts == {"file_without_label": 3, "label_without_file": 2, "nearly_named": 1}
    [nearly] = [problem for problem in done.problems if problem.kind == "nearly_named"]
    assert "'B' seems to be 'b.txt'" in nearly.detail


def test_of_many_files_all_are_counted_in_the_refusal(tmp_path):
    said = refused(tmp_path, "ID,y\nx,1\n", {f"{i}.txt": b"1" for i in range(1500)})
    assert "and 1497 more" in said
