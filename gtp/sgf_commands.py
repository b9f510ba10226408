"""Commands that read and write SGF files."""

from __future__ import annotations

from pathlib import Path

from ponnuki.engine.errors import PonnukiError
from ponnuki.engine.game import Game

from .arguments import parse_int
from .protocol import GtpError, Request
from .table import Table


def loadsgf(table: Table, request: Request) -> None:
    """Load the main line of a file's first game: all of it, or up to the position before a move number."""
    name, move_number = _file_and_move(request)
    table.wait_for_kernels()
    try:
        game = _read_game(Path(name), move_number, table.game)
    except (PonnukiError, OSError, UnicodeError) as error:
        raise GtpError(f"cannot load file: {getattr(error, 'strerror', None) or error}") from None
    table.change_game(game)


def _file_and_move(request: Request) -> tuple[str, int | None]:
    """The file's name, which may hold spaces, and the move number if the last word is one."""
    words = request.arguments
    if not words:
        raise GtpError("syntax error: usage: loadsgf FILE [MOVE_NUMBER]")
    if len(words) > 1 and words[-1].isascii() and words[-1].isdigit():
        return " ".join(words[:-1]), parse_int(words[-1], "move number")
    return " ".join(words), None


def _read_game(path: Path, move_number: int | None, present: Game) -> Game:
    """A file's game, under the present rules and komi where it does not name its own.

    Raises:
        PonnukiError: no SGF that we can play through.
        OSError: the file cannot be read.
    """
    from ponnuki.records.sgf import record_and_moves, split_collection

    record, moves = record_and_moves(split_collection(path.read_bytes())[0], present.rules, present.komi)
    game = record.start()
    for played in moves if move_number is None else moves[: max(0, move_number - 1)]:
        game.play(played.move, played.colour)
    return game


def printsgf(table: Table, request: Request) -> str:
    """The game as SGF, in the reply or, where a file is named, in that file."""
    from ponnuki.records.games import GameRecord
    from ponnuki.records.sgf import to_sgf

    data = to_sgf(GameRecord.from_game(table.game), table.game.moves)
    if not request.arguments:
        return data.decode("utf-8")
    path = Path(" ".join(request.arguments))
    try:
        path.write_bytes(data)
    except (OSError, UnicodeError) as error:
        raise GtpError(f"cannot write {path}: {getattr(error, 'strerror', None) or error}") from None
    return ""


COMMANDS = {"loadsgf": loadsgf, "printsgf": printsgf}
