"""Running sums of training: loss, accuracy, MCC, R2 and the like since the last training point, cheap at every step.

One float64 vector per target, so that the sums travel in a checkpoint as they are:
categorical: rows, loss x rows, rows that were right, then rows by true class (C) and by predicted class (C);
continuous, p predicted and y true: rows, loss x rows, sums of |p-y|, (p-y)^2, y, y^2, p, p^2, p*y;
under ALL: batches and the sum of their losses.
"""

import math
from collections.abc import Mapping, Sequence

import torch
from torch import Tensor
from torch.nn.functional import one_hot

from models.config import TargetSpec
from models.inference.answers import predicted_class, scale, standardised

ALL = ""


def empty_sums(targets: Sequence[TargetSpec], device: torch.device) -> dict[str, Tensor]:
    """Zeros, as the module's head lays them out."""
    sizes = {t.name: 9 if t.classes is None else 3 + 2 * len(t.classes) for t in targets}
    return {name: torch.zeros(size, dtype=torch.float64, device=device) for name, size in ({ALL: 2} | sizes).items()}


@torch.no_grad()
def add(
    sums: dict[str, Tensor],
    targets: Sequence[TargetSpec],
    logits: Mapping[str, Tensor],
    labels: Mapping[str, Tensor],
    losses: Mapping[str, Tensor],
) -> None:
    """Add one batch, in place. logits: (B, outputs). labels: (B,), -1 or nan missing. losses: (), nan without any."""
    total = torch.stack(list(losses.values())).double().nanmean()
    sums[ALL] += torch.stack([torch.ones_like(total), total])
    for target in targets:
        answer = logits[target.name].detach()
        if target.classes is None:
            rows, rest = _continuous(standardised(target, answer), labels[target.name])
        else:
            rows, rest = _categorical(predicted_class(target, answer), labels[target.name], len(target.classes))
        loss = torch.where(rows > 0, losses[target.name].double() * rows, 0.0)
        sums[target.name] += torch.cat([torch.stack([rows, loss]), rest])


def training_metrics(sums: Mapping[str, Tensor], targets: Sequence[TargetSpec]) -> dict[str | None, dict[str, float]]:
    """The means since the sums were last empty, by target (None = over all); one without labelled rows is left out."""
    batches, total = sums[ALL].tolist()
    found: dict[str | None, dict[str, float]] = {None: {"loss": total / batches}} if batches else {}
    for target in targets:
        values = sums[target.name].tolist()
        if values[0]:
            found[target.name] = (
                _class_metrics(values) if target.type == "categorical" else _value_metrics(values, scale(target))
            )
    return found


def _categorical(answer: Tensor, labels: Tensor, classes: int) -> tuple[Tensor, Tensor]:
    """Labelled rows (), and right / true / predicted counts (1 + 2C,), of classes (B,)."""
    known = labels >= 0
    predicted = one_hot(answer, classes) * known[:, None]
    true = one_hot(labels.clamp(min=0), classes) * known[:, None]
    right = (predicted * true).sum()
    return known.sum().double(), torch.cat([right[None], true.sum(0), predicted.sum(0)]).double()


def _continuous(answer: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
    """Labelled rows (), and the seven sums over them, of values (B,)."""
    known = ~labels.isnan()
    p, y = answer.double()[known], labels.double()[known]
    e = p - y
    return known.sum().double(), torch.stack([e.abs().sum(), e @ e, y.sum(), y @ y, p.sum(), p @ p, p @ y])


def _class_metrics(values: list[float]) -> dict[str, float]:
    """Loss, accuracy, and Gorodkin's R_K, the correlation of true and predicted class (0 when either never varies)."""
    rows, loss, right, *counts = values
    true, predicted = counts[: len(counts) // 2], counts[len(counts) // 2 :]
    covariance = right * rows - sum(t * p for t, p in zip(true, predicted, strict=True))
    variances = (rows**2 - sum(t * t for t in true)) * (rows**2 - sum(p * p for p in predicted))
    return {
        "loss": loss / rows,
        "acc": right / rows,
        "mcc": covariance / math.sqrt(variances) if variances > 0 else 0.0,
    }


def _value_metrics(values: list[float], std: float) -> dict[str, float]:
    """Loss, MAE, RMSE (original scale), and R2 and PCC where the labels vary."""
    rows, loss, absolute, square, y, yy, p, pp, py = values
    found = {"loss": loss / rows, "mae": absolute / rows, "rmse": math.sqrt(square / rows) * std}
    labels, predictions = yy - y * y / rows, pp - p * p / rows
    if labels > 1e-12 * yy:
        found["r2"] = 1.0 - square / labels
        found["pcc"] = (py - p * y / rows) / math.sqrt(labels * predictions) if predictions > 1e-12 * pp else 0.0
    return found
