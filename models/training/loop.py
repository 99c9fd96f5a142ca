"""The training loop: one step after another, until done or asked to stop."""

import errno
import logging
import math
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor

from models.training.build import Job
from models.training.device import seed_torch, torch_as_planned
from models.training.divergence import Diverging
from models.training.due import how_it_ends, progress, resume_due, training_point_due, validation_owed
from models.training.evaluate import DivergedError, Evaluation, evaluate
from models.training.mixing import draw_mixture
from models.training.prepare import preparation_due, prepare
from models.training.report import Outcome, Point, Report, SavedKind, Side, Stop
from models.training.running_sums import add, training_metrics
from models.training.sampling import seed_of_step
from models.training.schedules import lr_at
from models.training.state import save_model, save_state

log = logging.getLogger(__name__)


def train(job: Job, report: Report, stop: Stop) -> Outcome:
    """Go on from job.state.step to the end. Raises NonFiniteLoss, Diverging, DivergedError, and OSError (ENOSPC)."""
    report.planned(job.plan)
    with torch_as_planned(job.plan):
        begin(job, report, stop)
        while (end := how_it_ends(job, stop)) is None:
            _refuse_lost(job)
            if validation_owed(job):
                validate(job, report, stop)
                continue
            if resume_due(job):  # all points of this step are said, so a run that resumes here says none of them again
                save_resume(job, report)
            step(job)
            if training_point_due(job):
                report.points(training_points(job))
            report.progress(progress(job))
        if end.reason != "stopped":
            end = finish(job, report, stop) or end
        if job.pace.saved_step != job.state.step:  # who stores the files may hold the first, and it is the same
            save_resume(job, report)
    return end


def begin(job: Job, report: Report, stop: Stop) -> None:
    """What comes before the first step, as far as no stop comes in between; a resumed run owes the rest.

    What was fitted answers already, long before the network does: so it is measured and kept.
    """
    if job.state.step:  # a run that was killed at its end takes no step more that would say how far it is
        report.progress(progress(job))
    if how_it_ends(job, stop) is None and preparation_due(job):
        report.progress(progress(job))
        prepare(job, stop)
        job.pace.started = job.pace.clock()  # the fit says nothing of how long steps take
    ready = job.state.prepared and job.state.last is None and job.plan.measured_at_once
    if ready and how_it_ends(job, stop) is None:
        validate(job, report, stop)
        if job.state.last is not None:  # else a stop came first, and its end saves this very step
            save_resume(job, report)


def step(job: Job) -> None:
    """One batch forwards and backwards, and one update of the weights (after the last batch of an accumulation)."""
    state, optimization = job.state, job.config.globals.optimization
    began, lr = job.pace.clock(), _set_lr(job)
    seed_torch(seed_of_step(job.seed, state.step), job.plan)
    loss = _loss_of_batch(job)
    job.watch.loss(state.step + 1, loss, lr, _kept(job))
    batches = optimization.gradient_accumulation_steps or 1
    (loss / batches).backward()  # type: ignore[no-untyped-call]
    if (state.step + 1) % batches == 0 or state.step + 1 == job.plan.steps:
        norm = torch.nn.utils.clip_grad_norm_(state.optimisers.dense, optimization.gradient_clipping or math.inf)
        job.watch.gradient(state.step + 1, norm, lr, _kept(job))
        state.optimisers.step()
        state.optimisers.zero_grad()
        if state.average is not None:
            state.average.update()
    else:
        for table in state.model.tables():  # as a state keeps them, so that a resume adds in the same order
            table.grad = None if table.grad is None else table.grad.coalesce()
    state.step += 1
    job.pace.stepped(began)


def _loss_of_batch(job: Job) -> Tensor:
    """The loss of the next batch, shape (); its unmixed losses and hits are added to the running sums."""
    loss: Tensor
    state = job.state
    files, draws = job.sampler.batch(state.step, job.plan.batch_size)
    batch = job.batches.of(files, draws)
    alpha = job.config.globals.training_control.mixing_alpha
    mixture = draw_mixture(alpha, len(files), seed=job.seed, step=state.step, device=batch.pieces.tokens.device)
    logits = state.model.learn(batch.pieces, mixture)
    labels = _for_each_member(batch.labels, logits)
    if mixture is None:
        loss, unmixed = state.objective(logits, labels)
    else:
        partners = _for_each_member(mixture.partners(batch.labels), logits)
        loss, _ = state.objective.mixed(logits, labels, partners, mixture.share)
        with torch.no_grad():
            _, unmixed = state.objective(logits, labels)
    add(state.sums, job.targets, logits, labels, unmixed)
    return loss


