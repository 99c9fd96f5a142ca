"""One validation: all validation files through the model, its loss and metrics, and the number that decides."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from models.config import RunConfig, TargetSpec
from models.inference.answers import probabilities, scale, standardised
from models.nn.network import Network
from models.training.batches import WholeFiles
from models.training.blending import blended
from models.training.divergence import MEND
from models.training.metrics import NonFinitePredictions, average, categorical_metrics, continuous_metrics, names_for
from models.training.objectives import Objective
from models.training.report import Stop, TrainingError

Values = dict[str | None, dict[str, float]]
"""Metric values by target (None = over all targets) and name."""


class DivergedError(TrainingError):
    """The model's answers, or the loss or a metric of them, are no finite numbers any more."""

    def __init__(self, target: str, what: str, at: str = "", kept: str = "") -> None:
        super().__init__(f"validation of {target!r}{at}: {what}; training has diverged: {kept}{MEND}")
        self._said = (target, what)

    def at(self, step: int, kept: str) -> "DivergedError":
        """The same, of this step; `kept`: what stays of the run."""
        return DivergedError(*self._said, f" at step {step}", kept)


@dataclass(frozen=True)
class Evaluation:
    """values: what was found. score: what `best` goes by, the average, else minus the loss; more is better."""

    values: Values
    score: float


@torch.inference_mode()
def evaluate(
    model: Network,
    objective: Objective,
    batches: Iterable[WholeFiles],
    targets: Sequence[TargetSpec],
    config: RunConfig,
    stop: Stop | None = None,
) -> Evaluation | None:
    """Loss and metrics over all batches at once (not a mean of batch means); None when a stop came in between.

    Computed in float64, where squares of the largest float32 are still finite. Raises DivergedError.
    """
    model.eval()
    objective.eval()
    try:
        seen = []
        for batch in batches:
            if stop is not None and stop.requested() is not None:
                return None
            seen.append((model.evidence(batch.files, batch.held_out), batch.labels))
        evidence = {t.name: torch.cat([found[t.name] for found, _ in seen]).double() for t in targets}
        labels = {t.name: torch.cat([known[t.name] for _, known in seen]) for t in targets}
        labels |= {t.name: labels[t.name].double() for t in targets if t.type == "continuous"}
        logits = {t.name: _blended(model, t, evidence[t.name], labels[t.name]) for t in targets}
        total, losses = objective(logits, labels)
    finally:
        model.train()
        objective.train()
    found = {t.name: _metrics(t, logits[t.name], labels[t.name], losses[t.name], config) for t in targets}
    return _scored({name: values for name, values in found.items() if values}, total, targets, config)


def _blended(model: Network, target: TargetSpec, evidence: Tensor, labels: Tensor) -> Tensor:
    """(N, sources, outputs) -> (N, outputs); where there are several sources, the model's blend is fitted anew."""
    return evidence[:, 0] if model.blend is None else blended(model.blend, target, evidence, labels)


def _metrics(target: TargetSpec, logits: Tensor, labels: Tensor, loss: Tensor, config: RunConfig) -> dict[str, float]:
    """The metrics of one target over its labelled files, all finite; empty when it has none. Raises DivergedError."""
    known = labels >= 0 if target.type == "categorical" else ~labels.isnan()
    if not known.any():
        return {}
    names = names_for(config, target.type)
    try:
        found = {"loss": float(loss), **_measured(target, logits[known].cpu(), labels[known].cpu(), names)}
    except NonFinitePredictions as error:
        raise DivergedError(target.name, str(error)) from error
    if infinite := [name for name, value in found.items() if not math.isfinite(value)]:
        raise DivergedError(target.name, f"{' and '.join(infinite)} too large for a number, though predictions are not")
    return found


def _measured(target: TargetSpec, logits: Tensor, labels: Tensor, names: Sequence[str]) -> dict[str, float]:
    """The named metrics of one target; of classes always accuracy and MCC, too. logits (N, outputs), labels (N,)."""
    if target.type == "categorical":
        wanted = list(dict.fromkeys([*names, "acc", "mcc"]))
        return categorical_metrics(probabilities(target, logits).numpy(), labels.numpy(), wanted)
    return continuous_metrics(
        standardised(target, logits).numpy(), labels.numpy(), names, mean=target.mean, std=scale(target)
    )


def _scored(
    found: dict[str, dict[str, float]], total: Tensor, targets: Sequence[TargetSpec], config: RunConfig
) -> Evaluation:
    """With the loss and the average over all targets, and the score."""
    loss, mean = float(total), average(found, {t.name: t.type for t in targets}, config)
    over_all = {"loss": loss} if mean is None else {"loss": loss, "average": mean}
    return Evaluation(
        {None: over_all} | {t.name: found[t.name] for t in targets if t.name in found}, -loss if mean is None else mean
    )
