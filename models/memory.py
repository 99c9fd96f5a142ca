"""How much memory a process may take here, and how often the kernel ended one for want of it. Free of torch.

What counts is the machine's memory or the limit of a control group (a container, a systemd unit), whichever is less:
cgroup v2 (memory.max) and v1 (memory.limit_in_bytes), each limit on the way up to the root.
"""

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

KEPT = (1 << 30, 0.1)
"""Kept for the API, predictions, the broker and the system: so many bytes, or this share where it is more."""
GROUPS = Path("/proc/self/cgroup")
MOUNT = Path("/sys/fs/cgroup")


def granted_bytes(groups: Path = GROUPS, mount: Path = MOUNT) -> int | None:
    """Bytes that this machine grants its processes; None where the system does not tell."""
    limits = [int(text) for text in _read(groups, mount, "memory.max", "memory.limit_in_bytes") if text.isdecimal()]
    with suppress(OSError, ValueError):  # not known to this system
        limits.append(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))
    return min(limits, default=None)


def left_for_training(groups: Path = GROUPS, mount: Path = MOUNT) -> int | None:
    """Bytes that a training may take beside everything else; of little memory three quarters. None: not told."""
    granted = granted_bytes(groups, mount)
    return None if granted is None else granted - max(min(KEPT[0], granted // 4), int(granted * KEPT[1]))


def killed_for_memory(groups: Path = GROUPS, mount: Path = MOUNT) -> int:
    """How many processes of our control group the kernel has ended for want of memory; 0 where it cannot be known."""
    for text in _read(groups, mount, "memory.events", "memory.oom_control"):
        words = text.split()
        if "oom_kill" in words[:-1]:
            return int(words[words.index("oom_kill") + 1])
    return 0


def peak_bytes(pid: int) -> int:
    """The most memory that a process has held so far, pages of files and all; 0 where it cannot be known."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM")), 0)


def held_bytes(pid: int) -> int:
    """What a process and all that it started hold now and cannot give back; 0 where it cannot be known.

    Pages of files do not count: the kernel takes them back whenever it wants them, so a data set that is read through
    a mapping costs nothing, however large it is.
    """
    return sum(_own_bytes(each) for each in _family(pid))


def _own_bytes(pid: int) -> int:
    """Anonymous and shared memory of one process."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0
    return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith(("RssAnon", "RssShmem")))


def _family(pid: int) -> Iterator[int]:
    """A process, its children and theirs."""
    yield pid
    for children in Path(f"/proc/{pid}/task").glob("*/children"):
        with suppress(OSError):  # a thread that has ended meanwhile
            for child in children.read_text().split():
                yield from _family(int(child))


def _read(groups: Path, mount: Path, v2: str, v1: str) -> Iterator[str]:
    """What a file of our control group says, and then of each group above it; v2 and v1 may stand side by side."""
    try:
        lines = groups.read_text().splitlines()
    except OSError:
        return
    for line in lines:
        _, controllers, path = line.split(":", 2)
        if controllers not in ("", "memory"):
            continue
        top, name = (mount, v2) if controllers == "" else (mount / "memory", v1)
        own = top / path.lstrip("/")
        for folder in (own, *own.parents):
            with suppress(OSError):  # a container sees only its own part of the tree
                yield (folder / name).read_text().strip()
            if folder == top:
                break
