"""Names for trained models as clients see them."""

from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from app.api.parameters import LARGEST
from app.api.schemas.times import Time


def _whole(value: object) -> object:
    """JSON knows one kind of number: 12.0 is a whole one."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


class Promotion(BaseModel):
    """What a name shall stand for."""

    model_config = ConfigDict(extra="forbid", strict=True)

    run: str = Field(description="Id of a run.")
    checkpoint: Annotated[int | None, BeforeValidator(_whole)] = Field(
        None, ge=0, le=LARGEST, description="Step of one of its stored checkpoints; the best when left out."
    )


class ModelVersion(BaseModel):
    """A checkpoint that the name stood for."""

    version: int
    run: str
    step: int
    digest: str = Field(description="SHA-256 of the checkpoint file, hex.")
    created: Time


class RegisteredModel(BaseModel):
    """A name, what it stands for, and every version it ever had, the newest first."""

    name: str
    version: int
    run: str
    step: int
    digest: str
    versions: list[ModelVersion]


class RegisteredModels(BaseModel):
    """A page of the names of the registry, in their order."""

    models: list[RegisteredModel]
    next: str | None = Field(description="`after` of the following page; null at the end.")
