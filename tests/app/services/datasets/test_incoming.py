"""What a killed process left behind is told from what is in use, and removed at the next start."""

import os
import subprocess
import sys
import time

from app.services.datasets.incoming import PACK, STALE_S, UPLOAD, remove_stale, work_folder
from tests.app.services.runs.test_lease import at_once

HOLD_AND_WAIT = """
import sys
from pathlib import Path
from app.services.datasets.incoming import UPLOAD, work_folder
folder = work_folder(Path(sys.argv[1]), UPLOAD).path
(folder / "0.part").write_bytes(b"x")
print(folder, flush=True)
sys.stdin.read()
"""


def test_a_folder_is_left_alone_while_its_process_lives_and_removed_once_it_is_killed(tmp_path):
    command = [sys.executable, "-c", HOLD_AND_WAIT, str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        folder = process.stdout.readline().strip()
        remove_stale(tmp_path)
        assert [str(path) for path in tmp_path.iterdir()] == [folder]
        process.kill()
        process.wait(60)
        remove_stale(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_an_own_folder_is_held_until_it_is_removed(tmp_path):
    folders = [work_folder(tmp_path / "incoming", prefix) for prefix in (UPLOAD, PACK)]
    remove_stale(tmp_path / "incoming")
    assert sorted(path.name[:5] for path in (tmp_path / "incoming").iterdir()) == ["pack-", "uploa"]
    for folder in folders:
        folder.remove()
    assert list((tmp_path / "incoming").iterdir()) == []


def test_only_folders_of_uploads_and_packs_are_removed(tmp_path):
    for name in ("upload-a", "pack-b", "another", ".new-young", ".new-old"):
        (tmp_path / name).mkdir()
    os.utime(tmp_path / ".new-old", (time.time() - STALE_S - 60,) * 2)
    remove_stale(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == [".new-young", "another"]


def test_many_processes_may_sweep_at_once(tmp_path):
    for number in range(300):
        (tmp_path / f"upload-{number}").mkdir()
    assert at_once(8, lambda _: remove_stale(tmp_path)) == [None] * 8
    assert list(tmp_path.iterdir()) == []
