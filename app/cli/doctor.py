"""`octet doctor`: what is wrong with this machine, or with a service elsewhere, and what to do about it."""

from pathlib import Path
from typing import Any

import click

from app.cli.endings import Ending
from app.cli.environment import service_settings
from app.cli.paths import GivenPath
from app.cli.screen import one_line, out, print_json

COLOURS = {"ok": "green", "warn": "yellow", "fail": "bold red"}


@click.command(short_help="Check this machine, or a service.")
@click.option(
    "--data-dir",
    type=GivenPath(file_okay=False),
    help="Data directory of the service.  [default: OCTET_DATA_DIR or ./octet-data]",
)
@click.option("--url", help="Check a service at this address instead, from here.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def doctor(data_dir: Path | None, url: str | None, as_json: bool) -> int:
    """Check database, broker, folders, device, port and versions; changes nothing, ends within two minutes.

    Run it with the settings of the service (OCTET_*), as the user of the service. The exit code is 1 if something is
    broken; warnings alone are 0.

    \b
    octet doctor --data-dir ./octet-data
    octet doctor --url http://octet.example.org --json
    """
    from app.doctor.look import look_here, look_there

    if url is not None:
        findings = look_there(url)
    else:
        given: dict[str, Any] = {} if data_dir is None else {"data_dir": data_dir}
        findings = look_here(service_settings(**given))
    broken = any(finding.level == "fail" for finding in findings)
    if as_json:
        print_json({"ok": not broken, "findings": [finding.to_json() for finding in findings]})
        return Ending.FAILED if broken else Ending.DONE
    console = out()
    for finding in findings:
        console.print(f"{finding.level:<5}", style=COLOURS[finding.level], end="")
        console.print(f" {finding.check:<11}{one_line(finding.said)}", markup=False)
        if finding.todo:
            console.print(f"{'':<17}-> {one_line(finding.todo)}", markup=False)
    return Ending.FAILED if broken else Ending.DONE
