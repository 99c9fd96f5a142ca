import itertools
from contextlib import nullcontext

import pytest

from app.services.jobs.states import ENDED, TRANSITIONS, Status, WrongState
from app.services.runs.states import transition
from tests.support.runs import a_run, row_of

pytestmark = pytest.mark.services

LEGAL = {
    ("queued", "running"),
    ("queued", "paused"),
    ("queued", "cancelled"),
    ("running", "queued"),
    ("running", "pausing"),
    ("running", "cancelling"),
    ("running", "succeeded"),
    ("running", "failed"),
    ("pausing", "paused"),
    ("pausing", "running"),
    ("pausing", "cancelling"),
    ("pausing", "succeeded"),
    ("pausing", "failed"),
    ("paused", "queued"),
    ("paused", "cancelled"),
    ("cancelling", "cancelled"),
    ("cancelling", "succeeded"),
    ("cancelling", "failed"),
}


def test_every_pair_of_states_is_allowed_or_refused_as_the_table_says(parts):
    for old, new in itertools.product(Status, Status):
        run = a_run(parts, status=old.value)
        allowed = (old, new) in LEGAL
        refusal = nullcontext() if allowed else pytest.raises(WrongState, match=old.value)
        with refusal, parts.db.transaction() as tx:
            transition(tx, run, new)
        row = row_of(parts, run.id)
        assert row.status == (new if allowed else old)
        assert (row.ended is not None) == (allowed and new in ENDED)


def test_the_table_names_every_state_and_exactly_the_three_ends_have_no_way_on():
    assert set(TRANSITIONS) == set(Status)
    assert set(ENDED) == {"succeeded", "failed", "cancelled"}


def test_a_run_that_somebody_changed_meanwhile_is_not_changed_again(parts):
    run = a_run(parts)
    with parts.db.transaction() as tx:
        transition(tx, run, Status.CANCELLED)
    with pytest.raises(WrongState, match="read it again"), parts.db.transaction() as tx:
        transition(tx, run, Status.RUNNING)
