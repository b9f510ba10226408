"""The board as text, for `showboard`."""

from __future__ import annotations

from ponnuki.engine.coords import BLACK, COLUMNS, WHITE, colour_name, vertex
from ponnuki.engine.game import Game
from ponnuki.engine.handicap import star_lines

_LETTERS = {BLACK: "X", WHITE: "O"}


def board_diagram(game: Game) -> str:
    """The position, stones taken, komi, rules and who plays next; no line is blank."""
    columns = "   " + " ".join(COLUMNS[: game.size])
    lines = [columns]
    for row, stones in enumerate(game.stones().tolist()):
        number = game.size - row
        points = " ".join(_LETTERS.get(stone) or _empty(row, col, game.size) for col, stone in enumerate(stones))
        lines.append(f"{number:2} {points} {number}")
    return "\n".join([*lines, columns, *_notes(game)])


def _empty(row: int, col: int, size: int) -> str:
    lines = star_lines(size)
    between_stars = len(lines) == 3 and size < 13 and (row == size // 2) != (col == size // 2)
    return "+" if row in lines and col in lines and not between_stars else "."


def _notes(game: Game) -> list[str]:
    last = "No move yet"
    if game.moves:
        colour, move = game.moves[-1]
        last = f"Move {len(game.moves)}: {colour_name(colour)} {vertex(move, game.size)}"
    handicap = f", handicap {game.handicap}" if game.handicap else ""
    return [
        f"Black (X) took {game.captured(WHITE)}, White (O) took {game.captured(BLACK)}",
        f"Rules {game.rules.name or 'of no common name'}, komi {game.komi:g}{handicap}",
        f"{last}; {colour_name(game.to_play)} to play",
    ]
