"""`octet config`: what a configuration may hold, what is wrong with one, and what would be chosen for it."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import click

from app.cli.bodies import Source, as_submitted, source_of
from app.cli.completion import dataset_names, target_names
from app.cli.endings import Ending, Failed
from app.cli.options import as_json
from app.cli.paths import GivenPath
from app.cli.screen import count, duration, note, one_line, print_json, print_table, size
from app.cli.trio import Faulty
from octet import Client, Refused, Unreachable

SHOWN_LETTERS = 60
Files = click.argument(
    "files", nargs=-1, type=GivenPath(dir_okay=False), metavar="[GLOBALS INPUT OUTPUT [FUSION]|BODY]"
)
DataSet = click.option("--dataset", shell_complete=dataset_names, help="A data set of the service, by name or id.")


@click.group(short_help="Check and explain configurations.")
def config() -> None:
    """What a configuration may hold, what is wrong with one, what would be chosen.

    \b
    octet config check globals.yaml input.yaml output.yaml
    octet config explain --dataset reviews --target Sentiment
    """


@config.command(short_help="Print the JSON Schema of a configuration.")
@click.argument("part", required=False, type=click.Choice(["short", "full", "globals", "input", "fusion", "output"]))
def schema(part: str | None) -> None:
    """Print the JSON Schema of a run's body, or of one of EIR's files alone. It needs no service.

    \b
    octet config schema globals > globals.schema.json
    and at the top of globals.yaml:   # yaml-language-server: $schema=globals.schema.json
    """
    from models.config import config_schema

    print_json(config_schema(part))  # type: ignore[arg-type]  # click has checked it


@config.command(short_help="Check a configuration; nothing is started.")
@Files
@DataSet
@click.option("--offline", is_flag=True, help="Ask no service: the rules that need the data are left out.")
@as_json
def check(files: tuple[Path, ...], dataset: str | None, offline: bool, as_json: bool) -> int:
    """Check a configuration without starting anything; every fault is named with its file and key.

    The service checks it with the data. Without a service, or before the data are there, everything is checked that the
    files alone can tell. The exit code is 0 if it is sound, otherwise 2.

    \b
    octet config check globals.yaml input.yaml output.yaml
    octet config check body.json --offline
    """
    source = source_of(files)
    body = source.body()
    is_local = as_submitted(body, dataset)
    faults, notes = _faults_of(body)
    if faults:
        return _told(source, faults, as_json)
    unchecked = "no service was asked" if offline else None
    if not offline:
        try:
            with Client() as client:
                notes = client.check(body)["config_notes"]
        except Unreachable as error:
            unchecked = f"no service answers at {error.url}"
        except Refused as refused:
            if refused.status != 422:
                raise
            if not (is_local and refused.rule == "run-dataset"):
                return _told(source, refused.faults, as_json)
            unchecked = "its data are not on the service yet"
    if as_json:
        print_json({"valid": True, "with_data": unchecked is None, "errors": [], "config_notes": notes})
        return Ending.DONE
    _say_notes(notes)
    left_out = f", as far as the files go: {unchecked}, so the rules that need the data were left out"
    click.echo(f"the configuration is sound{left_out if unchecked else ''}")
    return Ending.DONE


@config.command(short_help="Show what would be chosen, why, and the cost.")
@Files
@DataSet
@click.option(
    "--target",
    "targets",
    multiple=True,
    shell_complete=target_names,
    help="Without files: what to predict; may be given several times.",
)
@click.option("--max-runtime", type=click.FloatRange(0, min_open=True), help="Seconds that the training may take.")
@as_json
def explain(
    files: tuple[Path, ...], dataset: str | None, targets: tuple[str, ...], max_runtime: float | None, as_json: bool
) -> int:
    """Show what would be chosen for a data set and why, and what the run would cost; nothing is queued.

    \b
    octet config explain --dataset reviews --target Sentiment
    octet config explain globals.yaml input.yaml output.yaml
    """
    budget = {} if max_runtime is None else {"max_runtime_s": max_runtime}
    if files and targets:
        raise Failed("--target belongs to the short form; the files say it already")
    if not files and not (dataset and targets):
        raise Failed("what to explain? Give --dataset NAME --target T, or GLOBALS INPUT OUTPUT")
    source = source_of(files) if files else None
    body = source.body() if source else {"dataset": dataset, "targets": list(targets)}
    if source:
        as_submitted(body, dataset)
    with Client() as client:
        try:
            found = client.check(body | budget)
        except Refused as refused:
            if source and refused.status == 422 and refused.faults:
                raise Failed(source.explain(refused.faults)) from refused
            raise
    if as_json:
        print_json(found)
        return Ending.DONE
    rows = [(_key(at), _short(_value(found["config"], at)), why) for at, why in found["reasons"].items()]
    print_table(("key", "chosen", "why"), rows)
    _say_cost(found["estimate"])
    _say_notes(found["config_notes"])
    return Ending.DONE


def _faults_of(body: dict[str, Any]) -> tuple[Sequence[Faulty], list[dict[str, Any]]]:
    """What is wrong with a body whatever its data, and what is to be said of a sound one."""
    from models.config import ConfigError, parse_request

    try:
        request = parse_request(body)
    except ConfigError as error:
        return error.faults, []
    return [], [*request.notes]


def _told(source: Source, faults: Sequence[Faulty], as_json: bool) -> int:
    if not as_json:
        raise Failed(source.explain(faults))
    errors = [{"pointer": fault.pointer, "detail": fault.detail} for fault in faults]
    print_json({"valid": False, "errors": errors, "config_notes": []})
    return Ending.USAGE


def _say_notes(notes: Sequence[dict[str, Any]]) -> None:
    for found in notes:
        note(f"{_key(found.get('pointer', ''))}: {found.get('detail', '')}")


def _say_cost(cost: dict[str, float | None]) -> None:
    """What the run would cost, on stderr: the table alone goes to a pipe."""
    said: dict[str, Callable[[float], str]] = {
        "parameters": lambda n: f"{n:,.0f}",
        "steps": lambda n: f"{n:,.0f}",
        "memory_bytes": lambda n: f"{size(int(n))} at the peak",
        "memory_limit_bytes": lambda n: f"{size(int(n))} granted",
        "checkpoint_bytes": lambda n: f"{size(int(n))} kept",
        "seconds_per_step": lambda n: f"{n:.3g}",
    }
    for name, words in said.items():
        if (value := cost.get(name)) is not None:
            note(f"{name.replace('_', ' ').replace(' bytes', '')}: {words(value)}")
    step_s, steps = cost.get("seconds_per_step"), cost.get("steps")
    if step_s and steps:
        note(f"time: about {duration(step_s * steps)} for {count(int(steps), 'step')}")


def _key(pointer: str) -> str:
    return pointer.strip("/").replace("/", ".")


def _value(config: Any, pointer: str) -> Any:
    """What stands at a pointer; None where nothing does."""
    for part in pointer.strip("/").split("/"):
        name = part.replace("~1", "/").replace("~0", "~")
        if isinstance(config, list) and name.isdecimal() and int(name) < len(config):
            config = config[int(name)]
        elif isinstance(config, dict):
            config = config.get(name)
        else:
            return None
    return config


def _short(value: Any) -> str:
    text = one_line(str(value))
    return text if len(text) <= SHOWN_LETTERS else f"{text[:SHOWN_LETTERS]}…"
