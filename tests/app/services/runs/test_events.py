"""The events of a run tell who asked for what, what was planned, and why it ended."""

import pytest

from app.services.jobs.outcomes import JobEnd, JobError
from app.services.runs.control import cancel
from app.services.runs.lease import acquire, finish, hand_back, record_plan
from app.services.runs.read import events, get_run
from app.tracing import Origin, about
from tests.app.services.runs.test_lease import PLAN
from tests.support.runs import a_run

pytestmark = pytest.mark.services


@pytest.fixture
def submitted(parts):
    """A run and the request that made it."""
    origin = Origin.of(None, "submission.1")
    return a_run(parts, **origin.carried).id, origin


def said(parts, run_id):
    return [(event.kind, event.data) for event in events(parts, run_id)]


def test_what_a_worker_does_comes_from_the_request_that_made_the_run(parts, submitted):
    run, origin = submitted
    first = acquire(parts, run, "w1")
    record_plan(parts, first, PLAN)
    hand_back(parts, first, "lost")
    with about(first.origin):  # as in the worker
        second = acquire(parts, run, "w2")
    assert first.origin.trace_id == second.origin.trace_id == get_run(parts, run).trace_id == origin.trace_id
    assert first.origin.span_id != second.origin.span_id
    told = said(parts, run)
    assert [kind for kind, _ in told] == ["running", "planned", "queued", "running"]
    assert {(data["trace_id"], data["request_id"]) for _, data in told} == {(origin.trace_id, "submission.1")}
    assert [data["attempt"] for _, data in told] == [1, 1, 1, 2]


def test_a_cancel_comes_from_its_own_request(parts, submitted):
    run, origin = submitted
    with about(Origin.of(None, "cancel.2")):
        cancel(parts, run)
    [(kind, data)] = said(parts, run)
    assert (kind, data["request_id"]) == ("cancelled", "cancel.2")
    assert data["trace_id"] != origin.trace_id


def test_a_failure_says_of_which_type_it_is(parts, submitted):
    run, _ = submitted
    lease = acquire(parts, run, "w")
    finish(parts, lease, JobEnd("failed", "error", JobError("non_finite_loss", "Non finite loss", "at step 4")))
    kind, data = said(parts, run)[-1]
    assert (kind, data["reason"], data["error"]) == ("failed", "error", "non_finite_loss")
