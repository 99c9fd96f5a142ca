"""Odd tables of labels, each with its answer: taken as it was meant, taken with a problem that is said, or refused."""

import re
from collections.abc import Sequence

import pytest

from models.packed.labels_csv import read_labels
from models.packed.problems import LabelError
from tests.models.packed.made import written

NUMBERS = [f"{i}.5" for i in range(30)]


def column(cells: Sequence[object]) -> str:
    """A table of one target, `y`."""
    return "ID\ty\n" + "".join(f"f{at}\t{cell}\n" for at, cell in enumerate(cells))


def problems_of(tmp_path, content, **declared):
    return read_labels(written(tmp_path / "labels.csv", content), declared=declared).problems.listed


SAID = {
    "NA among numbers": (
        [*NUMBERS, "NA", "NA"],
        "nearly_numbers",
        r"of 32 cells 2 are written otherwise \('NA' in row 32\).*31 classes; write a number, or leave the cell empty",
    ),
    "N/A, dash and question mark": (
        [*NUMBERS, "N/A", "-", "?"],
        "nearly_numbers",
        "'-' in row 33.*leave the cell empty",
    ),
    "a word among numbers": ([*NUMBERS, "tall"], "nearly_numbers", "'tall' in row 32.*declare 'y' categorical"),
    "decimal commas everywhere": (
        [f"{i},5" for i in range(30)],
        "nearly_numbers",
        r"of 30 cells 30 .*write a decimal point \(1.5 for 1,5\)",
    ),
    "few numbers with decimal commas": (
        ["1,5", "2,5"] * 5,
        "nearly_numbers",
        "read as 2 classes; write a decimal point",
    ),
    "a decimal comma among points": ([*NUMBERS, "7,25"], "nearly_numbers", "'7,25' in row 32.*decimal point"),
    "thousands by comma": ([f"{i + 1},234" for i in range(30)], "nearly_numbers", "write 1234 for 1,234 where"),
    "thousands by point": ([f"{i + 1}.234,50" for i in range(30)], "nearly_numbers", "without separators of thousands"),
    "thousands by space": ([f"{i + 1} 234" for i in range(30)], "nearly_numbers", "without separators of thousands"),
    "thousands by underscore": ([f"{i + 1}_000" for i in range(30)], "nearly_numbers", "without separators"),
    "percent": ([f"{i} %" for i in range(30)], "nearly_numbers", "without a percent sign"),
    "units": ([f"{i}.5 kg" for i in range(30)], "nearly_numbers", "without their unit"),
    "money": ([f"${i}.50" for i in range(30)], "nearly_numbers", "without their unit"),
    "temperatures": ([f"{i}.5°C" for i in range(30)], "nearly_numbers", "without their unit"),
    "Unicode minus": (
        [f"\u2212{i}.5" for i in range(30)],
        "nearly_numbers",
        "write negative numbers with a plain minus",
    ),
    "negatives in brackets": ([*NUMBERS, "(3.2)", "($4.10)"], "nearly_numbers", r"'\(3.2\)' in row 32.*a plain minus"),
    "a minus behind the number": ([f"{i}.2-" for i in range(30)], "nearly_numbers", "a plain minus before them"),
    "about": ([f"~{i}.1" for i in range(30)], "nearly_numbers", "without a sign of its precision"),
    "plus or minus": ([f"{i}.1\u00b10.2" for i in range(30)], "nearly_numbers", "without a sign of its precision"),
    "a spreadsheet's mark of text": ([f"'{i}.1" for i in range(30)], "nearly_numbers", "marks by which a spreadsheet"),
    "a spreadsheet's formula of text": (
        [f'="{i}.1"' for i in range(30)],
        "nearly_numbers",
        "marks by which a spreadsheet",
    ),
    "many whole numbers with a Unicode minus": ([f"\u2212{i}" for i in range(30)], "nearly_numbers", "plain minus"),
    "NA among whole numbers": (
        [i % 3 for i in range(30)] + ["NA"],
        "word_for_missing",
        "'NA' stands among numbers in 1 cell .first in row 32. and is a class of its own; leave a cell empty",
    ),
    "unknown among 0 and 1": ([0, 1] * 9 + ["unknown"] * 3, "word_for_missing", "'unknown' .* in 3 cells"),
    "nan among numbers": ([*NUMBERS, "nan"], "not_finite", "'nan' in row 32.*taken as missing"),
    "infinity": ([*NUMBERS, "-inf"], "not_finite", "'-inf' in row 32"),
    "a number beyond every double": ([*NUMBERS, "1e999"], "not_finite", "'1e999' in row 32"),
    "a number that cannot be squared": ([*NUMBERS, "1e200"], "not_finite", "'1e200' in row 32"),
    "an ID as a target": ([f"id-{i}" for i in range(30)], "many_classes", "30 classes in 30 cells, like an ID or free"),
    "free text": ([f"words, number {i}" for i in range(30)], "many_classes", "leave the target out"),
    "clock times": ([f"10:{i:02d}" for i in range(30)], "many_classes", "hardly any class has a second file"),
    "hexadecimal numbers": ([hex(i) for i in range(30)], "many_classes", "30 classes"),
    "dates": ([f"2024-01-{i + 1:02d}" for i in range(30)], "dates", "holds dates .*30 classes.*write numbers instead"),
    "few dates": (["2024-01-01", "2024-02-01"] * 10, "dates", "2 classes"),
    "dates with times": ([f"2024-01-{i + 1:02d}T10:00:00Z" for i in range(30)], "dates", "holds dates"),
    "dates with points": ([f"{i + 1:02d}.01.2024" for i in range(30)], "dates", "holds dates"),
    "dates with slashes": ([f"01/{i + 1:02d}/24" for i in range(30)], "dates", "holds dates"),
    "dates with months in letters": ([f"{i + 1}-Jan-24" for i in range(30)], "dates", "holds dates"),
    "dates with the month first": ([f"Jan {i + 1}, 2024" for i in range(30)], "dates", "holds dates"),
    "dates in many writings": (
        ["2024-01-05", "02/01/24", "2-Jan-24", "Jan 2, 2024", "2 January 2024", "3.1.2024 10:15 AM"] * 4,
        "dates",
        "6 classes",
    ),
    "JSON objects": ([f'"{{""a"": {i}}}"' for i in range(30)], "json", "make a column of each value"),
    "JSON arrays": ([f"[{i % 3}]" for i in range(30)], "json", "read as 3 classes"),
    "booleans in mixed case": (
        ["True", "true", "False"] * 5,
        "twin_classes",
        r"'True' \(5 labels\), 'true' \(5 labels\) differ in case alone.*write them alike",
    ),
    "a space at the end": (
        ["good", "bad", "good", "good "],
        "twin_classes",
        "'good ' .1 label. differ in spaces alone",
    ),
    "a no-break space": (["good", "bad", "good\u00a0"], "twin_classes", r"'good\\xa0' .* differ in spaces alone"),
    "two spaces": (["very good", "bad", "very  good"], "twin_classes", "differ in spaces alone"),
    "an invisible sign": (["good", "bad", "go\u200bod"], "twin_classes", r"'go\\u200bod'.* in invisible signs alone"),
    "accents in two encodings": (
        ["caf\u00e9", "bad", "cafe\u0301"],
        "twin_classes",
        "in the encoding of accents alone",
    ),
    "two kinds of dashes": (["wild-type", "mutant", "wild\u2013type"], "twin_classes", "differ in their dashes alone"),
    "two kinds of minus": (["-1", "0", "1", "\u22121"] * 5, "twin_classes", "differ in their dashes alone"),
    "case and spaces": (["good", "bad", "Good "], "twin_classes", "in case, spaces, dashes or invisible signs alone"),
    "spaces before all names": ([" good", " bad"] * 3, "spaces", "' good' in row 2, ' bad' in row 3. are a part of it"),
    "one class": (["x"] * 20, "one_class", "'y' is 'x' in every row: there is nothing to tell apart, and no run"),
    "one whole number": (["3"] * 20, "one_class", "'3' in every row"),
    "nan in every row": (["nan"] * 20, "one_class", "'nan' in every row"),
    "one number": (["3.0", "3.00"] * 10, "one_value", "'y' is 3 in every row.*every prediction will be this number"),
    "classes that pandas wrote as numbers": (
        ["0.0", "1.0", "", "2.0"] * 8,
        "whole_numbers",
        r"3 whole numbers written with .0 \(0.0, 1.0, 2.0\) in 24 cells.*declare 'y' categorical or write 7 for 7.0",
    ),
    "some classes that pandas wrote as numbers": (["0", "1.0"] * 8, "whole_numbers", "2 whole numbers"),
    "merged cells": (
        [f"group {i // 8}" if i % 8 == 0 else "" for i in range(120)],
        "merged_cells",
        "105 of 120 cells are empty and each filled one begins a block: merged cells. fill them down",
    ),
    "merged numbers": ([f"{i}.5" if i % 5 == 0 else "" for i in range(30)], "merged_cells", "24 of 30 cells are empty"),
    "merged cells of two classes": (
        ["good" if i % 10 == 0 else "bad" if i % 10 == 5 else " " for i in range(30)],
        "merged_cells",
        "24 of 30 cells are empty",
    ),
    "a number for missing values": (
        [*NUMBERS, "-999", "-999.0"],
        "sentinel",
        "is -999 in 2 cells .first in row 32., far from all other numbers.*leave these cells empty",
    ),
    "nines for missing values": ([*NUMBERS, *["99999"] * 5], "sentinel", "is 99999 in 5 cells"),
    "a slip far above": ([*NUMBERS, "1e30"], "outlier", r"is 1e\+30 in row 32, more than 1,000 times the range of all"),
    "a slip far below": (["-1e9", *NUMBERS], "outlier", r"is -1e\+09 in row 2, .*mend this cell or leave it empty"),
    "joined classes": (
        ["good", "bad", "odd", "good|bad", "bad; odd", "good|bad"] * 2,
        "several_classes",
        r"6 cells join other classes \('good\|bad' in row 5, 'bad; odd' in row 6\).*make a column for each",
    ),
    "joined numbers of classes": ([0, 1, 2, 3, "0|3", "1|2|3"] * 3, "several_classes", "6 cells join other classes"),
    "no label": ([""] * 20, "empty_target", "no value in any row"),
    "blank cells": ([" "] * 20, "empty_target", "no value in any row"),
}


