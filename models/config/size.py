"""How large a model is: weights counted and memory estimated by arithmetic, so that the API needs no torch for it.

The coefficients of memory are counts of what autograd keeps, rounded up until no row of benchmarks/memory.py lies above
the estimate (and none below two thirds of it). For a GPU they follow from the same counts; none was measured.
"""

import math
from collections.abc import Sequence

from models.config import octet_size
from models.config.fusion import ResidualBlocks
from models.config.inputs import VOCABULARY, ExtractorModel
from models.config.load import FLOAT, MARGIN, PROCESS_BYTES, SERVING_BYTES, Load
from models.config.outputs import HeadModel
from models.config.run import RunConfig
from models.config.targets import TargetSpec
from models.packed.summary import DatasetSummary

CHUNK_TOKENS = 4096
"""As models.nn.eir.sequence_default.TOKENS_AT_ONCE: on a CPU, each thread takes so many through the blocks at once."""
SCORES = 2**18
"""As models.nn.dropped_attention.SCORES_AT_ONCE, for a window whose scores are fewer."""


def parameters(config: RunConfig, targets: Sequence[TargetSpec]) -> int:
    """How many numbers the model learns: extractor, fusion and heads, as models.nn builds them."""
    if is_octet(config):
        return octet_size.parameters(config, targets)
    length, fusion = config.input.input_type_info.max_length, config.fusion.model_cfg
    return (
        _extractor(config.input.model_cfg, length)
        + _stack(fusion, features(config.input.model_cfg, length))
        + _heads(config.output.model_cfg, fusion.fc_task_dim, [target.outputs for target in targets])
    )


def is_octet(config: RunConfig) -> bool:
    """Whether it describes Octet's own model, whose arithmetic is octet_size's; else EIR's, whose is here."""
    return config.input.model_cfg.model_type == "octet"


def sized_targets(config: RunConfig, summary: DatasetSummary) -> list[TargetSpec]:
    """The targets as far as they decide the size of the model."""
    info = config.output.output_type_info
    one_logit = info.cat_loss_name == "BCEWithLogitsLoss"
    classes = {
        name: [str(number) for number in range(summary.targets[name].distinct)] for name in info.target_cat_columns
    }
    specs = [TargetSpec(name, "categorical", names, one_logit=one_logit) for name, names in classes.items()]
    return specs + [TargetSpec(name, "continuous") for name in info.target_con_columns]


def memory_bytes(config: RunConfig, targets: Sequence[TargetSpec], load: Load) -> int:
    """The most that a training holds: its whole process on a CPU; on a GPU, what lies there.

    The peak is the end of a step's way forward, or the writing of a checkpoint, or a validation's metrics.
    """
    if is_octet(config):
        return octet_size.memory_bytes(config, targets, load)
    weights, moments = parameters(config, targets), 1 if config.globals.optimization.optimizer == "sgdm" else 2
    step = _step_bytes(config, load)
    peaks = [step + FLOAT * (2 + moments) * weights]
    if load.device == "cpu":
        # A state is gathered, put in line and written; what the step has given back is not all there again.
        peaks.append(0.4 * step + FLOAT * (3 * (1 + moments) + 1) * weights)
        outputs = sum(target.outputs for target in targets)
        peaks.append(FLOAT * (2 + moments) * weights + 40 * load.validation * outputs)
    return PROCESS_BYTES[load.device] + round(MARGIN * max(peaks))


def predicting_bytes(
    config: RunConfig, targets: Sequence[TargetSpec], batch: int, *, threads: int = 1, data_bytes: int | None = None
) -> int:
    """The most that predictions of so many files at once add to a process that serves already, weights included.

    data_bytes: of all files of the data set that is learnt from; None: not known.
    """
    if is_octet(config):
        return octet_size.predicting_bytes(config, targets, batch, data_bytes)
    model, length = config.input.model_cfg, config.input.input_type_info.max_length
    width, tokens = model.embedding_dim, batch * _tokens(model, length)
    chunk, used = _chunks(model, length, batch, threads)
    passing = used * chunk * (9 * width + 5 * _hidden(model)) + 4 * batch * features(model, length)
    return round(MARGIN * FLOAT * (parameters(config, targets) + tokens * (6 * width + 2) + passing)) + SERVING_BYTES


def checkpoint_sizes(
    config: RunConfig, targets: Sequence[TargetSpec], data_bytes: int | None = None
) -> tuple[int, int]:
    """Bytes of a checkpoint that is served, and of one to resume from; their headers are some kilobytes more.

    Of Octet's own model the most they can be, for a data set of so many bytes: which n-grams recur is not known yet.
    """
    if is_octet(config):
        return octet_size.checkpoint_sizes(config, targets, data_bytes)
    moments = 1 if config.globals.optimization.optimizer == "sgdm" else 2
    weights = FLOAT * parameters(config, targets)
    gathered = config.globals.optimization.gradient_accumulation_steps or 1
    return weights, weights * (1 + moments + (gathered > 1))


def _step_bytes(config: RunConfig, load: Load) -> float:
    """What a step holds beside weights, gradients and moments, at the end of its way forward."""
    model, length = config.input.model_cfg, config.input.input_type_info.max_length
    width, hidden, init = model.embedding_dim, _hidden(model), model.model_init_config
    window, on_cpu = _windows(model, length)[1], load.device == "cpu"
    # Kept per token and block: both norms' inputs and outputs, q, k, v, attention's output and its projection, the
    # inputs of both scales (14 d), and four vectors of SwiGLU. Dropout adds masks, and copies for its own attention.
    block, masks, scores = 14 * width + 4 * hidden, 0.0, 0
    if init.dropout > 0:
        block += 7 * width + init.num_heads
        if on_cpu:
            masks = init.num_heads * 8 * math.ceil(window / 8)  # a byte for every pair of tokens
            scores = 6 * max(SCORES, window**2)
    outside = (13 if config.globals.training_control.mixing_alpha > 0 else 11) * width + 2
    tokens = load.batch * _tokens(model, length)
    kept = tokens * (init.num_layers * (FLOAT * block + masks) + FLOAT * outside)
    chunk, threads = _chunks(model, length, load.batch, load.threads) if on_cpu else (tokens, 1)
    passing = threads * (chunk * (14 * width + 3 * hidden) + scores)
    return kept + FLOAT * (passing + 8 * load.batch * features(model, length))


def features(model: ExtractorModel, max_length: int) -> int:
    """How many numbers the extractor gives for one file."""
    windows, window = _windows(model, max_length)
    return windows * (1 if model.pool else window) * model.embedding_dim


def _windows(model: ExtractorModel, max_length: int) -> tuple[int, int]:
    """How many windows, and how many bytes in each; the first may begin with padding."""
    window = model.window_size or max_length
    return math.ceil(max_length / window), window


def _tokens(model: ExtractorModel, max_length: int) -> int:
    """How many places of one file the blocks work on, padding in front included."""
    windows, window = _windows(model, max_length)
    return windows * window


def _chunks(model: ExtractorModel, max_length: int, batch: int, threads: int) -> tuple[int, int]:
    """How many tokens a thread takes through the blocks at a time, and how many threads have something to do."""
    windows, window = _windows(model, max_length)
    chunks = min(batch * windows, math.ceil(batch * windows * window / CHUNK_TOKENS))
    return math.ceil(batch * windows / chunks) * window, min(threads, chunks)


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
