"""What a review calls a mistake. Imports nothing, so that the command line can tell the defaults at once."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Thresholds:
    """What a mistake is, and how much is told of it."""

    doubtful: float = 2.0
    """Points lost by a doubtful move, at least."""
    bad: float = 5.0
    """Points lost by a bad move, at least."""
    variations: int = 2
    """Better moves shown beside a mistake, at most."""
    pv_moves: int = 12
    """Length of a variation, at most."""
