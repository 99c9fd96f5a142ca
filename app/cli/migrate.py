"""`octet migrate`: the tables of the database, brought to this version."""

import click

from app.cli.environment import service_settings


@click.command()
def migrate() -> None:
    """Bring the tables at OCTET_DATABASE_URL to this version; `octet serve` does so by itself."""
    from app.parts import open_database

    database = open_database(service_settings())
    try:
        database.migrate()
    finally:
        database.close()
    click.echo("the tables are up to date")
