"""Files and functions stay short enough to be read at one sitting."""

from tests.house.source import ROOT, sources

FILE_LINES = 400
FUNCTION_LINES = 60


def _over_the_limits() -> set[str]:
    over = set()
    for source in sources():
        if (lines := source.text.count("\n")) > FILE_LINES:
            over.add(f"{source.path} {lines}")
        for function in source.functions():
            lines = (function.end_lineno or 0) - function.lineno + 1
            if lines > FUNCTION_LINES:
                over.add(f"{source.path}:{function.name} {lines}")
    return over


def test_no_file_over_400_lines_and_no_function_over_60_but_the_listed():
    allowed = (ROOT / "tests/house/exceptions.txt").read_text().splitlines()
    assert _over_the_limits() == {line for line in allowed if line and not line.startswith("#")}


def test_nine_functions_in_ten_are_at_most_40_lines():
    lengths = sorted((f.end_lineno or 0) - f.lineno + 1 for source in sources() for f in source.functions())
    assert lengths[int(len(lengths) * 0.9)] <= 40
