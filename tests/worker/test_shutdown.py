"""The order to shut down, and who hears SIGTERM meanwhile."""

import signal
import subprocess
import sys

from worker.shutdown import Shutdown

AT_WORK = """
import os, signal, subprocess, sys
from worker.shutdown import deaf_to_sigterm
with deaf_to_sigterm():
    os.kill(os.getpid(), signal.SIGTERM)
    command = [sys.executable, "-c", "import time; print('up', flush=True); time.sleep(600)"]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as child:
        child.stdout.readline()
        child.terminate()
        print(child.wait(20), flush=True)
os.kill(os.getpid(), signal.SIGTERM)
print("still here")
"""


def test_a_process_at_work_is_deaf_to_sigterm_but_not_its_child_nor_itself_afterwards():
    done = subprocess.run([sys.executable, "-c", AT_WORK], capture_output=True, text=True, timeout=60, check=False)
    assert (done.stdout, done.returncode) == (f"{-signal.SIGTERM}\n", -signal.SIGTERM), done.stderr


def test_an_order_stands_for_all_who_ask_later_and_may_come_again():
    shutdown = Shutdown()
    assert not shutdown.requested()
    for _ in range(2):
        shutdown.order()
        assert shutdown.requested()
        assert shutdown.requested()
