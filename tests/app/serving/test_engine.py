"""The engine batches what waits, fairly, and keeps one file's failure to itself."""

from collections.abc import Iterator
from concurrent.futures import CancelledError

import pytest

from app.serving.engine import Engine
from models.inference.portions import TOKENS
from tests.app.serving.byte_counter import ByteCounter


@pytest.fixture
def measured() -> list[tuple[int, float]]:
    return []


@pytest.fixture
def engine(measured: list[tuple[int, float]]) -> Iterator[Engine]:
    engine = Engine(batch_files=4, observe=lambda files, seconds: measured.append((files, seconds)))
    engine.start()
    yield engine
    engine.stop()


def held(engine: Engine) -> tuple[ByteCounter, object]:
    """A model that the engine is busy with until model.free is set."""
    model = ByteCounter()
    model.free.clear()
    first = engine.submit(model, [b"first"])
    assert model.entered.wait(60)
    return model, first


def test_a_single_file_is_computed_alone(engine, measured):
    model = ByteCounter()
    [answer] = engine.submit(model, [b"\xff\x00"]).result(60)
    assert (answer.outputs["high"].value, answer.read) == (0.5, 2)
    assert model.batches == [[b"\xff\x00"]]
    assert [files for files, _ in measured] == [1]
    assert engine.seconds_per_file > 0


def test_what_waits_for_the_same_model_is_one_batch(engine):
    model, first = held(engine)
    later = [engine.submit(model, [bytes([n])]) for n in range(1, 4)]
    model.free.set()
    assert [len(f.result(60)) for f in (first, *later)] == [1, 1, 1, 1]
    assert model.batches == [[b"first"], [b"\x01", b"\x02", b"\x03"]]


def test_another_model_waits_for_its_own_batch(engine):
    model, _ = held(engine)
    other = ByteCounter("b" * 64)
    futures = [engine.submit(m, [b"x"]) for m in (model, other, model)]
    model.free.set()
    assert all(len(f.result(60)) == 1 for f in futures)
    assert model.batches == [[b"first"], [b"x", b"x"]]
    assert other.batches == [[b"x"]]


def test_a_long_request_gives_way_after_each_batch(engine):
    model, _ = held(engine)
    long = engine.submit(model, [b"long"] * 9)
    short = engine.submit(ByteCounter("b" * 64), [b"short"])
    order = []
    long.add_done_callback(lambda _: order.append("long"))
    short.add_done_callback(lambda _: order.append("short"))
    model.free.set()
    assert len(long.result(60)) == 9
    assert order == ["short", "long"]
    assert [len(batch) for batch in model.batches] == [1, 4, 4, 1]


def test_answers_come_in_the_order_of_the_files(engine):
    files = [bytes([255] * n + [0] * (7 - n)) for n in range(8)]
    answers = engine.submit(ByteCounter(), files).result(60)
    assert [round(answer.outputs["high"].value * 7) for answer in answers] == list(range(8))


def test_one_bad_file_fails_alone_in_its_batch(engine):
    model, _ = held(engine)
    good, bad = engine.submit(model, [b"good"]), engine.submit(model, [b"bad", b"fine"])
    model.free.set()
    assert good.result(60)[0].read == 4
    failed, fine = bad.result(60)
    assert isinstance(failed, ArithmeticError)
    assert fine.read == 4


def test_a_cancelled_request_leaves_the_queue(engine):
    model, _ = held(engine)
    gone, stays = engine.submit(model, [b"gone"]), engine.submit(model, [b"stays"])
    assert engine.waiting() == (2, 2)
    assert gone.cancel()
    assert engine.waiting() == (1, 1)
    model.free.set()
    assert len(stays.result(60)) == 1
    assert [b"gone"] not in model.batches


def test_a_model_of_long_inputs_gets_small_batches(engine):
    model = ByteCounter(length=TOKENS // 2)
    assert len(engine.submit(model, [b"x"] * 3).result(60)) == 3
    assert [len(batch) for batch in model.batches] == [2, 1]


def test_files_are_batched_by_what_they_cost_and_a_large_one_is_computed_alone(engine):
    model = ByteCounter(whole=True)
    sizes = [TOKENS // 2, TOKENS // 2, 1, TOKENS + 1, 2, 3]
    assert len(engine.submit(model, [bytes(size) for size in sizes]).result(60)) == 6
    assert [[len(file) for file in batch] for batch in model.batches] == [sizes[:2], sizes[2:3], sizes[3:4], sizes[4:]]


def test_after_a_large_file_a_small_one_goes_before_the_next_large_one(engine):
    model = ByteCounter(whole=True)
    model.free.clear()
    large = [engine.submit(model, [bytes([n]) * (TOKENS + 1)]) for n in range(3)]
    assert model.entered.wait(60)
    small = [engine.submit(model, [b"small"]), engine.submit(ByteCounter("b" * 64, whole=True), [b"small"])]
    order = []
    for name, future in zip("ABCxy", [*large, *small], strict=True):
        future.add_done_callback(lambda _, name=name: order.append(name))
    model.free.set()
    assert all(future.result(60) for future in [*large, *small])
    assert order == ["A", "x", "B", "y", "C"]


def test_a_large_file_is_not_put_off_for_ever_by_small_ones(engine):
    model, _ = held(engine)
    model.whole = True
    large = engine.submit(model, [b"L" * (TOKENS + 1)])
    small = [engine.submit(model, [b"small"]) for _ in range(9)]
    model.free.set()
    assert len(large.result(60)) == 1
    assert all(future.result(60) for future in small)
    assert [len(batch) for batch in model.batches] == [1, 1, 4, 4, 1]


def test_stopping_finishes_the_batch_at_hand_and_cancels_what_waits():
    engine = Engine(batch_files=4, observe=lambda files, seconds: None)
    engine.start()
    model, first = held(engine)
    other = engine.submit(ByteCounter("b" * 64), [b"x"])
    engine._stopping = True
    model.free.set()
    engine.stop()
    assert len(first.result(60)) == 1
    with pytest.raises(CancelledError):
        other.result(60)
    assert engine.submit(model, [b"late"]).cancelled()
