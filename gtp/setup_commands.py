"""Commands that set up the board: size, komi, handicap, positions."""

from __future__ import annotations

from collections.abc import Callable

from ponnuki.engine.coords import BLACK, MAX_SIZE, MIN_SIZE, parse_vertex, vertex
from ponnuki.engine.errors import IllegalMoveError
from ponnuki.engine.game import Game
from ponnuki.engine.handicap import fixed_handicap, free_handicap, max_free_handicap

from .arguments import expect, parse_colour, parse_float, parse_int, parse_pairs
from .protocol import GtpError, Request
from .table import Table

MAX_KOMI = 1000.0
"""Beyond any board's area; larger numbers are typing errors and would only make the net's input absurd."""


def boardsize(table: Table, request: Request) -> None:
    """Clear the board and change its size; komi and rules stay."""
    (text,) = expect(request, "SIZE")
    _change_size(table, parse_int(text, "size"))


def rectangular_boardsize(table: Table, request: Request) -> None:
    """As `boardsize` with width and height, which must be equal."""
    width, height = (parse_int(text, "size") for text in expect(request, "WIDTH HEIGHT"))
    if width != height:
        raise GtpError(f"unacceptable size: {width}x{height} is not square, and only square boards are supported")
    _change_size(table, width)


def _change_size(table: Table, size: int) -> None:
    if not MIN_SIZE <= size <= MAX_SIZE:
        raise GtpError(f"unacceptable size: {size} is not between {MIN_SIZE} and {MAX_SIZE}")
    table.new_game(size)


def clear_board(table: Table, request: Request) -> None:
    """Begin a new game of the same size, komi and rules; the clocks start afresh."""
    expect(request, "")
    table.new_game(table.game.size)


def komi(table: Table, request: Request) -> None:
    """Set White's komi."""
    (text,) = expect(request, "KOMI")
    value = parse_float(text, "komi")
    if abs(value) > MAX_KOMI:
        raise GtpError(f"unacceptable komi: {text} is not between {-MAX_KOMI:g} and {MAX_KOMI:g}")
    if value != table.game.komi:
        changed = table.game.copy()
        changed.komi = value
        table.change_game(changed)


def get_komi(table: Table, request: Request) -> str:
    """White's komi."""
    expect(request, "")
    return f"{table.game.komi:g}"


def fixed_handicap_command(table: Table, request: Request) -> str:
    """Place Black's handicap stones by the standard's pattern and tell where."""
    return _place_handicap(table, request, fixed_handicap)


def place_free_handicap(table: Table, request: Request) -> str:
    """Place Black's handicap stones where we like and tell where."""
    return _place_handicap(table, request, free_handicap)


def set_free_handicap(table: Table, request: Request) -> None:
    """Place Black's handicap stones where the client says."""
    size = table.game.size
    _require_empty_board(table)
    try:
        points = [parse_vertex(text, size) for text in request.arguments]
    except ValueError as error:
        raise GtpError(f"bad vertex list: {error}") from None
    if size * size in points:
        raise GtpError("bad vertex list: pass is not a point")
    if not 2 <= len(points) <= max_free_handicap(size):
        raise GtpError(f"bad vertex list: {len(points)} stones: expected 2 to {max_free_handicap(size)}")
    if len(set(points)) < len(points):
        raise GtpError("bad vertex list: a vertex is repeated")
    table.place_handicap(points)


def _place_handicap(table: Table, request: Request, choose: Callable[[int, int], list[int]]) -> str:
    (text,) = expect(request, "STONES")
    stones = parse_int(text, "number of stones")
    _require_empty_board(table)
    try:
        points = choose(table.game.size, stones)
    except ValueError as error:
        raise GtpError(f"invalid number of stones: {error}") from None
    table.place_handicap(points)
    return " ".join(vertex(point, table.game.size) for point in points)


def _require_empty_board(table: Table) -> None:
    if table.game.moves or table.game.setup:
        raise GtpError("board not empty")


def set_position(table: Table, request: Request) -> None:
    """Put stones on an empty board, Black to play; no history, no captures. Without arguments: clear the board."""
    stones = parse_pairs(request.arguments, table.game.size, allow_pass=False)
    _set_stones(table, stones, BLACK)


def gogui_setup(table: Table, request: Request) -> None:
    """Add stones to the position before the first move."""
    if table.game.moves:
        raise GtpError("cannot set up: a move has been played")
    added = parse_pairs(request.arguments, table.game.size, allow_pass=False)
    stones = {point: colour for colour, point in [*table.game.setup, *added]}
    _set_stones(table, [(colour, point) for point, colour in stones.items()], table.game.to_play)


def gogui_setup_player(table: Table, request: Request) -> None:
    """Say who plays next."""
    (text,) = expect(request, "COLOR")
    changed = table.game.copy()
    changed.to_play = parse_colour(text)
    table.change_game(changed)


def _set_stones(table: Table, stones: list[tuple[int, int]], to_play: int) -> None:
    table.wait_for_kernels()
    changed = Game(table.game.size, table.game.komi, table.game.rules)
    try:
        changed.set_stones(stones, to_play)
    except IllegalMoveError as error:
        raise GtpError(str(error)) from None
    table.change_game(changed)


COMMANDS = {
    "boardsize": boardsize,
    "rectangular_boardsize": rectangular_boardsize,
    "clear_board": clear_board,
    "komi": komi,
    "get_komi": get_komi,
    "fixed_handicap": fixed_handicap_command,
    "place_free_handicap": place_free_handicap,
    "set_free_handicap": set_free_handicap,
    "set_position": set_position,
    "gogui-setup": gogui_setup,
    "gogui-setup_player": gogui_setup_player,
}
