"""Label tables as people have them: encodings, separators, IDs, kinds of columns, contradictions."""

import json

import httpx

from tests.app.api.odd_inputs.case import Case, Place, new_name


def table(text: str | bytes, files: str = "a b c d", **fields: str):
    """Upload this label file beside files of these names (each `name.txt` unless it has a dot)."""
    content = text.encode() if isinstance(text, str) else text
    names = [name if "." in name else f"{name}.txt" for name in files.split()]
    parts = [("labels", ("labels.csv", content))] + [("file", (name, f"file {name}".encode())) for name in names]

    def send(place: Place) -> httpx.Response:
        return place.client.post("/datasets", data={"name": new_name(), **fields}, files=parts)

    return send


ROWS = "ID,y\na,x\nb,z\nc,x\nd,z\n"
NUMBERS = "".join(f"n{i:02d},{i}.5\n" for i in range(30))
NUMBERED = " ".join(f"n{i:02d}" for i in range(30))


def forgotten(place: Place) -> httpx.Response:
    """Upload the labels as one of the files."""
    parts = [("file", ("labels.csv", ROWS.encode())), ("file", ("a.txt", b"file a")), ("file", ("b.txt", b"file b"))]
    return place.client.post("/datasets", data={"name": new_name()}, files=parts)


def cells(*repeated: str) -> str:
    """Thirty cells, these again and again."""
    return "ID\ty\n" + "".join(f"n{i:02d}\t{repeated[i % len(repeated)]}\n" for i in range(30))


def with_one(cell: str) -> str:
    """Thirty numbers, and this in place of the first."""
    return "ID,y\n" + NUMBERS.replace("n00,0.5", f"n00,{cell}", 1)


def thirty(cell: str) -> str:
    """Thirty cells like this one, with numbers from 0 on in place of #."""
    return "ID\ty\n" + "".join(f"n{i:02d}\t{cell.replace('#', str(i))}\n" for i in range(30))


