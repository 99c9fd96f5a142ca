"""Tables of the registry: names that people give to trained models, and every version a name ever had."""

from dataclasses import dataclass

from sqlalchemy import Column, Double, ForeignKey, ForeignKeyConstraint, Integer, String, Table

from app.db.tables.metadata import metadata

registry_models = Table(
    "registry_models",
    metadata,
    Column("name", String(200), primary_key=True),
    Column("version", Integer, nullable=False),  # the one that is served
    Column("updated", Double, nullable=False),
)

registry_versions = Table(
    "registry_versions",
    metadata,
    Column("name", String(200), ForeignKey("registry_models.name", ondelete="CASCADE"), primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("previous", Integer),  # what was served before it; a rollback returns there
    Column("run_id", String(16), nullable=False),
    Column("kind", String(8), nullable=False),
    Column("step", Integer, nullable=False),
    Column("digest", String(64), nullable=False),
    Column("created", Double, nullable=False),
    # a registered checkpoint cannot be pruned, whoever tries
    ForeignKeyConstraint(["run_id", "kind", "step"], ["checkpoints.run_id", "checkpoints.kind", "checkpoints.step"]),
)


@dataclass(frozen=True, slots=True)
class VersionRow:
    """One row of `registry_versions`."""

    name: str
    version: int
    previous: int | None
    run_id: str
    kind: str
    step: int
    digest: str
    created: float
