"""Which n-grams the wide branch looks at; kept as numbers beside the weights, so that a checkpoint is complete."""

from dataclasses import dataclass

PLACED_ORDERS = (1, 2, 4)
"""Lengths of the n-grams that are told apart by place."""


@dataclass(frozen=True)
class GramKinds:
    """orders: lengths of n-grams, in bytes. placed: n-grams of so many first bytes are told apart by place, too.

    levels: rising counts from 1 on; an n-gram that stands k times in a file gives one feature for each level <= k, so
    (1,) is presence alone.
    """

    orders: tuple[int, ...]
    levels: tuple[int, ...] = (1,)
    placed: int = 0

    def __post_init__(self) -> None:
        if not self.orders or min(self.orders) < 1 or self.levels[:1] != (1,):
            raise ValueError(f"orders from 1 byte on and levels from 1 on are needed, not {self.orders}, {self.levels}")

    @property
    def passes(self) -> tuple[tuple[int, int], ...]:
        """Every (order, placed) that a file is read for."""
        return tuple((n, 0) for n in self.orders) + tuple((n, self.placed) for n in PLACED_ORDERS if self.placed)

    def to_numbers(self) -> list[int]:
        """As integers; from_numbers reads them."""
        return [self.placed, len(self.orders), *self.orders, *self.levels]

    @classmethod
    def from_numbers(cls, numbers: list[int]) -> "GramKinds":
        """The way back of to_numbers."""
        placed, orders, *rest = numbers
        return cls(tuple(rest[:orders]), tuple(rest[orders:]), placed)
