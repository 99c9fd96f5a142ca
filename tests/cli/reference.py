"""docs/cli.md: every command with its help, written from the commands themselves.

python -m tests.cli.reference      # writes docs/cli.md anew
"""

from collections.abc import Iterator

import click

from app.cli.endings import Ending
from app.cli.main import commands
from tests.house.source import ROOT

FILE = ROOT / "docs/cli.md"
WIDTHS = {"max_content_width": 110, "terminal_width": 110}
MEANINGS = {
    Ending.DONE: "done",
    Ending.FAILED: "the run failed, files had no answer, or something could not be written",
    Ending.USAGE: "wrong usage, or a configuration that breaks rules",
    Ending.NO_SERVICE: "no service answers at OCTET_URL",
    Ending.REFUSED: "the service refused: not there, in use, not in this state",
    Ending.CANCELLED: "the run was cancelled",
    Ending.INTERRUPTED: "interrupted by Ctrl-C; a run that was watched goes on",
}
HEAD = """# The command line

Written by `python -m tests.cli.reference` from the commands' own help; a test holds it against them. All speak to the
service at `OCTET_URL` (default `http://127.0.0.1:8000`), but for `serve`, `api`, `worker`, `migrate`, `backup`,
`restore`, `storage` and `doctor`, which run beside it, and `config schema`.

Results go to stdout, all else to stderr; in a pipe tables are lines of tabs, and progress a line for each evaluation.
With `--json` a command writes one document to stdout. If it fails that is `{"error": ...}`, with `detail`, `exit_code`,
what the service answered if it refused, and the `mend` if there is one; after Ctrl-C there is none.
`NO_COLOR=1` turns colours off. Tab completes commands, options, and the ids, names, targets and metrics that the
service has: `octet completion --help`.
"""


def leaves(group: click.Group = commands, above: str = "octet") -> Iterator[tuple[str, click.Command]]:
    """Every command that does something, by its whole name."""
    for name, command in sorted(group.commands.items()):
        if isinstance(command, click.Group):
            yield from leaves(command, f"{above} {name}")
        else:
            yield f"{above} {name}", command


def written() -> str:
    """The whole page."""
    lines = [HEAD, "| command | what it does |", "|---|---|"]
    lines += [f"| [`{name}`](#{name.replace(' ', '-')}) | {_first_line(command)} |" for name, command in leaves()]
    lines += ["", "| exit code | meaning |", "|---|---|", *(f"| {e.value} | {MEANINGS[e]} |" for e in Ending)]
    for name, command in leaves():
        parent = click.Context(commands, **commands.context_settings | WIDTHS)
        context = command.make_context(name, [], parent=parent, resilient_parsing=True)
        lines += ["", f"## {name}", "", "```text", command.get_help(context).rstrip(), "```"]
    return "\n".join(lines) + "\n"


def _first_line(command: click.Command) -> str:
    return (command.help or "").strip().split("\n\n")[0].replace("\n", " ").replace("|", "\\|")


if __name__ == "__main__":
    FILE.write_text(written(), encoding="utf-8")
