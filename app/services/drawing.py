"""Lines over steps as a picture, SVG or PNG, light or dark; nothing here knows of runs or of the database."""

import io
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Form = Literal["svg", "png"]
Theme = Literal["light", "dark"]

MOST_RUNS = 8
"""So many colours can be told apart."""
_SIZE_INCHES = (8.0, 4.5)
_PNG_DPI = 150
_DRAWING = threading.Lock()  # matplotlib is not made for several threads
_MARKED_POINTS = 40  # shorter lines show each point
_ROOM_FOR_WORDS = 0.12  # of the height, above and below the lines: the words at a best value at the top


@dataclass(frozen=True, slots=True)
class Look:
    """How a picture is drawn; `log`: values on a logarithmic axis."""

    theme: Theme = "light"
    log: bool = False


@dataclass(frozen=True, slots=True)
class Series:
    """One line: what it is called, where it belongs, its points by rising step; `best_step` is ringed."""

    label: str
    run: int
    split: str
    steps: Sequence[int]
    values: Sequence[float]
    best_step: int | None = None


@dataclass(frozen=True, slots=True)
class _Palette:
    paper: str
    ink: str
    splits: dict[str, str]
    runs: tuple[str, ...]


# Of several runs each has a colour: Okabe and Ito's, which the colour-blind can tell apart, and two more.
_PALETTES = {
    "light": _Palette(
        paper="#ffffff",
        ink="#1f2933",
        splits={"train": "#8aa0b5", "valid": "#c2410c"},
        runs=("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#6b5b95", "#4d4d4d"),
    ),
    "dark": _Palette(
        paper="#14181d",
        ink="#d7dee6",
        splits={"train": "#6f8296", "valid": "#fb923c"},
        runs=("#56b4e9", "#ff9040", "#2fc89b", "#e79cc6", "#f5c242", "#3d8fd1", "#a593d6", "#c0c0c0"),
    ),
}


def draw(title: str, metric: str, lines: Sequence[Series], form: Form, look: Look) -> bytes:
    """The picture; the same lines give the same bytes. Lines of one run differ by split, lines of several by run."""
    # here, because matplotlib takes a second to import; no pyplot: it keeps every figure in a global list
    from matplotlib import rc_context
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from matplotlib.ticker import FuncFormatter, MaxNLocator, StrMethodFormatter

    palette = _PALETTES[look.theme]
    settings: Any = _settings(palette)  # matplotlib types its keys as one Literal of all of them
    out = io.BytesIO()
    with _DRAWING, rc_context(settings):
        figure = Figure(figsize=_SIZE_INCHES, layout="constrained")
        FigureCanvasAgg(figure)
        axes = figure.subplots()
        if look.log:
            axes.set_yscale("log")
            axes.yaxis.set_major_formatter(FuncFormatter(_of_a_decade))
            axes.yaxis.set_minor_formatter(FuncFormatter(_of_a_decade))
        several = len({line.run for line in lines}) > 1
        for line in lines:
            _line(axes, line, _colour(palette, line, several), palette, several)
        axes.margins(y=_ROOM_FOR_WORDS)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.xaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
        axes.set_title(_plain(title), loc="left")
        axes.set_xlabel("step")
        axes.set_ylabel(_plain(metric))
        axes.grid(alpha=0.15)
        axes.spines[["top", "right"]].set_visible(False)
        axes.legend(frameon=False)
        # without a date the same points give the same bytes
        metadata: dict[str, Any] = {"Date": None} if form == "svg" else {}
        figure.savefig(out, format=form, dpi=_PNG_DPI, metadata=metadata)
    return out.getvalue()


def _of_a_decade(value: float, _place: int | None = None) -> str:
    """1, 2 and 5 of each decade as people write them; the rest of its marks need no words."""
    return f"{value:g}" if f"{value:e}"[0] in "125" else ""


def _settings(palette: _Palette) -> dict[str, Any]:
    inked = ("text.color", "axes.labelcolor", "axes.edgecolor", "xtick.color", "ytick.color", "grid.color")
    return {
        "svg.hashsalt": "octet",
        "svg.fonttype": "path",
        "font.size": 10,
        "figure.facecolor": palette.paper,
        "axes.facecolor": palette.paper,
        **dict.fromkeys(inked, palette.ink),
    }


def _colour(palette: _Palette, line: Series, several: bool) -> str:
    return palette.runs[line.run % len(palette.runs)] if several else palette.splits[line.split]


def _line(axes: "Axes", line: Series, colour: str, palette: _Palette, several: bool) -> None:
    """The line itself, dotted for the training of several runs; a ring around the best, with words for a single run."""
    is_valid = line.split == "valid"
    axes.plot(
        line.steps,
        line.values,
        color=colour,
        label=_plain(line.label),
        linewidth=1.8 if is_valid else 1.2,
        linestyle=":" if several and not is_valid else "-",
        marker="o" if len(line.steps) <= _MARKED_POINTS else None,
        markersize=3,
    )
    for step, value in zip(line.steps, line.values, strict=True):
        if step == line.best_step:
            axes.plot(step, value, "o", markersize=9, markerfacecolor="none", color=colour if several else palette.ink)
            axes.annotate(
                f"{value:.4g}" if several else f"best: {value:.4g} at step {step:,}",
                (step, value),
                textcoords="offset points",
                xytext=(0, 10),
                ha="center",
            )
            return


def _plain(text: str) -> str:
    """Text as it stands: '$' would begin a formula, and a legend leaves out what begins with '_'."""
    return (" " if text.startswith("_") else "") + text.replace("$", r"\$")
