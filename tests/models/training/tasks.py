"""Tiny data sets that a child could learn, small configs that learn them, and a recorder of what training says."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from models.config import PlanRequest, RunConfig
from models.packed import LabelTable, PackedDataset, PackWriter
from models.training.build import open_job
from models.training.loop import train
from models.training.plan import choose_for_device
from models.training.report import Outcome, Plan, Point, Progress, Saved


def pack_of(
    folder: Path, files: dict[str, bytes], labels: dict[str, Sequence[Any]], declared: Any = None
) -> PackedDataset:
    """A pack of these files; labels: by target, one per file in the same order."""
    with PackWriter(folder) as writer:
        for name, content in files.items():
            writer.add(name, f"{name}.bin", [content])
        return writer.finish(LabelTable.of(files, labels))


def sides(count: int = 96, *, classes: int = 2, seed: int = 1) -> tuple[dict[str, bytes], dict[str, list[Any]]]:
    """Files of 16 to 40 bytes, each from one range of byte values (`side`), of which a part (`level`) is 255."""
    draw = np.random.default_rng(seed)
    files: dict[str, bytes] = {}
    side: list[Any] = []
    level: list[Any] = []
    for i in range(count):
        kind, share, length = i % classes, 0.8 * draw.random(), int(draw.integers(16, 40))
        content = draw.integers(200 // classes * kind, 200 // classes * (kind + 1), length)
        content[: round(share * length)] = 255
        files[f"f{i:03d}"] = bytes(draw.permutation(content).astype(np.uint8))
        side.append("abcdefghij"[kind])
        level.append(round(share * length) / length * 10 + 0.001)
    return files, {"side": side, "level": level}


def config_of(
    *,
    cat: Sequence[str] = (),
    con: Sequence[str] = (),
    globals: dict[str, dict[str, Any]] | None = None,
    model: dict[str, Any] | None = None,
    output: dict[str, Any] | None = None,
    head: dict[str, Any] | None = None,
    max_length: int = 40,
    crop: str = "uniform",
) -> RunConfig:
    """A small sequence-default; globals and the rest overrule single keys."""
    sections: dict[str, dict[str, Any]] = {
        "basic_experiment": {"n_epochs": 3, "batch_size": 16, "valid_size": 0.25},
        "optimization": {"lr": 3e-3},
        "lr_schedule": {"lr_schedule": "cosine", "warmup_steps": 5},
        "training_control": {"early_stopping_patience": 0},
        "evaluation_checkpoint": {"sample_interval": 5},
    }
    for name, values in (globals or {}).items():
        sections[name] = {**sections.get(name, {}), **values}
    extractor = {
        "embedding_dim": 16,
        "window_size": 8,
        "pool": "avg",
        "model_init_config": {"num_heads": 2, "num_layers": 1},
    }
    blocks = {"layers": [1], "fc_task_dim": 16}
    return RunConfig.model_validate(
        {
            "dataset": "tiny",
            "globals": sections,
            "input": {
                "input_info": {"input_source": "tiny"},
                "input_type_info": {"max_length": max_length, "sampling_strategy_if_longer": crop},
                "model_config": {**extractor, **(model or {})},
            },
            "fusion": {"model_config": blocks},
            "output": {
                "output_type_info": {
                    "target_cat_columns": list(cat),
                    "target_con_columns": list(con),
                    **(output or {}),
                },
                "model_config": {"model_init_config": blocks, **(head or {})},
            },
        }
    )


def trained(
    config: RunConfig,
    dataset: PackedDataset,
    folder: Path,
    *,
    plan: PlanRequest | Plan | None = None,
    resume: Path | None = None,
    stop_at: int | None = None,
    deadline_s: float | None = None,
) -> "Recorder":
    """One run, on one thread, to its end or to the step where it is asked to stop."""
    if not isinstance(plan, Plan):
        wanted = (plan or PlanRequest()).model_copy(update={"threads": 1})
        plan = choose_for_device(config, dataset, request=wanted)
    recorder = Recorder(stop_at=stop_at)
    job = open_job(config, dataset, plan, folder, resume=resume, deadline_s=deadline_s)
    recorder.outcome = train(job, recorder, recorder)
    return recorder


@dataclass
class Recorder:
    """A Report that keeps everything, in order; and a Stop that asks for an end after `stop_at` steps."""

    stop_at: int | None = None
    plan: Plan | None = None
    heard: list[Any] = field(default_factory=list)
    step: int = 0
    outcome: Outcome | None = None

    def planned(self, plan: Plan) -> None:
        self.plan = plan

    def points(self, points: Sequence[Point]) -> None:
        self.heard.extend(points)

    def progress(self, progress: Progress) -> None:
        self.step = progress.step

    def saved(self, saved: Saved) -> None:
        self.heard.append(saved)

    def requested(self) -> str | None:
        return "asked" if self.stop_at is not None and self.step >= self.stop_at else None

    def kept(self, kind: str) -> list[Saved]:
        """The checkpoints of a kind, in order."""
        return [item for item in self.heard if isinstance(item, Saved) and item.kind == kind]

    def values(self, split: str | None = None, name: str | None = None, target: str | None = None) -> list[Point]:
        """The points, in order; of a split, of a name, of a target."""
        points = [item for item in self.heard if isinstance(item, Point)]
        return [p for p in points if split in (None, p.split) and name in (None, p.name) and target in (None, p.target)]

    def last(self, name: str, target: str) -> float:
        """The last validation's value."""
        return self.values("valid", name, target)[-1].value
