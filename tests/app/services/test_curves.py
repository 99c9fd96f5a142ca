import re
import sys

import pytest

from app.services.curves import Undrawable, UnknownMetric, curve
from app.services.drawing import MOST_RUNS, Look
from app.services.runs.find import UnknownRun
from app.services.runs.lease import acquire, record_points
from tests.support.runs import a_point, a_run, checkpointed


@pytest.fixture
def run(parts):
    lease = acquire(parts, a_run(parts, name="50 % of $x$ & <y>").id, "w")
    record_points(parts, lease, [a_point(step, "loss", "train", value=1 / step) for step in range(1, 9)])
    record_points(parts, lease, [a_point(step, "loss", "valid", value=2 / step) for step in (4, 8)])
    for target in ("a", "b"):
        record_points(parts, lease, [a_point(8, "acc", "valid", target, 0.5)])
    record_points(parts, lease, [a_point(8, "r2", "valid", "a", 0.5)])
    checkpointed(parts, lease, "best", 4, 0.5)
    return lease.run_id


def test_a_curve_is_an_svg_or_a_png_and_the_same_each_time(parts, run):
    svg = curve(parts, run, "loss", "svg")
    assert b"<svg" in svg[:2000]
    assert svg == curve(parts, run, "LOSS", "svg")
    assert curve(parts, run, "loss", "png").startswith(b"\x89PNG\r\n\x1a\n")


def test_the_best_checkpoint_is_marked(parts, run):
    """Without a validation point at the best step there is nothing to mark."""
    marked, plain = curve(parts, run, "loss"), curve(parts, run, "r2")
    assert (b"best: 0.5 at step 4" in marked, b"best" in plain) == (True, False)


def test_a_metric_of_one_target_needs_no_name_and_one_of_several_does(parts, run):
    assert b"<svg" in curve(parts, run, "r2")
    assert b"<svg" in curve(parts, run, "acc", target="b")
    with pytest.raises(UnknownMetric, match="known of a, b"):
        curve(parts, run, "acc")


def test_an_unknown_metric_or_target_is_answered_with_those_that_exist(parts, run):
    with pytest.raises(UnknownMetric, match="acc of a, acc of b, loss, r2 of a"):
        curve(parts, run, "mcc")
    with pytest.raises(UnknownMetric, match="acc of c"):
        curve(parts, run, "acc", target="c")
    with pytest.raises(UnknownMetric, match="no points yet"):
        curve(parts, a_run(parts).id, "loss")
    with pytest.raises(UnknownRun):
        curve(parts, "nosuch", "loss")


def test_drawing_never_touches_the_global_state_of_pyplot(parts, run):
    curve(parts, run, "loss")
    assert "matplotlib.pyplot" not in sys.modules


def test_several_runs_are_drawn_over_each_other_each_with_its_best(parts, run):
    lease = acquire(parts, a_run(parts, name="_another").id, "w")
    record_points(parts, lease, [a_point(step, "loss", "valid", value=1 / step) for step in (4, 8)])
    record_points(parts, lease, [a_point(8, "r2", "valid", "b", 0.5)])
    both = curve(parts, run, "loss", beside=[lease.run_id])
    assert both != curve(parts, run, "loss")
    assert both.count(b"#0072b2") > 1
    assert both.count(b"#d55e00") > 1
    assert curve(parts, run, "loss", beside=[run]) == curve(parts, run, "loss"), "a run is drawn once"
    with pytest.raises(UnknownMetric, match=f"run {lease.run_id} has no metric r2 of a"):
        curve(parts, run, "r2", beside=[lease.run_id])
    with pytest.raises(UnknownRun):
        curve(parts, run, "loss", beside=["nosuch"])
    with pytest.raises(Undrawable, match=f"at most {MOST_RUNS}"):
        curve(parts, run, "loss", beside=[str(n) for n in range(MOST_RUNS)])


def test_a_picture_is_light_or_dark_and_its_axis_logarithmic_where_it_can_be(parts, run):
    light, dark = (curve(parts, run, "loss", look=Look(theme)) for theme in ("light", "dark"))
    assert b"#14181d" in dark
    assert b"#14181d" not in light
    assert curve(parts, run, "loss", look=Look(log=True)) != light
    lease = acquire(parts, a_run(parts).id, "w")
    record_points(parts, lease, [a_point(step, "mcc", "valid", value=step - 1.0) for step in (1, 2)])
    with pytest.raises(Undrawable, match="mcc has 1 value of 0 or below"):
        curve(parts, lease.run_id, "mcc", look=Look(log=True))


def test_numbers_are_written_as_people_write_them(parts):
    lease = acquire(parts, a_run(parts).id, "w")
    record_points(parts, lease, [a_point(step, "loss", "valid", value=1000 / step) for step in (1000, 4000)])
    checkpointed(parts, lease, "best", 4000, 0.5)
    svg = curve(parts, lease.run_id, "loss", look=Look(log=True)).decode()
    said = set(re.findall("<!-- (.*?) -->", svg))
    assert {"2,400", "4,000", "best: 0.25 at step 4,000", "0.5", "1"} <= said
    assert not any("mathdefault" in words for words in said), "no powers of ten"
