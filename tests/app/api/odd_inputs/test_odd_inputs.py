"""Every odd input is answered as its case says, and as docs/odd_inputs.md tells the world."""

import pytest

from tests.app.api.odd_inputs.case import Case, answered
from tests.app.api.odd_inputs.every import PAGE, SECTIONS, furnish, row


@pytest.fixture(scope="module")
def place(client, parts):
    return furnish(client, parts)


@pytest.fixture(scope="module")
def told() -> set[str]:
    return set(PAGE.read_text().splitlines())


@pytest.mark.parametrize(
    "case",
    [pytest.param(case, id=f"{title}: {case.title}") for title, cases in SECTIONS.items() for case in cases],
)
def test_an_odd_input_is_answered_as_the_page_tells(place, told, case: Case):
    response = case.send(place)
    line = row(case, response)
    assert response.status_code == case.status, line
    assert case.says in answered(response), line
    assert line in told, f"renew the page (python -m tests.app.api.odd_inputs): {line}"


def test_no_line_of_the_page_is_without_its_test(told):
    lines = [line for line in told if line.startswith("| ") and not line.startswith("| input ")]
    assert len(lines) == sum(map(len, SECTIONS.values()))
