"""A run's metric over its steps as a picture, SVG or PNG."""

import io
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from app.db import points
from app.db.engine import Transaction
from app.db.tables.points import PointRow
from app.db.tables.runs import RunRow
from app.errors import Example, Fault, NotFound
from app.parts import Parts
from app.services.runs.find import found_run

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_COLOURS = {"train": "#8aa0b5", "valid": "#c2410c"}
_SIZE_INCHES = (8.0, 4.5)
_PNG_DPI = 150
_DRAWING = threading.Lock()  # matplotlib is not made for several threads
_MARKED_POINTS = 40  # shorter lines show each point


class UnknownMetric(NotFound):
    """The run has no points of this metric; the detail names those it has."""

    rule = "unknown-metric"
    title = "No such metric"
    mend = "Take a name from the points of GET /runs/{run_id}/metrics, and name the target when several have it."
    example = Example("run 2f6c0d9e4b7a1853 has no metric 'f1'; it has acc, loss, mcc", "metric")


@dataclass(frozen=True, slots=True)
class _Curve:
    """All that is drawn."""

    title: str
    metric: str
    lines: dict[str, list[PointRow]]  # by split, in the order of steps
    best_step: int | None


def state(parts: Parts, run_id: str) -> tuple[int, int | None]:
    """What pictures of a run are made from: its last point, and the step of its ring. Raises UnknownRun."""
    with parts.db.reading() as tx:
        run = found_run(tx, run_id)
    return run.last_cursor, _best_step(run)


def curve(
    parts: Parts, run_id: str, metric: str, form: Literal["svg", "png"] = "svg", target: str | None = None
) -> bytes:
    """Training and validation over steps, the best checkpoint marked; metric names in any case.

    Without a target: over all targets where the metric has that, else of the only target.
    Raises UnknownRun, UnknownMetric.
    """
    name = metric.lower()
    with parts.db.reading() as tx:
        run = found_run(tx, run_id)
        rows = points.series(tx, run_id, name)
        shown = _choose_target(tx, run_id, name, target, {row.target for row in rows})
    lines = {split: [row for row in rows if row.target == shown and row.split == split] for split in ("train", "valid")}
    title = f"{run.name}: {name}" + (f" of {shown}" if shown else "")
    return _draw(_Curve(title, name, lines, _best_step(run)), form)


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


def _draw(curve: _Curve, form: Literal["svg", "png"]) -> bytes:
    # here, because matplotlib takes a second to import; no pyplot: it keeps every figure in a global list
    from matplotlib import rc_context
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    out = io.BytesIO()
    with _DRAWING, rc_context({"svg.hashsalt": "octet", "svg.fonttype": "path", "font.size": 10}):
        figure = Figure(figsize=_SIZE_INCHES, layout="constrained")
        FigureCanvasAgg(figure)
        axes = figure.subplots()
        for split, rows in curve.lines.items():
            if rows:
                _line(axes, split, rows)
        _mark_best(axes, curve)
        axes.set_title(_plain(curve.title), loc="left")
        axes.set_xlabel("step")
        axes.set_ylabel(_plain(curve.metric))
        axes.grid(alpha=0.25)
        axes.spines[["top", "right"]].set_visible(False)
        axes.legend(frameon=False)
        # without a date the same points give the same bytes
        metadata: dict[str, Any] = {"Date": None} if form == "svg" else {}
        figure.savefig(out, format=form, dpi=_PNG_DPI, metadata=metadata)
    return out.getvalue()


def _line(axes: "Axes", split: str, rows: list[PointRow]) -> None:
    axes.plot(
        [row.step for row in rows],
        [row.value for row in rows],
        color=_COLOURS[split],
        label=split,
        linewidth=1.8 if split == "valid" else 1.2,
        marker="o" if len(rows) <= _MARKED_POINTS else None,
        markersize=3,
    )


def _mark_best(axes: "Axes", curve: _Curve) -> None:
    """A ring around the validation value of the checkpoint that is served."""
    best = [row for row in curve.lines["valid"] if row.step == curve.best_step]
    if best:
        row = best[0]
        axes.plot(row.step, row.value, "o", markersize=9, markerfacecolor="none", color="black")
        axes.annotate(
            f"best: {row.value:.4g} at step {row.step}",
            (row.step, row.value),
            textcoords="offset points",
            xytext=(0, 10),
            ha="center",
        )


def _plain(text: str) -> str:
    """Text as it stands: '$' would begin a formula."""
    return text.replace("$", r"\$")
