"""Alembic migrations of Octet's database."""
