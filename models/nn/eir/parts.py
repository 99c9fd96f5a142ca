"""The parts of EIR's network that a config may name (extractor, fusion, head), and what builds each."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from torch import nn

from models.nn.eir.extractor import Extractor
from models.nn.eir.fusion import MLPResidualFusion
from models.nn.eir.heads import LinearHead, MLPResidualHead, SharedMLPResidualHead
from models.nn.eir.sequence_default import build_sequence_default

if TYPE_CHECKING:
    from models.config.fusion import FusionConfig, ResidualBlocks
    from models.config.outputs import HeadInit, HeadModel


def build_extractor(model_cfg: Any, max_length: int) -> Extractor:
    """The feature extractor of `input.model_config`: forward(embedded (B, T, d)), embed(tokens), features."""
    return EXTRACTORS[model_cfg.model_type](model_cfg, max_length)


def build_fusion(fusion: "FusionConfig", features: int) -> MLPResidualFusion:
    """The fusion of `fusion`: (B, ...) -> (B, width)."""
    return FUSIONS[fusion.model_type](fusion.model_cfg, features)


def build_head(model_cfg: "HeadModel", inputs: int, outputs: Mapping[str, int]) -> nn.Module:
    """The head of `output.model_config`: (B, inputs) -> {target: (B, outputs)}."""
    return HEADS[model_cfg.model_type](model_cfg.model_init_config, inputs, outputs)


def _mlp_residual_fusion(cfg: "ResidualBlocks", features: int) -> MLPResidualFusion:
    return MLPResidualFusion(
        features, layers=cfg.layers[0], width=cfg.fc_task_dim, dropout=cfg.rb_do, depth_p=cfg.stochastic_depth_p
    )


def _mlp_residual_head(cfg: "HeadInit", inputs: int, outputs: Mapping[str, int]) -> nn.Module:
    return MLPResidualHead(
        inputs,
        outputs,
        layers=cfg.layers[0],
        width=cfg.fc_task_dim,
        dropout=cfg.rb_do,
        final_dropout=cfg.fc_do,
        depth_p=cfg.stochastic_depth_p,
        final=cfg.final_layer_type,
    )


def _shared_mlp_residual_head(cfg: "HeadInit", inputs: int, outputs: Mapping[str, int]) -> nn.Module:
    return SharedMLPResidualHead(
        inputs,
        outputs,
        layers=cfg.layers[0],
        width=cfg.fc_task_dim,
        dropout=cfg.rb_do,
        depth_p=cfg.stochastic_depth_p,
    )


def _linear_head(_: "HeadInit", inputs: int, outputs: Mapping[str, int]) -> nn.Module:
    return LinearHead(inputs, outputs)


EXTRACTORS: Mapping[str, Callable[[Any, int], Extractor]] = {"sequence-default": build_sequence_default}
FUSIONS: Mapping[str, Callable[[Any, int], MLPResidualFusion]] = {"mlp-residual": _mlp_residual_fusion}
HEADS: Mapping[str, Callable[[Any, int, Mapping[str, int]], nn.Module]] = {
    "mlp_residual": _mlp_residual_head,
    "shared_mlp_residual": _shared_mlp_residual_head,
    "linear": _linear_head,
}
