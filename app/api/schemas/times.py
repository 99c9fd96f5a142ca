"""How a moment is written in every answer."""

from typing import Annotated

from pydantic import Field

Time = Annotated[str, Field(json_schema_extra={"format": "date-time", "pattern": "Z$"})]
"""RFC 3339 in UTC, `2026-11-25T04:05:06.789Z`."""
