"""`octet migrate`: the tables of the database, brought to this version."""

import click

from app.cli.endings import Ending, Failed
from app.cli.environment import service_settings
from app.cli.options import as_json
from app.cli.screen import print_json


@click.command()
@as_json
def migrate(as_json: bool) -> None:
    """Bring the tables at OCTET_DATABASE_URL to this version; `octet serve` does so by itself.

    \b
    OCTET_DATABASE_URL=postgresql+psycopg://octet@db/octet octet migrate
    """
    from app.embedded.faults import CannotServe, usable
    from app.parts import open_database

    settings = service_settings()
    try:
        database = usable(lambda: open_database(settings), "database", "OCTET_DATABASE_URL")
        try:
            usable(database.migrate, "database", "OCTET_DATABASE_URL")
        finally:
            database.close()
    except CannotServe as fault:
        raise Failed(str(fault), Ending.FAILED) from fault
    print_json({"up_to_date": True}) if as_json else click.echo("the tables are up to date")
