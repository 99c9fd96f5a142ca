"""Fits the blend of a model on its validation files, and measures it on files that took no part in the fit."""

import math

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from models.config import TargetSpec
from models.nn.octet.blend import Blend
from models.training.sampling import stream

FOLDS = 5
FEWEST = 40
"""With fewer labelled files nothing is fitted: the sources count alike."""
SHRINKAGE = 4.0
"""The pull of the weights towards equal shares, in labelled files: strong for few of them, nothing for thousands."""
USUAL_SPREAD = 3.0
"""Standard deviation of usual logits: where the search for a temperature begins."""
MOST_LOG = 30.0
OFFSETS = 0.5
"""The pull of the classes' offsets towards 0, in labelled files for a square of 1: as if they were from N(0, 1)."""
CERTAIN = 2.0
"""Standard errors by which offsets must lower the loss of files that did not fit them: where classes are alike in
number they do nothing, and would only be noise."""
FOLD = 5
"""The stream of random numbers that draws the folds."""


def blended(blend: Blend, target: TargetSpec, evidence_NSo: Tensor, labels_N: Tensor) -> Tensor:
    """The answers (N, outputs) as an honest measurement takes them; the blend keeps the fit on all files.

    Each fold is answered by weights fitted on the others, so that no label judges a number that it helped to fit.
    evidence: float64. labels: int64 (-1 missing) or standardised float64 (nan missing).
    """
    known_N = labels_N >= 0 if target.type == "categorical" else ~labels_N.isnan()
    if int(known_N.sum()) < FEWEST:
        alike: Tensor = blend(target.name, evidence_NSo)
        return alike
    answers, shifted = _by_others(target, evidence_NSo, labels_N, known_N, shifted=False), False
    if target.type == "categorical":
        moved = _by_others(target, evidence_NSo, labels_N, known_N, shifted=True)
        gain_N = _losses(target, answers[known_N], labels_N[known_N]) - _losses(
            target, moved[known_N], labels_N[known_N]
        )
        if float(gain_N.mean()) > CERTAIN * float(gain_N.std()) / math.sqrt(len(gain_N)):
            answers, shifted = moved, True
    blend.set(target.name, *fit(target, evidence_NSo[known_N], labels_N[known_N], shifted=shifted))
    return answers


def fit(target: TargetSpec, evidence_NSo: Tensor, labels_N: Tensor, *, shifted: bool = False) -> tuple[Tensor, Tensor]:
    """Weights (S,) >= 0 and offsets (o,) that explain labelled files best: least loss, or least squares.

    shifted: whether classes have offsets; else they are 0.
    """
    if target.type == "categorical":
        return _least_loss(target, evidence_NSo, labels_N, shifted)
    return _least_squares(evidence_NSo[..., 0], labels_N)


def _by_others(target: TargetSpec, evidence_NSo: Tensor, labels_N: Tensor, known_N: Tensor, *, shifted: bool) -> Tensor:
    """The answers (N, outputs) of each fold, by a fit on the labelled files of the others."""
    answers = torch.empty_like(evidence_NSo[:, 0])
    fold_N = _folds(len(labels_N)).to(labels_N.device)
    for fold in range(FOLDS):
        others, here = known_N & (fold_N != fold), fold_N == fold
        weights_S, offsets_o = fit(target, evidence_NSo[others], labels_N[others], shifted=shifted)
        answers[here] = (evidence_NSo[here] * weights_S[:, None]).sum(1) + offsets_o
    return answers


@torch.inference_mode(False)
@torch.enable_grad()
def _least_loss(target: TargetSpec, evidence_NSo: Tensor, labels_N: Tensor, shifted: bool) -> tuple[Tensor, Tensor]:
    """The weights of least cross entropy. First each source alone, then all, drawn to equal shares of what each had."""
    evidence_NSo, labels_N = evidence_NSo.clone(), labels_N.clone()  # those of inference take no part in a gradient
    sources = evidence_NSo.shape[1]
    usual = (USUAL_SPREAD / evidence_NSo.flatten(2).std(dim=(0, 2)).clamp(min=1e-9)).log()
    alone = [
        _descended(target, evidence_NSo[:, at : at + 1], labels_N, usual[at : at + 1], 1.0, shifted)[0]
        for at in range(sources)
    ]
    prior_S = torch.cat(alone) - math.log(sources)
    logs_S, offsets_o = _descended(target, evidence_NSo, labels_N, prior_S, SHRINKAGE, shifted)
    return logs_S.exp(), offsets_o


def _descended(
    target: TargetSpec, evidence_NSo: Tensor, labels_N: Tensor, prior_S: Tensor, files: float, shifted: bool
) -> tuple[Tensor, Tensor]:
    """Log weights (S,) by L-BFGS from a prior, which counts as so many files; and offsets (o,)."""
    logs, pull = prior_S.clone().requires_grad_(), files / len(labels_N)
    offsets = evidence_NSo.new_zeros(evidence_NSo.shape[2], requires_grad=shifted)
    searched = [logs, offsets] if shifted else [logs]
    search = torch.optim.LBFGS(searched, max_iter=50, line_search_fn="strong_wolfe")

    def loss() -> Tensor:
        search.zero_grad()
        logits = (evidence_NSo * logs.clamp(-MOST_LOG, MOST_LOG).exp()[:, None]).sum(1) + offsets
        total = _losses(target, logits, labels_N).mean() + pull * (logs - prior_S).square().mean()
        if shifted:
            total = total + OFFSETS / len(labels_N) * offsets.square().sum()
        total.backward()  # type: ignore[no-untyped-call]
        return total

    search.step(loss)  # type: ignore[no-untyped-call]
    return logs.detach(), offsets.detach()


def _losses(target: TargetSpec, logits_No: Tensor, labels_N: Tensor) -> Tensor:
    """The cross entropy of each file, (N,)."""
    if target.one_logit:
        return F.binary_cross_entropy_with_logits(logits_No[:, 0], labels_N.double(), reduction="none")
    return F.cross_entropy(logits_No, labels_N, reduction="none")


def _least_squares(evidence_NS: Tensor, labels_N: Tensor) -> tuple[Tensor, Tensor]:
    """Ridge towards equal shares, after both sides lost their means; a source of negative weight is left out."""
    sources = evidence_NS.shape[1]
    centred, middle = evidence_NS - evidence_NS.mean(0), labels_N.mean()
    kept, weights = torch.arange(sources, device=evidence_NS.device), evidence_NS.new_zeros(sources)
    while len(kept):
        x = centred[:, kept]
        share = x.new_full((len(kept),), 1.0 / len(kept))
        pull = (SHRINKAGE * float(x.square().mean()) + 1e-9) * torch.eye(len(kept), dtype=x.dtype, device=x.device)
        found = torch.linalg.solve(x.T @ x + pull, x.T @ (labels_N - middle) + pull @ share)
        if bool((found >= 0).all()):
            weights[kept] = found
            break
        kept = kept[found >= 0]
    return weights, (middle - (evidence_NS.mean(0) * weights).sum())[None]


def _folds(count: int) -> Tensor:
    """(n,) the fold of each file: as even as can be, in an order that depends on their number alone."""
    order = np.argsort(stream(0, FOLD, count).random_raw(count), kind="stable")
    return torch.from_numpy(order % FOLDS)
