"""Statements about the registry."""

from typing import Any

from sqlalchemy import Connection, Select, delete, func, insert, or_, select, update

from app.db import dialect
from app.db.dialect import now
from app.db.rows import every, first, only
from app.db.tables import registry_models as models
from app.db.tables import registry_versions as versions
from app.db.tables.registry import VersionRow


def promote(tx: Connection, name: str, *, run_id: str, kind: str, step: int, digest: str) -> VersionRow:
    """Let a name stand for a checkpoint: a new version, served from the end of this transaction on."""
    claim = dialect.insert(tx, models).values(name=name, version=0, updated=now(tx))
    tx.execute(claim.on_conflict_do_nothing(index_elements=["name"]))
    served = tx.execute(select(models.c.version).where(models.c.name == name).with_for_update()).scalar_one()
    newest = tx.execute(select(func.max(versions.c.version)).where(versions.c.name == name)).scalar() or 0
    statement = insert(versions).values(
        name=name,
        version=newest + 1,
        previous=served or None,
        run_id=run_id,
        kind=kind,
        step=step,
        digest=digest,
        created=now(tx),
    )
    version = only(tx, statement.returning(*versions.c), VersionRow)
    serve(tx, name, version.version)
    return version


def serve(tx: Connection, name: str, version: int) -> None:
    """Let a name stand for one of its versions."""
    tx.execute(update(models).where(models.c.name == name).values(version=version, updated=now(tx)))


def served(tx: Connection, name: str, *, lock: bool = False) -> VersionRow | None:
    """The version that a name stands for."""
    query = _served().where(models.c.name == name)
    return first(tx, query.with_for_update(of=models) if lock else query, VersionRow)


def all_served(tx: Connection, after: str = "", limit: int | None = None) -> list[VersionRow]:
    """The version that each name stands for, by name, from beyond a name."""
    return every(tx, _served().where(models.c.name > after).order_by(models.c.name).limit(limit), VersionRow)


def version(tx: Connection, name: str, number: int) -> VersionRow | None:
    """One version of a name."""
    return first(tx, select(versions).where(versions.c.name == name, versions.c.version == number), VersionRow)


def history(tx: Connection, name: str) -> list[VersionRow]:
    """Every version that a name ever had, the newest first."""
    return every(tx, select(versions).where(versions.c.name == name).order_by(versions.c.version.desc()), VersionRow)


def users_of_run(tx: Connection, run_id: str) -> list[str]:
    """Names that stand for a run, or whose newest version did (its number must not come again).

    Every name that ever stood for the run is held: none returns to it until the transaction ends.
    """
    ever = select(versions.c.name).where(versions.c.run_id == run_id)
    tx.execute(select(models.c.name).where(models.c.name.in_(ever)).order_by(models.c.name).with_for_update())
    others = versions.alias()
    newest = select(func.max(others.c.version)).where(others.c.name == versions.c.name).scalar_subquery()
    query = select(versions.c.name).join(models, models.c.name == versions.c.name)
    query = query.where(versions.c.run_id == run_id)
    query = query.where(or_(versions.c.version == models.c.version, versions.c.version == newest))
    return list(tx.execute(query.distinct().order_by(versions.c.name)).scalars())


def forget_run(tx: Connection, run_id: str) -> None:
    """Take a run's versions out of every history; what came after each goes back to what was before it."""
    for gone in every(tx, select(versions).where(versions.c.run_id == run_id), VersionRow):
        after = (versions.c.name == gone.name) & (versions.c.previous == gone.version)
        before = select(versions.c.previous).where(versions.c.name == gone.name, versions.c.version == gone.version)
        tx.execute(update(versions).where(after).values(previous=tx.execute(before).scalar()))
        tx.execute(delete(versions).where(versions.c.name == gone.name, versions.c.version == gone.version))


def remove(tx: Connection, name: str) -> None:
    """Delete a name with its history."""
    tx.execute(delete(models).where(models.c.name == name))


def _served() -> Select[Any]:
    return select(versions).join(models, (models.c.name == versions.c.name) & (models.c.version == versions.c.version))
