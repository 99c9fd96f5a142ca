"""A run's metric over its steps as a picture, alone or with other runs over it."""

from collections import Counter
from collections.abc import Sequence

from app.db import points
from app.db.engine import Transaction
from app.db.tables.points import PointRow
from app.db.tables.runs import RunRow
from app.errors import Example, Fault, Invalid, NotFound
from app.parts import Parts
from app.services.drawing import MOST_RUNS, Form, Look, Series, draw
from app.services.runs.find import found_run

_SHORT_ID = 6  # letters of an id that tell runs of one name apart


class UnknownMetric(NotFound):
    """The run has no points of this metric; the detail names those it has."""

    rule = "unknown-metric"
    title = "No such metric"
    mend = "Take a name from the points of GET /runs/{run_id}/metrics, and name the target when several have it."
    example = Example("run 2f6c0d9e4b7a1853 has no metric 'f1'; it has acc, loss, mcc", "metric")


class Undrawable(Invalid):
    """The metric is there, but not as asked for: the logarithm of a value of 0 or below, or too many runs at once."""

    rule = "undrawable-curve"
    title = "The curve cannot be drawn like this"
    mend = "Leave out `log` where values reach 0 or below, and draw fewer runs at once."
    example = Example("mcc has 3 values of 0 or below, which a logarithmic axis cannot show; leave log out", "log")


def state(parts: Parts, run_id: str, beside: Sequence[str] = ()) -> list[tuple[str, int, int | None]]:
    """What pictures of runs are made from: of each its last point, and the step of its ring.

    Raises UnknownRun, Undrawable.
    """
    with parts.db.reading() as tx:
        runs = _found(tx, run_id, beside)
    return [(run.id, run.last_cursor, _best_step(run)) for run in runs]


def curve(
    parts: Parts,
    run_id: str,
    metric: str,
    form: Form = "svg",
    target: str | None = None,
    *,
    beside: Sequence[str] = (),
    look: Look | None = None,
) -> bytes:
    """Training and validation over steps, the best checkpoint marked; metric names in any case.

    Without a target: over all targets where the metric has that, else of the only target. beside: more runs to draw
    over it, which must have the same metric of the same target.
    Raises UnknownRun, UnknownMetric, Undrawable.
    """
    name, look = metric.lower(), look or Look()
    shown: str | None = target
    with parts.db.reading() as tx:
        runs = _found(tx, run_id, beside)
        rows = {}
        for run in runs:
            found = points.series(tx, run.id, name)
            shown = _choose_target(tx, run.id, name, shown, {row.target for row in found})
            rows[run.id] = [row for row in found if row.target == shown]
    if look.log:
        _refuse_log(name, [row for found in rows.values() for row in found])
    what = name + (f" of {shown}" if shown else "")
    title = f"{runs[0].name}: {what}" if len(runs) == 1 else what
    return draw(title, name, _series(runs, rows), form, look)


def _found(tx: Transaction, run_id: str, beside: Sequence[str]) -> list[RunRow]:
    ids = list(dict.fromkeys([run_id, *beside]))
    if len(ids) > MOST_RUNS:
        detail = f"{len(ids)} runs in one picture; at most {MOST_RUNS} can be told apart"
        raise Undrawable(detail, [Fault("runs", detail)])
    return [found_run(tx, one) for one in ids]


def _best_step(run: RunRow) -> int | None:
    return run.best["step"] if run.best else None


def _choose_target(tx: Transaction, run_id: str, name: str, target: str | None, have: set[str]) -> str:
    """The stored target whose points are drawn. Raises UnknownMetric."""
    if target is not None and target in have:
        return target
    if target is None and have and ("" in have or len(have) == 1):
        return "" if "" in have else next(iter(have))
    if target is None and have:
        detail = f"{name} is known of {', '.join(sorted(have))}; choose one by target="
        raise UnknownMetric(detail, [Fault("target", detail)])
    known = [f"{metric} of {of}" if of else metric for metric, of in points.names(tx, run_id)]
    wanted = f"{name} of {target}" if target else name
    there = f"there are {', '.join(known)}" if known else "it has no points yet"
    raise UnknownMetric(f"run {run_id} has no metric {wanted}; {there}", [Fault("metric", there)])


def _refuse_log(name: str, rows: Sequence[PointRow]) -> None:
    """Raise Undrawable where a value has no logarithm: a gap in the line would look as if nothing was measured."""
    if low := sum(row.value <= 0 for row in rows):
        values = "1 value" if low == 1 else f"{low} values"
        detail = f"{name} has {values} of 0 or below, which a logarithmic axis cannot show; leave log out"
        raise Undrawable(detail, [Fault("log", detail)])


def _series(runs: Sequence[RunRow], rows: dict[str, list[PointRow]]) -> list[Series]:
    """A line for each run and split that has points."""
    names, lines = Counter(run.name for run in runs), []
    for index, run in enumerate(runs):
        called = run.name if names[run.name] == 1 else f"{run.name} {run.id[:_SHORT_ID]}"
        for split in ("train", "valid"):
            mine = [row for row in rows[run.id] if row.split == split]
            label = split if len(runs) == 1 else f"{called}, {split}"
            best = _best_step(run) if split == "valid" else None
            if mine:
                lines.append(Series(label, index, split, [p.step for p in mine], [p.value for p in mine], best))
    return lines
