"""What becomes of a run, by how its training process ended."""

import signal
from pathlib import Path

import pytest

from app.services.jobs.outcomes import JobEnd
from models.training.report import Outcome
from worker.endings import Evidence, HandBack, ending_of, out_of_time
from worker.messages import Failed, Results

FINAL = Failed(final=True, reason="error", type="non_finite_loss", title="Non finite loss", detail="lower lr")
MEMORY = Failed(final=False, reason="oom", type="out_of_memory", title="Out of memory", detail="lower batch_size")


def ending(word, code=0, ordered=None, *, starved=False, log="", peak=0, limit=None):
    return ending_of(Evidence(word, code, starved, log, peak, memory_limit=limit), ordered)


@pytest.mark.parametrize(("reason", "stopped"), [("finished", None), ("early_stop", "early_stop"), ("time", "time")])
@pytest.mark.parametrize("ordered", [None, "cancel", "pause", "shutdown"])
def test_a_training_that_came_to_its_end_succeeded_whatever_was_ordered_meanwhile(reason, stopped, ordered):
    assert ending(Outcome(reason, 9), ordered=ordered) == JobEnd("succeeded", "finished", stopped=stopped)


@pytest.mark.parametrize("word", [Outcome("stopped", 3), None])
def test_a_cancelled_training_is_cancelled_and_one_stopped_for_a_shutdown_or_a_pause_handed_back(word):
    code = 0 if word else -signal.SIGKILL  # killed at the end of its grace
    assert ending(word, code, "cancel") == JobEnd("cancelled", "cancelled")
    assert ending(word, code, "shutdown") == HandBack("handed_back")
    assert ending(word, code, "pause") == HandBack("handed_back")


@pytest.mark.parametrize("ordered", [None, "cancel", "pause", "shutdown"])
def test_a_prediction_whose_result_is_there_succeeded_whatever_was_ordered_meanwhile(ordered):
    made = Results(Path("r.csv"), "0" * 64, Path("r.parquet"), "1" * 64)
    assert ending(made, ordered=ordered) == JobEnd("succeeded", "finished")


def test_a_killed_prediction_is_named_so():
    found = ending_of(Evidence(None, -signal.SIGKILL, False, "", work="predicting"), None)
    assert (found.reason, found.error.type) == ("lost", "predicting_killed")


def test_a_training_that_somebody_else_stopped_is_handed_back():
    assert ending(Outcome("stopped", 3)) == HandBack("handed_back")


def test_what_would_come_again_fails_the_run_at_once_and_what_may_not_is_tried_again():
    failed = ending(FINAL, 1)
    assert isinstance(failed, JobEnd)
    assert (failed.status, failed.reason, failed.error.type) == ("failed", "error", "non_finite_loss")
    again = ending(MEMORY, 1)
    assert isinstance(again, HandBack)
    assert (again.reason, again.error.type) == ("oom", "out_of_memory")


@pytest.mark.parametrize("ordered", [None, "cancel", "pause", "shutdown"])
def test_a_device_that_the_worker_lacks_is_no_failure_of_the_run(ordered):
    lacking = Failed(final=False, reason="no_device", type="device_missing", title="Missing", detail="no GPU")
    assert ending(lacking, 1, ordered) == HandBack("handed_back")


@pytest.mark.parametrize(
    ("code", "starved", "reason", "kind", "words"),
    [
        (-signal.SIGKILL, False, "lost", "training_killed", "SIGKILL"),
        (-signal.SIGKILL, True, "oom", "out_of_memory", "memory"),
        (-signal.SIGSEGV, False, "error", "training_crashed", "SIGSEGV"),
        (1, False, "error", "training_crashed", "exit code 1"),
        (0, False, "error", "training_crashed", "exit code 0"),
    ],
)
def test_a_training_without_a_last_word_is_tried_again_and_its_cause_is_told(code, starved, reason, kind, words):
    again = ending(None, code, starved=starved, log="ImportError: no torch")
    assert isinstance(again, HandBack)
    assert (again.reason, again.error.type) == (reason, kind)
    assert words in again.error.detail
    assert "ImportError: no torch" in again.error.detail


def test_a_training_that_the_kernel_ended_is_told_what_it_held_and_which_keys_to_lower():
    again = ending(None, -signal.SIGKILL, starved=True, peak=3 * 2**30)
    assert "last seen with 3.0 GiB" in again.error.detail
    for key in ("batch_size", "gradient_accumulation_steps", "max_length"):
        assert key in again.error.detail
    assert "last seen" not in ending(None, -signal.SIGKILL, starved=True).error.detail


def test_an_overrun_names_the_keys_that_help():
    end = out_of_time(61.25)
    assert (end.status, end.error.type) == ("failed", "out_of_time")
    assert "61.25 s" in end.error.detail
    for key in ("valid_size", "batch_size", "max_length"):
        assert key in end.error.detail


def test_a_training_that_was_ended_over_its_memory_is_told_with_peak_limit_and_mend():
    again = ending(None, -signal.SIGKILL, peak=3 * 2**30, limit=2 * 2**30)
    assert (again.reason, again.error.type) == ("oom", "out_of_memory")
    assert "held 3.0 GiB" in again.error.detail
    assert "limit is 2.0 GiB" in again.error.detail
    assert "OCTET_TRAIN_MEMORY_BYTES" in again.error.detail
    assert "batch_size" in again.error.detail


@pytest.mark.parametrize(("peak", "reason"), [(19, "oom"), (17, "lost")])
def test_a_kill_near_the_memory_limit_is_the_kernels_and_far_from_it_somebody_elses(peak, reason):
    assert ending(None, -signal.SIGKILL, peak=peak * 2**30, limit=20 * 2**30).reason == reason


def test_an_end_in_time_counts_before_any_memory():
    assert ending(Outcome("finished", 9), peak=3, limit=2) == JobEnd("succeeded", "finished")
    assert ending(None, -signal.SIGKILL, "cancel", peak=3, limit=2) == JobEnd("cancelled", "cancelled")
