import math
from dataclasses import replace

import pytest
from sqlalchemy import select, update

from app.db.tables import idempotency
from app.services.datasets.create import Upload, create_dataset
from app.services.jobs.keys import KEY_LIFE_S, KeyReused
from app.services.jobs.outcomes import JobEnd
from app.services.runs.lease import acquire, finish, record_plan, record_progress
from app.services.runs.read import events, get_run, list_runs
from app.services.runs.submit import BadConfig, DatasetNotThere, check, submit
from models.config import load_config
from models.training.report import Plan, Progress
from tests.app.services.runs.test_lease import at_once
from tests.support.uploads import an_upload, tar_gz

SHORT = {"dataset": "words", "target": "Sentiment"}


def full(**basic):
    return {
        "globals": {
            "basic_experiment": {"n_epochs": 2, "output_folder": "runs/tutorial_06", "valid_size": 0.1, **basic}
        },
        "input": {
            "input_info": {"input_source": "words", "input_name": "bytes_in", "input_type": "bytes"},
            "input_type_info": {"max_length": 64},
            "model_config": {"model_type": "sequence-default", "window_size": 32, "embedding_dim": 16},
        },
        "output": {
            "output_info": {"output_source": "words", "output_name": "out", "output_type": "tabular"},
            "output_type_info": {"target_cat_columns": ["Sentiment"]},
        },
    }


def full_with_ids(ids):
    body = full(manual_valid_ids=ids)
    del body["globals"]["basic_experiment"]["valid_size"]
    return body


@pytest.fixture
def words(parts, tmp_path):
    return create_dataset(parts, an_upload(tmp_path / "up"))[0]


def test_a_submitted_run_is_queued_and_announced(parts, broker, words):
    view, created = submit(parts, SHORT)
    assert created
    assert (view.status, view.attempt, view.progress.steps, view.best, view.error) == ("queued", 0, None, None, None)
    assert (view.dataset, view.dataset_id, view.name) == ("words", words.id, "words")
    assert broker.messages == [view.id]
    assert get_run(parts, view.id) == view
    assert [event.kind for event in events(parts, view.id)] == ["queued"]
    assert view.links["self"] == f"/runs/{view.id}"


def test_everything_that_was_left_out_comes_back_chosen_with_reasons(parts, words):
    view, _ = submit(parts, SHORT)
    assert load_config(view.config).input.input_type_info.max_length > 0
    assert "/input/input_type_info/max_length" in view.reasons
    assert acquire(parts, view.id, "w").form == "short"


def test_eirs_form_names_its_data_set_by_the_input_source_and_its_run_by_the_folder(parts, words):
    view, _ = submit(parts, full(memory_dataset=True))
    assert (view.dataset, view.name) == ("words", "tutorial_06")
    assert any("memory_dataset" in note["pointer"] for note in view.config_notes)
    lease = acquire(parts, view.id, "w")
    assert (lease.form, lease.dataset_key) == ("full", f"datasets/{words.digest}")


def test_the_data_set_may_be_named_by_its_id(parts, words):
    view, _ = submit(parts, SHORT | {"dataset": words.id})
    assert (view.dataset_id, view.dataset, view.name) == (words.id, "words", "words")


def test_options_of_the_run_are_kept(parts, words):
    body = SHORT | {"name": "mine", "tags": ["a", "b"], "max_runtime_s": 90, "plan": {"steps": 7, "threads": 1}}
    view, _ = submit(parts, body)
    assert (view.name, view.tags, view.max_runtime_s) == ("mine", ["a", "b"], 90.0)
    assert acquire(parts, view.id, "w").plan_request == {"steps": 7, "batch": None, "threads": 1}


def test_the_same_key_and_body_is_the_same_run_however_it_is_spelt(parts, broker, words):
    first, created = submit(parts, SHORT, "key")
    again, created_again = submit(parts, dict(reversed(SHORT.items())), "key")
    assert (created, created_again) == (True, False)
    assert again == first
    assert broker.messages == [first.id]


def test_the_same_key_with_another_body_is_refused_and_names_the_run(parts, words):
    first, _ = submit(parts, SHORT, "key")
    with pytest.raises(KeyReused, match=first.id):
        submit(parts, SHORT | {"seed": 1}, "key")
    assert len(list_runs(parts).runs) == 1


def test_a_refused_body_does_not_use_up_its_key(parts, words):
    with pytest.raises(BadConfig):
        submit(parts, SHORT | {"colour": 1}, "key")
    assert submit(parts, SHORT, "key")[1] is True


