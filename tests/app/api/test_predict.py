"""Predictions over HTTP: three forms, the same numbers as the model itself, refusals for all that has no answer."""

import base64
import threading

import httpx
import pytest

from app.services.jobs.outcomes import JobEnd
from app.services.runs.lease import finish
from models.inference.predictor import Predictor
from tests.app.api import sides
from tests.app.api.driver import carry_out, lease_of, work_on
from tests.app.api.failing import is_problem
from tests.app.api.waiting import wait_until
from tests.support.runs import checkpointed

RAW = {"content-type": "application/octet-stream"}
LOW, HIGH = b"low bytes only", bytes(range(128, 200))


@pytest.fixture(scope="module")
def dataset(client):
    is_problem(client.post("/predict", content=b"x"), 404)
    return sides.upload(client)


@pytest.fixture(scope="module")
def model(client, parts, run):
    """The served checkpoint, loaded without the service."""
    step = client.get(f"/runs/{run}").json()["best"]["step"]
    [row] = [r for r in client.get(f"/runs/{run}/checkpoints").json()["checkpoints"] if r["kind"] == "best"]
    assert row["step"] == step
    return Predictor.load(parts.storage.local(f"runs/{run}/best-{step}-{row['digest'][:16]}.safetensors"))


def predicted(client, run, content, **headers) -> dict:
    answer = client.post("/predict", params={"run": run}, content=content, headers=headers or RAW)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_a_file_alone_gives_bit_for_bit_what_the_model_computes(client, run, model):
    answer = predicted(client, run, HIGH)
    [direct] = model.predict([HIGH])
    assert answer["run"] == run
    assert answer["checkpoint"] == {"step": model.step, "digest": model.digest}
    assert (answer["bytes"], answer["read"]) == (len(HIGH), direct.read)
    assert answer["outputs"] == {
        "output": {
            "side": {
                "label": direct.outputs["side"].label,
                "probabilities": direct.outputs["side"].probabilities,
            },
            "level": {"value": direct.outputs["level"].value},
        }
    }


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "image/png", "nonsense", ""])
def test_any_other_content_type_is_raw_bytes(client, run, kind):
    assert predicted(client, run, HIGH, **{"content-type": kind}) == predicted(client, run, HIGH)


def test_no_content_type_is_raw_bytes(client, run):
    request = client.build_request("POST", "/predict", params={"run": run}, content=HIGH)
    assert "content-type" not in request.headers
    assert client.send(request).json() == predicted(client, run, HIGH)


def test_of_a_long_file_all_bytes_are_counted_and_it_is_said_how_many_were_read(client, run, model):
    long = HIGH * 10_000
    answer = predicted(client, run, long)
    assert (answer["bytes"], answer["read"]) == (len(long), model.read(len(long)))
    streamed = predicted(client, run, (HIGH * 100 for _ in range(100)))
    assert streamed == answer


def test_many_files_as_multipart_keep_names_and_order(client, run):
    files = [("file", ("a.bin", HIGH)), ("file", ("b.bin", LOW)), ("file", (None, HIGH))]
    answer = client.post("/predict", params={"run": run}, files=files).json()["predictions"]
    assert [one["name"] for one in answer] == ["a.bin", "b.bin", None]
    for one, content in zip(answer, (HIGH, LOW, HIGH), strict=True):
        alone = predicted(client, run, content)
        assert one["bytes"] == len(content)
        assert one["outputs"]["output"]["level"]["value"] == pytest.approx(
            alone["outputs"]["output"]["level"]["value"], abs=1e-5
        )
        assert one["outputs"]["output"]["side"]["probabilities"] == pytest.approx(
            alone["outputs"]["output"]["side"]["probabilities"], abs=1e-5
        )


