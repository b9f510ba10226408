"""Draws an analysis: a board with win rates, visits and leads of the best moves, and who owns what.

    python docs/pictures/make_analysis.py GAME.sgf MOVE_NUMBER OUT.png

The position before that move is searched by the analysis engine with the shipped network, and what is drawn is its
reply. Needs the extra `plots`.
"""

import json
import queue
import sys
from pathlib import Path
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Circle, Rectangle

from ponnuki import weights
from ponnuki.analysis.engine import AnalysisEngine
from ponnuki.analysis.query import Defaults
from ponnuki.analysis.review import played_game
from ponnuki.engine.config import Limits, PlayerSettings, SearchSettings
from ponnuki.engine.coords import BLACK, COLUMNS, EMPTY, parse_vertex, vertex
from ponnuki.engine.game import Game
from ponnuki.gtp.loading import load_evaluators
from ponnuki.records.sgf import main_line, parse_trees, record_and_moves

VISITS = 1600
SHOWN_MOVES = 5
LEAST_SHARE = 0.02
"""Moves with a smaller share of the visits are not drawn."""

WOOD, INK, BEST, OTHER = "#e8c67f", "#2b2118", "#2a7fb8", "#5f8f4e"


def analysed(game: Game) -> dict[str, Any]:
    """The engine's reply for a position, from Black's view."""
    settings = PlayerSettings()
    replies: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
    evaluators = load_evaluators(weights.path_of(), game.size, settings)
    engine = AnalysisEngine(evaluators, settings, Defaults(Limits(visits=VISITS), SearchSettings()), replies.put)
    engine.handle(
        json.dumps(
            {
                "id": "picture",
                "moves": [],
                "rules": "chinese",
                "komi": game.komi,
                "includeOwnership": True,
                "boardXSize": game.size,
                "boardYSize": game.size,
                "initialPlayer": "B" if game.to_play == BLACK else "W",
                "initialStones": [
                    ["B" if colour == BLACK else "W", vertex(point, game.size)]
                    for point, colour in enumerate(game.stones().reshape(-1).tolist())
                    if colour != EMPTY
                ],
            }
        )
    )
    reply = replies.get()
    engine.finish()
    return reply


def draw(game: Game, reply: dict[str, Any], out: Path) -> None:
    """Write the picture."""
    size = game.size
    figure = Figure(figsize=(6.2, 6.9), facecolor="white")
    axes = figure.add_axes((0.03, 0.02, 0.94, 0.86))
    _draw_board(axes, size)
    stones = game.stones().reshape(-1).tolist()
    _draw_ownership(axes, size, reply["ownership"], stones)
    for point, colour in enumerate(stones):
        if colour != EMPTY:
            _draw_stone(axes, size, point, "black" if colour == BLACK else "white")
    if (last := game.last_move) is not None and last != game.pass_move:
        colour = "white" if game.to_play != BLACK else "black"
        axes.add_patch(Circle(_centre(last, size), 0.16, fill=False, edgecolor=colour, linewidth=1.6, zorder=4))
    _draw_moves(axes, game, reply)
    root = reply["rootInfo"]
    lead = root["scoreLead"]
    side = "Black" if game.to_play == BLACK else "White"
    figure.text(
        0.03,
        0.955,
        f"{side} to play: Black wins {root['winrate']:.1%}, "
        f"{'Black' if lead >= 0 else 'White'} leads by {abs(lead):.1f}",
        fontsize=12,
        color=INK,
    )
    pv = " ".join(reply["moveInfos"][0]["pv"][:10])
    figure.text(0.03, 0.92, f"{root['visits']} visits, {pv}", fontsize=9, color=INK)
    figure.savefig(out, dpi=110)


def _centre(point: int, size: int) -> tuple[float, float]:
    return point % size, size - 1 - point // size


def _draw_board(axes: Axes, size: int) -> None:
    axes.set_xlim(-1.3, size - 0.2)
    axes.set_ylim(-1.3, size - 0.2)
    axes.set_aspect("equal")
    axes.axis("off")
    axes.add_patch(Rectangle((-1.3, -1.3), size + 1.1, size + 1.1, color=WOOD, zorder=0))
    for line in range(size):
        axes.plot([0, size - 1], [line, line], color=INK, linewidth=0.7, zorder=1)
        axes.plot([line, line], [0, size - 1], color=INK, linewidth=0.7, zorder=1)
        for x, y, text in ((line, -0.8, COLUMNS[line]), (-0.8, line, str(line + 1))):
            axes.text(x, y, text, ha="center", va="center", fontsize=8, color=INK)


def _draw_ownership(axes: Axes, size: int, ownership: list[float], stones: list[int]) -> None:
    """A square on each point, the larger the surer; none on a stone that stays."""
    for point, (value, stone) in enumerate(zip(ownership, stones, strict=True)):
        if stone != EMPTY and (value > 0) == (stone == BLACK):
            continue
        side = 0.42 * abs(value)
        x, y = _centre(point, size)
        square = Rectangle((x - side / 2, y - side / 2), side, side, color="black" if value > 0 else "white", zorder=5)
        square.set_alpha(0.75)
        axes.add_patch(square)


def _draw_stone(axes: Axes, size: int, point: int, colour: str) -> None:
    axes.add_patch(Circle(_centre(point, size), 0.47, facecolor=colour, edgecolor=INK, linewidth=0.8, zorder=3))


def _draw_moves(axes: Axes, game: Game, reply: dict[str, Any]) -> None:
    """The most visited moves: win rate of the side to play, visits, Black's lead."""
    visits = reply["rootInfo"]["visits"]
    sign = 1 if game.to_play == BLACK else -1
    for info in reply["moveInfos"][:SHOWN_MOVES]:
        if info["visits"] < LEAST_SHARE * visits or info["move"] == "pass":
            continue
        x, y = _centre(parse_vertex(info["move"], game.size), game.size)
        colour = BEST if info["order"] == 0 else OTHER
        axes.add_patch(Circle((x, y), 0.48, facecolor=colour, edgecolor="white", linewidth=0.8, zorder=6))
        winrate = info["winrate"] if sign > 0 else 1 - info["winrate"]
        axes.text(x, y + 0.14, f"{100 * winrate:.1f}", ha="center", va="center", fontsize=7.5, color="white", zorder=7)
        axes.text(x, y - 0.18, str(info["visits"]), ha="center", va="center", fontsize=6, color="white", zorder=7)


def main() -> int:
    """Draw from the command line."""
    if len(sys.argv) != 4:
        print(__doc__, file=sys.stderr)
        return 2
    path, number, out = Path(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3])
    record, moves = record_and_moves(main_line(parse_trees(path.read_bytes())[0]))
    game, _, _ = played_game(record, moves[: number - 1])
    draw(game, analysed(game), out)
    return 0


if __name__ == "__main__":
    sys.exit(main())
