"""Intervals and delays that a run never comes to are told in its notes; they are honoured all the same."""

import pytest

from tests.models.config.bodies import chosen, summary, tutorial, with_value

SCHEDULE, EVALUATION = "/globals/lr_schedule", "/globals/evaluation_checkpoint"
STEPS = 200  # of 50 epochs of 288 training files, 64 a step


def told(*changes, data=None):
    body = tutorial()
    body["globals"]["lr_schedule"] = {"warmup_steps": 0}
    body["globals"]["evaluation_checkpoint"] = {"sample_interval": 10}
    for at, value in changes:
        with_value(body, at, value)
    return {note["pointer"]: note["detail"] for note in chosen(body, data).notes if "the run has" in note["detail"]}


@pytest.mark.parametrize(
    ("at", "value", "words"),
    [
        (f"{SCHEDULE}/warmup_steps", "auto", "takes 2000 steps"),
        (f"{SCHEDULE}/warmup_steps", STEPS, "takes 200 steps"),
        (f"{EVALUATION}/sample_interval", STEPS + 1, "there is one, after the last step"),
        (f"{EVALUATION}/checkpoint_interval", 1000, "the last step's is kept"),
        ("/globals/training_control/early_stopping_buffer", STEPS, "no early stop before step 200"),
        ("/globals/optimization/gradient_accumulation_steps", STEPS + 1, "once, at the last step"),
    ],
)
def test_what_the_run_never_comes_to_is_told_with_its_length(at, value, words):
    ((place, detail),) = told((at, value)).items()
    assert place == at
    assert words in detail
    assert "about 200 steps" in detail
    assert told((at, value), data=summary(50_000)) == {}


@pytest.mark.parametrize(
    ("at", "value"),
    [
        (f"{SCHEDULE}/warmup_steps", STEPS - 1),
        (f"{SCHEDULE}/warmup_steps", None),
        (f"{EVALUATION}/sample_interval", STEPS),
        (f"{EVALUATION}/sample_interval", "auto"),
        ("/globals/training_control/early_stopping_buffer", STEPS - 1),
        ("/globals/optimization/gradient_accumulation_steps", STEPS),
    ],
)
def test_what_it_comes_to_is_no_news(at, value):
    assert told((at, value)) == {}


def test_the_schedule_and_the_patience_decide_what_matters():
    assert told((f"{SCHEDULE}/lr_schedule", "same")) == {}
    buffer = ("/globals/training_control/early_stopping_buffer", 10**6)
    assert told(buffer, ("/globals/training_control/early_stopping_patience", 0)) == {}


def test_planned_steps_are_the_runs_length():
    assert "about 2000 steps" in told(("/plan", {"steps": 2000}), (f"{SCHEDULE}/warmup_steps", 2000)).popitem()[1]
