"""Bradley–Terry ratings of a pool of engines, with intervals.

The chance that i beats j is 1 / (1 + 10^((r_j − r_i) / 400)), a draw counts as half a win, and the ratings are the most
likely ones given all games together (R. A. Bradley and M. E. Terry, Biometrika 39, 1952). Lest a clean sweep push
ratings to infinity, every two engines that met are given `PRIOR_GAMES` drawn games more. Ratings have no zero of their
own: they are given relative to one engine, the anchor, whose rating is fixed and exact.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from ponnuki.arena.score import CONFIDENCE
from ponnuki.engine.errors import ConfigError

PRIOR_GAMES = 0.5
"""Drawn games given to each two engines that met. At half a game, 20–0 is rated 760 Elo apart."""

_ELO = 400 / math.log(10)
_STEPS = 100
_CLOSE_ELO = 1e-6


@dataclass(frozen=True)
class Meeting:
    """Games between two engines of the pool."""

    first: str
    second: str
    points: float
    """What the first made of them, a draw being ½."""
    games: int


@dataclass(frozen=True)
class Rating:
    """One engine of the pool."""

    name: str
    elo: float
    """Relative to the anchor."""
    stdev: float
    """Standard deviation of `elo`; 0 for the anchor."""
    games: int
    points: float

    def interval(self, confidence: float = CONFIDENCE) -> tuple[float, float]:
        """Elo between which the true rating lies, the anchor's being as it is given."""
        half = NormalDist().inv_cdf((1 + confidence) / 2) * self.stdev
        return self.elo - half, self.elo + half


@dataclass(frozen=True)
class Ratings:
    """A rated pool."""

    ratings: tuple[Rating, ...]
    """The strongest first."""
    anchor: str
    covariance: Mapping[tuple[str, str], float]
    """Covariance of two engines' ratings, in Elo²."""

    def __getitem__(self, name: str) -> Rating:
        return next(rating for rating in self.ratings if rating.name == name)

    def difference(self, first: str, second: str) -> tuple[float, float]:
        """By how many Elo the first is stronger than the second, with its standard deviation."""
        variance = (self.covariance[first, first] + self.covariance[second, second]
                    - 2 * self.covariance[first, second])
        return self[first].elo - self[second].elo, math.sqrt(max(variance, 0.0))

    def superiority(self, first: str, second: str) -> float:
        """How likely it is that the first is the stronger one, 0 to 1."""
        elo, stdev = self.difference(first, second)
        return NormalDist().cdf(elo / stdev) if stdev else 0.5


def rate(meetings: Iterable[Meeting], anchor: str | None = None, anchor_elo: float = 0.0) -> Ratings:
    """Rate all engines that meet each other, directly or through others.

    Args:
        meetings: results; two engines may meet several times, in either order.
        anchor: the engine whose rating is given; None: the first one of the first meeting.
        anchor_elo: its rating.

    Raises:
        ConfigError: no games, an unknown anchor, an impossible result, or a pool in parts that never met.
    """
    played = [meeting for meeting in meetings if meeting.games]
    names = list(dict.fromkeys(name for meeting in played for name in (meeting.first, meeting.second)))
    if not names:
        raise ConfigError("no games to rate")
    anchor = names[0] if anchor is None else anchor
    if anchor not in names:
        raise ConfigError(f"anchor {anchor!r} has played no games; those who have: {', '.join(names)}")
    points = _points(played, names)
    _check_connected(points + points.T > 0, names, names.index(anchor))
    prior = np.where(points + points.T > 0, PRIOR_GAMES / 2, 0.0)
    elo, covariance = _most_likely(points + prior, names.index(anchor))
    order = np.argsort(-elo, kind="stable")
    ratings = tuple(Rating(names[i], anchor_elo + float(elo[i]), math.sqrt(covariance[i, i]),
                           round(float((points + points.T)[i].sum())), float(points[i].sum())) for i in order)
    pairs = {(a, b): float(covariance[i, j]) for i, a in enumerate(names) for j, b in enumerate(names)}
    return Ratings(ratings, anchor, pairs)


def _points(meetings: Sequence[Meeting], names: Sequence[str]) -> np.ndarray:
    """float64[n, n]: points that each engine made against each other."""
    index = {name: i for i, name in enumerate(names)}
    points = np.zeros((len(names), len(names)))
    for meeting in meetings:
        if meeting.first == meeting.second or not 0 <= meeting.points <= meeting.games:
            raise ConfigError(f"impossible result: {meeting}")
        points[index[meeting.first], index[meeting.second]] += meeting.points
        points[index[meeting.second], index[meeting.first]] += meeting.games - meeting.points
    return points


def _check_connected(met: np.ndarray, names: Sequence[str], start: int) -> None:
    reached = np.zeros(len(names), bool)
    reached[start] = True
    for _ in names:
        reached |= (met & reached).any(axis=1)
    if not reached.all():
        apart = ", ".join(name for name, there in zip(names, reached, strict=True) if not there)
        raise ConfigError(f"cannot be rated against {names[start]}, having met neither it nor any that met it: {apart}")


def _most_likely(points: np.ndarray, anchor: int) -> tuple[np.ndarray, np.ndarray]:
    """Ratings in Elo with the anchor at 0, and their covariance, by Newton's method on the (concave) log-likelihood.

    In natural units the gradient is points made less points expected, and the Hessian −games · p · (1 − p) off its
    diagonal; the covariance is the inverse of the Hessian without the anchor's row and column.
    """
    games = points + points.T
    free = np.arange(len(points)) != anchor
    strength = np.zeros(len(points))
    covariance = np.zeros_like(points)
    for _ in range(_STEPS):
        expected = 1 / (1 + np.exp(strength - strength[:, None]))
        gradient = (points - games * expected).sum(axis=1)
        weight = games * expected * (1 - expected)
        information = np.diag(weight.sum(axis=1)) - weight
        covariance[np.ix_(free, free)] = np.linalg.inv(information[np.ix_(free, free)])
        step = np.clip(covariance @ gradient, -1.0, 1.0)  # far from the top a full step may overshoot
        strength += step
        if np.abs(step).max() * _ELO < _CLOSE_ELO:
            break
    return strength * _ELO, covariance * _ELO**2
