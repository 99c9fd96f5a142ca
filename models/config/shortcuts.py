"""The two forms of a run's body: a few words (`dataset`, `target`), or EIR's objects; the options both may carry."""

from typing import Annotated, Literal

from pydantic import Field

from models.config.fusion import FusionConfig
from models.config.globals import GlobalsConfig, Seed, ValidSize
from models.config.inputs import InputConfig, MaxLength
from models.config.keys import ConfigObject, DatasetName, Name
from models.config.outputs import OutputConfig
from models.config.run import PlanRequest
from models.config.targets import TargetType

SECTIONS = ("globals", "input", "fusion", "output")
"""Keys whose presence makes a body a full one."""

Text = Annotated[str, Field(min_length=1)]


class RunOptions(ConfigObject):
    """What a body of either form may say of the run itself."""

    name: Name | None = Field(default=None, description="A name for people; need not be unique.")
    tags: list[Name] = Field(default=[], max_length=50, description="Words to find the run by.")
    max_runtime_s: float | None = Field(
        default=None,
        gt=0,
        le=31_536_000,
        description="Seconds of training over all attempts, last evaluation included.",
    )
    plan: PlanRequest | None = Field(default=None, description="Steps, batch and threads, instead of a measurement.")


class NamedTarget(ConfigObject):
    """A target and how to read its column."""

    name: Text = Field(description="The column of the labels.")
    type: TargetType | None = Field(default=None, description="Classes or numbers; null: as the data set says.")


class ShortForm(RunOptions):
    """Everything that is left out is chosen from the data."""

    dataset: DatasetName = Field(min_length=1, description="The data set, by name or id.")
    target: Text | None = Field(default=None, description="The column of the labels to predict.")
    targets: list[Text | NamedTarget] | None = Field(
        default=None, min_length=1, description="Several columns; use this or target."
    )
    preset: Literal["auto"] = Field(default="auto", description="The recipe; there is one so far.")
    seed: Seed = Field(default=0, description="Of split, weights, order and dropout.")
    valid_size: ValidSize | None = Field(
        default=None, description="Files held back: below 1 a share, from 1 on (integer) a count; null: chosen."
    )
    max_length: MaxLength | None = Field(
        default=None, description="Bytes of a piece of a file, all of which is read; null: chosen."
    )

    def wanted(self) -> list[tuple[str, TargetType | None, str]]:
        """Name, wanted type (None: as the data set says) and pointer of each target."""
        if self.targets is None:
            return [(self.target or "", None, "/target")]
        return [
            (target, None, f"/targets/{at}")
            if isinstance(target, str)
            else (target.name, target.type, f"/targets/{at}/name")
            for at, target in enumerate(self.targets)
        ]


class FullForm(RunOptions):
    """EIR's configuration, with EIR's defaults. `input` and `output` may also be a list of one object."""

    dataset: DatasetName | None = Field(default=None, description="The data set; may stand in for input_source.")
    globals: GlobalsConfig = Field(default_factory=GlobalsConfig)
    input: InputConfig = Field(default_factory=InputConfig)
    fusion: FusionConfig = Field(default_factory=FusionConfig)
    output: OutputConfig = Field(default_factory=OutputConfig)

    @property
    def data_set(self) -> str:
        """The data set that the body names, '' when it names none."""
        return self.dataset or self.input.input_info.input_source

    @property
    def run_name(self) -> str | None:
        """`name`, else the last part of output_folder (a path of any system), else None."""
        parts = (self.globals.basic_experiment.output_folder or "").replace("\\", "/").split("/")
        return self.name or next((part for part in reversed(parts) if part not in ("", ".", "..")), None)
