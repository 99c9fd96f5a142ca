"""Intervals and delays that are longer than the run itself: honoured, but never reached, so its notes tell of them."""

from collections.abc import Iterator

from models.config.notes import note
from models.config.run import RunConfig
from models.config.sides import Sides, is_cut
from models.config.size import is_octet

EVALUATION = "/globals/evaluation_checkpoint"


def too_long_notes(config: RunConfig, sides: Sides) -> list[dict[str, str]]:
    """What a run of so many steps never comes to."""
    return [note(at, f"{detail}; the run has about {sides.steps} steps") for at, detail in _too_long(config, sides)]


def _too_long(config: RunConfig, sides: Sides) -> Iterator[tuple[str, str]]:
    steps = sides.steps
    schedule, evaluation = config.globals.lr_schedule, config.globals.evaluation_checkpoint
    asked = schedule.warmup_steps
    warm_up = round(2 / (1 - config.globals.optimization.b2)) if asked == "auto" else asked or 0
    shortened = is_octet(config) and is_cut(config, steps, sides.train // sides.batch)
    if schedule.lr_schedule != "same" and warm_up >= steps and not shortened:
        yield "/globals/lr_schedule/warmup_steps", f"the warm-up takes {warm_up} steps and ends after the run"
    if evaluation.sample_interval != "auto" and evaluation.sample_interval > steps:
        at, every = f"{EVALUATION}/sample_interval", evaluation.sample_interval
        yield at, f"evaluations are {every} steps apart: there is one, after the last step"
    if (apart := evaluation.checkpoint_interval) is not None and apart > steps:
        yield f"{EVALUATION}/checkpoint_interval", f"checkpoints are {apart} steps apart: the last step's is kept"
    buffer = config.globals.training_control.early_stopping_buffer
    if config.globals.training_control.early_stopping_patience and buffer and buffer >= steps:
        at = "/globals/training_control/early_stopping_buffer"
        yield at, f"there is no early stop before step {buffer}, so there is none"
    batches = config.globals.optimization.gradient_accumulation_steps or 1
    if batches > steps:
        at = "/globals/optimization/gradient_accumulation_steps"
        yield at, f"weights change every {batches} batches: once, at the last step"
