"""Statements about the registry."""

from typing import Any

from sqlalchemy import Connection, Select, func, insert, select, update

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


def all_served(tx: Connection) -> list[VersionRow]:
    """The version that each name stands for, by name."""
    return every(tx, _served().order_by(models.c.name), VersionRow)


def version(tx: Connection, name: str, number: int) -> VersionRow | None:
    """One version of a name."""
    return first(tx, select(versions).where(versions.c.name == name, versions.c.version == number), VersionRow)


def history(tx: Connection, name: str) -> list[VersionRow]:
    """Every version that a name ever had, the newest first."""
    return every(tx, select(versions).where(versions.c.name == name).order_by(versions.c.version.desc()), VersionRow)


def _served() -> Select[Any]:
    return select(versions).join(models, (models.c.name == versions.c.name) & (models.c.version == versions.c.version))
