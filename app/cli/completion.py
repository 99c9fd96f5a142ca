"""`octet completion`: the script of a shell, and the names that it completes, asked of the service or left out."""

from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import quote

import click
from click.shell_completion import CompletionItem, get_completion_class

from app.cli.columns import target_columns
from octet import Client, OctetError

ANSWER_S = 1.0
"""Longer nobody waits for a Tab."""
SHOWN = 50
VARIABLE = "_OCTET_COMPLETE"
POINTS = 1000
"""All metrics of a run, over all targets, are among its first points: they hold an evaluation."""

COMPINIT = "(( $+functions[compdef] )) || { autoload -Uz compinit && compinit }"
"""A zsh that was not set up otherwise has no completion yet."""

Complete = Callable[[click.Context, click.Parameter, str], list[CompletionItem]]
Names = Callable[[Client, click.Context], Iterable[tuple[str, str]]]


def _completing(names: Names) -> Complete:
    """A completion by what the service has; silent where there is none, since a Tab is no place for an error."""

    def complete(context: click.Context, parameter: click.Parameter, begun: str) -> list[CompletionItem]:
        try:
            with Client(timeout_s=ANSWER_S) as client:
                found = [(name, words) for name, words in names(client, context) if name.startswith(begun)]
        except (OctetError, OSError, LookupError, TypeError, ValueError):  # whatever else answers at that address
            return []
        given = context.params.get(parameter.name or "") or ()
        return [CompletionItem(name, help=words) for name, words in found if name not in given]

    return complete


def _runs(client: Client) -> list[tuple[str, str]]:
    return [(run.id, f"{run.name} {run.status}") for run in client.runs(SHOWN)]


def _runs_and_metrics(client: Client, context: click.Context) -> list[tuple[str, str]]:
    """The metrics that all the given runs have, or the newest where none is given, and then more runs."""
    # what comes last is the metric to click, and a run as long as no metric is there
    given = [word for word in (*context.params["runs"], context.params["metric"]) if word]
    runs = _runs(client)
    each = [dict.fromkeys(point["name"] for point in _points(client, run)) for run in given or [runs[0][0]]]
    metrics = [name for name in each[0] if all(name in names for names in each)]
    return [(name, "metric") for name in metrics] + [run for run in runs if run[0] not in given]


def _targets_of_metric(client: Client, context: click.Context) -> list[tuple[str, str]]:
    """The targets that have the metric of the command line, of its first run or the newest."""
    # behind an option without its value, click leaves the words before it where they are
    *given, metric = context.args or [*context.params["runs"], context.params["metric"]]
    run = given[0] if given else client.runs(1)[0].id
    names = dict.fromkeys(point["target"] for point in _points(client, run) if point["name"] == metric.lower())
    return [(name, metric) for name in names if name]


def _points(client: Client, run: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = client.get_json(f"/runs/{quote(run, safe='')}/metrics", limit=POINTS)["points"]
    return found


def _targets(client: Client, context: click.Context) -> list[tuple[str, str]]:
    """What can be predicted: the columns of the labels CSV that is named, else the targets of the data set."""
    if labels := context.params.get("labels"):
        return [(name, "column") for name in target_columns(labels, context.params.get("id_column"))]
    found = client.dataset(named).targets if (named := context.params.get("dataset")) else {}
    return [(name, str(target.get("type"))) for name, target in found.items()]


run_ids = _completing(lambda client, _: _runs(client))
runs_and_metrics = _completing(_runs_and_metrics)
targets_of_metric = _completing(_targets_of_metric)
target_names = _completing(_targets)
prediction_ids = _completing(
    lambda client, _: [(job.id, f"{job.name or ''} {job.status}") for job in client.predictions.list(SHOWN)]
)
dataset_names = _completing(
    lambda client, _: [(row["name"], f"{row['files']:,} files") for row in client.get_json("/datasets")["datasets"]]
)
model_names = _completing(
    lambda client, _: [(row["name"], f"version {row['version']}") for row in client.get_json("/models")["models"]]
)


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def completion(context: click.Context, shell: str) -> None:
    """Print the completion script of a shell: commands, options, and the names of what the service has.

    \b
    bash:  eval "$(octet completion bash)"                      in ~/.bashrc
    zsh:   eval "$(octet completion zsh)"                       in ~/.zshrc
    fish:  octet completion fish > ~/.config/fish/completions/octet.fish
    """
    script = get_completion_class(shell)
    assert script is not None
    source = script(context.find_root().command, {}, "octet", VARIABLE).source()
    if shell == "zsh":
        first, rest = source.split("\n", 1)  # `#compdef octet`, by which zsh knows a file of its fpath
        source = f"{first}\n{COMPINIT}\n{rest}"
    click.echo(source)
