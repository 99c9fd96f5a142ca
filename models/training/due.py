"""When things are due in a run: training points, validations, resume checkpoints, and the end."""

import math

from models.training.build import Job
from models.training.report import Outcome, Progress, Stop

POINTS_PER_EVALUATION = 20
SAVING_S = 1.0
"""What the last checkpoints may take before a deadline."""


def how_it_ends(job: Job, stop: Stop) -> Outcome | None:
    """Why no further step is taken, or None."""
    step = job.state.step
    if (asked := stop.requested()) is not None:
        return Outcome("stopped", step, asked)
    if step >= job.plan.steps:
        cut = job.plan.cut_short(job.config.globals.basic_experiment.n_epochs)
        return Outcome("time" if cut else "finished", step)
    if job.state.early_stop.exhausted(job.early_stop):
        return Outcome("early_stop", step)
    if step > 0 and _out_of_time(job):
        return Outcome("time", step)
    return None


def validation_owed(job: Job) -> bool:
    """At multiples of sample_interval and of checkpoint_interval, once each; the end has its own rule."""
    step, plan = job.state.step, job.plan
    intervals = (plan.sample_interval, plan.checkpoint_interval or plan.sample_interval)
    return job.state.evaluated < step and any(step % interval == 0 for interval in intervals)


def training_point_due(job: Job) -> bool:
    """Twenty times between two validations, or at every step when they are closer; a validation brings its own."""
    often = max(1, job.plan.sample_interval // POINTS_PER_EVALUATION)
    return job.state.step % often == 0 and not validation_owed(job)


def resume_due(job: Job) -> bool:
    """As often as a kill may cost. Asked when all points of a step are said."""
    return job.pace.clock() - job.pace.saved >= job.pace.save_every_s


def progress(job: Job) -> Progress:
    """How far the run is; the time to its end by the pace since it was opened and fitted, never past its deadline."""
    state, plan, pace = job.state, job.plan, job.pace
    eta = (pace.clock() - pace.started) / pace.steps * (plan.steps - state.step) if pace.steps else None
    if eta is not None and pace.deadline is not None:
        eta = max(0.0, min(eta, pace.deadline - pace.clock()))
    return Progress(state.step, plan.steps, state.step / plan.steps_per_epoch, eta)


def _out_of_time(job: Job) -> bool:
    """Whether one more step would leave too little time for the last validation."""
    pace = job.pace
    if pace.deadline is None:
        return False
    validation_s = pace.validation_s(math.ceil(len(job.files.valid) / job.plan.batch_size))
    return pace.clock() + pace.step_s() + validation_s + SAVING_S > pace.deadline
