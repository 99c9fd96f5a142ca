"""A run whose labels cannot be told from the bytes: whoever watches it, or looks at it later, is told so."""

import json

import httpx
import pytest

from octet import Client
from tests.support.bodies import small_run


@pytest.fixture(scope="module")
def guessing(service, tmp_path_factory) -> str:
    """A run on pairs of equal files with opposite labels: whatever the model says, it is right about half of them."""
    folder = tmp_path_factory.mktemp("coins")
    files, labels = {}, {}
    for number in range(60):
        for side in ("heads", "tails"):
            files[f"{number:02d}-{side}"] = bytes((7 * number + at) % 251 for at in range(24))
            labels[f"{number:02d}-{side}"] = side
    (folder / "labels.csv").write_text("ID,side\n" + "".join(f"{name},{side}\n" for name, side in labels.items()))
    (folder / "files").mkdir()
    for name, content in files.items():
        (folder / "files" / f"{name}.bin").write_bytes(content)
    body = small_run(4, epochs=1, every=4)
    body["globals"]["basic_experiment"]["valid_size"] = 60
    body["input"]["input_info"]["input_source"] = body["output"]["output_info"]["output_source"] = "coins"
    with Client(service.url) as client:
        client.upload(folder / "files", folder / "labels.csv", "coins")
        run = client.submit(body).id
        assert [seen.run.status for seen in client.follow(run, every_s=0.2)][-1] == "succeeded"
    return run


def test_it_is_said_when_it_is_shown_and_at_the_end_of_who_watches(desk, guessing):
    for command in ("show", "watch"):
        done = desk.octet("runs", command, guessing)
        assert done.returncode == 0, done.stderr
        said = " ".join(done.stdout.split())
        assert "target 'side': no better than guessing" in said
        assert "octet datasets problems" in said
    shown = json.loads(desk.octet("runs", "show", guessing, "--json").stdout)
    assert "no better than guessing" in shown["warnings"][0]


def test_it_stands_in_the_run_and_among_its_events(service, client, guessing):
    warnings = client.run(guessing).warnings
    assert "30 of 60 validation files are right" in warnings[0]
    *_, ended, said = httpx.get(f"{service.url}/runs/{guessing}/events", trust_env=False).json()["events"]
    assert ended["kind"] == "succeeded"
    assert (said["kind"], said["data"]["detail"]) == ("no_better_than_guessing", "; ".join(warnings))
