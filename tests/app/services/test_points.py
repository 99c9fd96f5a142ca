import math
import threading

import pytest

from app.services.jobs.outcomes import JobEnd
from app.services.points import BadSplit, page, position
from app.services.runs.find import BadCursor, UnknownRun
from app.services.runs.lease import acquire, finish, hand_back, record_points
from tests.app.services.runs.test_lease import at_once
from tests.support.runs import a_point, a_run

pytestmark = pytest.mark.services


@pytest.fixture
def lease(parts):
    return acquire(parts, a_run(parts).id, "w")


def everything(parts, run_id, limit=3):
    """All points, page by page."""
    found, after = [], 0
    while (got := page(parts, run_id, after, limit=limit)).points:
        assert got.next > after
        found, after = found + got.points, got.next
    return found


def test_points_come_back_as_they_were_in_the_order_of_their_cursors(parts, lease):
    record_points(parts, lease, [a_point(1, value=0.1 + 0.2), a_point(1, target="y", value=1e300)])
    record_points(parts, lease, [a_point(2, "mcc", "valid", value=-1.0)])
    found = everything(parts, lease.run_id)
    assert [(p.cursor, p.step, p.epoch, p.split, p.target, p.name, p.value) for p in found] == [
        (1, 1, 0.1, "train", None, "loss", 0.1 + 0.2),
        (2, 1, 0.1, "train", "y", "loss", 1e300),
        (3, 2, 0.2, "valid", None, "mcc", -1.0),
    ]
    assert found[0].time.endswith("Z")


def test_a_repeated_point_is_dropped_and_the_first_value_stays(parts, lease):
    record_points(parts, lease, [a_point(1, value=1.0), a_point(2)])
    before = position(parts, lease.run_id)
    record_points(parts, lease, [a_point(1, value=9.0), a_point(2)])
    assert position(parts, lease.run_id) == before
    record_points(parts, lease, [a_point(2), a_point(3), a_point(3)])
    found = everything(parts, lease.run_id)
    assert [p.step for p in found] == [1, 2, 3]
    assert found[0].value == 1.0
    assert found[-1].cursor == position(parts, lease.run_id).last_cursor > before.last_cursor


def test_a_resumed_attempt_repeats_without_a_double(parts, lease):
    record_points(parts, lease, [a_point(step) for step in range(1, 8)])
    hand_back(parts, lease, "handed_back")
    second = acquire(parts, lease.run_id, "w")
    record_points(parts, second, [a_point(step) for step in range(5, 11)])
    assert [p.step for p in everything(parts, lease.run_id)] == list(range(1, 11))


def test_eight_threads_that_record_at_once_leave_no_gap_for_a_reader_and_no_double(parts, lease):
    """A reader that goes by the cursor meanwhile must see every point exactly once."""
    seen, after, done = [], 0, threading.Event()

    def read():
        nonlocal seen, after
        while True:
            last = done.is_set()
            got = page(parts, lease.run_id, after)
            seen, after = seen + got.points, got.next
            if last and not got.points:
                return

    reader = threading.Thread(target=read)
    reader.start()
    at_once(
        8,
        lambda n: [record_points(parts, lease, [a_point(s, f"m{n}"), a_point(s, "shared")]) for s in range(20)],
    )
    done.set()
    reader.join()
    assert len(seen) == len({(p.step, p.name) for p in seen}) == 8 * 20 + 20
    cursors = [p.cursor for p in seen]
    assert cursors == sorted(set(cursors))
    assert seen == everything(parts, lease.run_id, limit=1000)


def test_more_points_at_once_than_a_statement_takes_parameters(parts, lease):
    record_points(parts, lease, [a_point(step) for step in range(9000)])
    assert len(page(parts, lease.run_id, limit=10_000).points) == 9000
    assert len(page(parts, lease.run_id, limit=99_999).points) == 9000


def test_filters_choose_and_the_cursor_still_moves_past_what_they_left_out(parts, lease):
    record_points(parts, lease, [a_point(1), a_point(1, "acc", "valid"), a_point(2), a_point(2, target="y")])
    assert [p.step for p in page(parts, lease.run_id, name="LOSS", split="train", target="y").points] == [2]
    got = page(parts, lease.run_id, name="acc")
    assert ([p.step for p in got.points], got.next) == ([1], 4)
    assert page(parts, lease.run_id, split="valid", limit=1).next == 2
    with pytest.raises(BadSplit):
        page(parts, lease.run_id, split="test")


@pytest.mark.parametrize("limit", [1, 2, 7, 1000])
def test_pages_of_a_rare_point_are_full_until_all_are_seen_however_far_apart_they_are(parts, lease, limit):
    rare = [5, 6, 130, 131, 990]
    record_points(parts, lease, [a_point(s, "rare" if s in rare else "loss") for s in range(1000)])
    found, after = [], 0
    while True:
        got = page(parts, lease.run_id, after, name="rare", limit=limit)
        found += [point.step for point in got.points]
        if len(got.points) < limit:
            break
        after = got.next
    assert (found, got.next) == (rare, 1000)


@pytest.mark.parametrize("after", [-1, 2, 10**12])
def test_a_cursor_that_was_never_given_out_is_refused(parts, lease, after):
    record_points(parts, lease, [a_point(1)])
    with pytest.raises(BadCursor, match="from 0 to 1"):
        page(parts, lease.run_id, after)


def test_the_position_says_when_nothing_new_can_come(parts, lease):
    record_points(parts, lease, [a_point(1)])
    assert (position(parts, lease.run_id).last_cursor, position(parts, lease.run_id).ended) == (1, False)
    finish(parts, lease, JobEnd("succeeded", "finished"))
    assert (position(parts, lease.run_id).status, position(parts, lease.run_id).ended) == ("succeeded", True)
    assert page(parts, lease.run_id).position == position(parts, lease.run_id)


def test_points_of_one_run_are_not_anothers(parts, lease):
    other = acquire(parts, a_run(parts).id, "w")
    record_points(parts, lease, [a_point(1)])
    record_points(parts, other, [a_point(1), a_point(2)])
    assert len(everything(parts, lease.run_id)) == 1
    assert [p.cursor for p in everything(parts, other.run_id)] == [1, 2]


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_a_value_that_is_no_number_is_refused(parts, lease, value):
    with pytest.raises(ValueError, match="loss of train at step 1"):
        record_points(parts, lease, [a_point(1, value=value)])


def test_points_of_a_run_that_does_not_exist(parts):
    for read in (page, position):
        with pytest.raises(UnknownRun):
            read(parts, "nosuch")
