"""The sequential probability ratio test over pairs of games: stop a match as soon as it has shown enough.

Two games from one opening with the colours swapped are not independent, but pairs are; so the test counts pairs that
brought 0, ½, 1, 1½ and 2 points (the pentanomial model). It is the generalised likelihood ratio test for the mean of a
distribution of unknown shape: under each hypothesis the most likely distribution with that mean is taken (M. Van den
Bergh, "The Generalized Maximum Likelihood Ratio for the Expectation Value of a Distribution", 2020, as in Stockfish's
fishtest). The Elo bounds are logistic.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ponnuki.arena.score import score_from_elo
from ponnuki.engine.errors import ConfigError

_SCORES = np.array([0.0, 0.25, 0.5, 0.75, 1.0])
_UNSEEN = 1e-3
"""Stands for a count of 0, so that no outcome is held impossible (fishtest's value)."""
_STEPS = 60
_CLOSE = 1e-9

LARGEST_BOUND = 2000
"""Elo; beyond it an expected score is 0 or 1 for what arithmetic can tell."""


def log_likelihood_ratio(counts: np.ndarray, score0: float, score1: float) -> np.ndarray:
    """Logarithm of how much better a mean score of `score1` explains the pairs than `score0` does.

    Args:
        counts: [..., 5] pairs with 0, ½, 1, 1½ and 2 points; any number of matches at a time.
        score0: expected score a game, between 0 and 1, under the first hypothesis.
        score1: the same under the second.

    Returns:
        float64[...], 0 where there are no pairs.
    """
    counted = np.asarray(counts, np.float64)
    seen = np.where(counted > 0, counted, _UNSEEN)
    share = seen / seen.sum(-1, keepdims=True)
    # The most likely p with mean s, given shares q of the outcomes a, is p = q / (1 + t (a − s)); so
    # log p1/p0 = log (1 + t0 (a − s0)) − log (1 + t1 (a − s1)).
    factor0 = 1 + _tilt(share, score0)[..., None] * (_SCORES - score0)
    factor1 = 1 + _tilt(share, score1)[..., None] * (_SCORES - score1)
    return np.where(counted.sum(-1) > 0, _dot(seen, np.log(factor0 / factor1)), 0.0)


def _tilt(share: np.ndarray, mean: float) -> np.ndarray:
    """The t for which shares / (1 + t (a − mean)) have that mean: Newton's method, kept in its bracket by bisection.

    Σ q (a − s) / (1 + t (a − s)) falls from +∞ to −∞ between t = −1 / (1 − s) and t = 1 / s.
    """
    distance = _SCORES - mean
    low = np.full(share.shape[:-1], -1 / (1 - mean))
    high = np.full(share.shape[:-1], 1 / mean)
    tilt = np.zeros(share.shape[:-1])
    for _ in range(_STEPS):
        part = distance / (1 + tilt[..., None] * distance)
        value = _dot(share, part)
        low, high = np.where(value > 0, tilt, low), np.where(value > 0, high, tilt)
        better = tilt + value / _dot(share * part, part)
        better = np.where((better > low) & (better < high), better, (low + high) / 2)
        done = np.all(np.abs(better - tilt) < _CLOSE)
        tilt = better
        if done:
            break
    return tilt


def _dot(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Sum of products over the last axis (einsum is several times faster than ``sum`` where that axis is short)."""
    return np.einsum("...i,...i->...", a, b)


@dataclass(frozen=True)
class Verdict:
    """Where a sequential test stands."""

    llr: float
    """The log-likelihood ratio after `pairs` pairs."""
    pairs: int
    """Pairs that were looked at: up to the decision, where there is one."""
    accepted: int | None
    """0 or 1: the hypothesis that was accepted; None: undecided."""


@dataclass(frozen=True)
class Sprt:
    """A test of "A is `elo0` stronger than B" against "A is `elo1` stronger"."""

    elo0: float
    elo1: float
    alpha: float = 0.05
    """Chance of accepting `elo1` where `elo0` is true."""
    beta: float = 0.05
    """Chance of accepting `elo0` where `elo1` is true."""

    def __post_init__(self) -> None:
        for bound in (self.elo0, self.elo1):
            if not abs(bound) <= LARGEST_BOUND:
                raise ConfigError(f"SPRT bound {bound:g}: expected {-LARGEST_BOUND} to {LARGEST_BOUND}")
        if not self.elo0 < self.elo1:
            raise ConfigError(f"SPRT bounds {self.elo0:g} {self.elo1:g}: the first has to be the lower one")
        for name, rate in (("alpha", self.alpha), ("beta", self.beta)):
            if not 0 < rate < 0.5:
                raise ConfigError(f"SPRT {name} is {rate:g}: expected more than 0 and less than 0.5")

    @property
    def bounds(self) -> tuple[float, float]:
        """The log-likelihood ratios at which `elo0` and `elo1` are accepted (A. Wald, Sequential Analysis, 1947)."""
        return math.log(self.beta / (1 - self.alpha)), math.log((1 - self.beta) / self.alpha)

    def ratios(self, counts: np.ndarray) -> np.ndarray:
        """Log-likelihood ratios of counts [..., 5]; see `log_likelihood_ratio`."""
        return log_likelihood_ratio(counts, score_from_elo(self.elo0), score_from_elo(self.elo1))

    def verdict(self, pair_points: Sequence[float]) -> Verdict:
        """Look at A's points (0 to 2) in each pair, one pair after the other, and stop where a bound is reached."""
        if not pair_points:
            return Verdict(0.0, 0, None)
        outcome = np.rint(2 * np.asarray(pair_points)).astype(np.int64)
        counts = np.cumsum(np.eye(5, dtype=np.int64)[outcome], axis=0)
        ratios = self.ratios(counts)
        low, high = self.bounds
        crossed = np.flatnonzero((ratios <= low) | (ratios >= high))
        last = int(crossed[0]) if crossed.size else len(ratios) - 1
        accepted = int(ratios[last] >= high) if crossed.size else None
        return Verdict(float(ratios[last]), last + 1, accepted)
