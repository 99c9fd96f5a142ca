"""`octet config`: what a configuration may hold, for editors and for people; it needs no service."""

import click

from app.cli.screen import print_json


@click.group()
def config() -> None:
    """What a configuration may hold."""


@config.command()
@click.argument("part", required=False, type=click.Choice(["short", "full", "globals", "input", "fusion", "output"]))
def schema(part: str | None) -> None:
    """Print the JSON Schema of a run's body, or of one of EIR's files alone.

    \b
    octet config schema globals > globals.schema.json
    and at the top of globals.yaml:   # yaml-language-server: $schema=globals.schema.json
    """
    from models.config import config_schema

    print_json(config_schema(part))  # type: ignore[arg-type]  # click has checked it
