"""Entity tags follow the state, and If-None-Match is compared weakly."""

import pytest
from starlette.requests import Request

from app.api.conditional import not_modified, weak_tag


def asked(value: str | None) -> Request:
    headers = [] if value is None else [(b"if-none-match", value.encode())]
    return Request({"type": "http", "headers": headers})


def test_equal_state_equal_tag():
    assert weak_tag("run", 3, "running") == weak_tag("run", 3, "running")
    assert weak_tag("run", 3, "running") != weak_tag("run", 4, "running")


@pytest.mark.parametrize("value", ['W/"a"', '"a"', '"x", W/"a"', "*"])
def test_a_tag_the_client_has_is_304(value):
    answer = not_modified(asked(value), 'W/"a"')
    assert answer is not None
    assert (answer.status_code, answer.headers["etag"]) == (304, 'W/"a"')


@pytest.mark.parametrize("value", [None, "", '"b"', 'W/"b", "c"', "a"])
def test_any_other_is_answered(value):
    assert not_modified(asked(value), 'W/"a"') is None
