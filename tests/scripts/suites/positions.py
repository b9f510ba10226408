"""Candidate positions: random boards of which all but a small window is settled for good.

Stones are strewn over a window of some points; the rest of the board is divided between both sides, and each side's
chains there get eyes until they live without conditions, except perhaps for one or two, whose life then hangs on the
window. What comes out is like the last stage of a game, and small enough for `solver` to settle every question.
"""

from __future__ import annotations

import math
import random
from dataclasses import dataclass

import numpy as np

from .board import BLACK, EMPTY, POINTS, SIZE, STEPS, STRIDE, WHITE, empty_board, gather
from .solver import Position


@dataclass(frozen=True)
class Shape:
    """What random positions are to look like."""

    window: tuple[int, int] = (7, 12)
    """Fewest and most points of the window."""
    windows: tuple[int, int] = (1, 1)
    """Fewest and most windows."""
    empty: tuple[float, float] = (0.5, 0.9)
    """Range of the share of a window that is left empty."""
    seeds: tuple[int, int] = (2, 6)
    """How many areas the rest is divided into."""
    weak: float = 0.5
    """Chance of each chain to get no eyes of its own (half of these get one)."""
    ring: int = 0
    """How many colours the points around the window have: 1 encloses it with one group, 2 with two that face each
    other, 0 leaves them to the division into areas. What lies behind a ring is of the other colour."""
    open_points: tuple[int, int] = (4, 8)
    """Fewest and most empty points that are not settled, for a position to be taken."""
    unsettled: int = 16
    """Most points, stones and empty ones together, that are not settled."""


def random_position(rng: random.Random, shape: Shape) -> Position | None:
    """One random position with a random side to play, or None where this attempt came to nothing."""
    window = _windows(rng, shape)
    stones = _divide(rng, window, rng.randint(*shape.seeds))
    kept = window | (_enclose(rng, stones, window, shape.ring) if shape.ring else set())
    share = rng.uniform(*shape.empty)
    for point in sorted(window):
        stones[point] = EMPTY if rng.random() < share else rng.choice((BLACK, WHITE))
    _make_eyes(rng, stones, kept, shape.weak)
    if not _all_have_liberties(stones):
        return None
    position = Position(stones, rng.choice((BLACK, WHITE)))
    settled = position.settled()
    still_open = [p for p in POINTS if settled[p] == 0]
    empty = sum(1 for p in still_open if stones[p] == EMPTY)
    if not shape.open_points[0] <= empty <= shape.open_points[1] or len(still_open) > shape.unsettled:
        return None
    _loosen(rng, stones, kept)
    return position


def _around(points: set[int]) -> set[int]:
    """The points of the board beside `points`."""
    return {int(c) for p in points for c in p + STEPS if c in _ON_BOARD} - points


def _enclose(rng: random.Random, stones: np.ndarray, window: set[int], colours: int) -> set[int]:
    """Put a ring of stones around a window and the other colour behind it; returns the ring."""
    ring = _around(window)
    first = rng.choice((BLACK, WHITE))
    angle, middle = rng.uniform(0, 2 * math.pi), sum(window) / len(window)
    for point in ring:
        dy, dx = point // STRIDE - middle // STRIDE, point % STRIDE - middle % STRIDE
        beyond = colours == 2 and dy * math.sin(angle) + dx * math.cos(angle) > 0
        stones[point] = 3 - first if beyond else first
    behind = _around(window | ring)
    for point in sorted(behind):
        stones[point] = 3 - stones[next(int(c) for c in point + STEPS if c in ring)]
    gaps = {point for point in sorted(behind) if rng.random() < 0.1}
    for point in gaps:
        stones[point] = EMPTY
    return ring | gaps


def _windows(rng: random.Random, shape: Shape) -> set[int]:
    """The points of one or more random connected windows, in corners, at sides and in the middle alike."""
    window: set[int] = set()
    for _ in range(rng.randint(*shape.windows)):
        row, col = (rng.choice((0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 8)) for _ in range(2))
        grown = [(row + 1) * STRIDE + col + 1]
        wanted = rng.randint(*shape.window)
        while len(grown) < wanted:
            beside = [c for p in grown for c in (p + STEPS) if c in _ON_BOARD and c not in grown]
            # points with several neighbours inside come up several times, which keeps the window compact
            grown.append(int(rng.choice(beside)))
        window |= set(grown)
    return window


