"""Fusion, residual blocks and the three heads: shapes, order of targets, what is dropped when."""

import pytest
import torch

from models.nn.eir.classifier import ByteClassifier
from models.nn.eir.heads import LinearHead, SharedMLPResidualHead
from models.nn.eir.residual_mlp import ResidualMLP, stochastic_depth
from tests.models.nn.eir.configs import CLASSES, NUMBER, run_config


@pytest.mark.parametrize("final", ["linear", "mlp_residual"])
@pytest.mark.parametrize("head", ["mlp_residual", "shared_mlp_residual", "linear"])
def test_every_head_answers_every_target(head: str, final: str):
    model = ByteClassifier(run_config(head=head, final=final), [CLASSES, NUMBER])
    answer = model(torch.randint(0, 256, (3, 40)))
    assert {name: tuple(t.shape) for name, t in answer.items()} == {"Sentiment": (3, 2), "Score": (3, 1)}


def test_joint_heads_split_in_alphabetical_order():
    for head in (
        LinearHead(4, {"b": 2, "a": 1}),
        SharedMLPResidualHead(4, {"b": 2, "a": 1}, layers=1, width=4, dropout=0.0, depth_p=0.0),
    ):
        answer = head.eval()(torch.randn(2, 4))
        last = head.final if isinstance(head, LinearHead) else None
        assert list(answer) == ["a", "b"]
        assert [t.shape[1] for t in answer.values()] == [1, 2]
        if last is not None:
            x = torch.randn(2, 4)
            assert torch.equal(head(x)["a"], last(x)[:, :1])


def test_stochastic_depth_drops_the_whole_batch_or_nothing():
    torch.manual_seed(0)
    seen = [stochastic_depth(torch.ones(4, 3), 0.25, True) for _ in range(2000)]
    for branch in seen:
        assert branch.unique().numel() == 1
    values = torch.stack([branch[0, 0] for branch in seen])
    assert values.unique().tolist() == pytest.approx([0.0, 1 / 0.75])
    assert values.mean().item() == pytest.approx(1.0, abs=0.06)
    assert torch.equal(stochastic_depth(torch.ones(4, 3), 0.25, False), torch.ones(4, 3))
    assert not stochastic_depth(torch.ones(4, 3), 1.0, True).any()


def test_a_residual_block_keeps_its_input_where_widths_agree_and_projects_it_elsewhere():
    same, other = (ResidualMLP(4, width, dropout=0.0, depth_p=0.0).eval() for width in (4, 6))
    assert (same.scale.gamma == 1e-5).all()
    assert (other.scale.gamma == 1.0).all()
    x = torch.randn(3, 4)
    torch.testing.assert_close(same(x), x, rtol=0, atol=1e-4)
    torch.nn.init.zeros_(other.scale.gamma)
    assert torch.equal(other(x), other.identity(x))


def test_mixing_embeddings_and_giving_tokens_meet_at_the_same_place():
    torch.manual_seed(0)
    model = ByteClassifier(run_config(), [CLASSES, NUMBER]).eval()
    tokens = torch.randint(0, 256, (3, 40))
    for one, other in zip(model(tokens).values(), model(embedded=model.embed(tokens)).values(), strict=True):
        assert torch.equal(one, other)
    with pytest.raises(ValueError, match="tokens or embedded"):
        model()
