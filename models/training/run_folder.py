"""A run's folder, for training without the service: points.jsonl, config.json, plan.json, used.json, checkpoints/."""

import json
import math
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Literal

from models.config import Chosen, dump_config
from models.training.checkpoint import read_header
from models.training.guessing import warnings_of
from models.training.report import Outcome, Plan, Point, Progress, Saved, TrainingError

PLAN = "plan.json"
RESUMES_KEPT = 2
NOTE_EVERY_S = 1.0
"""How old the seconds in used.json may be when a run is killed."""
SHOWN = ("acc", "r2")
"""Metrics of single targets that are worth a place in a line."""


class FolderInUse(TrainingError):
    """The folder already holds a run, or holds none to resume."""


class RunFolder:
    """A Report that writes to a folder and says a line per validation to standard error.

    Of the `best` checkpoints the n_saved_models with the highest average stay (of equals those of the lower loss, then
    the earlier), of the `resume` ones the newest two. From its making on, time counts as the run's.
    """

    def __init__(self, folder: Path, chosen: Chosen, clock: Callable[[], float] = time.monotonic) -> None:
        self.folder = folder
        self.checkpoints = folder / "checkpoints"
        self._points, self._plan, self._used = folder / "points.jsonl", folder / PLAN, folder / "used.json"
        self._config = {"config": dump_config(chosen.config), "reasons": chosen.reasons, "notes": chosen.notes}
        self._epochs = chosen.config.globals.basic_experiment.n_epochs
        self._keep = chosen.config.globals.evaluation_checkpoint.n_saved_models
        self._eta_s: float | None = None
        self._steps = 0
        self._clock, self._began, self._earlier_s = clock, clock(), 0.0
        self._noted = self._began

    def begin(self) -> None:
        """A new run. Raises FolderInUse when there is one already."""
        if self._plan.exists():
            raise FolderInUse(
                f"{self.folder} holds a run already; add --resume to go on with it, or name another folder"
            )
        self.checkpoints.mkdir(parents=True, exist_ok=True)
        self._points.touch()
        _write_json(self.folder / "config.json", self._config)

    def go_on(self) -> tuple[Plan, Path | None]:
        """The plan and the newest state (None: killed before its first) of the run here. Raises FolderInUse: no run.

        Points after that state are dropped: the resumed run says them again.
        """
        if not self._plan.exists():
            raise FolderInUse(f"{self.folder} holds no run to resume; leave out --resume to start one")
        states = sorted(self.checkpoints.glob("resume-*.safetensors"), key=_step_of)
        state, step = (states[-1], _step_of(states[-1])) if states else (None, 0)
        lines = self._points.read_text().splitlines(keepends=True)
        kept = [line for line in lines if line.endswith("\n") and json.loads(line)["step"] <= step]
        _write(self._points, "".join(kept))
        if self._used.exists():
            self._earlier_s = json.loads(self._used.read_bytes())["seconds"]
        return Plan.model_validate_json(self._plan.read_bytes()), state

    def used_s(self) -> float:
        """Seconds that the run has taken, over all its attempts."""
        return self._earlier_s + self._clock() - self._began

    def best(self) -> Path | None:
        """The served checkpoint with the highest average so far."""
        ranked = self._ranked()
        return ranked[0] if ranked else None

    def warnings(self, outcome: Outcome) -> list[str]:
        """What to say of a run that came to its end: see models.training.guessing."""
        best, plan = self.best(), Plan.model_validate_json(self._plan.read_bytes())
        metrics: dict[str, dict[str, float]] = {}
        for line in self._points.read_text().splitlines() if best else ():
            point = json.loads(line)
            if point["split"] == "valid" and best is not None and point["step"] == _step_of(best):
                metrics.setdefault(point["target"] or "", {})[point["name"]] = point["value"]
        return warnings_of(plan, metrics, step=outcome.step, epochs=self._epochs, stopped=outcome.reason)

    def planned(self, plan: Plan) -> None:
        """See models.training.report.Report."""
        _write_json(self._plan, plan.model_dump())
        self._steps = plan.steps
        for note in plan.split.notes if plan.split else ():
            print(f"split: {note}", file=sys.stderr)

    def points(self, points: Sequence[Point]) -> None:
        """See models.training.report.Report."""
        with self._points.open("a") as file:
            file.writelines(json.dumps(asdict(point)) + "\n" for point in points)
        shown = [p for p in points if p.split == "valid" and (p.target is None or p.name in SHOWN)]
        if shown:
            said = "  ".join(f"{p.target + ' ' if p.target else ''}{p.name} {p.value:.4g}" for p in shown)
            left = "" if self._eta_s is None else f"  ({self._eta_s:.0f} s left)"
            print(f"step {shown[0].step}/{self._steps}  {said}{left}", file=sys.stderr, flush=True)

    def progress(self, progress: Progress) -> None:
        """See models.training.report.Report."""
        self._eta_s = progress.eta_s
        if self._clock() - self._noted >= NOTE_EVERY_S:
            self._note_used()

    def saved(self, saved: Saved) -> None:
        """See models.training.report.Report."""
        if saved.kind == "best":
            surplus = self._ranked()[self._keep :]
        else:
            surplus = sorted(self.checkpoints.glob("resume-*.safetensors"), key=_step_of)[:-RESUMES_KEPT]
        for path in surplus:
            path.unlink()
        self._note_used()

    def _note_used(self) -> None:
        _write_json(self._used, {"seconds": self.used_s()})
        self._noted = self._clock()

    def _ranked(self) -> list[Path]:
        """Served checkpoints, the best first."""
        headers = {p: read_header(p, "octet-model") for p in self.checkpoints.glob("best-*.safetensors")}
        ranks = {p: (-kept["average"], kept.get("loss", math.inf), _step_of(p)) for p, kept in headers.items()}
        return sorted(ranks, key=ranks.__getitem__)


def planned_device(folder: Path) -> Literal["cpu", "cuda"] | None:
    """The device of the run in a folder, for which its config was chosen; None: there is no run."""
    plan = folder / PLAN
    return Plan.model_validate_json(plan.read_bytes()).device if plan.exists() else None


def _step_of(path: Path) -> int:
    return int(path.stem.rpartition("-")[2])


def _write_json(path: Path, values: dict[str, Any]) -> None:
    _write(path, json.dumps(values, indent=2) + "\n")


def _write(path: Path, text: str) -> None:
    """All or nothing: a killed run shall leave no half of a file."""
    unfinished = path.with_name(path.name + ".part")
    unfinished.write_text(text)
    unfinished.replace(path)
