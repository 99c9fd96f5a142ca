"""What a training says can be read over HTTP while it goes on."""

import httpx
import pytest

from tests.app.api import sides
from tests.support.service import Service, wait_for

pytestmark = pytest.mark.services


def test_the_log_of_a_run_is_readable_within_seconds_of_its_first_words(service: Service):
    with httpx.Client(base_url=service.url, timeout=60, trust_env=False) as http:
        sides.upload(http, "logged", seed=7)
        plan = {"steps": 1_000_000, "batch": 8, "threads": 1}
        run = http.post("/runs", json={"dataset": "logged", "targets": sides.TARGETS, "plan": plan}).json()["id"]

        def told() -> str:
            answer = http.get(f"/runs/{run}/log")
            return answer.text if answer.status_code == 200 and "from step 0" in answer.text else ""

        said = wait_for(told, 180, "the log of a run that goes on")
        assert http.get(f"/runs/{run}").json()["status"] == "running"
        assert said.startswith("=== attempt 1, worker ")
        http.post(f"/runs/{run}/cancel")
        ended = ("succeeded", "failed", "cancelled")
        wait_for(lambda: http.get(f"/runs/{run}").json()["status"] in ended, 120, "the end of the run")
        assert "ended at step" in http.get(f"/runs/{run}/log", params={"tail": 5}).text
