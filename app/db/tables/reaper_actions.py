"""Table of reaper actions: how often which was taken, by any of the processes that reap; Prometheus reads it."""

from sqlalchemy import BigInteger, Column, String, Table

from app.db.tables.metadata import metadata

reaper_actions = Table(
    "reaper_actions",
    metadata,
    Column("queue", String(16), primary_key=True),
    Column("action", String(16), primary_key=True),
    Column("count", BigInteger, nullable=False),
)
