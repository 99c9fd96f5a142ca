"""What a run's points tell a reader: the latest values, which metric matters, the curves, the best."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from rich.console import Console, Group
from rich.text import Text

from app.cli.curves import Line, draw
from octet import Point, Run

# Which metrics stand for a run, the first that is there.
HEADLINES = (("mcc", "acc"), ("r2", "pcc"), ("acc",), ("pcc",), ("loss",))

Key = tuple[str, str | None, str]


@dataclass
class Story:
    """All points of a run so far, by (split, target, name)."""

    series: dict[Key, list[Point]] = field(default_factory=dict)

    def add(self, points: Iterable[Point]) -> None:
        """Take the next points, in the order of their cursors."""
        for point in points:
            self.series.setdefault((point.split, point.target, point.name.lower()), []).append(point)

    def latest(self, split: str, target: str | None, name: str) -> float | None:
        """The newest value."""
        points = self.series.get((split, target, name))
        return points[-1].value if points else None

    def loss(self, split: str) -> float | None:
        """The newest loss over all targets."""
        return self.latest(split, None, "loss")

    def headline(self) -> list[tuple[str, float]]:
        """The validation metrics that matter, with their newest values: of each target, (name, value)."""
        found = []
        targets = [target for target in self._targets() if target is not None]
        for target in targets:
            names = next((n for n in HEADLINES if self.latest("valid", target, n[0]) is not None), ())
            prefix = f"{target} " if len(targets) > 1 else ""
            for name in names[: 1 if len(targets) > 1 else 2]:
                if (value := self.latest("valid", target, name)) is not None:
                    found.append((prefix + name, value))
        return found

    def values(self) -> str:
        """The newest values as one line of text."""
        shown = [("loss", self.loss("train")), ("valid loss", self.loss("valid")), *self.headline()]
        return "  ".join(f"{name} {value:.4f}" for name, value in shown if value is not None)

    def short(self) -> str:
        """The two values that matter most, for a narrow terminal."""
        shown = [("loss", self.loss("train")), *self.headline()[:1]]
        return "  ".join(f"{name} {value:.3f}" for name, value in shown if value is not None)

    def at(self, step: int) -> dict[str, float]:
        """The validation values of one step, the target before the name where there are several."""
        targets = {target for target in self._targets() if target is not None}
        return {
            f"{target} {name}" if target and len(targets) > 1 else name: point.value
            for (split, target, name), points in self.series.items()
            if split == "valid" and (target is not None or name == "average" or len(targets) > 1)
            for point in points
            if point.step == step
        }

    def _targets(self) -> list[str | None]:
        return list(dict.fromkeys(target for split, target, _ in self.series if split == "valid"))

    def curves(self, console: Console, best_step: int | None = None) -> Group:
        """Loss, and for each target its first headline metric, the best step marked."""
        braille = (console.encoding or "").lower().startswith("utf")
        drawn = [draw("loss", self._lines(None, "loss", best_step), braille=braille)]
        for target in self._targets():
            name = next((n[0] for n in HEADLINES if ("valid", target, n[0]) in self.series), None)
            if target is not None and name not in (None, "loss"):
                title = f"{target}: {name}"
                drawn.append(draw(title, self._lines(target, str(name), best_step), braille=braille))
        return Group(*(Text("\n") + picture for picture in drawn if picture))

    def _lines(self, target: str | None, name: str, best_step: int | None) -> list[Line]:
        lines = []
        for split in ("train", "valid"):
            points = self.series.get((split, target, name), [])
            best = best_step if split == "valid" else None
            lines.append(Line(split, [p.step for p in points], [p.value for p in points], best))
        return lines


def best_of(run: Run, story: Story) -> str:
    """The best stored checkpoint and what was measured there; '' when there is none."""
    best: Mapping[str, Any] = run.best or {}
    if "step" not in best:
        return ""
    step = int(best["step"])
    values = "  ".join(f"{name} {value:.4f}" for name, value in story.at(step).items())
    return f"best at step {step:,}: {values}" if values else f"best at step {step:,}"
