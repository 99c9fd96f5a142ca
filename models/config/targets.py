"""What a model must know of one target: shared by the model, the objective, the metrics and the answers."""

from dataclasses import dataclass
from typing import Any, Literal

TargetType = Literal["categorical", "continuous"]


@dataclass(frozen=True, slots=True)
class TargetSpec:
    """One target of a run.

    classes: names in sorted order (class i is output i), None for a continuous target.
    mean, std: of the training part; a continuous target is learnt as (value - mean) / std.
    one_logit: two classes as one output (BCEWithLogitsLoss): sigmoid(output) is the probability of classes[1].
    """

    name: str
    type: TargetType
    classes: list[str] | None = None
    mean: float = 0.0
    std: float = 1.0
    one_logit: bool = False

    @property
    def outputs(self) -> int:
        """How many numbers the model gives for this target."""
        return 1 if self.classes is None or self.one_logit else len(self.classes)

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values; from_dict reads them."""
        return {
            "name": self.name,
            "type": self.type,
            "classes": self.classes,
            "mean": self.mean,
            "std": self.std,
            "one_logit": self.one_logit,
        }

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "TargetSpec":
        """The spec that to_dict wrote. Raises TypeError for unknown or missing keys."""
        return cls(**values)
