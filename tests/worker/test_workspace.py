"""The folder of an attempt."""

from pathlib import Path

from app.services.runs.keys import log_key
from app.settings import Settings
from app.storage import FolderStorage
from worker.workspace import Workspace


def test_what_a_killed_attempt_left_goes_and_its_log_is_stored(tmp_path: Path):
    settings, storage = Settings(data_dir=tmp_path), FolderStorage(tmp_path / "storage")
    killed = Workspace.of(settings, "a1", 1, log_key)
    killed.prepare(storage)
    killed.log.write_text("killed here")
    (killed.files / "half.part").write_text("half")

    now = Workspace.of(settings, "a1", 2, log_key)
    now.prepare(storage)
    assert storage.local("runs/a1/log-1.txt").read_text() == "killed here"
    assert not killed.folder.exists()
    assert now.files.is_dir()


def test_the_last_workspace_of_a_run_leaves_nothing(tmp_path: Path):
    settings, storage = Settings(data_dir=tmp_path), FolderStorage(tmp_path / "storage")
    space = Workspace.of(settings, "a1", 1, log_key)
    space.prepare(storage)
    space.remove()
    assert list((tmp_path / "work").iterdir()) == []
