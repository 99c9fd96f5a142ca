"""TrainState: all that a resume needs, and its way to disk and back."""

import json
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from torch import Tensor, nn

from models.config import RunConfig, TargetSpec, dump_config
from models.nn.network import Network
from models.training import checkpoint
from models.training.average import WeightAverage
from models.training.checkpoint import CheckpointError
from models.training.divergence import Course
from models.training.early_stop import EarlyStopState
from models.training.evaluate import Evaluation
from models.training.objectives import Objective
from models.training.optimisers import Optimisers
from models.training.report import Plan, Saved
from models.training.schedules import PlateauState


@dataclass
class TrainState:
    """Where training stands after `step` steps.

    prepared: what comes before the first step is done. held_out: what the wide branch says of the validation files, by
    target (V, outputs), from a fit that did not see them; the model's own one did.
    last: the newest validation, at step `evaluated`. written: the step of the newest best checkpoint.
    sums: of training since the last training point. Random numbers are not here: they follow from (seed, step).
    """

    model: Network
    objective: Objective
    optimisers: Optimisers
    sums: dict[str, Tensor]
    average: WeightAverage | None = None
    prepared: bool = False
    held_out: dict[str, Tensor] = field(default_factory=dict)
    step: int = 0
    plateau: PlateauState = field(default_factory=PlateauState)
    early_stop: EarlyStopState = field(default_factory=EarlyStopState)
    course: Course = field(default_factory=Course)
    last: Evaluation | None = None
    evaluated: int = 0
    written: int = 0

    def measured_weights(self) -> AbstractContextManager[None]:
        """Within it the model has the weights that validation measures and a `best` checkpoint keeps."""
        return nullcontext() if self.average is None else self.average.in_place()


@dataclass(frozen=True)
class Identity:
    """What a run is about: a state may only go on under the same config, plan and split, on the same data."""

    config: RunConfig
    plan: Plan
    targets: list[TargetSpec]
    dataset: str
    split: str

    def header(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "config": dump_config(self.config),
            "dataset": self.dataset,
            "targets": [target.to_dict() for target in self.targets],
            "plan": self.plan.model_dump(exclude={"reasons", "measured", "split"}),
            "split": self.split,
        }


def save_model(state: TrainState, identity: Identity, folder: Path) -> Saved:
    """Write the `best` file: weights and all that a prediction needs. state.last is the validation at this step."""
    assert state.last is not None, "a best checkpoint follows a validation"
    whole = identity.header()
    header = {
        "step": state.step,
        "average": state.last.score,
        "loss": state.last.values[None]["loss"],
        "config": whole["config"],
        "targets": whole["targets"],
    }
    path = folder / f"best-{state.step}.safetensors"
    digest, size = checkpoint.write(path, "octet-model", header, state.model.state_dict())
    state.written = state.step
    metrics = {target or "": values for target, values in state.last.values.items()}
    return Saved("best", state.step, path, digest, size, state.last.score, metrics)


def save_state(state: TrainState, identity: Identity, folder: Path) -> Saved:
    """Write the `resume` file of this step: the whole state."""
    tensors, numbers = _gather(state)
    header = {
        **identity.header(),
        "step": state.step,
        "prepared": state.prepared,
        "plateau": asdict(state.plateau),
        "early_stop": asdict(state.early_stop),
        "course": asdict(state.course),
        "last": _evaluation_out(state.last),
        "evaluated": state.evaluated,
        "written": state.written,
        "optimiser": numbers,
        "average": 0 if state.average is None else state.average.updates,
    }
    path = folder / f"resume-{state.step}.safetensors"
    digest, size = checkpoint.write(path, "octet-train-state", header, tensors)
    return Saved("resume", state.step, path, digest, size, None, {})


