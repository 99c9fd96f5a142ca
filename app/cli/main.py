"""The `octet` command: its subcommands, and the exit code of a command line."""

import sys

import click

from app.cli.api import api
from app.cli.completion import completion
from app.cli.config import config
from app.cli.datasets import datasets
from app.cli.doctor import doctor
from app.cli.endings import Ending
from app.cli.failures import EXPECTED, say
from app.cli.migrate import migrate
from app.cli.models import models
from app.cli.predict import predict
from app.cli.predictions import predictions
from app.cli.runs import runs
from app.cli.screen import complain
from app.cli.serve import serve
from app.cli.train import train
from app.cli.upkeep import backup, restore, storage
from app.cli.worker import worker


@click.group(
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
    epilog="Commands speak to the service at OCTET_URL (default http://127.0.0.1:8000). Exit codes: 0 done, 1 the run "
    "failed or files had no answer, 2 wrong usage or configuration, 3 no service, 4 refused by the service, 5 the run "
    "was cancelled, 130 interrupted.",
)
@click.version_option(package_name="octet")
def commands() -> None:
    """Train and serve transformers on raw bytes."""


SERVICE = (serve, api, worker, migrate, doctor, backup, restore, storage)
CLIENTS = (train, predict, predictions, runs, datasets, models, config, completion)
for command in (*SERVICE, *CLIENTS):
    commands.add_command(command)


def run(arguments: list[str]) -> int:
    """The exit code of one command line."""
    try:
        code = commands.main(arguments, prog_name="octet", standalone_mode=False)
        sys.stdout.flush()  # a full disk is found out here, not when Python ends
    except click.Abort:
        complain("interrupted")
        return Ending.INTERRUPTED
    except EXPECTED as error:
        return say(error, as_json="--json" in arguments)
    return int(code or Ending.DONE)
