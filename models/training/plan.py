"""The device's plan: threads, batch, steps and intervals of a run; measured where a time budget has to be kept."""

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import numpy as np
from numpy.typing import NDArray

from models.config import PlanRequest, RunConfig, TargetSpec
from models.config.fits import largest_batch, memory_fault
from models.config.load import Load
from models.config.mends import BATCH
from models.packed import PackedDataset
from models.training.build import Job, chosen_targets, open_job, split_files, target_spec
from models.training.device import default_device, default_threads, memory_of, torch_as_planned
from models.training.evaluate import evaluate
from models.training.guessing import guesses_of
from models.training.loop import step
from models.training.report import Plan, Speed, SplitReport, TrainingError, longest_s
from models.training.split import Split
from models.training.wide.choice import Means, choose_effort

BUDGET_SHARE = 0.85
"""How much of a time budget is planned; the rest is for start, checkpoints and a machine that gets busier."""
VALIDATION_SHARE = 0.2
"""At most so much of the planned time goes into validations, where their number is ours to choose."""
WIDE_SHARE = 1 / 3
"""At most so much of the budget goes into the wide branch."""
VALIDATIONS = 20
"""So many validations draw a good curve."""
MEASURED_STEPS = 5
MEASURED_S = 10.0
"""Measuring ends after so many steps, or after so many seconds once two are timed."""
MEASURED_SHARE = 0.1
"""Of a time budget; when so much of it has gone, the steps that were timed must do, if it is the first one alone."""
AGAIN_S = 1.0
"""A file that took less is timed again before its time stands for all: the first one also pays for allocations."""


class TooLittleTime(TrainingError):
    """A time budget that one step, what comes before it and the validation after it would overrun by far."""

    def __init__(self, speed: Speed, before_s: float, budget_s: float) -> None:
        first = f"what comes before the first step takes about {before_s:.3g} s, " if before_s else ""
        super().__init__(
            f"{first}a step takes about {speed.step_s:.3g} s here and the last validation {speed.validation_s:.3g} s, "
            f"which is far more than the {max(budget_s, 0.0):.3g} s that are left: give max_runtime_s at least "
            f"{_sensible_s(before_s + speed.step_s + speed.validation_s)}, or lower valid_size, batch_size or "
            "max_length"
        )


class NotEnoughMemory(TrainingError):
    """A training that needs more memory than its device grants; the text names what would fit."""


@dataclass(frozen=True, slots=True)
class Memory:
    """What a training may take. limit_bytes: on a CPU; None: what the machine grants. (A GPU is taken whole.)

    fewer_files: a step may take fewer files than the config says, where memory does not suffice.
    """

    limit_bytes: int | None = None
    fewer_files: bool = False


def choose_for_device(
    config: RunConfig,
    dataset: PackedDataset,
    *,
    request: PlanRequest | None = None,
    budget_s: float | None = None,
    memory: Memory = Memory(),
    scratch: Path | None = None,
) -> Plan:
    """The plan of a run on this machine. budget_s: seconds for all of it; None: as long as the epochs take.

    scratch: a folder on the disk that takes what memory does not hold; None: its room is not looked at.

    Without a budget, or with requested steps, nothing is measured: the plan is then the same on every machine but for
    threads and device. Raises TrainingError when the data set cannot serve the config, TooLittleTime, NotEnoughMemory.
    """
    began, asked = time.monotonic(), request or PlanRequest()
    tables = chosen_targets(config, dataset.labels)
    files = split_files(config, dataset, tables)
    basic, threads = config.globals.basic_experiment, asked.threads or default_threads()
    wanted = min(asked.batch or basic.batch_size, len(files.train))
    targets = [target_spec(config, table, files.train) for table in tables]
    load = Load(wanted, threads, len(files.valid), default_device(), int(dataset.lengths.sum()), len(dataset.lengths))
    batch = _batch_that_fits(config, targets, load, memory, asked)
    per_epoch = len(files.train) // batch
    plan = Plan(
        steps=asked.steps or basic.n_epochs * per_epoch,
        batch_size=batch,
        threads=threads,
        device=default_device(),
        sample_interval=1,
        checkpoint_interval=config.globals.evaluation_checkpoint.checkpoint_interval,
        steps_per_epoch=per_epoch,
        reasons=_reasons(config, asked, files) | _fewer(wanted, batch),
        wide_effort=0 if _has_wide(config) else None,
        split=SplitReport(
            train=len(files.train),
            valid=len(files.valid),
            how=files.how,
            notes=[*files.notes],
            guesses=guesses_of(tables, files),
        ),
    )
    timed_s = None if asked.steps is not None else budget_s
    plan, wide_s = _wide_within(plan, config, dataset, files, targets, timed_s, scratch)
    if budget_s is None or asked.steps is not None:
        return _with_interval(plan, config, VALIDATIONS)
    speed = measure(config, dataset, plan, files, budget_s).model_copy(update={"wide_s": wide_s})
    return within_budget(plan, config, speed, budget_s - (time.monotonic() - began))


