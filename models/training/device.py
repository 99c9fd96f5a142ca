"""The machine under a run: which device, how many cores, and what torch is told of threads and random numbers."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

import torch

from models.memory import left_for_training
from models.training.report import Plan


def default_device() -> Literal["cpu", "cuda"]:
    """The GPU where torch can use one."""
    return "cuda" if torch.cuda.is_available() else "cpu"


def default_threads() -> int:
    """Physical cores that this process may use; OMP_NUM_THREADS and a container's CPU quota count."""
    usable = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else list(range(os.cpu_count() or 1))
    limits = [len({_core(cpu) for cpu in usable}), _quota(Path("/sys/fs/cgroup/cpu.max"))]
    asked = os.environ.get("OMP_NUM_THREADS", "")
    return max(1, min(*limits, int(asked) if asked.isdecimal() else limits[0]))


def memory_of(device: Literal["cpu", "cuda"], limit_bytes: int | None = None) -> int | None:
    """Bytes that a training may take there: on a CPU the limit, else what is left beside the service; all of a GPU."""
    if device == "cuda":
        return torch.cuda.mem_get_info()[1]
    return left_for_training() if limit_bytes is None else limit_bytes


@contextmanager
def torch_as_planned(plan: Plan) -> Iterator[None]:
    """Threads as planned; the caller's threads and random numbers come back afterwards."""
    threads = torch.get_num_threads()
    devices = [torch.cuda.current_device()] if plan.device == "cuda" else []
    with torch.random.fork_rng(devices=devices):
        torch.set_num_threads(plan.threads)
        try:
            yield
        finally:
            torch.set_num_threads(threads)


def seed_torch(seed: int, plan: Plan) -> None:
    """Everything torch draws from here on follows from the seed.

    Not torch.manual_seed: without a GPU it queues a call for one, with a stack trace, at every step.
    """
    torch.default_generator.manual_seed(seed)
    if plan.device == "cuda":
        torch.cuda.manual_seed(seed)


def _core(cpu: int) -> str:
    """The physical core of a logical CPU, by its siblings (Linux); elsewhere each is its own."""
    siblings = Path(f"/sys/devices/system/cpu/cpu{cpu}/topology/thread_siblings_list")
    try:
        return siblings.read_text()
    except OSError:
        return str(cpu)


def _quota(limit: Path) -> int:
    """CPUs that the control group grants (cgroup v2: quota and period in microseconds, or 'max')."""
    try:
        quota, period = limit.read_text().split()
        return max(1, int(quota) // int(period))
    except (OSError, ValueError):
        return os.cpu_count() or 1
