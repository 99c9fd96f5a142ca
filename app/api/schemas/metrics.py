"""Stored metric values as clients see them."""

from typing import Literal

from pydantic import BaseModel, Field


class Point(BaseModel):
    """One metric value."""

    cursor: int = Field(description="Rises strictly within a run.")
    step: int
    epoch: float
    split: Literal["train", "valid"]
    target: str | None = Field(description="null: over all targets.")
    name: str
    value: float
    time: str = Field(description="RFC 3339, UTC.")


class Points(BaseModel):
    """Points in the order of their cursor."""

    points: list[Point]
    next: int = Field(description="`after` of the following call.")
