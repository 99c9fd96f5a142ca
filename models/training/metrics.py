"""How good predictions are: the metrics of categorical and continuous targets, and the average that decides.

Definitions are scikit-learn's (its own functions are the tests' oracle); names are EIR's, in lower case. A metric that
the labels alone make undefined (a ranking of one class, a correlation with a constant) is left out: no value here is
ever NaN.
Legend: N files, C classes.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from models.config.globals import CAT_AVERAGING, CON_AVERAGING

if TYPE_CHECKING:
    from models.config import RunConfig

Floats = NDArray[np.float64]
Labels = NDArray[np.int64]
Kind = Literal["categorical", "continuous"]

# Less is better: they count as 1 - value in the average. "loss" is the objective's own number, the caller adds it.
LOSSES = frozenset({"loss", "rmse", "mae", "mape", "ece"})
CALIBRATION_BINS = 15
FLOAT32_STEP = float(np.finfo(np.float32).eps)
"""Labels travel as float32 deviations from their mean: what is smaller than this share of the mean may be a zero."""


class NonFinitePredictions(ValueError):
    """The model answered with NaN or infinity."""

    def __init__(self, name: str) -> None:
        super().__init__(f"{name} hold NaN or infinity")


def categorical_metrics(probabilities: Floats, labels: Labels, names: Sequence[str]) -> dict[str, float]:
    """The named metrics of one categorical target.

    probabilities: (N, C) float64, a column per class; labels: (N,) int64 in 0..C-1, none missing. The predicted class
    is the most probable one, the first of equals. Raises NonFinitePredictions, and ValueError for an unknown name.
    """
    wanted = _chosen(names, _CATEGORICAL)
    if not len(labels):
        return {}
    _check_finite("probabilities", probabilities)
    counts = _counts(labels, probabilities.argmax(axis=1), probabilities.shape[1])
    ranked = np.count_nonzero(counts.true) > 1
    return {
        name: float(_CATEGORICAL[name](probabilities, labels, counts))
        for name in wanted
        if ranked or name not in _NEED_TWO_CLASSES
    }


def continuous_metrics(
    values: Floats, labels: Floats, names: Sequence[str], *, mean: float, std: float
) -> dict[str, float]:
    """The named metrics of one continuous target, on the standardised scale; `rmse` and `mape` on the original one.

    values, labels: (N,), standardised by the training part's mean and std, none missing. `mape` is scikit-learn's
    fraction over the labels other than zero, undefined where all are zero. Predictions that are all equal have no
    correlation: pcc 0. Raises NonFinitePredictions, and ValueError for an unknown name.
    """
    wanted = _chosen(names, (*_CONTINUOUS, "mape"))
    if not len(labels):
        return {}
    values, labels = np.asarray(values, np.float64), np.asarray(labels, np.float64)
    _check_finite("predicted values", values)
    varied = bool(np.ptp(labels) > 0 and np.var(labels) > 0)
    defined = [name for name in wanted if name in _CONTINUOUS and (varied or name not in _NEED_VARIATION)]
    found = {name: float(_CONTINUOUS[name](values, labels)) for name in defined}
    if "rmse" in found:
        found["rmse"] *= std
    sizes = np.abs(labels * std + mean)
    nonzero = sizes > FLOAT32_STEP * abs(mean)
    if "mape" in wanted and nonzero.any():
        found["mape"] = float(np.mean(std * np.abs(labels - values)[nonzero] / sizes[nonzero]))
    return found


def names_for(config: "RunConfig", kind: Kind) -> list[str]:
    """The metrics a run computes for a kind of target: those it shows and those its average needs."""
    shown = config.globals.metrics.cat_metrics if kind == "categorical" else config.globals.metrics.con_metrics
    return list(dict.fromkeys([*shown, *_averaged(config, kind)]))


def average(
    per_target: Mapping[str, Mapping[str, float]], types: Mapping[str, Kind], config: "RunConfig"
) -> float | None:
    """The one number that decides about best checkpoint, plateau and early stop: more is better.

    Per target the mean of its averaging metrics (a loss counts as 1 - value), then the mean over targets; what is
    undefined takes no part. None when nothing is defined: the caller then goes by minus the validation loss.
    """
    means = []
    for target, found in per_target.items():
        names = [name for name in _averaged(config, types[target]) if name in found]
        if names:
            means.append(sum(1 - found[n] if n in LOSSES else found[n] for n in names) / len(names))
    return sum(means) / len(means) if means else None


def _averaged(config: "RunConfig", kind: Kind) -> Sequence[str]:
    metrics = config.globals.metrics
    if kind == "categorical":
        return metrics.cat_averaging_metrics or CAT_AVERAGING
    return metrics.con_averaging_metrics or CON_AVERAGING


def _chosen(names: Sequence[str], known: Collection[str]) -> list[str]:
    lower = [name.lower() for name in names]
    if unknown := [name for name in lower if name not in known and name != "loss"]:
        raise ValueError(f"no metric is called {', '.join(unknown)}; there are {', '.join(known)} and loss")
    return [name for name in dict.fromkeys(lower) if name != "loss"]


def _check_finite(name: str, values: Floats) -> None:
    if not np.isfinite(values).all():
        raise NonFinitePredictions(name)


# ---- categorical: each takes probabilities (N, C), labels (N,) and the Counts of both


class Counts(NamedTuple):
    """Files by class, each (C,): with that label, predicted so, and both. No (C, C) table: C may be many thousands."""

    true: Floats
    predicted: Floats
    right: Floats

    @property
    def n(self) -> float:
        """How many files there are."""
        return float(self.true.sum())


def _counts(labels: Labels, predicted: NDArray[np.intp], classes: int) -> Counts:
    found = (labels, predicted, labels[labels == predicted])
    return Counts(*(np.bincount(one, minlength=classes).astype(np.float64) for one in found))


def _accuracy(probabilities: Floats, labels: Labels, counts: Counts) -> float:
    return float(counts.right.sum() / counts.n)


def _matthews(probabilities: Floats, labels: Labels, counts: Counts) -> float:
    """R_K of Gorodkin (2004): the correlation of two classifications; 0 when either side knows one class only."""
    true, predicted, n = counts.true, counts.predicted, counts.n
    covariance = counts.right.sum() * n - true @ predicted
    variances = (n**2 - true @ true) * (n**2 - predicted @ predicted)
    return float(covariance / np.sqrt(variances)) if variances > 0 else 0.0


def _kappa(probabilities: Floats, labels: Labels, counts: Counts) -> float:
    """Cohen's kappa: agreement beyond that of chance."""
    chance = counts.true @ counts.predicted / counts.n**2
    return float((counts.right.sum() / counts.n - chance) / (1 - chance))


