"""Alembic's entry: runs the migrations on the connection that `Database.migrate` hands over, inside its transaction."""

from alembic import context

from app.db.tables import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
context.run_migrations()
