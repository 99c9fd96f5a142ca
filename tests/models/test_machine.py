"""The machine without the service: python -m models train and predict, as a user runs them."""

import json
import os
import signal
import subprocess
import sys
import tarfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from models.__main__ import main
from models.config import choose_for_data, parse_request
from models.packed import pack
from models.training.build import open_job
from models.training.loop import train
from models.training.plan import choose_for_device
from models.training.run_folder import RunFolder
from tests.models.training.tasks import config_of, sides


@dataclass
class Done:
    """What a command left behind."""

    code: int
    out: str
    err: str


@pytest.fixture
def octet_models(capsys, monkeypatch):
    """Runs a command in this process: torch is loaded once for all of them."""
    monkeypatch.setenv("OMP_NUM_THREADS", "1")

    def run(*arguments) -> Done:
        code = main([str(argument) for argument in arguments])
        said = capsys.readouterr()
        return Done(code, said.out, said.err)

    return run


@pytest.fixture(scope="module")
def data(tmp_path_factory) -> Path:
    """A folder of labelled files, as a user has it."""
    folder = tmp_path_factory.mktemp("sides")
    files, labels = sides(96)
    (folder / "files").mkdir()
    for name, content in files.items():
        (folder / "files" / f"{name}.bin").write_bytes(content)
    rows = [",".join(map(str, row)) for row in zip(files, labels["side"], labels["level"], strict=True)]
    (folder / "labels.csv").write_text("\n".join(["ID,side,level", *rows]) + "\n")
    return folder


def trio(folder: Path, **globals_) -> Path:
    """EIR's three files."""
    body = config_of(cat=["side"], con=["level"], globals=globals_).model_dump(mode="json", by_alias=True)
    folder.mkdir()
    for name in ("globals", "input", "output", "fusion"):
        (folder / f"{name}.yaml").write_text(yaml.safe_dump(body[name]))
    return folder


def points_of(out: Path) -> list[dict]:
    return [json.loads(line) for line in (out / "points.jsonl").read_text().splitlines()]


def test_three_yaml_files_and_a_folder_become_a_model_that_answers(octet_models, data, tmp_path):
    out = tmp_path / "out"
    done = octet_models("train", trio(tmp_path / "trio"), data, out)
    assert done.code == 0, done.err
    assert {p["split"] for p in points_of(out)} == {"train", "valid"}
    assert json.loads((out / "config.json").read_text())["config"]["globals"]["basic_experiment"]["batch_size"] == 16
    (best,) = (out / "checkpoints").glob("best-*.safetensors")
    assert str(best) in done.err

    files = sorted((data / "files").iterdir())[:3]
    answered = octet_models("predict", best, *files)
    assert answered.code == 0, answered.err
    for path, line in zip(files, map(json.loads, answered.out.splitlines()), strict=True):
        size = path.stat().st_size
        assert (line["file"], line["bytes"], line["read"]) == (str(path), size, size)
        answers = line["outputs"]["output"]
        assert set(answers["side"]["probabilities"]) == {"a", "b"}
        assert sum(answers["side"]["probabilities"].values()) == pytest.approx(1, abs=1e-12)
        assert isinstance(answers["level"]["value"], float)


def test_a_short_form_and_an_archive_will_do(octet_models, data, tmp_path):
    folder, out = tmp_path / "archived", tmp_path / "out"
    folder.mkdir()
    (folder / "labels.csv").write_bytes((data / "labels.csv").read_bytes())
    with tarfile.open(folder / "files.tar.gz", "w:gz") as archive:
        archive.add(data / "files", "files")
    body = tmp_path / "body.json"
    body.write_text(json.dumps({"target": "side", "plan": {"steps": 30}}))
    done = octet_models("train", body, folder, out)
    assert done.code == 0, done.err
    assert points_of(out)[-1]["step"] == 30