def _precision(probabilities: Floats, labels: Labels, counts: Counts) -> float:
    return _macro(counts.right, counts.predicted, counts)


def _recall(probabilities: Floats, labels: Labels, counts: Counts) -> float:
    return _macro(counts.right, counts.true, counts)


def _f1(probabilities: Floats, labels: Labels, counts: Counts) -> float:
    return _macro(2 * counts.right, counts.predicted + counts.true, counts)


def _macro(hits: Floats, of: Floats, counts: Counts) -> float:
    """Mean over the classes seen in labels or predictions of hits / of, 0 / 0 counting as 0."""
    seen = counts.predicted + counts.true > 0
    return float(np.divide(hits, of, out=np.zeros_like(hits), where=of > 0)[seen].mean())


def _roc_auc(probabilities: Floats, labels: Labels, counts: Counts) -> float:
    """One versus one, macro (Hand & Till 2001), over the pairs of classes that the labels hold.

    For each class a, its own files' scores are sorted once; a file of class b loses to as many of them as rank above it
    (ties half): the mean share is the area for the pair (a, b).
    """
    present = np.flatnonzero(counts.true)
    if probabilities.shape[1] == 2:
        return float(_wins(probabilities[:, 1], labels == 1)[labels == 0].mean())
    areas = []
    for a in present:
        won = np.bincount(labels, weights=_wins(probabilities[:, a], labels == a), minlength=len(counts.true))
        others = present[present != a]
        areas.append(won[others] / counts.true[others])
    return float(np.mean(areas))


