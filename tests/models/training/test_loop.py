"""The training loop: what it says, in which order, how it ends, and that a resumed run is the undisturbed one."""

import dataclasses
import errno
import json
import os
import re
from collections import Counter
from functools import cache

import pytest
import torch

from models.config import PlanRequest
from models.training import checkpoint
from models.training.build import open_job
from models.training.checkpoint import CheckpointError
from models.training.divergence import FAR, STAYS, STAYS_STEPS, Course, Diverging, NonFiniteLoss, Watch
from models.training.evaluate import DivergedError
from models.training.loop import train
from models.training.plan import choose_for_device
from models.training.report import Outcome, Plan, Point, Saved
from tests.models.training.tasks import Recorder, config_of, pack_of, sides, trained

ALL_AT_ONCE = {
    "output": {"uncertainty_weighted_mt_loss": True, "cat_label_smoothing": 0.1},
    "training_control": {"mixing_alpha": 0.5, "early_stopping_patience": 0, "weighted_sampling_columns": ["all"]},
    "optimization": {"lr": 3e-3, "gradient_accumulation_steps": 2},
    "lr_schedule": {"lr_schedule": "plateau", "lr_plateau_patience": 1, "warmup_steps": 2},
}


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    files, labels = sides(64)
    labels["level"][5] = labels["side"][9] = None
    return pack_of(tmp_path_factory.mktemp("data") / "pack", files, labels)


def both(output=None, **globals_):
    return config_of(cat=["side"], con=["level"], globals=globals_, output=output, max_length=24)


def keys(points):
    return [(p.step, p.split, p.target, p.name) for p in points]


# ---- resume


LOOPS = {
    "plain": {},
    "everything": ALL_AT_ONCE,
    "sgdm": {"optimization": {"optimizer": "sgdm", "lr": 0.01}},
    "adam": {"optimization": {"optimizer": "adam", "lr": 3e-3}},
    "cycle": {"lr_schedule": {"lr_schedule": "cycle", "warmup_steps": 2}},
    "between two training points": {"evaluation_checkpoint": {"sample_interval": 60}},
}


@pytest.fixture(scope="module")
def undisturbed(dataset, tmp_path_factory):
    """The run of a loop from end to end."""

    @cache
    def run(loop):
        return trained(both(**LOOPS[loop]), dataset, tmp_path_factory.mktemp("whole"))

    return run


@pytest.fixture
def plain(undisturbed):
    return undisturbed("plain")


@pytest.mark.parametrize(
    ("loop", "stop_at"),
    [
        *(("plain", stop_at) for stop_at in (1, 7)),
        *(("everything", stop_at) for stop_at in (1, 4, 7)),
        ("sgdm", 4),
        ("adam", 4),
        ("cycle", 7),
        ("between two training points", 4),
    ],
)
def test_a_resumed_run_is_bit_equal_to_the_undisturbed_one(dataset, tmp_path, undisturbed, loop, stop_at):
    config, whole = both(**LOOPS[loop]), undisturbed(loop)
    first = trained(config, dataset, tmp_path / "first", stop_at=stop_at)
    assert first.outcome == Outcome("stopped", stop_at, "asked")
    second = trained(config, dataset, tmp_path / "second", resume=first.kept("resume")[-1].path)
    assert second.outcome == whole.outcome == Outcome("finished", 9)
    assert first.values() + second.values() == whole.values()
    assert second.kept("best")[-1].digest == whole.kept("best")[-1].digest
    assert second.kept("resume")[-1].digest == whole.kept("resume")[-1].digest


@pytest.mark.parametrize("stop_at", [3, 6, 7])
def test_the_count_towards_an_early_stop_goes_on_where_it_stood(dataset, tmp_path, stop_at):
    """Nothing is learnt, so the evaluations at 4, 6 and 8 bring no new best after the one at 2."""
    config = both(
        optimization={"lr": 1e-12},
        training_control={"early_stopping_patience": 3},
        evaluation_checkpoint={"sample_interval": 2},
    )
    whole = trained(config, dataset, tmp_path / "whole")
    first = trained(config, dataset, tmp_path / "first", stop_at=stop_at)
    second = trained(config, dataset, tmp_path / "second", resume=first.kept("resume")[-1].path)
    assert second.outcome == whole.outcome == Outcome("early_stop", 8)
    assert first.values() + second.values() == whole.values()


