"""`octet train`: EIR's three files or a few words become a run that is followed; faults are named at their place."""

import json
import os
import re
import signal

import pytest

from tests.cli.conftest import GLOBALS, read_screen

ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
"""What moves a terminal's cursor and colours its text."""
TRIO = ("globals.yaml", "input.yaml", "output.yaml")


def test_the_trio_is_packed_uploaded_trained_and_shown(trained, run_id, client):
    assert trained.returncode == 0, trained.stderr
    assert "data set sides: 40 files" in trained.stderr
    assert "step 40/40" in trained.stdout
    assert "mcc" in trained.stdout
    assert f"run {run_id} succeeded" in trained.stdout
    assert "best at step" in trained.stdout
    assert "guessing" not in trained.stdout
    assert "⣿ valid" in trained.stdout, "the curve is drawn"
    assert "\x1b[" not in trained.stdout, "a pipe gets plain text"
    assert client.run(run_id).name == "sides"


def test_eir_seed_is_read(run_id, client):
    assert client.run(run_id).config["globals"]["basic_experiment"]["seed"] == 7


def test_eirs_own_flags_and_other_sources_and_the_data_set_is_used_again(desks, trained, client):
    other = desks("elsewhere")
    (other.folder / "input.yaml").write_text((other.folder / "input.yaml").read_text().replace("sides", "nowhere"))
    flags = ("--global_configs", "globals.yaml", "--input_configs", "input.yaml", "--output_configs", "output.yaml")
    sources = ("--input-source", other.folder / "sides", "--output-source", other.folder / "labels.csv")
    done = other.octet("train", *flags, *sources, "--name", "by-flags", "--detach")
    assert done.returncode == 0, done.stderr
    assert "data set sides (was there already)" in done.stderr
    run = client.run(done.stdout.strip())
    assert run.name == "by-flags"
    client.cancel(run.id)


def test_the_short_form_trains_on_a_folder(desks, client):
    desk = desks("short", files=16, seed=2)
    options = ("--folder", "sides", "--labels", "labels.csv", "--target", "side", "--dataset", "short")
    done = desk.octet("train", *options, "--seed", "3", "--max-runtime", "5", "--json", timeout=240)
    assert done.returncode == 0, done.stderr
    run = json.loads(done.stdout)
    assert (run["status"], run["dataset"]) == ("succeeded", "short")
    assert client.run(run["id"]).config["globals"]["basic_experiment"]["seed"] == 3


def test_the_short_form_takes_folders_as_classes(desks, client):
    desk = desks("by-folder")
    for name, label in (line.split(",") for line in (desk.folder / "labels.csv").read_text().splitlines()[1:]):
        (desk.folder / "tree" / label).mkdir(parents=True, exist_ok=True)
        (desk.folder / f"sides/{name}.bin").rename(desk.folder / "tree" / label / f"{name}.bin")
    done = desk.octet("train", "--folder", "tree", "--folder-labels", "side", "--max-runtime", "60", "--detach")
    assert done.returncode == 0, done.stderr
    assert "side (2 classes)" in done.stderr
    client.cancel(done.stdout.strip())


def test_a_name_taken_by_other_content_is_told_with_the_mend(desks, trained):
    done = desks("other", seed=9).octet("train", *TRIO)
    assert done.returncode == 4
    assert "data set called sides with other content" in done.stderr
    assert "--dataset sides-2" in done.stderr


def test_every_fault_is_printed_with_file_and_key_before_anything_is_uploaded(desks, client):
    desk = desks("faulty", seed=10)
    (desk.folder / "globals.yaml").write_text(GLOBALS.replace("n_epochs: 10", "n_epochs: many"))
    (desk.folder / "input.yaml").write_text("input_info: {input_source: sides, input_type: bytes, colour: blue}\n")
    before = len(client.datasets())
    done = desk.octet("train", *TRIO, "--dataset", "faulty")
    assert done.returncode == 2
    assert "globals.yaml: basic_experiment.n_epochs:" in done.stderr
    assert "input.yaml: input_info.colour:" in done.stderr
    assert len(client.datasets()) == before


def test_a_target_that_the_labels_do_not_have_is_told_at_its_key(desks, trained):
    desk = desks("target")
    (desk.folder / "output.yaml").write_text((desk.folder / "output.yaml").read_text().replace("[side]", "[edge]"))
    done = desk.octet("train", *TRIO)
    assert done.returncode == 2
    assert "output.yaml: output_type_info.target_cat_columns" in done.stderr
    assert "edge" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "what to train?"),
        (TRIO[:2], "three are needed"),
        ((*TRIO, "--global_configs", "globals.yaml"), "either in order"),
        (("--global_configs", "globals.yaml"), "--input_configs and --output_configs missing"),
        ((*TRIO, "--target", "side"), "--target belongs to the short form"),
        ((*TRIO, "--input-source", "nowhere"), "there is no folder, archive or data set nowhere"),
        ((*TRIO, "--output-source", "nowhere.csv"), "there is no labels file nowhere.csv"),
        (("--folder", "sides", "--target", "side"), "--labels is missing"),
        (("--folder", "sides", "--labels", "two.csv"), "--target is missing: which of side, size shall be predicted?"),
        ((TRIO[1], TRIO[0], TRIO[2]), "input.yaml is the input file"),
        (("--dataset", "nosuch", "--target", "side"), "nosuch"),
        (("--dataset", "sides", "--target", "side", "--max-runtime", "nan"), "nan is no time"),
        (("--dataset", "sides", "--target", "side", "--max-runtime", "inf"), "inf is no time"),
    ],
)
def test_wrong_usage_ends_with_2_and_says_what_is_wanted(desk, arguments, said):
    (desk.folder / "two.csv").write_text("ID;side;size\n000;low;3\n")
    done = desk.octet("train", *arguments)
    assert done.returncode == 2, done.stdout + done.stderr
    assert said in done.stderr


