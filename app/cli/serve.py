"""`octet serve`: broker, API and worker as one process tree on this machine."""

from pathlib import Path
from typing import Any

import click
from pydantic import ValidationError

from app.cli.endings import Failed


@click.command()
@click.option("--host", help="Address to listen on.  [default: OCTET_HOST or 127.0.0.1]")
@click.option("--port", type=click.IntRange(0, 65535), help="Port to listen on.  [default: OCTET_PORT or 8000]")
@click.option(
    "--data-dir",
    type=click.Path(file_okay=False, path_type=Path),
    help="All that the service keeps.  [default: OCTET_DATA_DIR or ./octet-data]",
)
def serve(host: str | None, port: int | None, data_dir: Path | None) -> int:
    """Start the service; Ctrl-C or SIGTERM ends all of it. A run that was cut off goes on at the next start."""
    from app.embedded.supervisor import serve as supervise
    from app.settings import HttpSettings, Settings

    given: dict[str, Any] = {} if data_dir is None else {"data_dir": data_dir}
    address: dict[str, Any] = {k: v for k, v in (("host", host), ("port", port)) if v is not None}
    try:
        settings = Settings(http=HttpSettings(**address), **given)
    except ValidationError as error:
        faults = [f"  OCTET_{'_'.join(map(str, f['loc'])).upper()}: {f['msg']}" for f in error.errors()]
        raise Failed("\n".join(["the settings of the service break a rule:", *faults])) from error
    return supervise(settings)
