"""The `output` object: the targets, their losses, and the heads that answer them."""

from typing import Annotated, Literal

from pydantic import Field

from models.config.fusion import ResidualBlocks
from models.config.keys import ConfigObject, DatasetName, Name, OnlyDefault, Refuses, WithoutEffect

_NOT_BUILT = "Octet answers columns of a table: classes and numbers; use output_type 'tabular'"
OUTPUT_TYPES = Refuses(tuple((name, _NOT_BUILT) for name in ("sequence", "array", "image", "survival")))


class OutputInfo(ConfigObject):
    """Where the labels come from and what the output is called."""

    output_source: DatasetName | None = Field(
        default=None, description="Null, or the same data set as input_source: labels come with it."
    )
    output_name: Name = Field(default="output", description="Its name in predictions.")
    output_type: Annotated[Literal["tabular"], OUTPUT_TYPES] = Field(
        default="tabular", description="Columns of a table."
    )
    output_inner_key: Annotated[None, OnlyDefault("there are no deeplake data sets here")] = Field(
        default=None, exclude=True
    )


class OutputTypeInfo(ConfigObject):
    """The targets and how a wrong answer is counted."""

    target_cat_columns: list[str] = Field(default=[], description="Targets that are classes.")
    target_con_columns: list[str] = Field(default=[], description="Targets that are numbers.")
    cat_label_smoothing: float = Field(default=0.0, ge=0, lt=1, description="Of the cross entropy.")
    cat_loss_name: Literal["CrossEntropyLoss", "BCEWithLogitsLoss"] = Field(
        default="CrossEntropyLoss", description="BCEWithLogitsLoss takes targets of two classes only."
    )
    con_loss_name: Literal["MSELoss", "L1Loss", "SmoothL1Loss", "PoissonNLLLoss", "HuberLoss"] = Field(
        default="MSELoss", description="Of standardised values."
    )
    uncertainty_weighted_mt_loss: bool = Field(default=False, description="Learn the weights of the targets' losses.")
    label_parsing_chunk_size: Annotated[
        int | None, WithoutEffect("labels are read once, when the data set is made")
    ] = Field(default=None, exclude=True)


class HeadInit(ResidualBlocks):
    """Size of the residual MLP heads."""

    final_layer_type: Literal["linear", "mlp_residual"] = Field(
        default="linear", description="Norm, GELU, dropout and one linear layer, or one more residual block."
    )
    num_experts: Annotated[None, OnlyDefault("a trunk of several experts is not built in")] = Field(
        default=None, exclude=True
    )


class HeadModel(ConfigObject):
    """The heads."""

    model_type: Literal["mlp_residual", "shared_mlp_residual", "linear"] = Field(
        default="mlp_residual", description="A stack for each target, one trunk for all, or one linear layer."
    )
    model_init_config: HeadInit = Field(default_factory=HeadInit)


class OutputConfig(ConfigObject):
    """EIR's output configuration, for tabular targets."""

    output_info: OutputInfo = Field(default_factory=OutputInfo)
    output_type_info: OutputTypeInfo = Field(default_factory=OutputTypeInfo)
    model_cfg: HeadModel = Field(default_factory=HeadModel, alias="model_config")
    sampling_config: Annotated[None, OnlyDefault("nothing is sampled from a tabular output")] = Field(
        default=None, exclude=True
    )
    tensor_broker_config: Annotated[None, OnlyDefault("tensors are not passed between modules")] = Field(
        default=None, exclude=True
    )
