import json

import pytest

from app.services import registry
from app.services.runs.lease import acquire, hand_back, resume_point
from app.services.runs.read import attempts, checkpoints, get_run, weights
from tests.support.runs import a_run, checkpointed

pytestmark = pytest.mark.services


@pytest.fixture
def lease(parts):
    run = a_run(parts, config={"globals": {"evaluation_checkpoint": {"n_saved_models": 2}}})
    return acquire(parts, run.id, "w")


def steps(parts, lease, kind):
    return [row.step for row in checkpoints(parts, lease.run_id) if row.kind == kind]


def save(parts, lease, kind, step, average=None, content=None, **metrics):
    """Store and record as a worker does: what is of no use any more is deleted."""
    key, surplus = checkpointed(parts, lease, kind, step, average, content, **metrics)
    for old in surplus:
        parts.storage.delete(old)
    return key


def test_the_highest_averages_stay_and_at_a_tie_the_earlier(parts, lease):
    for step, average in ((1, 0.2), (2, 0.5), (3, 0.5), (4, 0.1), (5, 0.5)):
        save(parts, lease, "best", step, average)
    assert steps(parts, lease, "best") == [2, 3]
    assert get_run(parts, lease.run_id).best["step"] == 2


def test_of_equal_averages_the_one_of_the_lower_loss_stays_and_is_the_best(parts, lease):
    for step, average, loss in ((0, 1.0, 0.02), (9, 1.0, 0.01), (18, 1.0, 0.03), (27, 0.9, 0.0)):
        save(parts, lease, "best", step, average, loss=loss)
    assert steps(parts, lease, "best") == [0, 9]
    assert get_run(parts, lease.run_id).best["step"] == 9


def test_best_names_a_stored_checkpoint_after_each_record(parts, lease):
    for step, average in ((1, 0.2), (2, 0.1), (3, 0.7)):
        save(parts, lease, "best", step, average)
        best = get_run(parts, lease.run_id).best
        stored = weights(parts, lease.run_id, best["step"])
        assert best["digest"] == stored.digest
        assert stored.path.exists()
    assert best == {"step": 3, "average": 0.7, "metrics": {"": {"mcc": 0.7}}, "digest": stored.digest}
    json.dumps(best)


def test_a_checkpoint_without_an_average_is_served_while_there_is_no_other(parts, lease):
    save(parts, lease, "best", 1)
    assert get_run(parts, lease.run_id).best["step"] == 1
    save(parts, lease, "best", 2, -5.0)
    assert get_run(parts, lease.run_id).best["step"] == 2


def test_the_newest_two_resume_checkpoints_stay_and_no_other_file(parts, lease):
    keys = [save(parts, lease, "resume", step) for step in (1, 2, 3, 4)]
    assert steps(parts, lease, "resume") == [3, 4]
    assert [parts.storage.exists(key) for key in keys] == [False, False, True, True]


def test_a_checkpoint_that_is_saved_again_the_same_is_kept_once(parts, lease):
    for kind in ("best", "resume"):
        key = save(parts, lease, kind, 5, 0.5)
        assert save(parts, lease, kind, 5, 0.5) == key
        assert steps(parts, lease, kind) == [5]
        assert parts.storage.exists(key)


def test_of_two_that_differ_at_a_step_the_first_is_served_and_the_later_is_resumed_from(parts, lease):
    best = [save(parts, lease, "best", 5, 0.5, content) for content in (b"first", b"later")]
    assert [parts.storage.exists(key) for key in best] == [True, False]
    resumes = [save(parts, lease, "resume", 5, None, content) for content in (b"first", b"later")]
    assert [parts.storage.exists(key) for key in resumes] == [False, True]
    assert resume_point(parts, lease).path.read_bytes() == b"later"


def test_a_registered_checkpoint_is_never_pruned(parts, lease):
    save(parts, lease, "best", 1, 0.1)
    registry.promote(parts, "default", lease.run_id)
    for step in (2, 3, 4):
        save(parts, lease, "best", step, step / 10)
    assert steps(parts, lease, "best") == [1, 3, 4]
    assert registry.resolve(parts, model="default").step == 1


def test_there_is_nothing_to_resume_from_at_first(parts, lease):
    assert resume_point(parts, lease) is None
    assert attempts(parts, lease.run_id)[0].resumed_from_step is None


def test_a_resumed_attempt_begins_at_the_newest_whole_checkpoint_and_says_so(parts, lease):
    keys = [save(parts, lease, "resume", step) for step in (10, 20)]
    hand_back(parts, lease, "handed_back")
    second = acquire(parts, lease.run_id, "w")
    assert resume_point(parts, second).path == parts.storage.local(keys[1])
    damaged = parts.storage.local(keys[1])
    damaged.write_bytes(damaged.read_bytes()[:-1] + b"?")
    assert resume_point(parts, second).step == 10
    parts.storage.delete(keys[0])
    assert resume_point(parts, second) is None
    assert [a.resumed_from_step for a in attempts(parts, lease.run_id)] == [None, 10]