_ON_BOARD = frozenset(int(p) for p in POINTS)


def _divide(rng: random.Random, window: set[int], seeds: int) -> np.ndarray:
    """A board on which each point outside the window has a stone of the colour of its nearest seed."""
    stones = empty_board()
    colours = [BLACK, WHITE] + [rng.choice((BLACK, WHITE)) for _ in range(seeds - 2)]
    centres = [(rng.uniform(0, SIZE), rng.uniform(0, SIZE), colour) for colour in colours]
    for point in _ON_BOARD - window:
        row, col = divmod(point, STRIDE)
        stones[point] = min(((row - r) ** 2 + (col - c) ** 2, colour) for r, c, colour in centres)[1]
    return stones


def chains(stones: np.ndarray) -> list[tuple[list[int], bool]]:
    """Every chain: its points, and whether it has a liberty."""
    mark, found = np.zeros(len(stones), np.int64), np.zeros(len(stones), np.int64)
    result = []
    for start in POINTS:
        if stones[start] in (BLACK, WHITE) and not mark[start]:
            count, free = gather(stones, start, found, mark, 1)
            result.append(([int(p) for p in found[:count]], bool(free)))
    return result


def _all_have_liberties(stones: np.ndarray) -> bool:
    return all(free for _, free in chains(stones))


def _make_eyes(rng: random.Random, stones: np.ndarray, window: set[int], weak: float) -> None:
    """Give each chain outside the window two eyes where it has room for them, but leave some weak."""
    for points, _ in chains(stones):
        if window & set(points) and len(points) < 4:
            continue
        eyes = 2 if rng.random() >= weak else rng.randint(0, 1)
        quiet = [p for p in points if p not in window
                 and all(stones[c] not in (EMPTY, 3 - stones[p]) and c not in window for c in p + STEPS)]
        rng.shuffle(quiet)
        chosen: list[int] = []
        for point in quiet:
            if len(chosen) < eyes and all(abs(point - other) not in (1, STRIDE) for other in chosen):
                chosen.append(point)
        for point in chosen:
            stones[point] = EMPTY


def _loosen(rng: random.Random, stones: np.ndarray, window: set[int]) -> None:
    """Take off stones that settled territory does not need, so that the board looks less like a brick wall."""
    before = Position(stones, BLACK).settled()
    candidates = [int(p) for p in POINTS if before[p] and before[p] == stones[p] and p not in window]
    rng.shuffle(candidates)
    for point in candidates[: rng.randint(8, 40)]:
        colour = stones[point]
        if any(stones[c] == 3 - colour or (c in window and not before[c]) for c in point + STEPS):
            continue
        stones[point] = EMPTY
        if not np.array_equal(Position(stones, BLACK).settled(), before):
            stones[point] = colour


def diagram(stones: np.ndarray) -> str:
    """X Black, O White, . empty; the top row first."""
    return "\n".join(" ".join(".XO"[stones[(row + 1) * STRIDE + col + 1]] for col in range(SIZE))
                     for row in range(SIZE))


def canonical(position: Position) -> bytes:
    """The same for all rotations, reflections and exchanges of colour of a position."""
    grid = position.stones[POINTS].reshape(SIZE, SIZE)
    ko = np.zeros(len(position.stones), np.int8)
    ko[position.ko] = 1
    marks = ko[POINTS].reshape(SIZE, SIZE)
    forms = []
    for turns in range(4):
        for flipped in (False, True):
            views = [np.rot90(view, turns) for view in (grid, marks)]
            views = [view[:, ::-1] if flipped else view for view in views]
            for swap in (False, True):
                seen = np.where(views[0] > 0, 3 - views[0], 0) if swap else views[0]
                to_play = 3 - position.to_play if swap else position.to_play
                forms.append(seen.astype(np.int8).tobytes() + views[1].astype(np.int8).tobytes() + bytes([to_play]))
    return min(forms)
