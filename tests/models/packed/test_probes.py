"""Tests on bytes: signals, rows and equal lengths are found where they are, and nowhere else."""

import numpy as np
import pytest

from models.packed.probes import STANDS_OUT, Probes, numbers, predictability, probe

RANDOM = np.random.default_rng(0)


def as_bytes(values: np.ndarray) -> np.ndarray:
    return np.frombuffer(np.ascontiguousarray(values).tobytes(), np.uint8)


def tone() -> np.ndarray:
    time = np.arange(1500)
    waves = [np.sin(2 * np.pi * RANDOM.uniform(0.01, 0.2) * time + RANDOM.uniform(0, 6)) for _ in range(2)]
    return sum(waves) / 2 + RANDOM.normal(0, 0.05, len(time))


def records(header: int = 0) -> np.ndarray:
    count = int(RANDOM.integers(20, 60))
    table = np.zeros((count, 24), np.uint8)
    table[:, :4] = RANDOM.normal(50, 10, count).astype("<f4").view(np.uint8).reshape(count, 4)
    table[:, 6] = RANDOM.integers(0, 3, count)
    table[:, 8:12] = RANDOM.integers(0, 1000, count).astype("<u4").view(np.uint8).reshape(count, 4)
    return np.concatenate((RANDOM.integers(0, 256, header).astype(np.uint8), table.reshape(-1)))


def image(height: int, width: int, channels: int) -> np.ndarray:
    y, x = np.mgrid[:height, :width]
    planes = [
        128
        + 50 * np.sin(x / RANDOM.uniform(4, 9) + RANDOM.uniform(0, 6))
        + 50 * np.sin(y / RANDOM.uniform(3, 8) + RANDOM.uniform(0, 6))
        for _ in range(channels)
    ]
    return as_bytes((np.stack(planes, -1) + RANDOM.normal(0, 3, (height, width, channels))).astype(np.uint8))


def of(make, count: int = 40) -> Probes:
    return of_files([make() for _ in range(count)])


def of_files(files: list[np.ndarray]) -> Probes:
    return probe(np.array([len(file) for file in files]), files.__getitem__)


@pytest.mark.parametrize(
    ("reading", "dtype", "gain", "zero"),
    [
        ("u8", "u1", 80, 128),
        ("i8", "i1", 80, 0),
        ("i16le", "<i2", 8000, 0),
        ("i16be", ">i2", 8000, 0),
        ("u16le", "<u2", 8000, 32768),
        ("i32le", "<i4", 1e8, 0),
        ("f32le", "<f4", 1, 0),
        ("f32be", ">f4", 1, 0),
    ],
)
def test_a_signal_is_read_as_it_was_written(reading, dtype, gain, zero):
    found = of(lambda: as_bytes((tone() * gain + zero).astype(dtype)))
    assert found.wave is not None
    assert (found.wave.reading, found.wave.phase) == (reading, 0)
    assert found.period is None or found.period.strength < STANDS_OUT


def test_three_bytes_a_number_and_a_header_of_odd_length():
    found = of(lambda: as_bytes((tone() * 2e6).astype("<i4").view(np.uint8).reshape(-1, 4)[:, :3]))
    assert found.wave is not None
    assert found.wave.reading == "i24le"
    found = of(lambda: np.concatenate((np.zeros(45, np.uint8), as_bytes((tone() * 8000).astype("<i2")))))
    assert found.wave is not None
    assert (found.wave.reading, found.wave.phase) == ("i16le", 1)


def test_text_random_and_constant_bytes_are_neither_signal_nor_rows():
    words = [b"the ", b"film ", b"was ", b"a ", b"long ", b"and ", b"winding ", b"road ", b"of ", b"tears. "]

    def text() -> np.ndarray:
        return np.frombuffer(b"".join(words[i] for i in RANDOM.integers(0, 10, 200)), np.uint8)

    for make in (text, lambda: RANDOM.integers(0, 256, 2000).astype(np.uint8), lambda: np.full(900, 7, np.uint8)):
        found = of(make)
        assert found.wave is None
        assert found.period is None


@pytest.mark.parametrize("header", [0, 10])
def test_records_have_their_length_as_period(header):
    found = of(lambda: records(header))
    assert found.period is not None
    assert (found.period.length, found.period.unit) == (24, 1)
    assert found.period.evenness < 0.35
    assert found.equal_lengths < 0.5


@pytest.mark.parametrize(("width", "channels"), [(28, 1), (64, 1), (32, 3), (20, 3)])
def test_a_raster_has_its_row_as_period_and_its_pixel_as_unit(width, channels):
    found = of(lambda: np.concatenate((np.zeros(13, np.uint8), image(30, width, channels))))
    assert found.period is not None
    assert (found.period.length, found.period.unit) == (width * channels, channels)
    assert found.period.evenness > 0.35
    assert found.equal_lengths == 1.0


def test_rows_are_found_under_noise():
    """A stripe of three bytes that moves by up to two bytes a row, behind a header."""

    def stripes() -> np.ndarray:
        rows = np.arange(RANDOM.integers(12, 41))
        at = RANDOM.integers(0, 40) + rows * RANDOM.integers(-2, 3)
        picture = RANDOM.normal(100, 30, (len(rows), 40))
        for step in range(3):
            picture[rows, (at + step) % 40] += 80
        return np.concatenate((np.zeros(11, np.uint8), as_bytes(picture.clip(0, 255).astype(np.uint8))))

    found = of(stripes, 200)
    assert found.period is not None
    assert (found.period.length, found.period.unit) == (40, 1)


def test_nothing_to_look_at_is_no_error():
    empty = np.zeros(0, np.uint8)
    for files in ([], [empty], [empty, np.array([5], np.uint8)], [np.arange(15, dtype=np.uint8)]):
        found = of_files(files)
        assert found.wave is None
        assert found.period is None
    assert of_files([empty, empty]).equal_lengths == 1.0


def test_floats_that_are_no_numbers_do_no_harm():
    values = numbers(as_bytes(np.array([1.0, np.nan, np.inf, -3e38], "<f4")), "f32le", 0)
    assert values.tolist() == [1.0, 0.0, 0.0, -1e30]


def test_predictability_of_known_processes():
    assert predictability(0.9 ** np.arange(5)) == pytest.approx(0.81)
    assert predictability(np.cos(np.arange(5) * 1.3)) > 0.999
    assert predictability(np.eye(5)[0]) == 0.0


def test_the_same_files_give_the_same_answer():
    files = [records() for _ in range(20)]
    assert of_files(files) == of_files(files)


def test_of_a_million_files_only_a_sample_is_read():
    read = []

    def file(at):
        read.append(at)
        return np.full(50, at % 7, np.uint8)

    assert probe(np.full(1_000_000, 50), file).equal_lengths == 1.0
    assert len(read) == len(set(read)) <= 200
    assert (min(read), max(read)) == (0, 999_999)
