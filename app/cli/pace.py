"""How fast a run goes, from what is seen of it: steps over the last half minute, validations averaged in."""

from collections import deque

WINDOW_S = 30.0
SHORTEST_S = 2.0
"""Two looks less than this apart say nothing."""


class Pace:
    """Steps against a clock."""

    def __init__(self) -> None:
        self._seen: deque[tuple[float, int]] = deque()

    def seen(self, step: int, at_s: float) -> None:
        """Take one look. A run that was resumed goes back to an earlier step: its pace begins anew."""
        if self._seen and step < self._seen[-1][1]:
            self._seen.clear()
        self._seen.append((at_s, step))
        while at_s - self._seen[1 if len(self._seen) > 1 else 0][0] > WINDOW_S:
            self._seen.popleft()

    def per_second(self) -> float | None:
        """Steps a second; None until it is known, and while the run stands still."""
        if not self._seen:
            return None
        (began, first), (now, last) = self._seen[0], self._seen[-1]
        return (last - first) / (now - began) if now - began >= SHORTEST_S and last > first else None

    def words(self) -> str:
        """'12.5 steps/s', or '3.2 s/step' of a slow run; '' until it is known."""
        speed = self.per_second()
        if speed is None:
            return ""
        return f"{speed:,.1f} steps/s" if speed >= 1 else f"{1 / speed:,.1f} s/step"
