"""A run stops when too many counted evaluations bring no new best."""

from dataclasses import asdict

from models.training.early_stop import EarlyStopRule, EarlyStopState
from tests.models.training.configs import config_with


def after(averages, rule, interval=10):
    state = EarlyStopState()
    for i, average in enumerate(averages, start=1):
        state = state.update(average, step=i * interval, rule=rule)
    return state


def test_it_stops_after_patience_evaluations_without_a_new_best():
    rule = EarlyStopRule(patience=2, buffer=0, sample_interval=10)
    assert not after([0.5, 0.5], rule).exhausted(rule)
    assert after([0.5, 0.5, 0.4], rule).exhausted(rule)
    assert not after([0.5, 0.4, 0.6, 0.5], rule).exhausted(rule)


def test_evaluations_before_the_buffer_or_between_intervals_do_not_count():
    rule = EarlyStopRule(patience=1, buffer=30, sample_interval=10)
    assert after([0.9, 0.1, 0.2], rule) == EarlyStopState(best=0.2)
    assert EarlyStopState(best=0.2).update(0.1, step=45, rule=rule) == EarlyStopState(best=0.2)


def test_what_answers_before_the_first_step_sets_no_mark_that_the_network_must_pass():
    rule = EarlyStopRule(patience=1, buffer=0, sample_interval=10)
    assert EarlyStopState().update(0.9, step=0, rule=rule) == EarlyStopState()


def test_a_patience_of_zero_never_stops():
    rule = EarlyStopRule(patience=0, buffer=0, sample_interval=10)
    assert not after([0.5] * 50, rule).exhausted(rule)


def test_the_config_sets_the_rule_and_the_state_is_plain_numbers():
    config = config_with(training_control={"early_stopping_patience": 3, "early_stopping_buffer": 40})
    assert EarlyStopRule.of(config, 20) == EarlyStopRule(patience=3, buffer=40, sample_interval=20)
    state = EarlyStopState(0.5, 1)
    assert EarlyStopState(**asdict(state)) == state
