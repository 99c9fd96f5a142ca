"""Stored metric values as clients see them."""

from typing import Literal

from pydantic import BaseModel, Field

from app.api.schemas.times import Time


class Point(BaseModel):
    """One metric value."""

    cursor: int = Field(description="Rises strictly within a run.")
    step: int
    epoch: float
    split: Literal["train", "valid"]
    target: str | None = Field(description="null: over all targets.")
    name: str
    value: float
    time: Time


class Points(BaseModel):
    """Points in the order of their cursor."""

    points: list[Point]
    next: int = Field(description="`after` of the following call.")
