"""The wide branch learns, says what it did, stops when asked, and does the same twice."""

import re

import numpy as np
import pytest
import torch

from models.config import TargetSpec
from models.nn.wide import WideHead
from models.training.wide import Effort, fit_wide
from models.training.wide.choice import Means, choose_effort
from models.training.wide.effort import EFFORTS
from models.training.wide.forecast import forecast
from tests.models.training.tasks import pack_of

EFFORT = Effort((1, 2, 3, 4), (1.0, 0.1, 0.01), 15)
CLASSES = ["a", "b", "c"]


class Asked:
    def __init__(self, after: int) -> None:
        self.left = after

    def requested(self) -> str | None:
        self.left -= 1
        return "asked" if self.left < 0 else None


def task(tmp_path, count=240):
    """Random bytes with one of three words anywhere (kind, three classes), and a level: how many 7s there are."""
    draw = np.random.default_rng(0)
    files, kinds, levels = {}, [], []
    for i in range(count):
        body = draw.integers(20, 60, int(draw.integers(30, 90)))
        sevens = int(draw.integers(0, 12))
        word = [b"wide", b"deep", b"tree"][i % 3]
        cut = int(draw.integers(0, len(body)))
        files[f"f{i:03}"] = bytes(body[:cut].tolist()) + word + b"\x07" * sevens + bytes(body[cut:].tolist())
        kinds.append(i % 3)
        levels.append(sevens)
    dataset = pack_of(tmp_path / "pack", files, {"kind": [CLASSES[k] for k in kinds]})
    z = np.array(levels, np.float32)
    labels = {"kind": torch.tensor(kinds), "level": torch.from_numpy((z - z.mean()) / z.std())}
    targets = [TargetSpec("kind", "categorical", classes=CLASSES), TargetSpec("level", "continuous")]
    places = draw.permutation(count)
    return dataset, np.sort(places[:160]), np.sort(places[160:200]), np.sort(places[200:]), labels, targets


def fitted(tmp_path, parts, **more):
    dataset, train, valid, _, labels, targets = parts
    head = WideHead({target.name: target.outputs for target in targets})
    report = fit_wide(head, dataset, train, valid, labels, targets, effort=EFFORT, scratch=tmp_path / "scratch", **more)
    return head, report


def test_it_learns_classes_and_numbers_with_labels_missing(tmp_path):
    parts = task(tmp_path)
    dataset, train, _, test, labels, _ = parts
    labels["kind"][train[::5]] = -1
    labels["level"][train[1::5]] = float("nan")
    head, report = fitted(tmp_path, parts)
    answers = head([dataset.read(int(place)) for place in test])
    assert (answers["kind"].argmax(1) == labels["kind"][test]).float().mean() > 0.95
    assert ((answers["level"][:, 0] - labels["level"][test]) ** 2).mean() < 0.1
    assert head.by_kernel.tolist() == [False, True]
    gathered, kind, level = report.why
    assert gathered.startswith(f"{len(head.hashes):,} n-grams")
    assert "'kind': L2" in kind
    assert "'level': a kernel machine" in level


def test_validation_measures_a_fit_that_never_saw_its_files_and_the_answers_are_of_one_that_did(tmp_path):
    parts = task(tmp_path)
    dataset, train, valid, _, labels, targets = parts
    labels["kind"][valid[0]] = (labels["kind"][valid[0]] + 1) % 3  # a wrong label can only be learnt by heart
    head, report = fitted(tmp_path, parts)
    served = head([dataset.read(int(place)) for place in valid])
    assert [tuple(report.held_out[target.name].shape) for target in targets] == [(40, 3), (40, 1)]
    wrong = int(labels["kind"][valid[0]])
    assert served["kind"][0].softmax(0)[wrong] > 3 * report.held_out["kind"][0].softmax(0)[wrong]
    level = labels["level"][valid]
    errors = [float(((said["level"][:, 0] - level) ** 2).mean()) for said in (served, report.held_out)]
    assert errors[0] < 0.5 * errors[1]
    # without validation files nothing is held out, and all files train as before
    assert fitted(tmp_path, (dataset, train, valid[:0], None, labels, targets))[1].held_out["kind"].shape == (0, 3)


