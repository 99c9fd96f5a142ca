"""The device's plan: from the epochs, from what was asked for, or from a time budget."""

import pytest

from models.config import PlanRequest
from models.training.device import default_threads
from models.training.plan import (
    BUDGET_SHARE,
    Memory,
    NotEnoughMemory,
    TooLittleTime,
    choose_for_device,
    within_budget,
)
from models.training.report import Guess, Speed
from models.training.split import SplitError
from tests.models.training.tasks import config_of, pack_of, sides, trained


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    return pack_of(tmp_path_factory.mktemp("data") / "pack", *sides(64))


def with_interval(interval, checkpoint=None, epochs=1000):
    return config_of(
        cat=["side"],
        globals={
            "basic_experiment": {"n_epochs": epochs},
            "evaluation_checkpoint": {"sample_interval": interval, "checkpoint_interval": checkpoint},
        },
    )


def cut(config, dataset, *, step_s, validation_s, budget_s):
    """The plan for a machine of this speed, without measuring."""
    return within_budget(
        choose_for_device(config, dataset), config, Speed(step_s=step_s, validation_s=validation_s), budget_s
    )


def seconds(plan, speed):
    validations = -(-plan.steps // plan.sample_interval)
    return plan.steps * speed["step_s"] + validations * speed["validation_s"]


def test_without_a_budget_the_epochs_decide_and_nothing_is_measured(dataset):
    plan = choose_for_device(with_interval(7, 14, epochs=5), dataset)
    assert (plan.steps, plan.steps_per_epoch, plan.batch_size) == (15, 3, 16)
    assert (plan.sample_interval, plan.checkpoint_interval) == (7, 14)
    assert plan.threads == default_threads()
    assert "speed" not in str(plan.reasons)


def test_what_is_asked_for_wins(dataset):
    asked = PlanRequest(steps=11, batch=5, threads=1)
    plan = choose_for_device(with_interval(7), dataset, request=asked, budget_s=1000.0)
    assert (plan.steps, plan.batch_size, plan.threads, plan.steps_per_epoch) == (11, 5, 1, 9)
    assert {plan.reasons[name] for name in ("steps", "batch_size", "threads")} == {"asked for"}


def test_the_plan_says_how_the_files_were_divided(dataset):
    plan = choose_for_device(with_interval(7), dataset)
    told = {"train": 48, "valid": 16, "how": "in proportion by 'side'", "notes": []}
    assert plan.split.model_dump(exclude={"guesses"}) == told
    assert plan.split.guesses == {"side": Guess(files=16, most="a", right=8)}


def test_a_batch_is_at_most_all_training_files(dataset):
    plan = choose_for_device(with_interval(7), dataset, request=PlanRequest(batch=500))
    assert (plan.batch_size, plan.steps_per_epoch) == (48, 1)
    assert "48 training files" in plan.reasons["batch_size"]


@pytest.mark.parametrize("interval", ["auto", 10, 1000])
@pytest.mark.parametrize(
    "speed",
    [
        {"step_s": 0.1, "validation_s": 0.2},
        {"step_s": 1.0, "validation_s": 30.0},
        {"step_s": 0.01, "validation_s": 10.0},
    ],
)
def test_a_plan_fits_into_its_budget_and_uses_it(dataset, interval, speed):
    plan = cut(with_interval(interval, epochs=10**6), dataset, **speed, budget_s=1800.0)
    used = seconds(plan, speed) / 1800.0
    assert 0.75 < used <= BUDGET_SHARE + 1e-9 or plan.sample_interval == 10
    assert used <= BUDGET_SHARE + 0.01


def test_the_epochs_are_the_most_a_budget_gives(dataset):
    plan = cut(with_interval("auto", epochs=40), dataset, step_s=0.01, validation_s=0.01, budget_s=1800.0)
    assert plan.steps == 120
    assert "all epochs fit" in plan.reasons["steps"]


def test_a_budget_of_nothing_still_plans_a_step(dataset):
    assert cut(with_interval("auto"), dataset, step_s=1.0, validation_s=1.0, budget_s=0.1).steps == 1


def test_auto_makes_some_twenty_validations_and_fewer_where_they_are_dear(dataset):
    cheap = cut(with_interval("auto"), dataset, step_s=0.1, validation_s=0.2, budget_s=120.0)
    dear = cut(with_interval("auto"), dataset, step_s=0.1, validation_s=4.0, budget_s=120.0)
    assert 15 <= cheap.steps / cheap.sample_interval <= 20
    assert 4 <= dear.steps / dear.sample_interval <= 5
    assert choose_for_device(with_interval("auto", epochs=100), dataset).sample_interval == 15


def test_an_interval_that_was_given_is_kept_whatever_the_budget(dataset):
    plan = cut(with_interval(50, 100), dataset, step_s=1.0, validation_s=1.0, budget_s=60.0)
    assert (plan.sample_interval, plan.checkpoint_interval) == (50, 100)


def test_a_measured_plan_says_what_was_measured(dataset):
    request = PlanRequest(threads=1)
    plan = choose_for_device(with_interval("auto", epochs=10**6), dataset, request=request, budget_s=20.0)
    assert 20 < plan.steps < 20_000
    assert "s a step" in plan.reasons["steps"]
    assert plan.measured is not None
    assert min(plan.measured.step_s, plan.measured.validation_s) > 0


def test_a_plan_that_was_asked_for_holds_nothing_measured(dataset):
    asked = PlanRequest(steps=11, batch=5, threads=1)
    config = with_interval(7)
    plans = [choose_for_device(config, dataset, request=asked, budget_s=budget) for budget in (None, 20.0, 1000.0)]
    assert plans[0] == plans[1] == plans[2]
    assert plans[0].measured is None


def test_a_data_set_that_cannot_be_split_is_refused_with_words(dataset):
    config = config_of(cat=["side"], globals={"basic_experiment": {"valid_size": 64}})
    with pytest.raises(SplitError, match="valid_size 64 means 64 of the 64 labelled files"):
        choose_for_device(config, dataset)


@pytest.mark.parametrize("budget_s", [-3.0, 0.001, 1.0, 5.0])
def test_a_budget_that_is_over_before_anything_is_measured_still_gives_a_step_and_its_validation(
    dataset, tmp_path, budget_s
):
    config = with_interval("auto", epochs=10**6)
    plan = choose_for_device(config, dataset, request=PlanRequest(threads=1), budget_s=budget_s)
    assert plan.measured is not None
    run = trained(config, dataset, tmp_path, plan=plan, deadline_s=budget_s - 5.0)
    assert run.outcome.reason == "time"
    assert run.outcome.step >= 1
    assert [saved.step for saved in run.kept("best")][-1] == run.outcome.step


def test_a_run_whose_steps_a_budget_cut_ends_for_want_of_time_and_one_that_had_all_its_epochs_is_finished(
    dataset, tmp_path
):
    speed = {"step_s": 1.0, "validation_s": 1.0}
    short, whole = (
        cut(with_interval("auto", epochs=2), dataset, **speed, budget_s=budget_s) for budget_s in (5.0, 60.0)
    )
    assert (short.steps, whole.steps) == (3, 6)
    for plan, reason in ((short, "time"), (whole, "finished")):
        run = trained(with_interval("auto", epochs=2), dataset, tmp_path / reason, plan=plan)
        assert (run.outcome.reason, run.outcome.step) == (reason, plan.steps)


def test_a_budget_that_one_step_and_its_validation_overrun_by_far_is_refused_with_a_sensible_one(dataset):
    with pytest.raises(TooLittleTime, match=r"about 100 s here and the last validation 1e\+03 s") as refused:
        cut(with_interval("auto"), dataset, step_s=100.0, validation_s=1000.0, budget_s=5.0)
    assert "max_runtime_s at least 1300, or lower valid_size" in str(refused.value)
    plan = cut(with_interval("auto"), dataset, step_s=100.0, validation_s=1000.0, budget_s=1300.0)
    assert plan.steps == 1


def test_a_budget_for_one_step_and_one_validation_spends_nothing_on_a_network_that_knows_nothing(dataset):
    octet = config_of(
        cat=["side"],
        model={"model_type": "octet", "octet": {"size": "nano", "views": ["bytes"], "members": 1}},
        globals={"evaluation_checkpoint": {"sample_interval": "auto"}},
    )
    fitted = choose_for_device(octet, dataset, request=PlanRequest(steps=10, threads=1))
    left_out, dear = fitted.model_copy(update={"wide_effort": None}), Speed(step_s=1.0, validation_s=70.0)
    plan = within_budget(left_out, octet, dear, 60.0)  # 135 s at the most
    assert (plan.steps, plan.measured_at_once) == (1, False)
    with pytest.raises(TooLittleTime, match="what comes before the first step takes about 70 s"):
        within_budget(fitted, octet, dear, 60.0)
    cheap = within_budget(left_out, octet, Speed(step_s=1.0, validation_s=2.0), 60.0)
    assert cheap.measured_at_once
    many = left_out.model_copy(update={"steps": 1000})
    for budget_s, steps in ((60.0, 21), (70.0, 29), (80.0, 30)):  # of 85 %; more than 30 would be measured before them
        plan = within_budget(many, octet, Speed(step_s=1.0, validation_s=30.0), budget_s)
        assert (plan.steps, plan.measured_at_once) == (steps, False)
    plan = within_budget(many, octet, Speed(step_s=1.0, validation_s=30.0), 120.0)
    assert (plan.steps, plan.measured_at_once) == (42, True)


def test_what_the_machine_grants_too_little_memory_for_is_refused_or_takes_fewer_files(dataset):
    config = config_of(cat=["side"], max_length=4096, globals={"basic_experiment": {"batch_size": 48}})
    limit = 560 * 2**20
    with pytest.raises(NotEnoughMemory, match=r"^/globals/basic_experiment/batch_size: 48 files .*lower batch_size to"):
        choose_for_device(config, dataset, memory=Memory(limit))
    plan = choose_for_device(config, dataset, memory=Memory(limit, fewer_files=True))
    assert 1 <= plan.batch_size < 48
    assert plan.steps_per_epoch == 48 // plan.batch_size
    assert "48 would not" in plan.reasons["batch_size"]
    with pytest.raises(NotEnoughMemory, match=r"^/plan/batch: "):
        choose_for_device(config, dataset, request=PlanRequest(batch=48), memory=Memory(limit, fewer_files=True))
    with pytest.raises(NotEnoughMemory, match="another machine"):
        choose_for_device(config, dataset, memory=Memory(10**8, fewer_files=True))
