"""The move for the clean-up phase of KGS, in which dead stones must be captured before anyone passes."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from ponnuki.engine.coords import EMPTY, opponent
from ponnuki.engine.game import Game

if TYPE_CHECKING:
    from ponnuki.engine.player import Player


def cleanup_move(player: Player, colour: int, interrupt: threading.Event) -> int:
    """The player's move for a colour, not played; a pass only where the opponent has no dead stones left to capture."""
    choice = player.genmove(colour, stop=interrupt, commit=False)
    game = player.game
    if choice.move != game.pass_move:
        return choice.move
    stones = game.stones().reshape(-1)
    dead = [point for point in player.final_status().dead if stones[point] == opponent(colour)]
    wanted = _legal_liberties(game, dead, colour)
    searched = [stats.move for stats in choice.snapshot.moves if stats.move in wanted]
    if searched:
        return searched[0]
    return min(wanted, default=game.pass_move)


def _legal_liberties(game: Game, points: list[int], colour: int) -> set[int]:
    """Empty points next to any of the points where a colour may play."""
    stones, legal, size = game.stones().reshape(-1), game.legal_moves(colour), game.size
    found = set()
    for point in points:
        row, col = divmod(point, size)
        for near_row, near_col in ((row - 1, col), (row + 1, col), (row, col - 1), (row, col + 1)):
            near = near_row * size + near_col
            if 0 <= near_row < size and 0 <= near_col < size and stones[near] == EMPTY and legal[near]:
                found.add(near)
    return found
