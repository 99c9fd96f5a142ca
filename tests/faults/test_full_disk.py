"""The disk is full while a checkpoint, a point or an upload is written: said in words, and all goes on with room."""

import io
import re
import subprocess
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import httpx
import pytest

from octet import Client
from octet.errors import Refused
from tests.faults.conftest import Disturbed
from tests.faults.trial import BODY, End, end_of, ended, in_mid_run, upload
from tests.support.databases import fresh_database
from tests.support.service import Service, serving, wait_for
from worker.workspace import ROOM_BYTES

pytestmark = [pytest.mark.services, pytest.mark.timeout(900)]

DISK_BYTES = 160 * 2**20
SHORT = BODY | {"plan": {"steps": 4, "batch": 8, "threads": 1}}
LARGE = {
    "globals": {"basic_experiment": {"valid_size": 8}},
    "input": {
        "input_info": {"input_source": "trial", "input_name": "in", "input_type": "bytes"},
        "input_type_info": {"max_length": 64},
        "model_config": {"embedding_dim": 512, "model_init_config": {"num_layers": 4}},
    },
    "output": {
        "output_info": {"output_source": "trial", "output_name": "out", "output_type": "tabular"},
        "output_type_info": {"target_cat_columns": ["side"]},
    },
    "plan": {"steps": 2, "batch": 2, "threads": 1},
}
"""Its checkpoints take some 50 MB."""


@pytest.fixture(autouse=True)
def _small_disks() -> None:
    """A mount of one's own needs no rights, but a kernel that allows user namespaces."""
    try:
        subprocess.run(["unshare", "--map-root-user", "--mount", "true"], check=True, capture_output=True, text=True)
    except FileNotFoundError:
        pytest.skip("no small disk without Linux' unshare")
    except subprocess.CalledProcessError as error:
        pytest.skip(f"this kernel gives nobody a small disk: {error.stderr}")


def _is_as_good_as(end: End, undisturbed: End) -> None:
    """Equal, but for checkpoints to resume from that found no room: a run goes on without them."""
    assert end.points == undisturbed.points
    assert end.weights == {kind: undisturbed.weights[kind] for kind in end.weights}
    assert "best" in end.weights


@contextmanager
def _on_a_small_disk(folder: Path, **environment: str) -> Iterator[Disturbed]:
    told = {"OCTET_DISK_RESERVE_BYTES": str(2**20)} | environment
    with serving(folder, disk_bytes=DISK_BYTES, **told) as service, Client(service.url) as client:
        upload(client, folder / "trial")
        yield Disturbed(service, client)


@contextmanager
def _full(service: Service, but_bytes: int = 0) -> Iterator[None]:
    """No more than so many bytes are free on the service's disk inside the block."""
    ballast = service.data_dir / "ballast"
    with ballast.open("wb", buffering=0) as file:
        try:
            while file.write(bytes(2**16)):
                pass
        except OSError:
            file.truncate(file.tell() - but_bytes)
    try:
        yield
    finally:
        ballast.unlink()


def test_a_run_that_finds_the_disk_full_goes_on_without_losing_a_bit_once_there_is_room(
    undisturbed: End, tmp_path: Path, on_services: bool
):
    """Everything lies on it: the database, the broker's file and the state of the tree, too."""
    if on_services:
        return  # they have disks of their own, as in the next test
    with _on_a_small_disk(tmp_path) as on:
        run = in_mid_run(on.client)
        with _full(on.service):
            wait_for(lambda: re.search("No space left|is full", on.service.logs), 240, "somebody hitting the limit")
        _is_as_good_as(end_of(on.client, run), undisturbed)
        *broken, finished = [attempt.reason for attempt in on.client.attempts(run)]
        assert set(broken) <= {"error", "lost"}
        assert finished == "finished"


def test_a_run_that_comes_to_a_full_disk_waits_in_the_queue_and_spends_no_attempt(tmp_path: Path):
    """The database lies elsewhere, so that it can be told at all."""
    with fresh_database(tmp_path) as url, _on_a_small_disk(tmp_path, OCTET_DATABASE_URL=url) as on:
        with _full(on.service):
            run = on.client.submit(SHORT).id
            wait_for(lambda: re.search("No space left|is room on the disk", on.service.logs), 120, "somebody noticing")
            assert on.client.run(run).status == "queued"
        assert ended(on.client, run).status == "succeeded"
        assert [attempt.reason for attempt in on.client.attempts(run)] == ["finished"]


def test_a_run_whose_checkpoints_never_fit_ends_with_the_cause_and_what_to_do(tmp_path: Path):
    with fresh_database(tmp_path) as url, _on_a_small_disk(tmp_path, OCTET_DATABASE_URL=url) as on:
        with _full(on.service, but_bytes=ROOM_BYTES + 2**22):  # enough to begin
            run = on.client.submit(LARGE).id
            failed = ended(on.client, run)
        assert (failed.status, (failed.error or {})["type"]) == ("failed", "disk_full")
        assert "Make room" in failed.error["detail"]
        again = on.client.submit(SHORT).id
        assert ended(on.client, again).status == "succeeded"


def test_an_upload_that_does_not_fit_is_507_and_leaves_nothing(tmp_path: Path):
    with _on_a_small_disk(tmp_path) as on:
        before = on.client.datasets()
        labels = tmp_path / "large.csv"
        labels.write_text("ID,side\na,low\nb,high\n")
        archive = tmp_path / "large.tar"
        _tar(archive, {"a.bin": bytes(DISK_BYTES // 2), "b.bin": bytes(DISK_BYTES // 2)})
        with pytest.raises(Refused) as refused:
            on.client.upload(archive, labels, "large")
        assert (refused.value.status, refused.value.rule) == (507, "disk-full")
        assert not any((on.service.data_dir / "incoming").iterdir())
        assert on.client.datasets() == before
        _tar(archive, {"a.bin": bytes(100), "b.bin": bytes(200)})
        assert on.client.upload(archive, labels, "small").files == 2


def test_what_the_database_has_no_room_for_is_507_and_taken_once_there_is_room(tmp_path: Path, on_services):
    if on_services:
        return  # PostgreSQL has a disk of its own
    with _on_a_small_disk(tmp_path) as on, httpx.Client(base_url=on.service.url, timeout=60) as client:
        body = SHORT | {"tags": ["x" * 60] * 20}
        with _full(on.service):
            for n in count():
                answer = client.post("/runs", json=body, headers={"idempotency-key": str(n)})
                if answer.status_code != 202:
                    break
                assert n < 500, "the database has still room"
        assert (answer.status_code, answer.json()["type"]) == (507, "/problems/disk-full")
        assert answer.headers["content-type"] == "application/problem+json"
        assert client.post("/runs", json=body, headers={"idempotency-key": str(n)}).status_code == 202
        assert client.get("/runs", params={"limit": 1000}).json()["runs"] != []


def _tar(path: Path, files: dict[str, bytes]) -> None:
    with tarfile.open(path, "w") as archive:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
