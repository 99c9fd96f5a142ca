"""The learning rate is a pure function of the step, and falls when EIR's would."""

import math
from dataclasses import asdict
from itertools import pairwise

import pytest
import torch

from models.training.schedules import PlateauRule, PlateauState, lr_at, warmup_steps
from tests.models.config.test_octet_size import octet_config
from tests.models.training.configs import config_with

TOP, FLOOR = 1e-3, 1e-5


def scheduled(schedule: str, **more):
    return config_with(
        lr_schedule={"lr_schedule": schedule, "warmup_steps": 10} | more, optimization={"lr": TOP, "lr_lb": FLOOR}
    )


def rates(config, steps, per_epoch=5):
    return [lr_at(config, s, steps=steps, steps_per_epoch=per_epoch) for s in range(steps)]


@pytest.mark.parametrize("schedule", ["plateau", "cosine", "cycle"])
def test_warm_up_rises_in_a_line_from_the_floor_to_the_top(schedule):
    found = rates(scheduled(schedule), 40)[:11]
    assert found[0] == FLOOR
    assert found[10] == pytest.approx(TOP)
    assert [b - a for a, b in pairwise(found)] == pytest.approx([(TOP - FLOOR) / 10] * 10)


def test_warm_up_auto_follows_the_second_beta():
    assert warmup_steps(config_with()) == 2000
    assert warmup_steps(config_with(optimization={"b2": 0.99})) == 200
    assert warmup_steps(config_with(optimization={"b2": 0.99, "optimizer": "sgdm"})) == 2000
    assert warmup_steps(config_with(lr_schedule={"lr_schedule": "same"})) == 0


def test_cosine_falls_over_all_steps_after_the_warm_up():
    found = rates(scheduled("cosine"), 110)[10:]
    assert found == pytest.approx([FLOOR + (TOP - FLOOR) * (1 + math.cos(math.pi * i / 100)) / 2 for i in range(100)])


def test_cycles_restart_and_each_is_twice_as_long():
    found = rates(scheduled("cycle", warmup_steps=0), 5 + 10 + 20 + 1)
    assert [i for i, rate in enumerate(found) if rate == TOP] == [0, 5, 15, 35]


def test_same_is_constant():
    assert set(rates(scheduled("same"), 30)) == {TOP}


def test_plateau_never_falls_below_the_floor():
    config = scheduled("plateau")
    assert lr_at(config, 50, steps=100, steps_per_epoch=5, plateau_factor=0.2) == pytest.approx(TOP * 0.2)
    assert lr_at(config, 50, steps=100, steps_per_epoch=5, plateau_factor=1e-9) == FLOOR


def test_a_run_shorter_than_its_warm_up_stays_in_it():
    assert max(rates(scheduled("cosine"), 5)) < TOP


@pytest.mark.parametrize("schedule", ["plateau", "cosine", "cycle"])
def test_a_run_of_octets_own_model_that_time_cuts_has_a_shorter_warm_up(schedule):
    """72 of 720 steps were chosen; of 109 that fit they were two thirds, and of 65 the rate never came to its top."""
    config = of_octet(scheduled(schedule, warmup_steps=72), n_epochs=60)
    found = rates(config, 109, per_epoch=12)
    assert found.index(max(found)) == 11
    assert max(found) == pytest.approx(TOP)
    assert max(rates(config, 3, per_epoch=12)) == pytest.approx(TOP)


def test_all_epochs_of_octets_own_model_have_the_warm_up_that_was_asked_for():
    found = rates(of_octet(scheduled("cosine", warmup_steps=20), n_epochs=10), 40, per_epoch=4)
    assert found.index(max(found)) == 20


def of_octet(config, n_epochs):
    """That schedule for Octet's own model and so many epochs."""
    basic = config.globals.basic_experiment.model_copy(update={"n_epochs": n_epochs})
    return octet_config().model_copy(update={"globals": config.globals.model_copy(update={"basic_experiment": basic})})


def test_the_rate_falls_when_bad_evaluations_reach_the_patience():
    rule, state, factors = PlateauRule(patience=2, factor=0.5, sample_interval=10, warmup=0), PlateauState(), []
    for i, average in enumerate([0.5, 0.4, 0.5, 0.6, 0.1, 0.1, 0.1, 0.1], start=1):
        state = state.update(average, step=i * 10, rule=rule)
        factors.append(state.factor)
    assert factors == [1, 1, 0.5, 0.5, 0.5, 0.25, 0.25, 0.125]
    assert PlateauState(**asdict(state)) == state


@pytest.mark.parametrize(
    "averages",
    [
        [0.5, 0.50004, 0.50006, 0.50008, 0.6, 0.60005, 0.60007],
        [-0.5, -0.50004, -0.50008, -0.6, -0.6, -0.50004],
        [0.0, 0.0, -1e-9, 1e-9],
        [-0.1, 0.3, 0.3, 0.30003, 0.3001],
    ],
    ids=["positive", "negative", "zero", "both"],
)
def test_what_counts_as_a_new_best_is_what_torch_counts(averages):
    parameter = torch.nn.Parameter(torch.zeros(1))
    optimiser = torch.optim.SGD([parameter], lr=1.0)
    theirs = torch.optim.lr_scheduler.ReduceLROnPlateau(optimiser, mode="max", factor=0.5, patience=1)
    rule, state = PlateauRule(patience=2, factor=0.5, sample_interval=1, warmup=0), PlateauState()
    for step, average in enumerate(averages, start=1):
        theirs.step(average)
        state = state.update(average, step=step, rule=rule)
        assert (state.best, state.factor) == (theirs.best, optimiser.param_groups[0]["lr"])


def test_evaluations_in_the_warm_up_or_between_intervals_do_not_count():
    rule = PlateauRule(patience=1, factor=0.5, sample_interval=10, warmup=100)
    for step in (10, 100, 115):
        assert PlateauState(best=0.9).update(0.1, step=step, rule=rule) == PlateauState(best=0.9)
    assert PlateauState(best=0.9).update(0.1, step=110, rule=rule).factor == 0.5


def test_a_patience_of_zero_turns_it_off_and_so_does_another_schedule():
    off = PlateauRule(patience=0, factor=0.5, sample_interval=1, warmup=0)
    assert PlateauState(best=1.0).update(0.0, step=5, rule=off) == PlateauState(best=1.0)
    assert PlateauRule.of(scheduled("cosine"), 10).patience == 0
    assert PlateauRule.of(scheduled("plateau"), 10) == PlateauRule(10, 0.2, 10, 10)
