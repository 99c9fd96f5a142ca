"""Queue a prediction over a data set, with the checkpoint that it will read to its end."""

import logging
from dataclasses import dataclass
from typing import Any

from app.broker import Queue
from app.db import checkpoints, datasets, predictions, runs
from app.db.engine import Transaction
from app.db.jobs import PREDICTIONS
from app.db.tables.datasets import DatasetRow
from app.db.tables.predictions import PredictionRow
from app.db.tables.runs import RunRow
from app.errors import Example, Fault, Invalid
from app.parts import Parts
from app.services.datasets.find import known_datasets
from app.services.ids import new_id
from app.services.jobs.keys import claim
from app.services.predictions.find import found_prediction
from app.services.predictions.view import PredictionView, view_of
from app.services.registry import Servable, find_servable
from app.tracing import Origin, current
from models.config.words import nearest

log = logging.getLogger(__name__)

_KNOWN = {"dataset": str, "run": str, "model": str, "checkpoint": int, "name": str}
_LARGEST_STEP = 2**31 - 1
_NAME_MAX = 200


class BadPrediction(Invalid):
    """The body does not say what to predict; every fault is named with its place."""

    rule = "prediction-body"
    title = "The prediction cannot be understood"
    mend = 'Send {"dataset": NAME} and, if you like, "run" or "model", "checkpoint" (a step of the run) and "name".'
    example = Example("/model: stands beside run; name a run or a model, not both", "/model")


class NothingToPredict(Invalid):
    """The prediction names a data set that does not exist."""

    rule = "prediction-dataset"
    title = "The prediction's data set does not exist"
    mend = "Upload the data set first (it needs no labels), or name one of those that the detail lists."
    example = Example("no data set has the name or id 'imbd'; the newest are called imdb", "/dataset")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a body asks for; neither run nor model: what POST /predict would take."""

    dataset: str
    run: str | None = None
    model: str | None = None
    checkpoint: int | None = None
    name: str | None = None


def submit(parts: Parts, body: dict[str, Any], key: str | None = None) -> tuple[PredictionView, bool]:
    """Queue a prediction, and whether it is new: the same body under the same key is the one it made within a day.

    Raises BadPrediction, NothingToPredict, KeyReused, and what find_servable raises.
    """
    prediction_id = new_id()
    with parts.db.transaction() as tx:
        if key is not None and (known := claim(tx, key, body, PREDICTIONS, prediction_id)) is not None:
            return view_of(found_prediction(tx, known)), False
        row = _add(tx, prediction_id, _understood(body), current() or Origin.of(None))
    parts.broker.announce(prediction_id, Queue.PREDICTIONS)
    log.info("prediction %s is queued", prediction_id, extra={"fields": {"prediction": prediction_id}})
    return view_of(row), True


def _add(tx: Transaction, prediction_id: str, wanted: Wanted, origin: Origin) -> PredictionRow:
    dataset = datasets.find(tx, wanted.dataset, keep=True)
    if dataset is None:
        detail = f"no data set has the name or id {wanted.dataset!r}; {known_datasets(tx, wanted.dataset)}"
        raise NothingToPredict(detail, [Fault("/dataset", detail)])
    servable, run = _kept(tx, wanted)
    return predictions.add(tx, _values(prediction_id, wanted, servable, run, dataset) | origin.carried)


def _kept(tx: Transaction, wanted: Wanted) -> tuple[Servable, RunRow]:
    """The checkpoint that answers, and its run, locked: it cannot be pruned or removed until the prediction stands."""
    while True:
        servable = find_servable(tx, wanted.run, wanted.model, wanted.checkpoint)
        run = runs.lock(tx, servable.run_id)
        if run is not None and checkpoints.get(tx, run.id, "best", servable.step) is not None:
            return servable, run
        # a live run pruned it between our look and our lock; what answers now is asked again


def _values(prediction_id: str, wanted: Wanted, servable: Servable, run: RunRow, dataset: DatasetRow) -> dict[str, Any]:
    """The columns of a new prediction."""
    return {
        "id": prediction_id,
        "name": wanted.name or dataset.name,
        "model": wanted.model,
        "run_id": run.id,
        "run_name": run.name,
        "step": servable.step,
        "checkpoint_digest": servable.digest,
        "checkpoint_key": servable.key,
        "dataset_id": dataset.id,
        "dataset_name": dataset.name,
        "dataset_digest": dataset.digest,
        "files": dataset.files,
    }


def _understood(body: dict[str, Any]) -> Wanted:
    """The body, read. Raises BadPrediction with every fault."""
    given = {name: value for name, value in body.items() if value is not None}
    faults = [_unknown(name) for name in body if name not in _KNOWN]
    faults += [fault for name, value in given.items() if name in _KNOWN and (fault := _fault(name, value))]
    if "dataset" not in given:
        faults.append(Fault("/dataset", "missing; name the data set, by its name or id"))
    if "run" in given and "model" in given:
        faults.append(Fault("/model", "stands beside run; name a run or a model, not both"))
    if "checkpoint" in given and "run" not in given:
        faults.append(Fault("/checkpoint", "is one of a run: name the run, too"))
    if faults:
        raise BadPrediction("; ".join(f"{fault.pointer}: {fault.detail}" for fault in faults), faults)
    return Wanted(**given)


def _unknown(name: str) -> Fault:
    near = nearest(name, _KNOWN)
    mend = f"the nearest known is {near}" if near else f"known are {', '.join(_KNOWN)}"
    return Fault(f"/{name.replace('~', '~0').replace('/', '~1')}", f"unknown key; {mend}")


def _fault(name: str, value: object) -> Fault | None:
    if _KNOWN[name] is int:
        if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= _LARGEST_STEP:
            return Fault(f"/{name}", "must be a step of the run, a whole number from 0 on")
        return None
    if not isinstance(value, str) or not value or len(value) > _NAME_MAX or not value.isprintable():
        return Fault(f"/{name}", f"must be a text of 1 to {_NAME_MAX} characters that can be read")
    return None
