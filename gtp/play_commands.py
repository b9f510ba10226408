"""Commands that play: moves from the client, moves of our own, undo."""

from __future__ import annotations

from ponnuki.engine.coords import vertex
from ponnuki.engine.errors import IllegalMoveError

from .arguments import expect, parse_colour, parse_move, parse_pairs
from .cleanup import cleanup_move
from .protocol import GtpError, Request
from .table import Table


def play(table: Table, request: Request) -> None:
    """Play a move of the client; a colour may play twice in a row."""
    colour_text, vertex_text = expect(request, "COLOR VERTEX")
    colour, move = parse_colour(colour_text), parse_move(vertex_text, table.game.size)
    _play(table, colour, move)


def play_sequence(table: Table, request: Request) -> None:
    """Play several moves, or none of them if one is refused."""
    moves = parse_pairs(request.arguments, table.game.size, allow_pass=True)
    played = 0
    try:
        for colour, move in moves:
            _play(table, colour, move)
            played += 1
    except GtpError:
        for _ in range(played):
            table.undo()
        raise


def _play(table: Table, colour: int, move: int) -> None:
    try:
        table.play(colour, move)
    except IllegalMoveError as error:
        raise GtpError(str(error)) from None


def undo(table: Table, request: Request) -> None:
    """Take back the last move; a resignation is no move."""
    expect(request, "")
    try:
        table.undo()
    except IllegalMoveError as error:
        raise GtpError(str(error)) from None


def genmove(table: Table, request: Request) -> str:
    """Choose a move for a colour, play it and tell it; ``resign`` leaves the game as it is."""
    return _choose(table, request, commit=True)


def reg_genmove(table: Table, request: Request) -> str:
    """Choose a move for a colour and tell it, without playing."""
    return _choose(table, request, commit=False)


def _choose(table: Table, request: Request, *, commit: bool) -> str:
    (colour_text,) = expect(request, "COLOR")
    choice = table.choose(parse_colour(colour_text), request.interrupt, commit=commit)
    return "resign" if choice.resign else vertex(choice.move, table.game.size)


def genmove_cleanup(table: Table, request: Request) -> str:
    """As `genmove`, but no pass while the opponent has dead stones on the board, and no resignation."""
    (colour_text,) = expect(request, "COLOR")
    colour = parse_colour(colour_text)
    move = cleanup_move(table.player, colour, request.interrupt)
    table.play(colour, move)
    return vertex(move, table.game.size)


COMMANDS = {
    "play": play,
    "gogui-play_sequence": play_sequence,
    "undo": undo,
    "genmove": genmove,
    "reg_genmove": reg_genmove,
    "kgs-genmove_cleanup": genmove_cleanup,
}
