"""GET /runs/{id}/log: the words of every attempt, while the last one still goes on."""

import httpx
import pytest

from app.parts import Parts
from app.services.runs.keys import log_key
from app.services.runs.lease import acquire, hand_back, resume_point
from tests.app.api.failing import is_problem
from tests.support.runs import a_run, checkpointed


def say(parts: Parts, run: str, attempt: int, text: str) -> None:
    file = parts.settings.data_dir / "said.txt"
    file.write_text(text)
    parts.storage.put(log_key(run, attempt), file)
    file.unlink()


@pytest.fixture(scope="module")
def twice(parts: Parts) -> str:
    """A run that goes on at its second attempt."""
    run = a_run(parts).id
    first = acquire(parts, run, "host:1")
    assert first is not None
    say(parts, run, 1, "one\ntwo\nkilled in mid")
    checkpointed(parts, first, "resume", 40)
    hand_back(parts, first, "lost")
    second = acquire(parts, run, "host:2")
    assert second is not None
    resume_point(parts, second)
    say(parts, run, 2, "three\nfour\n")
    return run


def test_all_attempts_stand_in_order_each_below_what_is_known_of_it(client: httpx.Client, twice: str):
    answer = client.get(f"/runs/{twice}/log")
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    first, *said = answer.text.splitlines()
    assert first.startswith("=== attempt 1, worker host:1, began 20")
    assert first.endswith(": lost ===")
    assert said[:3] == ["one", "two", "killed in mid"]
    assert said[3].startswith("=== attempt 2, worker host:2, began 20")
    assert said[3].endswith("resumed from step 40 ===")
    assert said[4:] == ["three", "four"]


def test_one_attempt_says_its_own_words_alone_also_while_it_goes_on(client: httpx.Client, parts: Parts, twice: str):
    assert client.get(f"/runs/{twice}/log", params={"attempt": 1}).text == "one\ntwo\nkilled in mid"
    assert client.get(f"/runs/{twice}/log", params={"attempt": 2}).text == "three\nfour\n"
    missing = is_problem(client.get(f"/runs/{twice}/log", params={"attempt": 3}), 404)
    assert "has no log of attempt 3" in missing["detail"]


@pytest.mark.parametrize(
    ("tail", "words"), [(1, ["four"]), (2, ["three", "four"]), (3, ["killed in mid", "three", "four"])]
)
def test_the_tail_is_the_last_lines_whichever_attempt_said_them(client: httpx.Client, twice: str, tail, words):
    said = client.get(f"/runs/{twice}/log", params={"tail": tail}).text.splitlines()
    assert [line for line in said if not line.startswith("===")] == words
    alone = client.get(f"/runs/{twice}/log", params={"tail": tail, "attempt": 2}).text.splitlines()
    assert alone == ["three", "four"][-tail:]


@pytest.mark.parametrize("tail", [0, -1, 100_001, "x"])
def test_a_tail_that_is_no_number_of_lines_is_refused(client: httpx.Client, twice: str, tail):
    assert is_problem(client.get(f"/runs/{twice}/log", params={"tail": tail}), 422)["errors"][0]["pointer"] == "tail"
