"""Takes a run through its life as a worker would, in the test's own process, with real training."""

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from app.parts import Parts
from app.services.jobs.outcomes import JobEnd
from app.services.runs.keys import checkpoint_key
from app.services.runs.lease import (
    Lease,
    acquire,
    finish,
    record_checkpoint,
    record_plan,
    record_points,
    record_progress,
)
from models.config import PlanRequest, load_config
from models.packed import PackedDataset
from models.training.build import open_job
from models.training.loop import train
from models.training.plan import choose_for_device
from models.training.report import Plan, Point, Progress, Saved


@dataclass
class Recording:
    """Writes what training says under a lease; never asks it to stop."""

    parts: Parts
    lease: Lease

    def planned(self, plan: Plan) -> None:
        record_plan(self.parts, self.lease, plan)

    def points(self, points: Sequence[Point]) -> None:
        record_points(self.parts, self.lease, points)

    def progress(self, progress: Progress) -> None:
        record_progress(self.parts, self.lease, progress)

    def saved(self, saved: Saved) -> None:
        key = checkpoint_key(self.lease.run_id, saved.kind, saved.step, saved.digest)
        blob = self.parts.storage.put(key, saved.path, digest=saved.digest)
        for dropped in record_checkpoint(self.parts, self.lease, saved, blob):
            self.parts.storage.delete(dropped)

    def requested(self) -> str | None:
        return None


def lease_of(parts: Parts, run_id: str) -> Lease:
    lease = acquire(parts, run_id, "tester")
    assert lease is not None
    return lease


def carry_out(parts: Parts, run_id: str) -> None:
    """Train a queued run to its end."""
    lease = lease_of(parts, run_id)
    work_on(parts, lease)
    finish(parts, lease, JobEnd("succeeded", "finished"))


def work_on(parts: Parts, lease: Lease) -> None:
    """Train under a lease, without ending the run."""
    dataset = PackedDataset.open(parts.storage.local(lease.dataset_key))
    config = load_config(lease.config)
    request = PlanRequest.model_validate(lease.plan_request)
    with tempfile.TemporaryDirectory() as folder:
        plan = choose_for_device(config, dataset, request=request, budget_s=None)
        job = open_job(config, dataset, plan, Path(folder), resume=None, deadline_s=None)
        recording = Recording(parts, lease)
        train(job, recording, recording)
