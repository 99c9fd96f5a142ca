"""The client: one method per thing a user does with the service."""

import json
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import httpx

from octet.connection import CONNECT_S, DEFAULT_URL, Connection, part
from octet.downloads import download
from octet.errors import RunFailed
from octet.labels import Labels, csv_of
from octet.objects import Attempt, Checkpoint, Dataset, DatasetPrediction, Point, Prediction, Run, id_of
from octet.predictions import Predictions
from octet.registry import Models
from octet.uploads import ARCHIVES, FolderTar, Form, Held, NamedTar, OnDisk, OnSent, Part, content_of, readable
from octet.watching import PAGE, Seen, follow, pages

__all__ = ["DEFAULT_URL", "Client", "Named", "data_set_name"]

# An answer to an upload comes when the data set is packed.
PACKING_S = 3600.0

Named: TypeAlias = tuple[str, bytes | str | Path] | str | Path
"""A file under a name of one's own, or the path of one, whose name it keeps."""


class Client(Connection):
    """A connection to one service; every method raises Unreachable or Refused.

    url: by default OCTET_URL, else http://127.0.0.1:8000. timeout_s: how long one answer may take. Where a run is
    asked for, the Run does as well as its id; so does a Dataset for its name. Not to be shared between threads.

        with Client() as octet:
            reviews = octet.upload("reviews/", labels="labels.csv")
            run = octet.train(reviews, "Sentiment")
            for point in octet.watch(run):
                print(point.step, point.split, point.name, point.value)
            print(octet.predict("review.txt", run=run).answer().label)
    """

    def __init__(self, url: str | None = None, *, timeout_s: float = 120.0) -> None:
        super().__init__(url, timeout_s=timeout_s)
        self.predictions = Predictions(self.url, self._http, self._send, self._rows)
        self.models = Models(self._send, self._rows)

    # ---- data sets

    def upload(
        self,
        source: str | Path | Mapping[str, bytes | str | Path],
        labels: Labels | None = None,
        name: str | None = None,
        *,
        target: str | None = None,
        folder_labels: str | None = None,
        id_column: str | None = None,
        types: Mapping[str, str] | None = None,
        leave_out: Iterable[str | Path] = (),
        on_sent: OnSent | None = None,
    ) -> Dataset:
        """Send files and their labels; the same content under the same name gives the data set that is there.

        source: a folder (sent as a tar made on the way), an archive (.tar, plain or as .gz, .bz2, .xz, .zst, or .zip;
        sent as it is), or names with their bytes or paths: `{"a.txt": b"...", "b.txt": "notes/b.txt"}`.
        labels: the path of a CSV with a column of IDs (the files' names, with or without their ending) and a column per
        target; or the same as Python has it: `{"a": "spam", "b": "ham"}` or `[("a", "spam"), ...]` with `target="kind"`
        for its name, `{"a": {"kind": "spam", "size": 3}}`, rows, a DataFrame. id_column: what the column of IDs is
        called, when it is not ID. folder_labels, in place of labels: the name of a target whose classes are the names
        of the files' folders; neither: files to predict from, without a target. name: by default the source's own.
        types: target -> "categorical" or "continuous", where the values alone would say otherwise. leave_out: files of
        the folder that are not sent; the labels never are. on_sent: called with (bytes sent, bytes in all).
        Raises Conflict when the name is taken by other content, Invalid with faults for labels or archives that break a
        rule, and ValueError for labels that are none of these.
        """
        tables = [Path(labels)] if isinstance(labels, str | Path) else []
        name, archive = _archive(source, name, [*tables, *map(Path, leave_out)])
        texts = {"name": name, "folder_labels": folder_labels, "id_column": id_column}
        texts["types"] = json.dumps(dict(types)) if types else None
        parts = [Part(key, Held(readable(text).encode())) for key, text in texts.items() if text]
        if labels is not None:
            parts.append(Part("labels", csv_of(labels, target, id_column), "labels.csv"))
        form = Form([*parts, archive])
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
        """One data set, by name or id. Raises NotFound when there is none."""
        return Dataset.model_validate(self.get_json(f"/datasets/{part(name)}"))

    def dataset_problems(self, name: str) -> Iterator[dict[str, Any]]:
        """Every problem of a data set, by name or id, also those that the data set itself does not list."""
        path, after = f"/datasets/{part(name)}/problems", 0
        while after is not None:
            page = self.get_json(path, after=after, limit=PAGE)
            yield from page["problems"]
            after = page["next"]

    def delete_dataset(self, name: str) -> None:
        """Delete it, by name or id; raises Conflict while a run or a prediction uses it."""
        self._send("DELETE", f"/datasets/{part(self.dataset(name).id)}")

    # ---- runs

    def train(
        self,
        dataset: Dataset | str,
        target: str | Sequence[str],
        *,
        max_runtime_s: float | None = None,
        name: str | None = None,
        idempotency_key: str | None = None,
        **more: Any,
    ) -> Run:
        """Queue a run that learns one target of a data set, or several; all else is chosen from the data.

        max_runtime_s: what it may take. more: other keys of the short form, e.g. `seed=1`, `valid_size=0.2`.
        Raises Invalid with every fault.
        """
        given = {"max_runtime_s": max_runtime_s, "name": name}
        body = {
            "dataset": dataset.name if isinstance(dataset, Dataset) else dataset,
            "targets": [target] if isinstance(target, str) else list(target),
            **{key: value for key, value in given.items() if value is not None},
            **more,
        }
        return self.submit(body, idempotency_key)

    def submit(self, body: Mapping[str, Any], idempotency_key: str | None = None) -> Run:
        """Queue a run: EIR's trio (`globals`, `input`, `output`) or the short form (`dataset`, `target`).

        With a key of your own, the same call again gives the same run. Raises Invalid with every fault of the body.
        """
        key = {"idempotency-key": idempotency_key} if idempotency_key else {}
        return Run.model_validate(self._send("POST", "/runs", json=body, headers=key).json())

    def check(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """What the service would choose for a body, and its size; nothing is queued."""
        answer: dict[str, Any] = self._send("POST", "/runs", json=body, params={"validate": "true"}).json()
        return answer

    def run(self, run: Run | str) -> Run:
        """One run as it stands."""
        return Run.model_validate(self.get_json(_at(run)))

    def runs(self, limit: int | None = None) -> list[Run]:
        """Runs, the newest first; all of them without a limit."""
        return [Run.model_validate(row) for row in self._rows("/runs", "runs", limit)]

    def pause(self, run: Run | str) -> Run:
        """Let a run rest, at a checkpoint; the run as it is then (`pausing` until its worker has let go of it)."""
        return Run.model_validate(self._send("POST", f"{_at(run)}/pause").json())

    def resume(self, run: Run | str) -> Run:
        """Let a paused run go on where it was; the run as it is then."""
        return Run.model_validate(self._send("POST", f"{_at(run)}/resume").json())

    def cancel(self, run: Run | str) -> Run:
        """Ask a run to stop; what it has learnt stays."""
        self._send("POST", f"{_at(run)}/cancel")
        return self.run(run)

    def delete_run(self, run: Run | str) -> None:
        """Remove a run and all that it left; raises Conflict until it has ended, and while a model stands for it."""
        self._send("DELETE", _at(run))

    def attempts(self, run: Run | str) -> list[Attempt]:
        """Who worked on it, and why each ended."""
        return [Attempt.model_validate(row) for row in self._rows(f"{_at(run)}/attempts", "attempts")]

    def log(self, run: Run | str, *, attempt: int | None = None, tail: int | None = None) -> str:
        """What its trainings have said so far: all attempts in order, or one alone; all lines, or the last `tail`."""
        wanted = {key: value for key, value in (("attempt", attempt), ("tail", tail)) if value is not None}
        return self._send("GET", f"{_at(run)}/log", params=wanted).text

    def checkpoints(self, run: Run | str) -> list[Checkpoint]:
        """Its stored weights."""
        return [Checkpoint.model_validate(c) for c in self.get_json(f"{_at(run)}/checkpoints")["checkpoints"]]

    def download(self, run: Run | str, step: int, target: str | Path) -> Path:
        """Write the weights of a stored step, a safetensors file that `python -m models predict` reads."""
        return download(self._http, self.url, f"{_at(run)}/checkpoints/{step}/weights", target)

    # ---- what is measured

    def watch(
        self,
        run: Run | str,
        after: int = 0,
        *,
        name: str | None = None,
        split: str | None = None,
        every_s: float = 1.0,
        patience_s: float = 120.0,
    ) -> Iterator[Point]:
        """Every point of a run, each once, as it is measured, until the run has ended; of one metric or one split only.

        after: the cursor of the last point that is known already. A restart of the service in between is waited for,
        up to `patience_s` seconds; so is the end of a pause, however long. `follow` tells how far the run is, too.
        """
        for seen in self.follow(run, after, every_s=every_s, patience_s=patience_s):
            for point in seen.points:
                if name in (None, point.name) and split in (None, point.split):
                    yield point

    def follow(
        self, run: Run | str, after: int = 0, *, every_s: float = 1.0, patience_s: float = 120.0
    ) -> Iterator[Seen]:
        """A look every `every_s` seconds to the run's end: the run as it stands, and the points that are new."""
        return follow(self, id_of(run), after, every_s, patience_s)

    def wait(self, run: Run | str, *, timeout_s: float | None = None) -> Run:
        """The run when it has ended. Raises RunFailed when it failed, TimeoutError when it takes longer than this."""
        until = None if timeout_s is None else time.monotonic() + timeout_s
        for seen in self.follow(run):
            if seen.run.status == "failed":
                raise RunFailed(seen.run)
            if seen.run.ended:
                return seen.run
            if until is not None and time.monotonic() > until:
                break
        raise TimeoutError(f"run {id_of(run)} has not ended within {timeout_s} s")

    def points(
        self, run: Run | str, after: int = 0, *, name: str | None = None, split: str | None = None
    ) -> list[Point]:
        """The metric values so far, after a cursor, of one metric or one split if wanted."""
        wanted = {key: value for key, value in (("name", name), ("split", split)) if value}
        return [point for page in pages(self, id_of(run), after, **wanted) for point in page]

    def series(
        self, run: Run | str, metric: str, *, split: str = "valid", target: str | None = None
    ) -> tuple[list[int], list[float]]:
        """The steps and values of a metric, ready to be plotted or made arrays of.

        target: which one, where several have the metric; left out: over all targets, else the only one. Raises
        NotFound, with the metrics that there are, and ValueError where a target must be named.
        """
        found = self.points(run, name=metric.lower(), split=split)
        if not found:
            self.curve(run, metric, target=target)  # refuses, and names the metrics that there are
        have = {point.target for point in found}
        if target is None and None not in have and len(have) > 1:
            raise ValueError(f"{metric} is known of {', '.join(sorted(map(str, have)))}: name one, as target=")
        wanted = target if target is not None or None in have else next(iter(have), None)
        chosen = sorted((point.step, point.value) for point in found if point.target == wanted)
        return [step for step, _ in chosen], [value for _, value in chosen]

    def curve(
        self,
        run: Run | str,
        metric: str,
        form: str = "svg",
        *,
        target: str | None = None,
        beside: Sequence[Run | str] = (),
        theme: str = "light",
        log: bool = False,
    ) -> bytes:
        """A metric over the steps as a picture, svg or png, with other runs over it, on light or dark paper."""
        asked: dict[str, str] = {"theme": theme, "log": str(log).lower()}
        asked |= {"target": target} if target else {}
        asked |= {"runs": ",".join(map(id_of, beside))} if beside else {}
        return self._send("GET", f"{_at(run)}/curves/{part(metric)}.{form}", params=asked).content

    # ---- predictions

    def predict(
        self,
        file: bytes | str | Path,
        *,
        run: Run | str | None = None,
        model: str | None = None,
        checkpoint: int | None = None,
    ) -> Prediction:
        """What a run's best weights see in one file (a path is streamed, bytes are sent).

        run: a run or its id; model: a name of the registry or of a run; neither: the service's default. checkpoint: the
        step of one of the run's, in place of its best.
        """
        asked = _which(run, model, checkpoint)
        content = content_of(file)
        headers = {"content-type": "application/octet-stream", "content-length": str(content.size)}
        answer = self._patiently(
            lambda: self._send("POST", "/predict", content=content.pieces(), headers=headers, params=asked)
        )
        return Prediction.model_validate(answer.json())

    def predict_many(
        self,
        files: Iterable[Named],
        *,
        run: Run | str | None = None,
        model: str | None = None,
        checkpoint: int | None = None,
    ) -> list[Prediction]:
        """The same for several in one request, in their order: paths, or (name, bytes or path).

        An answer's `name` is its file's; one that could not be answered has an `error` and no outputs.
        """
        asked = _which(run, model, checkpoint)
        named = [file if isinstance(file, tuple) else (Path(file).name, file) for file in files]
        form = Form([Part("file", content_of(file), name) for name, file in named])
        answer = self._patiently(
            lambda: self._send("POST", "/predict", content=form.pieces(), headers=form.headers, params=asked)
        )
        return [Prediction.model_validate(p) for p in answer.json()["predictions"]]

    def predict_dataset(
        self,
        dataset: Dataset | str,
        target: str | Path,
        *,
        run: Run | str | None = None,
        model: str | None = None,
    ) -> DatasetPrediction:
        """What a run's best weights see in every file of a data set, as a CSV or .parquet file; returns at its end.

        It goes on in the service whatever becomes of this client; `predictions` has each step on its own.
        """
        name = dataset.name if isinstance(dataset, Dataset) else dataset
        job = self.predictions.submit(name, run=run, model=model)
        for seen in self.predictions.watch(job.id):
            job = seen
        self.predictions.download(job.id, target)
        return job


def _archive(
    source: str | Path | Mapping[str, bytes | str | Path], name: str | None, leave_out: Sequence[Path]
) -> tuple[str, Part]:
    """The data set's name, and what is sent as its archive. Raises ValueError for files without a name."""
    if isinstance(source, Mapping):
        if not name:
            raise ValueError("files in memory have no name of their own: give one, as name=")
        return name, Part("archive", NamedTar(source), f"{name}.tar")
    source = Path(source)
    name = name or data_set_name(source)
    if source.is_dir():
        return name, Part("archive", FolderTar(source, leave_out), f"{name}.tar")
    return name, Part("archive", OnDisk(source), source.name)


def data_set_name(source: Path) -> str:
    """What a data set is called when nobody says: the folder's name, or the archive's without its endings."""
    name = source.resolve().name
    return next((name[: -len(end)] for end in ARCHIVES if name.lower().endswith(end)), name)


def _at(run: Run | str) -> str:
    """The path of a run."""
    return f"/runs/{part(id_of(run))}"


def _which(run: Run | str | None, model: str | None, checkpoint: int | None) -> dict[str, str | int]:
    asked = {"run": None if run is None else id_of(run), "model": model, "checkpoint": checkpoint}
    return {key: value for key, value in asked.items() if value is not None}
