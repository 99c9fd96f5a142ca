"""Queue a run, or only say what it would be."""

import logging
import os
from dataclasses import dataclass
from typing import Any

from app.db import datasets, events, runs
from app.db.engine import Transaction
from app.db.jobs import RUNS
from app.db.tables.datasets import DatasetRow
from app.errors import Example, Fault, Invalid
from app.parts import Parts
from app.services.datasets.find import known_datasets
from app.services.datasets.view import storage_key
from app.services.ids import fingerprint, new_id
from app.services.jobs.keys import claim
from app.services.runs.find import found_run
from app.services.runs.keeping import RESUMES_KEPT
from app.services.runs.view import RunView, view_of
from app.tracing import Origin, current
from models.config import (
    Chosen,
    ConfigError,
    Room,
    RunConfig,
    RunRequest,
    checkpoint_sizes,
    choose_for_data,
    dump_config,
    load_of,
    manual_id_faults,
    memory_bytes,
    parameters,
    parse_request,
    predicting_bytes,
    sides_of,
    sized_targets,
    within_memory,
)
from models.devices import Device, usable_devices
from models.packed import DatasetSummary, PackedDataset, PackedError

log = logging.getLogger(__name__)

MEASURED_STEPS = 10
"""Fewer steps say nothing about the time of a step."""


class BadConfig(Invalid):
    """The body cannot become a run; every fault is named with its place."""

    rule = "run-config"
    title = "The configuration breaks rules"
    mend = (
        "Change every key that `errors` names; GET /config/schema has all keys, and POST /runs?validate=true "
        "checks without queueing."
    )
    example = Example("/seed: must be 0 or more, got -1", "/seed")


