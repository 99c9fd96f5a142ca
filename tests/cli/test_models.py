"""`octet models`: a name is promoted, answers, goes back, and is removed."""

import json


def test_a_name_stands_for_one_run_then_for_another_and_goes_back(desk, run_id, other_id):
    assert "version 1" in desk.octet("models", "promote", "cli-sides", run_id).stderr
    second = json.loads(desk.octet("models", "promote", "cli-sides", other_id, "--json").stdout)
    assert (second["version"], second["run"]) == (2, other_id)
    listed = [line.split("\t") for line in desk.octet("models", "list").stdout.splitlines()]
    assert ["cli-sides", "2", other_id] in [row[:3] for row in listed]
    back = desk.octet("models", "rollback", "cli-sides")
    assert (back.returncode, f"run {run_id}" in back.stderr) == (0, True), back.stderr
    shown = [line.split("\t") for line in desk.octet("models", "show", "cli-sides").stdout.splitlines()]
    assert [row[1] for row in shown if row[-1] == "serves"] == [run_id]
    answer = desk.octet("predict", "sides/000.bin", "--model", "cli-sides", "--json")
    assert json.loads(answer.stdout)["run"] == run_id
    assert desk.octet("models", "delete", "cli-sides").returncode == 0
    assert "cli-sides" not in desk.octet("models", "list", "--json").stdout


def test_a_checkpoint_other_than_the_best_is_promoted_by_its_step(desk, run_id, client):
    step = client.checkpoints(run_id)[0].step
    done = desk.octet("models", "promote", "cli-step", run_id, "--checkpoint", step)
    assert (done.returncode, f"at step {step}" in done.stderr) == (0, True), done.stderr
    missing = desk.octet("models", "promote", "cli-step", run_id, "--checkpoint", "99999")
    assert (missing.returncode, "kept: " in missing.stderr) == (4, True), missing.stderr
    desk.octet("models", "delete", "cli-step")


def test_a_refusal_reads_as_the_apis_title_detail_and_mend(desk, run_id):
    done = desk.octet("models", "show", "nosuch")
    assert done.returncode == 4
    first, *rest = done.stderr.splitlines()
    assert first.startswith("octet: ")
    assert "(404): " in first
    assert rest[-1].startswith("  mend: ")
    assert desk.octet("models", "rollback", "nosuch").returncode == 4
