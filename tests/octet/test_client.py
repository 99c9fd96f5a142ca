"""The Python client against a real service: every method once, its errors, and a restart in the middle of watching."""

import os
import socket
import subprocess
import tarfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from octet import Busy, Client, Conflict, Invalid, NotFound, Prediction, Refused, RunFailed, Unreachable
from tests.cli.conftest import OCTET, write_sides
from tests.support.service import wait_for

PLAN = {"steps": 12, "batch": 8, "threads": 1}


@pytest.fixture(scope="module")
def client(service):
    with Client(service.url) as client:
        yield client


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("client")
    write_sides(folder, 30, 21)
    return folder


@pytest.fixture(scope="module")
def dataset(client, files):
    return client.upload(files / "sides", files / "labels.csv", "client-sides")


@pytest.fixture(scope="module")
def seen(client, dataset):
    """All that watching a run shows."""
    run = client.submit({"dataset": dataset.name, "target": "side", "plan": PLAN, "name": "client"}, "client-key")
    return list(client.follow(run, every_s=0.2))


def test_a_folder_and_an_archive_of_it_are_the_same_data_set(client, files, dataset):
    assert (dataset.files, list(dataset.targets)) == (30, ["side"])
    assert dataset.bytes == sum(path.stat().st_size for path in (files / "sides").iterdir())
    with tarfile.open(files / "sides.tar.gz", "w:gz") as archive:
        archive.add(files / "sides", "sides")
    told: list[tuple[int, int]] = []
    again = client.upload(
        files / "sides.tar.gz", files / "labels.csv", "client-sides", on_sent=lambda *sent: told.append(sent)
    )
    assert again.id == dataset.id == client.dataset("client-sides").id
    assert told[-1][0] == told[-1][1] > 0
    assert "client-sides" in {d.name for d in client.datasets()}


def test_a_declared_type_wins_over_the_values(client, files):
    labels = files / "numbers.csv"
    labels.write_text("ID,level\n" + "".join(f"{n:03d},{n % 5}.5\n" for n in range(30)))
    found = client.upload(files / "sides", labels, "declared", types={"level": "categorical"})
    assert found.targets["level"]["type"] == "categorical"
    client.delete_dataset("declared")
    with pytest.raises(Refused) as refused:
        client.dataset("declared")
    assert refused.value.status == 404


def test_watching_shows_every_point_once_and_ends_with_the_run(client, seen):
    cursors = [point.cursor for look in seen for point in look.points]
    assert cursors == sorted(set(cursors))
    assert seen[-1].run.status == "succeeded"
    assert [p.cursor for p in client.points(seen[-1].run.id)] == cursors
    losses = client.points(seen[-1].run.id, name="loss", split="valid")
    assert losses
    assert {(p.name, p.split) for p in losses} == {("loss", "valid")}


def test_points_alone_are_watched_of_one_metric_or_split_and_from_a_cursor_on(client, seen):
    run, every = seen[-1].run, [point for look in seen for point in look.points]
    assert list(client.watch(run)) == every
    wanted = [point for point in every if (point.name, point.split) == ("loss", "valid")]
    assert list(client.watch(run.id, name="loss", split="valid")) == wanted != []
    assert list(client.watch(run, every[2].cursor)) == every[3:]


def test_a_series_is_ready_to_be_plotted(client, seen):
    run = seen[-1].run
    losses = sorted((p.step, p.value) for p in client.points(run, name="loss", split="valid") if p.target is None)
    assert client.series(run, "LOSS") == ([step for step, _ in losses], [value for _, value in losses])
    assert client.series(run, "acc") == client.series(run, "acc", target="side")
    assert len(client.series(run, "loss", split="train")[0]) > 0
    with pytest.raises(NotFound, match="there are"):
        client.series(run, "f2")


def test_waiting_gives_the_ended_run_or_says_why_there_is_none(client, dataset, seen):
    assert client.wait(seen[-1].run.id).status == "succeeded"
    long = client.train(dataset, ["side"], plan={"steps": 100_000, "batch": 4, "threads": 1}, name="long")
    with pytest.raises(TimeoutError, match="within 0 s"):
        client.wait(long, timeout_s=0)
    assert client.pause(long).status in {"pausing", "paused"}
    assert client.resume(long).status in {"queued", "running"}
    client.cancel(long)
    assert client.wait(long, timeout_s=180).status == "cancelled"


