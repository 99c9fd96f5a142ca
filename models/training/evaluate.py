"""One validation: all validation files through the model, its loss and metrics, and the number that decides."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from models.config import RunConfig, TargetSpec
from models.inference.answers import probabilities, scale
from models.nn.classifier import ByteClassifier
from models.training.batches import Batch
from models.training.metrics import NonFinitePredictions, average, categorical_metrics, continuous_metrics, names_for
from models.training.objectives import Objective
from models.training.report import Stop, TrainingError

Values = dict[str | None, dict[str, float]]
"""Metric values by target (None = over all targets) and name."""


class DivergedError(TrainingError):
    """The model answers with NaN or infinity."""


@dataclass(frozen=True)
class Evaluation:
    """values: what was found. score: what `best` goes by, the average, else minus the loss; more is better."""

    values: Values
    score: float


@torch.inference_mode()
def evaluate(
    model: ByteClassifier,
    objective: Objective,
    batches: Iterable[Batch],
    targets: Sequence[TargetSpec],
    config: RunConfig,
    stop: Stop | None = None,
) -> Evaluation | None:
    """Loss and metrics over all batches at once (not a mean of batch means); None when a stop came in between.

    Raises DivergedError.
    """
    model.eval()
    objective.eval()
    try:
        seen = []
        for batch in batches:
            if stop is not None and stop.requested() is not None:
                return None
            seen.append((model(batch.tokens), batch.labels))
        logits = {t.name: torch.cat([answer[t.name] for answer, _ in seen]).float() for t in targets}
        labels = {t.name: torch.cat([known[t.name] for _, known in seen]) for t in targets}
        total, losses = objective(logits, labels)
    finally:
        model.train()
        objective.train()
    try:
        found = {t.name: _metrics(t, logits[t.name], labels[t.name], losses[t.name], config) for t in targets}
    except NonFinitePredictions as error:
        raise DivergedError(f"validation: {error}") from error
    return _scored({name: values for name, values in found.items() if values}, total, targets, config)


def _metrics(target: TargetSpec, logits: Tensor, labels: Tensor, loss: Tensor, config: RunConfig) -> dict[str, float]:
    """The metrics of one target over its labelled files; empty when it has none."""
    known = labels >= 0 if target.type == "categorical" else ~labels.isnan()
    if not known.any():
        return {}
    logits, labels = logits[known].cpu(), labels[known].cpu()
    names = names_for(config, target.type)
    if target.type == "categorical":
        wanted = list(dict.fromkeys([*names, "acc", "mcc"]))
        found = categorical_metrics(probabilities(target, logits).numpy(), labels.numpy(), wanted)
    else:
        answers, truth = logits[:, 0].double().numpy(), labels.double().numpy()
        found = continuous_metrics(answers, truth, names, mean=target.mean, std=scale(target))
    return {"loss": float(loss), **found}


def _scored(
    found: dict[str, dict[str, float]], total: Tensor, targets: Sequence[TargetSpec], config: RunConfig
) -> Evaluation:
    """With the loss and the average over all targets, and the score."""
    loss, mean = float(total), average(found, {t.name: t.type for t in targets}, config)
    over_all = {"loss": loss} if mean is None else {"loss": loss, "average": mean}
    return Evaluation(
        {None: over_all} | {t.name: found[t.name] for t in targets if t.name in found}, -loss if mean is None else mean
    )