def test_eirs_json_is_answered_in_eirs_form(client, run):
    items = [{"input": base64.b64encode(content).decode()} for content in (HIGH, LOW)]
    answer = client.post("/predict", params={"run": run}, json=items)
    assert answer.status_code == 200, answer.text
    alone = predicted(client, run, HIGH)["outputs"]["output"]
    first, second = answer.json()["result"]
    assert first["output"]["side"] == pytest.approx(alone["side"]["probabilities"], abs=1e-5)
    assert first["output"]["level"] == {"level": pytest.approx(alone["level"]["value"], abs=1e-5)}
    assert second.keys() == {"output"}


def test_without_a_name_the_default_else_the_newest_succeeded_answers(client, parts, run, dataset):
    assert client.post("/predict", content=HIGH).json()["run"] == run
    newer = sides.submit(client)
    carry_out(parts, newer)
    wait_until(lambda: client.post("/predict", content=HIGH).json()["run"] == newer)
    client.put("/models/default", json={"run": run})
    wait_until(lambda: client.post("/predict", content=HIGH).json()["run"] == run)
    assert client.post("/predict", params={"model": "default"}, content=HIGH).json()["run"] == run
    both = client.post("/predict", params={"model": "default", "run": run}, content=HIGH)
    assert is_problem(both, 422)["type"] == "/problems/run-or-model"


def test_a_run_in_training_answers_with_its_newest_best(client, parts, dataset):
    live = sides.submit(client)
    early = client.post("/predict", params={"run": live}, content=HIGH)
    assert is_problem(early, 409)["type"] == "/problems/no-checkpoint"
    lease = lease_of(parts, live)
    work_on(parts, lease)
    best = client.get(f"/runs/{live}").json()["best"]
    assert predicted(client, live, HIGH)["checkpoint"]["digest"] == best["digest"]
    assert client.get(f"/runs/{live}").json()["status"] == "running"
    finish(parts, lease, JobEnd("succeeded", "finished"))


def test_a_named_checkpoint_answers_whatever_becomes_the_best_and_404_once_it_is_gone(client, parts, dataset):
    live = sides.submit(client, seed=7)
    lease = lease_of(parts, live)
    work_on(parts, lease)
    best = client.get(f"/runs/{live}").json()["best"]["step"]
    pinned = {"run": live, "checkpoint": best}
    first = client.post("/predict", params=pinned, content=HIGH)
    assert first.json()["checkpoint"]["step"] == best
    assert first.json() == predicted(client, live, HIGH)

    checkpointed(parts, lease, "best", 99, 9.0)
    wait_until(lambda: client.post("/predict", params=pinned, content=HIGH).status_code == 404)
    gone = is_problem(client.post("/predict", params=pinned, content=HIGH), 404)
    assert gone["type"] == "/problems/unknown-checkpoint"
    assert f"at step {best}; it has 99" in gone["detail"]
    finish(parts, lease, JobEnd("succeeded", "finished"))


@pytest.mark.parametrize(
    ("params", "rule", "pointer"),
    [
        ({"run": "r", "checkpoint": "-1"}, "bad-step", "checkpoint"),
        ({"run": "r", "checkpoint": "best"}, "bad-step", "checkpoint"),
        ({"run": "r", "checkpoint": "9" * 10}, "bad-step", "checkpoint"),
        ({"checkpoint": "3"}, "checkpoint-without-run", "run"),
        ({"model": "default", "checkpoint": "3"}, "checkpoint-without-run", "run"),
    ],
)
def test_a_checkpoint_is_a_step_of_a_named_run(client, params, rule, pointer):
    refused = is_problem(client.post("/predict", params=params, content=HIGH), 422)
    assert (refused["type"], refused["errors"][0]["pointer"]) == (f"/problems/{rule}", pointer)


def test_the_description_of_the_api_has_the_checkpoint(client):
    parameters = client.get("/openapi.json").json()["paths"]["/predict"]["post"]["parameters"]
    [found] = [parameter for parameter in parameters if parameter["name"] == "checkpoint"]
    assert found["schema"] == {"type": "integer", "minimum": 0}


