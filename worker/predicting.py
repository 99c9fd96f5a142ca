"""The predicting process: reads its assignment, asks the model about every file of a data set, writes the result.

python -m worker.predicting ASSIGNMENT.json CHANNEL   # number of an inherited file descriptor; messages go out there
"""

import logging
import os
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from models.inference.portions import ROWS, TOKENS
from models.packed import PackedDataset
from models.training.report import Outcome, TrainingError
from worker.child_life import Channel, StopOnSignal, live
from worker.messages import Part, Predicted, PredictionAssignment, Results

if TYPE_CHECKING:
    from models.inference.predictor import Predictor
    from models.inference.results import Layout

log = logging.getLogger("octet.predicting")


class CheckpointChanged(TrainingError):
    """The checkpoint's file is not the one that was settled when the prediction was submitted."""


def carry_out(given: PredictionAssignment, channel: Channel, stop: StopOnSignal) -> Outcome | Results:
    """Predict as assigned. Raises CheckpointChanged, CheckpointError and PackedError with words to act on."""
    from models.inference.predictor import Predictor  # here: what cannot be read shall not wait for torch
    from models.inference.results import Layout
    from models.training.checkpoint import digest

    log.info("prediction %s, attempt %d, process %d", given.prediction_id, given.attempt, os.getpid())
    dataset = PackedDataset.open(given.dataset)
    predictor = Predictor.load(given.checkpoint)
    if predictor.digest != given.digest:
        raise CheckpointChanged(f"its digest is {predictor.digest}, not {given.digest}; submit the prediction anew")
    layout = Layout(predictor.targets, unlike=predictor.tells_unlike)
    parts = ResultParts(given, layout, channel, digest)
    log.info("from file %d of %d", parts.done, len(dataset))
    began, begun_at = time.monotonic(), parts.done
    while parts.done < len(dataset):
        if stop.requested() is not None:
            parts.close()
            return Outcome("stopped", parts.done)
        parts.add(_rows(layout, predictor, dataset, _batch(predictor, dataset, parts.done)))
        pace = (time.monotonic() - began) / (parts.done - begun_at)
        channel.say(Predicted(parts.done, pace * (len(dataset) - parts.done)))
    parts.close()
    return _results(given.folder, layout, parts.paths, digest)


@dataclass
class ResultParts:
    """The parts of the result: those of earlier attempts, and the one in the making."""

    given: PredictionAssignment
    layout: "Layout"
    channel: Channel
    digest: Any
    done: int = 0
    paths: list[Path] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.paths = [part.path for part in self.given.parts]
        self.done = sum(part.rows for part in self.given.parts)
        self._tables: list[Any] = []
        self._rows = 0
        self._due = time.monotonic() + self.given.save_s

    def add(self, table: Any) -> None:
        """Take the rows of a batch; the part is closed when it is large or old enough."""
        self._tables.append(table)
        self._rows += table.num_rows
        self.done += table.num_rows
        if self._rows >= self.layout.part_rows or time.monotonic() >= self._due:
            self.close()

    def close(self) -> None:
        """Write the part in the making, and tell of it. It stays where it is: the whole is made of it."""
        if self._tables:
            first = self.done - self._rows
            path = self.given.folder / f"part-{first}.parquet"
            self.layout.write_part(path, self._tables)
            self.paths.append(path)
            self.channel.say(Part(first, self._rows, path, self.digest(path)))
        self._tables, self._rows = [], 0
        self._due = time.monotonic() + self.given.save_s


def _batch(predictor: "Predictor", dataset: PackedDataset, first: int) -> range:
    """The next files that go through the model together; from the same file on always the same ones."""
    room = TOKENS - predictor.cost(int(dataset.lengths[first]))
    end = first + 1
    while end < min(first + ROWS, len(dataset)) and (cost := predictor.cost(int(dataset.lengths[end]))) <= room:
        room, end = room - cost, end + 1
    return range(first, end)


def _rows(layout: "Layout", predictor: "Predictor", dataset: PackedDataset, places: range) -> Any:
    """One batch as a table. Of a long file no more is touched than the model reads."""
    lengths = [int(dataset.lengths[at]) for at in places]
    wanted = None if predictor.whole else predictor.max_length
    files = [dataset.read(at)[:wanted] for at in places]
    ids = [dataset.ids[at] for at in places]
    unlike = [found.score for found in predictor.unlike(files) or ()]
    return layout.table(ids, lengths, [predictor.read(n) for n in lengths], predictor.arrays(files), unlike)


def _results(folder: Path, layout: "Layout", parts: list[Path], digest: Any) -> Results:
    csv, parquet = folder / "result.csv", folder / "result.parquet"
    layout.join(parts, parquet, csv)
    return Results(csv, digest(csv), parquet, digest(parquet))


if __name__ == "__main__":
    sys.exit(live(sys.argv[1:], PredictionAssignment, carry_out, "Predicting"))