def test_a_finished_run_resumed_says_nothing_new(dataset, tmp_path, plain):
    again = trained(both(), dataset, tmp_path, resume=plain.kept("resume")[-1].path)
    assert again.outcome == Outcome("finished", 9)
    assert again.values() == []
    assert again.kept("best") == []


def test_a_run_that_was_killed_after_its_last_step_says_how_far_it_is_when_it_is_resumed(dataset, tmp_path, plain):
    again = trained(both(), dataset, tmp_path, resume=plain.kept("resume")[-1].path)
    assert again.step == plain.step == 9


def test_a_stop_within_a_validation_gives_it_up_and_the_resumed_run_owes_it(dataset, tmp_path):
    """A validation may take minutes and a stop only seconds; also the last validation of a run is given up."""
    config = both(evaluation_checkpoint={"sample_interval": 3})
    whole = trained(config, dataset, tmp_path / "whole")

    class Impatient(Recorder):
        """Asks for a stop at the second look after it was told of step 3 (or 9): within the validation."""

        looks = 0

        def requested(self):
            self.looks += self.step in asked_at
            return "asked" if self.looks > 1 else None

    heard, state = [], None
    for asked_at in ({3}, {9}, ()):
        recorder = Impatient()
        plan = choose_for_device(config, dataset, request=PlanRequest(threads=1))
        outcome = train(open_job(config, dataset, plan, tmp_path / str(asked_at), resume=state), recorder, recorder)
        assert outcome == (Outcome("stopped", *asked_at, "asked") if asked_at else Outcome("finished", 9))
        heard += recorder.heard
        state = recorder.kept("resume")[-1].path
    assert [p for p in heard if isinstance(p, Point)] == whole.values()
    bests = [s.digest for s in heard if isinstance(s, Saved) and s.kind == "best"]
    assert bests == [s.digest for s in whole.kept("best")]


def test_two_seeds_differ(dataset, tmp_path, plain):
    other = trained(both(basic_experiment={"seed": 1}), dataset, tmp_path)
    assert plain.kept("best")[-1].digest != other.kept("best")[-1].digest


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"globals": {"optimization": {"lr": 1e-4}}}, "another config"),
        ({"plan": PlanRequest(steps=10)}, "another plan"),
        ({"files": 60}, "another dataset"),
    ],
)
def test_a_state_of_another_run_is_refused(dataset, tmp_path, change, words):
    first = trained(both(), dataset, tmp_path / "first", stop_at=2)
    if files := change.pop("files", None):
        dataset = pack_of(tmp_path / "other", *sides(files))
    config = both(**change.pop("globals", {}))
    with pytest.raises(CheckpointError, match=words):
        trained(config, dataset, tmp_path / "x", resume=first.kept("resume")[-1].path, **change)


def test_a_state_of_a_version_that_divided_the_files_otherwise_is_refused(dataset, tmp_path):
    """Going on would train on files that validated before."""
    path = trained(both(), dataset, tmp_path / "first", stop_at=2).kept("resume")[-1].path
    header, tensors = checkpoint.read(path, "octet-train-state")
    checkpoint.write(path, "octet-train-state", {name: v for name, v in header.items() if name != "split"}, tensors)
    with pytest.raises(CheckpointError, match="another split"):
        trained(both(), dataset, tmp_path / "x", resume=path)


def test_a_best_file_is_no_state(dataset, tmp_path, plain):
    with pytest.raises(CheckpointError, match="of kind octet-model, needed is octet-train-state"):
        trained(both(), dataset, tmp_path, resume=plain.kept("best")[-1].path)


# ---- points


def test_no_point_stands_twice_and_steps_rise(plain):
    points = plain.values()
    assert max(Counter(keys(points)).values()) == 1
    assert [p.step for p in points] == sorted(p.step for p in points)