@pytest.mark.parametrize("odd", SAID)
def test_what_is_odd_about_a_column_is_said_with_its_mend(odd, tmp_path):
    cells, kind, words = SAID[odd]
    problem, *others = problems_of(tmp_path, column(cells))
    assert (problem.kind, problem.column, others) == (kind, "y", [])
    assert re.search(words, problem.detail), problem.detail


NOTHING_SAID = {
    "classes": ["good", "bad"] * 10,
    "names that look like missing values": ["NA", "None", "good"] * 5,
    "a class with one file": ["good", "bad"] * 10 + ["odd"],
    "thousands of classes of two files": [f"c{i // 2}" for i in range(4000)],
    "years": [2020 + i % 4 for i in range(30)],
    "zeros in front": ["01", "1", "02"] * 10,
    "numbers with a sign": [f"+{i}.5" for i in range(30)],
    "dimensions": ["2D", "3D"] * 10,
    "ordinals": ["1st", "2nd", "3rd"] * 10,
    "missing cells": ["good", "", "bad", " "] * 5,
    "few files of one class": ["x"] * 6,
    "signs of any script": ["😀", "سيئ", "良い", "=1+1"] * 5,
    "classes with a Unicode minus": ["\u22121", "0", "1"] * 10,
    "grades with a minus": ["A", "A-", "B+", "B-"] * 5,
    "scores of stains": ["0", "1+", "2+", "3+"] * 5,
    "numbered brackets": ["(1)", "(2)", "(3)"] * 5,
    "names of months": ["Jan", "May", "March"] * 5,
    "names that begin like a month": ["decoder 1024", "marine 2020", "june bug"] * 5,
    "whole measurements": [f"{i * i}.0" for i in range(30)],
    "few whole measurements": [f"{i}.0" for i in range(15)] + ["3.0"],
    "measurements of which few are whole": ["1.0", "2.0", "2.5"] * 10,
    "few numbers": ["1.0", "2.0"],
    "labels here and there": ["good" if i in (0, 9, 10, 20) else "" for i in range(60)],
    "labels of the first files": ["good", "bad"] + [""] * 60,
    "every other label": ["good", "", "bad", ""] * 10,
    "a label in a short table": ["good", "", "", "bad", "", ""],
    "prices that end in nines": [f"{9000 + i * 37}.5" for i in range(30)] + ["9999", "9999"],
    "numbers over many magnitudes": [f"1e{i}" for i in range(30)],
    "one number and zeros": ["0.0"] * 30 + ["7.5"],
    "one outlier": [*NUMBERS, "-999"],
    "names with bars": ["a|b", "c|d", "a|c"] * 10,
    "a class and two names of it": ["red", "green", "red|green", "red|green", "blue"],
    "numbers and missing cells": [*NUMBERS, "", ""],
}


