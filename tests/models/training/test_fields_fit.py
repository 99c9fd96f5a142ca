"""The view `fields` in the loop: it learns what other views do not, and its quantiles are those of training files."""

import numpy as np
import pytest
import torch

from models.config import PlanRequest
from models.inference.predictor import Predictor
from models.nn.octet.view_fields import FieldsView
from models.training.build import open_job
from models.training.fields_fit import fit_fields
from models.training.loop import begin
from models.training.plan import choose_for_device
from models.training.report import Outcome
from tests.models.training.tasks import Recorder, config_of, pack_of, trained

RECORD = {"length": 16, "numbers": [{"at": 0, "reading": "f32le", "count": 3}]}


def octet(*views, rate=1e-2, **fields):
    octet = {"size": "nano", "views": list(views), "stride": 1, "ngram_bits": 10, "members": 1, "ema_decay": 0.9}
    octet |= {"fields": {**RECORD, **fields}} if "fields" in views else {}
    return config_of(
        cat=["larger"],
        globals={"optimization": {"lr": rate, "b2": 0.99}, "basic_experiment": {"batch_size": 64}},
        model={"model_type": "octet", "octet": {**octet, "wide": False}},
    )


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    """Three floats around 20 and four bytes of noise; whether the first float is larger than the second."""
    draw = np.random.default_rng(0)
    values = draw.normal(20, 5, (600, 3)).astype("<f4")
    files = {f"f{at:03d}": row.tobytes() + draw.bytes(4) for at, row in enumerate(values)}
    labels = {"larger": ["yes" if a > b else "no" for a, b, _ in values]}
    return pack_of(tmp_path_factory.mktemp("data") / "pack", files, labels)


def test_it_learns_to_compare_two_numbers_where_other_views_hardly_do(dataset, tmp_path):
    found = {
        views: trained(octet(*views), dataset, tmp_path / views[0], plan=PlanRequest(steps=40)).last("acc", "larger")
        for views in (("fields", "statistics"), ("ngrams", "statistics"))
    }
    assert found[("fields", "statistics")] >= 0.92
    assert found[("ngrams", "statistics")] <= found[("fields", "statistics")] - 0.1


@pytest.mark.parametrize("stop_at", [0, 3])
def test_a_resumed_run_is_bit_equal_and_its_checkpoint_answers(dataset, tmp_path, stop_at):
    config, plan = octet("fields", "statistics"), PlanRequest(steps=6, batch=32)
    whole = trained(config, dataset, tmp_path / "whole", plan=plan)
    first = trained(config, dataset, tmp_path / "first", plan=plan, stop_at=stop_at)
    assert first.outcome == Outcome("stopped", stop_at, "asked")
    second = trained(config, dataset, tmp_path / "second", plan=plan, resume=first.kept("resume")[-1].path)
    assert first.values() + second.values() == whole.values()
    assert second.kept("best")[-1].digest == whole.kept("best")[-1].digest
    said = Predictor.load(whole.kept("best")[-1].path).predict([dataset.read(0), dataset.read(1)])
    assert all(answer.outputs["larger"].label in ("yes", "no") for answer in said)


def test_quantiles_are_those_of_training_files_alone_and_the_same_in_all_members(dataset, tmp_path):
    config = octet("fields")
    plan = choose_for_device(config, dataset, request=PlanRequest(steps=1, threads=1))
    job = open_job(config, dataset, plan, tmp_path)
    begin(job, Recorder(), Recorder())
    (view,) = [module for module in job.state.model.modules() if isinstance(module, FieldsView)]
    train = np.stack([np.frombuffer(dataset.read(int(at)).tobytes()[:12], "<f4") for at in job.files.train])
    assert view.encoding.knots[:3, 0].tolist() == train.min(0).tolist()
    assert view.encoding.knots[:3, 16].tolist() == train.max(0).tolist()
    once = view.encoding.knots.clone()
    fit_fields(job.state.model.deep, dataset, job.files.train, 40)
    assert torch.equal(view.encoding.knots, once)
