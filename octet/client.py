"""The client: one method per thing a user does with the service."""

import json
import os
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Self
from urllib.parse import quote

import httpx

from octet.errors import Refused, Unreachable
from octet.objects import Attempt, Checkpoint, Dataset, DatasetPrediction, Point, Prediction, Run
from octet.predictions import Predictions
from octet.proxies import is_own_machine, proxy_for
from octet.registry import Models
from octet.uploads import ARCHIVES, Content, FolderTar, Form, Held, OnDisk, OnSent, Part, readable
from octet.watching import PAGE, Seen, pages, watch

DEFAULT_URL = "http://127.0.0.1:8000"
SCHEMES = ("http://", "https://")
CONNECT_S = 10.0
# An answer to an upload comes when the data set is packed.
PACKING_S = 3600.0
# A busy service says when to come back; this often, and never longer than so many seconds, the client does.
BUSY_RETRIES = 5
BUSY_WAIT_S = 30.0


class Client:
    """A connection to one service; every method raises Unreachable or Refused.

    url: by default OCTET_URL, else http://127.0.0.1:8000. timeout_s: how long one answer may take. Not to be shared
    between threads.
    """

    def __init__(self, url: str | None = None, *, timeout_s: float = 120.0) -> None:
        self.url = (url or os.environ.get("OCTET_URL") or DEFAULT_URL).rstrip("/")
        if not self.url.lower().startswith(SCHEMES):
            address = self.url.rpartition("://")[2] or "HOST:PORT"
            raise Unreachable(self.url, f"this is no URL of a service: write http://{address}")
        try:
            self._proxy = proxy_for(self.url)
            self._http = httpx.Client(
                base_url=self.url,
                timeout=httpx.Timeout(timeout_s, connect=min(CONNECT_S, timeout_s)),
                trust_env=not is_own_machine(self.url),  # a proxy does not know this machine's services
            )
        except (ValueError, httpx.InvalidURL) as error:
            raise Unreachable(self.url, f"this is no URL: {error}") from error
        except ImportError as error:  # httpx, of a proxy whose protocol it does not speak
            raise Unreachable(self.url, str(error), self._proxy) from error
        self.predictions = Predictions(self.url, self._http, self._send, self._rows)
        self.models = Models(self._send, self._rows)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    # ---- data sets

    def upload(
        self,
        source: str | Path,
        labels: str | Path | None = None,
        name: str | None = None,
        *,
        folder_labels: str | None = None,
        id_column: str | None = None,
        types: Mapping[str, str] | None = None,
        leave_out: Iterable[str | Path] = (),
        on_sent: OnSent | None = None,
    ) -> Dataset:
        """Send files and their labels; the same content under the same name gives the data set that is there.

        source: a folder (sent as a tar made on the way) or an archive (.tar, plain or as .gz, .bz2, .xz,
        .zst, or .zip; sent as it is).
        labels: a CSV with a column of IDs (the files' stems, or names) and a column per target; id_column: what that
        column is called, when it is not ID. folder_labels, in place of labels: the name of a target whose classes are
        the names of the files' folders; neither: files to predict from, without a target. name: by default the source's
        own.
        types: target -> "categorical" or "continuous", where the values alone would say otherwise. leave_out: files of
        the folder that are not sent; the labels never are.
        Raises Refused: 409 when the name is taken by other content, 422 with faults for labels or archives that break a
        rule.
        """
        source = Path(source)
        name = name or data_set_name(source)
        tables = [] if labels is None else [Path(labels)]
        files: Content = FolderTar(source, [*tables, *map(Path, leave_out)]) if source.is_dir() else OnDisk(source)
        filename = f"{name}.tar" if source.is_dir() else source.name
        texts = {"name": name, "folder_labels": folder_labels, "id_column": id_column}
        texts["types"] = json.dumps(dict(types)) if types else None
        parts = [Part(key, Held(readable(text).encode())) for key, text in texts.items() if text]
        parts += [Part("labels", OnDisk(table), "labels.csv") for table in tables]
        form = Form([*parts, Part("archive", files, filename)])
        answer = self._send(
            "POST",
            "/datasets",
            content=form.pieces(on_sent),
            headers=form.headers,
            timeout=httpx.Timeout(PACKING_S, connect=CONNECT_S),
        )
        return Dataset.model_validate(answer.json())

    def datasets(self) -> list[Dataset]:
        """All data sets, page by page."""
        return [Dataset.model_validate(row) for row in self._rows("/datasets", "datasets")]

    def dataset(self, name: str) -> Dataset:
        """One data set, by name or id. Raises Refused with 404 when there is none."""
        return Dataset.model_validate(self.get_json(f"/datasets/{_part(name)}"))

    def dataset_problems(self, name: str) -> Iterator[dict[str, Any]]:
        """Every problem of a data set, by name or id, also those that the data set itself does not list."""
        path, after = f"/datasets/{_part(name)}/problems", 0
        while after is not None:
            page = self.get_json(path, after=after, limit=PAGE)
            yield from page["problems"]
            after = page["next"]

    def delete_dataset(self, name: str) -> None:
        """Delete it, by name or id; Refused with 409 while a run or a prediction uses it."""
        self._send("DELETE", f"/datasets/{_part(self.dataset(name).id)}")

    # ---- runs

    def submit(self, body: Mapping[str, Any], idempotency_key: str | None = None) -> Run:
        """Queue a run: EIR's trio (`globals`, `input`, `output`) or the short form (`dataset`, `target`).

        With a key of your own, the same call again gives the same run. Raises Refused with every fault of the body.
        """
        key = {"idempotency-key": idempotency_key} if idempotency_key else {}
        return Run.model_validate(self._send("POST", "/runs", json=body, headers=key).json())

    def check(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """What the service would choose for a body, and its size; nothing is queued."""
        answer: dict[str, Any] = self._send("POST", "/runs", json=body, params={"validate": "true"}).json()
        return answer

    def run(self, run_id: str) -> Run:
        """One run as it stands."""
        return Run.model_validate(self.get_json(f"/runs/{_part(run_id)}"))

    def runs(self, limit: int | None = None) -> list[Run]:
        """Runs, the newest first; all of them without a limit."""
        return [Run.model_validate(row) for row in self._rows("/runs", "runs", limit)]

    def pause(self, run_id: str) -> Run:
        """Let a run rest, at a checkpoint; the run as it is then (`pausing` until its worker has let go of it)."""
        return Run.model_validate(self._send("POST", f"/runs/{_part(run_id)}/pause").json())

    def resume(self, run_id: str) -> Run:
        """Let a paused run go on where it was; the run as it is then."""
        return Run.model_validate(self._send("POST", f"/runs/{_part(run_id)}/resume").json())

    def cancel(self, run_id: str) -> Run:
        """Ask a run to stop; what it has learnt stays."""
        self._send("POST", f"/runs/{_part(run_id)}/cancel")
        return self.run(run_id)

    def delete_run(self, run_id: str) -> None:
        """Remove a run and all that it left; Refused with 409 until it has ended, and while a model stands for it."""
        self._send("DELETE", f"/runs/{_part(run_id)}")

    def attempts(self, run_id: str) -> list[Attempt]:
        """Who worked on it, and why each ended."""
        return [Attempt.model_validate(row) for row in self._rows(f"/runs/{_part(run_id)}/attempts", "attempts")]

    def log(self, run_id: str, *, attempt: int | None = None, tail: int | None = None) -> str:
        """What its trainings have said so far: all attempts in order, or one alone; all lines, or the last `tail`."""
        wanted = {key: value for key, value in (("attempt", attempt), ("tail", tail)) if value is not None}
        return self._send("GET", f"/runs/{_part(run_id)}/log", params=wanted).text

    def checkpoints(self, run_id: str) -> list[Checkpoint]:
        """Its stored weights."""
        return [
            Checkpoint.model_validate(c) for c in self.get_json(f"/runs/{_part(run_id)}/checkpoints")["checkpoints"]
        ]

    def points(self, run_id: str, after: int = 0, *, name: str | None = None, split: str | None = None) -> list[Point]:
        """The metric values so far, after a cursor, of one metric or one split if wanted."""
        wanted = {key: value for key, value in (("name", name), ("split", split)) if value}
        return [point for page in pages(self, run_id, after, **wanted) for point in page]

    def watch(self, run_id: str, after: int = 0, *, every_s: float = 1.0, patience_s: float = 120.0) -> Iterator[Seen]:
        """Follow a run to its end; a restart of the service in between is waited for, up to `patience_s` seconds."""
        return watch(self, run_id, after, every_s, patience_s)

    def curve(
        self,
        run_id: str,
        metric: str,
        form: str = "svg",
        *,
        target: str | None = None,
        beside: Sequence[str] = (),
        theme: str = "light",
        log: bool = False,
    ) -> bytes:
        """A metric over the steps as a picture, svg or png, with other runs over it, on light or dark paper."""
        asked: dict[str, str] = {"theme": theme, "log": str(log).lower()}
        asked |= {"target": target} if target else {}
        asked |= {"runs": ",".join(beside)} if beside else {}
        return self._send("GET", f"/runs/{_part(run_id)}/curves/{_part(metric)}.{form}", params=asked).content

    # ---- predictions

    def predict(
        self,
        file: bytes | str | Path,
        *,
        run: str | None = None,
        model: str | None = None,
        checkpoint: int | None = None,
    ) -> Prediction:
        """What a run's best weights see in one file (a path is streamed, bytes are sent).

        run: an id; model: a name of the registry or of a run; neither: the service's default. checkpoint: the step of
        one of the run's, in place of its best.
        """
        asked = _which(run, model, checkpoint)
        content: Content = Held(file) if isinstance(file, bytes) else OnDisk(Path(file))
        headers = {"content-type": "application/octet-stream", "content-length": str(content.size)}
        answer = self._patiently(
            lambda: self._send("POST", "/predict", content=content.pieces(), headers=headers, params=asked)
        )
        return Prediction.model_validate(answer.json())

    def predict_many(
        self,
        files: Sequence[tuple[str, bytes | str | Path]],
        *,
        run: str | None = None,
        model: str | None = None,
        checkpoint: int | None = None,
    ) -> list[Prediction]:
        """The same for several (name, file) in one request, in their order."""
        asked = _which(run, model, checkpoint)
        parts = [Part("file", Held(f) if isinstance(f, bytes) else OnDisk(Path(f)), name) for name, f in files]
        form = Form(parts)
        answer = self._patiently(
            lambda: self._send("POST", "/predict", content=form.pieces(), headers=form.headers, params=asked)
        )
        return [Prediction.model_validate(p) for p in answer.json()["predictions"]]

    def predict_dataset(
        self, dataset: str, target: str | Path, *, run: str | None = None, model: str | None = None
    ) -> DatasetPrediction:
        """What a run's best weights see in every file of a data set, as a CSV or .parquet file; returns at its end.

        It goes on in the service whatever becomes of this client; `predictions` has each step on its own.
        """
        job = self.predictions.submit(dataset, run=run, model=model)
        for seen in self.predictions.watch(job.id):
            job = seen
        self.predictions.download(job.id, target)
        return job

    # ---- HTTP

    def ready(self) -> bool:
        """True when the service takes work."""
        try:
            return self._http.get("/health/ready").status_code == 200
        except httpx.TransportError:
            return False

    def problem_type(self, rule: str) -> dict[str, Any]:
        """What the `rule` of a Refused means: its `cause` and its `mend`."""
        found: dict[str, Any] = self._send(
            "GET", f"/problems/{_part(rule)}", headers={"accept": "application/json"}
        ).json()
        return found

    def get_json(self, path: str, **params: str | int) -> Any:
        """The JSON at a path, for what has no method here."""
        return self._send("GET", path, params=params).json()

    def _rows(self, path: str, key: str, limit: int | None = None) -> Iterable[Any]:
        rows: list[Any] = []
        cursor: Any = None
        while limit is None or len(rows) < limit:
            wanted = PAGE if limit is None else min(PAGE, limit - len(rows))
            answer = self.get_json(path, limit=wanted, **({} if cursor is None else {"after": cursor}))
            rows += answer[key]
            cursor = answer.get("next")
            if cursor is None or not answer[key]:
                break
        return rows[:limit]

    def _patiently(self, request: Callable[[], httpx.Response]) -> httpx.Response:
        """Send again while the service is busy (503 with Retry-After); each time anew, since bodies stream."""
        for _ in range(BUSY_RETRIES):
            try:
                return request()
            except Refused as refused:
                if refused.status != 503 or refused.retry_after_s is None:
                    raise
                time.sleep(min(refused.retry_after_s, BUSY_WAIT_S))
        return request()

    def _send(self, method: str, path: str, **more: Any) -> httpx.Response:
        try:
            response = self._http.request(method, path, **more)
        except httpx.TransportError as error:
            raise Unreachable(self.url, str(error) or type(error).__name__, self._proxy) from error
        if response.is_error:
            raise Refused.of(response)
        return response


def data_set_name(source: Path) -> str:
    """What a data set is called when nobody says: the folder's name, or the archive's without its endings."""
    name = source.resolve().name
    return next((name[: -len(end)] for end in ARCHIVES if name.lower().endswith(end)), name)


def _part(name: str) -> str:
    """One part of a path, whatever stands in it; '.' and '..' too, which httpx would resolve."""
    return quote(name, safe="") if name.strip(".") else "%2E" * len(name)


def _which(run: str | None, model: str | None, checkpoint: int | None) -> dict[str, str | int]:
    asked = {"run": run, "model": model, "checkpoint": checkpoint}
    return {key: value for key, value in asked.items() if value is not None}
