"""The whole config of a run, as it is stored, trained from and given back."""

from typing import Any

from pydantic import Field

from models.config.fusion import FusionConfig
from models.config.globals import GlobalsConfig
from models.config.inputs import InputConfig
from models.config.keys import ConfigObject, DatasetName
from models.config.outputs import OutputConfig


class RunConfig(ConfigObject):
    """A run's config with everything chosen. `dump_config` writes it, `load_config` reads it."""

    dataset: DatasetName = Field(min_length=1, description="The data set, by name or id.")
    globals: GlobalsConfig = Field(default_factory=GlobalsConfig)
    input: InputConfig = Field(default_factory=InputConfig)
    fusion: FusionConfig = Field(default_factory=FusionConfig)
    output: OutputConfig = Field(default_factory=OutputConfig)


class PlanRequest(ConfigObject):
    """What the caller wants of the device's plan instead of a measurement; null: measured or derived."""

    steps: int | None = Field(default=None, ge=1, le=10**9, description="Steps of the whole run.")
    batch: int | None = Field(default=None, ge=1, le=65_536, description="Files per step.")
    threads: int | None = Field(default=None, ge=1, le=1024, description="CPU threads of the training process.")


def dump_config(config: RunConfig) -> dict[str, Any]:
    """Plain JSON values under EIR's names; keys without effect are left out."""
    return config.model_dump(mode="json", by_alias=True)


def load_config(values: dict[str, Any]) -> RunConfig:
    """The config that dump_config wrote. Raises pydantic.ValidationError (a ValueError) for anything else."""
    return RunConfig.model_validate(values)