def test_the_head_answers_as_the_fit_scored(tmp_path, monkeypatch):
    monkeypatch.setattr("models.training.wide.kernel_fit.MOST_BYTES", 10)
    monkeypatch.setattr("models.training.wide.line.UNJUDGED", 0.1)
    dataset, train, valid, _, labels, targets = task(tmp_path)
    places = {"train": train, "valid": valid}
    reports = {}
    for name, judged in (("scored", valid), ("answered", valid[:0])):  # both train on the same files, with one L2
        head = WideHead({target.name: target.outputs for target in targets})
        effort = Effort((1, 2, 3), (0.1,), 15)
        reports[name] = (
            head,
            fit_wide(head, dataset, places["train"], judged, labels, targets, effort=effort, scratch=tmp_path),
        )
    answers = reports["answered"][0]([dataset.read(int(place)) for place in valid])
    for target in targets:  # counts of bytes that stand in all files among them: the level's
        assert torch.allclose(answers[target.name], reports["scored"][1].held_out[target.name], atol=1e-3)


def test_numbers_without_a_validation_file_of_theirs_are_answered_all_the_same(tmp_path):
    parts = task(tmp_path)
    parts[4]["level"][parts[2]] = float("nan")
    head, report = fitted(tmp_path, parts)
    assert head.by_kernel.tolist() == [False, True]
    assert report.held_out["level"].shape == (40, 1)


@pytest.mark.parametrize("kernel", [True, False], ids=["by the kernel", "by n-grams"])
@pytest.mark.parametrize("side", [1, 2], ids=["of training", "of validation"])
def test_a_number_far_beyond_all_others_leaves_no_answer_without_a_number(tmp_path, monkeypatch, kernel, side):
    """A slip of 1e30 among the labels of validation: its square is no float32, and every prediction was NaN."""
    if not kernel:
        monkeypatch.setattr("models.training.wide.kernel_fit.MOST_BYTES", 10)
    parts = task(tmp_path)
    parts[4]["level"][parts[side][0]] = 1e30
    head, report = fitted(tmp_path, parts)
    assert report.held_out["level"].isfinite().all()
    assert head([parts[0].read(int(place)) for place in parts[3]])["level"].isfinite().all()


def test_numbers_of_large_files_are_learnt_without_the_kernel(tmp_path, monkeypatch):
    monkeypatch.setattr("models.training.wide.kernel_fit.MOST_BYTES", 10)
    parts = task(tmp_path)
    dataset, _, _, test, labels, _ = parts
    head, _ = fitted(tmp_path, parts)
    guesses = head([dataset.read(int(place)) for place in test])["level"][:, 0]
    assert not head.by_kernel.any()
    assert ((guesses - labels["level"][test]) ** 2).mean() < 0.4


def test_two_fits_are_bit_equal_and_need_no_memory(tmp_path):
    parts = task(tmp_path)
    first, second = fitted(tmp_path, parts)[0], fitted(tmp_path, parts)[0]
    assert all(
        torch.equal(a, b) for a, b in zip(first.state_dict().values(), second.state_dict().values(), strict=True)
    )
    poor = fitted(tmp_path, parts, memory_bytes=1_500_000)[0]
    assert torch.equal(poor.hashes, first.hashes)
    assert torch.allclose(poor.weights, first.weights, atol=2e-2)
    assert not (tmp_path / "scratch" / "wide").exists()


@pytest.mark.parametrize("after", [0, 3, 12])
def test_asked_to_stop_it_leaves_the_head_alone(tmp_path, after):
    head, report = fitted(tmp_path, task(tmp_path), stop=Asked(after))
    assert report is None
    assert not head.fitted


def test_too_many_weights_are_cut_to_what_stands_in_more_files(tmp_path, monkeypatch):
    monkeypatch.setattr("models.training.wide.fit.WEIGHTS", 400)
    head, report = fitted(tmp_path, task(tmp_path))
    assert len(head.hashes) * 4 <= 400
    assert "more than 100" in report.why[0]


def test_of_a_long_file_the_same_bytes_are_learnt_as_are_answered(tmp_path, monkeypatch):
    monkeypatch.setattr("models.nn.spread.MOST_READ", 256)
    monkeypatch.setattr("models.nn.spread.BLOCK", 64)
    target, labels = TargetSpec("kind", "categorical", classes=["a", "b"]), {"kind": torch.tensor([0, 0, 1, 1])}
    places, effort, heads = np.arange(4), Effort((1,), (0.1,), 3), []
    for unseen in (0, 99):  # between two ranges of what is read
        bodies = np.zeros((4, 2000), np.uint8)
        bodies[:2, 100], bodies[1:3, 0] = unseen, 7
        files = {f"f{i}": body[: 1990 + i].tobytes() for i, body in enumerate(bodies)}
        dataset = pack_of(tmp_path / f"pack-{unseen}", files, {"kind": list("aabb")})
        head = WideHead({"kind": 2})
        fit_wide(head, dataset, places, places[:0], labels, [target], effort=effort, scratch=tmp_path)
        heads.append(head.state_dict())
    assert all(torch.equal(a, b) for a, b in zip(heads[0].values(), heads[1].values(), strict=True))


