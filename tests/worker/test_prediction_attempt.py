"""One attempt at a prediction over a data set, with a real database, a real storage and a real predicting process."""

import csv
import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from app.db import predictions
from app.parts import Parts
from app.services.datasets.create import Upload, create_dataset
from app.services.datasets.read import get_dataset
from app.services.predictions.control import cancel
from app.services.predictions.keys import log_key
from app.services.predictions.lease import acquire
from app.services.predictions.read import get_prediction, result
from app.services.predictions.submit import submit
from app.services.predictions.view import PredictionView
from app.services.registry import resolve
from app.settings import WorkerSettings
from models.inference.predictor import Predictor
from models.packed import PackedDataset
from tests.e2e.sides import write_sides
from tests.support.databases import fresh_database
from tests.support.parts import opened_parts
from tests.support.service import children, command, wait_for
from tests.worker.test_attempt import submitted, taken
from worker.prediction_attempt import PredictionAttempt
from worker.shutdown import Shutdown

pytestmark = [pytest.mark.services, pytest.mark.timeout(600)]
ENDS_S = 90.0
MANY = 3000


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Parts, str]]:
    """Parts with one trained run of a very small model, and files without labels: a few, and many."""
    folder = tmp_path_factory.mktemp("predicting")
    with (
        fresh_database(folder) as url,
        opened_parts(folder, url, heartbeat_s=0.2, lease_s=30.0) as parts,
    ):
        sides = write_sides(folder / "sides", files=40, held_back=0)
        labelled = [(path.name, path) for path in sides.folder.iterdir()]
        create_dataset(parts, Upload("sides", sides.labels, files=labelled))
        create_dataset(parts, Upload("few", None, files=[(f"x/{name}", path) for name, path in labelled]))
        one = folder / "one.bin"
        one.write_bytes(b"left right")
        create_dataset(parts, Upload("many", None, files=[(f"{at:05d}", one) for at in range(MANY)]))
        run = submitted(parts, 6)
        taken(parts, run, Shutdown()).run()
        yield parts, run


def attempt(parts: Parts, prediction: str, shutdown: Shutdown | None = None) -> PredictionAttempt:
    lease = acquire(parts, prediction, "a test")
    assert lease is not None
    return PredictionAttempt(parts, lease, shutdown or Shutdown())


def submitted_over(parts: Parts, run: str, dataset: str) -> str:
    return submit(parts, {"run": run, "dataset": dataset})[0].id


