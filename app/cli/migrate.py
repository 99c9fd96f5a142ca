"""`octet migrate`: the tables of the database, brought to this version."""

import click

from app.cli.environment import service_settings


@click.command()
def migrate() -> None:
    """Bring the tables at OCTET_DATABASE_URL to this version; `octet serve` does so by itself."""
    from app.parts import open_parts

    parts = open_parts(service_settings())
    try:
        parts.db.migrate()
    finally:
        parts.close()
    click.echo("the tables are up to date")
