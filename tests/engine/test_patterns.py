"""The 3×3 patterns: the table against diagrams matched one by one, and a few shapes by eye."""

from __future__ import annotations

import random
from itertools import product

import numpy as np
import pytest

from ponnuki.engine.board import new_board, set_up
from ponnuki.engine.coords import BLACK, EMPTY, OFF_BOARD, WHITE, bordered, opponent, parse_vertex
from ponnuki.engine.patterns import NO_PATTERN, PATTERN_TABLE, PATTERNS, pattern_at

ORDER = ((-1, 0), (1, 0), (0, -1), (0, 1), (-1, -1), (-1, 1), (1, -1), (1, 1))
"""Row and column of the table's bit pairs around the move."""


def fits(mark: str, colour: int, mover: int) -> bool:
    """Whether a point's colour is what a mark asks for, X being Black's stones."""
    if mark in "12":
        return colour == (mover if mark == "1" else opponent(mover))
    return {
        ".": colour == EMPTY, "#": colour == OFF_BOARD, "?": True,
        "X": colour == BLACK, "O": colour == WHITE, "x": colour != BLACK, "o": colour != WHITE,
    }[mark]


def first_pattern(around: dict[tuple[int, int], int], mover: int) -> int:
    """The first pattern that fits in any of the eight symmetries, with either colour as X."""
    for number, (_, rows) in enumerate(PATTERNS, 1):
        marks = rows.split()
        for flip, turn_rows, turn_cols, exchange in product((0, 1), (1, -1), (1, -1), (0, 1)):
            found = True
            for (row, col), colour in around.items():
                where = (turn_rows * row, turn_cols * col)
                mark = marks[where[flip] + 1][where[1 - flip] + 1]
                if exchange:
                    mark = mark.translate(str.maketrans("XOxo", "OXox"))
                found = found and fits(mark, colour, mover)
            if found:
                return number
    return NO_PATTERN


def test_the_table_agrees_with_the_diagrams() -> None:
    chance = random.Random(1)
    hits = 0
    for _ in range(6000):
        around = {place: chance.choice([EMPTY, EMPTY, BLACK, WHITE]) for place in ORDER}
        if chance.random() < 0.4:
            around |= {place: OFF_BOARD for place in ORDER if place[0] == 1}
        code = sum(around[place] << 2 * pair for pair, place in enumerate(ORDER))
        assert PATTERN_TABLE[code] == first_pattern(around, BLACK)
        hits += PATTERN_TABLE[code] != NO_PATTERN
    assert 1000 < hits < 5000


@pytest.mark.parametrize(("rows", "move", "name"), [
    (". . . . .\n. X O X .\n. . . . .\n. . . . .\n. . . . .", "C3", "hane, enclosing"),
    (". . . . .\n. X O . .\n. . . . .\n. . . . .\n. . . . .", "C3", "hane, not cutting"),
    (". . . . .\n. X O . .\n. O . . .\n. . . . .\n. . . . .", "C3", "cut, unprotected"),
    (". . . . .\n. . . . .\n. . . . .\n. X . . .\n. O . . .", "C1", "edge, chase"),
    (". . . . .\n. . . . .\n. . . . .\n. . . . .\n. . . . .", "C3", None),
])
@pytest.mark.parametrize("exchange", [False, True])
def test_shapes_on_a_board(rows: str, move: str, name: str | None, exchange: bool) -> None:
    """For both sides to play; the shapes with fixed colours are not among these."""
    board = new_board(5)
    stones = [({"X": BLACK, "O": WHITE}[mark], row * 5 + col)
              for row, line in enumerate(rows.split("\n")) for col, mark in enumerate(line.split()) if mark != "."]
    set_up(board, [(opponent(colour) if exchange else colour, point) for colour, point in stones], BLACK)
    place = np.int64(bordered(parse_vertex(move, 5), 5))
    for colour in (BLACK, WHITE):
        number = pattern_at(board, place, np.int64(colour))
        assert (PATTERNS[number - 1][0] if number else None) == name

