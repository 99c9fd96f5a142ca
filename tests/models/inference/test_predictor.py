"""The predictor answers from a checkpoint file alone, the same bits every time."""

import numpy as np
import pytest
import torch

from models.inference.predictor import Categorical, Continuous, EmptyFileError, Predictor
from models.nn.network import Unlike
from models.training.build import open_job
from models.training.checkpoint import CheckpointError
from models.training.evaluate import evaluate
from tests.models.training.tasks import config_of, pack_of, sides, trained

FILES, LABELS = sides(160, classes=3)
RECIPE = {
    "optimization": {"lr": 1e-2},
    "basic_experiment": {"n_epochs": 8},
    "evaluation_checkpoint": {"sample_interval": 1000},
}


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("run")
    dataset = pack_of(folder / "pack", FILES, LABELS)
    config = config_of(cat=["side"], con=["level"], globals=RECIPE, max_length=32)
    return config, dataset, trained(config, dataset, folder / "out")


@pytest.fixture(scope="module")
def predictor(run):
    return Predictor.load(run[2].kept("best")[-1].path)


def test_it_knows_what_it_serves(run, predictor):
    saved = run[2].kept("best")[-1]
    assert (predictor.step, predictor.digest) == (saved.step, saved.digest)
    assert (predictor.input_name, predictor.output_name) == ("input", "output")


def test_the_answers_are_those_the_validation_measured(run, predictor, tmp_path):
    config, dataset, recorder = run
    job = open_job(config, dataset, recorder.plan, tmp_path, resume=recorder.kept("resume")[-1].path)
    files = [bytes(dataset.read(int(i))) for i in job.files.valid]
    answers = predictor.predict(files)
    truth = [dataset.labels.target("side").values[i] for i in job.files.valid]
    right = np.mean([a.outputs["side"].label == t for a, t in zip(answers, truth, strict=True)])
    assert right == recorder.last("acc", "side")
    values = np.array([a.outputs["level"].value for a in answers])
    level = dataset.labels.target("level").numbers[job.files.valid]
    r2 = 1 - np.sum((values - level) ** 2) / np.sum((level - level.mean()) ** 2)
    assert r2 == pytest.approx(recorder.last("r2", "level"), abs=1e-5)
    again = evaluate(
        job.state.model, job.state.objective, job.batches.in_order(job.files.valid, 16), job.targets, job.config
    )
    assert again.values["side"]["acc"] == right


def test_an_answer_names_every_class_and_sums_to_one(predictor):
    (answer,) = predictor.predict([bytes(range(20))])
    side, level = answer.outputs["side"], answer.outputs["level"]
    assert isinstance(side, Categorical)
    assert list(side.probabilities) == ["a", "b", "c"]
    assert sum(side.probabilities.values()) == pytest.approx(1.0, abs=1e-12)
    assert side.label == max(side.probabilities, key=side.probabilities.__getitem__)
    assert isinstance(level, Continuous)
    assert 0 <= level.value <= 10


def test_a_file_alone_gives_the_same_bits_every_time_and_in_every_buffer(run, predictor):
    other = Predictor.load(run[2].kept("best")[-1].path)
    file = bytes(range(30))
    expected = predictor.predict([file])
    for buffer in (file, bytearray(file), memoryview(file), memoryview(b"xx" + file)[2:]):
        assert predictor.predict([buffer]) == expected
        assert other.predict([buffer]) == expected


def test_in_a_batch_the_answers_differ_by_rounding_only(predictor):
    draw = np.random.default_rng(0)
    files = [bytes(draw.integers(0, 256, int(n)).astype(np.uint8)) for n in draw.integers(1, 80, 150)]
    for file, together in zip(files, predictor.predict(files), strict=True):
        (alone,) = predictor.predict([file])
        assert together.read == alone.read
        a, b = (answer.outputs["side"].probabilities for answer in (alone, together))
        assert list(a.values()) == pytest.approx(list(b.values()), abs=1e-5)
        assert alone.outputs["level"].value == pytest.approx(together.outputs["level"].value, abs=1e-4)


@pytest.mark.parametrize("length", [1, 2, 7, 8, 9, 31, 32, 33, 1000])
def test_every_length_is_answered_from_the_first_bytes(predictor, length):
    file = bytes((i * 37) % 256 for i in range(length))
    (answer,) = predictor.predict([file])
    assert answer.read == predictor.read(length) == min(length, 32)
    assert predictor.predict([file[:32] + b"more"] if length >= 32 else [file])[0].outputs == answer.outputs
    assert np.isfinite([*answer.outputs["side"].probabilities.values(), answer.outputs["level"].value]).all()


def test_an_empty_file_is_refused_and_named(predictor):
    with pytest.raises(EmptyFileError, match="file 2 is empty") as refused:
        predictor.predict([b"x", b""])
    assert refused.value.index == 1


def test_no_files_no_answers(predictor):
    assert predictor.predict([]) == []


def test_a_resume_file_is_refused(run):
    with pytest.raises(CheckpointError, match="of kind octet-train-state"):
        Predictor.load(run[2].kept("resume")[-1].path)


def test_one_logit_becomes_two_probabilities(tmp_path):
    files, labels = sides(32)
    dataset = pack_of(tmp_path / "pack", files, {"side": labels["side"]})
    config = config_of(cat=["side"], output={"cat_loss_name": "BCEWithLogitsLoss"})
    predictor = Predictor.load(trained(config, dataset, tmp_path / "out").kept("best")[-1].path)
    side = predictor.predict([b"abc"])[0].outputs["side"]
    assert list(side.probabilities) == ["a", "b"]
    assert sum(side.probabilities.values()) == pytest.approx(1.0, abs=1e-12)
    assert side.label == ("b" if side.probabilities["b"] > 0.5 else "a")


def test_whether_a_file_is_unlike_the_training_files_is_told_by_a_model_that_can(run, monkeypatch):
    predictor = Predictor.load(run[2].kept("best")[-1].path)
    assert not predictor.tells_unlike
    assert predictor.predict([b"abc"])[0].unlike is None
    monkeypatch.setattr(predictor._model, "novelty", lambda files: [Unlike(len(f) / 10, len(f) > 9) for f in files])
    assert predictor.tells_unlike
    assert [found.unlike for found in predictor.predict([b"abc", b"abc" * 3])] == [
        Unlike(0.3, False),
        Unlike(0.9, False),
    ]


def test_loading_leaves_the_callers_random_numbers_alone(run):
    torch.manual_seed(3)
    expected = torch.rand(2)
    torch.manual_seed(3)
    Predictor.load(run[2].kept("best")[-1].path)
    assert torch.equal(torch.rand(2), expected)
