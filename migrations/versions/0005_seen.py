"""Runs and predictions keep the request that they come from; the actions of all reapers are counted."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_JOBS = ("runs", "predictions")


def upgrade() -> None:
    for table in _JOBS:
        op.add_column(table, sa.Column("traceparent", sa.String(length=55)))
        op.add_column(table, sa.Column("request_id", sa.String(length=128)))
    op.create_table(
        "reaper_actions",
        sa.Column("queue", sa.String(length=16), nullable=False),
        sa.Column("action", sa.String(length=16), nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("queue", "action", name="pk_reaper_actions"),
    )


def downgrade() -> None:
    op.drop_table("reaper_actions")
    for table in _JOBS:  # never in batch mode: it would drop the old table, and with it all that refers to it
        op.drop_column(table, "request_id")
        op.drop_column(table, "traceparent")
