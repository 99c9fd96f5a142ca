"""Each optimiser computes its published update, decays matrices only, and repeats itself exactly."""

import pytest
import torch
from torch import nn

from models.training.optimisers import build_optimiser
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


def trained(net: nn.Module, optimiser: torch.optim.Optimizer, steps: int = 5) -> list[torch.Tensor]:
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
    found = trained(ours, build_optimiser(config(name), ours.named_parameters()))
    for a, b in zip(found, trained(plain, reference), strict=True):
        torch.testing.assert_close(a, b, rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("name", PLAIN)
def test_the_same_steps_give_the_same_bits(name):
    first, second = model(), model()
    a = trained(first, build_optimiser(config(name), first.named_parameters()))
    b = trained(second, build_optimiser(config(name), second.named_parameters()))
    assert all(torch.equal(x, y) for x, y in zip(a, b, strict=True))


@pytest.mark.parametrize("name", PLAIN)
def test_a_stored_state_goes_on_bit_for_bit(name):
    whole = model()
    a = trained(whole, build_optimiser(config(name), whole.named_parameters()), 6)
    half = model()
    optimiser = build_optimiser(config(name), half.named_parameters())
    trained(half, optimiser, 3)
    resumed = model()
    resumed.load_state_dict(half.state_dict())
    again = build_optimiser(config(name), resumed.named_parameters())
    again.load_state_dict(optimiser.state_dict())
    for step in range(3, 6):
        again.zero_grad()
        resumed(torch.arange(7).roll(step)).square().sum().backward()
        again.step()
    assert all(torch.equal(x, y) for x, y in zip(a, resumed.parameters(), strict=True))


def test_only_trainable_parameters_with_two_or_more_axes_decay():
    net = model()
    net[2].bias.requires_grad_(False)
    optimiser = build_optimiser(config("adamw"), net.named_parameters())
    by_decay = {group["weight_decay"]: [p.ndim for p in group["params"]] for group in optimiser.param_groups}
    assert by_decay == {0.1: [2, 2], 0.0: [1]}
