"""Handicap stones: GTP's fixed placement, our choice where the placement is free, and what they are worth."""

from __future__ import annotations

from itertools import takewhile

from .coords import BLACK, WHITE
from .game import Game

MOVE_WORTH = 14.0
"""Points of one move at the start of a game: the fair komi is half of it."""

FIXED_PATTERNS = {
    2: ("00", "22"),
    3: ("00", "22", "20"),
    4: ("00", "22", "20", "02"),
    5: ("00", "22", "20", "02", "11"),
    6: ("00", "22", "20", "02", "10", "12"),
    7: ("00", "22", "20", "02", "10", "12", "11"),
    8: ("00", "22", "20", "02", "10", "12", "01", "21"),
    9: ("00", "22", "20", "02", "10", "12", "01", "21", "11"),
}
"""GTP 2 draft, section 4.1.1: for a number of stones, row and column of each, counted from the lower left corner; 0 is
the near star line, 1 the middle, 2 the far star line."""


def star_lines(size: int) -> list[int]:
    """Coordinates, from 0, of the star lines of a board: near, middle (odd sizes from 9 on) and far; none below 7."""
    if size < 7:
        return []
    near = 3 if size >= 13 else 2
    far = size - 1 - near
    return [near, size // 2, far] if size % 2 and size >= 9 else [near, far]


def max_fixed_handicap(size: int) -> int:
    """The most stones that `fixed_handicap` places on a board: 9, 4, or none below 7×7."""
    return {0: 0, 2: 4, 3: 9}[len(star_lines(size))]


def fixed_handicap(size: int, stones: int) -> list[int]:
    """The points of GTP's fixed placement, in the standard's order.

    Raises:
        ValueError: there is no such placement; the message says how many stones there may be.
    """
    limit = max_fixed_handicap(size)
    if not 2 <= stones <= limit:
        accepted = f"expected 2 to {limit}" if limit else "none can be placed"
        raise ValueError(f"{stones} on {size}x{size}: {accepted}")
    lines = star_lines(size)
    line = {"0": lines[0], "1": size // 2, "2": lines[-1]}
    return [(size - 1 - line[place[0]]) * size + line[place[1]] for place in FIXED_PATTERNS[stones]]


def max_free_handicap(size: int) -> int:
    """The most stones of a free placement: one point stays empty."""
    return size * size - 1


def free_handicap(size: int, stones: int) -> list[int]:
    """Points of our own choice: the fixed placement as far as it goes, then the points farthest from all others.

    Raises:
        ValueError: there are fewer than 2 stones or no room for them.
    """
    limit = max_free_handicap(size)
    if not 2 <= stones <= limit:
        raise ValueError(f"{stones} on {size}x{size}: expected 2 to {limit}")
    fixed = min(stones, max_fixed_handicap(size))
    points = fixed_handicap(size, fixed) if fixed else []
    while len(points) < stones:
        points.append(_loneliest(size, points))
    return points


def head_start_black(game: Game) -> float:
    """Points that a game's terms are worth to Black before a move is played well or badly: about 0 in an even game.

    Handicap stones count whether they were set up or played one after the other, as some clients do.
    """
    if game.handicap:
        ahead = game.handicap - 0.5
    else:
        first = game.moves[0][0] if game.moves else game.to_play
        in_a_row = len(list(takewhile(lambda played: played[0] == first, game.moves)))
        ahead = (max(1, in_a_row) - 0.5) * {BLACK: 1, WHITE: -1}[first]
    return MOVE_WORTH * ahead - game.total_komi


def _loneliest(size: int, taken: list[int]) -> int:
    """The free point with the greatest distance to the taken ones; ties: the higher line, then the first point."""

    def worth(point: int) -> tuple[int, int]:
        row, col = divmod(point, size)
        distances = (abs(row - other // size) + abs(col - other % size) for other in taken)
        height = min(row, col, size - 1 - row, size - 1 - col)
        return min(min(distances, default=0), 2 * height + 1), height

    return max((point for point in range(size * size) if point not in taken), key=worth)