def test_what_is_measured(plain):
    at_five = {(p.split, p.target, p.name) for p in plain.values() if p.step == 5}
    assert at_five == {
        *(("train", None, n) for n in ("loss",)),
        *(("train", "side", n) for n in ("loss", "acc", "mcc")),
        *(("train", "level", n) for n in ("loss", "mae", "rmse", "r2", "pcc")),
        *(("valid", None, n) for n in ("loss", "average")),
        *(("valid", "side", n) for n in ("loss", "acc", "mcc", "roc-auc-macro", "ap-macro")),
        *(("valid", "level", n) for n in ("loss", "r2", "pcc")),
    }
    assert all(p.epoch == p.step / 3 for p in plain.values())


def test_accuracy_and_mcc_are_there_whatever_metrics_are_asked_for(dataset, tmp_path):
    metrics = {"cat_metrics": ["f1-macro"], "cat_averaging_metrics": ["f1-macro"]}
    run = trained(both(metrics=metrics), dataset, tmp_path)
    assert {p.name for p in run.values("valid", target="side")} == {"loss", "f1-macro", "acc", "mcc"}


@pytest.mark.parametrize(("interval", "every"), [(5, 1), (19, 1), (40, 2), (60, 3)])
def test_training_points_come_twenty_times_between_validations(dataset, tmp_path, interval, every):
    config = both(evaluation_checkpoint={"sample_interval": interval})
    points = trained(config, dataset, tmp_path).values("train", "loss")
    assert sorted({p.step for p in points}) == sorted({*range(every, 10, every), 9})


@pytest.mark.parametrize(
    ("sample", "save", "valid", "best"),
    [
        (4, None, [4, 8, 9], [4, 8, 9]),
        (3, None, [3, 6, 9], [3, 6, 9]),
        (4, 3, [3, 4, 6, 8, 9], [3, 6, 9]),
        (3, 2, [2, 3, 4, 6, 8, 9], [2, 4, 6, 8, 9]),
        (100, 100, [9], [9]),
    ],
)
def test_validations_and_best_checkpoints_stand_where_the_intervals_say(dataset, tmp_path, sample, save, valid, best):
    config = both(evaluation_checkpoint={"sample_interval": sample, "checkpoint_interval": save})
    run = trained(config, dataset, tmp_path)
    assert [p.step for p in run.values("valid", "average")] == valid
    assert [s.step for s in run.kept("best")] == best
    assert [s.step for s in run.kept("resume")] == [9]


def test_the_points_of_a_step_come_before_its_checkpoints(plain):
    seen = 0
    for item in plain.heard:
        if isinstance(item, Saved):
            assert seen == item.step
        else:
            seen = item.step


def test_a_checkpoint_tells_its_validation(plain):
    for saved in plain.kept("best"):
        said = {(p.target or "", p.name): p.value for p in plain.values("valid") if p.step == saved.step}
        assert {(t, n): v for t, values in saved.metrics.items() for n, v in values.items()} == said
        assert saved.average == said["", "average"]
        assert saved.digest == checkpoint.digest(saved.path)
        assert saved.size_bytes == saved.path.stat().st_size


def test_training_metrics_are_taken_against_unmixed_labels(tmp_path):
    """A constant model mixes inputs without effect: its training loss is then the plain one."""
    files, labels = sides(32)
    data = pack_of(tmp_path / "pack", files, {"side": labels["side"]})
    runs = [
        trained(
            config_of(
                cat=["side"], globals={"training_control": {"mixing_alpha": alpha}, "optimization": {"lr": 1e-9}}
            ),
            data,
            tmp_path / str(alpha),
        )
        for alpha in (0.0, 5.0)
    ]
    plain, mixed = ([p.value for p in run.values("train", "loss", "side")] for run in runs)
    assert plain != mixed
    assert plain == pytest.approx(mixed, abs=0.02)


# ---- ends


def test_a_stop_writes_a_state_and_no_validation(dataset, tmp_path):
    run = trained(both(), dataset, tmp_path, stop_at=4)
    assert run.outcome == Outcome("stopped", 4, "asked")
    assert run.values("valid") == []
    assert [(s.kind, s.step) for s in run.heard if isinstance(s, Saved)] == [("resume", 4)]


