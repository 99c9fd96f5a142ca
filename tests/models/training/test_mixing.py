"""Mixing: one share and one order a batch, pure in (seed, step)."""

import pytest
import torch

from models.training.mixing import draw_mixture

CPU = torch.device("cpu")


def test_without_alpha_nothing_is_mixed():
    assert draw_mixture(0.0, 8, seed=0, step=0, device=CPU) is None


def test_a_mixture_follows_from_seed_and_step():
    def drawn(seed, step):
        mixture = draw_mixture(0.5, 8, seed=seed, step=step, device=CPU)
        return mixture.share, mixture.order.tolist()

    assert drawn(3, 9) == drawn(3, 9)
    assert drawn(3, 9) != drawn(3, 10)
    assert drawn(3, 9) != drawn(4, 9)


def test_shares_are_beta_distributed():
    shares = torch.tensor([draw_mixture(0.5, 1, seed=0, step=s, device=CPU).share for s in range(4000)])
    assert float(shares.mean()) == pytest.approx(0.5, abs=0.02)
    assert float(shares.var()) == pytest.approx(1 / 8, abs=0.01)  # of Beta(1/2, 1/2)


def test_embeddings_and_partners_belong_together():
    mixture = draw_mixture(1.0, 4, seed=0, step=1, device=CPU)
    embedded = torch.randn(4, 3, 2)
    mixed = mixture.embeddings(embedded)
    partners = mixture.partners({"t": torch.arange(4)})["t"]
    for row in range(4):
        expected = mixture.share * embedded[row] + (1 - mixture.share) * embedded[partners[row]]
        assert torch.allclose(mixed[row], expected)
