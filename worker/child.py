"""The training process: reads its assignment, trains, tells its parent what happens. Knows models and messages alone.

python -m worker.child ASSIGNMENT.json CHANNEL     # number of an inherited file descriptor; messages go out there
"""

import logging
import os
import sys
import time
from collections.abc import Sequence

from models.config import PlanRequest, load_config
from models.packed import PackedDataset
from models.training.report import Outcome, Plan, Point, Progress, Saved
from worker.child_life import Channel, DeviceMissing, StopOnSignal, live
from worker.messages import Assignment, Points

log = logging.getLogger("octet.training")
SHOWN = 12
"""Values of a validation that its line in the log names; the points have all."""


class Teller:
    """A Report of training that writes messages."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel

    def planned(self, plan: Plan) -> None:
        """See models.training.report.Report."""
        self._channel.say(plan)

    def points(self, points: Sequence[Point]) -> None:
        """See models.training.report.Report."""
        self._channel.say(Points(tuple(points)))
        if measured := [point for point in points if point.split == "valid"]:
            values = [f"{point.target or 'all'} {point.name} {point.value:.4g}" for point in measured[:SHOWN]]
            log.info("step %d measured: %s", measured[0].step, ", ".join(values))

    def progress(self, progress: Progress) -> None:
        """See models.training.report.Report."""
        self._channel.say(progress)

    def saved(self, saved: Saved) -> None:
        """See models.training.report.Report."""
        self._channel.say(saved)
        log.info("step %d saved: %s, %d bytes", saved.step, saved.kind, saved.size_bytes)


def carry_out(given: Assignment, channel: Channel, stop: StopOnSignal) -> Outcome:
    """Train as assigned. Raises DeviceMissing, and TrainingError, ConfigError, PackedError with words to act on."""
    began = time.monotonic()
    from models.training.build import open_job  # here: an assignment that cannot be read shall not wait for torch
    from models.training.device import default_device
    from models.training.loop import train
    from models.training.plan import Memory, choose_for_device

    log.info("run %s, attempt %d, process %d", given.run_id, given.attempt, os.getpid())
    config = load_config(given.config)
    dataset = PackedDataset.open(given.dataset)
    device = given.plan.device if given.plan else default_device()
    if device not in ("cpu", default_device()):
        raise DeviceMissing(f"the run was planned on {device}, and torch finds none here")
    budget_s = given.budget_s[device]
    request = PlanRequest.model_validate(given.plan_request) if given.plan_request else None
    left_s = None if budget_s is None else budget_s - (time.monotonic() - began)
    memory = Memory(given.memory_bytes, fewer_files=given.fewer_files)
    plan = given.plan or choose_for_device(
        config, dataset, request=request, budget_s=left_s, memory=memory, scratch=given.folder
    )
    left_s = None if budget_s is None else budget_s - (time.monotonic() - began)
    training = open_job(
        config,
        dataset,
        plan,
        given.folder,
        resume=given.resume,
        deadline_s=left_s,
        save_every_s=given.save_every_s,
    )
    log.info("plan: %s", plan.model_dump_json(exclude={"reasons"}))
    log.info("from step %d, %s s left", training.state.step, left_s)
    outcome = train(training, Teller(channel), stop)
    log.info("ended at step %d: %s", outcome.step, outcome.reason)
    return outcome


if __name__ == "__main__":
    sys.exit(live(sys.argv[1:], Assignment, carry_out, "Training"))
