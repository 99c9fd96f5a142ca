"""The view for records: bytes are read as numpy reads them, padding is invisible, a rule on numbers is learnt."""

import struct

import numpy as np
import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st

from models.config.octet import FieldsConfig, NumbersConfig
from models.nn.octet.quantiles import QuantileEncoding
from models.nn.octet.view_fields import FieldsView, as_number
from tests.models.nn.octet.piece_batches import batch_of


def fields(length=12, offset=0, numbers=((0, "f32le", 2), (8, "i16be", 1))):
    runs = [NumbersConfig(at=at, reading=reading, count=count) for at, reading, count in numbers]
    return FieldsConfig(length=length, offset=offset, numbers=runs)


def view(config=None, rows=1, width=16):
    torch.manual_seed(0)
    return FieldsView(config or fields(), rows=rows, width=width)


def files(count=60, seed=0, records=1):
    """Records of two floats, an integer and two bytes, with numbers where they may be."""
    draw = np.random.default_rng(seed)
    kind = np.dtype([("x", "<f4", 2), ("n", ">i2"), ("flag", "u1"), ("code", "u1")])
    tables = np.zeros((count, records), kind)
    tables["x"], tables["n"] = draw.normal(3, 9, (count, records, 2)), draw.integers(-900, 900, (count, records))
    tables["flag"], tables["code"] = draw.integers(0, 2, (count, records)), draw.integers(0, 200, (count, records))
    return [table.tobytes() for table in tables]


def fitted(model, some):
    values, there = model.decoded(batch_of(some))
    model.encoding.fit(torch.where(there, values, torch.nan).flatten(0, 1).numpy())
    return model


@pytest.mark.parametrize("order", ["le", "be"])
@pytest.mark.parametrize("kind", ["u16", "i16", "u32", "i32", "u64", "i64", "f32", "f64"])
@settings(deadline=None)
@given(data=st.binary(min_size=24, max_size=24))
def test_bytes_are_read_as_numpy_reads_them(kind, order, data):
    size = int(kind[1:]) // 8
    with np.errstate(invalid="ignore"):  # a NaN that signals
        expected = np.frombuffer(data, f"{'<' if order == 'le' else '>'}{kind[0]}{size}").astype(np.float64)
    found = as_number(torch.tensor(list(data)).view(-1, size), kind + order)
    np.testing.assert_array_equal(found.numpy(), expected)


def test_a_record_gives_its_numbers_then_the_bytes_that_lie_in_no_float():
    record = struct.pack("<ff", 1.5, -2.0) + struct.pack(">h", -3) + bytes([7, 9])
    values, there = view().decoded(batch_of([record]))
    assert values.tolist() == [[[1.5, -2.0, -3.0, 255.0, 253.0, 7.0, 9.0]]]
    assert there.all()


def test_what_is_no_number_is_not_there_and_what_is_endless_is_cut():
    record = struct.pack("<ff", float("nan"), float("inf")) + bytes(4)
    values, there = view().decoded(batch_of([record]))
    assert values[0, 0, :2].tolist() == [0.0, 1e30]
    assert there[0, 0, :2].tolist() == [False, True]


def test_records_count_from_the_offset_wherever_a_piece_begins():
    config, (file,) = fields(offset=5), files(1, records=10)
    whole, _ = view(config, rows=10).decoded(batch_of([b"HEAD\n" + file]))
    for start, first in ((0, 0), (3, 0), (5, 0), (6, 1), (17, 1), (40, 3)):
        part, there = view(config, rows=10).decoded(batch_of([b"HEAD\n" + file], starts=[start]))
        count = int(there.any(-1).sum())
        assert count == 10 - first
        assert torch.equal(part[:, :count], whole[:, first:10])


@pytest.mark.parametrize("rows", [1, 8])
@pytest.mark.parametrize("long", [1, 7, 12, 13, 60])
def test_padding_behind_changes_nothing(rows, long):
    some = files(80, records=rows)
    model = fitted(view(rows=rows), some).eval()
    file = files(1, seed=5, records=8)[0][:long]
    alone = model(batch_of([file]))
    assert alone.shape == (1, model.features)
    for batch in (batch_of([file], width=long + 5), batch_of([file, b"\1" * 96])):
        torch.testing.assert_close(model(batch)[:1], alone, rtol=1e-5, atol=1e-6)