@pytest.fixture(scope="module")
def undisturbed(data, tmp_path_factory) -> tuple[Path, Path]:
    """A config, and the folder of the run that went through with it."""
    folder = tmp_path_factory.mktemp("undisturbed")
    config = trio(folder / "trio", basic_experiment={"n_epochs": 20}, evaluation_checkpoint={"sample_interval": 8})
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("OMP_NUM_THREADS", "1")
        assert main(["train", str(config), str(data), str(folder / "out")]) == 0
    return config, folder / "out"


@pytest.mark.parametrize(("order", "code"), [(signal.SIGINT, 130), (signal.SIGKILL, -signal.SIGKILL)])
def test_a_run_that_was_stopped_or_killed_goes_on_to_the_same_end(
    octet_models, data, undisturbed, tmp_path, order, code
):
    (config, whole), cut = undisturbed, tmp_path / "cut"
    command = [sys.executable, "-m", "models", "train", str(config), str(data), str(cut)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment) as process:
        process.stderr.readline()  # a first validation was said
        process.send_signal(order)
        said = process.stderr.read()
        assert process.wait(60) == code, said
    assert ("--resume" in said) == (order == signal.SIGINT)
    assert points_of(cut)[-1]["step"] < 80

    done = octet_models("train", config, data, cut, "--resume")
    assert done.code == 0, done.err
    assert points_of(cut) == points_of(whole)
    assert max(Counter((p["step"], p["split"], p["target"], p["name"]) for p in points_of(cut)).values()) == 1
    best, same = ([p.read_bytes() for p in out.glob("checkpoints/best-*")] for out in (whole, cut))
    assert best == same


def test_a_resumed_run_has_only_the_time_that_is_left(octet_models, data, tmp_path):
    body, out = (
        {"dataset": data.name, "target": "side", "plan": {"steps": 40, "threads": 1}, "max_runtime_s": 600},
        tmp_path / "out",
    )
    dataset = pack(out / "dataset", labels=data / "labels.csv", files=data / "files").dataset
    request = parse_request(body)
    folder = RunFolder(out, choose_for_data(request, dataset.summary()))
    folder.begin()
    config = choose_for_data(request, dataset.summary()).config
    job = open_job(config, dataset, choose_for_device(config, dataset, request=request.plan), folder.checkpoints)

    class AtStepThree:
        def requested(self) -> str | None:
            return "asked" if job.state.step == 3 else None

    assert train(job, folder, AtStepThree()).reason == "stopped"
    used = json.loads((out / "used.json").read_text())["seconds"]
    assert 0 < used < 600
    (out / "used.json").write_text('{"seconds": 599.5}')
    (tmp_path / "body.json").write_text(json.dumps(body))
    done = octet_models("train", tmp_path / "body.json", data, out, "--resume")
    assert "time at step 3" in done.err
    assert json.loads((out / "used.json").read_text())["seconds"] > 599.5


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ('{"target": "nobody"}', "/target: 'nobody' is no column of the labels"),
        ('{"target": "side", "colour": 1}', "/colour: "),
        ("{", "is no YAML"),
    ],
)
def test_a_wrong_config_is_said_in_a_line_with_exit_code_2(octet_models, data, tmp_path, body, words):
    config = tmp_path / "body.yaml"
    config.write_text(body)
    done = octet_models("train", config, data, tmp_path / "out")
    assert done.code == 2
    assert words in done.err.replace('"', "'")


def test_wrong_paths_are_said_in_a_line_with_exit_code_2(octet_models, data, tmp_path):
    config = tmp_path / "body.yaml"
    config.write_text("target: side")
    weights = tmp_path / "weights.safetensors"
    weights.write_bytes(b"no weights")
    for arguments, words in [
        (("train", tmp_path / "none.yaml", data, tmp_path / "out"), "cannot be read"),
        (("train", config, tmp_path, tmp_path / "out"), "no pack, and no folder with labels.csv"),
        (("train", config, data, tmp_path / "out", "--resume"), "holds no run to resume"),
        (("predict", tmp_path / "none", config), "no such file"),
        (("predict", weights, config), "not a readable safetensors file"),
    ]:
        done = octet_models(*arguments)
        assert done.code == 2, arguments
        assert words in done.err
