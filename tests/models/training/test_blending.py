"""The blend takes what helps, leaves what does not, makes probabilities true, and judges no label it was fitted on."""

import pytest
import torch

from models.config import TargetSpec
from models.nn.octet.blend import Blend
from models.training.blending import blended, fit

CLASSES = TargetSpec("kind", "categorical", ["a", "b", "c"])
NUMBER = TargetSpec("size", "continuous")


def logits_of(labels, strength, generator):
    """Logits that point at the label so strongly, and noise."""
    noise = torch.randn(len(labels), 3, generator=generator, dtype=torch.float64)
    return strength * torch.nn.functional.one_hot(labels, 3) + noise


@pytest.fixture
def drawn():
    generator = torch.Generator().manual_seed(0)
    labels = torch.randint(0, 3, (600,), generator=generator)
    return labels, generator


def test_two_independent_sources_count_about_alike_and_together_are_better(drawn):
    labels, generator = drawn
    evidence = torch.stack([logits_of(labels, 2.0, generator), logits_of(labels, 2.0, generator)], dim=1)
    weights, _ = fit(CLASSES, evidence, labels)
    assert weights.max() < 1.5 * weights.min()
    both = blended(Blend([CLASSES], ["deep", "wide"]), CLASSES, evidence, labels)
    assert (both.argmax(1) == labels).double().mean() > (evidence[:, 0].argmax(1) == labels).double().mean() + 0.02


def test_a_source_that_knows_nothing_is_left_out(drawn):
    labels, generator = drawn
    nothing = torch.randn(600, 3, generator=generator, dtype=torch.float64)
    weights, _ = fit(CLASSES, torch.stack([logits_of(labels, 3.0, generator), nothing], dim=1), labels)
    assert weights[1] < 0.1 * weights[0]


@pytest.mark.parametrize("scale", [0.01, 1.0, 100.0])
def test_the_scale_of_a_source_does_not_matter(drawn, scale):
    """The noise is standard, so the true inverse temperature is the strength itself."""
    labels, generator = drawn
    weights, _ = fit(CLASSES, scale * logits_of(labels, 2.0, generator)[:, None], labels)
    assert float(weights[0]) * scale == pytest.approx(2.0, rel=0.25)


def test_no_label_judges_a_fit_that_it_took_part_in():
    """Two sources of noise: a fit on the very labels would find some use in one of them."""
    generator = torch.Generator().manual_seed(1)
    labels = torch.randint(0, 3, (60,), generator=generator)
    evidence = torch.randn(60, 8, 3, generator=generator, dtype=torch.float64)
    answers = blended(Blend([CLASSES], list("abcdefgh")), CLASSES, evidence, labels)
    assert torch.nn.functional.cross_entropy(answers, labels) > 1.05


def rare(count, generator, shift=4.0):
    """A class of one file in ten, and logits that know it, but name the common class too often; as two logits."""
    labels = (torch.rand(count, generator=generator) < 0.1).long()
    logit = 4.0 * labels + torch.randn(count, generator=generator, dtype=torch.float64) - shift
    return labels, torch.stack([-logit / 2, logit / 2], dim=1)


def test_a_rare_class_that_a_source_never_names_is_named_as_often_as_it_is_there():
    generator = torch.Generator().manual_seed(0)
    target = TargetSpec("seven", "categorical", ["no", "yes"])
    blend, (labels, logits) = Blend([target], ["deep"]), rare(400, generator, shift=5.0)
    measured = blended(blend, target, logits[:, None], labels)
    new_labels, new_logits = rare(2_000, generator, shift=5.0)
    named = blend("seven", new_logits[:, None]).argmax(1)
    assert new_logits.argmax(1).sum() < 0.25 * new_labels.sum()
    assert named.sum() == pytest.approx(float(new_labels.sum()), rel=0.3)
    assert (named == new_labels).double().mean() > 0.95
    assert (measured.argmax(1) == labels).double().mean() > 0.95


def test_one_logit_is_shifted_as_two_are():
    labels, logits = rare(400, torch.Generator().manual_seed(0))
    one = TargetSpec("seven", "categorical", ["no", "yes"], one_logit=True)
    two = TargetSpec("seven", "categorical", ["no", "yes"])
    as_one = blended(Blend([one], ["deep"]), one, (logits[:, 1:] - logits[:, :1])[:, None], labels)[:, 0]
    as_two = blended(Blend([two], ["deep"]), two, logits[:, None], labels)
    assert torch.sigmoid(as_one).numpy() == pytest.approx(torch.softmax(as_two, 1)[:, 1].numpy(), abs=0.1)


def test_where_no_class_is_named_too_often_there_is_no_offset(drawn):
    labels, generator = drawn
    blend = Blend([CLASSES], ["deep"])
    blended(blend, CLASSES, logits_of(labels, 2.0, generator)[:, None], labels)
    assert not blend.offsets.any()


def test_numbers_are_least_squares_with_weights_that_are_not_negative():
    generator = torch.Generator().manual_seed(0)
    labels = torch.randn(500, generator=generator, dtype=torch.float64)
    noise = torch.randn(500, 2, generator=generator, dtype=torch.float64)
    evidence = torch.stack([labels + 0.5 * noise[:, 0], 0.3 * labels + 0.15 * noise[:, 1] + 2.0, -labels], dim=1)
    weights, offset = fit(NUMBER, evidence[..., None], labels)
    assert (weights >= 0).all()
    assert weights[2] == 0
    errors = (evidence * weights).sum(1) + offset - labels
    assert errors.square().mean().sqrt() < 0.38  # either source alone has 0.45 after its own best line


def test_few_files_fit_nothing():
    labels = torch.tensor([0, 1, 2, -1] * 5)
    blend = Blend([CLASSES], ["deep", "wide"])
    evidence = torch.randn(20, 2, 3, dtype=torch.float64)
    assert torch.allclose(blended(blend, CLASSES, evidence, labels), evidence.mean(1))
    assert blend.weights.tolist() == [[0.5, 0.5]]


def test_missing_labels_take_no_part_and_get_an_answer(drawn):
    labels, generator = drawn
    evidence = logits_of(labels, 2.0, generator)[:, None].repeat(1, 2, 1)
    labels[::2] = -1
    answers = blended(Blend([CLASSES], ["deep", "wide"]), CLASSES, evidence, labels)
    assert torch.isfinite(answers).all()
