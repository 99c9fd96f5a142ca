"""Running a network on a few rows at a time, so that what it computes stays in the caches of the CPU cores.

Each thread takes its share of the chunks and works alone on them: no operation is split between threads, so none waits
for another, and results do not depend on which thread was faster.
"""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from itertools import pairwise
from typing import Any, TypeVar

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

T = TypeVar("T")
R = TypeVar("R")

Run = Callable[[Tensor, int], Tensor]
"""Rows (n, ...) and the number of their chunk -> (n, ...): a row's answer depends on this row alone."""


def in_row_chunks(run: Run, x: Tensor, rows: int, parameters: Sequence[nn.Parameter]) -> Tensor:
    """run(x) by chunks of `rows`, in torch.get_num_threads() threads. Differentiable once in x and the parameters."""
    if torch.is_grad_enabled():
        answer: Tensor = _RowChunks.apply(run, rows, x, *parameters)  # type: ignore[no-untyped-call]
        return answer
    inference = torch.is_inference_mode_enabled()

    def plain(chunks: Sequence[tuple[int, Tensor]]) -> list[Tensor]:
        with torch.inference_mode(inference), torch.no_grad():
            return [run(chunk, number) for number, chunk in chunks]

    return torch.cat([y for ys in _shared(plain, list(enumerate(torch.split(x, rows)))) for y in ys])


class _RowChunks(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, run: Run, rows: int, x: Tensor, *parameters: Tensor) -> Tensor:
        wanted = ctx.needs_input_grad[2]
        leaves = [chunk.detach().requires_grad_(wanted) for chunk in torch.split(x, rows)]
        answers = [y for ys in _shared(partial(_forward, run), list(enumerate(leaves))) for y in ys]
        ctx.graphs, ctx.parameters = list(zip(leaves, answers, strict=True)), parameters
        ctx.rows, ctx.wanted = rows, wanted
        return torch.cat([y.detach() for y in answers])

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        parts = list(zip(ctx.graphs, torch.split(grad, ctx.rows), strict=True))
        shares = _shared(partial(_backward, ctx.parameters, ctx.wanted), parts)
        of_x = torch.cat([g for of_rows, _ in shares for g in of_rows]) if ctx.wanted else None
        of_parameters = shares[0][1]
        for _, more in shares[1:]:
            torch._foreach_add_(of_parameters, more)
        return None, None, of_x, *of_parameters


def _forward(run: Run, chunks: Sequence[tuple[int, Tensor]]) -> list[Tensor]:
    with torch.enable_grad():
        return [run(chunk, number) for number, chunk in chunks]


def _backward(
    parameters: Sequence[Tensor], wanted: bool, parts: Sequence[tuple[tuple[Tensor, Tensor], Tensor]]
) -> tuple[list[Tensor], list[Tensor]]:
    """Gradients of each chunk of rows, and of the parameters summed over them. A chunk's graph is freed by its turn."""
    of_rows: list[Tensor] = []
    of_parameters: list[Tensor] = []
    for (leaf, answer), grad in parts:
        found = torch.autograd.grad(answer, [leaf, *parameters] if wanted else parameters, grad)
        if wanted:
            of_rows.append(found[0])
            found = found[1:]
        if of_parameters:
            torch._foreach_add_(of_parameters, found)
        else:
            of_parameters = list(found)
    return of_rows, of_parameters


def _shared(work: Callable[[list[T]], R], items: list[T]) -> list[R]:
    """work(items) in as many threads as torch may use, each with an even share of the items, in their order."""
    threads = min(torch.get_num_threads(), len(items))
    if threads == 1:
        return [work(items)]
    cuts = [len(items) * i // threads for i in range(threads + 1)]
    shares = [items[a:b] for a, b in pairwise(cuts)]
    with _one_core_each(), ThreadPoolExecutor(threads) as pool:
        return list(pool.map(work, shares))


@contextmanager
def _one_core_each() -> Iterator[None]:
    """Threads that start in here use one core for each operation (torch hands its current count to new threads)."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)
