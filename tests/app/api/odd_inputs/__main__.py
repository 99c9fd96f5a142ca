"""Writes docs/odd_inputs.md: `python -m tests.app.api.odd_inputs`."""

import tempfile
from pathlib import Path

from tests.app.api.odd_inputs.every import PAGE, SECTIONS, furnish, page, row
from tests.app.api.served import served
from tests.support.databases import fresh_database
from tests.support.parts import opened_parts

with (
    tempfile.TemporaryDirectory() as folder,
    fresh_database(Path(folder)) as url,
    opened_parts(Path(folder), url, lease_s=300) as parts,
    served(parts) as client,
):
    place = furnish(client, parts)
    rows = {title: [row(case, case.send(place)) for case in cases] for title, cases in SECTIONS.items()}
    PAGE.write_text(page(rows))
