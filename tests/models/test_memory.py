"""What control groups grant, read from trees of files as the kernel lays them out."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from models.memory import granted_bytes, held_bytes, killed_for_memory, left_for_training, peak_bytes

PHYSICAL = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
UNLIMITED_V1 = str(2**63 - 4096)
MIB = 2**20


def tree(folder: Path, groups: str, **files: str) -> tuple[Path, Path]:
    """/proc/self/cgroup with this text, and a mount with these files ('__' is a slash, '_0' a dot)."""
    (folder / "groups").write_text(groups)
    for name, text in files.items():
        path = folder / "mount" / name.replace("__", "/").replace("_0", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text + "\n")
    return folder / "groups", folder / "mount"


@pytest.mark.parametrize(
    ("groups", "files", "granted"),
    [
        ("0::/\n", {"memory_0max": str(512 * MIB)}, 512 * MIB),
        ("0::/\n", {"memory_0max": "max"}, PHYSICAL),
        ("0::/a/b\n", {"a__b__memory_0max": "max", "a__memory_0max": str(300 * MIB)}, 300 * MIB),
        ("0::/a/b\n", {"a__b__memory_0max": str(200 * MIB), "a__memory_0max": str(300 * MIB)}, 200 * MIB),
        ("0::/not/seen/here\n", {"memory_0max": str(256 * MIB)}, 256 * MIB),
        ("4:memory:/c\n1:cpu:/\n", {"memory__c__memory_0limit_in_bytes": str(128 * MIB)}, 128 * MIB),
        ("4:memory:/docker/xyz\n", {"memory__memory_0limit_in_bytes": str(64 * MIB)}, 64 * MIB),
        ("4:memory:/c\n0::/\n", {"memory__c__memory_0limit_in_bytes": UNLIMITED_V1}, PHYSICAL),
        ("", {}, PHYSICAL),
    ],
)
def test_the_smallest_limit_on_the_way_up_counts(tmp_path, groups, files, granted):
    assert granted_bytes(*tree(tmp_path, groups, **files)) == granted


@pytest.mark.parametrize(("granted", "left"), [(256, 192), (2048, 1536), (4096, 3072), (16384, 14745.6)])
def test_a_training_leaves_memory_to_the_service_and_the_system(tmp_path, granted, left):
    if granted * MIB > PHYSICAL:
        pytest.skip("this machine has less")
    at = tree(tmp_path, "0::/\n", memory_0max=str(granted * MIB))
    assert left_for_training(*at) == pytest.approx(left * MIB, abs=1)


@pytest.mark.parametrize(
    ("groups", "files", "kills"),
    [
        ("0::/a\n", {"a__memory_0events": "low 0\noom 4\noom_kill 3\noom_group_kill 0"}, 3),
        ("4:memory:/c\n0::/\n", {"memory__c__memory_0oom_control": "oom_kill_disable 0\nunder_oom 0\noom_kill 2"}, 2),
        ("0::/\n", {}, 0),
    ],
)
def test_the_kernels_kills_are_counted(tmp_path, groups, files, kills):
    assert killed_for_memory(*tree(tmp_path, groups, **files)) == kills


def test_what_a_process_holds_counts_its_own_memory_and_that_of_its_children_but_no_files(tmp_path):
    mapped = tmp_path / "file"
    mapped.write_bytes(bytes(64 * MIB))
    child = "import sys; held = bytearray(range(256)) * (128 << 12); print(len(held), flush=True); sys.stdin.read()"
    parent = (
        "import mmap, subprocess, sys\n"
        "file = open(sys.argv[1], 'rb')\n"
        "held = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)\n"
        "sum(held[::4096])\n"
        "subprocess.run([sys.executable, '-c', sys.argv[2]])\n"
    )
    command = [sys.executable, "-c", parent, str(mapped), child]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout.readline().strip() == b"134217728"  # the child holds it, the parent waits
        assert 128 * MIB < held_bytes(process.pid) < 128 * MIB + 40 * MIB
        process.stdin.close()
    assert held_bytes(process.pid) == 0


def test_a_process_has_a_peak_while_it_lives():
    assert peak_bytes(os.getpid()) > MIB
    assert peak_bytes(2**22 + 1) == 0
