"""`octet`: Octet's own model, a deep network over pieces and a wide branch over whole files, blended on validation."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor, nn

from models.nn.network import File, Mixes, Network, Unlike
from models.nn.novelty.score import Novelty
from models.nn.octet.blend import Blend
from models.nn.octet.build import build_deep
from models.nn.octet.cutting import answering_starts, bytes_seen, pieces_of
from models.nn.octet.pieces import Pieces
from models.nn.octet.view_ngrams import NgramEmbedding
from models.nn.spread import excerpt, spread_bytes
from models.nn.wide import WideHead

if TYPE_CHECKING:
    from models.config import RunConfig
    from models.config.targets import TargetSpec

TOKENS_AT_ONCE = 2**15
"""At most so many bytes, padding included, go through the deep network at a time. On a CPU four times as many take 1.6
times as long: they leave its caches."""


class OctetModel(Network):
    """Deep (Cheng et al. 2016, "Wide & Deep"): views of pieces; wide: n-grams of the whole file; their answers blended.

    The deep network's answer is the mean over a file's pieces.
    """

    blend: Blend
    whole = True

    def __init__(self, config: "RunConfig", targets: Sequence["TargetSpec"]) -> None:
        super().__init__()
        octet = config.input.model_cfg.octet
        self.max_length = config.input.input_type_info.max_length
        self.targets = [target.name for target in targets]
        self.deep = build_deep(octet, self.max_length, {target.name: target.outputs for target in targets})
        self.wide = WideHead({target.name: target.outputs for target in targets}) if octet.wide else None
        self.blend = Blend(targets, ["deep"] if self.wide is None else ["deep", "wide"])
        self.unlike = Novelty()

    def tables(self) -> list[nn.Parameter]:
        """See Network: the n-gram tables."""
        return [module.table for module in self.deep.modules() if isinstance(module, NgramEmbedding)]

    def learn(self, pieces: Pieces, mixture: Mixes | None = None) -> dict[str, Tensor]:
        """See Network."""
        each = self.deep.each(pieces, mixture=mixture)
        return {name: torch.cat([member[name] for member in each]) for name in self.targets}

    def reads(self, length: int) -> int:
        """See Network: what the deep network sees; all, up to what `spread` bounds, where the wide branch is fitted."""
        seen = bytes_seen(length, self.max_length)
        return max(seen, spread_bytes(length)) if self.wide is not None and self.wide.fitted else seen

    def cost(self, length: int) -> int:
        """See Network: the pieces of the deep network, and what the wide branch reads."""
        pieces = len(answering_starts(length, self.max_length)) * min(length, self.max_length)
        return max(pieces, self.reads(length))

    def answer(self, files: Sequence[File]) -> dict[str, Tensor]:
        """See Network."""
        return {name: self.blend(name, found) for name, found in self.evidence(files).items()}

    def evidence(self, files: Sequence[File], held_out: Mapping[str, Tensor] | None = None) -> dict[str, Tensor]:
        """See Network: what the deep network says, then the wide branch."""
        said = [self._deep(files)]
        if self.wide is not None:
            answers = held_out or self.wide([excerpt(file) for file in files])
            said.append({name: answer.to(said[0][name]) for name, answer in answers.items()})
        return {name: torch.stack([one[name] for one in said], dim=1) for name in self.targets}

    def novelty(self, files: Sequence[File]) -> list[Unlike] | None:
        """See Network: None until the training files are known, and where they are too few."""
        return self.unlike.unlike(files)

    def _deep(self, files: Sequence[File]) -> dict[str, Tensor]:
        """{target: (N, outputs)}, the mean over the pieces of each file; pieces of like length go through together."""
        device = self.blend.weights.device
        of_file, starts = self._pieces(files)
        widths = np.minimum([len(files[at]) for at in of_file.tolist()], self.max_length)
        order = np.argsort(widths, kind="stable")
        found: list[dict[str, Tensor]] = []
        for rows in _portions(widths[order]):
            here = order[rows]
            pieces = pieces_of([files[at] for at in of_file[here].tolist()], starts[here], self.max_length)
            found.append(self.deep(pieces.to(device)))
        back = torch.from_numpy(of_file[order]).to(device)
        counts = torch.from_numpy(np.bincount(of_file, minlength=len(files))).to(device)
        answers = {}
        for name in self.targets:
            rows_No = torch.cat([answer[name] for answer in found])
            sums = rows_No.new_zeros(len(files), rows_No.shape[1]).index_add_(0, back, rows_No)
            answers[name] = sums / counts[:, None]
        return answers

    def _pieces(self, files: Sequence[File]) -> tuple[np.ndarray, np.ndarray]:
        """Of every piece of all files: the file it belongs to, and where it begins; each (P,) int64."""
        starts = [answering_starts(len(file), self.max_length) for file in files]
        of_file = np.repeat(np.arange(len(files)), [len(one) for one in starts])
        return of_file, np.concatenate(starts)


def _portions(widths: np.ndarray) -> Iterator[slice]:
    """Slices of rising widths (P,), each of at most TOKENS_AT_ONCE tokens, padding counted; one row at least."""
    begin = 0
    while begin < len(widths):
        end = begin + 1
        while end < len(widths) and (end + 1 - begin) * widths[end] <= TOKENS_AT_ONCE:
            end += 1
        yield slice(begin, end)
        begin = end
