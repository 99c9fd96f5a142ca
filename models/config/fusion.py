"""The `fusion` object: residual MLP blocks between the features and the heads."""

from typing import Annotated, Literal

from pydantic import Field

from models.config.keys import ConfigObject, OnlyDefault, Refuses

_OTHER = "there is one input to fuse; use 'mlp-residual'"
FUSION_TYPES = Refuses(tuple((name, _OTHER) for name in ("identity", "mgmoe", "attention", "pass-through", "linear")))


class ResidualBlocks(ConfigObject):
    """A stack of residual MLP blocks."""

    layers: list[Annotated[int, Field(ge=1, le=1024)]] = Field(
        default=[2], min_length=1, max_length=1, description="One number: how many blocks."
    )
    fc_task_dim: int = Field(default=256, ge=1, le=65_536, description="Width of the blocks.")
    rb_do: float = Field(default=0.1, ge=0, lt=1, description="Dropout within a block.")
    fc_do: float = Field(default=0.1, ge=0, lt=1, description="Dropout before the last layer.")
    stochastic_depth_p: float = Field(default=0.1, ge=0, lt=1, description="Chance that a block's branch is skipped.")


class FusionConfig(ConfigObject):
    """EIR's fusion configuration."""

    model_type: Annotated[Literal["mlp-residual"], FUSION_TYPES] = Field(
        default="mlp-residual", description="One block to fc_task_dim, then one more."
    )
    model_cfg: ResidualBlocks = Field(default_factory=ResidualBlocks, alias="model_config")
    tensor_broker_config: Annotated[None, OnlyDefault("tensors are not passed between modules")] = Field(
        default=None, exclude=True
    )
