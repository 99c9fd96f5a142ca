"""From a folder of files to a prediction over HTTP, through a really served Octet."""

from collections.abc import Iterator
from dataclasses import dataclass

import httpx
import pytest

from models.inference.predictor import Predictor
from octet import Client
from tests.e2e.sides import Sides, write_sides
from tests.support.service import Service

pytestmark = pytest.mark.services


@dataclass(frozen=True)
class Trained:
    client: Client
    run: str
    sides: Sides


@pytest.fixture(scope="module")
def trained(service: Service, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Trained]:
    sides = write_sides(tmp_path_factory.mktemp("sides"))
    with Client(service.url) as client:
        client.upload(sides.folder, sides.labels, "whole-path")
        plan = {"steps": 150, "batch": 16, "threads": 1}
        run = client.submit({"dataset": "whole-path", "targets": ["side", "level"], "plan": plan}).id
        for _ in client.watch(run, every_s=0.2):
            pass
        yield Trained(client, run, sides)


def test_the_run_succeeds_and_its_points_stand_once(trained: Trained):
    run = trained.client.run(trained.run)
    points = trained.client.points(trained.run)
    assert (run.status, run.error) == ("succeeded", None)
    assert run.progress.step == run.progress.steps == 150
    assert len({(p.step, p.split, p.target, p.name) for p in points}) == len(points)
    assert [p.cursor for p in points] == sorted({p.cursor for p in points})


def test_it_tells_unseen_files_apart(trained: Trained):
    seen = {
        name: trained.client.predict(body, run=trained.run).answers()["side"].label
        for name, (body, _) in trained.sides.unseen.items()
    }
    assert seen == {name: side for name, (_, side) in trained.sides.unseen.items()}


def test_a_file_alone_over_http_equals_the_machine_bit_for_bit(trained: Trained, tmp_path):
    """The weights that the service hands out, run without the service, give the very same floats."""
    step = trained.client.run(trained.run).best["step"]
    weights = tmp_path / "weights.safetensors"
    address = f"{trained.client.url}/runs/{trained.run}/checkpoints/{step}/weights"
    weights.write_bytes(httpx.get(address, timeout=60, trust_env=False).content)
    machine = Predictor.load(weights)
    for body, _ in trained.sides.unseen.values():
        over_http = trained.client.predict(body, run=trained.run).answers()
        [alone] = machine.predict([body])
        assert over_http["side"].probabilities == alone.outputs["side"].probabilities
        assert over_http["level"].value == alone.outputs["level"].value


def test_in_a_batch_it_differs_by_less_than_1e_5(trained: Trained):
    files = [(name, body) for name, (body, _) in trained.sides.unseen.items()]
    together = trained.client.predict_many(files, run=trained.run)
    for (_, body), batched in zip(files, together, strict=True):
        alone = trained.client.predict(body, run=trained.run).answers()
        many = batched.answers()
        assert many["level"].value == pytest.approx(alone["level"].value, abs=1e-5)
        assert many["side"].probabilities == pytest.approx(alone["side"].probabilities, abs=1e-5)


def test_a_promoted_model_answers_by_its_name(trained: Trained):
    body, side = next(iter(trained.sides.unseen.values()))
    trained.client.models.promote("sides", trained.run)
    assert trained.client.predict(body, model="sides").answers()["side"].label == side
