"""Names for trained models: promote, roll back, and find the checkpoint that answers a prediction."""

import re
from dataclasses import dataclass

from app.db import checkpoints, registry, runs
from app.db.engine import Transaction
from app.db.tables.checkpoints import CheckpointRow
from app.db.tables.registry import VersionRow
from app.db.tables.runs import RunRow
from app.errors import Conflict, Example, Fault, Invalid, NotFound
from app.parts import Parts
from app.services.runs.find import found_checkpoint, found_run, unknown_run
from app.services.times import rfc3339

DEFAULT = "default"
_LISTED = 10
PATTERN = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,199}$"
_NAME = re.compile(PATTERN.strip("^$"))


class UnknownModel(NotFound):
    """Neither the registry nor a run that succeeded has this name, or nothing was trained yet."""

    rule = "unknown-model"
    title = "No such model"
    mend = "Take a name from GET /models, the name of a run that succeeded, or a run's id as run=."
    example = Example("no model 'prod'; there is: succeeded runs: reviews")


class NoCheckpoint(Conflict):
    """The run has not stored a checkpoint yet, or ended without one."""

    rule = "no-checkpoint"
    title = "The run has no checkpoint"
    mend = "Wait for the run's first evaluation; a run that ended without a checkpoint has to be trained anew."
    example = Example("run 2f6c0d9e4b7a1853 is running and has stored no checkpoint; wait for its first evaluation")


class NotStored(Conflict):
    """The run does not keep a served checkpoint of this step (any more)."""

    rule = "checkpoint-not-stored"
    title = "No such checkpoint"
    mend = (
        "Take a step of kind `best` from GET /runs/{run_id}/checkpoints, or leave the checkpoint out for the best one."
    )
    example = Example("run 2f6c0d9e4b7a1853 keeps no served checkpoint of step 7; kept: 10, 5", "/checkpoint")


class NothingToRollBack(Conflict):
    """The model has no version before the present one."""

    rule = "nothing-to-roll-back"
    title = "No earlier version"
    mend = "Promote another run with PUT /models/{name}."
    example = Example("model prod has no version before 1; promote another run instead")


class BadModelName(Invalid):
    """A name that cannot stand in a URL."""

    rule = "model-name"
    title = "Not a name for a model"
    mend = "Use up to 200 letters, digits, '.', '_' and '-', beginning with a letter or digit."
    example = Example(
        "'a b': use up to 200 letters, digits, '.', '_' and '-', beginning with a letter or digit",
        "name",
    )


class RunOrModel(Invalid):
    """A prediction names either a run or a model."""

    rule = "run-or-model"
    title = "Both a run and a model were named"
    mend = "Send run= or model=, not both."
    example = Example("name a run or a model, not both", "run")


class CheckpointWithoutRun(Invalid):
    """A prediction names a checkpoint, and no run that it belongs to."""

    rule = "checkpoint-without-run"
    title = "A checkpoint of which run?"
    mend = "Send run= beside checkpoint=."
    example = Example("a checkpoint is one of a run: name the run, too", "run")


@dataclass(frozen=True, slots=True)
class VersionView:
    """A checkpoint that a name stood for."""

    version: int
    run: str
    step: int
    digest: str
    created: str


@dataclass(frozen=True, slots=True)
class ModelView:
    """A name, the version that is served, and every version it ever had, the newest first."""

    name: str
    version: int
    run: str
    step: int
    digest: str
    versions: list[VersionView]


@dataclass(frozen=True, slots=True)
class Servable:
    """The checkpoint that answers: `key` is its blob in the storage."""

    run_id: str
    step: int
    digest: str
    key: str


def promote(parts: Parts, name: str, run_id: str, checkpoint: int | None = None) -> ModelView:
    """Let a name stand for a run's best checkpoint, or for the one of a step; from one moment to the next.

    A name that stands for it already stays as it is: the same call again makes no second version.
    Raises UnknownRun, NoCheckpoint, NotStored, BadModelName.
    """
    if not _NAME.fullmatch(name):
        detail = f"{name!r}: use up to 200 letters, digits, '.', '_' and '-', beginning with a letter or digit"
        raise BadModelName(detail, [Fault("name", detail)])
    with parts.db.transaction() as tx:
        run = runs.lock(tx, run_id)  # its checkpoints cannot be pruned until the version stands
        if run is None:
            raise unknown_run(tx, run_id)
        row = _best(tx, run) if checkpoint is None else _stored(tx, run, checkpoint)
        now = registry.served(tx, name, lock=True)
        if now is not None and _is_of(now, row):
            return _view(now, registry.history(tx, name))
        version = registry.promote(tx, name, run_id=run.id, kind=row.kind, step=row.step, digest=row.digest)
        return _view(version, registry.history(tx, name))


