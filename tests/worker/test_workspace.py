"""The folder of an attempt."""

from pathlib import Path

from app.services.jobs.outcomes import JobEnd
from app.services.predictions.keys import log_key as prediction_log_key
from app.services.runs.keys import log_key
from app.services.runs.lease import finish
from app.settings import Settings
from app.storage import FolderStorage
from tests.support.parts import opened_parts
from tests.support.predictions import a_prediction, a_trained_run, held
from tests.support.runs import a_run
from worker.workspace import Workspace, remove_left


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


def test_what_attempts_left_that_are_over_goes_and_the_one_at_work_keeps_its_folder(tmp_path: Path, database_url: str):
    with opened_parts(tmp_path, database_url, lease_s=600.0) as parts:
        ended, live = a_trained_run(parts), a_trained_run(parts)
        lost, predicting = a_run(parts), held(parts, a_prediction(parts))
        finish(parts, ended, JobEnd("succeeded", "finished"))
        spaces = {
            job: Workspace.of(parts.settings, job, attempt, key)
            for job, attempt, key in (
                (ended.run_id, 1, log_key),
                (live.run_id, 1, log_key),
                (lost.id, 1, log_key),
                (predicting.job_id, 1, prediction_log_key),
                ("0" * 16, 1, log_key),
            )
        }
        for space in spaces.values():
            space.prepare(parts.storage)
            space.log.write_text("killed here")
        remove_left(parts)
        assert {job for job, space in spaces.items() if space.folder.exists()} == {live.run_id, predicting.job_id}
        assert parts.storage.exists(log_key(ended.run_id, 1))
        assert not parts.storage.exists(log_key("0" * 16, 1))
        assert {folder.name for folder in (parts.settings.data_dir / "work").iterdir()} == {
            live.run_id,
            predicting.job_id,
        }