def _wins(scores: Floats, positive: NDArray[np.bool_]) -> Floats:
    """(N,): which share of the positives stands above each file, ties half."""
    ordered = np.sort(scores[positive])
    below = np.searchsorted(ordered, scores, "left") + np.searchsorted(ordered, scores, "right")
    return np.asarray(1 - below / (2 * len(ordered)), np.float64)


def _average_precision(probabilities: Floats, labels: Labels, counts: Counts) -> float:
    if probabilities.shape[1] == 2:
        return _precision_area(probabilities[:, 1], labels == 1)
    return float(np.mean([_precision_area(probabilities[:, c], labels == c) for c in np.unique(labels)]))


def _precision_area(scores: Floats, positive: NDArray[np.bool_]) -> float:
    """Sum over falling thresholds of precision times the recall gained there; equal scores are one threshold."""
    order = np.argsort(-scores, kind="stable")
    last_of_equals = np.append(np.flatnonzero(np.diff(scores[order])), len(scores) - 1)
    hits = np.cumsum(positive[order])[last_of_equals]
    return float(np.sum(np.diff(hits, prepend=0) * hits / (last_of_equals + 1)) / hits[-1])


def _calibration_error(probabilities: Floats, labels: Labels, counts: Counts) -> float:
    """ECE of Guo et al. (2017), section 2, over bins of equal width of the highest probability.

    In each the share of right answers against the mean probability, weighted by files.
    """
    confidence, right = probabilities.max(axis=1), probabilities.argmax(axis=1) == labels
    bins = np.minimum((confidence * CALIBRATION_BINS).astype(np.int64), CALIBRATION_BINS - 1)
    gaps = np.bincount(bins, weights=right - confidence, minlength=CALIBRATION_BINS)
    return float(np.abs(gaps).sum() / len(labels))


# ---- continuous: each takes values (N,) and labels (N,)


def _r2(values: Floats, labels: Floats) -> float:
    return float(1 - np.sum((labels - values) ** 2) / np.sum((labels - labels.mean()) ** 2))


def _pearson(values: Floats, labels: Floats) -> float:
    if np.ptp(values) == 0:
        return 0.0
    a, b = values - values.mean(), labels - labels.mean()
    a, b = a / np.abs(a).max(), b / np.abs(b).max()  # squares of tiny numbers must not vanish
    return float(np.clip(a @ b / np.sqrt((a @ a) * (b @ b)), -1, 1))


def _rmse(values: Floats, labels: Floats) -> float:
    return float(np.sqrt(np.mean((labels - values) ** 2)))


def _mae(values: Floats, labels: Floats) -> float:
    return float(np.mean(np.abs(labels - values)))


def _explained_variance(values: Floats, labels: Floats) -> float:
    return float(1 - np.var(labels - values) / np.var(labels))


_CATEGORICAL: dict[str, Callable[[Floats, Labels, Counts], float]] = {
    "mcc": _matthews,
    "acc": _accuracy,
    "roc-auc-macro": _roc_auc,
    "ap-macro": _average_precision,
    "f1-macro": _f1,
    "precision-macro": _precision,
    "recall-macro": _recall,
    "cohen-kappa": _kappa,
    "ece": _calibration_error,
}
_CONTINUOUS: dict[str, Callable[[Floats, Floats], float]] = {
    "r2": _r2,
    "pcc": _pearson,
    "rmse": _rmse,
    "mae": _mae,
    "explained-variance": _explained_variance,
}
# With labels of one class a ranking has nothing to rank, and kappa is 0 or 0 / 0 whatever is predicted.
_NEED_TWO_CLASSES = frozenset({"roc-auc-macro", "ap-macro", "cohen-kappa"})
_NEED_VARIATION = frozenset({"r2", "pcc", "explained-variance"})
