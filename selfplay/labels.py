"""What is learnt from a search: the policy target, and how much a position counts."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from ponnuki.engine.config import SearchSettings
from ponnuki.engine.gumbel import VISITS_OFFSET
from ponnuki.engine.snapshot import SearchSnapshot

LARGEST_WEIGHT = 65535
"""Of a policy entry on disk."""

LEAST_PROBABILITY = 1e-6
"""Keeps logarithms finite."""


def pruned_visits(snapshot: SearchSnapshot, settings: SearchSettings) -> dict[int, int]:
    """The root's visits by move, less those that only forced playouts and noise brought about.

    KataGo's policy target pruning (D. Wu, "Accelerating Self-Play Learning in Go", 2020): a move other than the most
    visited one gives up as many of its forced playouts as it can without PUCT preferring it to that one; moves left
    with a single visit are dropped.
    """
    moves = snapshot.moves
    if not settings.forced_playouts:
        return {stats.move: stats.visits for stats in moves}
    total = max(1, snapshot.visits)
    growth = math.log((total + settings.c_puct_base) / settings.c_puct_base)
    weight = (settings.c_puct + settings.c_puct_log * growth) * math.sqrt(total)
    best = max(moves, key=lambda stats: stats.visits)
    ceiling = best.utility_to_play + weight * best.prior / (1 + best.visits)
    kept = {best.move: best.visits}
    for stats in moves:
        if stats is best:
            continue
        visits = stats.visits
        gap = ceiling - stats.utility_to_play
        if gap > 0:
            forced = math.sqrt(settings.forced_playouts * stats.prior * total)
            wanted = weight * stats.prior / gap - 1
            visits = min(visits, math.ceil(max(wanted, visits - forced)))
        if visits > 1:
            kept[stats.move] = visits
    return kept


def improved_policy(snapshot: SearchSnapshot, priors: np.ndarray, settings: SearchSettings) -> dict[int, float]:
    """The policy that Gumbel search improves to: softmax(log prior + σ(q)), q of unvisited moves completed.

    I. Danihelka et al., "Policy improvement by planning with Gumbel" (2022), with their mixed value for those moves.

    Args:
        priors: float32[N*N + 1], the net's own.
    """
    visits = sum(stats.visits for stats in snapshot.moves)
    seen = sum(float(priors[stats.move]) for stats in snapshot.moves)
    weighted = sum(float(priors[stats.move]) * stats.value_to_play for stats in snapshot.moves)
    mixed = (snapshot.raw_value_to_play + (visits * weighted / seen if seen else 0.0)) / (1 + (visits if seen else 0))
    legal = np.flatnonzero(priors > 0)
    value = np.full(len(priors), mixed)
    for stats in snapshot.moves:
        value[stats.move] = stats.value_to_play
    scale = (VISITS_OFFSET + max((stats.visits for stats in snapshot.moves), default=0)) * settings.gumbel_scale
    logits = np.log(np.maximum(priors[legal], LEAST_PROBABILITY)) + scale * 0.5 * (1 + value[legal])
    share = np.exp(logits - logits.max())
    share /= share.sum()
    return {int(move): float(p) for move, p in zip(legal, share, strict=True)}


def policy_entries(weights: Mapping[int, float]) -> list[tuple[int, int]]:
    """(move, weight) as records keep them: visits as they are, shares in proportion to the largest."""
    most = max(weights.values(), default=0.0)
    scale = 1.0 if most > 1 and most <= LARGEST_WEIGHT else LARGEST_WEIGHT / max(most, LEAST_PROBABILITY)
    entries = [(move, round(weight * scale)) for move, weight in sorted(weights.items())]
    return [(move, weight) for move, weight in entries if weight > 0]


def surprise(entries: Sequence[tuple[int, int]], priors: np.ndarray) -> float:
    """Kullback–Leibler divergence of the policy target from the net's own policy, in nats."""
    total = sum(weight for _, weight in entries)
    return sum(
        weight / total * math.log(weight / total / max(float(priors[move]), LEAST_PROBABILITY))
        for move, weight in entries
    )


def sample_weights(surprises: Sequence[float], share: float) -> list[float]:
    """How much each of a game's positions counts: 1 on average, `share` of it in proportion to the surprise.

    KataGo's policy surprise weighting, by the weight in the loss instead of by repetition.
    """
    total = sum(surprises)
    if total <= 0:
        return [1.0] * len(surprises)
    return [1 - share + share * value * len(surprises) / total for value in surprises]
