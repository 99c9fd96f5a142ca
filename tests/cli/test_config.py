"""`octet config`: a configuration is checked with the data, or as far as the files go, and a choice is explained."""

import json

from tests.cli.conftest import GLOBALS

TRIO = ("globals.yaml", "input.yaml", "output.yaml")
AWAY = "http://127.0.0.1:9"


def test_a_sound_trio_is_checked_with_its_data_and_queues_nothing(desk, run_id, client):
    before = len(client.runs())
    done = desk.octet("config", "check", *TRIO)
    assert (done.returncode, done.stdout) == (0, "the configuration is sound\n"), done.stderr
    assert "globals.basic_experiment.memory_dataset: " in done.stderr, "what has no effect is said"
    found = json.loads(desk.octet("config", "check", *TRIO, "--json").stdout)
    assert (found["valid"], found["with_data"]) == (True, True)
    assert len(client.runs()) == before


def test_without_a_service_the_files_are_checked_and_that_is_said(desk):
    for done in (
        desk.octet("config", "check", *TRIO, OCTET_URL=AWAY),
        desk.octet("config", "check", *TRIO, "--offline"),
    ):
        assert done.returncode == 0, done.stderr
        assert "as far as the files go" in done.stdout


def test_data_that_are_not_on_the_service_yet_are_no_fault_and_a_name_that_it_does_not_have_is(desks):
    desk = desks("config-new", files=4)
    (desk.folder / "sides").rename(desk.folder / "not-uploaded")
    (desk.folder / "input.yaml").write_text((desk.folder / "input.yaml").read_text().replace("sides", "not-uploaded"))
    done = desk.octet("config", "check", *TRIO)
    assert (done.returncode, "not on the service yet" in done.stdout) == (0, True), done.stderr
    missing = desk.octet("config", "check", *TRIO, "--dataset", "nosuch")
    assert (missing.returncode, "input.yaml: input_info.input_source: no data set" in missing.stderr) == (2, True)


def test_every_fault_is_named_at_its_place_with_and_without_a_service(desks, run_id):
    desk = desks("config-faulty", files=4)
    (desk.folder / "globals.yaml").write_text(GLOBALS.replace("n_epochs: 10", "n_epochs: many"))
    for url in (desk.environment["OCTET_URL"], AWAY):
        done = desk.octet("config", "check", *TRIO, OCTET_URL=url)
        assert done.returncode == 2
        assert "globals.yaml: basic_experiment.n_epochs:" in done.stderr
        found = desk.octet("config", "check", *TRIO, "--json", OCTET_URL=url)
        assert found.returncode == 2
        assert [f["pointer"] for f in json.loads(found.stdout)["errors"]] == ["/globals/basic_experiment/n_epochs"]


def test_rules_that_need_the_data_are_asked_of_the_service(desks, run_id):
    desk = desks("config-target")
    (desk.folder / "output.yaml").write_text((desk.folder / "output.yaml").read_text().replace("[side]", "[edge]"))
    assert desk.octet("config", "check", *TRIO, "--offline").returncode == 0
    done = desk.octet("config", "check", *TRIO)
    assert (done.returncode, "output.yaml: output_type_info.target_cat_columns" in done.stderr) == (2, True)


def test_one_file_with_a_whole_body_is_checked_too(desks, run_id):
    desk = desks("config-body", files=4)
    body = desk.folder / "body.json"
    body.write_text(json.dumps({"dataset": "sides", "target": "side"}))
    assert desk.octet("config", "check", "body.json").returncode == 0
    body.write_text(json.dumps({"dataset": "sides", "target": "side", "sead": 1}))
    done = desk.octet("config", "check", "body.json")
    assert (done.returncode, "body.json: sead: " in done.stderr) == (2, True), done.stderr
    body.write_text("[1]")
    assert "an object of keys" in desk.octet("config", "check", "body.json").stderr
    assert desk.octet("config", "check").returncode == 2


def test_what_would_be_chosen_is_told_with_reasons_and_cost(desk, run_id, client):
    before = len(client.runs())
    done = desk.octet("config", "explain", "--dataset", "sides", "--target", "side", "--max-runtime", "60")
    assert done.returncode == 0, done.stderr
    rows = [line.split("\t") for line in done.stdout.splitlines()]
    assert all(len(row) == 3 for row in rows)
    assert all(row[1] not in ("", "None") for row in rows if row[0].endswith("seed"))
    assert "parameters: " in done.stderr
    assert "memory: " in done.stderr
    found = json.loads(desk.octet("config", "explain", *TRIO, "--json").stdout)
    assert found["config"]["globals"]["basic_experiment"]["n_epochs"] == 10
    assert len(client.runs()) == before
    assert desk.octet("config", "explain").returncode == 2
    assert desk.octet("config", "explain", "--dataset", "nosuch", "--target", "side").returncode == 2


def test_the_schema_needs_no_service(desk):
    assert json.loads(desk.octet("config", "schema", "globals", OCTET_URL=AWAY).stdout)["title"] == "Octet globals"
