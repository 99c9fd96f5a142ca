"""A labels CSV is read as it was meant, or refused with the row and the mend."""

import numpy as np
import pytest

from models.packed.labels_csv import read_labels
from models.packed.problems import LabelError
from tests.models.packed.made import written


def read(tmp_path, content, id_column=None, **declared):
    return read_labels(written(tmp_path / "labels.csv", content), declared=declared, id_column=id_column)


def cells(rows, target="kind"):
    return dict(zip(rows.table.ids, rows.table.columns[target].text, strict=True))


def test_ids_and_names_stay_text(tmp_path):
    rows = read(tmp_path, "ID,kind\n007,NA\n7,None\n1e3,01\n1.50,nan\n12345678901234567890,\n")
    assert cells(rows) == {"007": "NA", "7": "None", "1e3": "01", "1.50": "nan", "12345678901234567890": ""}
    target = rows.table.target("kind")
    assert target.classes == ["01", "NA", "None", "nan"]
    assert target.values == ["NA", "None", "01", "nan", None]
    assert rows.problems.listed == []


def test_quoted_cells_may_hold_line_ends_and_rows_are_counted_as_records(tmp_path):
    content = 'ID,kind\r\na,"two\r\nlines, ""quoted"""\r\n\r\nb,x\r\nc\r\n'
    with pytest.raises(LabelError, match="row 5 of the labels has 1 cells, the header has 2"):
        read(tmp_path, content)
    rows = read(tmp_path, content.removesuffix("c\r\n"))
    assert cells(rows) == {"a": 'two\r\nlines, "quoted"', "b": "x"}
    assert list(rows.rows) == [2, 4]


def test_the_id_column_may_stand_anywhere_and_be_written_in_any_case(tmp_path):
    assert cells(read(tmp_path, "kind, id \nx,a\n")) == {"a": "x"}
    assert cells(read(tmp_path, "Id,kind,ID\nx,y,a\n")) == {"a": "y"}
    with pytest.raises(LabelError, match="'Id', 'id' could all be the IDs"):
        read(tmp_path, "Id,id,kind\na,b,x\n")


def test_the_id_column_may_be_named_by_the_request(tmp_path):
    table = "ID;file Name;kind\n1;a.txt;x\n2;b.txt;y\n"
    assert cells(read(tmp_path, table, id_column="File name")) == {"a.txt": "x", "b.txt": "y"}
    with pytest.raises(LabelError, match=r"no column 'path'.*'ID', 'file Name', 'kind'.*id_column"):
        read(tmp_path, table, id_column="path")


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ("", "no header"),
        ("\n\n", "no header"),
        ("name,kind\na,x\n", "no column 'ID'.*'name', 'kind'"),
        ("ID\na\n", "no target"),
        ("ID,kind\n", "no rows"),
        ("ID,kind,kind\na,x,y\n", "two columns of the labels are called 'kind'"),
        ("ID,kind,\na,x,\n", "column 3 of the labels has no name"),
        (",ID,kind\n0,a,x\n", "index=False"),
        ("ID,ki\0nd\na,x\n", "column 2 of the labels has a control character in its name"),
        ('ID,"ki\nnd"\na,x\n', "column 2 of the labels has a control character in its name"),
        ("ID,kind\na,x\nb,\0\n", "row 3 of the labels has a NUL character"),
        ("ID,kind\n,x\n", "row 2 of the labels has no ID"),
        ("ID,kind\na,x,y\n", "row 2 of the labels has 3 cells"),
        ('ID,kind\na,"x\nb,y\n', "row 2 of the labels is no CSV"),
        (b"ID,kind\na,caf\xe9\n", "not UTF-8.*0xe9"),
        (b"PK\3\4\xff\xfe" + bytes(50), "a spreadsheet"),
        (b"\xff\xfeI\0D\0,", "not UTF-8"),
    ],
)
def test_what_is_no_labels_table_is_refused(content, why, tmp_path):
    with pytest.raises(LabelError, match=why):
        read(tmp_path, content)


