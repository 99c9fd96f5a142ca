"""`octet runs curve`: a metric over the steps, of one run or several over each other, in the terminal or as a file."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import click

from app.cli.completion import runs_and_metrics, targets_of_metric
from app.cli.curves import Line, draw
from app.cli.endings import Failed
from app.cli.newest import newest
from app.cli.options import as_json
from app.cli.paths import GivenPath
from app.cli.screen import note, out, print_json
from octet import Client, Point, Run

FORMS = {".svg": "svg", ".png": "png"}
MARGIN = 14
WIDEST = 120
SPLITS = {"train": ("train",), "valid": ("valid",), "both": ("train", "valid")}


@click.command(short_help="Draw a metric over the steps.")
@click.argument("runs", nargs=-1, metavar="[RUN...]", shell_complete=runs_and_metrics)
@click.argument("metric")
@click.option("--target", shell_complete=targets_of_metric, help="Which target, if several have the metric.")
@click.option("--split", type=click.Choice(list(SPLITS)), help="Lines to show.  [default: both; several runs: valid]")
@click.option("--log", is_flag=True, help="Values on a logarithmic axis.")
@click.option("--out", "file", type=GivenPath(dir_okay=False), help="Write a picture there, .svg or .png.")
@click.option("--dark", is_flag=True, help="The picture for a dark page.")
@as_json
def curve(
    runs: tuple[str, ...],
    metric: str,
    target: str | None,
    split: str | None,
    log: bool,
    file: Path | None,
    dark: bool,
    as_json: bool,
) -> None:
    """Draw a metric over the steps, with the best checkpoint marked; without a RUN, that of the newest one.

    \b
    octet runs curve acc
    octet runs curve RUN loss --log
    octet runs curve RUN RUN acc                     several runs over each other
    octet runs curve RUN acc --out acc.png --dark
    """
    if file is None and dark:
        raise Failed("--dark is the colour of a picture: give --out FILE.svg or FILE.png, too")
    with Client() as client:
        ids = list(dict.fromkeys(runs)) or [newest(client).id]
        if file is not None:
            if split or as_json:
                raise Failed("--out writes the whole picture; leave out --split and --json")
            _write(client, ids, metric, target, file, dark=dark, log=log)
            return
        found = [client.run(run) for run in ids]
        points = {run.id: _points(client, run.id, metric.lower(), target) for run in found}
    if as_json:
        print_json([{"run": run, **point.model_dump()} for run, mine in points.items() for point in mine])
        return
    shown = SPLITS[split or ("both" if len(found) == 1 else "valid")]
    _draw(found, points, metric.lower(), shown, log=log)


def _write(
    client: Client, runs: Sequence[str], metric: str, target: str | None, file: Path, *, dark: bool, log: bool
) -> None:
    """The service's picture. Raises Failed for an ending that is no picture's, Refused."""
    form = FORMS.get(file.suffix.lower())
    if form is None:
        raise Failed(
            f"{file}: a picture is written as .svg or .png, not as {file.suffix or 'a file without an ending'}"
        )
    theme = "dark" if dark else "light"
    file.write_bytes(client.curve(runs[0], metric, form, target=target, beside=runs[1:], theme=theme, log=log))
    note(f"{metric} -> {file}")


def _points(client: Client, run: str, metric: str, target: str | None) -> list[Point]:
    """The points of one target: the one asked for, else over all targets, else of the only one. Raises Failed."""
    found = client.points(run, name=metric)
    if not found:
        client.curve(run, metric)  # refuses, and names the metrics that there are
    have = sorted({point.target or "" for point in found})
    wanted = target if target is not None else "" if "" in have else have[0]
    if wanted not in have or (target is None and "" not in have and len(have) > 1):
        raise Failed(f"run {run} has {metric} of {', '.join(filter(None, have))}; choose one: --target {have[-1]}")
    return sorted((point for point in found if (point.target or "") == wanted), key=lambda point: point.step)


def _draw(
    runs: Sequence[Run], points: dict[str, list[Point]], metric: str, splits: Sequence[str], *, log: bool
) -> None:
    console = out()
    lines = [line for run in runs for line in _lines(run, runs, points[run.id], splits)]
    if not any(line.xs for line in lines):
        raise Failed(
            f"there is no value of {metric} on {' or '.join(splits)} yet; --split both shows all that there is"
        )
    if log and (low := sum(y <= 0 for line in lines for y in line.ys)):
        raise Failed(f"{metric} has {low} values of 0 or below, which a logarithmic axis cannot show; leave out --log")
    # dots of several runs differ by colour alone, so without colours each run has a sign of its own
    braille = (console.encoding or "").lower().startswith("utf") and (len(runs) == 1 or bool(console.color_system))
    of = next((point.target for mine in points.values() for point in mine if point.target), None)
    what = f"{metric} of {of}" if of else metric
    title = f"{runs[0].name}: {what}" if len(runs) == 1 else what
    width = max(20, min(console.width, WIDEST) - MARGIN)
    console.print(draw(title, lines, braille=braille, width=width, height=max(8, width // 5), log=log))


def _lines(run: Run, runs: Sequence[Run], points: Sequence[Point], splits: Sequence[str]) -> list[Line]:
    names = Counter(other.name for other in runs)
    called = (run.name or run.id) if names[run.name] == 1 else f"{run.id} {run.name}"
    best = (run.best or {}).get("step")
    lines = []
    for split in splits:
        mine = [point for point in points if point.split == split]
        name = split if len(runs) == 1 else called if len(splits) == 1 else f"{called}, {split}"
        ys = [point.value for point in mine]
        lines.append(Line(name, [point.step for point in mine], ys, best if split == "valid" else None))
    return lines