def test_what_does_not_exist_is_404_and_says_what_does(client, run):
    unknown = is_problem(client.post("/predict", params={"run": "nosuch"}, content=HIGH), 404)
    assert run in unknown["detail"]
    is_problem(client.post("/predict", params={"model": "nosuch"}, content=HIGH), 404)


def test_a_checkpoint_whose_file_is_gone_is_409(client, parts, dataset):
    lost = sides.submit(client, seed=5)  # weights of its own: equal ones are in the cache already
    carry_out(parts, lost)
    for path in parts.storage.local(f"runs/{lost}").iterdir():
        path.unlink()
    answer = client.post("/predict", params={"run": lost}, content=HIGH)
    assert is_problem(answer, 409)["type"] == "/problems/checkpoint-replaced"


def test_an_empty_file_is_422_in_every_form(client, run):
    params = {"run": run}
    raw = is_problem(client.post("/predict", params=params, content=b""), 422)
    form = is_problem(client.post("/predict", params=params, files=[("file", ("a", b"x")), ("file", ("b", b""))]), 422)
    eir = is_problem(client.post("/predict", params=params, json=[{"input": "eA=="}, {"input": ""}]), 422)
    assert [body["type"] for body in (raw, form, eir)] == ["/problems/empty-file"] * 3
    assert [body["errors"][0]["pointer"] for body in (raw, form, eir)] == ["", "/file/1", "/1/input"]


@pytest.mark.parametrize(
    ("body", "pointers"),
    [
        ({"input": "eA=="}, [""]),
        ([], [""]),
        ([3], ["/0"]),
        ([{}], ["/0/input"]),
        ([{"input": 3}, {"input": "not base64!"}, {"input": "eA"}], ["/0/input", "/1/input", "/2/input"]),
        ([{"input": "eA=="}, {"input": "eA==", "o/ther": "eA=="}], ["/1/o~1ther"]),
    ],
)
def test_every_fault_of_eirs_json_has_its_pointer(client, run, body, pointers):
    faults = is_problem(client.post("/predict", params={"run": run}, json=body), 422)["errors"]
    assert [fault["pointer"] for fault in faults] == pointers


def test_broken_bodies_are_400(client, run):
    for kind, content in (("application/json", b"[{"), ("multipart/form-data; boundary=x", b"--x\r\n")):
        answer = client.post("/predict", params={"run": run}, content=content, headers={"content-type": kind})
        is_problem(answer, 400)


def test_forms_have_files_and_nothing_else(client, run):
    other = client.post("/predict", params={"run": run}, files={"data": ("a", b"x")})
    assert is_problem(other, 422)["errors"][0]["pointer"] == "/data"
    none = client.post(
        "/predict",
        params={"run": run},
        content=b"--x--\r\n",
        headers={"content-type": "multipart/form-data; boundary=x"},
    )
    is_problem(none, 422)


def test_more_items_than_the_limit_are_413(client, parts, run):
    items = [{"input": "eA=="}] * (parts.settings.limits.max_items + 1)
    is_problem(client.post("/predict", params={"run": run}, json=items), 413)


def test_a_large_batch_is_computed_in_pieces(client, run):
    items = [{"input": "eA=="}] * 100
    result = client.post("/predict", params={"run": run}, json=items).json()["result"]
    assert len(result) == 100
    assert result[0]["output"]["level"]["level"] == pytest.approx(result[-1]["output"]["level"]["level"], abs=1e-5)


def test_many_clients_at_once_all_get_their_own_answer(client, run):
    contents = [bytes([n]) * (n + 1) for n in range(24)]
    alone = [predicted(client, run, content)["outputs"]["output"]["level"]["value"] for content in contents]
    found: dict[int, float] = {}

    def ask(n: int) -> None:
        with httpx.Client(base_url=client.base_url, timeout=120) as own:
            found[n] = predicted(own, run, contents[n])["outputs"]["output"]["level"]["value"]

    threads = [threading.Thread(target=ask, args=(n,)) for n in range(24)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert [found[n] for n in range(24)] == pytest.approx(alone, abs=1e-5)
