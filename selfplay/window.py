"""How much of the past is learnt from: a replay window that grows more slowly than the run."""

from __future__ import annotations

from dataclasses import dataclass

from ponnuki.engine.errors import ConfigError


@dataclass(frozen=True)
class WindowSettings:
    """KataGo's rule: c · (1 + β · ((n / c)^α − 1) / α) of n positions, all of them up to c."""

    start: int = 20_000
    """c: positions up to which all are kept, at least 1."""
    exponent: float = 0.75
    """α: how the window grows with the run, above 0 to 1."""
    growth: float = 0.4
    """β: growth at n = c, above 0 to 1."""

    def __post_init__(self) -> None:
        """Raises ConfigError for a value out of range."""
        if self.start < 1:
            raise ConfigError(f"start is {self.start}: expected 1 or more")
        for name in ("exponent", "growth"):
            if not 0 < getattr(self, name) <= 1:
                raise ConfigError(f"{name} is {getattr(self, name)}: expected more than 0 and at most 1")

    def positions(self, total: int) -> int:
        """The newest positions of so many that are learnt from."""
        if total <= self.start:
            return total
        ratio = (total / self.start) ** self.exponent
        return int(self.start * (1 + self.growth * (ratio - 1) / self.exponent))
