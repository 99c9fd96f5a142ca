"""What can be read of predictions."""

from dataclasses import dataclass
from pathlib import Path

from app.db import predictions
from app.errors import Conflict, Example, Fault, Invalid, NotFound
from app.parts import Parts
from app.services.jobs.logs import AttemptLog, logs_of
from app.services.jobs.states import ENDED, PREDICTION_STATUSES
from app.services.predictions.find import found_prediction
from app.services.predictions.keys import Form, log_key
from app.services.predictions.view import PredictionView, view_of

MAX_LIMIT = 1000


class UnknownPredictionStatus(Invalid):
    """Predictions were asked for by a status that does not exist."""

    rule = "unknown-prediction-status"
    title = "No such status"
    mend = "Use one of the statuses that the detail lists."
    example = Example("'done' is no status of a prediction; use one of queued, running, cancelling, ...", "status")


class NoResult(Conflict):
    """The prediction has no result: not yet, or it ended without one."""

    rule = "no-result"
    title = "There is no result"
    mend = "Wait until the prediction's status is succeeded; GET /predictions/{id} shows how far it is, and its error."
    example = Example(
        "prediction 5d1c0a9e4b7a1853 is running: 1200 of 5000 files are done; wait until its status is succeeded"
    )


class NoPredictionLog(NotFound):
    """No attempt at the prediction has said anything yet."""

    rule = "no-prediction-log"
    title = "No log"
    mend = "Wait until an attempt has begun: what it says can be read within seconds."
    example = Example(
        "prediction 5d1c0a9e4b7a1853 has no log; an attempt's can be read within seconds of its first words, and there "
        "were 0 attempts"
    )


@dataclass(frozen=True, slots=True)
class PredictionPage:
    """Predictions, the newest first; `next` is the cursor of the following page, None at the end."""

    predictions: list[PredictionView]
    next: int | None


@dataclass(frozen=True, slots=True)
class Result:
    """A whole result in one form, as a file on this machine."""

    name: str
    digest: str
    path: Path


def list_predictions(
    parts: Parts, *, after: int | None = None, limit: int = 100, status: str | None = None
) -> PredictionPage:
    """Predictions, the newest first; `after` is the `next` of the page before. Raises UnknownPredictionStatus."""
    if status is not None and status not in PREDICTION_STATUSES:
        detail = f"{status!r} is no status of a prediction; use one of {', '.join(PREDICTION_STATUSES)}"
        raise UnknownPredictionStatus(detail, [Fault("status", detail)])
    limit = max(1, min(limit, MAX_LIMIT))
    with parts.db.reading() as tx:
        rows = predictions.page(tx, before=after, limit=limit + 1, status=status)
    shown = [view_of(row) for row in rows[:limit]]
    return PredictionPage(shown, rows[limit - 1].seq if len(rows) > limit else None)


def get_prediction(parts: Parts, prediction_id: str) -> PredictionView:
    """One prediction. Raises UnknownPrediction."""
    with parts.db.reading() as tx:
        return view_of(found_prediction(tx, prediction_id))


def result(parts: Parts, prediction_id: str, form: Form) -> Result:
    """The result of a prediction that succeeded. Raises UnknownPrediction, NoResult."""
    with parts.db.reading() as tx:
        row = found_prediction(tx, prediction_id)
    if row.results is None:
        wait = f"{row.done} of {row.files} files are done; wait until its status is succeeded"
        why = (row.error or {}).get("detail") or "it ended without one; POST /predictions begins anew"
        raise NoResult(f"prediction {prediction_id} is {row.status}: {why if row.status in ENDED else wait}")
    blob = row.results[form]
    return Result(f"{row.id}.{form}", blob["digest"], parts.storage.local(blob["key"]))


def logs(parts: Parts, prediction_id: str, attempt: int | None = None) -> list[AttemptLog]:
    """What each attempt has said so far, in order, or one of them. Raises UnknownPrediction, NoPredictionLog."""
    with parts.db.reading() as tx:
        row = found_prediction(tx, prediction_id)
    numbers = [number for number in range(1, row.attempt + 1) if attempt in (None, number)]
    held = row.lease_token is not None
    wanted = [(number, f"attempt {number}", held and number == row.attempt) for number in numbers]
    found = logs_of(parts.storage, wanted, lambda number: log_key(prediction_id, number))
    if found is None:
        which = "" if attempt is None else f" of attempt {attempt}"
        said = "an attempt's can be read within seconds of its first words"
        raise NoPredictionLog(
            f"prediction {prediction_id} has no log{which}; {said}, and there were {row.attempt} attempts"
        )
    return found
