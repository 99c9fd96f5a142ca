"""Predictions over data sets: submitted, followed to their end, their results written to disk."""

import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import httpx

from octet.downloads import download
from octet.errors import Refused, Unreachable
from octet.objects import DatasetPrediction, Run, id_of
from octet.sending import Rows, Sender

FORMS = {".csv": "csv", ".parquet": "parquet"}
"""The form of a result, by the ending of the file that it is written to."""
PATH = "/predictions"


class Predictions:
    """The predictions of one service; `client.predictions`. Every method raises Unreachable or Refused."""

    def __init__(self, url: str, http: httpx.Client, send: Sender, rows: Rows) -> None:
        self._url = url
        self._http = http
        self._send = send
        self._rows = rows

    def submit(
        self,
        dataset: str,
        *,
        run: Run | str | None = None,
        model: str | None = None,
        checkpoint: int | None = None,
        name: str | None = None,
        idempotency_key: str | None = None,
    ) -> DatasetPrediction:
        """Queue a prediction of every file of a data set (its name or id); the checkpoint is settled by the answer.

        run: an id; model: a name of the registry or of a run; neither: the service's default. checkpoint: the step of
        one of the run's, in place of its best. With a key of your own, the same call again gives the same prediction.
        """
        of = None if run is None else id_of(run)
        asked = {"dataset": dataset, "run": of, "model": model, "checkpoint": checkpoint, "name": name}
        body = {key: value for key, value in asked.items() if value is not None}
        key = {"idempotency-key": idempotency_key} if idempotency_key else {}
        return DatasetPrediction.model_validate(self._send("POST", PATH, json=body, headers=key).json())

    def get(self, prediction_id: str) -> DatasetPrediction:
        """One prediction as it stands."""
        return DatasetPrediction.model_validate(self._send("GET", _own(prediction_id)).json())

    def list(self, limit: int | None = None) -> list[DatasetPrediction]:
        """Predictions, the newest first; all of them without a limit."""
        return [DatasetPrediction.model_validate(row) for row in self._rows(PATH, "predictions", limit)]

    def cancel(self, prediction_id: str) -> DatasetPrediction:
        """Ask a prediction to stop."""
        return DatasetPrediction.model_validate(self._send("POST", f"{_own(prediction_id)}/cancel").json())

    def delete(self, prediction_id: str) -> None:
        """Delete one that has ended, with its result; Refused with 409 before."""
        self._send("DELETE", _own(prediction_id))

    def watch(
        self, prediction_id: str, *, every_s: float = 1.0, patience_s: float = 120.0
    ) -> Iterator[DatasetPrediction]:
        """A look every `every_s` seconds until it has ended; a restart of the service in between is waited for."""
        answered = time.monotonic()
        while True:
            try:
                seen = self.get(prediction_id)
                answered = time.monotonic()
                yield seen
                if seen.ended:
                    return
            except (Unreachable, Refused) as error:
                passing = isinstance(error, Unreachable) or error.status in {502, 503, 504}
                if not passing or time.monotonic() - answered > patience_s:
                    raise
            time.sleep(every_s)

    def download(self, prediction_id: str, target: str | Path) -> Path:
        """Write the result to `target`, whole or not at all: CSV, or Parquet when its name ends in .parquet.

        Raises Refused with 409 until the prediction has succeeded, and Unreachable when less arrived than was sent.
        """
        form = FORMS.get(Path(target).suffix.lower(), "csv")
        return download(self._http, self._url, f"{_own(prediction_id)}/result", target, format=form)


def _own(prediction_id: str) -> str:
    return f"{PATH}/{quote(prediction_id, safe='')}"
