"""The view for rows: neighbours are the right ones, padding and crops are invisible, shapes are learnt in seconds."""

import numpy as np
import pytest
import torch

from models.nn.octet.view_raster import HelixConv, RasterView
from tests.models.nn.octet.piece_batches import batch_of


def view(period: int = 12, **changes: object) -> RasterView:
    torch.manual_seed(0)
    return RasterView(period, **({"rows": 12, "widths": (8, 8, 12)} | changes))  # type: ignore[arg-type]


def noise(long: int, seed: int = 0) -> bytes:
    return np.random.default_rng(seed).integers(0, 256, long, dtype=np.uint8).tobytes()


def test_the_byte_behind_a_row_is_the_first_of_the_next():
    """Away from both ends, turning the columns turns the answer and changes nothing else."""
    torch.manual_seed(0)
    conv, flat = HelixConv(1, 2), torch.randn(1, 1, 60)
    out = conv(flat.view(1, 1, 6, 10)).flatten(2)
    turned = conv(torch.nn.functional.pad(flat, (3, 7)).view(1, 1, 7, 10)).flatten(2)[:, :, 3:63]
    torch.testing.assert_close(turned[:, :, 11:49], out[:, :, 11:49])


@pytest.mark.parametrize("grid", [False, True])
@pytest.mark.parametrize("long", [1, 11, 12, 13, 100, 150])
def test_padding_behind_changes_nothing(long, grid):
    model = view(grid=grid).eval()
    alone = model(batch_of([noise(long)]))
    assert alone.shape == (1, model.features)
    for batch in (batch_of([noise(long)], width=long + 5), batch_of([noise(long), noise(300, 1)])):
        torch.testing.assert_close(model(batch)[:1], alone, rtol=1e-5, atol=1e-5)


def test_a_crop_keeps_the_columns_of_its_file():
    """Seen from byte 0 or from byte 5, the byte at 30 has one column."""
    model, file = view(), noise(60)
    whole, _ = model._folded(batch_of([file]))
    part, there = model._folded(batch_of([file], starts=[5]))
    torch.testing.assert_close(part[:, :, :4], (whole * there)[:, :, :4])
    assert there[0, 0, 0].tolist() == [0.0] * 5 + [1.0] * 7


def test_units_share_a_column_and_must_fill_a_row():
    model = view(12, unit=3)
    x, there = model._folded(batch_of([noise(48)]))
    assert x.shape == (1, 3 * 8 + 8 + 3, 5, 4)
    assert there[0, 0].sum() == 16
    assert model.eval()(batch_of([noise(50)])).shape == (1, model.features)
    with pytest.raises(ValueError, match="do not fill"):
        view(10, unit=3)


def test_moving_is_by_whole_units_and_only_in_training():
    torch.manual_seed(1)
    model, batch = view(12, unit=3, shift=1), batch_of([b"\1\2\3" + bytes(93)] * 40)
    _, there = model._folded(batch)
    assert len({tuple(map(tuple, row.tolist())) for row in there[:, 0]}) > 4
    mark = model.values.weight[1]
    found = (model._folded(batch)[0][:, :8] - mark[:, None, None]).abs().sum(1) < 1e-6
    assert found.flatten(1).sum(1).max() == 1
    model.eval()
    assert torch.equal(model(batch), model(batch))


def test_a_seed_fixes_every_gradient():
    def gradients() -> list[torch.Tensor]:
        model = view(grid=True, shift=2, dropout=0.1)
        model(batch_of([noise(150), noise(90, 1)])).sum().backward()
        return [p.grad for p in model.parameters() if p.grad is not None]

    assert all(map(torch.equal, gradients(), gradients()))


def test_large_rasters_are_halved_once_more_and_have_no_grid():
    assert view(96, rows=20).fine == (1, 1)
    large = view(96, rows=64, grid=True)
    assert large.fine == (2, 2)
    assert large.grid is not None
    assert view(384, rows=256, grid=True).grid is None


def test_it_learns_which_way_a_line_runs_behind_a_header():
    """Bars along rows or along columns of 12 x 12 pixels, behind 5 bytes that turn the columns."""
    random = np.random.default_rng(0)

    def drawn(count: int) -> tuple[list[bytes], torch.Tensor]:
        labels, files = random.integers(0, 2, count), []
        for label in labels:
            image = random.integers(0, 60, (12, 12), dtype=np.uint8)
            line = image if label else image.T
            line[random.integers(0, 12)] += 150
            files.append(b"HEAD\n" + image.tobytes())
        return files, torch.from_numpy(labels)

    model = view(grid=True, shift=1)
    head = torch.nn.Linear(model.features, 2)
    optimiser = torch.optim.AdamW([*model.parameters(), *head.parameters()], lr=5e-3)
    files, labels = drawn(96)
    batch = batch_of(files)
    for _ in range(30):
        loss = torch.nn.functional.cross_entropy(head(model(batch)), labels)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in model.parameters())
    files, labels = drawn(64)
    assert (head(model.eval()(batch_of(files))).argmax(1) == labels).float().mean() > 0.9