class DatasetNotThere(Invalid):
    """The run names a data set that does not exist."""

    rule = "run-dataset"
    title = "The run's data set does not exist"
    mend = "Upload the data set first, or name one of those that the detail lists."
    example = Example("no data set has the name or id 'imbd'; the newest are called imdb", "/dataset")


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a body would become: the whole config with reasons, and its cost.

    `estimate`: parameters, memory_bytes (at the peak of training) and memory_limit_bytes (null: only the worker knows),
    predict_memory_bytes (what a full batch of predictions adds to the API), steps (without a time budget),
    checkpoint_bytes (all that are kept at once), and seconds_per_step where such a run was measured, else null.
    """

    valid: bool
    config: dict[str, Any]
    reasons: dict[str, str]
    config_notes: list[dict[str, Any]]
    estimate: dict[str, float | None]


def submit(parts: Parts, body: object, key: str | None = None) -> tuple[RunView, bool]:
    """Queue a run, and whether it is new: the same body under the same key is the run it made within the last day.

    Raises BadConfig, DatasetNotThere, KeyReused.
    """
    run_id, origin = new_id(), current() or Origin.of(None)
    with parts.db.transaction(with_files=True) as tx:  # IDs of a config are looked up in the pack
        if key is not None and (known := claim(tx, key, body, RUNS, run_id)) is not None:
            return view_of(found_run(tx, known)), False
        request, dataset, chosen = _understand(parts, tx, body, keep=True)
        run = runs.add(tx, _values(run_id, request, dataset, chosen) | origin.carried)
        events.add(tx, run_id, run.status, {"attempt": 0, **origin.named})
    parts.broker.announce(run_id)
    log.info("run %s is queued", run_id, extra={"fields": {"run": run_id}})
    return view_of(run), True


def check(parts: Parts, body: object) -> Estimate:
    """What submit would queue; queues nothing. Raises BadConfig, DatasetNotThere."""
    with parts.db.reading() as tx:
        request, dataset, chosen = _understand(parts, tx, body)
        config = dump_config(chosen.config)
        step_s = _step_seconds(tx, _workload(dataset, config))
    cost = _cost(parts, request, DatasetSummary.model_validate(dataset.summary), chosen.config)
    cost["seconds_per_step"] = step_s
    return Estimate(valid=True, config=config, reasons=chosen.reasons, config_notes=chosen.notes, estimate=cost)


def _understand(
    parts: Parts, tx: Transaction, body: object, *, keep: bool = False
) -> tuple[RunRequest, DatasetRow, Chosen]:
    """The request, its data set (to keep until the transaction ends), and the config that was chosen for both."""
    try:
        request = parse_request(body)
        dataset = datasets.find(tx, request.dataset, keep=keep)
        if dataset is None:
            detail = f"no data set has the name or id {request.dataset!r}; {known_datasets(tx, request.dataset)}"
            raise DatasetNotThere(detail, [Fault(_place_of_dataset(body), detail)])
        summary = DatasetSummary.model_validate(dataset.summary)
        chosen = choose_for_data(request, summary, _device(parts))
        if limit := parts.settings.worker.train_memory_bytes:
            chosen = within_memory(chosen, request, summary, Room(limit, _threads(parts)))
        if chosen.config.globals.basic_experiment.manual_valid_ids is not None:
            _check_manual_ids(parts, dataset, chosen.config)
        return request, dataset, chosen
    except ConfigError as error:
        faults = [Fault(fault.pointer, fault.detail) for fault in error.faults]
        raise BadConfig(str(error), faults) from error


def _check_manual_ids(parts: Parts, dataset: DatasetRow, config: RunConfig) -> None:
    """The one rule that needs the pack itself, for a row does not list its IDs. Raises ConfigError, DatasetNotThere."""
    try:
        pack = PackedDataset.open(parts.storage.local(storage_key(dataset.digest)))
    except PackedError as error:
        raise DatasetNotThere(f"the files of data set {dataset.name} cannot be read: {error}") from error

    def is_known(file_id: str) -> bool:
        try:
            return pack.index_of(file_id) >= 0
        except KeyError:
            return False

    if faults := manual_id_faults(config, is_known):
        raise ConfigError(faults)


def _place_of_dataset(body: object) -> str:
    """Where a body names its data set."""
    return "/dataset" if isinstance(body, dict) and "dataset" in body else "/input/input_info/input_source"


def _cost(parts: Parts, request: RunRequest, summary: DatasetSummary, config: RunConfig) -> dict[str, float | None]:
    """What arithmetic knows of a run."""
    targets, threads, sides = sized_targets(config, summary), _threads(parts), sides_of(config, summary, request.plan)
    serving, kept = parts.settings.serving, config.globals.evaluation_checkpoint.n_saved_models
    best, resume = checkpoint_sizes(config, targets, summary.bytes)
    return {
        "parameters": parameters(config, targets),
        "memory_bytes": memory_bytes(config, targets, load_of(config, request, summary, threads)),
        "memory_limit_bytes": parts.settings.worker.train_memory_bytes or None,
        "predict_memory_bytes": predicting_bytes(
            config, targets, serving.predict_batch, threads=threads, data_bytes=summary.bytes
        ),
        "steps": sides.steps,
        "checkpoint_bytes": kept * best + RESUMES_KEPT * resume,
    }


def _step_seconds(tx: Transaction, workload: str) -> float | None:
    """What a step of such a run takes, evaluations included; what a plan measured, where none has ended yet."""
    if (like := runs.measured(tx, workload, MEASURED_STEPS)) is not None:
        return like.used_s / like.step
    plan = runs.newest_plan(tx, workload) or {}
    return (plan.get("measured") or {}).get("step_s")


def _device(parts: Parts) -> Device:
    """Where trainings will most likely run: on a GPU where the settings say so, or one is in sight of this process."""
    return "cuda" if "cuda" in usable_devices(parts.settings.worker.devices) else "cpu"


def _threads(parts: Parts) -> int:
    """The threads of a training: as set, else as many as this machine has cores."""
    return parts.settings.worker.train_threads or os.cpu_count() or 1


def _values(run_id: str, request: RunRequest, dataset: DatasetRow, chosen: Chosen) -> dict[str, Any]:
    """The columns of a new run."""
    config = dump_config(chosen.config)
    return {
        "id": run_id,
        "name": request.name or dataset.name,
        "dataset_id": dataset.id,
        "dataset_name": dataset.name,
        "dataset_digest": dataset.digest,
        "form": request.form,
        "config": config,
        "reasons": chosen.reasons,
        "notes": chosen.notes,
        "tags": request.tags,
        "plan_request": None if request.plan is None else request.plan.model_dump(mode="json"),
        "workload": _workload(dataset, config),
        "max_runtime_s": chosen.max_runtime_s,
    }


def _workload(dataset: DatasetRow, config: dict[str, Any]) -> str:
    """Runs with the same one do the same work in a step: the same content, model and batch."""
    batch = config["globals"]["basic_experiment"]["batch_size"]
    machine = [config["input"]["input_type_info"], config["input"]["model_config"], config["fusion"]]
    answers = [config["output"]["output_type_info"], config["output"]["model_config"]]
    return fingerprint([dataset.digest, machine, answers, batch])