def load_state(state: TrainState, identity: Identity, path: Path) -> None:
    """Put a `resume` file into a fresh state, in place. Raises CheckpointError: other config, plan, targets or data."""
    header, tensors = checkpoint.read(path, "octet-train-state")
    for name, ours in json.loads(json.dumps(identity.header())).items():
        if header.get(name) != ours:
            raise CheckpointError(f"{path}: written under another {name}; resume with the same one, or start anew")
    try:
        _scatter(state, tensors, header["optimiser"])
        if state.average is not None:
            state.average.load(_under("average.", tensors), header["average"])
        state.prepared = header["prepared"]
        state.step, state.evaluated, state.written = header["step"], header["evaluated"], header["written"]
        state.plateau = PlateauState(**header["plateau"])
        state.early_stop = EarlyStopState(**header["early_stop"])
        state.course = Course(**header.get("course", {}))  # files of before have none
        state.last = _evaluation_in(header["last"])
    except (KeyError, TypeError, ValueError, RuntimeError) as error:
        raise CheckpointError(f"{path}: does not fit this model ({error})") from error


def _gather(state: TrainState) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """All tensors by name, and what the optimiser holds beside tensors."""
    tensors = {f"model.{name}": value for name, value in state.model.state_dict().items()}
    tensors |= {f"objective.{name}": value for name, value in state.objective.state_dict().items()}
    tensors |= {f"sums.{name}": value for name, value in state.sums.items()}
    tensors |= {f"held_out.{name}": value for name, value in state.held_out.items()}
    tensors |= {
        f"grad.{name}": value.grad.to_dense() for name, value in _parameters(state).items() if value.grad is not None
    }
    if state.average is not None:
        tensors |= {f"average.{name}": value for name, value in state.average.tensors().items()}
    numbers: dict[str, Any] = {}
    for index, slots in state.optimisers.slots().items():
        for name, value in slots.items():
            where = tensors if isinstance(value, Tensor) else numbers
            where[f"optimiser.{index}.{name}"] = value
    return tensors, numbers


def _scatter(state: TrainState, tensors: Mapping[str, Tensor], numbers: Mapping[str, Any]) -> None:
    """The way back of _gather. Raises KeyError or RuntimeError when a name is missing or a shape differs."""
    state.model.load_state_dict(_under("model.", tensors))
    state.objective.load_state_dict(_under("objective.", tensors))
    for name, value in state.sums.items():
        value.copy_(tensors[f"sums.{name}"])
    state.held_out = _under("held_out.", tensors)
    for name, parameter in _parameters(state).items():
        kept = tensors.get(f"grad.{name}")
        parameter.grad = None if kept is None else kept.to(parameter.device)
    for table in state.model.tables():
        table.grad = None if table.grad is None else table.grad.to_sparse(1)
    slots: dict[str, dict[str, Any]] = {}
    for key, value in _under("optimiser.", {**tensors, **numbers}).items():
        index, _, name = key.partition(".")
        slots.setdefault(index, {})[name] = value
    state.optimisers.load_slots(slots)


def _parameters(state: TrainState) -> dict[str, nn.Parameter]:
    """Every parameter that is trained, by name."""
    return {
        f"{room}.{name}": p for room in ("model", "objective") for name, p in getattr(state, room).named_parameters()
    }


def _under(prefix: str, values: Mapping[str, Any]) -> dict[str, Any]:
    """The values whose names begin with prefix, without it."""
    return {name.removeprefix(prefix): value for name, value in values.items() if name.startswith(prefix)}


def _evaluation_out(evaluation: Evaluation | None) -> dict[str, Any] | None:
    """As JSON, where the target None is written as ''."""
    if evaluation is None:
        return None
    return {"score": evaluation.score, "values": {target or "": found for target, found in evaluation.values.items()}}


def _evaluation_in(kept: dict[str, Any] | None) -> Evaluation | None:
    """The way back of _evaluation_out."""
    if kept is None:
        return None
    return Evaluation({target or None: found for target, found in kept["values"].items()}, kept["score"])
