"""`octet completion`: the script of a shell, and the names that it completes, asked of the service or left out."""

from collections.abc import Callable, Iterable

import click
from click.shell_completion import CompletionItem, get_completion_class

from octet import Client, OctetError

ANSWER_S = 1.0
"""Longer nobody waits for a Tab."""
SHOWN = 50
VARIABLE = "_OCTET_COMPLETE"

Complete = Callable[[click.Context, click.Parameter, str], list[CompletionItem]]


def _completing(names: Callable[[Client], Iterable[tuple[str, str]]]) -> Complete:
    """A completion by what the service has; silent where there is none, since a Tab is no place for an error."""

    def complete(context: click.Context, parameter: click.Parameter, begun: str) -> list[CompletionItem]:
        try:
            with Client(timeout_s=ANSWER_S) as client:
                found = [(name, words) for name, words in names(client) if name.startswith(begun)]
        except (OctetError, ValueError, TypeError, KeyError):  # whatever else answers at that address
            return []
        given = context.params.get(parameter.name or "") or ()
        return [CompletionItem(name, help=words) for name, words in found if name not in given]

    return complete


run_ids = _completing(lambda client: [(run.id, f"{run.name} {run.status}") for run in client.runs(SHOWN)])
prediction_ids = _completing(
    lambda client: [(job.id, f"{job.name or ''} {job.status}") for job in client.predictions.list(SHOWN)]
)
dataset_names = _completing(
    lambda client: [(row["name"], f"{row['files']:,} files") for row in client.get_json("/datasets")["datasets"]]
)
model_names = _completing(
    lambda client: [(row["name"], f"version {row['version']}") for row in client.get_json("/models")["models"]]
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
    click.echo(script(context.find_root().command, {}, "octet", VARIABLE).source())
