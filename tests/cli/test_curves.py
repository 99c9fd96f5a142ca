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


def test_the_middle_of_both_axes_is_written_beside_it():
    found = draw("loss", [Line("train", [0, 100], [0.0, 4.7])], braille=False, width=21, height=12).plain.split("\n")
    assert found[7].startswith("      2.15 |"), "row 7 of 12: its middle is 25.5 of 47 dots below the top"
    assert found[13].split() == ["0", "50", "100", "steps"]


def test_the_best_point_is_marked_and_named():
    line = Line("valid", [0, 50, 100], [0.0, 1.0, 0.5], best=50)
    found = draw("acc", [line], braille=False, width=21, height=5)
    assert (rows(found)[0].count("*"), rows(found)[0].index("*")) == (1, 10)
    assert "* best 1 at step 50" in found.plain
    two = draw("acc", [line, Line("other", [0, 50], [0.0, 1.0], best=50)], braille=False)
    assert two.plain.endswith("* best"), "of several each would need a name"
    assert "best" not in draw("acc", [Line("valid", [0, 50], [0.0, 1.0], best=7)], braille=False).plain


def test_a_logarithmic_axis_spaces_powers_of_ten_evenly_and_is_said():
    line = Line("loss", [0, 1, 2], [100.0, 10.0, 1.0])
    found = draw("loss", [line], braille=False, width=21, height=5, log=True)
    assert [rows(found)[row][column] for row, column in ((0, 0), (2, 10), (4, 20))] == ["l"] * 3
    straight = draw("loss", [line], braille=False, width=21, height=5)
    assert rows(straight)[4][10] == "l", "on a plain axis 10 is close to 1"
    assert "loss (logarithmic)" in found.plain
    assert "100 |" in found.plain


def test_lines_whose_first_letters_are_equal_have_numbers():
    lines = [Line("sides a", [0, 1], [0.0, 0.0]), Line("sides b", [0, 1], [1.0, 1.0])]
    found = draw("acc", lines, braille=False, width=4, height=3)
    assert (rows(found)[0], rows(found)[-1]) == ("2222", "1111")
    assert "1 sides a  2 sides b" in found.plain
