"""The choice among the root's moves when a search has ended: confidence, or chance."""

from __future__ import annotations

import random

from .config import ChoiceSettings
from .snapshot import MoveStats, SearchSnapshot

FULL_BOARD = 19
"""The board width that `ChoiceSettings.halflife` speaks of."""


def lower_bound(stats: MoveStats, stdevs: float) -> float:
    """A utility that the move is hardly worse than: its mean less so many standard errors."""
    return stats.utility_to_play - stdevs * stats.utility_radius


def surest_move(snapshot: SearchSnapshot, settings: ChoiceSettings) -> MoveStats:
    """The move with the highest lower confidence bound among those with enough visits.

    Without the bound the most visited one, and a plan's own choice where there was a plan.
    """
    first = snapshot.moves[0]
    if settings.lcb_stdevs == 0 or snapshot.planned:
        return first
    enough = settings.lcb_share * first.visits
    candidates = [stats for stats in snapshot.moves if stats.visits >= enough]
    return max(candidates, key=lambda stats: lower_bound(stats, settings.lcb_stdevs))


SHOWN_STDEVS = 5.0
"""Standard errors below the mean that analysis shows as the bound where the choice of the move does not use it."""


def shown_stdevs(settings: ChoiceSettings) -> float:
    """Standard errors between a mean and the lower confidence bound that analysis shows."""
    return settings.lcb_stdevs or SHOWN_STDEVS


def surest_first(snapshot: SearchSnapshot, settings: ChoiceSettings) -> list[MoveStats]:
    """The moves as analysis lists them: the one that would be played, then the others in their order."""
    if not snapshot.moves:
        return []
    first = surest_move(snapshot, settings).move
    return sorted(snapshot.moves, key=lambda stats: stats.move != first)


def temperature_at(moves_played: int, size: int, settings: ChoiceSettings) -> float:
    """The temperature of a move: halved every `halflife` moves of a full board's width."""
    halvings = moves_played / (settings.halflife * size / FULL_BOARD)
    return float(settings.temperature * 0.5**halvings)


def drawn_move(snapshot: SearchSnapshot, temperature: float, chance: random.Random) -> MoveStats:
    """A move drawn with probability ∝ visits^(1 / temperature)."""
    most = snapshot.moves[0].visits
    weights = [(stats.visits / most) ** (1 / temperature) for stats in snapshot.moves]
    return chance.choices(snapshot.moves, weights)[0]


LEAST_TEMPERATURE = 0.01
"""Below this the best move is as good as certain, and powers would underflow."""


def choose(snapshot: SearchSnapshot, settings: ChoiceSettings, moves_played: int, chance: random.Random) -> MoveStats:
    """The move to play, of a snapshot that has at least one."""
    temperature = temperature_at(moves_played, snapshot.size, settings)
    if temperature >= LEAST_TEMPERATURE:
        return drawn_move(snapshot, temperature, chance)
    return surest_move(snapshot, settings)
