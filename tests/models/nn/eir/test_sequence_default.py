"""The extractor of the tutorial: its size, its start, its dropout."""

import pytest
import torch

from models.nn.eir.classifier import ByteClassifier
from models.nn.eir.sequence_default import SequenceDefault
from models.nn.vocabulary import PAD, VOCABULARY
from tests.models.nn.eir.configs import CLASSES, NUMBER, run_config

TUTORIAL = {"max_length": 1024, "layers": 4, "window_size": 128, "pool": "avg", "position": "embed"}


def test_the_tutorials_extractor_has_345408_parameters_and_512_features():
    model = SequenceDefault(**TUTORIAL)
    assert sum(p.numel() for p in model.parameters()) == 345_408
    assert model.features == 512


def test_weights_start_as_eirs_do():
    torch.manual_seed(0)
    model = SequenceDefault(**TUTORIAL)
    block = model.blocks[0]
    assert model.embedding.weight.shape == (VOCABULARY, 64)
    assert 0.099 < model.embedding.weight.abs().max() <= 0.1
    assert model.positions.table.std().item() == pytest.approx(1.0, abs=0.02)
    assert (block.attention_scale.gamma == 1e-5).all()
    assert (block.attention_norm.weight == 1).all()
    assert block.feed_forward.gate_up.weight.std().item() == pytest.approx(0.02, rel=0.05)
    assert block.feed_forward.down.weight.std().item() == pytest.approx(0.02, rel=0.05)
    assert block.attention.qkv.weight.abs().max() <= 1 / 8  # torch's Linear: uniform within 1 / sqrt(64)


def small(**changes: object) -> SequenceDefault:
    torch.manual_seed(0)
    model = SequenceDefault(**({"max_length": 30, "width": 8, "heads": 2, "window_size": 8, "pool": "avg"} | changes))
    for block in model.blocks:
        torch.nn.init.ones_(block.attention_scale.gamma)
    return model


def test_a_seed_fixes_training_to_the_bit():
    model = small()
    tokens = torch.randint(0, 256, (5, 30))
    runs = []
    for seed in (1, 1, 2):
        torch.manual_seed(seed)
        model.zero_grad()
        answer = model(model.embed(tokens))
        answer.sum().backward()
        runs.append((answer, model.embedding.weight.grad.clone()))
    assert all(torch.equal(a, b) for a, b in zip(runs[0], runs[1], strict=True))
    assert not torch.equal(runs[0][0], runs[2][0])


def test_dropout_moves_training_and_leaves_evaluation_alone():
    model = small()
    embedded = model.embed(torch.randint(0, 256, (2, 30)))
    assert not torch.equal(model(embedded), model(embedded))
    model.eval()
    assert torch.equal(model(embedded), model(embedded))


def test_training_without_dropout_is_evaluation():
    model = small(dropout=0.0, position_dropout=0.0)
    embedded = model.embed(torch.randint(0, 256, (2, 30)))
    torch.testing.assert_close(model(embedded), model.eval()(embedded))


def test_the_mean_of_many_training_answers_is_near_the_answer_of_evaluation():
    """Dropout everywhere is unbiased where the network is linear in what is dropped, and nearly so elsewhere."""
    model = small(layers=1, position_dropout=0.0)
    torch.nn.init.zeros_(model.blocks[0].feed_forward_scale.gamma)
    embedded = model.embed(torch.randint(0, 256, (1, 30))).detach()
    with torch.no_grad():
        mean = model(embedded.expand(3000, -1, -1)).mean(0, keepdim=True)
        torch.testing.assert_close(mean, model.eval()(embedded), rtol=0, atol=0.01)


def test_padding_stands_in_front_of_the_first_window_as_zeros():
    """30 tokens in windows of 8: the first window begins with two rows of zeros, which blocks leave at zero."""
    model = small(pool=None).eval()
    answer = model(model.embed(torch.full((1, 30), PAD)))
    assert answer.shape == (1, 32, 8)
    alone = small(pool=None, max_length=32, position="encode").eval()
    alone.positions.table[:, 2:] = model.positions.table
    alone.positions.table[:, :2] = 0
    zeros_first = torch.cat([torch.zeros(1, 2, 8), model.embed(torch.full((1, 30), PAD))], dim=1)
    torch.testing.assert_close(answer, alone(zeros_first))


def test_a_wrong_length_is_refused_with_the_mend():
    model = small()
    with pytest.raises(ValueError, match="pad or cut the tokens to max_length"):
        model(model.embed(torch.zeros(1, 29, dtype=torch.int64)))


def test_heads_that_do_not_divide_the_width_are_refused():
    with pytest.raises(ValueError, match="num_heads"):
        SequenceDefault(16, width=10, heads=4)


def test_a_null_width_is_the_smallest_multiple_of_the_heads_from_4_on():
    for heads, width in ((1, 4), (2, 4), (3, 6)):
        config = run_config(extractor={"embedding_dim": None}, size={"num_heads": heads})
        assert ByteClassifier(config, [CLASSES, NUMBER]).embed(torch.zeros(1, 40, dtype=torch.int64)).shape[-1] == width


def test_frozen_weights_get_no_gradient_and_the_rest_does():
    model = small()
    model.blocks[0].requires_grad_(False)
    model(model.embed(torch.randint(0, 256, (2, 30)))).sum().backward()
    assert all(p.grad is None for p in model.blocks[0].parameters())
    assert all(p.grad is not None for p in model.blocks[1].parameters())
    assert model.embedding.weight.grad is not None


def test_the_number_of_threads_does_not_show():
    """Chunks are worked on by one core each, so that a plan with more threads computes the same numbers."""
    model, answers = small(max_length=2048, window_size=64), []
    tokens = torch.randint(0, 256, (6, 2048))
    before = torch.get_num_threads()
    for threads in (2, 3):
        torch.set_num_threads(threads)
        torch.manual_seed(1)
        answers.append(model(model.embed(tokens)))
    torch.set_num_threads(before)
    assert torch.equal(*answers)
