"""Folding the windows into the batch changes nothing: values and gradients equal those of a plain loop over windows."""

import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from models.nn.eir.sequence_default import SequenceDefault
from tests.models.nn.eir import reference

SHAPES = st.fixed_dictionaries(
    {
        "heads": st.sampled_from([1, 2, 3]),
        "head_width": st.sampled_from([2, 4, 6]),
        "layers": st.integers(1, 2),
        "hidden": st.sampled_from(["auto", 5]),
        "max_length": st.integers(1, 40),
        "window_size": st.integers(0, 17),
        "position": st.sampled_from(["encode", "embed"]),
        "pool": st.sampled_from(["avg", "max", None]),
        "masked": st.booleans(),
        "batch": st.integers(1, 3),
        "seed": st.integers(0, 1000),
    }
)


def lively(model: SequenceDefault) -> SequenceDefault:
    """Norms and layer scales away from their starting values, so that every branch counts."""
    with torch.no_grad():
        for parameter in model.blocks.parameters():
            if parameter.ndim == 1:
                parameter.uniform_(0.5, 1.5)
    return model


@settings(max_examples=30, deadline=None)
@given(SHAPES)
def test_values_and_gradients_equal_those_of_a_loop_over_windows(shape: dict):
    torch.manual_seed(shape.pop("seed"))
    batch = shape.pop("batch")
    width = shape["heads"] * shape.pop("head_width")
    model = lively(SequenceDefault(width=width, **shape)).double().eval()
    embedded = torch.randn(batch, model.max_length, width, dtype=torch.double, requires_grad=True)
    wanted = [embedded, *(p for name, p in model.named_parameters() if not name.startswith("embedding"))]

    ours, plain = model(embedded), reference.features(model, embedded)
    assert ours.shape == plain.shape
    assert ours.flatten(1).shape[1] == model.features
    torch.testing.assert_close(ours, plain, rtol=1e-6, atol=1e-6)  # the turns of our RoPE are float32
    weights = torch.randn_like(plain)
    for found, expected in zip(
        torch.autograd.grad(ours, wanted, weights), torch.autograd.grad(plain, wanted, weights), strict=True
    ):
        torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-5)
