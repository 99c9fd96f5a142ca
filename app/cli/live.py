"""A run as it happens: a bar in a terminal, plain lines in a pipe; its curves and best values at the end."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn
from rich.text import Text

from app.cli.endings import Ending, ending_of
from app.cli.pace import Pace
from app.cli.screen import duration, note
from app.cli.story import Story, best_of
from octet import Client, Run, Seen

# Columns of a terminal from which on a bar has room for every value.
WIDE = 110


def follow(client: Client, run: Run, console: Console) -> Run:
    """Show a run until it has ended, then its curves and best values."""
    story, noted = Story(), False
    with _shown(console, run) as show:
        for seen in client.follow(run):
            if not noted and seen.run.plan:
                noted = True
                for words in seen.run.split_notes:
                    console.print(Text(f"split: {words}", "yellow"))
            story.add(seen.points)
            show.seen(seen, story)
            run = seen.run
    console.print(story.curves(console, (run.best or {}).get("step")))
    console.print(_ended(run, story))
    return run


def last(client: Client, run: Run) -> Run:
    """The run when it has ended; meanwhile only a pause is told, as it lasts until somebody ends it."""
    for seen in client.follow(run):
        if seen.run.status == "paused" != run.status:
            note(f"run {run.id} is {state_of(seen)}")
        run = seen.run
    return run


@contextmanager
def leaving_alone(run: Run) -> Iterator[None]:
    """Within it, Ctrl-C leaves the run alone, says how to come back to it, and exits with 130."""
    try:
        yield
    except KeyboardInterrupt:
        note(f"\nThe run goes on. Watch it: octet runs watch {run.id}   Stop it: octet runs cancel {run.id}")
        raise SystemExit(Ending.INTERRUPTED) from None


def _ended(run: Run, story: Story) -> Text:
    style = {Ending.DONE: "bold green", Ending.FAILED: "bold red"}.get(ending_of(run), "bold yellow")
    text = Text(f"\nrun {run.id} {run.status}", style)
    why = f" ({run.stopped})" if run.stopped else ""
    text.append(f"{why} after {run.progress.step:,} steps", "default")
    if best := best_of(run, story):
        text.append(f"\n{best}", "default")
    for words in run.warnings:
        text.append(f"\n{words}", "yellow")
    if run.error:
        text.append(f"\n{run.error.get('title')}: {run.error.get('detail')}", "red")
    return text


class _Show(Protocol):
    def seen(self, seen: Seen, story: Story) -> None: ...


@contextmanager
def _shown(console: Console, run: Run) -> Iterator[_Show]:
    if not console.is_terminal:
        yield _Lines(console)
        return
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=24 if console.width > WIDE else 10),
        TextColumn("{task.fields[steps]}", markup=False),
        TextColumn("{task.fields[values]}", markup=False),
        TextColumn("{task.fields[eta]}", markup=False, style="cyan"),
    )
    with Progress(*columns, console=console) as progress:
        yield _Bar(progress, run)


class _Bar:
    """One line that renews itself."""

    def __init__(self, progress: Progress, run: Run) -> None:
        self._progress = progress
        self._pace = Pace()
        self._task = progress.add_task(run.name or run.id, total=None, steps="", values="", eta="")

    def seen(self, seen: Seen, story: Story) -> None:
        now = seen.run.progress
        self._pace.seen(now.step, time.monotonic())
        wide = self._progress.console.width > WIDE
        speed = f"{self._pace.words()}  " if wide and self._pace.words() and not seen.run.ended else ""
        left = f"{duration(now.eta_s)} left" if now.eta_s is not None and not seen.run.ended else ""
        self._progress.update(
            self._task,
            description=state_of(seen),
            completed=now.step,
            total=now.steps,
            steps=f"{now.step:,}/{now.steps:,}" if now.steps else "",
            values=story.values() if wide else story.short(),
            eta=speed + left,
        )


class _Lines:
    """A line for each change of state and each evaluation."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._pace = Pace()
        self._state = ""

    def seen(self, seen: Seen, story: Story) -> None:
        now, state = seen.run.progress, state_of(seen)
        self._pace.seen(now.step, time.monotonic())
        if state != self._state:
            self._state = state
            self._console.print(Text(f"run {seen.run.id} {state}"))
        evaluated = [point.step for point in seen.points if point.split == "valid"]
        if evaluated:
            steps = f"step {evaluated[-1]:,}" + (f"/{now.steps:,}" if now.steps else "")
            left = f"  {duration(now.eta_s)} left" if now.eta_s is not None else ""
            speed = f"  {self._pace.words()}" if self._pace.words() and not seen.run.ended else ""
            self._console.print(Text(f"{steps}  {story.values()}{speed}{left}"))


def state_of(seen: Seen) -> str:
    """The state in words."""
    if seen.lost:
        return f"{seen.run.status} (the service does not answer; waiting for it)"
    if seen.run.status == "paused":
        return f"paused (let it go on: octet runs resume {seen.run.id})"
    if seen.run.status == "queued":
        return "queued (waits for a worker)" if not seen.run.attempt else "queued (to go on where it was)"
    if seen.run.status == "running" and seen.run.progress.steps is None:
        return "running (measures how fast this machine is)"
    return seen.run.status if seen.run.attempt < 2 else f"{seen.run.status} (attempt {seen.run.attempt})"
