"""Processes of the tree: they die with their parent and come back when they die."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from app.embedded.process import Process
from tests.support.service import alive, wait_for

PARENT = """
import subprocess, sys, time
from app.tether import tethered
child = subprocess.Popen(tethered([sys.executable, "-c", "import time; print('up', flush=True); time.sleep(600)"]),
                         stdout=subprocess.PIPE, process_group=0)
child.stdout.readline()
print(child.pid, flush=True)
time.sleep(600)
"""


def process(code: str) -> Process:
    return Process("test", [sys.executable, "-c", code], os.environ)


def test_a_tethered_command_dies_with_its_killed_parent():
    with subprocess.Popen([sys.executable, "-c", PARENT], stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        assert alive(child)
        parent.kill()
    wait_for(lambda: not alive(child), 60, "the child dying")


def test_a_tethered_command_does_not_start_when_its_parent_is_gone_already():
    asked = [sys.executable, "-m", "app.tether", "1", sys.executable, "-c", "print('ran')"]
    done = subprocess.run(asked, capture_output=True, text=True, timeout=60, check=False)
    assert (done.stdout, done.returncode) == ("", 1)


def test_a_process_that_dies_is_due_at_once_and_after_pauses_when_it_dies_again():
    running = process("raise SystemExit(3)")
    pauses = []
    for _ in range(4):
        running.start()
        assert wait_for(running.died, 60) == 3
        assert running.pid is None
        pauses.append(running.pause_s)
    assert pauses == [0.0, 1.0, 2.0, 4.0]


def test_each_start_knows_how_many_failed_before():
    seen: list[int] = []
    running = process("raise SystemExit(3)")
    running.before = seen.append
    for _ in range(3):
        running.start()
        wait_for(running.died, 60)
    assert seen == [0, 1, 2]


def test_killing_it_ends_its_group():
    running = process("import subprocess, sys; subprocess.run([sys.executable, '-c', 'import time; time.sleep(600)'])")
    running.start()
    head = running.pid
    assert head is not None

    def group() -> list[int]:
        found = []
        for folder in Path("/proc").iterdir():
            if folder.name.isdigit() and alive(int(folder.name)):
                try:
                    if os.getpgid(int(folder.name)) == head:
                        found.append(int(folder.name))
                except ProcessLookupError:
                    pass
        return found

    if not Path("/proc").exists():
        pytest.skip("no /proc here")
    wait_for(lambda: len(group()) == 2, 60, "the grandchild")
    running.kill()
    wait_for(lambda: not group(), 60, "the group ending")


def test_asked_to_end_it_gets_sigterm():
    running = process("import signal, sys, time; signal.signal(15, lambda *_: sys.exit(7)); time.sleep(600)")
    running.start()
    running.terminate()
    assert wait_for(running.died, 60) in (7, -signal.SIGTERM)  # the second, when it came before the handler


@pytest.mark.parametrize(("code", "within_s"), [("", 600.0), ("signal.signal(signal.SIGTERM, signal.SIG_IGN)", 0.2)])
def test_one_that_was_told_to_end_is_due_at_once_each_time_and_killed_when_it_takes_too_long(code, within_s):
    heard, says = os.pipe()
    told = Process(
        "test",
        [sys.executable, "-c", f"import os, signal, time; {code}\nos.write({says}, b'!'); time.sleep(600)"],
        os.environ,
        inherited=(says,),
    )
    for _ in range(3):
        told.start()
        assert os.read(heard, 1) == b"!"
        told.end_within(within_s)
        assert wait_for(lambda: told.died(), 60) == (-signal.SIGTERM if not code else -signal.SIGKILL)
        assert (told.due(), told.pause_s) == (True, 0.0)
    os.close(heard)
    os.close(says)
