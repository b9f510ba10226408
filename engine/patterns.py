"""3×3 patterns: the shapes in which a local answer is likely, as diagrams and as a lookup table.

The shapes are those of MoGo (Gelly, Wang, Munos, Teytaud, "Modification of UCT with patterns in Monte-Carlo Go", 2006,
section 3.2) as Baudiš's michi spelt them out. A diagram shows the eight points around the move, which is the ``*``:

    X O   stones of the two colours; either may be the mover's
    1 2   a stone of the mover, of the opponent
    .     empty           #   off the board
    x     anything but X  o   anything but O      ?   anything

All eight symmetries count, and both colours unless the diagram has a 1 or a 2.
"""

from __future__ import annotations

from itertools import product

import numpy as np

from ._jit import inlined_kernel
from .board import SIZE
from .coords import BLACK, EMPTY, OFF_BOARD, WHITE

PATTERNS: tuple[tuple[str, str], ...] = (
    ("edge, chase", "X.? O*? ###"),
    ("edge, block a cut", "OX? X*O ###"),
    ("edge, block a connection", "?X? x*O ###"),
    ("edge, sagari", "?12 x*x ###"),
    ("edge, cut", "?OX X*O ###"),
    ("hane, enclosing", "XOX .*. ???"),
    ("hane, not cutting", "XO. .*. ?.?"),
    ("hane, magari", "XO? X*. x.?"),
    ("diagonal attachment", ".O. X*. ..."),
    ("cut, unprotected", "XO? O*o ?o?"),
    ("cut, peeped", "XO? O*X ???"),
    ("cut, pushing through", "?X? O*O ooo"),
    ("cut, keima", "OX? o*O ???"),
)
"""Name and rows of each pattern; where several fit, the first counts."""

NO_PATTERN = 0

_PLACES = (1, 7, 3, 5, 0, 2, 6, 8)
"""Cells of a 3×3 diagram in the order of `surroundings`' bit pairs: up, down, left, right, then the diagonals."""

_MEANING = {".": (EMPTY,), "#": (OFF_BOARD,), "?": (EMPTY, BLACK, WHITE, OFF_BOARD),
            "1": (BLACK,), "2": (WHITE,), "X": (BLACK,), "O": (WHITE,),
            "x": (EMPTY, WHITE, OFF_BOARD), "o": (EMPTY, BLACK, OFF_BOARD)}

_EXCHANGED = str.maketrans("XOxo", "OXox")


def symmetries(rows: str) -> set[str]:
    """The diagram ``"abc def ghi"`` turned and mirrored, as strings of nine cells."""
    cells = np.array([list(row) for row in rows.split()])
    turned = [np.rot90(cells, turns) for turns in range(4)]
    return {"".join(grid.reshape(-1)) for grid in (*turned, *(grid.T for grid in turned))}


def build_table() -> np.ndarray:
    """uint8[65536]: for `surroundings` with Black to move, 1 + the pattern's place in PATTERNS, or NO_PATTERN."""
    table = np.zeros(1 << 16, np.uint8)
    for number, (_, rows) in reversed(list(enumerate(PATTERNS, 1))):
        for cells in symmetries(rows) | symmetries(rows.translate(_EXCHANGED)):
            choices = [_MEANING[cells[place]] for place in _PLACES]
            for colours in product(*choices):
                table[sum(colour << 2 * pair for pair, colour in enumerate(colours))] = number
    return table


PATTERN_TABLE = build_table()


@inlined_kernel
def surroundings(board, place):
    """The colours around a point, two bits each: up, down, left, right, then the diagonals in reading order."""
    stride = np.int64(board.info[SIZE]) + 1
    colour = board.colour
    return (
        np.int64(colour[place - stride])
        | np.int64(colour[place + stride]) << 2
        | np.int64(colour[place - 1]) << 4
        | np.int64(colour[place + 1]) << 6
        | np.int64(colour[place - stride - 1]) << 8
        | np.int64(colour[place - stride + 1]) << 10
        | np.int64(colour[place + stride - 1]) << 12
        | np.int64(colour[place + stride + 1]) << 14
    )


@inlined_kernel
def pattern_at(board, place, colour):
    """The number of the pattern that a move of a colour at an empty point would fit, NO_PATTERN for none."""
    around = surroundings(board, place)
    if colour == WHITE:  # colours are bits, BLACK 01 and WHITE 10: the other colour's view has the bits exchanged
        around = (around & 0x5555) << 1 | (around >> 1 & 0x5555)
    return np.int64(PATTERN_TABLE[around])