def rollback(parts: Parts, name: str) -> ModelView:
    """Let a name stand for what it stood for before the present version. Raises UnknownModel, NothingToRollBack."""
    with parts.db.transaction() as tx:
        now = registry.served(tx, name, lock=True)
        if now is None:
            raise _unknown(tx, name)
        before = None if now.previous is None else registry.version(tx, name, now.previous)
        if before is None:
            raise NothingToRollBack(f"model {name} has no version before {now.version}; promote another run instead")
        registry.serve(tx, name, before.version)
        return _view(before, registry.history(tx, name))


def remove_model(parts: Parts, name: str) -> None:
    """Remove a name and its history; the runs stay. Raises UnknownModel."""
    with parts.db.transaction() as tx:
        if registry.served(tx, name, lock=True) is None:
            raise _unknown(tx, name)
        registry.remove(tx, name)


def list_models(parts: Parts, after: str = "", limit: int | None = None) -> list[ModelView]:
    """Names of the registry in their order, from beyond one of them; all without a limit."""
    with parts.db.reading() as tx:
        return [_view(row, registry.history(tx, row.name)) for row in registry.all_served(tx, after, limit)]


def get_model(parts: Parts, name: str) -> ModelView:
    """One name of the registry. Raises UnknownModel."""
    with parts.db.reading() as tx:
        row = registry.served(tx, name)
        if row is None:
            raise _unknown(tx, name)
        return _view(row, registry.history(tx, name))


def resolve(parts: Parts, run: str | None = None, model: str | None = None, checkpoint: int | None = None) -> Servable:
    """The checkpoint that answers for a run, for a name, or for neither (see find_servable)."""
    with parts.db.reading() as tx:
        return find_servable(tx, run, model, checkpoint)


def find_servable(
    tx: Transaction, run: str | None = None, model: str | None = None, checkpoint: int | None = None
) -> Servable:
    """The checkpoint that answers for a run, for a name, or for neither.

    A run: its best checkpoint, also while it still trains; or its `checkpoint` of one step, as long as that is kept.
    A name: the registry's, else the newest succeeded run of that name. Neither: the registry's `default`, else the
    newest succeeded run.
    Raises UnknownRun, UnknownModel, UnknownCheckpoint, NoCheckpoint, RunOrModel, CheckpointWithoutRun.
    """
    if run is not None and model is not None:
        raise RunOrModel("name a run or a model, not both", [Fault("run", "drop it, or drop model")])
    if checkpoint is not None and run is None:
        raise CheckpointWithoutRun("a checkpoint is one of a run: name the run, too", [Fault("run", "missing")])
    if run is not None:
        row = found_run(tx, run)
        return _servable(_best(tx, row) if checkpoint is None else found_checkpoint(tx, run, checkpoint, "best"))
    version = registry.served(tx, model or DEFAULT)
    if version is not None:
        promoted = checkpoints.get(tx, version.run_id, version.kind, version.step)
        if promoted is not None:
            return _servable(promoted)
    newest = runs.newest_succeeded(tx, model)
    if newest is None:
        raise _unknown(tx, model)
    return _servable(_best(tx, newest))


def _best(tx: Transaction, run: RunRow) -> CheckpointRow:
    rows = checkpoints.best(tx, run.id)
    if not rows:
        wait = "it ended without one" if run.ended is not None else "wait for its first evaluation"
        raise NoCheckpoint(f"run {run.id} is {run.status} and has stored no checkpoint; {wait}")
    return rows[0]


def _stored(tx: Transaction, run: RunRow, step: int) -> CheckpointRow:
    row = checkpoints.get(tx, run.id, "best", step)
    if row is None:
        kept = ", ".join(str(other.step) for other in checkpoints.best(tx, run.id)) or "none"
        detail = f"run {run.id} keeps no served checkpoint of step {step}; kept: {kept}"
        raise NotStored(detail, [Fault("/checkpoint", detail)])
    return row


def _is_of(version: VersionRow, row: CheckpointRow) -> bool:
    """Whether a version stands for this very checkpoint."""
    return (version.run_id, version.kind, version.step, version.digest) == (row.run_id, row.kind, row.step, row.digest)


def _servable(row: CheckpointRow) -> Servable:
    return Servable(run_id=row.run_id, step=row.step, digest=row.digest, key=row.key)


def _unknown(tx: Transaction, name: str | None) -> UnknownModel:
    names = [version.name for version in registry.all_served(tx)]
    trained = runs.succeeded_names(tx, _LISTED)
    known = [f"registry: {', '.join(names[:_LISTED])}"] if names else []
    known += [f"succeeded runs: {', '.join(trained)}"] if trained else []
    there = "; ".join(known) or "nothing was trained yet: POST /runs, or name a run that still trains by run="
    said = "no run has succeeded and the registry has no model 'default'" if name is None else f"no model {name!r}"
    return UnknownModel(f"{said}; there is: {there}" if known else f"{said}; {there}")


def _view(served: VersionRow, history: list[VersionRow]) -> ModelView:
    return ModelView(
        name=served.name,
        version=served.version,
        run=served.run_id,
        step=served.step,
        digest=served.digest,
        versions=[VersionView(row.version, row.run_id, row.step, row.digest, rfc3339(row.created)) for row in history],
    )
