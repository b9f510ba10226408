"""How long a move is thought about: the plan before the search, and the decision to stop, taken between batches.

A plan has two times. Until `soft_s` the search goes on unless the choice is settled; from there to `hard_s` only while
the position is unclear. Where a clock banks what is not used, clear positions pay for unclear ones.
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass

import numpy as np

from .clock import Clock
from .config import TimeSettings
from .searching import Searching

PEAK = 0.22
WIDTH = 0.16
"""Moves played, a point of the board, at which most time is used, and how far around it (fighting is decided then)."""

CHECK_EVERY_S = 0.01
"""Seconds between two looks at the root; a look costs about 20 µs."""

RIVAL_SHARE = 0.1
"""Visits, as a share of the most visited move's, from which on another one may still be chosen."""

LEAST_VISITS = 16
"""Visits of the root before anything is decided by them."""


@dataclass(frozen=True)
class Budget:
    """Seconds for one move, from when the clock began to run."""

    soft_s: float
    hard_s: float


def phase_factor(moves_played: int, size: int, settings: TimeSettings) -> float:
    """How much of an even share a move gets: more in the middle game, less before and after."""
    distance = (moves_played / size**2 - PEAK) / WIDTH
    return 1.0 + settings.middle_game * (1.6 * math.exp(-distance * distance) - 0.6)


def plan(
    clock: Clock, colour: int, moves_played: int, size: int, settings: TimeSettings, move_time_s: float | None = None
) -> Budget | None:
    """The budget of the next move, None where nothing limits its time.

    Args:
        move_time_s: a fixed limit beside the clock; where it is the tighter one, it is the whole budget.
    """
    share_s = clock.budget_s(colour, moves_played, size)
    if share_s is None:
        return None if move_time_s is None else Budget(move_time_s, move_time_s)
    most_s = clock.longest_s(colour, moves_played, size)
    soft_s = min(share_s * phase_factor(moves_played, size, settings), most_s) if clock.banks(colour) else share_s
    hard_s = max(soft_s, min(most_s, settings.extension * soft_s))
    if move_time_s is not None:
        soft_s, hard_s = min(soft_s, move_time_s), min(hard_s, move_time_s)
    return Budget(soft_s, hard_s)


def is_settled(visits: np.ndarray, utilities: np.ndarray, playouts_left: float) -> bool:
    """Whether the most visited move stays so whatever the playouts that are left find, and looks best, too.

    A move that looks better with far fewer visits may yet be chosen by its lower confidence bound.

    Args:
        visits, utilities: int[...] and float[...], of the root's moves.
    """
    if len(visits) < 2:
        return False  # other moves may not have been looked at yet
    most, second = np.partition(visits, -2)[[-1, -2]]
    rivals = visits >= RIVAL_SHARE * most
    return bool(most - second > playouts_left and utilities[np.argmax(visits)] >= utilities[rivals].max())


def is_unclear(visits: np.ndarray, utilities: np.ndarray, settings: TimeSettings) -> bool:
    """Whether a little more search might well change the choice: a close second, or a better one with fewer visits."""
    if len(visits) < 2:
        return False
    best = int(np.argmax(visits))
    enough = visits >= settings.close_share * visits[best]
    enough[best] = False
    return bool(enough.any() and (utilities[enough] >= utilities[best] - settings.close_utility).any())


class Timekeeper:
    """Says when the search of one move has thought long enough. Times are `time.monotonic`'s."""

    def __init__(self, budget: Budget, started: float, overhead_s: float, settings: TimeSettings) -> None:
        """Keep a budget from `started` on, less `overhead_s` for what is not search."""
        self._settings = settings
        self._soft = started + max(0.0, budget.soft_s - overhead_s)
        self._hard = started + max(0.0, budget.hard_s - overhead_s)
        self._began = self._checked = self._stepped = time.monotonic()
        self._step_s = self._longest_s = 0.0

    def not_before(self, moment: float) -> None:
        """Think at least until a moment, though the clock may have run long before."""
        self._soft, self._hard = max(self._soft, moment), max(self._hard, moment)

    def is_over(self, search: Searching) -> bool:
        """Whether to stop now; asked after every batch."""
        now = time.monotonic()
        self._step_s = max(now - self._stepped, 0.5 * self._step_s)
        self._longest_s = max(now - self._stepped, 0.95 * self._longest_s)
        self._stepped = now
        if now + self._longest_s >= self._hard:  # on a busy machine one step in many takes far longer than the others
            return True
        if search.visits < LEAST_VISITS:
            return False
        due = now + 0.5 * self._step_s >= self._soft
        if not due and (now < self._checked + CHECK_EVERY_S or not self._settings.early_stop):
            return False
        self._checked = now
        visits, utilities = search.root_visits()
        unclear = is_unclear(visits, utilities, self._settings)
        if due and not unclear:
            return True
        end = self._hard if unclear else self._soft
        return self._settings.early_stop and is_settled(
            visits, utilities, self._playouts_until(end, search, now)
        )

    def _playouts_until(self, end: float, search: Searching, now: float) -> float:
        """Playouts that still fit in until then, at the rate so far."""
        return (search.playouts + 1) / max(now - self._began, 1e-3) * max(0.0, end - now)
