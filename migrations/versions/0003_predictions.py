"""Predictions over data sets as jobs; an idempotency key may stand for one, too."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_DEFERRED = {"ondelete": "CASCADE", "initially": "DEFERRED", "deferrable": True}


def upgrade() -> None:
    _predictions()
    _prediction_parts()
    with op.batch_alter_table("idempotency") as keys:
        keys.add_column(sa.Column("prediction_id", sa.String(length=16)))
        keys.alter_column("run_id", existing_type=sa.String(length=16), nullable=True)
        keys.create_foreign_key("fk_idempotency_prediction_id", "predictions", ["prediction_id"], ["id"], **_DEFERRED)
        keys.create_check_constraint(op.f("ck_idempotency_made_one"), "(run_id IS NULL) <> (prediction_id IS NULL)")


def downgrade() -> None:
    op.execute("DELETE FROM idempotency WHERE run_id IS NULL")
    with op.batch_alter_table("idempotency") as keys:
        keys.drop_constraint(op.f("ck_idempotency_made_one"), type_="check")
        keys.drop_constraint("fk_idempotency_prediction_id", type_="foreignkey")
        keys.alter_column("run_id", existing_type=sa.String(length=16), nullable=False)
        keys.drop_column("prediction_id")
    op.drop_table("prediction_parts")
    op.drop_table("predictions")


def _predictions() -> None:
    op.create_table(
        "predictions",
        sa.Column("seq", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("id", sa.String(length=16), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("model", sa.Text()),
        sa.Column("run_id", sa.String(length=16)),
        sa.Column("run_name", sa.Text(), nullable=False),
        sa.Column("step", sa.Integer(), nullable=False),
        sa.Column("checkpoint_digest", sa.String(length=64), nullable=False),
        sa.Column("checkpoint_key", sa.Text(), nullable=False),
        sa.Column("dataset_id", sa.String(length=16)),
        sa.Column("dataset_name", sa.Text(), nullable=False),
        sa.Column("dataset_digest", sa.String(length=64), nullable=False),
        sa.Column("files", sa.Integer(), nullable=False),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("eta_s", sa.Double()),
        sa.Column("error", sa.JSON()),
        sa.Column("results", sa.JSON()),
        sa.Column("used_s", sa.Double(), nullable=False),
        sa.Column("counted_at", sa.Double()),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("lease_token", sa.String(length=32)),
        sa.Column("lease_expires", sa.Double()),
        sa.Column("worker", sa.Text()),
        sa.Column("announced_at", sa.Double(), nullable=False),
        sa.Column("created", sa.Double(), nullable=False),
        sa.Column("started", sa.Double()),
        sa.Column("ended", sa.Double()),
        sa.Column("updated", sa.Double(), nullable=False),
        sa.CheckConstraint(
            "(lease_token IS NULL) = (lease_expires IS NULL)", name=op.f("ck_predictions_lease_is_whole")
        ),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name="fk_predictions_run_id", ondelete="SET NULL"),
        sa.ForeignKeyConstraint(["dataset_id"], ["datasets.id"], name="fk_predictions_dataset_id", ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("seq", name="pk_predictions"),
        sa.UniqueConstraint("id", name="uq_predictions_id"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_predictions_dataset_id", "predictions", ["dataset_id"])
    op.create_index("ix_predictions_lease_expires", "predictions", ["lease_expires"])
    op.create_index("ix_predictions_run_id", "predictions", ["run_id"])
    op.create_index("ix_predictions_status_seq", "predictions", ["status", "seq"])


def _prediction_parts() -> None:
    op.create_table(
        "prediction_parts",
        sa.Column("prediction_id", sa.String(length=16), nullable=False),
        sa.Column("first", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(
            ["prediction_id"], ["predictions.id"], name="fk_prediction_parts_prediction_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("prediction_id", "first", name="pk_prediction_parts"),
    )
