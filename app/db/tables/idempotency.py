"""Table of idempotency keys: which request made which run."""

from dataclasses import dataclass

from sqlalchemy import Column, Double, ForeignKey, String, Table

from app.db.tables.metadata import metadata

idempotency = Table(
    "idempotency",
    metadata,
    Column("key", String(255), primary_key=True),
    Column("fingerprint", String(64), nullable=False),  # of the body
    # the key is claimed before the run is made, in one transaction: checked at its end
    Column(
        "run_id",
        String(16),
        ForeignKey("runs.id", ondelete="CASCADE", deferrable=True, initially="DEFERRED"),
        nullable=False,
    ),
    Column("created", Double, nullable=False, index=True),  # they expire by it
)


@dataclass(frozen=True, slots=True)
class KeyRow:
    """One row of `idempotency`."""

    key: str
    fingerprint: str
    run_id: str
    created: float
