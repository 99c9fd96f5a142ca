"""The database: does it answer, do its tables fit, is its journal safe, and what time does it have."""

import os
from collections.abc import Sequence

from app.db.health import DatabaseFacts, facts, sqlite_file, writes_ahead
from app.doctor.findings import Finding, first_line
from app.settings import Settings

CLOCK_WARN_S = 1.0


def look_at_database(settings: Settings) -> Sequence[Finding]:
    """One finding for the database, one for the clocks where they can differ."""
    file = sqlite_file(settings.database_url)
    if file is not None:
        if not file.parent.exists():
            return [Finding("database", "ok", f"{file} is not there yet and will be made")]
        if not file.exists():
            todo = (
                "nothing before the first start, which makes it; else this is the wrong folder, or a backup is needed"
            )
            return [Finding("database", "warn", f"{file} is not there", todo)]
        if not os.access(file, os.W_OK) or not os.access(file.parent, os.W_OK):
            todo = "give the user of the service the right to write the file and its folder"
            return [Finding("database", "fail", f"{file} cannot be written", todo)]
        if not writes_ahead(file):
            todo = "start the service: it sets journal_mode=WAL when it opens the file"
            return [Finding("database", "warn", f"{file} has no write-ahead log", todo)]
    try:
        found = facts(settings.database_url, settings.clocks.lease_s / 3)
    except Exception as error:  # whatever the driver raises
        todo = "start the database, or correct OCTET_DATABASE_URL"
        return [Finding("database", "fail", first_line(error), todo)]
    return [_tables(found, wal=file is not None), *([_clocks(found)] if file is None else [])]


def _tables(found: DatabaseFacts, *, wal: bool) -> Finding:
    if found.wrong_tables:
        todo = "run octet migrate with the settings of the service (octet serve does so at its start)"
        return Finding("database", "fail", f"{found.server}; tables {found.wrong_tables}", todo)
    said = f"{found.server}{', write-ahead log' if wal else ''}; tables of this version"
    return Finding("database", "ok", f"{said}; answers in {found.round_trip_s * 1000:.0f} ms")


def _clocks(found: DatabaseFacts) -> Finding:
    apart = f"the database's clock is {abs(found.clock_s):.2f} s {'before' if found.clock_s > 0 else 'behind'} this one"
    if abs(found.clock_s) - found.round_trip_s < CLOCK_WARN_S:
        return Finding("clocks", "ok", apart)
    todo = "let both keep time by NTP; leases count by the database's clock alone, but logs and times would not agree"
    return Finding("clocks", "warn", apart, todo)
