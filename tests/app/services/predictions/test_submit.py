"""What becomes of a body, and which checkpoint is settled with it."""

import pytest

from app.broker import Queue
from app.errors import NotFound
from app.services import registry
from app.services.datasets.remove import DatasetInUse, remove_dataset
from app.services.jobs.keys import KeyReused
from app.services.predictions.control import cancel
from app.services.predictions.read import get_prediction, list_predictions
from app.services.predictions.submit import BadPrediction, NothingToPredict, submit
from app.services.registry import NoCheckpoint
from app.services.runs.read import checkpoints
from tests.support.predictions import a_prediction, a_trained_run, checkpointed
from tests.support.runs import a_dataset, a_run


def test_a_prediction_is_queued_with_the_checkpoint_that_is_best_now(parts, broker):
    run = a_trained_run(parts, 3)
    data = a_dataset(parts)
    view, created = submit(parts, {"run": run.run_id, "dataset": data.id, "name": "new ones"})
    assert (created, view.status, view.name) == (True, "queued", "new ones")
    assert (view.dataset, view.dataset_id, view.progress.files) == (data.name, data.id, 2)
    assert broker.queues == {Queue.RUNS: [], Queue.PREDICTIONS: [view.id]}

    checkpointed(parts, run, "best", 4, 0.9)
    later, _ = submit(parts, {"run": run.run_id, "dataset": data.id})
    assert (later.checkpoint["step"], get_prediction(parts, view.id).checkpoint) == (4, view.checkpoint)


def test_its_checkpoint_is_not_pruned_until_it_has_ended(parts):
    run = a_trained_run(parts, 3)  # which keeps one
    prediction = a_prediction(parts, run=run.run_id)
    assert checkpointed(parts, run, "best", 4, 0.9)[1] == []
    assert [row.step for row in checkpoints(parts, run.run_id)] == [3, 4]
    cancel(parts, prediction)
    checkpointed(parts, run, "best", 5, 0.95)
    assert [row.step for row in checkpoints(parts, run.run_id)] == [5]


def test_a_model_and_a_step_choose_the_checkpoint_and_nothing_takes_the_default(parts):
    run = a_trained_run(parts, 3, 4, config={"globals": {"evaluation_checkpoint": {"n_saved_models": 2}}})
    data = a_dataset(parts).name
    registry.promote(parts, "default", run.run_id, 3)
    registry.promote(parts, "named", run.run_id, 4)

    def steps(**body):
        view = submit(parts, {"dataset": data, **body})[0]
        return view.run, view.model, view.checkpoint["step"]

    assert steps() == (run.run_id, None, 3)
    assert steps(model="named") == (run.run_id, "named", 4)
    assert steps(run=run.run_id, checkpoint=3) == (run.run_id, None, 3)


def test_what_does_not_exist_is_said_with_what_does(parts):
    run, data = a_trained_run(parts), a_dataset(parts, "reviews")
    with pytest.raises(NothingToPredict, match="the newest are called reviews") as refused:
        submit(parts, {"run": run.run_id, "dataset": "nosuch"})
    assert [fault.pointer for fault in refused.value.faults] == ["/dataset"]
    for body, known in (
        ({"run": "nosuch"}, run.run_id),
        ({"model": "nosuch"}, "nothing was trained yet"),
        ({"run": run.run_id, "checkpoint": 9}, "it has 3"),
    ):
        with pytest.raises(NotFound, match=known):
            submit(parts, {"dataset": data.name, **body})
    with pytest.raises(NoCheckpoint, match="wait for its first evaluation"):
        submit(parts, {"dataset": data.name, "run": a_run(parts).id})
    assert list_predictions(parts).predictions == []


@pytest.mark.parametrize(
    ("body", "pointers"),
    [
        ({}, ["/dataset"]),
        ({"dataset": 1, "run": "", "checkpoint": -1}, ["/dataset", "/run", "/checkpoint"]),
        ({"dataset": "d", "run": "r", "model": "m"}, ["/model"]),
        ({"dataset": "d", "checkpoint": 3}, ["/checkpoint"]),
        ({"dataset": "d", "run": "r", "checkpoint": True}, ["/checkpoint"]),
        ({"dataset": "d", "datset": "d", "a/b~": 1}, ["/datset", "/a~1b~0"]),
        ({"dataset": "d", "name": "x\n"}, ["/name"]),
    ],
    ids=["empty", "types", "two", "stepless", "bool", "unknown", "name"],
)
def test_every_fault_of_a_body_is_named_at_its_place(parts, body, pointers):
    with pytest.raises(BadPrediction) as refused:
        submit(parts, body)
    assert [fault.pointer for fault in refused.value.faults] == pointers


def test_the_same_key_gives_the_same_prediction_and_never_one_of_another_body(parts, broker):
    body = {"run": a_trained_run(parts).run_id, "dataset": a_dataset(parts).name}
    first, created = submit(parts, body, "a key")
    again, replayed = submit(parts, dict(reversed(body.items())), "a key")
    assert (again.id, created, replayed) == (first.id, True, False)
    with pytest.raises(KeyReused, match=f"made prediction {first.id} of another body"):
        submit(parts, {**body, "name": "other"}, "a key")
    assert broker.queues[Queue.PREDICTIONS] == [first.id]


def test_a_data_set_cannot_be_removed_while_a_prediction_may_read_it(parts):
    data = a_dataset(parts)
    prediction = a_prediction(parts, dataset=data.name)
    with pytest.raises(DatasetInUse, match=f"prediction {prediction}"):
        remove_dataset(parts, data.id)
    cancel(parts, prediction)
    remove_dataset(parts, data.id)
    view = get_prediction(parts, prediction)
    assert (view.dataset, view.dataset_id) == (data.name, None)


def test_pages_go_from_the_newest_to_the_oldest_by_a_cursor(parts):
    body = {"run": a_trained_run(parts).run_id, "dataset": a_dataset(parts).name}
    ids = [submit(parts, body)[0].id for _ in range(5)]
    seen, after = [], None
    while (page := list_predictions(parts, after=after, limit=2)).predictions:
        seen += [view.id for view in page.predictions]
        if (after := page.next) is None:
            break
    assert seen == ids[::-1]
    cancel(parts, ids[0])
    assert [view.id for view in list_predictions(parts, status="cancelled").predictions] == [ids[0]]
