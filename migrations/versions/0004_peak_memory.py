"""Attempts say how much memory they took at the most."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("attempts", sa.Column("peak_memory_bytes", sa.BigInteger()))


def downgrade() -> None:
    op.drop_column("attempts", "peak_memory_bytes")
