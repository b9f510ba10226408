"""Commands about the end of the game: score and status of the stones."""

from __future__ import annotations

from collections.abc import Iterable

from ponnuki.engine.coords import EMPTY, vertex
from ponnuki.engine.game import Game

from .arguments import expect
from .diagram import board_diagram
from .protocol import GtpError, Request
from .table import Table

STATUSES = ("alive", "dead", "seki")


def final_score(table: Table, request: Request) -> str:
    """The result under the rules in force, dead stones taken off: ``B+3.5``, ``W+2`` or ``0``."""
    expect(request, "")
    return format_score(table.player.final_score_black())


def format_score(margin_black: float) -> str:
    """A margin in points, seen from Black, as GTP and SGF write a result (a draw: 0)."""
    if margin_black == 0:
        return "0"
    return f"{'B' if margin_black > 0 else 'W'}+{abs(margin_black):g}"


def final_status_list(table: Table, request: Request) -> str:
    """The stones of a status, one chain a line."""
    (status,) = expect(request, "alive|dead|seki")
    if status.lower() not in STATUSES:
        raise GtpError(f"invalid status {status}: expected one of {', '.join(STATUSES)}")
    wanted: frozenset[int] = getattr(table.player.final_status(), status.lower())
    size = table.game.size
    return "\n".join(" ".join(vertex(point, size) for point in chain) for chain in chains(table.game, wanted))


def chains(game: Game, points: Iterable[int]) -> list[list[int]]:
    """The chains of stones that hold any of the points, each sorted, in the order of those points."""
    colours = game.stones().reshape(-1).tolist()
    found: list[list[int]] = []
    seen: set[int] = set()
    for point in sorted(points):
        if point not in seen and colours[point] != EMPTY:
            chain = _chain(colours, game.size, point)
            seen |= chain
            found.append(sorted(chain))
    return found


def _chain(colours: list[int], size: int, start: int) -> set[int]:
    chain, frontier = {start}, [start]
    while frontier:
        row, col = divmod(frontier.pop(), size)
        for near_row, near_col in ((row - 1, col), (row + 1, col), (row, col - 1), (row, col + 1)):
            near = near_row * size + near_col
            inside = 0 <= near_row < size and 0 <= near_col < size
            if inside and near not in chain and colours[near] == colours[start]:
                chain.add(near)
                frontier.append(near)
    return chain


def showboard(table: Table, request: Request) -> str:
    """The board as a diagram."""
    expect(request, "")
    table.wait_for_kernels()
    return "\n" + board_diagram(table.game)


COMMANDS = {"final_score": final_score, "final_status_list": final_status_list, "showboard": showboard}
