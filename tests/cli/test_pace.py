"""The speed of a run is what was seen of it in the last half minute."""

from app.cli.pace import Pace


def paced(*looks):
    pace = Pace()
    for at_s, step in looks:
        pace.seen(step, at_s)
    return pace


def test_two_looks_apart_give_a_speed_and_one_gives_none():
    assert paced((0.0, 0)).words() == ""
    assert paced((0.0, 0), (1.0, 50)).words() == "", "a second is too short"
    assert paced((0.0, 0), (4.0, 50)).words() == "12.5 steps/s"
    assert paced((0.0, 10), (32.0, 20)).words() == "3.2 s/step"


def test_what_is_long_ago_counts_no_more():
    slow_then_fast = [(float(at), at if at < 100 else 100 + (at - 100) * 10) for at in range(200)]
    assert paced(*slow_then_fast).per_second() == 10


def test_a_run_that_goes_back_to_its_checkpoint_is_measured_anew():
    assert paced((0.0, 0), (10.0, 100), (20.0, 50)).per_second() is None
    assert paced((0.0, 0), (10.0, 100), (20.0, 50), (30.0, 60)).per_second() == 1
