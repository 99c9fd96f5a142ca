"""Idempotency keys expire: they are found by their age."""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_idempotency_created", "idempotency", ["created"])


def downgrade() -> None:
    op.drop_index("ix_idempotency_created", "idempotency")