def test_all_faults_come_at_once(tmp_path):
    with pytest.raises(LabelError) as refusal:
        read(tmp_path, "ID,kind\na\n,x\nb,y\nc,x,y\n")
    assert [fault.row for fault in refusal.value.faults] == [2, 3, 5]


def test_equal_rows_are_said_and_contradicting_ones_refused_with_their_rows(tmp_path):
    rows = read(tmp_path, "ID,kind,level\na,x,1\nb,y,2\na,x,1\n")
    assert list(rows.table.ids) == ["a", "b"]
    (problem,) = rows.problems.listed
    assert (problem.kind, problem.id, problem.row) == ("duplicate_row", "a", 4)
    with pytest.raises(LabelError, match=r"rows 2 and 4 .* 'a' and contradict each other in 'kind'") as refusal:
        read(tmp_path, "ID,kind,level\na,x,1\nb,y,2\na,z,1\n")
    assert refusal.value.faults[0].row == 4


def test_ids_that_differ_in_the_encoding_of_accents_only_are_one(tmp_path):
    with pytest.raises(LabelError, match="contradict"):
        read(tmp_path, "ID,kind\né,x\ne\u0301,y\n")


def test_nan_and_inf_among_numbers_are_problems_with_rows(tmp_path):
    rows = read(tmp_path, "ID,level\na,1.5\nb,inf\nc,nan\nd,\n")
    assert [(p.kind, p.id, p.row) for p in rows.problems.listed] == [("not_finite", "b", 3), ("not_finite", "c", 4)]
    np.testing.assert_array_equal(rows.table.target("level").values, [1.5, np.nan, np.nan, np.nan])


def test_nan_is_a_name_when_declared_so_or_among_names(tmp_path):
    for content, declared in (("ID,k\na,1.5\nb,nan\n", {"k": "categorical"}), ("ID,k\na,bob\nb,nan\n", {})):
        rows = read(tmp_path, content, **declared)
        assert rows.problems.listed == []
        assert "nan" in rows.table.target("k").classes


def test_a_target_declared_continuous_must_hold_numbers(tmp_path):
    with pytest.raises(LabelError, match="the cell of 'b' in row 3 is 'x'") as refusal:
        read(tmp_path, "ID,k\na,1\nb,x\nc,\nd,y\n", k="continuous")
    assert [fault.row for fault in refusal.value.faults] == [3, 5]
    with pytest.raises(LabelError, match=r"'1,5', which is no finite number; write a decimal point \(1.5 for 1,5\)"):
        read(tmp_path, "ID;k\na;1,5\n", k="continuous")
    assert read(tmp_path, "ID,k\na,1\nc,\n", k="continuous").table.target("k").type == "continuous"


def test_a_declared_target_must_exist_and_be_of_a_known_type(tmp_path):
    with pytest.raises(LabelError, match="'knd' is not in the labels; did you mean 'kind'"):
        read(tmp_path, "ID,kind\na,x\n", knd="categorical")
    with pytest.raises(LabelError, match="is declared 'number'; a target is categorical or continuous"):
        read(tmp_path, "ID,kind\na,x\n", kind="number")


def test_a_target_without_any_value_is_a_problem(tmp_path):
    rows = read(tmp_path, "ID,kind,empty\na,x,\nb,y, \n")
    assert [p.kind for p in rows.problems.listed] == ["empty_target"]
    assert rows.table.target("empty").values == [None, None]


def test_problems_are_listed_up_to_a_limit_and_all_counted(tmp_path):
    rows = read(tmp_path, "ID,level\na,1.5\n" + "".join(f"n{i},nan\n" for i in range(1500)))
    assert len(rows.problems.listed) == 1000
    assert rows.problems.counts == {"not_finite": 1500}
