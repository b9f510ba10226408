"""Points, colours and vertices: the one place that converts between them.

A *point* is ``row * size + col`` with row 0 at the top of the diagram and column 0 at A; a *move* is a point or the
pass, ``size * size``. A *vertex* is GTP's text for a move: ``D4`` (no column I, rows counted from the bottom) or
``pass``.

Kernels work on a *bordered* one-dimensional board: point (row, col) lies at ``(row + 1) * (size + 1) + col + 1``. One
border column is enough, since the right neighbour of a row's last point is the next row's border.
"""

from __future__ import annotations

EMPTY = 0
BLACK = 1
WHITE = 2
OFF_BOARD = 3

MIN_SIZE = 2
MAX_SIZE = 25

COLUMNS = "ABCDEFGHJKLMNOPQRSTUVWXYZ"


def opponent(colour: int) -> int:
    """The other of BLACK and WHITE."""
    return 3 - colour


def colour_name(colour: int) -> str:
    """``black`` or ``white``."""
    return "black" if colour == BLACK else "white"


def bordered_area(size: int) -> int:
    """Length of the bordered one-dimensional board of a size."""
    return (size + 1) * (size + 2) + 1


def bordered(point: int, size: int) -> int:
    """Bordered index of a point."""
    return (point // size + 1) * (size + 1) + point % size + 1


def vertex(move: int, size: int) -> str:
    """GTP's text for a move: ``D4`` or ``pass``."""
    if move == size * size:
        return "pass"
    row, col = divmod(move, size)
    return f"{COLUMNS[col]}{size - row}"


def parse_vertex(text: str, size: int) -> int:
    """The move that a vertex names, in either case.

    Raises:
        ValueError: the text is no vertex of this board size; the message says what is accepted.
    """
    cleaned = text.strip().upper()
    if cleaned == "PASS":
        return size * size
    col = COLUMNS.find(cleaned[:1]) if cleaned else -1
    digits = cleaned[1:]
    if 0 <= col < size and digits.isascii() and digits.isdigit() and 1 <= int(digits) <= size:
        return (size - int(digits)) * size + col
    raise ValueError(f"invalid vertex {text!r}: expected A1 to {COLUMNS[size - 1]}{size} (no column I) or pass")
