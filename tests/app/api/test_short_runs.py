"""A run that is shorter than all its intervals ends with a curve and a model, and says before that it has none."""

import io
import tarfile

import pytest

from app.services.jobs.outcomes import JobEnd
from app.services.runs.lease import finish, record_progress
from models.training.report import Progress
from tests.app.api.driver import lease_of, work_on
from tests.app.api.failing import is_problem
from tests.models.config.bodies import tutorial

FILE = b"good fine great"


@pytest.fixture(scope="module")
def reviews(client):
    """40 files of 300 to 900 bytes: even ones of good words, odd ones of bad."""
    rows, out = ["ID,Sentiment"], io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for number in range(40):
            words = b"bad poor dull " if number % 2 else b"good fine great "
            content = (words * 60)[: 300 + 15 * number]
            member = tarfile.TarInfo(f"r{number:02d}.txt")
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
            rows.append(f"r{number:02d},{'Negative' if number % 2 else 'Positive'}")
    form = {"labels": ("labels.csv", "\n".join(rows).encode()), "archive": ("reviews.tar", out.getvalue())}
    answer = client.post("/datasets", data={"name": "reviews"}, files=form)
    assert answer.status_code == 201, answer.text


def body() -> dict[str, object]:
    """The tutorial with its own intervals of 1,000 steps, for one epoch; narrower than there."""
    whole = tutorial()
    whole["globals"]["basic_experiment"] |= {"n_epochs": 1, "batch_size": 8}
    whole["input"]["input_type_info"]["max_length"] = 128
    whole["input"]["model_config"] |= {"window_size": 64, "embedding_dim": 16}
    whole["input"]["model_config"]["model_init_config"] = {"num_layers": 1, "num_heads": 2}
    return whole | {"plan": {"threads": 1}}


def test_a_run_shorter_than_its_intervals_says_so_and_leaves_a_curve_and_a_model(client, parts, reviews):
    answer = client.post("/runs", json=body())
    assert answer.status_code == 202, answer.text
    run, notes = answer.json()["id"], {note["pointer"]: note["detail"] for note in answer.json()["config_notes"]}
    assert "there is one, after the last step" in notes["/globals/evaluation_checkpoint/sample_interval"]
    assert "the last step's is kept" in notes["/globals/evaluation_checkpoint/checkpoint_interval"]

    lease = lease_of(parts, run)
    for progress in (None, Progress(2, 4, 0.5, 1.0)):
        if progress is not None:
            record_progress(parts, lease, progress)
        asked = client.post("/predict", params={"run": run}, content=FILE)
        assert "no checkpoint" in is_problem(asked, 409)["detail"]
        assert client.get(f"/runs/{run}").json()["best"] is None
        assert client.get(f"/runs/{run}/metrics").json()["points"] == []

    work_on(parts, lease)
    finish(parts, lease, JobEnd("succeeded", "finished"))
    ended = client.get(f"/runs/{run}").json()
    assert (ended["status"], ended["progress"]["step"], ended["best"]["step"]) == ("succeeded", 4, 4)
    points = client.get(f"/runs/{run}/metrics", params={"name": "mcc"}).json()["points"]
    assert {(point["step"], point["split"]) for point in points} == {(4, "train"), (4, "valid")}
    assert client.get(f"/runs/{run}/curves/mcc.svg").status_code == 200
    answer = client.post("/predict", params={"run": run}, content=FILE)
    assert answer.status_code == 200
    assert answer.json()["outputs"]["answer"]["Sentiment"]["label"] in ("Negative", "Positive")