def _for_each_member(labels: dict[str, Tensor], logits: dict[str, Tensor]) -> dict[str, Tensor]:
    """Labels (B,) beside logits (K * B, outputs) of K networks, each of which answers the whole batch."""
    return {name: known.repeat(len(logits[name]) // len(known)) for name, known in labels.items()}


def validate(job: Job, report: Report, stop: Stop) -> None:
    """The validation of this step: its points, its say on learning rate and early stop, its best checkpoint if due.

    Given up when a stop is asked for: it may take longer than a stop may wait, and the resumed run owes it still.
    """
    state, began = job.state, job.pace.clock()
    job.watch.look(_kept(job))
    with state.measured_weights():
        found = _evaluated(job, stop)
    if found is None:
        return
    state.last, state.evaluated = found, state.step
    state.plateau = state.plateau.update(found.score, step=state.step, rule=job.plateau)
    state.early_stop = state.early_stop.update(found.score, step=state.step, rule=job.early_stop)
    report.points([*training_points(job), *_points(job, "valid", found.values)])
    every = job.plan.checkpoint_interval
    if every is None or state.step % every == 0:
        with _room_comes_later("best"):
            _save_best(job, report)
    job.pace.evaluated(began)


def _evaluated(job: Job, stop: Stop) -> Evaluation | None:
    state = job.state
    batches = job.batches.in_order(job.files.valid, job.plan.batch_size, state.held_out)
    try:
        return evaluate(state.model, state.objective, batches, job.targets, job.config, stop)
    except DivergedError as error:
        raise error.at(state.step, _kept(job)) from error


def _save_best(job: Job, report: Report) -> None:
    with job.state.measured_weights():
        report.saved(save_model(job.state, job.identity, job.folder))


def training_points(job: Job) -> list[Point]:
    """The means since the last training point; the sums begin anew. Raises NonFiniteLoss."""
    job.watch.look(_kept(job))
    found = training_metrics(job.state.sums, job.targets)
    points = _points(job, "train", found)
    job.state.course = job.state.course.update(found.get(None, {}).get("loss"), job.state.step)
    for values in job.state.sums.values():
        values.zero_()
    return points


def _refuse_lost(job: Job) -> None:
    """Raises Diverging."""
    course = job.state.course
    if course.lost:
        raise Diverging(job.state.step, course, _set_lr(job), _kept(job))


def _kept(job: Job) -> str:
    """What a failing run leaves to its user."""
    state = job.state
    if state.last is None or (state.written == 0 and not state.prepared):
        return ""
    return f"the best checkpoints up to step {state.written} stay and answer predictions; "


def finish(job: Job, report: Report, stop: Stop) -> Outcome | None:
    """A last step has its validation and its best checkpoint, each once. What else came of it, if a stop came first."""
    state = job.state
    if state.evaluated < state.step:
        validate(job, report, stop)
    if state.evaluated < state.step:
        return Outcome("stopped", state.step, stop.requested())
    if state.written < state.step:
        _save_best(job, report)
    return None


def save_resume(job: Job, report: Report) -> None:
    """Write all that a resume needs, after the points of this step. Raises NonFiniteLoss."""
    job.watch.look(_kept(job))
    with _room_comes_later("resume"):
        report.saved(save_state(job.state, job.identity, job.folder))
        job.pace.saved_step = job.state.step
    job.pace.saved = job.pace.clock()


@contextmanager
def _room_comes_later(kind: SavedKind) -> Iterator[None]:
    """A disk that is full now need not be so at the next checkpoint: training goes on. Only the last best is a must."""
    try:
        yield
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        log.warning("no %s checkpoint this time: %s", kind, error.strerror)


def _points(job: Job, side: Side, values: dict[str | None, dict[str, float]]) -> list[Point]:
    step, epoch = job.state.step, job.state.step / job.plan.steps_per_epoch
    return [Point(step, epoch, side, t, name, v) for t, found in values.items() for name, v in found.items()]


def _set_lr(job: Job) -> float:
    plan, state = job.plan, job.state
    lengths = {"steps": plan.steps, "steps_per_epoch": plan.steps_per_epoch}
    lr = lr_at(job.config, state.step, **lengths, plateau_factor=state.plateau.factor)
    state.optimisers.set_lr(lr, job.config.globals.optimization.lr)
    return lr
