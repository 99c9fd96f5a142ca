"""What training minimises: each target's loss over its labelled rows, averaged, plain or by learnt uncertainty."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from torch.nn import functional as F

if TYPE_CHECKING:
    from models.config import RunConfig
    from models.config.outputs import OutputTypeInfo
    from models.config.targets import TargetSpec

Loss = Callable[[Tensor, Tensor], Tensor]
"""(B, outputs), labels (B,) -> the mean loss of the labelled rows, (); nan when there are none."""

Losses = tuple[Tensor, dict[str, Tensor]]
"""The number to minimise, (), and the plain loss of each target, ()."""


def build_objective(config: "RunConfig", targets: Sequence["TargetSpec"]) -> "Objective":
    """The objective of `output.output_type_info`.

    Validation of a `sequence-default` counts smoothed labels, as EIR's does, so that curves can be compared. `octet` is
    measured by its calibrated answers, which smoothed labels would punish for being sure and right.
    """
    info = config.output.output_type_info
    ours = config.input.model_cfg.model_type == "octet"
    weighted = info.uncertainty_weighted_mt_loss and len(targets) > 1  # a single loss has nothing to be weighed against
    importance = [1.0 if target.classes is None else 2.0 for target in targets]
    return Objective(
        _losses(info, targets, info.cat_label_smoothing),
        importance if weighted else None,
        measured=_losses(info, targets, 0.0) if ours else None,
    )


def _losses(info: "OutputTypeInfo", targets: Sequence["TargetSpec"], smoothing: float) -> dict[str, Loss]:
    """The loss of each target, by name."""
    continuous = partial(continuous_loss, CONTINUOUS[info.con_loss_name])
    categorical = partial(cross_entropy, smoothing)
    losses: dict[str, Loss] = {}
    for target in targets:
        if target.classes is None:
            losses[target.name] = continuous
        else:
            losses[target.name] = binary_cross_entropy if target.one_logit else categorical
    return losses


class Objective(nn.Module):
    """The losses of all targets and their mean over those with at least one label.

    importance: a factor for each target when the losses are weighted by learnt uncertainty (Kendall et al. 2018), as
    EIR does: factor * (exp(-s) * loss + s), s learnt, factor 2 for classes and 1 for numbers; else None. The weights
    count in training mode only: after `.eval()` the total is the plain mean.
    measured: the losses after `.eval()`, where they are others than those that training minimises.
    """

    def __init__(
        self,
        losses: Mapping[str, Loss],
        importance: Sequence[float] | None = None,
        *,
        measured: Mapping[str, Loss] | None = None,
    ) -> None:
        super().__init__()
        self.losses = dict(losses)
        self.measured = self.losses if measured is None else dict(measured)
        self.importance = importance
        if importance is not None:
            self.log_variances = nn.Parameter(torch.zeros(len(importance)))

    def forward(self, outputs: Mapping[str, Tensor], labels: Mapping[str, Tensor]) -> Losses:
        """outputs: {target: (B, outputs)}; labels: {target: (B,)}, int64 (-1 = missing) or float32 (nan = missing).

        A target without a label has loss nan and no part in the total; the total is 0 when none has any.
        """
        losses = self.losses if self.training else self.measured
        return self._total({name: loss(outputs[name], labels[name]) for name, loss in losses.items()})

    def mixed(
        self,
        outputs: Mapping[str, Tensor],
        labels: Mapping[str, Tensor],
        partners: Mapping[str, Tensor],
        share: float,
    ) -> Losses:
        """For outputs of mixed inputs: share * loss(labels) + (1 - share) * loss(partners), target by target."""
        return self._total(
            {
                name: share * loss(outputs[name], labels[name]) + (1.0 - share) * loss(outputs[name], partners[name])
                for name, loss in self.losses.items()
            }
        )

    def _total(self, losses: dict[str, Tensor]) -> Losses:
        stacked = torch.stack(list(losses.values()))
        known = ~stacked.isnan()
        safe = torch.where(known, stacked, 0.0)  # before any arithmetic: a nan would come back through the gradient
        if self.importance is not None and self.training:
            factor = safe.new_tensor(self.importance)
            safe = torch.where(known, factor * ((-self.log_variances).exp() * safe + self.log_variances), 0.0)
        return safe.sum() / known.sum().clamp(min=1), losses


def cross_entropy(smoothing: float, logits: Tensor, labels: Tensor) -> Tensor:
    """Logits (B, C), labels (B,) int64 -> mean over labelled rows, ()."""
    rows = F.cross_entropy(logits, labels, ignore_index=-1, label_smoothing=smoothing, reduction="none")
    return mean_of_known(rows, labels != -1)


def binary_cross_entropy(logits: Tensor, labels: Tensor) -> Tensor:
    """Logit of class 1 (B, 1), labels (B,) int64 in {-1, 0, 1} -> mean over labelled rows, ()."""
    rows = F.binary_cross_entropy_with_logits(logits[:, 0], labels.clamp(min=0).to(logits.dtype), reduction="none")
    return mean_of_known(rows, labels != -1)


def continuous_loss(row_loss: Loss, values: Tensor, labels: Tensor) -> Tensor:
    """Values (B, 1), standardised labels (B,) -> mean over labelled rows, ()."""
    known = ~labels.isnan()
    return mean_of_known(row_loss(values[:, 0], torch.where(known, labels, 0.0)), known)


def mean_of_known(rows: Tensor, known: Tensor) -> Tensor:
    """Mean of rows (B,) where known (B,) bool; nan when none is, without a nan in the gradient of the rows."""
    count = known.sum()
    mean = torch.where(known, rows, 0.0).sum() / count.clamp(min=1)
    return torch.where(count > 0, mean, torch.nan)


CONTINUOUS: Mapping[str, Loss] = {
    "MSELoss": partial(F.mse_loss, reduction="none"),
    "L1Loss": partial(F.l1_loss, reduction="none"),
    "SmoothL1Loss": partial(F.smooth_l1_loss, reduction="none"),
    "PoissonNLLLoss": partial(F.poisson_nll_loss, reduction="none"),
    "HuberLoss": partial(F.huber_loss, reduction="none"),
}
"""Row losses of `con_loss_name`, each with torch's defaults."""