def test_a_seed_that_is_no_number_is_refused(desk):
    done = desk.octet("train", *TRIO, EIR_SEED="soon")
    assert done.returncode == 2
    assert "EIR_SEED is 'soon'" in done.stderr


def test_ctrl_c_leaves_the_run_alone_and_says_how_to_come_back(desks, client):
    desk = desks("long", seed=11)
    (desk.folder / "globals.yaml").write_text(GLOBALS.replace("n_epochs: 10", "n_epochs: 100000"))
    watching = desk.start("train", *TRIO, "--dataset", "long")
    try:
        for line in watching.stdout:
            if line.startswith("step ") and (" steps/s" in line or " s/step" in line):
                break
        watching.send_signal(signal.SIGINT)
        _, said = watching.communicate(timeout=60)
        assert watching.returncode == 130
        run = client.runs(limit=1)[0]
        assert run.status == "running"
        assert f"octet runs watch {run.id}" in said
        again = desk.start("runs", "watch", run.id)
        assert f"run {run.id} running\n" in again.stdout, "read up to this line"
        again.send_signal(signal.SIGINT)
        _, said = again.communicate(timeout=60)
        assert (again.returncode, "The run goes on" in said) == (130, True)
        assert_a_bar_shows_how_it_goes(desk, run.id)
        assert client.run(run.id).status == "running"
    finally:  # else the next test would wait behind it
        cancelled = desk.octet("runs", "cancel", client.runs(limit=1)[0].id)
    assert cancelled.returncode == 0
    assert "cancel" in cancelled.stderr
    watched = desk.octet("runs", "watch", run.id)
    assert watched.returncode == 5, "a cancelled run is not a success"
    assert f"run {run.id} cancelled" in watched.stdout


def assert_a_bar_shows_how_it_goes(desk, run):
    """Bar, steps, losses, metric, speed and the time that is left, in one line that renews itself."""
    watching, screen = desk.on_screen("runs", "watch", run)
    shown = re.compile(r"━.* loss \d.* valid loss \d.* mcc -?\d.* (steps/s|s/step) .* left")
    said = ""
    while not shown.search(ESCAPES.sub("", said)):
        piece = read_screen(screen)
        assert piece, said
        said += piece
    watching.send_signal(signal.SIGINT)
    while piece := read_screen(screen):
        said += piece
    os.close(screen)
    assert (watching.wait(30), "The run goes on" in said) == (130, True)


def test_files_without_a_label_are_told(desks, client):
    desk = desks("problems", seed=12)
    (desk.folder / "sides/extra.bin").write_bytes(b"no row")
    done = desk.octet("train", *TRIO, "--dataset", "problems", "--detach")
    assert done.returncode == 0, done.stderr
    assert "extra" in done.stderr
    client.cancel(done.stdout.strip())


def test_what_does_not_fit_into_the_machine_is_refused_at_its_key_with_what_would_fit(desks, client):
    """`octet serve` tells its API how much memory there is."""
    desk = desks("large", seed=13)
    model = "model_config: {embedding_dim: 1024, model_init_config: {num_heads: 2}}"
    text = "input_info: {input_source: sides}\ninput_type_info: {max_length: 10000000}\n"
    (desk.folder / "input.yaml").write_text(text + model + "\n")
    before = len(client.runs())
    done = desk.octet("train", *TRIO, "--dataset", "large")
    assert done.returncode == 2
    assert "input.yaml: input_type_info.max_length: " in done.stderr
    assert "can be had. What would fit: lower max_length to " in done.stderr
    assert len(client.runs()) == before


def test_a_single_target_need_not_be_named(desks, client):
    desk = desks("single", files=16, seed=9)
    asked = ("--folder", "sides", "--labels", "labels.csv", "--dataset", "single", "--max-runtime", "60", "--detach")
    done = desk.octet("train", *asked)
    assert (done.returncode, "to be predicted: side" in done.stderr) == (0, True), done.stderr
    again = desk.octet("train", "--dataset", "single", "--detach")
    assert (again.returncode, "to be predicted: side" in again.stderr) == (0, True), again.stderr
    for run in (again.stdout.strip(), done.stdout.strip()):
        assert list(client.dataset(client.run(run).dataset).targets) == ["side"]
        client.cancel(run)