def test_a_stop_before_the_first_step_is_obeyed(dataset, tmp_path):
    run = trained(both(), dataset, tmp_path, stop_at=0)
    assert run.outcome == Outcome("stopped", 0, "asked")
    assert trained(both(), dataset, tmp_path, resume=run.kept("resume")[-1].path).outcome == Outcome("finished", 9)


def test_out_of_time_means_a_last_validation_and_a_served_checkpoint(dataset, tmp_path):
    run = trained(both(), dataset, tmp_path, deadline_s=0.0)
    assert run.outcome == Outcome("time", 1)
    assert [p.step for p in run.values("valid", "average")] == [1]
    assert [(s.kind, s.step) for s in run.heard if isinstance(s, Saved)] == [("best", 1), ("resume", 1)]


def test_an_early_stop_ends_with_the_validation_that_caused_it(dataset, tmp_path):
    """A learning rate of almost nothing gives no new best after the first."""
    config = both(
        optimization={"lr": 1e-12},
        training_control={"early_stopping_patience": 2},
        evaluation_checkpoint={"sample_interval": 2, "checkpoint_interval": 100},
    )
    run = trained(config, dataset, tmp_path)
    assert run.outcome == Outcome("early_stop", 6)
    assert [p.step for p in run.values("valid", "average")] == [2, 4, 6]
    assert [s.step for s in run.kept("best")] == [6]


def test_a_resume_checkpoint_comes_every_minute_of_the_clock(dataset, tmp_path):
    config = both()
    job = open_job(config, dataset, choose_for_device(config, dataset, request=PlanRequest(threads=1)), tmp_path)
    times = iter(range(0, 10_000, 10))
    job.pace = dataclasses.replace(job.pace, clock=lambda: next(times), saved=0)
    recorder = Recorder()
    train(job, recorder, recorder)
    assert len(recorder.kept("resume")) > 3


def test_progress_reaches_the_plan(plain):
    assert isinstance(plain.plan, Plan)
    assert plain.plan.steps == plain.step == 9


# ---- faults


@pytest.mark.parametrize(
    ("optimization", "what"), [({"lr": 100.0, "gradient_clipping": 0.0, "optimizer": "sgdm"}, "loss|gradient")]
)
def test_a_diverged_run_stops_before_the_update_and_says_what_to_do(dataset, tmp_path, optimization, what):
    config = both(optimization=optimization, lr_schedule={"lr_schedule": "same"}, basic_experiment={"n_epochs": 100})
    plan = choose_for_device(config, dataset, request=PlanRequest(threads=1))
    job = open_job(config, dataset, plan, tmp_path)
    recorder = Recorder()
    with pytest.raises(
        NonFiniteLoss, match=rf"the ({what}) became NaN or infinite at step \d+ .*lower `lr`"
    ) as failure:
        train(job, recorder, recorder)
    assert failure.value.step == job.state.step + 1
    assert all(torch.isfinite(p).all() for p in job.state.model.parameters())


def test_a_diverged_run_names_its_last_finite_loss_and_the_checkpoints_that_stay(dataset, tmp_path):
    config = both(
        optimization={"lr": 100.0, "gradient_clipping": 0.0, "optimizer": "sgdm"},
        lr_schedule={"lr_schedule": "same", "warmup_steps": 0},
        evaluation_checkpoint={"sample_interval": 1, "checkpoint_interval": 1},
        basic_experiment={"n_epochs": 100},
    )
    recorder = Recorder()
    job = open_job(config, dataset, choose_for_device(config, dataset, request=PlanRequest(threads=1)), tmp_path)
    with pytest.raises((NonFiniteLoss, DivergedError)) as failure:
        train(job, recorder, recorder)
    said = str(failure.value)
    assert re.search(r"at step \d+", said)
    if kept := recorder.kept("best"):
        assert f"the best checkpoints up to step {kept[-1].step} stay and answer predictions" in said
    if isinstance(failure.value, NonFiniteLoss):
        assert "the last finite loss was" in said


