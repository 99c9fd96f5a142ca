"""Each optimiser computes its published update, decays matrices only, and repeats itself exactly."""

import pytest
import torch
from torch import nn

from models.training.optimisers import TABLE_LR, Optimisers, build_optimisers
from tests.models.training.configs import config_with

PLAIN = {
    "adamw": lambda groups: torch.optim.AdamW(groups, lr=0.01, betas=(0.9, 0.99), foreach=False),
    "adam": lambda groups: torch.optim.Adam(groups, lr=0.01, betas=(0.9, 0.99), foreach=False),
    "sgdm": lambda groups: torch.optim.SGD(groups, lr=0.01, momentum=0.9, foreach=False),
}


def model() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Embedding(7, 5), nn.RMSNorm(5), nn.Linear(5, 3))


def config(optimizer: str):
    return config_with(optimization={"optimizer": optimizer, "lr": 0.01, "b2": 0.99, "wd": 0.1})


def trained(net: nn.Module, optimiser: Optimisers | torch.optim.Optimizer, steps: int = 5) -> list[torch.Tensor]:
    for step in range(steps):
        optimiser.zero_grad()
        net(torch.arange(7).roll(step)).square().sum().backward()
        optimiser.step()
    return [p.detach().clone() for p in net.parameters()]


@pytest.mark.parametrize("name", PLAIN)
def test_it_is_torchs_plain_update(name):
    ours, plain = model(), model()
    matrices = [p for p in plain.parameters() if p.ndim > 1]
    vectors = [p for p in plain.parameters() if p.ndim == 1]
    reference = PLAIN[name]([{"params": matrices, "weight_decay": 0.1}, {"params": vectors, "weight_decay": 0.0}])
    found = trained(ours, build_optimisers(config(name), ours.named_parameters()))
    for a, b in zip(found, trained(plain, reference), strict=True):
        torch.testing.assert_close(a, b, rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("name", PLAIN)
def test_the_same_steps_give_the_same_bits(name):
    first, second = model(), model()
    a = trained(first, build_optimisers(config(name), first.named_parameters()))
    b = trained(second, build_optimisers(config(name), second.named_parameters()))
    assert all(torch.equal(x, y) for x, y in zip(a, b, strict=True))


@pytest.mark.parametrize("name", PLAIN)
def test_a_stored_state_goes_on_bit_for_bit(name):
    whole = model()
    a = trained(whole, build_optimisers(config(name), whole.named_parameters()), 6)
    half = model()
    optimiser = build_optimisers(config(name), half.named_parameters())
    trained(half, optimiser, 3)
    resumed = model()
    resumed.load_state_dict(half.state_dict())
    again = build_optimisers(config(name), resumed.named_parameters())
    again.load_slots(optimiser.slots())
    for step in range(3, 6):
        again.zero_grad()
        resumed(torch.arange(7).roll(step)).square().sum().backward()
        again.step()
    assert all(torch.equal(x, y) for x, y in zip(a, resumed.parameters(), strict=True))


def test_only_trainable_parameters_with_two_or_more_axes_decay():
    net = model()
    net[2].bias.requires_grad_(False)
    optimiser = build_optimisers(config("adamw"), net.named_parameters())
    by_decay = {group["weight_decay"]: [p.ndim for p in group["params"]] for group in optimiser.dense_groups}
    assert by_decay == {0.1: [2, 2], 0.0: [1]}


class Tabled(nn.Module):
    """A table with sparse gradients beside a dense layer."""

    def __init__(self) -> None:
        super().__init__()
        self.table = nn.Parameter(torch.randn(50, 4))
        self.layer = nn.Linear(4, 2)

    def forward(self, rows: torch.Tensor) -> torch.Tensor:
        return self.layer(nn.functional.embedding(rows, self.table, sparse=True))


def tabled() -> Tabled:
    torch.manual_seed(0)
    return Tabled()


def test_a_table_has_a_sparse_update_beside_the_dense_one_and_untouched_rows_stay():
    net, before = tabled(), tabled().table
    trained(net, build_optimisers(config("adamw"), net.named_parameters(), [net.table]))
    assert not torch.equal(net.table[:7], before[:7])
    assert torch.equal(net.table[7:], before[7:])


def test_a_stored_state_of_both_goes_on_bit_for_bit():
    whole = tabled()
    a = trained(whole, build_optimisers(config("adamw"), whole.named_parameters(), [whole.table]), 6)
    half = tabled()
    optimisers = build_optimisers(config("adamw"), half.named_parameters(), [half.table])
    trained(half, optimisers, 3)
    resumed = tabled()
    resumed.load_state_dict(half.state_dict())
    again = build_optimisers(config("adamw"), resumed.named_parameters(), [resumed.table])
    again.load_slots(optimisers.slots())
    for step in range(3, 6):
        again.zero_grad()
        resumed(torch.arange(7).roll(step)).square().sum().backward()
        again.step()
    assert all(torch.equal(x, y) for x, y in zip(a, resumed.parameters(), strict=True))


def test_the_rate_of_a_table_falls_with_the_schedule():
    net = tabled()
    optimisers = build_optimisers(config("adamw"), net.named_parameters(), [net.table])
    optimisers.set_lr(0.005, top=0.01)
    assert [group["lr"] for group in optimisers.dense_groups] == [0.005, 0.005]
    assert [group["lr"] for group in optimisers.sparse_groups] == [TABLE_LR / 2]