def table(parts: Parts, prediction: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = pq.read_table(result(parts, prediction, "parquet").path).to_pylist()
    return rows


def parts_recorded(parts: Parts, prediction: str) -> int:
    with parts.db.reading() as tx:
        return len(predictions.parts_of(tx, prediction))


def told(parts: Parts, **worker: float) -> Parts:
    """The same parts, with other settings of the worker."""
    settings = parts.settings.model_copy(update={"worker": WorkerSettings(**worker)})
    return Parts(settings, parts.db, parts.storage, parts.broker)


def test_the_result_has_a_row_per_file_in_their_order_and_both_forms_hold_the_models_own_numbers(
    trained: tuple[Parts, str],
):
    parts, run = trained
    prediction = submitted_over(parts, run, "few")
    attempt(parts, prediction).run()
    view = get_prediction(parts, prediction)
    assert (view.status, view.error, view.progress.done, view.progress.files) == ("succeeded", None, 40, 40)

    rows = table(parts, prediction)
    assert list(rows[0]) == ["id", "bytes", "read", "side", "side:high", "side:low"]
    dataset = PackedDataset.open(parts.storage.local(f"datasets/{_digest(parts, 'few')}"))
    assert [row["id"] for row in rows] == list(dataset.ids)
    assert [row["bytes"] for row in rows] == dataset.lengths.tolist()
    predictor = Predictor.load(_checkpoint(parts, view))
    assert predictor.digest == view.checkpoint["digest"]
    for row, answer in zip(rows, predictor.predict([dataset.read(at) for at in range(40)]), strict=True):
        seen = answer.outputs["side"]
        assert (row["read"], row["side"]) == (answer.read, seen.label)
        assert {"high": row["side:high"], "low": row["side:low"]} == seen.probabilities  # bit for bit

    with result(parts, prediction, "csv").path.open(newline="", encoding="utf-8") as file:
        text = list(csv.DictReader(file))
    assert [{name: str(value) for name, value in row.items() if isinstance(value, str | int)} for row in rows] == [
        {name: row[name] for name in ("id", "bytes", "read", "side")} for row in text
    ]
    for name in ("side:high", "side:low"):
        assert [float(row[name]) for row in text] == [row[name] for row in rows]
    assert not any((parts.settings.data_dir / "work").iterdir())
    kept = sorted(path.name for path in parts.storage.local(f"predictions/{prediction}").iterdir())
    assert [name.partition("-")[0] for name in kept] == ["log", "result", "result"]
    assert "attempt 1" in parts.storage.local(log_key(prediction, 1)).read_text()


def test_a_prediction_killed_in_mid_job_goes_on_behind_its_last_part_and_ends_in_the_same_bytes(
    trained: tuple[Parts, str],
):
    parts, run = trained
    undisturbed, killed = (submitted_over(parts, run, "many") for _ in range(2))
    attempt(parts, undisturbed).run()

    eager = told(parts, prediction_save_s=0.0)  # every batch is a part
    work = threading.Thread(target=attempt(eager, killed).run)
    work.start()
    wait_for(lambda: parts_recorded(parts, killed), ENDS_S, "the first part")
    [child] = [pid for pid in children(os.getpid()) if "worker.predicting" in command(pid)]
    os.killpg(child, 9)
    work.join(ENDS_S)
    view = get_prediction(parts, killed)
    assert (view.status, view.attempt) == ("queued", 1)
    assert view.failures <= 1

    attempt(eager, killed).run()
    view = get_prediction(parts, killed)
    assert (view.status, view.attempt, view.progress.done) == ("succeeded", 2, MANY)
    assert "from file 0 of" not in parts.storage.local(log_key(killed, 2)).read_text()
    for form in ("csv", "parquet"):
        assert result(parts, killed, form).digest == result(parts, undisturbed, form).digest
    assert [row["id"] for row in table(parts, killed)] == [f"{at:05d}" for at in range(MANY)]


def test_a_shutdown_hands_it_back_with_what_is_done_and_a_cancel_ends_it(trained: tuple[Parts, str]):
    parts, run = trained
    prediction = submitted_over(parts, run, "many")
    shutdown = Shutdown()
    shutdown.order()
    attempt(parts, prediction, shutdown).run()
    view = get_prediction(parts, prediction)
    assert (view.status, view.failures) == ("queued", 0)

    waiting = attempt(parts, prediction)
    cancel(parts, prediction)
    waiting.run()
    view = get_prediction(parts, prediction)
    assert (view.status, view.result, view.attempt) == ("cancelled", None, 2)


def test_one_over_its_memory_is_ended_and_the_second_time_in_a_row_fails_with_peak_limit_and_mend(
    trained: tuple[Parts, str],
):
    parts, run = trained
    prediction, tight = submitted_over(parts, run, "few"), told(parts, train_memory_bytes=2**26)
    attempt(tight, prediction).run()
    view = get_prediction(parts, prediction)
    assert (view.status, view.failures, view.error) == ("queued", 1, None)
    attempt(tight, prediction).run()
    view = get_prediction(parts, prediction)
    assert (view.status, view.attempt, (view.error or {})["type"]) == ("failed", 2, "out_of_memory")
    for words in ("Predicting held", "its limit is 64 MiB", "a smaller model", "the same memory each time"):
        assert words in view.error["detail"]


def test_a_checkpoint_that_is_gone_or_was_replaced_ends_it_with_words_to_act_on(trained: tuple[Parts, str]):
    parts, run = trained
    prediction = submitted_over(parts, run, "few")
    path = _checkpoint(parts, get_prediction(parts, prediction))
    whole = path.read_bytes()
    path.unlink()
    try:
        attempt(parts, prediction).run()
    finally:
        path.write_bytes(whole)
    view = get_prediction(parts, prediction)
    assert (view.status, view.error["type"]) == ("failed", "checkpoint_error")


def _digest(parts: Parts, name: str) -> str:
    return get_dataset(parts, name).digest


def _checkpoint(parts: Parts, view: PredictionView) -> Path:
    return parts.storage.local(resolve(parts, run=view.run, checkpoint=view.checkpoint["step"]).key)
