"""Traces of the W3C: a valid one is gone on with, any other begins anew; the context says where a line comes from."""

import threading
from contextvars import copy_context

import pytest

from app.tracing import Origin, about, current, line_fields

TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"


@pytest.mark.parametrize(
    ("given", "flags"),
    [
        (f"00-{TRACE}-{SPAN}-01", "01"),
        (f"00-{TRACE}-{SPAN}-00", "00"),
        (f"00-{TRACE}-{SPAN}-ff", "01"),
        (f"cc-{TRACE}-{SPAN}-01-of-a-later-version", "01"),
    ],
)
def test_a_valid_traceparent_is_gone_on_with_as_a_span_below_it(given, flags):
    origin = Origin.of(given, "r1")
    assert (origin.trace_id, origin.flags, origin.request_id) == (TRACE, flags, "r1")
    assert origin.span_id != SPAN
    assert origin.traceparent == f"00-{TRACE}-{origin.span_id}-{flags}"
    assert Origin.of(origin.traceparent).trace_id == TRACE


@pytest.mark.parametrize(
    "given",
    [
        None,
        "",
        "nonsense",
        f"00-{TRACE.upper()}-{SPAN}-01",
        f"00-{'0' * 32}-{SPAN}-01",
        f"00-{TRACE}-{'0' * 16}-01",
        f"00-{TRACE}-{SPAN}-01-more",
        f"ff-{TRACE}-{SPAN}-01",
        f"00-{TRACE}-{SPAN}",
    ],
)
def test_any_other_begins_a_trace_of_its_own(given):
    first, second = Origin.of(given), Origin.of(given)
    assert TRACE not in (first.trace_id, second.trace_id)
    assert first.trace_id != second.trace_id
    assert (len(first.trace_id), len(first.span_id)) == (32, 16)


def test_lines_of_a_block_say_where_they_come_from_and_those_after_it_nothing():
    origin = Origin.of(None, "r1")
    with about(origin, run="a"), about(origin, attempt=2):
        assert current() is origin
        assert line_fields() == {
            "trace_id": origin.trace_id,
            "span_id": origin.span_id,
            "request_id": "r1",
            "run": "a",
            "attempt": 2,
        }
    assert (current(), line_fields()) == (None, {})


def test_a_thread_that_is_started_with_the_context_says_the_same():
    said: list[dict[str, object]] = []
    with about(Origin.of(None), run="a"):
        thread = threading.Thread(target=copy_context().run, args=(lambda: said.append(line_fields()),))
        thread.start()
        thread.join()
    assert said[0]["run"] == "a"
