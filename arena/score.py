"""What a number of won, drawn and lost games says: score, Elo, and how sure both are."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from statistics import NormalDist

CONFIDENCE = 0.95


def elo_from_score(score: float) -> float:
    """Logistic Elo difference of an expected score, 0…1; infinite at the ends."""
    if score <= 0:
        return -math.inf
    return math.inf if score >= 1 else 400 * math.log10(score / (1 - score))


def score_from_elo(elo: float) -> float:
    """Expected score, 0…1, of a side that is `elo` stronger."""
    return 1 / (1 + 10 ** (-elo / 400))


@dataclass(frozen=True)
class Score:
    """Games as one side sees them."""

    wins: int = 0
    draws: int = 0
    losses: int = 0

    @classmethod
    def of(cls, points: Iterable[float]) -> Score:
        """Count results of 1, 0.5 and 0 points."""
        counted = list(points)
        return cls(counted.count(1.0), counted.count(0.5), counted.count(0.0))

    @property
    def games(self) -> int:
        """All of them."""
        return self.wins + self.draws + self.losses

    @property
    def rate(self) -> float | None:
        """Points a game, 0…1; None without games."""
        return (self.wins + self.draws / 2) / self.games if self.games else None

    def interval(self, confidence: float = CONFIDENCE) -> tuple[float, float]:
        """Wilson's score interval of the rate, with draws as half a win (E. B. Wilson, JASA 22, 1927).

        Games count as independent. Two games from one opening with the colours swapped vary less together than two
        unrelated games, so for paired games the interval is, if anything, too wide.
        """
        n, rate = self.games, self.rate
        if rate is None:
            return 0.0, 1.0
        z = NormalDist().inv_cdf((1 + confidence) / 2)
        centre = (rate + z * z / (2 * n)) / (1 + z * z / n)
        half = z / (1 + z * z / n) * math.sqrt(rate * (1 - rate) / n + z * z / (4 * n * n))
        return max(0.0, centre - half), min(1.0, centre + half)

    @property
    def elo(self) -> float | None:
        """Elo difference of the rate; infinite for a clean sweep, None without games."""
        return None if self.rate is None else elo_from_score(self.rate)

    def elo_interval(self, confidence: float = CONFIDENCE) -> tuple[float, float]:
        """Elo differences at the ends of `interval`."""
        low, high = self.interval(confidence)
        return elo_from_score(low), elo_from_score(high)


def pentanomial(pairs: Iterable[float]) -> tuple[int, int, int, int, int]:
    """How many pairs of games brought 0, ½, 1, 1½ and 2 points."""
    counts = [0] * 5
    for points in pairs:
        counts[round(2 * points)] += 1
    return counts[0], counts[1], counts[2], counts[3], counts[4]
