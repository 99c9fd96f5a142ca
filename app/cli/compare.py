"""`octet runs compare`: what several runs did differently, and what came of it, side by side."""

from collections.abc import Mapping, Sequence
from typing import Any

import click

from app.cli.completion import run_ids
from app.cli.endings import Failed
from app.cli.options import as_json
from app.cli.screen import duration, print_json, print_table
from octet import Client, Run

NOT_THERE = "-"
SAID_ELSEWHERE = {"globals.basic_experiment.output_folder"}
"""Keys that only name a run."""


@click.command(short_help="Compare results and configurations.")
@click.argument("runs", nargs=-1, required=True, metavar="RUN RUN...", shell_complete=run_ids)
@as_json
def compare(runs: tuple[str, ...], as_json: bool) -> None:
    """Compare runs: state, time, best values, and every key of their configs that differs.

    \b
    octet runs compare RUN RUN
    octet runs compare RUN RUN RUN --json
    """
    ids = list(dict.fromkeys(runs))
    if len(ids) < 2:
        raise Failed("one run alone cannot be compared; name two or more: octet runs list")
    with Client() as client:
        found = [client.run(run) for run in ids]
    results, differences = _results(found), _differences([run.config or {} for run in found])
    if as_json:
        print_json({"runs": [run.id for run in found], "results": results, "config": differences})
        return
    rows = [[key, *map(_shown, values)] for key, values in results.items()]
    rows[3:4] = [["time", *(duration(run.used_s) for run in found)]]
    rows += [[key, *map(_shown, values)] for key, values in differences.items()]
    print_table(["", *(run.id for run in found)], rows)


def _results(runs: Sequence[Run]) -> dict[str, list[Any]]:
    """What came of each: the values of its best checkpoint, whatever any of them measured."""
    bests = [run.best or {} for run in runs]
    measured = [{"average": best.get("average")} | _flat(best.get("metrics") or {}) for best in bests]
    names = dict.fromkeys(name for values in measured for name in values)
    return {
        "name": [run.name for run in runs],
        "data set": [run.dataset for run in runs],
        "status": [run.status for run in runs],
        "time_s": [run.used_s for run in runs],
        "steps": [run.progress.step for run in runs],
        "best step": [best.get("step") for best in bests],
        **{f"best {name}": [values.get(name) for values in measured] for name in names},
    }


def _differences(configs: Sequence[Mapping[str, Any]]) -> dict[str, list[Any]]:
    """Key -> its value in each config, of those that are not the same in all."""
    flat = [_flat(config) for config in configs]
    keys = dict.fromkeys(key for config in flat for key in config)
    found = {key: [config.get(key) for config in flat] for key in keys if key not in SAID_ELSEWHERE}
    return {key: values for key, values in found.items() if any(value != values[0] for value in values)}


def _flat(value: Mapping[str, Any], above: str = "") -> dict[str, Any]:
    """Nested objects as one level of dotted keys; '' stands for all targets and is left out."""
    found: dict[str, Any] = {}
    for key, inner in value.items():
        name = ".".join(filter(None, (above, key)))
        found |= _flat(inner, name) if isinstance(inner, Mapping) and inner else {name: inner}
    return found


def _shown(value: Any) -> str:
    if value is None:
        return NOT_THERE
    return f"{value:.4g}" if isinstance(value, float) else str(value)
