"""How much of the past is learnt from: a replay window that grows more slowly than the run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from ponnuki.engine.ranges import Range, Ranged


@dataclass(frozen=True)
class WindowSettings(Ranged):
    """KataGo's rule: c · (1 + β · ((n / c)^α − 1) / α) of n positions, all of them up to c."""

    start: Annotated[int, Range(1)] = 20_000
    """c: positions up to which all are kept."""
    exponent: Annotated[float, Range(0, 1, above=True)] = 0.75
    """α: how the window grows with the run."""
    growth: Annotated[float, Range(0, 1, above=True)] = 0.4
    """β: growth at n = c."""

    def positions(self, total: int) -> int:
        """The newest positions of so many that are learnt from."""
        if total <= self.start:
            return total
        ratio = (total / self.start) ** self.exponent
        return int(self.start * (1 + self.growth * (ratio - 1) / self.exponent))
