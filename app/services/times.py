"""Unix seconds of the database as RFC 3339 in UTC: the one place where a time becomes text."""

from datetime import UTC, datetime


def rfc3339(seconds: float) -> str:
    """`2026-11-25T04:05:06.789Z`."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def rfc3339_or_none(seconds: float | None) -> str | None:
    """A time that may not have come yet."""
    return None if seconds is None else rfc3339(seconds)
