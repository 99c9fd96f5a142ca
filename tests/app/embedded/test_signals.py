"""SIGHUP by hand asks `octet serve` for a rolling restart; from a terminal that is closed it means the end."""

import os
import pty
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

HEARS = """
import os, sys
from app.embedded.signals import Signals
if len(sys.argv) > 1:
    os.open(sys.argv[1], os.O_RDWR)  # the leader of a session takes it for its terminal
with Signals.heard() as signals:
    print("hears", flush=True)
    while not signals.stops:
        signals.wait(60)
        if signals.renewal_asked():
            print("renew", flush=True)
print("stop", flush=True)
"""


@contextmanager
def hearing(*terminal: str, nohup: bool = False) -> Iterator[subprocess.Popen[str]]:
    """A process that says what it hears, the leader of a session of its own."""
    trap = "trap '' HUP; " if nohup else ""
    command = ["sh", "-c", f'{trap}exec "$0" "$@"', sys.executable, "-c", HEARS, *terminal]
    with started_afresh(command) as process:
        try:
            assert says(process) == "hears"
            yield process
        finally:
            process.kill()


def started_afresh(command: list[str]) -> subprocess.Popen[str]:
    """Not as a child of nohup, which the tests themselves may be."""
    ours = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    try:
        return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True)
    finally:
        signal.signal(signal.SIGHUP, ours)


def says(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_sighup_asks_for_a_restart_each_time_and_other_signals_for_the_end(number):
    with hearing() as process:
        for _ in range(2):
            process.send_signal(signal.SIGHUP)
            assert says(process) == "renew"
        process.send_signal(number)
        assert says(process) == "stop"
        assert process.wait(60) == 0


@pytest.mark.parametrize("nohup", [False, True])
def test_a_terminal_that_is_closed_ends_it_unless_it_was_told_not_to_mind(nohup):
    ours, theirs = pty.openpty()
    with hearing(os.ttyname(theirs), nohup=nohup) as process:
        os.close(theirs)
        process.send_signal(signal.SIGHUP)
        assert says(process) == "renew"
        os.close(ours)
        if nohup:
            process.send_signal(signal.SIGTERM)
        assert says(process) == "stop"
