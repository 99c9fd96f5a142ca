"""From a config, a data set and a plan to a Job: model, objective, optimiser, split, batches; fresh or resumed."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from models.config import RunConfig, TargetSpec
from models.inference.answers import scale
from models.nn.registry import build_network
from models.packed import LabelError, LabelTable, PackedDataset, Target
from models.training.average import WeightAverage
from models.training.batches import Batches
from models.training.divergence import Watch
from models.training.early_stop import EarlyStopRule
from models.training.objectives import build_objective
from models.training.optimisers import build_optimisers
from models.training.report import Plan, Speed, TrainingError
from models.training.running_sums import empty_sums
from models.training.sampling import Sampler, class_balance
from models.training.schedules import PlateauRule
from models.training.split import Split, split
from models.training.state import Identity, TrainState, load_state

SAVE_EVERY_S = 60.0
FORWARD_SHARE = 1 / 3
"""Of a training step: a validation batch goes forward only, and the way back costs about twice as much."""


class TargetError(TrainingError):
    """A target of the config that the data set cannot serve."""


class ModelError(TrainingError):
    """A model that cannot be built from its config."""


@dataclass
class Pace:
    """What the clock says, in seconds: when to save, when to end, how long things take. Not part of TrainState.

    save_every_s: a kill costs so many seconds of work at most.
    measured: before the run; it speaks for steps and validations until the first ones of this attempt are timed.
    saved_step: which step's resume checkpoint this attempt wrote last.
    """

    clock: Callable[[], float]
    started: float
    saved: float
    deadline: float | None
    save_every_s: float = SAVE_EVERY_S
    measured: Speed | None = None
    steps: int = 0
    saved_step: int | None = None
    _step_s: float | None = None
    _validation_s: float | None = None

    def stepped(self, began: float) -> None:
        """A step is done. The first of an attempt also pays for allocations, so it says nothing of the next ones."""
        took = self.clock() - began
        self.steps += 1
        if self.steps > 1:
            self._step_s = took if self._step_s is None else 0.8 * self._step_s + 0.2 * took

    def evaluated(self, began: float) -> None:
        """A validation is done; the longest of an attempt is what the next may take."""
        self._validation_s = max(self._validation_s or 0.0, self.clock() - began)

    def step_s(self) -> float:
        """What a step takes, by the newest ones; 0 while nothing is known."""
        if self._step_s is not None:
            return self._step_s
        return 0.0 if self.measured is None else self.measured.step_s

    def validation_s(self, batches: int) -> float:
        """What a validation of so many batches takes; guessed from the steps while none was timed or measured."""
        if self._validation_s is not None:
            return self._validation_s
        return FORWARD_SHARE * self.step_s() * batches if self.measured is None else self.measured.validation_s


@dataclass
class Job:
    """One run, ready to train from job.state.step on."""

    config: RunConfig
    plan: Plan
    targets: list[TargetSpec]
    files: Split
    sampler: Sampler
    batches: Batches
    state: TrainState
    identity: Identity
    plateau: PlateauRule
    early_stop: EarlyStopRule
    pace: Pace
    folder: Path
    seed: int
    watch: Watch


def open_job(
    config: RunConfig,
    dataset: PackedDataset,
    plan: Plan,
    folder: Path,
    *,
    resume: Path | None = None,
    deadline_s: float | None = None,
    save_every_s: float = SAVE_EVERY_S,
) -> Job:
    """Make a run ready. folder: where checkpoint files are written. resume: a `resume` file to go on from.

    deadline_s: seconds from now within which training, the last validation included, shall end. save_every_s: seconds
    between two `resume` files.
    Raises TrainingError: TargetError, ModelError, SplitError, CheckpointError.
    """
    now = time.monotonic()
    deadline = None if deadline_s is None else now + deadline_s
    pace = Pace(
        time.monotonic, started=now, saved=now, deadline=deadline, save_every_s=save_every_s, measured=plan.measured
    )
    device, seed = torch.device(plan.device), config.globals.basic_experiment.seed
    tables = chosen_targets(config, dataset.labels)
    files = split_files(config, dataset, tables)
    targets = [target_spec(config, table, files.train) for table in tables]
    labels = {t.name: label_tensor(t, table).to(device) for t, table in zip(targets, tables, strict=True)}
    info = config.input.input_type_info
    job = Job(
        config=config,
        plan=plan,
        targets=targets,
        files=files,
        sampler=Sampler(files.train, seed, _balance(config, labels, files.train)),
        batches=Batches(
            dataset,
            labels,
            info.max_length,
            device,
            trimmed=config.input.model_cfg.model_type == "octet",
            from_start=info.sampling_strategy_if_longer == "from_start",
        ),
        state=fresh_state(config, targets, seed, device),
        identity=Identity(config, plan, targets, dataset.digest, files.digest),
        plateau=PlateauRule.of(config, plan.sample_interval),
        early_stop=EarlyStopRule.of(config, plan.sample_interval),
        pace=pace,
        folder=folder,
        seed=seed,
        watch=Watch(device),
    )
    folder.mkdir(parents=True, exist_ok=True)
    if resume is not None:
        load_state(job.state, job.identity, resume)
    return job


def chosen_targets(config: RunConfig, labels: LabelTable) -> list[Target]:
    """The labels of the config's targets, classes first, each read as the config declares it. Raises TargetError."""
    info = config.output.output_type_info
    try:
        found = [labels.as_type(name, "categorical") for name in info.target_cat_columns]
        found += [labels.as_type(name, "continuous") for name in info.target_con_columns]
    except LabelError as error:
        raise TargetError(str(error)) from error
    if not found:
        raise TargetError("no targets: name at least one column in target_cat_columns or target_con_columns")
    return found


