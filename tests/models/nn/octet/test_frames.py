"""The body over frames: padding is invisible, windows reach as far as they should, every parameter learns."""

import pytest
import torch

from models.nn.octet.frames import FrameEncoder, LocalAttention


def encoder(**changes: int) -> FrameEncoder:
    torch.manual_seed(0)
    sizes = {"convs": 2, "layers": 2, "heads": 2, "window": 8} | changes
    body = FrameEncoder(16, **sizes, dropout=0.0)
    for name, gamma in body.named_parameters():
        if name.endswith("gamma"):
            torch.nn.init.ones_(gamma)  # so that each branch is heard
    return body.eval()


def there(lengths: list[int], frames: int) -> torch.Tensor:
    return torch.arange(frames) < torch.tensor(lengths)[:, None]


@pytest.mark.parametrize("length", [1, 3, 4, 5, 7, 8, 9, 12, 13, 20])
def test_padding_behind_changes_nothing(length):
    body, x = encoder(), torch.randn(1, length, 16)
    alone = body(x, there([length], length))
    for frames in (length + 1, length + 9, 40):
        wide = torch.randn(2, frames, 16)
        wide[0, :length] = x[0]
        padded = body(wide, there([length, frames], frames))
        torch.testing.assert_close(padded[:1, :length], alone, rtol=1e-5, atol=1e-5)
        assert not padded[0, length:].any()


def test_a_row_without_frames_is_zeros_and_has_finite_gradients():
    body, x = encoder(), torch.randn(2, 9, 16, requires_grad=True)
    out = body(x, there([0, 9], 9))
    assert not out[0].any()
    out.sum().backward()
    assert x.grad is not None
    assert x.grad.isfinite().all()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in body.parameters())


@pytest.mark.parametrize(("shifted", "first", "last"), [(False, 8, 16), (True, 4, 12)])
def test_attention_hears_its_own_window_only(shifted, first, last):
    torch.manual_seed(0)
    attention = LocalAttention(16, 2, 8, shifted=shifted)
    x = torch.randn(1, 20, 16, requires_grad=True)
    attention(x, torch.ones(1, 20, dtype=torch.bool))[0, 9].sum().backward()
    assert x.grad is not None
    heard = x.grad[0].abs().sum(1).nonzero().flatten().tolist()
    assert heard == list(range(first, last))


def test_shifted_layers_carry_news_across_windows():
    body, x = encoder(convs=0), torch.randn(1, 24, 16, requires_grad=True)
    body(x, there([24], 24))[0, 10].sum().backward()
    assert x.grad is not None
    assert x.grad[0].abs().sum(1).nonzero().flatten().tolist() == list(range(16))


def test_widths_and_windows_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match="even width"):
        FrameEncoder(10, convs=0, layers=1, heads=4)
    with pytest.raises(ValueError, match="half"):
        FrameEncoder(16, convs=0, layers=1, window=7)


def test_it_learns_where_two_marks_stand_far_apart():
    """Same or other sign at frames 0 and 11 of 12: only attention can join them."""
    torch.manual_seed(0)
    body, head = FrameEncoder(16, convs=1, layers=2, heads=2, window=16, dropout=0.0), torch.nn.Linear(16, 1)
    optimiser = torch.optim.AdamW([*body.parameters(), *head.parameters()], lr=1e-2)
    for _ in range(150):
        x, signs = torch.zeros(32, 12, 16), torch.randint(0, 2, (32, 2)) * 2.0 - 1
        x[:, :, 0] = 1.0
        x[:, 0, 1], x[:, 11, 2] = signs[:, 0], signs[:, 1]
        answer = head(body(x, torch.ones(32, 12, dtype=torch.bool))[:, 11]).squeeze(1)
        loss = torch.nn.functional.binary_cross_entropy_with_logits(answer, (signs.prod(1) > 0).float())
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    assert loss < 0.2
