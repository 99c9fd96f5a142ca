"""Answers about the service itself."""

from typing import Literal

from pydantic import BaseModel, Field

from app.api.root import Link


class Index(BaseModel):
    """Where to begin."""

    name: str
    version: str
    links: dict[str, Link]


class Alive(BaseModel):
    """The process answers."""

    status: Literal["live"] = "live"


class Ready(BaseModel):
    """Every part answers."""

    status: Literal["ready"] = "ready"
    checks: dict[str, Literal["ok", "low", "full"]] = Field(
        description="Each part that was asked. disk: low when uploads are refused soon, full when they are."
    )
    warnings: list[str] = Field(description="What an operator should do before it hurts.")
