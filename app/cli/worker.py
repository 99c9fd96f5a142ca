"""`octet worker`: a worker on its own, for a service whose API, broker and database run elsewhere."""

import os
import sys

import click

from app.cli.environment import service_settings


@click.command(
    short_help="Start a worker process.", context_settings={"ignore_unknown_options": True, "help_option_names": []}
)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def worker(arguments: tuple[str, ...]) -> None:
    """Start a worker; it becomes `python -P -m worker.main ARGUMENTS` (settings: OCTET_* variables).

    \b
    octet worker --queues predictions
    octet worker --queues predictions --ping     # does the one that runs here answer? exit code 0 or 1
    """
    service_settings()  # a wrong one is said here, by its variable's name
    # -P: a folder named app or models where the user stands must not shadow ours
    os.execv(sys.executable, [sys.executable, "-P", "-m", "worker.main", *arguments])