def test_a_record_that_is_cut_shows_its_whole_numbers_where_it_stands_alone():
    file = files(1, records=2)[0]
    assert view().decoded(batch_of([file[:6]]))[1].tolist() == [[[True] + [False] * 6]]
    assert view(rows=2).decoded(batch_of([file[:18]]))[1].any(-1).tolist() == [[True, False]]


def test_numbers_are_encoded_between_quantiles():
    encoding = QuantileEncoding(3, 4)
    values = np.stack((np.arange(101.0), np.arange(101) % 3, np.full(101, 7.0)), 1)
    values[0, 1] = np.nan
    encoding.fit(values)
    assert encoding.knots[:, :3].tolist() == [[0, 25, 50], [0, 1, 2], [float("inf")] * 3]
    at = torch.tensor([[30.0, 1.0, 7.0], [1e9, -5.0, 8.0]], dtype=torch.float64)
    found = encoding(at, torch.tensor([[True, True, True], [True, True, False]])).view(2, 3, 6)
    torch.testing.assert_close(found[0, 0, :4], torch.tensor([1.0, 0.2, 0.0, 0.0]))
    assert found[0, 1, :4].tolist() == [1.0, 0.0, 0.0, 0.0]
    assert found[1, 0].tolist()[:4] == [1.0] * 4
    assert found[1, 1].tolist()[:4] == [0.0] * 4
    assert not found[:, 2].any()
    assert found.isfinite().all()
    assert found.abs().max() <= 4


@example(numbers=[0.0, 5e-324], bins=1)
@settings(deadline=None)
@given(st.lists(st.floats(-1e30, 1e30), min_size=2, max_size=60), st.integers(1, 16))
def test_an_encoding_rises_with_its_number_whatever_it_was_fitted_to(numbers, bins):
    encoding = QuantileEncoding(1, bins)
    encoding.fit(np.array(numbers)[:, None])
    ordered = torch.tensor(sorted(numbers), dtype=torch.float64)[:, None]
    found = encoding(ordered, torch.ones_like(ordered, dtype=torch.bool))
    assert found.isfinite().all()
    assert (found.diff(dim=0) >= -1e-6).all()


def test_an_encoding_that_was_not_fitted_says_nothing():
    encoding = QuantileEncoding(2, 8)
    assert not encoding(torch.randn(5, 2).double(), torch.ones(5, 2, dtype=torch.bool)).any()


def test_more_features_have_fewer_bins():
    few, many = (view(fields(length, numbers=())).encoding for length in (100, 1000))
    assert (few.width, many.width) == (100 * 18, 1000 * 6)


def test_numbers_are_hidden_in_training_alone():
    some = files(8)
    model = fitted(view(), some)
    model.drop.p = 0.0
    assert not torch.equal(model(batch_of(some)), model(batch_of(some)))
    model.hidden = 0.0
    assert torch.equal(model(batch_of(some)), model(batch_of(some)))
    torch.testing.assert_close(model(batch_of(some)), model.eval()(batch_of(some)))


@pytest.mark.parametrize("records", [1, 6])
def test_it_learns_a_rule_on_a_number_of_several_bytes(records):
    """Whether the first float of most records lies between two bounds."""

    def drawn(count, seed):
        some = files(count, seed, records)
        first = np.stack(
            [np.frombuffer(file, np.uint8).reshape(records, 12)[:, :4].copy().view("<f4") for file in some]
        )
        return some, torch.from_numpy(((first > 0) & (first < 8)).mean((1, 2)) > 0.4).long()

    some, labels = drawn(300, 0)
    model = fitted(view(rows=records, width=24), some)
    head = torch.nn.Linear(model.features, 2)
    optimiser = torch.optim.AdamW([*model.parameters(), *head.parameters()], lr=1e-2)
    batch = batch_of(some)
    for _ in range(60):
        loss = torch.nn.functional.cross_entropy(head(model(batch)), labels)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in model.parameters())
    some, labels = drawn(200, 1)
    assert (head(model.eval()(batch_of(some))).argmax(1) == labels).float().mean() > 0.8