def test_a_key_is_free_again_after_a_day_and_leaves_no_row(parts, words):
    first, _ = submit(parts, SHORT, "key")
    submit(parts, SHORT, "other")
    with parts.db.transaction() as tx:
        tx.execute(update(idempotency).values(created=idempotency.c.created - KEY_LIFE_S + 60))
    assert submit(parts, SHORT, "key")[0].id == first.id
    with parts.db.transaction() as tx:
        tx.execute(update(idempotency).values(created=idempotency.c.created - 120))
    again, created = submit(parts, SHORT | {"seed": 1}, "key")
    assert created
    assert again.id != first.id
    with parts.db.reading() as tx:
        assert list(tx.execute(select(idempotency.c.key, idempotency.c.run_id))) == [("key", again.id)]


@pytest.mark.parametrize("key", ["", "k" * 256])
def test_a_key_that_is_none_is_refused(parts, words, key):
    with pytest.raises(KeyReused):
        submit(parts, SHORT, key)


def test_eight_requests_with_one_key_at_once_make_one_run(parts, broker, words):
    made = at_once(8, lambda _: submit(parts, SHORT, "key"))
    assert sorted(created for _, created in made) == [False] * 7 + [True]
    assert len({view.id for view, _ in made}) == 1
    assert len(broker.messages) == len(list_runs(parts).runs) == 1


def test_eight_requests_without_a_key_make_eight_runs(parts, broker, words):
    made = at_once(8, lambda _: submit(parts, SHORT))
    assert len({view.id for view, _ in made}) == len(broker.messages) == 8


def test_every_fault_of_a_body_is_told_with_its_place(parts, words):
    with pytest.raises(BadConfig) as refused:
        submit(parts, SHORT | {"colour": 1, "seed": "x"})
    assert {fault.pointer for fault in refused.value.faults} == {"/colour", "/seed"}
    with pytest.raises(BadConfig) as refused:
        submit(parts, SHORT | {"target": "sentiment"})
    assert [fault.pointer for fault in refused.value.faults] == ["/target"]
    with pytest.raises(BadConfig):
        submit(parts, {})
    assert list_runs(parts).runs == []


@pytest.mark.parametrize("ask", [submit, check])
def test_validation_ids_that_no_file_has_are_a_fault_of_the_body_and_named(parts, words, ask):
    with pytest.raises(BadConfig) as refused:
        ask(parts, full_with_ids(["r01", "nosuch", "r02", *(f"x{i}" for i in range(30))]))
    [fault] = refused.value.faults
    assert fault.pointer == "/globals/basic_experiment/manual_valid_ids"
    assert "31 IDs" in fault.detail
    assert "nosuch" in fault.detail
    assert "r01" not in fault.detail
    assert len(fault.detail) < 500
    assert list_runs(parts).runs == []
    ask(parts, full_with_ids(["r01", "r02"]))


def test_a_run_by_validation_ids_whose_data_set_has_no_files_is_refused_in_words(parts, words):
    parts.storage.delete(f"datasets/{words.digest}")
    with pytest.raises(DatasetNotThere, match="the files of data set words cannot be read"):
        submit(parts, full_with_ids(["r01"]))


@pytest.mark.parametrize(("body", "pointer"), [(SHORT, "/dataset"), (full(), "/input/input_info/input_source")])
def test_a_data_set_that_does_not_exist_is_a_fault_of_the_body(parts, body, pointer):
    with pytest.raises(DatasetNotThere, match="words") as refused:
        submit(parts, body)
    assert [fault.pointer for fault in refused.value.faults] == [pointer]


def test_a_broker_that_is_away_does_not_keep_a_run_from_being_queued(parts, broker, words):
    broker.away = True
    view, _ = submit(parts, SHORT)
    assert get_run(parts, view.id).status == "queued"


def test_a_check_says_what_would_be_queued_and_queues_nothing(parts, broker, words):
    checked = check(parts, full())
    assert checked.valid
    assert checked.estimate["parameters"] > 1000
    assert checked.estimate["memory_bytes"] > 4 * checked.estimate["parameters"]
    assert checked.estimate["seconds_per_step"] is None
    assert (list_runs(parts).runs, broker.messages) == ([], [])
    view, _ = submit(parts, full())
    assert (view.config, view.reasons, view.config_notes) == (checked.config, checked.reasons, checked.config_notes)


