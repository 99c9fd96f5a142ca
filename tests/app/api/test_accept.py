"""The Accept header chooses the form of an answer."""

import pytest

from app.api.accept import preferred

FORMS = ("application/json", "text/csv", "text/event-stream")


@pytest.mark.parametrize(
    ("accept", "form"),
    [
        (None, "application/json"),
        ("*/*", "application/json"),
        ("text/csv", "text/csv"),
        ("text/event-stream", "text/event-stream"),
        ("text/csv;q=0.1, application/json", "application/json"),
        ("text/html, text/csv;q=0.9, */*;q=0.1", "text/csv"),
        ("text/*", "text/csv"),
        ("TEXT/CSV; charset=utf-8", "text/csv"),
        ("image/png", "application/json"),
        ("text/csv;q=nonsense", "application/json"),
    ],
)
def test_the_best_wish_that_can_be_met_wins(accept, form):
    assert preferred(accept, FORMS) == form
