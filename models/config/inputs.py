"""The `input` object: which bytes are read, how many of them, and the model that turns them into features."""

import math
from typing import Annotated, Any, Literal

from pydantic import Field, SerializerFunctionWrapHandler, ValidationInfo, field_validator, model_serializer

from models.config.keys import ConfigObject, DatasetName, Name, OnlyDefault, Refuses, WithoutEffect, or_null
from models.config.octet import OctetConfig

VOCABULARY = 261
"""256 byte values and five special tokens (bos, unk, mask, pad, eos), as EIR counts them."""

_COUNT = "of bytes it is a count; the short form chooses one from the lengths of the files"
MaxLength = Annotated[int, Field(ge=1, le=2**24), Refuses((("max", _COUNT), ("average", _COUNT)))]

_NO_PRETRAINED = "a run starts from fresh weights"
_NOT_BUILT = "Octet reads raw bytes; put the files' bytes into a data set and use input_type 'bytes'"
INPUT_TYPES = Refuses(tuple((name, _NOT_BUILT) for name in ("omics", "tabular", "sequence", "image", "array")))


class InputInfo(ConfigObject):
    """Where the bytes come from and what the input is called."""

    input_source: DatasetName = Field(
        default="", description="The data set, by name or id; may be left out where `dataset` names it."
    )
    input_name: Name = Field(default="input", description="Its name in EIR's JSON predictions.")
    input_type: Annotated[Literal["bytes"], INPUT_TYPES] = Field(default="bytes", description="Raw bytes of a file.")
    input_inner_key: Annotated[None, OnlyDefault("there are no deeplake data sets here")] = Field(
        default=None, exclude=True
    )


class InputTypeInfo(ConfigObject):
    """Which bytes of a file the model sees, and how many at a time."""

    max_length: MaxLength = Field(
        default=256, description="Bytes of a file that the model sees; of octet, those of one of its pieces."
    )
    byte_encoding: Literal["uint8"] = Field(default="uint8", description="One token a byte.")
    sampling_strategy_if_longer: Literal["uniform", "from_start"] = Field(
        default="uniform",
        description="Training cuts of longer files: anywhere, or the start; validation takes the start, octet's all.",
    )
    mixing_subtype: Literal["mixup"] = Field(default="mixup", description="How mixing_alpha mixes.")
    modality_dropout_rate: Annotated[float, OnlyDefault("with a single input it would drop the whole file")] = Field(
        default=0.0, exclude=True
    )


class ExtractorInit(ConfigObject):
    """The transformer's size."""

    num_heads: int = Field(default=8, ge=1, le=1024, description="Attention heads; they divide embedding_dim.")
    num_layers: int = Field(default=2, ge=1, le=1024, description="Blocks.")
    dim_feedforward: Annotated[int, Field(ge=1, le=2**20)] | Literal["auto"] = Field(
        default="auto", description="Width of SwiGLU; auto: 4 x embedding_dim."
    )
    dropout: float = Field(default=0.1, ge=0, lt=1, description="On attention weights and after attention.")


class ExtractorModel(ConfigObject):
    """EIR's local transformer for sequences, `sequence-default`, or Octet's own model, `octet`."""

    model_type: Literal["sequence-default", "octet"] = Field(
        default="sequence-default", description="EIR's local transformer, or Octet's own model, described by `octet`."
    )
    octet: OctetConfig = Field(
        default_factory=OctetConfig, description="Octet's own model, where model_type is 'octet' (Octet's own key)."
    )
    model_init_config: ExtractorInit = Field(default_factory=ExtractorInit)
    embedding_dim: int = Field(
        default=64,
        ge=1,
        le=65_536,
        description="Width; null: the smallest multiple of num_heads that holds the fourth root of the vocabulary.",
        json_schema_extra=or_null,
    )
    position: Literal["encode", "embed"] = Field(default="encode", description="Sines, or learnt positions.")
    position_dropout: float = Field(default=0.1, ge=0, lt=1, description="On embedded bytes with positions.")
    window_size: int = Field(default=0, ge=0, le=2**24, description="Bytes that attend to each other; 0: all.")
    pool: Literal["avg", "max"] | None = Field(default=None, description="Over each window; null: keep every byte.")
    masked: bool = Field(default=False, description="Causal attention.")
    pretrained_model: Annotated[bool, OnlyDefault(_NO_PRETRAINED)] = Field(default=False, exclude=True)
    freeze_pretrained_model: Annotated[bool, OnlyDefault(_NO_PRETRAINED)] = Field(default=False, exclude=True)

    @field_validator("embedding_dim", mode="before")
    @classmethod
    def _resolve_null(cls, value: Any, info: ValidationInfo) -> Any:
        if value is not None:
            return value
        size = info.data.get("model_init_config", ExtractorInit())
        return automatic_width(size.num_heads)

    @model_serializer(mode="wrap")
    def _of_its_type(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """A stored config holds the keys of its model type alone."""
        values: dict[str, Any] = handler(self)
        if self.model_type == "octet":
            return {key: values[key] for key in ("model_type", "octet")}
        return {key: value for key, value in values.items() if key != "octet"}


class Interpretation(ConfigObject):
    """Keys of EIR's `interpretation_config`: for attributions, which training does not compute."""

    interpretation_sampling_strategy: Literal["first_n", "random_sample"] = Field(
        default="first_n", description="Without effect."
    )
    num_samples_to_interpret: int = Field(default=10, description="Without effect.")
    manual_samples_to_interpret: list[str] | None = Field(default=None, description="Without effect.")


class InputConfig(ConfigObject):
    """EIR's input configuration, for bytes."""

    input_info: InputInfo = Field(default_factory=InputInfo)
    input_type_info: InputTypeInfo = Field(default_factory=InputTypeInfo)
    model_cfg: ExtractorModel = Field(default_factory=ExtractorModel, alias="model_config")
    pretrained_config: Annotated[None, OnlyDefault(_NO_PRETRAINED)] = Field(default=None, exclude=True)
    interpretation_config: Annotated[
        Interpretation | None, WithoutEffect("attributions are not part of a training run")
    ] = Field(default=None, exclude=True)
    tensor_broker_config: Annotated[None, OnlyDefault("tensors are not passed between inputs")] = Field(
        default=None, exclude=True
    )


def automatic_width(heads: int) -> int:
    """The width that EIR gives for `embedding_dim: null`: a multiple of the heads, at least int(261 ** 0.25) = 4."""
    return math.ceil(int(VOCABULARY**0.25) / heads) * heads