@pytest.mark.parametrize(("shortest", "longest"), [(24, 24), (700, 900)])
def test_places_of_files_of_one_length_and_of_heads_are_told_apart(tmp_path, shortest, longest):
    draw = np.random.default_rng(1)
    bodies = [draw.integers(0, 4, draw.integers(shortest, longest + 1), dtype=np.uint8) for _ in range(200)]
    side = np.array([body[5] > 1 for body in bodies]).astype(int)
    dataset = pack_of(
        tmp_path / "pack", {f"f{i:03}": b.tobytes() for i, b in enumerate(bodies)}, {"side": ["ab"[s] for s in side]}
    )
    target = TargetSpec("side", "categorical", classes=["a", "b"])
    head = WideHead({"side": 2})
    labels = {"side": torch.from_numpy(side)}
    places = np.arange(200)
    fit_wide(head, dataset, places[:140], places[140:170], labels, [target], effort=EFFORT, scratch=tmp_path)
    answers = head([dataset.read(place) for place in range(170, 200)])["side"]
    assert (answers.argmax(1).numpy() == side[170:]).mean() > 0.9


def test_the_time_is_forecast_from_a_sample(tmp_path):
    dataset, train, valid, _, _, targets = task(tmp_path)
    few, many = ([TargetSpec("kind", "categorical", classes=[f"c{i}" for i in range(n)])] for n in (3, 3_000))
    usual, of_few, of_many = (
        forecast(dataset, train, valid, aims, sampled=True).seconds for aims in (targets, few, many)
    )
    assert 0 < usual < 60
    assert of_many / of_few > 10


def test_what_does_not_fit_into_memory_is_foreseen_on_disk(tmp_path):
    dataset, train, valid, _, _, targets = task(tmp_path)
    total = int(np.asarray(dataset.lengths).sum())
    for sampled in (True, False):
        assert forecast(dataset, train, valid, targets, sampled=sampled).scratch == 0
        poor = forecast(dataset, train, valid, targets, sampled=sampled, memory_bytes=10_000)
        assert 8 * total < poor.scratch < 200 * total
    first, again = (forecast(dataset, train, valid, targets, sampled=False) for _ in range(2))
    assert first == again


@pytest.mark.parametrize(
    ("classes", "seconds", "memory_bytes", "effort", "why"),
    [
        (3, None, 10**9, 0, r"effort 0 of 4: about \d+ s on a usual core"),
        (3, 1000.0, 10**9, 0, r"effort 0 of 4: about \d+ s"),
        (3, 0.0, 10**9, None, r"not fitted: even the least would take about \d+ s of the 0 that it may"),
        (10**6, None, 10**9, None, "24,000 MB for a score of each file and class; wide_memory_mb is 1,000"),
        (3, None, 10**5, None, r"MB of scratch files; the disk has 0 to spare"),
    ],
)
def test_the_effort_is_the_greatest_that_time_memory_and_disk_allow(
    tmp_path, monkeypatch, classes, seconds, memory_bytes, effort, why
):
    monkeypatch.setattr("models.training.wide.choice.RESERVE_BYTES", 1 << 60)
    dataset, train, valid, _, _, _ = task(tmp_path)
    targets = [TargetSpec("kind", "categorical", classes=[str(i) for i in range(classes)])]
    found = choose_effort(dataset, train, valid, targets, Means(seconds, memory_bytes, tmp_path))
    assert found.effort == effort
    assert re.search(why, found.why)


def test_a_large_data_set_gets_less_effort_where_no_budget_bounds_it(tmp_path, monkeypatch):
    dataset, train, valid, _, _, targets = task(tmp_path)
    most, least = (
        forecast(dataset, train, valid, targets, sampled=False, effort=effort).seconds for effort in EFFORTS[::3]
    )
    monkeypatch.setattr("models.training.wide.choice.UNTIMED_S", (most + least) / 2)
    found = choose_effort(dataset, train, valid, targets, Means(None, 10**9))
    assert found.effort in (1, 2, 3)
