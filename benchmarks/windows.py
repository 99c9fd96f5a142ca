"""Windows folded into the batch beside a Python loop over them, and attention dropout: torch's way beside ours.

    .venv/bin/python -m benchmarks.windows                        # batch 64, 1 and 2 threads, some minutes
    .venv/bin/python -m benchmarks.windows --batch 4 --rounds 1   # a first look

The extractor of EIR's byte tutorial (T 1024, windows of 128, d 64, 4 blocks, 8 heads, dropout 0.1). Variants take turns
within a round, and the best round counts, so that a busy moment of the machine hits all alike. Prints Markdown.
"""

import argparse
import platform
import time
from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional as F

from models.nn.dropped_attention import dropped_attention
from models.nn.eir.pooling import join_windows, pool_windows
from models.nn.eir.sequence_default import SequenceDefault
from models.nn.eir.windows import fold
from models.nn.masks import ByteMasks
from models.nn.rope import rotate, turns

Extract = Callable[[Tensor], Tensor]
Work = Callable[[], object]


def loop_over_windows(model: SequenceDefault, embedded: Tensor) -> Tensor:
    """One window after another through the same blocks, each with torch's fused attention."""
    x = F.dropout(embedded * model.width**0.5 + model.positions(), model.position_dropout, model.training)
    pooled = []
    for window in torch.split(x, model.window, dim=1):
        for block in model.blocks:
            window = block(window)
        pooled.append(pool_windows(window, model.pool))
    return torch.cat(pooled, dim=1)


def folded_at_once(model: SequenceDefault, embedded: Tensor) -> Tensor:
    """All windows of the batch in one piece, one call of torch's fused attention a block."""
    x = F.dropout(embedded * model.width**0.5 + model.positions(), model.position_dropout, model.training)
    x = fold(x, model.window)
    for block in model.blocks:
        x = block(x)
    return join_windows(pool_windows(x, model.pool), model.windows)


def training_step(model: SequenceDefault, extract: Extract, tokens: Tensor) -> Work:
    """Embedding, extractor, backward pass; no optimiser."""

    def step() -> None:
        model.train()
        torch.autograd.grad(extract(model.embed(tokens)).sum(), list(model.parameters()))

    return step


def inference(model: SequenceDefault, extract: Extract, tokens: Tensor) -> Work:
    """Embedding and extractor, nothing kept for a backward pass."""

    def answer() -> None:
        model.eval()
        with torch.inference_mode():
            extract(model.embed(tokens))

    return answer


def attention_paths(windows: int) -> dict[str, Work]:
    """Forward and backward of the attention core alone, (windows, W, 3, H, D)."""
    length, heads, width = 128, 8, 8
    qkv = torch.randn(windows, length, 3, heads, width, requires_grad=True)
    by = turns(length, width)

    def torchs(p: float) -> None:
        q, k = rotate(qkv[:, :, :2], by[:, None, None]).transpose(1, 3).unbind(2)
        attended = F.scaled_dot_product_attention(q, k, qkv[:, :, 2].transpose(1, 2), dropout_p=p)
        torch.autograd.grad(attended.sum(), qkv)

    def ours() -> None:
        torch.autograd.grad(dropped_attention(qkv, by, 0.1, ByteMasks(0), False).sum(), qkv)

    return {
        "torch, dropout 0.1": lambda: torchs(0.1),
        "torch, no dropout": lambda: torchs(0.0),
        "ours, dropout 0.1": ours,
    }


def best_seconds(works: dict[str, Work], rounds: int) -> dict[str, float]:
    """The shortest time of each, the works taking turns; a first turn of each is not counted."""
    best = dict.fromkeys(works, float("inf"))
    for turn in range(rounds + 1):
        for name, work in works.items():
            start = time.perf_counter()
            work()
            if turn:
                best[name] = min(best[name], time.perf_counter() - start)
    return best


def rows(title: str, threads: int, seconds: dict[str, float], items: int) -> list[str]:
    """Markdown rows; the ratio is the speed beside the first variant's."""
    first = next(iter(seconds.values()))
    return [
        f"| {title} | {threads} | {name} | {took:.3f} | {items / took:.1f} | {first / took:.2f} |"
        for name, took in seconds.items()
    ]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--batch", type=int, default=64, help="samples a step")
    parser.add_argument("--rounds", type=int, default=3, help="timed turns of each variant")
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    options = parser.parse_args()
    torch.manual_seed(0)
    model = SequenceDefault(1024, layers=4, window_size=128, pool="avg", position="embed")
    tokens = torch.randint(0, 256, (options.batch, model.max_length))
    variants: dict[str, Extract] = {
        "loop over windows": lambda embedded: loop_over_windows(model, embedded),
        "folded, in one piece": lambda embedded: folded_at_once(model, embedded),
        "folded, in chunks (Octet)": model,
    }
    print(f"{platform.processor() or platform.machine()}, torch {torch.__version__}, batch {options.batch}\n")
    print("| what | threads | variant | seconds | samples/s | ratio |\n|---|---|---|---|---|---|")
    for threads in options.threads:
        torch.set_num_threads(threads)
        for title, make in (("training step", training_step), ("inference", inference)):
            works = {name: make(model, extract, tokens) for name, extract in variants.items()}
            print("\n".join(rows(title, threads, best_seconds(works, options.rounds), options.batch)), flush=True)
        core = best_seconds(attention_paths(options.batch * model.windows), options.rounds)
        print("\n".join(rows("attention core, forward + backward", threads, core, options.batch)), flush=True)


if __name__ == "__main__":
    main()