def _has_wide(config: RunConfig) -> bool:
    model = config.input.model_cfg
    return model.model_type == "octet" and model.octet.wide


def _wide_within(
    plan: Plan,
    config: RunConfig,
    dataset: PackedDataset,
    files: Split,
    targets: Sequence[TargetSpec],
    budget_s: float | None,
    scratch: Path | None,
) -> tuple[Plan, float]:
    """The plan with the greatest effort for the wide branch that its share of the budget allows, and its seconds."""
    if plan.wide_effort is None:
        return plan, 0.0
    memory_bytes = config.input.model_cfg.octet.wide_memory_mb * 10**6
    means = Means(None if budget_s is None else WIDE_SHARE * budget_s, memory_bytes, scratch)
    with torch_as_planned(plan):
        found = choose_effort(dataset, files.train, files.valid, targets, means)
    reasons = plan.reasons | {"wide_effort": found.why}
    return plan.model_copy(update={"wide_effort": found.effort, "reasons": reasons}), found.seconds


def _batch_that_fits(
    config: RunConfig, targets: Sequence[TargetSpec], load: Load, memory: Memory, asked: PlanRequest
) -> int:
    """The files of a step: those of the load, or as many as fit where fewer will do. Raises NotEnoughMemory."""
    limit = memory_of(load.device, memory.limit_bytes)
    at = "/plan/batch" if asked.batch else BATCH
    fault = None if limit is None else memory_fault(config, targets, load, limit, batch_at=at)
    if limit is None or fault is None:
        return load.batch
    fitting = largest_batch(config, targets, load, limit) if memory.fewer_files and not asked.batch else 0
    if not fitting:
        raise NotEnoughMemory(f"{fault.pointer}: {fault.detail}")
    return fitting


def _fewer(wanted: int, batch: int) -> dict[str, str]:
    return {} if batch == wanted else {"batch_size": f"as many as fit into memory; {wanted} would not"}


def measure(config: RunConfig, dataset: PackedDataset, plan: Plan, files: Split, budget_s: float) -> Speed:
    """Time a few real steps and a validation batch on a throw-away copy of the run; fewer where time is short."""
    with TemporaryDirectory() as folder, torch_as_planned(plan):
        job = open_job(config, dataset, plan, Path(folder))
        job.plan = plan.model_copy(update={"steps": MEASURED_STEPS + 2})
        began, share_s = time.monotonic(), MEASURED_SHARE * budget_s
        cold_s = _timed(step, job)  # it also pays for allocations
        times: list[float] = []
        while len(times) < MEASURED_STEPS and (spent := time.monotonic() - began) < share_s:
            if len(times) >= 2 and spent - cold_s >= MEASURED_S:
                break
            times.append(_timed(step, job))
        validation_s = _validation_s(job, lambda: share_s - (time.monotonic() - began), share_s / 2)
    return Speed(step_s=median(times or [cold_s]), validation_s=validation_s)


def _validation_s(job: Job, left_s: Callable[[], float], cheap_s: float) -> float:
    """Seconds of a whole validation, by a batch of it; by its longest file alone where a batch would take too long.

    A file of megabytes may take seconds: a batch of such would be more than a budget of a minute holds.
    """
    files, size, state = job.files.valid, job.plan.batch_size, job.state

    def timed(sample: NDArray[np.int64]) -> float:
        batch = list(job.batches.in_order(sample, size))
        return _timed(evaluate, state.model, state.objective, batch, job.targets, job.config)

    costs = np.array([state.model.cost(length) for length in job.batches.dataset.lengths[files].tolist()])
    sample, longest = files[:size], int(costs[:size].argmax())
    one, one_s = sample[longest : longest + 1], timed(sample[longest : longest + 1])
    units = costs / max(1, int(costs[longest]))
    if one_s < AGAIN_S and one_s * units[:size].sum() > max(left_s(), cheap_s):
        one_s = min(one_s, timed(one))
    if one_s * units[:size].sum() > max(left_s(), cheap_s):
        return float(one_s * units.sum())
    took = [timed(sample)]
    if left_s() > 0:
        took.append(timed(sample))
    return min(took) * len(files) / len(sample)


