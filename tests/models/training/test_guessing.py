"""A run that only guesses is told so, with what may help; a fine one never is, however few files measured it."""

import math

import numpy as np
import pytest

from models.packed import LabelTable
from models.training.guessing import guesses_of, warnings_of
from models.training.report import Guess, Plan, SplitReport
from models.training.split import Split

CLASSES = Guess(files=200, most="low", right=100)
NUMBERS = Guess(files=200, deviation=2.0)


def planned(guess, **more):
    report = SplitReport(train=300, valid=guess.files, how="", notes=[], guesses={"side": guess})
    fixed = {"steps": 20, "batch_size": 10, "threads": 1, "sample_interval": 5, "steps_per_epoch": 30}
    return Plan(**fixed, split=report, **more)


def said(guess, found, *, step=20, epochs=None, stopped=None, **more):
    return warnings_of(planned(guess, **more), {"side": found}, step=step, epochs=epochs, stopped=stopped)


def of_classes(files, most, right, **found):
    return said(Guess(files=files, most="low", right=most), {"acc": right / files, **found})


def test_as_many_right_as_a_guess_has_are_named_with_both_counts():
    words, *_ = of_classes(200, 100, 96, mcc=-0.04)
    assert words.startswith("target 'side': no better than guessing: 96 of 200 validation files are right")
    assert words.endswith("always saying 'low' gets 100")


def test_a_little_more_than_a_guess_is_said_to_be_luck_perhaps():
    words, *_ = of_classes(200, 100, 108, mcc=0.08)
    assert "hardly better than guessing: 108 of 200" in words
    assert words.endswith("that may be luck")


@pytest.mark.parametrize(
    ("files", "most", "right"),
    [
        (2, 1, 2),
        (2, 1, 1),
        (8, 4, 3),
        (10, 5, 8),
        (25, 13, 15),
        (40, 20, 27),
        (100, 50, 64),
        (2500, 1250, 1320),
        (300, 30, 60),
        (1_000_000, 500_000, 502_000),
    ],
)
def test_what_is_better_beyond_luck_or_measured_on_too_few_files_is_not_called_a_guess(files, most, right):
    assert of_classes(files, most, right) == []


@pytest.mark.parametrize(
    ("files", "most", "right"), [(25, 13, 12), (100, 50, 55), (2500, 1250, 1260), (300, 30, 33), (10**6, 10**5, 10**5)]
)
def test_what_a_useful_model_would_hardly_ever_look_like_is_called_one(files, most, right):
    assert len(of_classes(files, most, right)) == 2


def test_of_useful_models_hardly_any_is_called_a_guess_whatever_the_number_of_files():
    """Each avoids half of a guess's mistakes; how often the dice make it look like one is summed over all outcomes."""
    for files in (*range(2, 60), 100, 400):
        most = files // 2
        if not most > 0:
            continue
        chance = (1 + most / files) / 2
        slandered = sum(
            math.comb(files, right) * chance**right * (1 - chance) ** (files - right)
            for right in range(files + 1)
            if of_classes(files, most, right)
        )
        assert slandered < 0.01, files


def test_of_uneven_classes_a_good_ranking_or_tie_counts_though_the_accuracy_is_that_of_a_guess():
    assert of_classes(540, 486, 487, mcc=0.129) == []
    assert of_classes(540, 486, 480, mcc=0.05, **{"roc-auc-macro": 0.985}) == []
    assert of_classes(540, 486, 480, mcc=0.05, **{"roc-auc-macro": 0.52}) != []


@pytest.mark.parametrize("right", [0, 200])
def test_where_a_guess_is_always_right_or_never_nothing_is_said(right):
    assert of_classes(200, right, 100) == []


@pytest.mark.parametrize(
    ("files", "found", "words"),
    [
        (200, {"r2": -0.1, "pcc": 0.02}, "no better than guessing: R2 is -0.1 on 200"),
        (200, {"rmse": 2.1}, "no better than guessing: R2 is -0.1 on 200"),
        (200, {"r2": 0.01, "pcc": 0.1}, "hardly better than guessing: R2 is 0.01"),
        (200, {"r2": 0.02}, "hardly better than guessing: R2 is 0.02"),
        (200, {"r2": -1e30, "pcc": 0.0}, "no better than guessing: R2 is -1e+30"),
        (200, {"r2": 0.2, "pcc": 0.45}, None),
        (5000, {"r2": 0.01, "pcc": 0.1}, None),
        (200, {"r2": 1.0, "pcc": 1.0}, None),
        (10, {"r2": -0.1, "pcc": 0.4}, None),
        (10, {"r2": -9.0, "pcc": 0.0}, "no better than guessing"),
        (200, {"rmse": 1e200}, "no better than guessing: R2 is -inf"),
        (200, {"r2": float("nan"), "pcc": None}, None),
        (200, {"loss": 0.5}, None),
        (200, {}, None),
    ],
)
def test_numbers_are_measured_by_the_mean_of_the_labels(files, found, words):
    lines = said(Guess(files=files, deviation=2.0), found)
    assert lines == [] if words is None else words in lines[0]


def test_a_deviation_that_is_no_number_or_none_says_nothing():
    assert said(Guess(files=200, deviation=None), {"rmse": 5.0}) == []
    assert said(Guess(files=200, deviation=0.0), {"rmse": 5.0}) == []


def test_what_was_in_the_way_is_said_and_the_labels_last():
    reason = "not fitted: even the least would take about 90 s of the 20 that it may"
    guess = {"acc": 0.5, "mcc": 0.0}
    _, time, wide, labels = said(CLASSES, guess, step=20, epochs=10, stopped="time", reasons={"wide_effort": reason})
    assert "20 of 300 steps" in time
    assert "max_runtime_s" in time
    assert reason in wide
    assert "octet datasets problems" in labels
    assert said(CLASSES, guess, epochs=10)[1:] == [labels]
    fitted = {"wide_effort": 0, "reasons": {"wide_effort": "effort 0 of 4: about 3 s"}}
    assert said(CLASSES, guess, step=300, epochs=10, stopped="time", **fitted)[1:] == [labels]


def test_a_plan_of_before_says_nothing():
    plan = planned(CLASSES).model_dump()
    del plan["split"]["guesses"]
    for older in (plan, {**plan, "split": None}):
        assert warnings_of(Plan.model_validate(older), {"side": {"acc": 0.5}}, step=1, epochs=1, stopped=None) == []


def test_a_guess_knows_the_class_of_most_training_files_and_how_numbers_vary_in_validation():
    labels = {"side": ["a", "b", "b", None, "a", "b", None], "level": [1.0, 2.0, None, None, 3.0, 5.0, 7.0]}
    table = LabelTable.of([f"f{n}" for n in range(7)], labels)
    targets = [table.as_type("side", "categorical"), table.as_type("level", "continuous")]
    found = guesses_of(targets, Split(np.array([0, 1, 2, 3]), np.array([4, 5, 6])))
    assert found["side"] == Guess(files=2, most="b", right=1)
    assert found["level"].files == 3
    assert found["level"].deviation == pytest.approx(np.std([3.0, 5.0, 7.0]))


def test_a_target_without_labels_on_a_side_is_left_out_and_the_largest_numbers_are_no_trouble():
    table = LabelTable.of(["a", "b", "c"], {"side": ["x", None, None], "level": [1.0, 1e150, -1e150]})
    targets = [table.as_type("side", "categorical"), table.as_type("level", "continuous")]
    found = guesses_of(targets, Split(np.array([0]), np.array([1, 2])))
    assert found == {"level": Guess(files=2, deviation=1e150)}