def test_a_check_knows_the_time_of_a_step_once_such_a_run_was_measured(parts, words):
    view, _ = submit(parts, full())
    lease = acquire(parts, view.id, "w")
    record_progress(parts, lease, Progress(20, 20, 2.0, None))
    finish(parts, lease, JobEnd("succeeded", "finished"))
    used = get_run(parts, view.id).used_s
    assert check(parts, full(n_epochs=9)).estimate["seconds_per_step"] == pytest.approx(used / 20, abs=1e-3)
    assert check(parts, full(batch_size=3)).estimate["seconds_per_step"] is None


def test_a_check_refuses_what_submit_refuses(parts, words):
    with pytest.raises(BadConfig):
        check(parts, SHORT | {"colour": 1})


def test_the_size_of_the_model_is_chosen_for_the_devices_of_the_settings(parts, tmp_path):
    (tmp_path / "labels.csv").write_text("ID,kind\n" + "".join(f"f{at},{at % 2}\n" for at in range(5_700)))
    archive = tar_gz(tmp_path / "files.tar.gz", {f"f{at}": b"%d" % at for at in range(5_700)})
    create_dataset(parts, Upload(name="numbers", labels=tmp_path / "labels.csv", archive=archive))
    body, size = {"dataset": "numbers", "target": "kind"}, "/input/model_config/octet/size"
    found = [check(with_worker(parts, devices=devices), body) for devices in ("cpu", "cpu,cuda")]
    assert [one.config["input"]["model_config"]["octet"]["size"] for one in found] == ["tiny", "small"]
    assert "GPU" not in found[0].reasons[size]
    assert "GPU" in found[1].reasons[size]


def granting(parts, memory):
    """The same parts, where a training may take so many bytes."""
    return with_worker(parts, train_memory_bytes=memory)


def with_worker(parts, **settings):
    """The same parts with other settings of the worker."""
    worker = parts.settings.worker.model_copy(update=settings)
    return replace(parts, settings=parts.settings.model_copy(update={"worker": worker}))


def impossible():
    body = full(batch_size=4096)
    body["input"]["input_type_info"]["max_length"] = 10_000_000
    body["input"]["model_config"]["embedding_dim"] = 4096
    return body


def test_what_does_not_fit_into_the_memory_that_is_known_is_refused_with_what_would_fit(parts, words):
    for use in (submit, check):
        with pytest.raises(BadConfig) as refused:
            use(granting(parts, 64 * 2**30), impossible())
        [fault] = refused.value.faults
        assert fault.pointer == "/input/input_type_info/max_length"
        assert "64.0 GiB can be had. What would fit: lower max_length to " in fault.detail
    assert list_runs(parts).runs == []


def test_where_only_the_worker_knows_its_memory_the_run_is_queued(parts, words):
    assert submit(parts, impossible())[0].status == "queued"


def test_a_check_shows_the_memory_that_is_needed_and_the_memory_there_is(parts, words):
    known, unknown = (check(granting(parts, memory), full()).estimate for memory in (2**33, 0))
    assert known["memory_bytes"] < known["memory_limit_bytes"] == 2**33
    assert unknown["memory_limit_bytes"] is None
    assert 0 < known["predict_memory_bytes"] < known["memory_bytes"]


def test_a_check_counts_steps_and_the_checkpoints_that_are_kept(parts, words):
    body = full(n_epochs=7, batch_size=2)
    found = check(parts, body).estimate
    files = words.files - max(1, math.ceil(0.1 * words.files))
    assert found["steps"] == 7 * (files // 2)
    body["globals"]["evaluation_checkpoint"] = {"n_saved_models": 3}
    more = check(parts, body | {"plan": {"steps": 11}}).estimate
    assert more["steps"] == 11
    assert more["checkpoint_bytes"] - found["checkpoint_bytes"] == 2 * 4 * found["parameters"]


def test_a_check_knows_the_time_of_a_step_also_when_such_a_run_was_only_measured(parts, words):
    view, _ = submit(parts, full())
    speed = {"step_s": 0.25, "validation_s": 1.0}
    plan = Plan(steps=9, batch_size=2, threads=1, sample_interval=1, steps_per_epoch=3, measured=speed)
    record_plan(parts, acquire(parts, view.id, "w"), plan)
    assert check(parts, full(n_epochs=5)).estimate["seconds_per_step"] == 0.25
    assert check(parts, full(batch_size=3)).estimate["seconds_per_step"] is None
