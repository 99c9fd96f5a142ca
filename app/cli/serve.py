"""`octet serve`: broker, API and worker as one process tree on this machine."""

from pathlib import Path
from typing import Any

import click

from app.cli.environment import service_settings
from app.cli.paths import GivenPath


@click.command(short_help="Start the service.")
@click.option("--host", help="Address to listen on.  [default: OCTET_HOST or 127.0.0.1]")
@click.option("--port", type=click.IntRange(0, 65535), help="Port to listen on.  [default: OCTET_PORT or 8000]")
@click.option("--root-path", help="Path prefix below which a proxy serves it.  [default: OCTET_ROOT_PATH or none]")
@click.option(
    "--data-dir",
    type=GivenPath(file_okay=False),
    help="Where the service keeps everything.  [default: OCTET_DATA_DIR or ./octet-data]",
)
def serve(host: str | None, port: int | None, root_path: str | None, data_dir: Path | None) -> int:
    """Start the service; Ctrl-C or SIGTERM ends all of it. Interrupted runs continue at the next start.

    \b
    octet serve --data-dir ./octet-data --port 8000
    """
    from app.embedded.supervisor import serve as supervise

    given: dict[str, Any] = {} if data_dir is None else {"data_dir": data_dir}
    options = (("host", host), ("port", port), ("root_path", root_path))
    address: dict[str, Any] = {name: value for name, value in options if value is not None}
    return supervise(service_settings(http=address, **given))