@pytest.mark.parametrize("plain", NOTHING_SAID)
def test_of_a_plain_column_nothing_is_said(plain, tmp_path):
    assert problems_of(tmp_path, column(NOTHING_SAID[plain])) == []


@pytest.mark.parametrize(
    "odd", ["NA among numbers", "an ID as a target", "dates", "JSON arrays", "NA among whole numbers"]
)
def test_a_declared_kind_is_taken_at_its_word(odd, tmp_path):
    assert problems_of(tmp_path, column(SAID[odd][0]), y="categorical") == []


TAKEN = {
    "a byte order mark": "ID,y\na,x\nb,z\n".encode("utf-8-sig"),
    "UTF-16": "ID,y\na,x\nb,z\n".encode("utf-16"),
    "UTF-16, big end first": b"\xfe\xff" + "ID,y\na,x\nb,z\n".encode("utf-16-be"),
    "semicolons": "ID;y\na;x\nb;z\n",
    "tabs": "ID\ty\na\tx\nb\tz\n",
    "carriage returns": "ID,y\r\na,x\r\nb,z\r\n",
    "carriage returns alone": "ID,y\ra,x\rb,z\r",
    "no line end at the end": "ID,y\na,x\nb,z",
    "quotes around everything": '"ID","y"\n"a","x"\n"b","z"\n',
    "a header of any case": "iD,y\na,x\nb,z\n",
    "spaces around the names of columns": " ID , y \na,x\nb,z\n",
    "the IDs at the end": "y,ID\nx,a\nz,b\n",
    "blank lines": "\n\nID,y\n\na,x\n , \nb,z\n\n",
}