CASES = [
    Case("a comma-separated table", table(ROWS), 201, "y: categorical, 4 labelled"),
    Case("semicolons", table(ROWS.replace(",", ";")), 201, "4 labelled"),
    Case("tabs", table(ROWS.replace(",", "\t")), 201, "4 labelled"),
    Case("UTF-8 with a byte order mark", table(ROWS.encode("utf-8-sig")), 201, "4 labelled"),
    Case("UTF-16 with a byte order mark", table(ROWS.encode("utf-16")), 201, "4 labelled"),
    Case("UTF-16 without one", table(ROWS.encode("utf-16-le")), 422, "UTF-8"),
    Case("Latin-1 letters", table("ID,y\na,grün\nb,rot\n".encode("latin-1")), 422, "UTF-8"),
    Case("lines that end in CRLF", table(ROWS.replace("\n", "\r\n")), 201, "4 labelled"),
    Case("lines that end in CR alone", table(ROWS.replace("\n", "\r")), 201, "4 labelled"),
    Case("a quoted cell over two lines", table('ID,y\na,"one\ntwo"\nb,z\n'), 201, "2 labelled"),
    Case("a quote that never closes", table('ID,y\na,"one\nb,z\n'), 422, "quote"),
    Case("the ID column in lower case", table(ROWS.replace("ID", "id")), 201, "4 labelled"),
    Case("spaces around the header", table(ROWS.replace("ID,y", " ID , y ")), 201, "4 labelled"),
    Case("no ID column", table(ROWS.replace("ID", "file")), 422, "ID"),
    Case("an ID column of another name, named", table(ROWS.replace("ID", "file"), id_column="file"), 201, "4 labelled"),
    Case("an ID column named that is not there", table(ROWS, id_column="nosuch"), 422, "nosuch"),
    Case("two ID columns", table("ID,ID,y\na,a,x\nb,b,z\n"), 422, "ID"),
    Case("two columns of one name", table("ID,y,y\na,x,x\nb,z,z\n"), 422, "y"),
    Case("a column without a name", table("ID,,y\na,1,x\nb,2,z\n"), 422, "name"),
    Case("only IDs, no target", table("ID\na\nb\n"), 422, "column"),
    Case("a header and no row", table("ID,y\n"), 422, "row"),
    Case("an empty label file", table(""), 422, "no header"),
    Case("no header: the first row is data", table("a,x\nb,z\n"), 422, "ID"),
    Case("a row with a cell too few", table("ID,y,z\na,x,1\nb,z\n"), 422, "row 3"),
    Case("a row with a cell too many", table("ID,y\na,x\nb,z,1\n"), 422, "row 3"),
    Case("empty lines between the rows", table("ID,y\na,x\n\n\nb,z\n"), 201, "2 labelled"),
    Case("IDs 7 and 007", table("ID,y\n007,x\n7,z\n", "007 7"), 201, "2 labelled"),
    Case("IDs with the files' extension", table("ID,y\na.txt,x\nb.txt,z\n", "a b"), 201, "2 labelled"),
    Case("an ID with a space before it", table("ID,y\n a,x\nb,z\n", "a b"), 201, "' a'"),
    Case("a missing cell", table("ID,y\na,x\nb,\nc,z\nd,z\n"), 201, "3 labelled, 1 missing"),
    Case("a column without any label", table("ID,y,z\na,x,\nb,w,\n", "a b"), 201, "0 labelled, 2 missing"),
    Case("the same row twice", table(ROWS + "a,x\n"), 201, "duplicate"),
    Case("two rows that contradict each other", table(ROWS + "a,z\n"), 422, "row"),
    Case("a label without a file", table(ROWS + "e,x\n"), 201, "e"),
    Case("a file without a label", table(ROWS, "a b c d e"), 201, "e"),
    Case("no label fits any file", table(ROWS, "p q"), 422, "file"),
    Case("numbers with a point", table("ID,y\n" + NUMBERS, NUMBERED), 201, "y: continuous, 30 labelled"),
    Case("numbers, and one NA among them", table(with_one("NA"), NUMBERED), 201, "NA"),
    Case("numbers, and one decimal comma", table(with_one('"0,5"'), NUMBERED), 201, "0,5"),
    Case("numbers, and one with a unit", table(with_one("0.5 kg"), NUMBERED), 201, "0.5 kg"),
    Case("numbers, and one infinity", table(with_one("inf"), NUMBERED), 201, "row 2"),
    Case("numbers, and one NaN", table(with_one("nan"), NUMBERED), 201, "row 2"),
    Case(
        "one infinity in a column declared categorical",
        table(with_one("inf"), NUMBERED, types=json.dumps({"y": "categorical"})),
        201,
        "y: categorical",
    ),
    Case(
        "words in a column declared continuous",
        table(ROWS, types=json.dumps({"y": "continuous"})),
        422,
        "number",
    ),
    Case("a type that does not exist", table(ROWS, types='{"y": "ordinal"}'), 422, "categorical"),
    Case("a type for a column that is not there", table(ROWS, types='{"q": "categorical"}'), 422, "q"),
    Case("whole numbers of few values", table(ROWS.replace("x", "1").replace("z", "2")), 201, "y: categorical"),
    Case("one class only", table(ROWS.replace("z", "x")), 201, "1 classes"),
    Case("one number everywhere", table("ID,y\na,3.0\nb,3.0\nc,3.0\nd,3.0\n"), 201, "y: continuous"),
    Case("as many classes as files", table("ID,y\n" + NUMBERS.replace(".5", "w"), NUMBERED), 201, "30 classes"),
    Case("dates", table("ID,y\na,2026-01-01\nb,2026-01-02\nc,2026-01-03\nd,2026-01-04\n"), 201, "date"),
    Case("JSON in the cells", table('ID,y\na,"{""k"": 1}"\nb,"{""k"": 2}"\nc,"[1]"\nd,"[2]"\n'), 201, "JSON"),
    Case("classes that differ in case only", table("ID,y\na,Good\nb,good\nc,bad\nd,bad\n"), 201, "case"),
    Case("True and true", table("ID,y\na,True\nb,true\nc,False\nd,false\n"), 201, "case"),
    Case("classes with a space behind them", table("ID,y\na,good\nb,good \nc,bad\nd,bad\n"), 201, "space"),
    Case("classes of emoji and of 中文", table("ID,y\na,😀\nb,中文\nc,😀\nd,中文\n"), 201, "2 classes"),
    Case("a NUL in a cell", table(b"ID,y\na,x\x00\nb,z\n"), 422, "NUL"),
    Case("a bell character in a class", table("ID,y\na,x\x07\nb,z\n"), 201, "2 labelled"),
    Case("a spreadsheet's formula in a cell", table("ID,y\na,=1+1\nb,z\n"), 201, "2 labelled"),
    Case("a cell of 200,000 letters", table(f"ID,y\na,{'x' * 200_000}\nb,z\n"), 422, "long"),
    Case("an .xlsx instead of a CSV", table(b"PK\x03\x04\x14\x00\x06\x00" + bytes(200)), 422, "CSV"),
    Case("a gzipped CSV", table(b"\x1f\x8b\x08\x00" + bytes(60)), 422, "CSV"),
    Case("JSON instead of a CSV", table('[{"ID": "a", "y": "x"}]'), 422, "ID"),
    Case("numbers with decimal commas", table(thirty("#,5"), NUMBERED), 201, "nearly_numbers"),
    Case("numbers with separators of thousands", table(thirty("1#.234,50"), NUMBERED), 201, "nearly_numbers"),
    Case("commas that may be either", table(thirty("1#,234"), NUMBERED), 201, "nearly_numbers"),
    Case("percentages", table(thirty("# %"), NUMBERED), 201, "nearly_numbers"),
    Case("money", table(thirty("$#.50"), NUMBERED), 201, "nearly_numbers"),
    Case("numbers, and one dash among them", table(with_one("-"), NUMBERED), 201, "nearly_numbers"),
    Case("numbers, and one that no square root survives", table(with_one("1e200"), NUMBERED), 201, "not_finite"),
    Case("NA among 0 and 1", table("ID,y\na,0\nb,1\nc,NA\nd,1\n"), 201, "word_for_missing"),
    Case("NA and None among names", table("ID,y\na,NA\nb,None\nc,good\nd,NA\n"), 201, "3 classes"),
    Case("an ID as a target", table(thirty("id-#"), NUMBERED), 201, "many_classes"),
    Case("free text", table(thirty("a review, the #th"), NUMBERED), 201, "many_classes"),
    Case("clock times", table(thirty("12:#"), NUMBERED), 201, "many_classes"),
    Case("days with points", table("ID,y\na,1.1.2026\nb,2.1.2026\nc,1.1.2026\nd,3.1.26\n"), 201, "dates"),
    Case("one class in thirty files", table(thirty("x"), NUMBERED), 201, "one_class"),
    Case("nan in every cell", table(thirty("nan"), NUMBERED), 201, "one_class"),
    Case("a column of blank cells", table(thirty(" "), NUMBERED), 201, "empty_target"),
    Case("spaces before all names", table("ID, y\na, x\nb, z\nc, x\nd, z\n"), 201, "spaces"),
    Case("a no-break space behind a name", table("ID,y\na,x\nb,x\u00a0\nc,z\nd,z\n"), 201, "twin_classes"),
    Case("an invisible sign in a name", table("ID,y\na,ab\nb,a\u200bb\nc,z\nd,z\n"), 201, "twin_classes"),
    Case("accents in two encodings", table("ID,y\na,\u00e9\nb,e\u0301\nc,z\nd,z\n"), 201, "twin_classes"),
    Case("a label and none for one ID", table(ROWS + "a,\n"), 422, "contradict"),
    Case("bars between the cells", table(ROWS.replace(",", "|")), 422, "commas, semicolons or tabs"),
    Case("a note for spreadsheets first", table("sep=;\n" + ROWS.replace(",", ";")), 422, "remove this row"),
    Case("a comment first", table("# made by hand\n" + ROWS), 422, "ID"),
    Case("a separator at the end of each row", table("ID,y\na,x,\nb,z,\n"), 422, "separators"),
    Case("letters behind a quote", table('ID,y\na,"x"y\nb,z\n'), 422, "quotes"),
    Case("UTF-32", table(ROWS.encode("utf-32")), 422, "UTF-8"),
    Case("HTML instead of a CSV", table("<table><tr><td>ID</td></tr></table>"), 422, "CSV"),
    Case("an .xls instead of a CSV", table(b"\xd0\xcf\x11\xe0" + bytes(60)), 422, "CSV"),
    Case("numbers with the minus of typesetters", table(thirty("\u2212#.5"), NUMBERED), 201, "nearly_numbers"),
    Case("negative numbers in brackets", table(thirty("(#.5)"), NUMBERED), 201, "nearly_numbers"),
    Case("numbers with their error", table(thirty("#.5±0.2"), NUMBERED), 201, "nearly_numbers"),
    Case("numbers kept as text by a spreadsheet", table(thirty("'#.5"), NUMBERED), 201, "nearly_numbers"),
    Case("days in several writings", table(cells("2-Jan-24", "Jan 2, 2024", "02/01/24"), NUMBERED), 201, "dates"),
    Case("classes that pandas wrote as 7.0", table(cells("0.0", "1.0", "2.0"), NUMBERED), 201, "whole_numbers"),
    Case("merged cells", table(cells("good", "", "", "bad", "", ""), NUMBERED), 201, "merged_cells"),
    Case("-999 for missing numbers", table(cells("0.5", "1.5", "2.5", "-999", "3.5"), NUMBERED), 201, "sentinel"),
    Case("several classes in one cell", table(cells("a", "b", "a;b"), NUMBERED), 201, "several_classes"),
    Case("many IDs in rows that contradict", table(ROWS + ROWS.replace("x", "w")[5:]), 422, "2 IDs stand in several"),
    Case("IDs that are addresses", table("ID,y\nhttps://h/a.txt?v=3,x\nhttps://h/b.txt?v=3,z\n"), 422, "a query"),
    Case("the labels among the files", forgotten, 201, "labels_inside"),
    Case("folder_labels without a name", table(ROWS, folder_labels=""), 422, "name the target"),
    Case("Parquet instead of a CSV", table(b"PAR1" + bytes(60)), 422, "CSV"),
]
