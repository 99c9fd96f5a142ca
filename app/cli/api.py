"""`octet api`: the API on its own, for a service whose workers, broker and database run elsewhere."""

import os
import sys

import click

from app.cli.environment import service_settings


@click.command()
@click.option("--host", help="Address to listen on.  [default: OCTET_HOST or 127.0.0.1]")
@click.option("--port", type=click.IntRange(0, 65535), help="Port to listen on.  [default: OCTET_PORT or 8000]")
@click.option("--root-path", help="Path prefix that a proxy serves it below.  [default: OCTET_ROOT_PATH or none]")
def api(host: str | None, port: int | None, root_path: str | None) -> None:
    """Start an API process alone (settings: OCTET_* variables); SIGTERM or Ctrl-C ends it, with exit code 0.

    The tables must be there: octet migrate. Workers are started by: octet worker.

    \b
    octet api --host 0.0.0.0 --port 8000
    """
    options = (("host", host), ("port", port), ("root_path", root_path))
    given = {name: value for name, value in options if value is not None}
    service_settings(http=given)  # a wrong one is said here, by its variable's name
    told = {f"OCTET_{name.upper()}": str(value) for name, value in given.items()}
    # -P: a folder named app or models where the user stands must not shadow ours
    os.execve(sys.executable, [sys.executable, "-P", "-m", "app.server"], os.environ | told)