@pytest.mark.parametrize("form", TAKEN)
def test_a_table_may_come_in_any_usual_form(form, tmp_path):
    rows = read_labels(written(tmp_path / "labels.csv", TAKEN[form]))
    assert dict(zip(rows.table.ids, rows.table.target("y").values, strict=True)) == {"a": "x", "b": "z"}
    assert rows.problems.listed == []


REFUSED = {
    "nothing": ("", "no header; its first row must be ID"),
    "only a header": ("ID,y\n", "no rows; add a row for each file"),
    "no column of IDs": ("name,y\na,x\n", "no column 'ID', only 'name', 'y'; name the column of the IDs 'ID', or say"),
    "no header": ("a,x\nb,y\n", "no column 'ID', only 'a', 'x'"),
    "the IDs twice": ("ID,ID,y\na,b,x\n", "two columns of the labels are called 'ID'; rename or remove one"),
    "Id and id": ("Id,id,y\na,b,x\n", "'Id', 'id' could all be the IDs; call one of them 'ID'"),
    "a target twice": ("ID,y,y\na,x,z\n", "two columns of the labels are called 'y'; rename or remove one"),
    "no target": ("ID\na\n", "no target: there must be a column beside the ID"),
    "a column of row numbers": (",ID,y\n0,a,x\n", r"column 1 of the labels has no name.*index=False"),
    "a separator at the end of each row": ("ID,y\na,x,\nb,z,\n", "row 2 of the labels has 3 cells, the header has 2"),
    "a decimal comma between commas": (
        "ID,y\na,1,5\n",
        r"row 2 .* 3 cells.*a cell that holds a separator .* in quotes",
    ),
    "a short row": ("ID,y\na\nb,z\n", "row 2 of the labels has 1 cells"),
    "a row without an ID": ("ID,y\n,x\nb,z\n", "row 2 of the labels has no ID; write the name of its file there"),
    "an open quote": ('ID,y\na,"x\nb,z\n', "row 2 of the labels is no CSV.*check its quotes"),
    "letters behind a quote": ('ID,y\na,"x"y\nb,z\n', "row 2 of the labels is no CSV.*check its quotes"),
    "a NUL": ("ID,y\na,\0\nb,z\n", "row 2 of the labels has a NUL character in it"),
    "contradicting rows": ("ID,y\na,x\na,z\nb,x\n", "rows 2 and 3 .* 'a' and contradict each other in 'y'; keep one"),
    "a label and none for one ID": ("ID,y\na,x\na,\nb,x\n", "contradict each other"),
    "Latin-1": ("ID,y\na,caf\u00e9\n".encode("latin-1"), r"not UTF-8 \(byte 0xe9.*save the table as UTF-8"),
    "UTF-16 without a mark": (
        "ID,y\na,x\n".encode("utf-16-le"),
        "looks like UTF-16 or UTF-32.*save the table as UTF-8",
    ),
    "UTF-32": ("ID,y\na,x\n".encode("utf-32"), "looks like UTF-16 or UTF-32.*save the table as UTF-8"),
    "bars between the cells": ("ID|y\na|x\n", r"only 'ID\|y'; separate the cells by commas, semicolons or tabs"),
    "a note for spreadsheets": ("sep=;\nID;y\na;x\n", "only 'sep=', ''; remove this row"),
    "a comment first": ("# made by me\nID,y\na,x\n", "no column 'ID', only '# made by me'"),
    "JSON": ('[{"ID": "a", "y": "x"}]', "looks like JSON, XML or HTML: save the table as CSV"),
    "HTML": ("<table><tr><td>ID</td></tr></table>", "looks like JSON, XML or HTML"),
    "a spreadsheet": (b"PK\3\4\x14\0\6\0\x08\0", "a spreadsheet .* and no text; save the table as CSV in UTF-8"),
    "an old spreadsheet": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", r"a spreadsheet \(.xls\), and no text"),
    "a compressed table": (b"\x1f\x8b\x08\0", r"compressed \(gzip\), and no text"),
    "Parquet": (b"PAR1\x15\4", "a Parquet file, and no text"),
    "a cell of 200,000 letters": ("ID,y\na," + "x" * 200_000 + "\nb,z\n", "row 2 of the labels is no CSV"),
}


