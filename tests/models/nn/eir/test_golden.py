"""The arithmetic is EIR 0.23's: its own outputs and gradients, for four small variants with its weights."""

from pathlib import Path

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from models.nn.eir.classifier import ByteClassifier
from tests.models.nn.eir.configs import CLASSES, NUMBER, run_config
from tests.models.nn.eir.eir_names import eir_names, stacked

GOLDEN = np.load(Path(__file__).parent / "fixtures" / "eir_golden.npz")
TARGETS = [CLASSES, NUMBER]
NAMES = [t.name for t in TARGETS]
VARIANTS = {
    "avg": run_config(max_length=60, extractor={"window_size": 16, "pool": "avg"}),
    "max": run_config(
        max_length=64,
        extractor={"window_size": 16, "pool": "max", "position": "embed"},
        size={"num_heads": 4, "dim_feedforward": 20},
    ),
    "none": run_config(size={"num_layers": 1}, final="mlp_residual"),
    "none_windows": run_config(extractor={"window_size": 16, "position": "embed"}, size={"num_layers": 1}),
}


def golden(variant: str, kind: str) -> dict[str, np.ndarray]:
    prefix = f"{variant}/{kind}/"
    return {key.removeprefix(prefix): GOLDEN[key] for key in GOLDEN.files if key.startswith(prefix)}


def loaded(variant: str) -> ByteClassifier:
    model = ByteClassifier(VARIANTS[variant], TARGETS).eval()
    weights = golden(variant, "weights")
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            parameter.copy_(stacked(weights, name, NAMES))
    return model


@pytest.mark.parametrize("variant", VARIANTS)
def test_every_parameter_of_eir_is_one_of_ours_and_none_is_left(variant: str):
    used = [
        eir
        for ours, _ in ByteClassifier(VARIANTS[variant], TARGETS).named_parameters()
        for eir in eir_names(ours, NAMES)
    ]
    assert sorted(used) == sorted(golden(variant, "weights"))


@pytest.mark.parametrize("variant", VARIANTS)
def test_outputs_agree_within_1e5(variant: str):
    model = loaded(variant)
    tokens = torch.from_numpy(GOLDEN[f"{variant}/tokens"])
    embedded = model.embed(tokens)
    features = model.extractor(embedded)
    fused = model.fusion(features)
    outputs = model(tokens)
    found = {
        "embedded": embedded,
        "features": features,
        "fused": fused,
        "logits": outputs["Sentiment"],
        "value": outputs["Score"],
    }
    for name, tensor in found.items():
        expected = GOLDEN[f"{variant}/{name}"]
        assert tensor.shape == expected.shape, name
        assert np.abs(tensor.detach().numpy() - expected).max() <= 1e-5, name


@pytest.mark.parametrize("variant", VARIANTS)
def test_loss_and_gradients_agree_within_1e4_of_the_largest(variant: str):
    model = loaded(variant)
    outputs = model(torch.from_numpy(GOLDEN[f"{variant}/tokens"]))
    labels = torch.arange(len(outputs["Sentiment"])) % 2
    loss = F.cross_entropy(outputs["Sentiment"], labels) + outputs["Score"].square().mean()
    assert loss.item() == pytest.approx(GOLDEN[f"{variant}/loss"].item(), abs=1e-5, rel=1e-6)
    loss.backward()
    gradients = golden(variant, "grads")
    for name, parameter in model.named_parameters():
        expected = stacked(gradients, name, NAMES)
        assert parameter.grad is not None
        assert (parameter.grad - expected).abs().max() <= 1e-4 * expected.abs().max(), name
