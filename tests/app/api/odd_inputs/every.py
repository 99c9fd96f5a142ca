"""Every odd input by its section, and the page that lists them."""

from pathlib import Path

import httpx

from app.parts import Parts
from tests.app.api import sides
from tests.app.api.driver import carry_out
from tests.app.api.odd_inputs import addresses, archives, configs, jobs, labels, predictions
from tests.app.api.odd_inputs.case import Case, Place, answered

PAGE = Path(__file__).parents[4] / "docs" / "odd_inputs.md"
SECTIONS: dict[str, list[Case]] = {
    "Labels": labels.CASES,
    "Files and archives": archives.CASES,
    "Configurations": configs.CASES,
    "Predictions": predictions.CASES,
    "Predictions over data sets": jobs.CASES,
    "Addresses, methods, names": addresses.CASES,
}
HEAD = """# What Octet answers to odd input

{count} inputs that people really send, and the answers, word for word. Each line is a test
(`tests/app/api/odd_inputs`); `python -m tests.app.api.odd_inputs` writes this page from a running service.
"""


def furnish(client: httpx.Client, parts: Parts) -> Place:
    """Make what the cases find: a data set, a run that learnt it, one that waits, a prediction that waits."""
    made = sides.upload(client)
    trained = sides.submit(client)
    carry_out(parts, trained)
    waiting = client.post("/runs", json=sides.body(), headers={"idempotency-key": "odd"}).json()["id"]
    assert client.post("/predictions", json={"dataset": "sides", "run": trained}).status_code == 202
    return Place(client, trained, waiting, str(made["id"]))


def row(case: Case, response: httpx.Response) -> str:
    """One line of the page."""
    return f"| {_cell(case.title)} | {response.status_code} | {_cell(answered(response))} |"


def page(rows: dict[str, list[str]]) -> str:
    """The whole page."""
    out = [HEAD.format(count=sum(map(len, rows.values())))]
    for title, lines in rows.items():
        out += [f"## {title}\n", "| input | status | answer |", "|---|---|---|", *lines, ""]
    return "\n".join(out)


def _cell(text: str) -> str:
    for character in "\\|<>*_`":
        text = text.replace(character, "\\" + character)
    return text
