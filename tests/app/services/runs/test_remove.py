"""A run is removed with all that it left, unless somebody needs it."""

import pytest

from app.services import registry
from app.services.predictions.control import cancel
from app.services.predictions.read import get_prediction
from app.services.registry import NothingToRollBack
from app.services.runs.find import UnknownRun
from app.services.runs.lease import acquire
from app.services.runs.remove import RunInUse, remove_run
from tests.app.services.runs.test_lease import at_once
from tests.app.services.test_registry import trained
from tests.support.predictions import a_prediction
from tests.support.runs import a_run

pytestmark = pytest.mark.services


@pytest.mark.parametrize("leased", [False, True])
def test_a_run_that_has_not_ended_stays(parts, leased):
    run = a_run(parts)
    if leased:
        acquire(parts, run.id, "w")
    with pytest.raises(RunInUse, match="cancel"):
        remove_run(parts, run.id)


def test_files_and_rows_are_gone_and_the_second_removal_finds_none(parts):
    run = trained(parts, steps=(5, 10))
    assert parts.storage.exists(f"runs/{run}")
    remove_run(parts, run)
    assert not parts.storage.exists(f"runs/{run}")
    with pytest.raises(UnknownRun):
        remove_run(parts, run)
    with pytest.raises(UnknownRun):
        registry.resolve(parts, run=run)


def test_a_run_whose_checkpoint_a_prediction_may_read_stays_and_then_leaves_the_prediction_behind(parts):
    run = trained(parts)
    prediction = a_prediction(parts, run=run)
    with pytest.raises(RunInUse, match=prediction):
        remove_run(parts, run)
    cancel(parts, prediction)
    remove_run(parts, run)
    view = get_prediction(parts, prediction)
    assert (view.run, view.run_name, view.status) == (None, "a run", "cancelled")


def test_several_versions_in_a_row_leave_a_history_that_still_rolls_back(parts):
    first, gone, last = (trained(parts, steps=(5, 10)) for _ in range(3))
    registry.promote(parts, "imdb", first)
    for step in (5, 10):
        registry.promote(parts, "imdb", gone, step)
    registry.promote(parts, "imdb", last)
    remove_run(parts, gone)
    assert [version.version for version in registry.get_model(parts, "imdb").versions] == [4, 1]
    assert registry.rollback(parts, "imdb").run == first
    with pytest.raises(NothingToRollBack):
        registry.rollback(parts, "imdb")


def test_a_removal_beside_promotions_never_leaves_a_name_without_its_checkpoint(parts):
    runs = [trained(parts) for _ in range(4)]
    registry.promote(parts, "imdb", runs[0])

    def turn(n: int) -> None:
        try:
            if n % 2:
                remove_run(parts, runs[n // 2])
            else:
                registry.promote(parts, "imdb", runs[n // 2])
        except (RunInUse, UnknownRun):
            pass

    at_once(8, turn)
    served = registry.get_model(parts, "imdb")
    assert registry.resolve(parts, model="imdb").run_id == served.run
    assert parts.storage.exists(registry.resolve(parts, run=served.run).key)
