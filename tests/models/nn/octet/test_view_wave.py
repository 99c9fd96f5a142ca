"""The view for signals: bytes become the right numbers, padding is invisible, pitch is learnt in seconds."""

import numpy as np
import pytest
import torch

from models.nn.octet.numbers import read_numbers, scaled
from models.nn.octet.view_wave import FilterBank, WaveView, mask_stripes, stretched
from models.packed.readings import READINGS, item_size
from tests.models.nn.octet.piece_batches import batch_of

DTYPES = {"i8": "i1", "i16le": "<i2", "i16be": ">i2", "i32le": "<i4", "i32be": ">i4"}


def tones(count: int, pitch: float, *, seed: int = 0, long: int = 1500) -> list[bytes]:
    random = np.random.default_rng(seed)
    phases, time = random.uniform(0, 6, (count, 1)), np.arange(long)
    signal = np.sin(2 * np.pi * pitch * time + phases) * random.uniform(0.1, 0.9, (count, 1))
    return [row.astype("<i2").tobytes() for row in signal * 20000]


def view(**changes: float) -> WaveView:
    torch.manual_seed(0)
    sizes = {"bands": 16, "kernel": 64, "hop": 32, "width": 16, "convs": 1, "layers": 1} | changes
    return WaveView("i16le", **sizes)  # type: ignore[arg-type]


@pytest.mark.parametrize("reading", DTYPES)
def test_integers_are_read_as_numpy_reads_them(reading):
    raw = np.random.default_rng(0).integers(0, 256, 64, dtype=np.uint8).tobytes()
    values, there = read_numbers(batch_of([raw]), reading)
    expected = np.frombuffer(raw, DTYPES[reading]) / 2.0 ** (8 * item_size(reading) - 1)
    np.testing.assert_allclose(values[0].numpy(), expected, rtol=1e-6)
    assert there.all()


@pytest.mark.parametrize(("reading", "dtype"), [("f32le", "<f4"), ("f32be", ">f4")])
def test_floats_are_read_as_they_are_and_nothing_else_gets_through(reading, dtype):
    raw = np.array([1.5, -2e-3, np.nan, np.inf, 3e8], dtype).tobytes()
    values, _ = read_numbers(batch_of([raw]), reading)
    np.testing.assert_allclose(values[0].numpy(), [1.5, np.float32(-2e-3), 0, 0, np.float32(3e8)])


def test_three_bytes_and_unsigned_numbers():
    values, _ = read_numbers(batch_of([b"\x00\x00\x80\xff\xff\x7f"]), "i24le")
    assert values[0].tolist() == pytest.approx([-1.0, 1.0], abs=1e-6)
    assert read_numbers(batch_of([b"\x00\xff"]), "u8")[0][0].tolist() == pytest.approx([-0.996, 0.996], abs=1e-3)


@pytest.mark.parametrize("reading", READINGS)
def test_a_piece_reads_the_same_numbers_wherever_it_begins(reading):
    raw = np.random.default_rng(0).integers(0, 256, 60, dtype=np.uint8).tobytes()
    size = item_size(reading)
    whole, _ = read_numbers(batch_of([raw]), reading, phase=size - 1)
    for start in range(1, 13):
        part, there = read_numbers(batch_of([raw], starts=[start]), reading, phase=size - 1)
        first = -(-(start - (size - 1)) // size)
        assert torch.equal(part[there], whole[0, first : first + int(there.sum())])
        assert there.sum() >= (60 - start) // size - 1


def test_a_loud_header_hardly_moves_the_scale():
    signal = torch.sin(torch.arange(2000) / 5.0)[None] * 0.05
    with_header = torch.cat((torch.full((1, 22), 0.9), signal), 1)
    there = torch.ones_like(with_header, dtype=torch.bool)
    ratio = scaled(with_header, there)[0][:, 22:].std() / scaled(signal, there[:, 22:])[0].std()
    assert 0.85 < ratio < 1.0


def test_loudness_is_divided_out_and_said_beside():
    there = torch.ones(1, 500, dtype=torch.bool)
    signal = torch.randn(1, 500)
    quiet, loud = scaled(signal * 1e-3, there), scaled(signal, there)
    torch.testing.assert_close(quiet[0], loud[0], rtol=1e-3, atol=1e-3)
    assert loud[1] > quiet[1] + 0.4


def test_the_bank_starts_as_a_spectrum():
    bank, time = FilterBank(32, 256, 64), torch.arange(4096)
    peaks = [int(bank(torch.cos(2 * torch.pi * f * time)[None])[0, 5:-5].mean(0).argmax()) for f in (0.02, 0.1, 0.4)]
    assert peaks == sorted(peaks)
    assert len(set(peaks)) == 3


@pytest.mark.parametrize("long", [1, 2, 63, 64, 65, 333, 3000])
def test_padding_behind_changes_nothing(long):
    file = np.random.default_rng(0).integers(0, 256, long, dtype=np.uint8).tobytes()
    other, model = tones(1, 0.05, long=2500)[0], view().eval()
    alone = model(batch_of([file]))
    assert alone.shape == (1, model.features)
    assert alone.isfinite().all()
    for batch in (batch_of([file], width=long + 77), batch_of([file, other])):
        torch.testing.assert_close(model(batch)[:1], alone, rtol=1e-5, atol=1e-5)


def test_masks_hide_stripes_of_what_is_there():
    torch.manual_seed(0)
    hidden = mask_stripes(torch.ones(200, 20, 30), 1, torch.full((200,), 20)) == 0
    assert torch.equal(hidden.any(2), hidden.all(2))
    assert 0.05 < hidden.float().mean() < 0.2
    hidden = mask_stripes(torch.ones(200, 20, 30), 1, torch.full((200,), 10)) == 0
    assert not hidden[:, 10:].any()
    assert 0.05 < hidden[:, :10].float().mean() < 0.2
    hidden = mask_stripes(torch.ones(200, 20, 30), 2, torch.full((200,), 30)) == 0
    assert torch.equal(hidden.any(1), hidden.all(1))


def test_stretching_moves_the_pitch_and_keeps_to_what_is_there():
    torch.manual_seed(0)
    there = torch.arange(1000).expand(8, -1) < 900
    signal = torch.where(there, torch.sin(torch.arange(1000) / 4.0), 0.0)
    out, there = stretched(signal, there, 0.2)
    assert not out[~there].any()
    crossings = (out[:, 1:400] * out[:, :399] < 0).sum(1)
    assert crossings.min() < 30 < 34 < crossings.max()
    assert there.sum(1).min() < 900 < there.sum(1).max()


def test_a_seed_fixes_every_gradient():
    def gradients() -> list[torch.Tensor]:
        model = view()
        model(batch_of(tones(4, 0.05))).sum().backward()
        return [p.grad for p in model.parameters() if p.grad is not None]

    assert all(map(torch.equal, gradients(), gradients()))


def test_it_learns_to_tell_two_pitches_of_any_loudness():
    model = view()
    head = torch.nn.Linear(model.features, 2)
    optimiser = torch.optim.AdamW([*model.parameters(), *head.parameters()], lr=3e-3)
    files, labels = tones(32, 0.05) + tones(32, 0.062, seed=1), torch.arange(64) // 32
    batch, test = batch_of(files), batch_of(tones(16, 0.05, seed=2) + tones(16, 0.062, seed=3))
    for _ in range(25):
        loss = torch.nn.functional.cross_entropy(head(model(batch)), labels)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in model.parameters())
    assert (head(model.eval()(test)).argmax(1) == torch.arange(32) // 16).float().mean() > 0.9
