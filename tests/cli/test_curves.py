"""Curves in the terminal show where values are."""

from app.cli.curves import Line, draw


def rows(text):
    return [row[12:] for row in text.plain.split("\n")[1:-2]]


def test_a_rising_line_goes_from_the_lower_left_to_the_upper_right():
    found = rows(draw("acc", [Line("valid", [0, 100], [0.0, 1.0])], braille=False, width=20, height=5))
    assert found[0].endswith("v")
    assert found[-1].startswith("v")
    assert all("v" in row for row in found)


def test_a_constant_and_a_single_point_are_drawn_too():
    level = rows(draw("loss", [Line("train", [1, 2], [3.0, 3.0])], braille=False, width=20, height=5))
    assert [row.strip() for row in level] == ["", "", "t" * 20, "", ""]
    dot = rows(draw("loss", [Line("train", [1], [3.0])], braille=False, width=20, height=5))
    assert "".join(dot).strip() == "t"


def test_without_points_there_is_nothing_to_draw():
    assert draw("loss", [Line("train", [], [])], braille=True).plain == ""


def test_the_range_of_both_axes_is_written_beside_them():
    plain = draw("loss", [Line("train", [0, 1500], [0.25, 2.0])], braille=True).plain
    for words in ("loss", "0.25", "2", "1,500 steps", "train"):
        assert words in plain