def split_files(config: RunConfig, dataset: PackedDataset, tables: Sequence[Target]) -> Split:
    """Training and validation files; a file without a label of any target takes no part. Raises SplitError."""
    basic = config.globals.basic_experiment
    return split(
        dataset.ids,
        dataset.file_digests,
        tables,
        valid_size=basic.valid_size,
        manual=basic.manual_valid_ids,
        seed=basic.seed,
    )


def target_spec(config: RunConfig, table: Target, train: NDArray[np.int64]) -> TargetSpec:
    """What the model must know of a target; mean and population deviation are of training files. Raises TargetError."""
    known = train[~table.missing[train]]
    if not len(known):
        raise TargetError(
            f"target {table.name!r} has no label in any training file; add labels, or leave the target out"
        )
    if table.classes is not None:
        one_logit = config.output.output_type_info.cat_loss_name == "BCEWithLogitsLoss"
        if one_logit and len(table.classes) != 2:
            raise TargetError(
                f"BCEWithLogitsLoss needs two classes, {table.name!r} has {len(table.classes)}; use CrossEntropyLoss"
            )
        return TargetSpec(table.name, "categorical", classes=list(table.classes), one_logit=one_logit)
    assert table.numbers is not None
    values = table.numbers[known]
    if values.min() == values.max():  # exactly; a mean of equal numbers may differ from them in the last bit
        return TargetSpec(table.name, "continuous", mean=float(values[0]), std=0.0)
    return TargetSpec(table.name, "continuous", mean=float(values.mean()), std=float(values.std()))


def label_tensor(target: TargetSpec, table: Target) -> Tensor:
    """The labels of all files, (n,): classes int64 (-1 missing), or standardised numbers float32 (nan missing)."""
    if table.codes is not None:
        return torch.from_numpy(table.codes.copy())
    assert table.numbers is not None
    return torch.from_numpy(((table.numbers - target.mean) / scale(target)).astype(np.float32))


def fresh_state(config: RunConfig, targets: list[TargetSpec], seed: int, device: torch.device) -> TrainState:
    """Step 0: weights drawn from the seed. Raises ModelError when the parts of the config do not fit each other."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        try:
            model = build_network(config, targets).to(device).train()
        except ValueError as error:
            raise ModelError(str(error)) from error
        objective = build_objective(config, targets).to(device)
    named = [*model.named_parameters(prefix="model"), *objective.named_parameters(prefix="objective")]
    octet = config.input.model_cfg.octet
    averaged = {name: p for name, p in model.named_parameters() if p.requires_grad}
    return TrainState(
        model,
        objective,
        build_optimisers(config, named, model.tables()),
        empty_sums(targets, device),
        average=WeightAverage(averaged, octet.ema_decay) if config.input.model_cfg.model_type == "octet" else None,
    )


def _balance(config: RunConfig, labels: Mapping[str, Tensor], train: NDArray[np.int64]) -> NDArray[np.float64] | None:
    """Chances of training files by the rarity of their classes; None: each once an epoch. Raises TargetError."""
    columns = config.globals.training_control.weighted_sampling_columns
    if columns is None:
        return None
    categorical = config.output.output_type_info.target_cat_columns
    names = categorical if columns == ["all"] else columns
    if not names or not set(names) <= set(categorical):
        raise TargetError(
            f"weighted_sampling_columns {columns} must be ['all'] or some of the categorical targets {categorical}"
        )
    return class_balance([labels[name].cpu().numpy()[train] for name in names])