def test_a_run_that_failed_is_raised_with_its_problem(client, dataset):
    """A learning rate that no network survives."""
    trio = {
        "globals": {
            "basic_experiment": {"n_epochs": 40, "batch_size": 8},
            "optimization": {"optimizer": "sgdm", "lr": 100.0, "wd": 1.0},
            "lr_schedule": {"lr_schedule": "same"},
        },
        "input": {
            "input_info": {"input_source": dataset.name, "input_name": "bytes", "input_type": "bytes"},
            "input_type_info": {"max_length": 32},
            "model_config": {"model_type": "sequence-default"},
        },
        "output": {
            "output_info": {"output_name": "output", "output_type": "tabular"},
            "output_type_info": {"target_cat_columns": ["side"]},
        },
    }
    with pytest.raises(RunFailed, match="failed: ") as failed:
        client.wait(client.submit(trio), timeout_s=180)
    assert failed.value.run.error["detail"] in str(failed.value)


def test_files_in_memory_with_labels_in_memory_are_a_data_set(client, files):
    two = {"one.bin": b"12", "deep/two.bin": files / "sides/000.bin"}
    found = client.upload(two, {"one": "x", "two": "y"}, "in memory", target="kind", types={"kind": "categorical"})
    assert (found.files, sorted(found.targets["kind"]["classes"]), found.problems) == (2, ["x", "y"], [])
    assert found.bytes == 2 + (files / "sides/000.bin").stat().st_size
    with pytest.raises(ValueError, match="name="):
        client.upload(two)
    client.delete_dataset("in memory")


def test_weights_are_written_to_disk_as_they_are_stored(client, seen, tmp_path):
    run = client.run(seen[-1].run)
    target = client.download(run, run.best["step"], tmp_path / "best.safetensors")
    assert target.stat().st_size > 1000
    with pytest.raises(NotFound):
        client.download(run, 99_999, tmp_path / "none.safetensors")
    assert [path.name for path in tmp_path.iterdir()] == ["best.safetensors"]


def test_the_usual_refusals_have_types_and_carry_their_problem(client, dataset, files, seen):
    with pytest.raises(NotFound) as missing:
        client.run("nosuch")
    assert missing.value.problem["status"] == missing.value.status == 404
    assert missing.value.problem["request_id"]
    with pytest.raises(Conflict, match="409"):
        client.upload({"other.bin": b"other"}, name=dataset.name)
    with pytest.raises(Invalid, match="422"):
        client.train(dataset, "nosuch")
    assert issubclass(Busy, Refused)


def test_the_answer_of_a_single_target_needs_no_name(client, files, seen):
    found = client.predict(files / "sides/000.bin", run=seen[-1].run)
    assert found.answer() == found.answer("side") == found.answers()["side"]
    with pytest.raises(ValueError, match="name one of the targets: side"):
        found.answer("edge")
    [named] = client.predict_many([files / "sides/000.bin"], run=seen[-1].run)
    assert named.name == "000.bin"
    with pytest.raises(ValueError, match=r"a\.bin has no answer: too much"):
        Prediction(name="a.bin", error={"detail": "too much"}).answer()


def test_the_same_key_gives_the_same_run_and_another_body_is_refused(client, dataset, seen):
    body = {"dataset": dataset.name, "target": "side", "plan": PLAN, "name": "client"}
    assert client.submit(body, "client-key").id == seen[-1].run.id
    with pytest.raises(Refused) as refused:
        client.submit(body | {"name": "other"}, "client-key")
    assert refused.value.status == 422


def test_what_a_run_left_is_there_to_read(client, seen):
    run = client.run(seen[-1].run.id)
    assert run.best["step"] in {c.step for c in client.checkpoints(run.id) if c.kind == "best"}
    assert [attempt.reason for attempt in client.attempts(run.id)] == ["finished"]
    assert run.id in {listed.id for listed in client.runs()}


def test_a_body_can_be_checked_without_queueing_it(client, dataset):
    before = len(client.runs())
    assert client.check({"dataset": dataset.name, "target": "side"})["estimate"]["parameters"] > 0
    assert len(client.runs()) == before