def test_a_loss_far_above_its_beginning_that_stays_there_ends_the_run_and_one_that_comes_back_does_not():
    def course(*losses, every=10):
        found = Course()
        for number, loss in enumerate(losses):
            found = found.update(loss, number * every)
        return found

    far = FAR + 1
    assert course(0.7, far, far, far).lost
    assert not course(0.7, far, far).lost
    assert not course(0.7, far, far, 0.7, far, far).lost
    assert course(0.7, far, None, far, far).lost
    assert not course(0.7, far, far, far, every=1).lost  # three bad steps are nothing yet
    assert not course(2 * far, 3 * far, 3 * far, 3 * far).lost  # it began there


def test_a_run_whose_loss_runs_away_stops_at_once_and_says_from_where_to_where(dataset, tmp_path):
    config = both(basic_experiment={"n_epochs": 100})
    job = open_job(config, dataset, choose_for_device(config, dataset, request=PlanRequest(threads=1)), tmp_path)
    job.state.course = Course(first=0.7, newest=900.0, far=STAYS, since=0, step=STAYS_STEPS)
    recorder = Recorder()
    with pytest.raises(Diverging, match=r"the mean loss was 900 up to step 0 .* at the beginning 0\.7: .*lower `lr`"):
        train(job, recorder, recorder)
    assert recorder.kept("best") == []


def test_on_a_device_that_is_asked_rarely_the_first_bad_step_is_found_all_the_same():
    watch = Watch(torch.device("cuda"))  # what it does there it does with tensors of any device
    for step, loss in enumerate([0.7, 0.6, float("nan"), 0.5, float("inf")], start=1):
        watch.loss(step, torch.tensor(loss), 0.1 * step, "")
        watch.gradient(step, torch.tensor(1.0), 0.1 * step, "")
    words = r"the loss became NaN or infinite at step 3 \(learning rate 0\.3\): .*last finite loss was 0\.6 at step 2"
    with pytest.raises(NonFiniteLoss, match=words):
        watch.look("")


def test_a_gradient_that_is_no_number_is_told_from_a_loss():
    watch = Watch(torch.device("cpu"))
    watch.loss(1, torch.tensor(0.7), 0.1, "")
    with pytest.raises(NonFiniteLoss, match=r"the gradient became NaN or infinite at step 1 .* was 0\.7 at step 1"):
        watch.gradient(1, torch.tensor(float("inf")), 0.1, "")


def test_a_disk_that_is_full_for_a_while_costs_checkpoints_and_not_the_run(dataset, tmp_path, monkeypatch):
    real, asked = os.statvfs, []

    def full_at_first(folder):
        asked.append(folder)
        found = list(real(folder))
        found[4] = 0 if len(asked) <= 2 else found[4]  # f_bavail
        return os.statvfs_result(found)

    monkeypatch.setattr(os, "statvfs", full_at_first)
    run = trained(both(evaluation_checkpoint={"sample_interval": 3, "checkpoint_interval": 3}), dataset, tmp_path)
    assert run.outcome == Outcome("finished", 9)
    assert [s.step for s in run.kept("best")] == [9]
    assert [s.step for s in run.kept("resume")] == [9]


def test_a_last_checkpoint_that_does_not_fit_is_refused_with_its_size_and_the_room(dataset, tmp_path, monkeypatch):
    full = os.statvfs_result([4096, 4096, 1000, 0, 0, 0, 0, 0, 0, 255])
    monkeypatch.setattr(os, "statvfs", lambda _folder: full)
    with pytest.raises(OSError, match=r"a checkpoint of [\d,]+ bytes does not fit, 0 are free") as refused:
        trained(both(), dataset, tmp_path)
    assert refused.value.errno == errno.ENOSPC
    assert list(tmp_path.rglob("*.part")) == []


def test_a_batch_larger_than_the_training_files_is_all_of_them(dataset, tmp_path):
    run = trained(both(basic_experiment={"batch_size": 1000}), dataset, tmp_path)
    assert run.plan.batch_size == 48
    assert run.outcome == Outcome("finished", 3)


def test_the_caller_keeps_its_threads_and_random_numbers(dataset, tmp_path):
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    trained(both(), dataset, tmp_path)
    assert torch.equal(torch.rand(3), expected)


def test_points_are_finite_json(plain):
    for point in plain.values():
        assert isinstance(point, Point)
        json.dumps(dataclasses.asdict(point), allow_nan=False)