@pytest.mark.parametrize("form", REFUSED)
def test_what_cannot_be_read_is_refused_with_its_place_and_its_mend(form, tmp_path):
    content, words = REFUSED[form]
    with pytest.raises(LabelError, match=words):
        read_labels(written(tmp_path / "labels.csv", content))


def test_of_many_ids_in_rows_that_contradict_each_other_the_number_is_said_first(tmp_path):
    rows = "".join(f"f{i % 10},{i}\n" for i in range(30))
    with pytest.raises(LabelError) as refused:
        read_labels(written(tmp_path / "labels.csv", "ID,y\n" + rows))
    first, *others = refused.value.faults
    assert first.detail.startswith("10 IDs stand in several rows that contradict each other")
    assert [(fault.id, fault.row) for fault in others[:4]] == [("f0", 12), ("f0", 22), ("f1", 13), ("f1", 23)]
    assert len(others) == 20


def test_a_column_of_very_many_texts_is_judged_by_the_first(tmp_path):
    (problem,) = problems_of(tmp_path, column([f"text {i}" for i in range(100_001)]))
    assert "has more than 100000 classes in 100000 cells" in problem.detail


def test_all_that_is_odd_is_said_column_by_column(tmp_path):
    rows = "".join(f"f{i},{i},{'good' if i % 2 else 'Good'},2024-01-{i + 1:02d},3.5\n" for i in range(25))
    found = problems_of(tmp_path, "ID,number,kind,day,flat\n" + rows)
    assert {problem.column: problem.kind for problem in found} == {
        "kind": "twin_classes",
        "day": "dates",
        "flat": "one_value",
    }
