"""Table of idempotency keys: which request made which run or prediction."""

from dataclasses import dataclass

from sqlalchemy import CheckConstraint, Column, Double, ForeignKey, String, Table

from app.db.tables.metadata import metadata

idempotency = Table(
    "idempotency",
    metadata,
    Column("key", String(255), primary_key=True),
    Column("fingerprint", String(64), nullable=False),  # of the body
    # one of the two; the key is claimed before the job is made, in one transaction: checked at its end
    Column("run_id", String(16), ForeignKey("runs.id", ondelete="CASCADE", deferrable=True, initially="DEFERRED")),
    Column(
        "prediction_id",
        String(16),
        ForeignKey("predictions.id", ondelete="CASCADE", deferrable=True, initially="DEFERRED"),
    ),
    Column("created", Double, nullable=False, index=True),  # they expire by it
    CheckConstraint("(run_id IS NULL) <> (prediction_id IS NULL)", name="made_one"),
)


@dataclass(frozen=True, slots=True)
class KeyRow:
    """One row of `idempotency`."""

    key: str
    fingerprint: str
    run_id: str | None
    prediction_id: str | None
    created: float
