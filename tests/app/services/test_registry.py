import pytest

from app.services import registry
from app.services.jobs.outcomes import JobEnd
from app.services.registry import (
    BadModelName,
    CheckpointWithoutRun,
    NoCheckpoint,
    NothingToRollBack,
    NotStored,
    RunOrModel,
    UnknownModel,
)
from app.services.runs.find import UnknownCheckpoint, UnknownRun
from app.services.runs.lease import acquire, finish
from tests.app.services.runs.test_lease import at_once
from tests.support.runs import a_run, checkpointed

pytestmark = pytest.mark.services


def trained(parts, name="a run", steps=(5,), status="succeeded"):
    """A run with best checkpoints, the later the better; None leaves it running."""
    run = a_run(parts, name=name, config={"globals": {"evaluation_checkpoint": {"n_saved_models": 10}}})
    lease = acquire(parts, run.id, "w")
    for step in steps:
        checkpointed(parts, lease, "best", step, step / 100)
    if status:
        finish(parts, lease, JobEnd(status, "finished"))
    return run.id


def test_a_name_stands_for_the_best_checkpoint_of_its_run(parts):
    run = trained(parts, steps=(5, 10))
    model = registry.promote(parts, "imdb", run)
    assert (model.version, model.run, model.step) == (1, run, 10)
    found = registry.resolve(parts, model="imdb")
    assert (found.run_id, found.step, found.digest) == (run, 10, model.digest)
    assert parts.storage.exists(found.key)
    assert registry.get_model(parts, "imdb") == model
    assert registry.list_models(parts) == [model]


def test_a_name_may_stand_for_an_earlier_checkpoint_that_is_stored(parts):
    run = trained(parts, steps=(5, 10))
    assert registry.promote(parts, "imdb", run, 5).step == 5
    with pytest.raises(NotStored, match="kept: 10, 5"):
        registry.promote(parts, "imdb", run, 7)
    assert registry.get_model(parts, "imdb").version == 1


def test_a_rollback_returns_to_what_was_served_before(parts):
    runs = [trained(parts) for _ in range(3)]
    for run in runs:
        registry.promote(parts, "imdb", run)
    assert registry.rollback(parts, "imdb").run == runs[1]
    again = registry.promote(parts, "imdb", runs[0])
    assert (again.version, [version.version for version in again.versions]) == (4, [4, 3, 2, 1])
    assert registry.rollback(parts, "imdb").run == runs[1]
    assert registry.rollback(parts, "imdb").run == runs[0]
    with pytest.raises(NothingToRollBack):
        registry.rollback(parts, "imdb")
    assert registry.resolve(parts, model="imdb").run_id == runs[0]


def test_eight_promotions_at_once_are_eight_versions_and_one_is_served(parts):
    runs = [trained(parts) for _ in range(8)]
    at_once(8, lambda n: registry.promote(parts, "imdb", runs[n]))
    model = registry.get_model(parts, "imdb")
    assert sorted(version.version for version in model.versions) == list(range(1, 9))
    assert model.version == 8


def test_a_run_answers_with_its_best_checkpoint_also_while_it_trains_or_after_it_failed(parts):
    live, failed = trained(parts, status=None), trained(parts, status="failed")
    assert registry.resolve(parts, run=live).step == 5
    assert registry.resolve(parts, run=failed).step == 5


def test_a_run_without_a_checkpoint_is_a_conflict_that_says_what_to_wait_for(parts):
    with pytest.raises(NoCheckpoint, match="wait for its first evaluation"):
        registry.resolve(parts, run=trained(parts, steps=(), status=None))
    with pytest.raises(NoCheckpoint, match="ended without one"):
        registry.resolve(parts, run=trained(parts, steps=(), status="failed"))
    with pytest.raises(NoCheckpoint):
        registry.promote(parts, "imdb", a_run(parts).id)


def test_a_model_is_the_registrys_or_else_the_newest_succeeded_run_of_that_name(parts):
    old, new = trained(parts, "imdb"), trained(parts, "imdb")
    trained(parts, "imdb", status="failed")
    assert registry.resolve(parts, model="imdb").run_id == new
    registry.promote(parts, "imdb", old)
    assert registry.resolve(parts, model="imdb").run_id == old


def test_without_a_name_the_default_answers_or_else_the_newest_succeeded_run(parts):
    old, new = trained(parts, "one"), trained(parts, "two")
    trained(parts, "three", status="failed")
    assert registry.resolve(parts).run_id == new
    registry.promote(parts, "default", old)
    assert registry.resolve(parts).run_id == old


def test_the_newest_is_the_one_that_ended_last_not_the_one_that_began_last(parts):
    first, second = (acquire(parts, a_run(parts).id, "w") for _ in range(2))
    for lease in (second, first):
        checkpointed(parts, lease, "best", 5, 0.5)
        finish(parts, lease, JobEnd("succeeded", "finished"))
    assert registry.resolve(parts).run_id == first.run_id


def test_what_does_not_exist_is_answered_with_what_does(parts):
    with pytest.raises(UnknownModel, match="nothing was trained yet"):
        registry.resolve(parts)
    run = trained(parts, "trained")
    registry.promote(parts, "promoted", run)
    with pytest.raises(UnknownModel, match="registry: promoted; succeeded runs: trained"):
        registry.resolve(parts, model="nosuch")
    for ask in (registry.get_model, registry.rollback):
        with pytest.raises(UnknownModel):
            ask(parts, "nosuch")
    with pytest.raises(UnknownRun):
        registry.resolve(parts, run="nosuch")
    with pytest.raises(UnknownRun):
        registry.promote(parts, "imdb", "nosuch")


def test_a_run_and_a_model_together_are_refused(parts):
    with pytest.raises(RunOrModel):
        registry.resolve(parts, run="a", model="b")


def test_a_run_answers_with_one_of_its_kept_checkpoints_when_that_is_named(parts):
    run = trained(parts, steps=(5, 10))
    assert [registry.resolve(parts, run=run, checkpoint=step).step for step in (5, 10)] == [5, 10]
    assert registry.resolve(parts, run=run).step == 10
    with pytest.raises(UnknownCheckpoint, match="at step 7; it has 5, 10"):
        registry.resolve(parts, run=run, checkpoint=7)
    with pytest.raises(UnknownRun):
        registry.resolve(parts, run="nosuch", checkpoint=5)


@pytest.mark.parametrize("model", [None, "imdb"])
def test_a_checkpoint_of_no_run_is_refused(parts, model):
    with pytest.raises(CheckpointWithoutRun):
        registry.resolve(parts, model=model, checkpoint=5)


@pytest.mark.parametrize("name", ["", "a/b", ".hidden", "x" * 201, "a b"])
def test_a_name_that_cannot_stand_in_a_url_is_refused(parts, name):
    with pytest.raises(BadModelName):
        registry.promote(parts, name, trained(parts))
