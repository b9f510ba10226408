"""Openings of a match: each is played twice, with the colours swapped.

A random opening is a few stones away from the edge, so that games between deterministic engines differ; whatever
advantage it gives one colour, both contestants get it once.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence

from ponnuki.engine.coords import vertex
from ponnuki.engine.errors import ConfigError

Opening = tuple[int, ...]
"""Moves (points) in order, Black first, after handicap stones White. No passes."""

_TRIES = 1000


def default_opening_moves(size: int) -> int:
    """How many random moves a game starts with: even, so that Black moves next, and few on a small board."""
    if size < 5:
        return 0
    return 2 if size < 9 else 4


def random_openings(size: int, count: int, moves: int, seed: int, taken: Sequence[int] = ()) -> list[Opening]:
    """The first `count` random openings of a seed: all different, reflections and rotations counted as the same.

    A shorter list of the same seed is always the beginning of a longer one, so a match may be made longer later.
    Where a board has fewer different openings than asked for, they begin again. No legality has to be checked: all
    stones go to different points of the inner board, and no two are neighbours, so nothing is ever captured.

    Args:
        size: board size N.
        count: how many openings.
        moves: stones in each, 0 or more.
        seed: any int.
        taken: points of handicap stones; these and their neighbours stay free.

    Raises:
        ConfigError: the inner board has no room for so many stones.
    """
    generator = random.Random(f"ponnuki opening {seed} {size} {moves}")
    inner = [point for point in _inner_points(size) if not any(_near(point, stone, size) for stone in taken)]
    found: list[Opening] = []
    seen: set[Opening] = set()
    for _ in range(count):
        for _ in range(_TRIES):
            opening = _scattered(inner, moves, size, generator)
            if canonical_form(opening, size) not in seen:
                break
        else:
            seen.clear()  # every opening that there is has been used: begin again
        seen.add(canonical_form(opening, size))
        found.append(opening)
    return found


def opening_vertices(opening: Opening, size: int) -> list[str]:
    """The opening as GTP vertices."""
    return [vertex(move, size) for move in opening]


def _inner_points(size: int) -> list[int]:
    """Points on the third to fifth line, or from the second line up where the board is smaller than 9×9."""
    nearest, farthest = (2, 4) if size >= 9 else (1, size)
    return [row * size + col for row in range(size) for col in range(size)
            if nearest <= min(row, col, size - 1 - row, size - 1 - col) <= farthest]


def _scattered(inner: list[int], moves: int, size: int, generator: random.Random) -> Opening:
    """Some points of `inner`, no two of them neighbours."""
    for _ in range(_TRIES):
        opening = tuple(generator.sample(inner, moves)) if moves <= len(inner) else ()
        if len(opening) == moves and not _touching(opening, size):
            return opening
    raise ConfigError(f"no room for an opening of {moves} random moves on {size}×{size}: "
                      f"take at most {default_opening_moves(size)}")


def _touching(opening: Opening, size: int) -> bool:
    """Whether any two of the points are neighbours."""
    return any(_near(a, b, size) for i, a in enumerate(opening) for b in opening[:i])


def _near(a: int, b: int, size: int) -> bool:
    """Whether two points are neighbours or the same."""
    return abs(a // size - b // size) + abs(a % size - b % size) <= 1


def canonical_form(opening: Opening, size: int) -> Opening:
    """The same for any two openings that differ by symmetry or by the order of one colour's moves alone."""
    return min(tuple(sorted(form[0::2]) + sorted(form[1::2])) for form in _symmetric_forms(opening, size))


def _symmetric_forms(opening: Opening, size: int) -> Iterator[list[int]]:
    last = size - 1
    points = [divmod(point, size) for point in opening]
    for _ in range(2):
        for _ in range(4):
            yield [row * size + col for row, col in points]
            points = [(col, last - row) for row, col in points]
        points = [(row, last - col) for row, col in points]
