"""Numbers in records are found from bytes alone, where they are and as they are; letters, pixels, noise have none."""

import struct

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.packed.fields_probe import Fields, placed
from models.packed.probes import Probes, probe

FILES = 200


def found(files: list[bytes]) -> Probes:
    return probe(np.array([len(file) for file in files]), lambda at: np.frombuffer(files[at], np.uint8))


def runs(fields: Fields | None) -> list[tuple[int, str, int]]:
    assert fields is not None
    return [(run.at, run.reading, run.count) for run in fields.numbers]


def drawn(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


@pytest.mark.parametrize("reading", ["f32le", "f32be", "f64le", "f64be"])
def test_a_record_of_floats_is_found_whatever_their_scales(reading):
    scales = drawn(1).lognormal(0, 3, 12)
    values = drawn().normal(2, 1, (FILES, 12)) * scales
    values[:, 3] = drawn(2).integers(0, 80, FILES)
    values[:, 5] = drawn(3).integers(0, 2, FILES)
    dtype = f"{'<' if reading.endswith('le') else '>'}f{int(reading[1:3]) // 8}"
    fields = found([row.astype(dtype).tobytes() for row in values]).fields
    assert runs(fields) == [(0, reading, 12)]
    assert fields is not None
    assert (fields.length, fields.offset, fields.table) == (12 * int(reading[1:3]) // 8, 0, False)


@pytest.mark.parametrize(("reading", "code"), [("i16le", "<h"), ("i32be", ">i"), ("u32le", "<I"), ("i64le", "<q")])
def test_a_record_of_integers_is_found_with_its_sign(reading, code):
    low, high = (0, 90_000) if reading[0] == "u" else (-3_000, 3_000) if reading == "i16le" else (-40_000, 40_000)
    values = drawn().integers(low, high, (FILES, 5))
    files = [b"".join(struct.pack(code, value) for value in row) for row in values.tolist()]
    assert runs(found(files).fields) == [(0, reading, 5)]


def test_a_structure_of_several_kinds_is_taken_apart():
    random = drawn()

    def record() -> bytes:
        numbers = random.normal(0, 9), int(random.integers(0, 90_000)), int(random.integers(-900, 900))
        return struct.pack("<dIhBB", *numbers, int(random.integers(0, 4)), int(random.integers(0, 5))) + random.bytes(8)

    assert runs(found([record() for _ in range(FILES)]).fields) == [(0, "f64le", 1), (8, "u32le", 1), (12, "i16le", 1)]


def test_a_packed_structure_is_found_where_nothing_is_aligned():
    random = drawn()
    files = [
        struct.pack("<Bfhd", int(random.integers(0, 3)), random.normal(5, 9), int(random.integers(-900, 900)), x)
        for x in random.normal(0, 1, FILES)
    ]
    assert runs(found(files).fields) == [(1, "f32le", 1), (5, "i16le", 1), (7, "f64le", 1)]


@pytest.mark.parametrize("header", [0, 10])
def test_a_table_of_records_begins_behind_its_header(header):
    random = drawn()

    def table() -> bytes:
        count = int(random.integers(20, 60))
        kind = np.dtype([("price", "<f4"), ("id", "<u2"), ("kind", "u1"), ("flag", "u1"), ("size", "<u4")])
        rows = np.zeros(count, kind)
        rows["price"], rows["size"] = random.normal(50, 10, count), random.integers(0, 90_000, count)
        rows["kind"], rows["id"] = random.integers(0, 3, count), random.integers(0, 65_536, count)
        rows["flag"] = random.integers(0, 256, count)
        return random.bytes(header) + rows.tobytes()

    probes = found([table() for _ in range(60)])
    fields = probes.fields
    assert probes.period is not None
    assert fields is not None
    assert (fields.length, fields.offset, fields.table) == (12, header, True)
    assert {(0, "f32le", 1), (8, "u32le", 1)} <= set(runs(fields))


def test_equally_long_tables_are_tables_and_equally_long_records_are_records():
    tables = drawn().normal(3, 1, (FILES, 20, 3)).astype("<f4")
    tables[:, :, 1] *= 1000
    records = tables.reshape(FILES, 60) * drawn(1).lognormal(0, 3, 60).astype("<f4")
    one, other = (placed(part.view(np.uint8).reshape(FILES, 20, 12)) for part in (tables, records))
    assert one < 0.05 < 0.15 < other
    fields = found([table.tobytes() for table in tables]).fields
    assert fields is not None
    assert (fields.length, fields.table, runs(fields)) == (12, True, [(0, "f32le", 3)])
    fields = found([record.tobytes() for record in records]).fields
    assert fields is not None
    assert (fields.length, fields.table, runs(fields)) == (240, False, [(0, "f32le", 60)])


def letters(random: np.random.Generator) -> bytes:
    return bytes(random.choice(list(b"ACGT"), 60).tolist())


def words(random: np.random.Generator) -> bytes:
    some = b"the film was a long and winding road of tears but never dull or slow ".split()
    return b" ".join(some[at] for at in random.integers(0, len(some), 60))[:200]


def digits(random: np.random.Generator) -> bytes:
    return b",".join(b"%07.2f" % value for value in random.normal(500, 200, 12))[:80]


def picture(random: np.random.Generator) -> bytes:
    y, x = np.mgrid[:16, :16]
    spot = np.exp(-((x - random.uniform(4, 12)) ** 2 + (y - random.uniform(4, 12)) ** 2) / 12)
    return (spot * 255).astype(np.uint8).tobytes()


def noise(random: np.random.Generator) -> bytes:
    return random.bytes(100)


def marked(random: np.random.Generator) -> bytes:
    return b"\x7fMARK\0\1\2" + random.bytes(120)


def symbols(random: np.random.Generator) -> bytes:
    return bytes(random.integers(0, 16, 64).tolist())


@pytest.mark.parametrize("make", [letters, words, digits, picture, noise, marked, symbols])
def test_what_holds_no_numbers_of_several_bytes_has_no_fields(make):
    random = drawn()
    assert found([make(random) for _ in range(FILES)]).fields is None


def test_few_files_long_files_and_files_of_many_lengths_are_no_records():
    floats = (drawn().normal(3, 1, (FILES, 300)) * drawn(1).lognormal(0, 3, 300)).astype("<f4")
    assert found([row[:8].tobytes() for row in floats[:20]]).fields is None
    assert found([row.tobytes() for row in floats]).fields is None
    assert found([row.tobytes()[: 40 + at % 9] for at, row in enumerate(floats)]).fields is None


@given(st.binary(min_size=8, max_size=64), st.integers(0, 2**32))
@settings(max_examples=5, deadline=None)
def test_any_bytes_are_looked_at_without_harm(start, seed):
    random = drawn(seed)
    files = [start[: int(random.integers(0, 8))] + random.bytes(len(start)) for _ in range(50)]
    for some in (files, [file[-len(start) :] for file in files], [start] * 50):
        probes = found(some)
        assert probes == found(some)
        assert Probes.model_validate_json(probes.model_dump_json()) == probes


def test_a_summary_of_before_has_no_fields():
    old = found([noise(drawn())] * 3).model_dump(exclude={"fields"})
    assert Probes.model_validate(old).fields is None