def test_bytes_a_path_and_many_files_give_the_same_answers(client, files, seen):
    run = seen[-1].run.id
    paths = [files / f"sides/{n:03d}.bin" for n in range(4)]
    alone = [client.predict(path, run=run) for path in paths]
    assert alone[0].outputs == client.predict(paths[0].read_bytes(), run=run).outputs
    assert alone[0].bytes == paths[0].stat().st_size
    together = client.predict_many([(path.name, path) for path in paths], model="client")
    assert [answer.name for answer in together] == [path.name for path in paths]
    for one, other in zip(alone, together, strict=True):
        for label, p in one.answers()["side"].probabilities.items():
            assert other.answers()["side"].probabilities[label] == pytest.approx(p, abs=1e-5)


def test_faults_come_with_their_places(client, dataset):
    with pytest.raises(Refused, match="colour") as refused:
        client.submit({"dataset": dataset.name, "target": "side", "colour": "blue", "seed": -1})
    assert refused.value.status == 422
    assert {fault.pointer for fault in refused.value.faults} == {"/colour", "/seed"}


def test_without_a_service_it_says_how_to_start_one():
    with Client("http://127.0.0.1:9") as nobody:
        assert not nobody.ready()
        with pytest.raises(Unreachable, match="octet serve"):
            nobody.runs()


@pytest.mark.parametrize("url", ["127.0.0.1:8931", "localhost:8931", "ftp://localhost:8931"])
def test_an_address_without_a_scheme_is_told_how_to_write_it(url):
    with pytest.raises(Unreachable, match=f"write http://{url.removeprefix('ftp://')}"):
        Client(url)


@contextmanager
def served_at(port: int, data: Path) -> Iterator[None]:
    """`octet serve` at a port of the test's choice, ready, and gone at the end."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("OCTET_")}
    command = [OCTET, "serve", "--port", str(port), "--data-dir", data]
    with (data.parent / "serve.log").open("ab") as log:
        service = subprocess.Popen(command, stdout=log, stderr=log, env=clean, start_new_session=True)
    try:
        with Client(f"http://127.0.0.1:{port}") as client:
            wait_for(client.ready, 180, "the service being ready")
        yield
    finally:
        service.terminate()
        try:
            service.wait(90)
        finally:
            service.kill()
            service.wait()


@pytest.mark.timeout(900)
def test_watching_survives_a_restart_of_the_service(tmp_path, files):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    url, looks, begun = f"http://127.0.0.1:{port}", [], threading.Event()

    def look(run: str) -> None:
        with Client(url) as watcher:
            for seen in watcher.follow(run, every_s=0.2):
                looks.append(seen)
                if seen.points:
                    begun.set()

    with served_at(port, tmp_path / "data"), Client(url) as client:
        client.upload(files / "sides", files / "labels.csv", "sides")
        plan = {"steps": 200, "batch": 4, "threads": 1}
        run = client.submit({"dataset": "sides", "target": "side", "plan": plan})
        watching = threading.Thread(target=look, args=[run.id], daemon=True)
        watching.start()
        assert begun.wait(180)
    with served_at(port, tmp_path / "data"):
        watching.join(400)
    assert not watching.is_alive()
    assert any(seen.lost for seen in looks)
    assert looks[-1].run.status == "succeeded"
    cursors = [point.cursor for seen in looks for point in seen.points]
    assert cursors == list(range(cursors[0], cursors[-1] + 1))


def test_a_name_of_the_registry_is_promoted_and_rolled_back(client, seen):
    run = seen[-1].run.id
    steps = [checkpoint.step for checkpoint in client.checkpoints(run) if checkpoint.kind == "best"]
    promoted = client.models.promote("client-model", run)
    assert (promoted.version, promoted.run, promoted.step in steps) == (1, run, True)
    assert client.models.get("client-model").versions[0].digest == promoted.digest
    assert "client-model" in {model.name for model in client.models.list()}
    with pytest.raises(Refused) as refused:
        client.models.roll_back("client-model")
    assert refused.value.status == 409
    assert client.problem_type(refused.value.rule)["mend"]
    client.models.delete("client-model")
    with pytest.raises(Refused, match="404"):
        client.models.get("client-model")


def test_a_curve_comes_as_a_picture(client, seen):
    run = seen[-1].run.id
    assert b"<svg" in client.curve(run, "loss")[:2000]
    assert client.curve(run, "acc", "png", target="side", beside=[run], theme="dark").startswith(b"\x89PNG")
    with pytest.raises(Refused, match="no metric f2"):
        client.curve(run, "f2")
