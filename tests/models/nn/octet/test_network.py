"""The network joins views, drops some of them in training, mixes pooled vectors, and averages its members."""

import pytest
import torch
from torch.nn import functional as F

from models.nn.octet.ensemble import OctetEnsemble
from models.nn.octet.network import OctetNet
from models.nn.octet.view_bytes import BytesView
from models.nn.octet.view_ngrams import NgramView
from models.nn.octet.view_statistics import StatisticsView
from models.training.mixing import Mixture
from tests.models.nn.octet.batches import some_files, whole


def net(seed: int = 0, **more: float) -> OctetNet:
    torch.manual_seed(seed)
    views = {
        "bytes": BytesView(width=16, channels=16, bits=10, ngram_width=4, convs=1, layers=1, heads=2, window=16),
        "ngrams": NgramView((2, 3), bits=10, width=8),
        "statistics": StatisticsView(8),
    }
    return OctetNet(views, {"kind": 3, "weight": 1}, width=12, **more)  # type: ignore[arg-type]


def test_every_target_has_its_outputs_and_padding_changes_none():
    network, files = net().eval(), some_files(6)
    near, far = network(whole(files)), network(whole(files, padding=77))
    assert {target: tuple(answer.shape) for target, answer in near.items()} == {"kind": (6, 3), "weight": (6, 1)}
    for target in near:
        torch.testing.assert_close(near[target], far[target], atol=1e-5, rtol=0)
    assert network.pooled(whole(files)).shape == (6, 12)


def test_view_dropout_never_drops_all_views():
    counts = net(view_dropout=0.9).train()._counts(2000)
    assert ((counts > 0).sum(1) >= 1).all()
    assert (counts > 0).float().mean() < 0.5
    torch.testing.assert_close(counts.sum(1), torch.full((2000,), 3.0))


def test_view_dropout_leaves_a_view_that_stands_alone():
    alone = {"statistics": StatisticsView(8, dropout=0.0)}
    network, files = OctetNet(alone, {"kind": 3}, dropout=0.0, view_dropout=0.9), some_files(4)
    torch.testing.assert_close(network.train()(whole(files)), network.eval()(whole(files)))


def test_nothing_is_dropped_in_evaluation():
    network, files = net(view_dropout=0.5).eval(), whole(some_files(4))
    assert torch.equal(network(files)["kind"], network(files)["kind"])


def test_a_mixture_with_a_share_of_one_is_the_example_itself_and_of_none_its_partner():
    network, files = net().eval(), whole(some_files(4))
    order = torch.tensor([2, 3, 0, 1])
    plain = network(files)["kind"]
    torch.testing.assert_close(network(files, mixture=Mixture(1.0, order))["kind"], plain)
    torch.testing.assert_close(network(files, mixture=Mixture(0.0, order))["kind"], plain[order])


def test_an_ensemble_answers_with_the_mean_of_its_members_that_differ():
    ensemble, files = OctetEnsemble([net(seed) for seed in range(3)]).eval(), whole(some_files(4))
    each = ensemble.each(files)
    torch.testing.assert_close(ensemble(files)["kind"], sum(answer["kind"] for answer in each) / 3)
    assert not torch.allclose(each[0]["kind"], each[1]["kind"])


def test_a_network_without_views_and_an_ensemble_without_members_are_refused():
    with pytest.raises(ValueError, match="view"):
        OctetNet({}, {"kind": 2})
    with pytest.raises(ValueError, match="member"):
        OctetEnsemble([])


def test_two_fresh_networks_of_one_seed_take_the_same_steps_bit_for_bit():
    files, labels = whole(some_files(8)), torch.arange(8) % 3
    ends = []
    for _ in range(2):
        network = net().train()
        optimiser = torch.optim.SGD(network.parameters(), lr=0.1)
        for _ in range(3):
            optimiser.zero_grad()
            F.cross_entropy(network(files)["kind"], labels).backward()
            optimiser.step()
        ends.append(network.joint.weight.detach().clone())
    assert torch.equal(*ends)
