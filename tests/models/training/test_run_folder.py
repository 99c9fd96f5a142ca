"""The folder of a run without the service: which checkpoints stay, what a resumed run finds, how time is counted."""

import json

import pytest
import torch

from models.config import choose_for_data, parse_request
from models.training import checkpoint
from models.training.report import Guess, Outcome, Plan, Point, Progress, Saved, SplitReport
from models.training.run_folder import FolderInUse, RunFolder, planned_device
from tests.models.config.bodies import summary, tutorial, with_value

PLAN = Plan(steps=100, batch_size=4, threads=1, sample_interval=10, steps_per_epoch=5)


class Clock:
    """Seconds that a test sets."""

    now = 50.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def folder_of(tmp_path):
    def make(saved_models: int = 1, clock=None) -> RunFolder:
        body = with_value(tutorial(), "/globals/evaluation_checkpoint/n_saved_models", saved_models)
        return RunFolder(tmp_path / "run", choose_for_data(parse_request(body), summary()), clock or Clock())

    return make


def write(folder: RunFolder, kind: str, step: int, average: float | None = None, loss: float = 0.5) -> None:
    """A checkpoint file of this average and loss, and the folder told of it."""
    path = folder.checkpoints / f"{kind}-{step}.safetensors"
    form = "octet-model" if kind == "best" else "octet-train-state"
    digest, size = checkpoint.write(path, form, {"step": step, "average": average, "loss": loss}, {"a": torch.zeros(1)})
    folder.saved(Saved(kind, step, path, digest, size, average, {}))


def kept(folder: RunFolder) -> list[str]:
    return sorted(path.stem for path in folder.checkpoints.iterdir())


def point(step: int) -> Point:
    return Point(step, step / 5, "train", None, "loss", 0.5)


def test_a_run_to_go_on_with_says_the_device_that_it_was_chosen_for(folder_of):
    folder = folder_of()
    assert planned_device(folder.folder) is None
    folder.begin()
    assert planned_device(folder.folder) is None
    folder.planned(PLAN.model_copy(update={"device": "cuda"}))
    assert planned_device(folder.folder) == "cuda"


def test_of_the_best_those_with_the_highest_averages_stay_and_of_equals_the_earlier(folder_of):
    folder = folder_of(saved_models=3)
    folder.begin()
    for step, average in [(10, 0.2), (20, 0.7), (30, 0.7), (40, 0.1), (50, 0.7), (60, 0.7), (100, 0.3)]:
        write(folder, "best", step, average)
    assert kept(folder) == ["best-20", "best-30", "best-50"]
    assert folder.best() == folder.checkpoints / "best-20.safetensors"
    write(folder, "best", 110, 0.9)
    assert kept(folder) == ["best-110", "best-20", "best-30"]
    assert folder.best() == folder.checkpoints / "best-110.safetensors"


def test_of_equal_averages_the_one_of_the_lower_loss_is_the_best(folder_of):
    folder = folder_of(saved_models=2)
    folder.begin()
    for step, average, loss in [(0, 1.0, 0.02), (9, 1.0, 0.01), (18, 1.0, 0.03), (27, 0.9, 0.0)]:
        write(folder, "best", step, average, loss)
    assert kept(folder) == ["best-0", "best-9"]
    assert folder.best() == folder.checkpoints / "best-9.safetensors"


def test_of_the_states_the_newest_two_stay(folder_of):
    folder = folder_of()
    folder.begin()
    for step in (8, 9, 10, 100):
        write(folder, "resume", step)
    assert kept(folder) == ["resume-10", "resume-100"]


def test_a_resumed_run_finds_its_plan_its_newest_state_and_the_points_up_to_it(folder_of):
    folder = folder_of()
    folder.begin()
    folder.planned(PLAN)
    for step in (8, 10, 12):
        folder.points([point(step)])
    write(folder, "resume", 9)
    write(folder, "resume", 10)
    with (folder.folder / "points.jsonl").open("a") as file:
        file.write('{"step": 1')  # a kill in the middle of a line
    plan, state = folder_of().go_on()
    assert (plan, state) == (PLAN, folder.checkpoints / "resume-10.safetensors")
    steps = [json.loads(line)["step"] for line in (folder.folder / "points.jsonl").read_text().splitlines()]
    assert steps == [8, 10]


def test_a_run_killed_before_its_first_state_goes_on_from_the_start_with_its_plan(folder_of):
    folder = folder_of()
    folder.begin()
    folder.planned(PLAN)
    folder.points([point(8)])
    assert folder_of().go_on() == (PLAN, None)
    assert (folder.folder / "points.jsonl").read_text() == ""


def test_a_run_killed_before_it_was_planned_is_begun_anew(folder_of):
    folder_of().begin()
    with pytest.raises(FolderInUse, match="holds no run to resume; leave out --resume"):
        folder_of().go_on()
    folder_of().begin()


def test_a_folder_with_a_run_is_not_begun_again(folder_of):
    folder = folder_of()
    folder.begin()
    folder.planned(PLAN)
    with pytest.raises(FolderInUse, match="add --resume to go on with it"):
        folder_of().begin()


def test_time_is_counted_over_all_attempts_planning_included(folder_of):
    clock = Clock()
    folder = folder_of(clock=clock)
    folder.begin()
    clock.now += 7.0  # spent on planning
    folder.planned(PLAN)
    clock.now += 20.0
    assert folder.used_s() == 27.0
    folder.progress(Progress(1, 100, 0.2, None))
    clock.now += 300.0  # lost with the process: nothing was said in between

    later = Clock()
    again = folder_of(clock=later)
    again.go_on()
    assert again.used_s() == 27.0
    later.now += 3.0
    write(again, "resume", 2)
    third = folder_of()
    third.go_on()
    assert third.used_s() == 30.0


def test_a_run_that_only_guesses_is_told_so_by_the_points_of_its_best_checkpoint(folder_of):
    folder = folder_of()
    folder.begin()
    guesses = {"side": Guess(files=200, most="low", right=100)}
    split = SplitReport(train=300, valid=200, how="", notes=[], guesses=guesses)
    folder.planned(PLAN.model_copy(update={"split": split}))
    folder.points([Point(step, step / 5, "valid", "side", "acc", value) for step, value in ((10, 0.5), (20, 0.9))])
    assert folder.warnings(Outcome("finished", 20)) == []  # nothing is stored
    write(folder, "best", 10, 0.5)
    assert "no better than guessing: 100 of 200" in folder.warnings(Outcome("finished", 20))[0]
    write(folder, "best", 20, 0.9)
    assert folder.warnings(Outcome("finished", 20)) == []
