"""`octet runs` and what every command does without a service."""

import json
import os
import subprocess

import pytest

from tests.cli.conftest import OCTET, read_screen


def test_runs_are_listed_as_lines_of_tabs_in_a_pipe(desk, run_id):
    rows = [line.split("\t") for line in desk.octet("runs", "list").stdout.splitlines()]
    mine = next(row for row in rows if row[0] == run_id)
    assert mine[1:4] == ["sides", "succeeded", "40/40"]


def test_a_cancellation_is_refused_with_its_mend_once_the_run_has_ended(desk, run_id):
    done = desk.octet("runs", "cancel", run_id)
    assert (done.returncode, done.stdout) == (4, "")
    assert "(409): " in done.stderr
    assert "\n  mend: " in done.stderr


def test_a_run_is_shown_with_its_attempts(desk, run_id):
    shown = desk.octet("runs", "show", run_id).stdout
    assert "succeeded" in shown
    assert "finished" in shown
    assert "32 train, 8 validate, in proportion by 'side'" in shown
    assert "2 files have the same bytes as another one" in shown
    found = json.loads(desk.octet("runs", "show", run_id, "--json").stdout)
    assert (found["id"], found["attempts"][0]["reason"]) == (run_id, "finished")


def test_watching_a_run_that_has_ended_shows_its_curves_and_ends_as_it_did(desk, run_id):
    done = desk.octet("runs", "watch", run_id)
    assert done.returncode == 0
    assert "best at step" in done.stdout
    assert "split: 2 files have the same bytes as another one" in " ".join(done.stdout.split())


def test_the_log_of_a_run_is_printed_whole_or_its_last_lines(desk, run_id):
    whole = desk.octet("runs", "log", run_id).stdout
    assert whole.startswith("=== attempt 1, worker ")
    last = desk.octet("runs", "log", run_id, "--attempt", "1", "--tail", "1").stdout
    assert last.count("\n") == 1
    assert whole.endswith(last)


def test_who_watches_a_paused_run_is_told_how_it_goes_on_and_stays_to_its_end(desk, run_id, client):
    """The worker holds an endless run, so that this one rests before it begins: it would end before it is paused."""
    endless, run = (client.submit(of_sides(steps)).id for steps in (100_000, 40))
    try:
        paused = desk.octet("runs", "pause", run)
        assert (paused.returncode, f"octet runs resume {run}" in paused.stderr) == (0, True), paused.stderr
        watching = desk.start("runs", "watch", run)
        assert watching.stdout is not None
        told = next(line for line in watching.stdout if " paused" in line)
        assert f"run {run} paused (let it go on: octet runs resume {run})" in told
        assert watching.poll() is None
    finally:
        client.cancel(endless)
    assert f"run {run} is queued" in desk.octet("runs", "resume", run).stderr
    rest, _ = watching.communicate(timeout=240)
    assert (watching.returncode, f"run {run} succeeded" in rest) == (0, True), rest


def of_sides(steps):
    return {"dataset": "sides", "target": "side", "plan": {"steps": steps, "batch": 8, "threads": 1}}


def test_a_run_that_has_ended_is_neither_paused_nor_resumed(desk, run_id):
    for command in ("pause", "resume"):
        done = desk.octet("runs", command, run_id)
        assert (done.returncode, "has ended" in done.stderr) == (4, True), done.stderr


def test_an_unknown_run_ends_with_4(desk):
    for command in ("show", "watch", "log", "pause", "resume", "cancel"):
        for run in ("nosuch", "../datasets", "a b?c=d", ".."):
            done = desk.octet("runs", command, run)
            assert done.returncode == 4, done.stderr
            assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    "arguments", [("runs", "list"), ("predict", "labels.csv"), ("train", "--dataset", "x", "--target", "y")]
)
def test_without_a_service_every_command_says_how_to_start_one(desk, arguments):
    done = desk.octet(*arguments, OCTET_URL="http://127.0.0.1:9")
    assert done.returncode == 3
    assert "octet serve" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("url", ["http://[bad", "nonsense", "http://127.0.0.1:nine", "ftp://127.0.0.1"])
def test_a_url_that_is_none_is_said_in_a_line(desk, url):
    done = desk.octet("runs", "list", OCTET_URL=url)
    assert done.returncode == 3
    assert url in done.stderr
    assert "Traceback" not in done.stderr


def test_a_full_disk_is_said_in_a_line_and_a_reader_that_left_is_no_fault(desk, run_id):
    command = [OCTET, "runs", "show", run_id, "--json"]
    with open("/dev/full", "w") as full:
        done = subprocess.run(command, env=desk.environment, stdout=full, stderr=subprocess.PIPE, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (1, "octet: cannot write: No space left on device\n")
    refused = [OCTET, "runs", "show", "nosuch", "--json"]  # the document of a failure has no room, either
    with open("/dev/full", "w") as full:
        done = subprocess.run(refused, env=desk.environment, stdout=full, stderr=subprocess.PIPE, text=True, timeout=90)
    assert done.returncode == 4
    assert done.stderr.startswith("octet: ")
    assert "Traceback" not in done.stderr
    gone, there = os.pipe()
    os.close(gone)
    done = subprocess.run(command, env=desk.environment, stdout=there, stderr=subprocess.PIPE, text=True, timeout=90)
    os.close(there)
    assert (done.returncode, done.stderr) == (1, "")


@pytest.mark.parametrize(("no_color", "coloured"), [("", True), ("1", False)])
def test_no_color_is_honoured_in_a_terminal(desk, run_id, no_color, coloured):
    done, screen = desk.on_screen("runs", "watch", run_id, **({"NO_COLOR": no_color} if no_color else {}))
    said = ""
    while piece := read_screen(screen):
        said += piece
    assert done.wait(60) == 0
    os.close(screen)
    assert ("\x1b[36m" in said) == coloured
    assert "40/40" in said
