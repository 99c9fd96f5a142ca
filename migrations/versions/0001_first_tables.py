"""The first tables: data sets, runs and what belongs to a run, the registry."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    _datasets()
    _registry_models()
    _runs()
    _attempts()
    _checkpoints()
    _events()
    _idempotency()
    _points()
    _registry_versions()


def downgrade() -> None:
    for table in (
        "registry_versions",
        "points",
        "idempotency",
        "events",
        "checkpoints",
        "attempts",
        "runs",
        "registry_models",
        "datasets",
    ):
        op.drop_table(table)


def _datasets() -> None:
    op.create_table(
        "datasets",
        sa.Column("seq", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("id", sa.String(length=16), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("files", sa.Integer(), nullable=False),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.Column("summary", sa.JSON(), nullable=False),
        sa.Column("ignored", sa.JSON(), nullable=False),
        sa.Column("ignored_count", sa.Integer(), nullable=False),
        sa.Column("problems", sa.JSON(), nullable=False),
        sa.Column("problem_counts", sa.JSON(), nullable=False),
        sa.Column("created", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name="pk_datasets"),
        sa.UniqueConstraint("id", name="uq_datasets_id"),
        sa.UniqueConstraint("name", name="uq_datasets_name"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_datasets_digest", "datasets", ["digest"])


def _registry_models() -> None:
    op.create_table(
        "registry_models",
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("updated", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_registry_models"),
    )


def _runs() -> None:
    op.create_table(
        "runs",
        sa.Column("seq", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("id", sa.String(length=16), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("dataset_id", sa.String(length=16)),
        sa.Column("dataset_name", sa.Text(), nullable=False),
        sa.Column("dataset_digest", sa.String(length=64), nullable=False),
        sa.Column("form", sa.String(length=8), nullable=False),
        sa.Column("config", sa.JSON(), nullable=False),
        sa.Column("reasons", sa.JSON(), nullable=False),
        sa.Column("notes", sa.JSON(), nullable=False),
        sa.Column("tags", sa.JSON(), nullable=False),
        sa.Column("plan_request", sa.JSON()),
        sa.Column("workload", sa.String(length=64), nullable=False),
        sa.Column("plan", sa.JSON()),
        sa.Column("max_runtime_s", sa.Double()),
        sa.Column("used_s", sa.Double(), nullable=False),
        sa.Column("counted_at", sa.Double()),
        sa.Column("step", sa.Integer(), nullable=False),
        sa.Column("steps", sa.Integer()),
        sa.Column("epoch", sa.Double(), nullable=False),
        sa.Column("eta_s", sa.Double()),
        sa.Column("best", sa.JSON()),
        sa.Column("error", sa.JSON()),
        sa.Column("stopped", sa.Text()),
        sa.Column("last_cursor", sa.Integer(), nullable=False),
        sa.Column("saved_step", sa.Integer(), nullable=False),
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
        sa.CheckConstraint("(lease_token IS NULL) = (lease_expires IS NULL)", name=op.f("ck_runs_lease_is_whole")),
        sa.ForeignKeyConstraint(["dataset_id"], ["datasets.id"], name="fk_runs_dataset_id", ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("seq", name="pk_runs"),
        sa.UniqueConstraint("id", name="uq_runs_id"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_runs_dataset_id", "runs", ["dataset_id"])
    op.create_index("ix_runs_lease_expires", "runs", ["lease_expires"])
    op.create_index("ix_runs_name_status", "runs", ["name", "status"])
    op.create_index("ix_runs_status_seq", "runs", ["status", "seq"])
    op.create_index("ix_runs_workload", "runs", ["workload"])


def _attempts() -> None:
    op.create_table(
        "attempts",
        sa.Column("run_id", sa.String(length=16), nullable=False),
        sa.Column("attempt", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("worker", sa.Text(), nullable=False),
        sa.Column("started", sa.Double(), nullable=False),
        sa.Column("ended", sa.Double()),
        sa.Column("reason", sa.String(length=16)),
        sa.Column("resumed_from_step", sa.Integer()),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name="fk_attempts_run_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("run_id", "attempt", name="pk_attempts"),
    )


def _checkpoints() -> None:
    op.create_table(
        "checkpoints",
        sa.Column("run_id", sa.String(length=16), nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("step", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("average", sa.Double()),
        sa.Column("metrics", sa.JSON(), nullable=False),
        sa.Column("created", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name="fk_checkpoints_run_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("run_id", "kind", "step", name="pk_checkpoints"),
    )


def _events() -> None:
    op.create_table(
        "events",
        sa.Column("seq", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("run_id", sa.String(length=16), nullable=False),
        sa.Column("kind", sa.String(length=24), nullable=False),
        sa.Column("data", sa.JSON(), nullable=False),
        sa.Column("time", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name="fk_events_run_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("seq", name="pk_events"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_events_run_id", "events", ["run_id"])


def _idempotency() -> None:
    op.create_table(
        "idempotency",
        sa.Column("key", sa.String(length=255), nullable=False),
        sa.Column("fingerprint", sa.String(length=64), nullable=False),
        sa.Column("run_id", sa.String(length=16), nullable=False),
        sa.Column("created", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(
            ["run_id"],
            ["runs.id"],
            name="fk_idempotency_run_id",
            ondelete="CASCADE",
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.PrimaryKeyConstraint("key", name="pk_idempotency"),
    )


def _points() -> None:
    op.create_table(
        "points",
        sa.Column("run_id", sa.String(length=16), nullable=False),
        sa.Column("cursor", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("step", sa.Integer(), nullable=False),
        sa.Column("epoch", sa.Double(), nullable=False),
        sa.Column("split", sa.String(length=8), nullable=False),
        sa.Column("target", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("value", sa.Double(), nullable=False),
        sa.Column("time", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name="fk_points_run_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("run_id", "cursor", name="pk_points"),
        sa.UniqueConstraint(
            "run_id", "step", "split", "target", "name", name="uq_points_run_id_step_split_target_name"
        ),
        sqlite_with_rowid=False,
    )


def _registry_versions() -> None:
    op.create_table(
        "registry_versions",
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("previous", sa.Integer()),
        sa.Column("run_id", sa.String(length=16), nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("step", sa.Integer(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("created", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(
            ["name"], ["registry_models.name"], name="fk_registry_versions_name", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["run_id", "kind", "step"],
            ["checkpoints.run_id", "checkpoints.kind", "checkpoints.step"],
            name="fk_registry_versions_run_id_kind_step",
        ),
        sa.PrimaryKeyConstraint("name", "version", name="pk_registry_versions"),
    )
