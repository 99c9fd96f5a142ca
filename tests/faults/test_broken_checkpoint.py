"""A checkpoint to resume from that is torn, or has one bit flipped: its digest finds it, and the one before is used."""

from collections.abc import Callable
from pathlib import Path

import pytest

from octet import Client
from tests.faults.trial import STEPS, End, end_of, in_mid_run, upload
from tests.support.behind import settings_of
from tests.support.service import Service, serving, start, wait_for

pytestmark = [pytest.mark.timeout(900)]


def _tear(file: Path) -> None:
    """As after a power cut: the end is missing."""
    _rewrite(file, lambda content: content[: len(content) // 2])


def _flip_a_bit(file: Path) -> None:
    """In the middle of the weights; the header stays readable."""
    middle = file.stat().st_size // 2
    _rewrite(file, lambda content: content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :])


def _rewrite(file: Path, changed: Callable[[bytes], bytes]) -> None:
    content = changed(file.read_bytes())
    file.unlink()  # it may be a link to what the training wrote
    file.write_bytes(content)


@pytest.mark.parametrize("damage", [_tear, _flip_a_bit], ids=["torn", "bit flipped"])
def test_of_two_checkpoints_a_broken_newest_costs_the_steps_since_the_one_before(
    undisturbed: End, tmp_path: Path, damage
):
    _stop_damage_and_go_on(undisturbed, tmp_path, lambda files: [damage(files[0])], resumed=1)


def test_a_run_all_of_whose_checkpoints_are_broken_begins_anew_and_ends_the_same(undisturbed: End, tmp_path: Path):
    _stop_damage_and_go_on(undisturbed, tmp_path, lambda files: [_tear(file) for file in files], resumed=None)


def _stop_damage_and_go_on(
    undisturbed: End, tmp_path: Path, damage: Callable[[list[Path]], object], resumed: int | None
) -> None:
    """Stop a service twice in one run, so that two checkpoints are there; damage them, and let it go on."""
    with serving(tmp_path) as service:
        with Client(service.url) as client:
            upload(client, tmp_path / "trial")
            run = in_mid_run(client)
        assert service.stop() == 0
        again = start(tmp_path, service.environment)
        try:
            with Client(again.url) as client:
                _farther(client, run)
        finally:
            assert again.stop() == 0
        files = _resume_files(again, run)
        assert len(files) == 2
        damage(list(files.values()))
        last = start(tmp_path, service.environment)
        try:
            with Client(last.url) as client:
                assert end_of(client, run) == undisturbed
                first, second, third = client.attempts(run)
                assert [first.reason, second.reason, third.reason] == ["handed_back", "handed_back", "finished"]
                assert third.resumed_from_step == (None if resumed is None else list(files)[resumed])
        finally:
            last.stop()


def _farther(client: Client, run: str) -> None:
    """Wait until the second attempt is beyond the step that it went on from."""

    def beyond() -> bool:
        found, attempts = client.run(run), client.attempts(run)
        assert not found.ended, f"ended too early to disturb it: {found}"
        return len(attempts) == 2 and found.progress.step > (attempts[1].resumed_from_step or STEPS)

    wait_for(beyond, 240, "the second attempt being farther")


def _resume_files(service: Service, run: str) -> dict[int, Path]:
    """The stored checkpoints to resume from by their step, the newest first."""
    found = (settings_of(service).storage_dir / "runs" / run).glob("resume-*")
    return dict(sorted(((int(file.name.split("-")[1]), file) for file in found), reverse=True))