def within_budget(plan: Plan, config: RunConfig, speed: Speed, budget_s: float) -> Plan:
    """The plan cut so that steps and validations, the last one included, take BUDGET_SHARE of the budget. Pure.

    At least one step is planned, whatever the budget. Raises TooLittleTime where even that would be ended unfinished.
    """
    octet = config.input.model_cfg.model_type == "octet"  # it may answer before its first step, and is measured then
    before_s = speed.wide_s + (speed.validation_s if octet else 0.0)
    least = plan.model_copy(update={"steps": 1, "measured": speed})
    least_s = before_s if least.measured_at_once else speed.wide_s
    if least_s + speed.step_s + speed.validation_s > longest_s(budget_s):
        raise TooLittleTime(speed, least_s, budget_s)
    steps, validations = _within(least, config, speed, BUDGET_SHARE * budget_s - before_s)
    if octet and not least.model_copy(update={"steps": steps}).measured_at_once:
        more, fewer = _within(least, config, speed, BUDGET_SHARE * budget_s - speed.wide_s)
        longest = int(speed.validation_s / speed.step_s)  # of more steps the network would be measured before them, too
        if steps < min(more, longest):
            steps, validations = min(more, longest), fewer
    steps = _clamp(steps, 1, plan.steps)
    measured = f"measured {speed.step_s:.3g} s a step, {speed.validation_s:.3g} s a validation"
    why = "fit into" if steps < plan.steps else "all epochs fit into"
    reasons = {**plan.reasons, "steps": f"{why} {BUDGET_SHARE:.0%} of the {max(budget_s, 0.0):.0f} s left; {measured}"}
    cut = plan.model_copy(update={"steps": steps, "reasons": reasons, "measured": speed})
    return _with_interval(cut, config, validations)


def _within(plan: Plan, config: RunConfig, speed: Speed, planned_s: float) -> tuple[int, int]:
    """How many steps fit into so many seconds beside how many validations; the last one is among them."""
    interval = config.globals.evaluation_checkpoint.sample_interval
    if interval == "auto":
        validations = _clamp(VALIDATION_SHARE * planned_s / speed.validation_s, 1, VALIDATIONS)
        return int((planned_s - validations * speed.validation_s) / speed.step_s), validations
    each_step_s = speed.step_s + speed.validation_s / min(interval, plan.checkpoint_interval or interval)
    return int((planned_s - speed.validation_s) / each_step_s), VALIDATIONS


def _with_interval(plan: Plan, config: RunConfig, validations: int) -> Plan:
    """The config's interval between validations, or the one that makes so many of them."""
    asked = config.globals.evaluation_checkpoint.sample_interval
    if asked != "auto":
        return plan.model_copy(update={"sample_interval": asked})
    reasons = {**plan.reasons, "sample_interval": f"at most {validations} validations in {plan.steps} steps"}
    return plan.model_copy(update={"sample_interval": math.ceil(plan.steps / validations), "reasons": reasons})


def _reasons(config: RunConfig, asked: PlanRequest, files: Split) -> dict[str, str]:
    """Why batch, threads, device and (before any measuring) steps are what they are."""
    basic, train = config.globals.basic_experiment, len(files.train)
    batch = asked.batch or basic.batch_size
    return {
        "batch_size": f"only {train} training files"
        if batch > train
        else "asked for"
        if asked.batch
        else "the config's",
        "threads": "asked for" if asked.threads else "physical cores this process may use",
        "device": "a GPU is there" if default_device() == "cuda" else "no GPU is there",
        "steps": "asked for" if asked.steps else f"n_epochs {basic.n_epochs} x (training files // batch size)",
        "sample_interval": "the config's",
    }


def _clamp(value: float, low: int, high: int) -> int:
    return max(low, min(high, int(value)))


def _sensible_s(needed_s: float) -> int:
    """A budget that plans so many seconds, whole, rounded up to two figures."""
    least = math.ceil(needed_s / BUDGET_SHARE) + 1
    unit = 10 ** max(0, len(str(least)) - 2)
    return int(math.ceil(least / unit) * unit)


def _timed(action: Callable[..., object], *arguments: object) -> float:
    """Seconds that one call takes."""
    began = time.monotonic()
    action(*arguments)
    return time.monotonic() - began
