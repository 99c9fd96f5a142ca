"""Whether a run came to know more than a guess does, and what a user may do where it did not. Free of torch.

A guess says the class that most training files have, or the mean of all numbers. With few validation files luck alone
makes a difference; so a run is called no better only where a useful one would hardly ever have looked like it.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache

import numpy as np

from models.packed import Target
from models.training.report import Guess, Plan
from models.training.split import Split

LUCK = 2.5
"""Standard errors above a guess that luck may bring: of some twenty validations the best is looked at."""
HARDLY = 0.01
"""How seldom a useful model looks as bad as one that is called no better than guessing."""
USEFUL = 0.5
"""Of a guess's mistakes, or of the variance of numbers: what a useful model avoids."""
RANKED = 0.6
"""An area under the curve from which on the probabilities are worth something, wherever the line between classes is."""
EXACT = 500
"""Up to so many files the binomial distribution is summed; beyond, a normal one stands for it."""

Metrics = Mapping[str, Mapping[str, float]]


def guesses_of(targets: Sequence[Target], files: Split) -> dict[str, Guess]:
    """What a guess knows of the validation files, by target; nothing of a target that none of them has."""
    found = {}
    for target in targets:
        train, valid = (side[~target.missing[side]] for side in (files.train, files.valid))
        if not len(train) or not len(valid):
            continue
        if target.codes is not None and target.classes is not None:
            most = int(np.bincount(target.codes[train]).argmax())
            right = int(np.count_nonzero(target.codes[valid] == most))
            found[target.name] = Guess(files=len(valid), most=target.classes[most], right=right)
        elif target.numbers is not None:
            with np.errstate(over="ignore", invalid="ignore"):
                deviation = float(target.numbers[valid].std())
            spread = deviation if math.isfinite(deviation) else None
            found[target.name] = Guess(files=len(valid), deviation=spread)
    return found


def warnings_of(plan: Plan, metrics: Metrics, *, step: int, epochs: int | None, stopped: str | None) -> list[str]:
    """What to say of a run that has succeeded, a line each: the targets it only guesses, then what may help.

    metrics: validation values of its best checkpoint, by target. step: its last; stopped: why it came so early.
    """
    guesses = {} if plan.split is None else plan.split.guesses
    said = []
    for name, guess in guesses.items():
        judge = _of_numbers if guess.most is None else _of_classes
        found = {metric: value for metric, value in metrics.get(name, {}).items() if _is_number(value)}
        if (words := judge(guess, found)) is not None:
            said.append(f"target {name!r}: {words}")
    return [*said, *_advice(plan, step, epochs, stopped)] if said else []


def _of_classes(guess: Guess, found: Mapping[str, float]) -> str | None:
    """How a run stands to a guess of classes; None: it knows more, or nobody can tell."""
    if "acc" not in found or guess.right is None or not 0 < guess.right < guess.files:
        return None
    files, right, share = guess.files, round(found["acc"] * guess.files), guess.right / guess.files
    if found.get("mcc", 0.0) * math.sqrt(files) >= LUCK or found.get("roc-auc-macro", 0.0) >= RANKED:
        return None
    beaten = 1.0 - _at_most(right - 1, files, share) < 0.5 * math.erfc(LUCK / math.sqrt(2))
    if beaten or _at_most(right, files, share + USEFUL * (1.0 - share)) >= HARDLY:
        return None
    seen = f"{right:,} of {files:,} validation files are right; always saying {guess.most!r} gets {guess.right:,}"
    return f"no better than guessing: {seen}" if right <= guess.right else _lucky(seen)


def _of_numbers(guess: Guess, found: Mapping[str, float]) -> str | None:
    """The same of numbers."""
    r2 = found.get("r2")
    if r2 is None and "rmse" in found and guess.deviation:
        ratio = found["rmse"] / guess.deviation
        r2 = 1.0 - ratio * ratio  # ** 2 would raise where it is infinite
    if r2 is None:
        return None
    tie = found.get("pcc", math.sqrt(max(r2, 0.0)))
    # the logarithm of a ratio of two sums of squares, one of which is a part of the other, varies by about 2 / files
    doubtful = math.log((1.0 - r2) / (1.0 - USEFUL)) < 2.33 * math.sqrt(2.0 / guess.files) if r2 < 1.0 else True
    if doubtful or (r2 > 0.0 and tie * math.sqrt(guess.files) >= LUCK):
        return None
    seen = f"R2 is {r2:.2g} on {guess.files:,} validation files; always saying their mean gets 0"
    return f"no better than guessing: {seen}" if r2 <= 0.0 else _lucky(seen)


def _is_number(value: float | None) -> bool:
    """Whatever was stored, a verdict decides nothing about a run's end: what is no number is passed over."""
    return value is not None and math.isfinite(value)


def _lucky(seen: str) -> str:
    return f"hardly better than guessing: {seen}; that may be luck"


def _advice(plan: Plan, step: int, epochs: int | None, stopped: str | None) -> Iterator[str]:
    """What may have been in the way, the likeliest first."""
    whole = plan.steps if epochs is None else epochs * plan.steps_per_epoch
    if stopped == "time" and step < whole:
        yield f"time ran out after {step:,} of {whole:,} steps: give it more (max_runtime_s)"
    why = plan.reasons.get("wide_effort")
    if plan.wide_effort is None and why is not None:
        yield f"its wide branch, which learns fastest, was {why}: more of that brings it back"
    yield (
        "perhaps the labels do not depend on the bytes: see whether each file has its own label (octet datasets "
        "problems), and whether anybody could tell it from the bytes alone"
    )


@lru_cache(maxsize=4096)
def _at_most(right: int, files: int, share: float) -> float:
    """The chance of so many hits or fewer of so many files, each a hit with this chance (0 < share < 1)."""
    if files > EXACT:
        z = (right + 0.5 - files * share) / math.sqrt(files * share * (1.0 - share))
        return 0.5 * math.erfc(-z / math.sqrt(2))
    ways = math.lgamma(files + 1)
    logs = (
        ways - math.lgamma(n + 1) - math.lgamma(files - n + 1) + n * math.log(share) + (files - n) * math.log1p(-share)
        for n in range(right + 1)
    )
    return min(1.0, sum(map(math.exp, logs)))
