"""EIR's parameter names in ours: which of its tensors, stacked, make one of ours."""

import re
from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor

BLOCK = r"extractor\.blocks\.(\d+)\."
LAYER = r"input.feature_extractor.transformer_encoder.layers.\1."
MLP = {"norm.": "norm_1.", "fc1.": "fc_1.", "fc2.": "fc_2.", "identity.": "downsample_identity.", "scale.": "ls."}


def stacked(eir: Mapping[str, np.ndarray], ours: str, targets: list[str]) -> Tensor:
    """EIR's tensors (weights or gradients, by name) that stand for our parameter, as one tensor."""
    return torch.from_numpy(np.concatenate([eir[name] for name in eir_names(ours, targets)]))


def eir_names(ours: str, targets: list[str]) -> list[str]:
    """The names in EIR of what our parameter holds, in the order of its rows."""
    if ours.startswith("extractor."):
        return [_extractor(ours, part) for part in _parts(ours)]
    if match := re.fullmatch(r"fusion\.blocks\.(\d+)\.(.*)", ours):
        return [f"fusion.fusion_modules.fusion.{match[1]}.0.{_mlp(match[2])}"]
    match = re.fullmatch(r"head\.branches\.(\d+)\.(?:blocks\.(\d+)\.)?(.*)", ours)
    assert match, f"no name in EIR for {ours}"
    branch = f"output.multi_task_branches.{targets[int(match[1])]}."
    if match[2] is not None:
        return [f"{branch}0.{match[2]}.0.{_mlp(match[3])}"]
    if match[3] == "norm.weight":
        return [f"{branch}1.norm_final.weight"]
    if match[3] in {"final.weight", "final.bias"}:
        return [f"{branch}2.{match[3]}"]
    return [f"{branch}1.final.{_mlp(match[3].removeprefix('final.'))}"]


def _parts(ours: str) -> list[str]:
    """Our joint tensors hold several of EIR's."""
    if ours.endswith("qkv.weight"):
        return ["q_proj", "k_proj", "v_proj"]
    return ["w1", "w2"] if ours.endswith("gate_up.weight") else [""]


def _extractor(ours: str, part: str) -> str:
    names = {
        r"extractor\.embedding\.weight": "input.embedding.weight",
        r"extractor\.positions\.table": "input.pos_representation.embedding",
        BLOCK + r"attention\.qkv\.weight": LAYER + part + ".weight",
        BLOCK + r"attention\.out\.weight": LAYER + "out_proj.weight",
        BLOCK + r"feed_forward\.gate_up\.weight": LAYER + "ffn." + part + ".weight",
        BLOCK + r"feed_forward\.down\.weight": LAYER + "ffn.w3.weight",
        BLOCK + r"attention_norm\.weight": LAYER + "norm1.weight",
        BLOCK + r"feed_forward_norm\.weight": LAYER + "norm2.weight",
        BLOCK + r"attention_scale\.gamma": LAYER + "ls1.gamma",
        BLOCK + r"feed_forward_scale\.gamma": LAYER + "ls2.gamma",
    }
    for pattern, name in names.items():
        if match := re.fullmatch(pattern, ours):
            return match.expand(name)
    raise AssertionError(f"no name in EIR for {ours}")


def _mlp(ours: str) -> str:
    for mine, theirs in MLP.items():
        if ours.startswith(mine):
            return theirs + ours.removeprefix(mine)
    raise AssertionError(f"no name in EIR for {ours}")
