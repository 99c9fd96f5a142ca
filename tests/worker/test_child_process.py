"""The training process as its parent sees it."""

import os
import signal
from pathlib import Path

import pytest

from tests.support.service import alive, wait_for
from worker.child_process import ChildProcess, last_words
from worker.messages import Assignment, Failed
from worker.shared_log import MAX_WRITTEN_BYTES


@pytest.fixture
def assignment(tmp_path: Path) -> Path:
    """One whose data set does not exist."""
    assignment = Assignment(
        run_id="r",
        attempt=1,
        config={},
        dataset=tmp_path / "nothing",
        folder=tmp_path,
        plan=None,
        plan_request=None,
        budget_s={"cpu": None, "cuda": None},
        resume=None,
        nice=0,
    )
    path = tmp_path / "assignment.json"
    path.write_text(assignment.model_dump_json())
    return path


def heard(child: ChildProcess) -> list[object]:
    """All it says until it is gone."""
    said: list[object] = []

    def gone() -> bool:
        said.extend(child.messages(0.1))
        return child.ended()

    wait_for(gone, 60)
    return said


def test_an_assignment_that_cannot_be_done_ends_with_a_last_word_and_a_log(assignment: Path, tmp_path: Path):
    child = ChildProcess(assignment, tmp_path / "log.txt", threads=1, gpu=True)
    try:
        [last] = heard(child)
        assert isinstance(last, Failed)
        assert child.exit_code() == 1
        assert last_words(tmp_path / "log.txt")
    finally:
        child.close()


def test_an_assignment_file_that_is_none_leaves_no_last_word_but_a_line_in_the_log(assignment: Path, tmp_path: Path):
    assignment.write_text("{}")
    child = ChildProcess(assignment, tmp_path / "log.txt", threads=1, gpu=True)
    try:
        assert heard(child) == []
        assert child.exit_code() == 1
        assert "validation" in (tmp_path / "log.txt").read_text()
    finally:
        child.close()


def test_it_is_the_head_of_its_own_process_group_and_killing_it_is_told_by_its_exit_code(
    assignment: Path, tmp_path: Path
):
    child = ChildProcess(assignment, tmp_path / "log.txt", threads=1, gpu=True)
    try:
        assert os.getpgid(child.pid) == child.pid
        child.kill()
        assert heard(child) == []
        assert child.exit_code() == -signal.SIGKILL
    finally:
        child.close()
    assert not alive(child.pid)


def test_it_learns_no_address_of_a_database_or_broker_and_of_no_gpu_it_may_not_use(
    assignment: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("OCTET_DATABASE_URL", "postgresql+psycopg://secret")
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0")
    child = ChildProcess(assignment, tmp_path / "log.txt", threads=3, gpu=False)
    try:
        environment = Path(f"/proc/{child.pid}/environ")
        if not environment.exists():
            pytest.skip("no /proc here")
        known = wait_for(environment.read_bytes, 60).split(b"\0")  # empty for the moment of an exec
        assert b"OMP_NUM_THREADS=3" in known
        assert b"CUDA_VISIBLE_DEVICES=" in known
        assert not [line for line in known if line.startswith(b"OCTET_")]
    finally:
        child.close()


def test_the_last_words_of_a_log_are_its_last_line_that_says_something(tmp_path: Path):
    log = tmp_path / "log.txt"
    assert last_words(log) == ""
    log.write_text("first\n  last  \n\n")
    assert last_words(log) == "last"


def test_it_is_ended_at_its_memory_limit_also_while_nobody_hears_it(assignment: Path, tmp_path: Path):
    if not Path("/proc/self/status").exists():
        pytest.skip("no /proc here")
    child = ChildProcess(assignment, tmp_path / "log.txt", threads=1, gpu=False, memory_limit=2**20)
    try:
        assert child.exit_code() == -signal.SIGKILL
        assert child.peak_bytes > 2**20
    finally:
        child.close()


TALKS = """
import sys, time
print("the beginning")
for _ in range(100):
    print("x" * 2**16)
while True:
    print("and on")
    time.sleep(0.1)
"""


def test_its_log_is_cut_back_while_it_talks_and_keeps_beginning_and_end(tmp_path: Path):
    program, log = tmp_path / "talks.py", tmp_path / "log.txt"
    program.write_text(TALKS)
    child = ChildProcess(program, log, threads=1, gpu=False, module="cProfile")  # it runs a program
    try:
        wait_for(lambda: b"bytes are left out here" in log.read_bytes(), 60, "the log being cut back")
        wait_for(lambda: log.read_bytes().endswith(b"and on\n"), 60, "its last words")
        assert alive(child.pid)
        # it may have said much since a look; at the next one that is cut, too
        wait_for(lambda: log.stat().st_size <= MAX_WRITTEN_BYTES, 60, "the log being cut back once more")
    finally:
        child.close()
    assert log.read_bytes().startswith(b"the beginning\n")
    assert last_words(log) == "and on"
