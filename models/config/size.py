"""How large a model is: weights counted and memory estimated by arithmetic, so that the API needs no torch for it."""

import math
from collections.abc import Sequence

from models.config.fusion import ResidualBlocks
from models.config.inputs import VOCABULARY, ExtractorModel
from models.config.outputs import HeadModel
from models.config.run import RunConfig
from models.config.targets import TargetSpec

_FLOAT = 4
"""Bytes of a float32."""


def parameters(config: RunConfig, targets: Sequence[TargetSpec]) -> int:
    """How many numbers the model learns: extractor, fusion and heads, as models.nn builds them."""
    length, fusion = config.input.input_type_info.max_length, config.fusion.model_cfg
    return (
        _extractor(config.input.model_cfg, length)
        + _stack(fusion, features(config.input.model_cfg, length))
        + _heads(config.output.model_cfg, fusion.fc_task_dim, [target.outputs for target in targets])
    )


def memory_bytes(config: RunConfig, targets: Sequence[TargetSpec], batch: int) -> int:
    """About how many bytes a training step holds: weights, gradients, two moments, and what backward needs again."""
    model, length = config.input.model_cfg, config.input.input_type_info.max_length
    width, hidden, heads = model.embedding_dim, _hidden(model), model.model_init_config.num_heads
    windows, window = _windows(model, length)
    # Kept by autograd per byte and block: both norms' inputs and outputs, q, k, v before and after RoPE, attention's
    # output before and after projection and scale (13 d), and four vectors of SwiGLU.
    block = 13 * width + 4 * hidden
    if model.model_init_config.dropout > 0:
        block += 3 * heads * window  # the attention weights themselves, their dropout and its mask
    tokens = batch * windows * window
    activations = tokens * (model.model_init_config.num_layers * block + 4 * width)
    vectors = batch * (3 * features(model, length) + 12 * config.fusion.model_cfg.fc_task_dim)
    return _FLOAT * (4 * parameters(config, targets) + activations + vectors)


def features(model: ExtractorModel, max_length: int) -> int:
    """How many numbers the extractor gives for one file."""
    windows, window = _windows(model, max_length)
    return windows * (1 if model.pool else window) * model.embedding_dim


def _windows(model: ExtractorModel, max_length: int) -> tuple[int, int]:
    """How many windows, and how many bytes in each; the first may begin with padding."""
    window = model.window_size or max_length
    return math.ceil(max_length / window), window


def _hidden(model: ExtractorModel) -> int:
    width = model.model_init_config.dim_feedforward
    return 4 * model.embedding_dim if width == "auto" else width


def _extractor(model: ExtractorModel, max_length: int) -> int:
    width = model.embedding_dim
    positions = max_length * width if model.position == "embed" else 0
    block = 4 * width**2 + 3 * width * _hidden(model) + 4 * width  # attention, SwiGLU, two norms and two scales
    return VOCABULARY * width + positions + model.model_init_config.num_layers * block


def _residual(inputs: int, outputs: int) -> int:
    """A residual MLP block: norm, two layers without bias, scale, and a projection where the widths differ."""
    projection = 0 if inputs == outputs else (inputs + 1) * outputs
    return inputs + inputs * outputs + outputs**2 + outputs + projection


def _stack(blocks: ResidualBlocks, inputs: int) -> int:
    width = blocks.fc_task_dim
    return _residual(inputs, width) + (blocks.layers[0] - 1) * _residual(width, width)


def _heads(head: HeadModel, inputs: int, outputs: Sequence[int]) -> int:
    init = head.model_init_config
    width = init.fc_task_dim
    if head.model_type == "linear":
        return (inputs + 1) * sum(outputs)
    if head.model_type == "shared_mlp_residual":
        return _stack(init, inputs) + _residual(width, sum(outputs))
    if init.final_layer_type == "linear":
        return sum(_stack(init, inputs) + width + (width + 1) * count for count in outputs)
    return sum(_stack(init, inputs) + _residual(width, count) for count in outputs)
