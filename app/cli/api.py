"""`octet api`: the API on its own, for a service whose workers, broker and database run elsewhere."""

import os
import sys

import click

from app.cli.endings import Failed
from app.cli.environment import service_settings


@click.command(short_help="Start an API process alone.")
@click.option("--host", help="Address to listen on.  [default: OCTET_HOST or 127.0.0.1]")
@click.option("--port", type=click.IntRange(0, 65535), help="Port to listen on.  [default: OCTET_PORT or 8000]")
@click.option("--root-path", help="Path prefix below which a proxy serves it.  [default: OCTET_ROOT_PATH or none]")
def api(host: str | None, port: int | None, root_path: str | None) -> None:
    """Start an API process alone (settings: OCTET_* variables); SIGTERM or Ctrl-C ends it, with exit code 0.

    First bring the tables up to date (octet migrate); workers are started separately (octet worker).

    \b
    octet api --host 0.0.0.0 --port 8000
    """
    options = (("host", host), ("port", port), ("root_path", root_path))
    given = {name: value for name, value in options if value is not None}
    settings = service_settings(http=given)  # a wrong one is said here, by its variable's name
    if settings.broker_url is None:
        raise Failed("OCTET_BROKER_URL is not set: give redis://HOST:PORT/DB, or start everything with octet serve")
    told = {f"OCTET_{name.upper()}": str(value) for name, value in given.items()}
    # -P: a folder named app or models where the user stands must not shadow ours
    os.execve(sys.executable, [sys.executable, "-P", "-m", "app.server"], os.environ | told)
