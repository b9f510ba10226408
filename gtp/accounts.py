"""Commands by which a referee learns what a move cost and what the engine thought of it.

``ponnuki-last_search`` answers one line of JSON about the last move that was chosen, from its mover's view:

    colour      "black" or "white"
    move        vertex, "pass" or "resign"
    visits      visits of the position, the reused tree's included
    playouts    playouts that this move's search added
    winrate     of the move chosen, 0 to 1
    lead        in points, komi counted; null where the evaluator gives none
    pv          the principal variation as vertices, the move first
    time_s      seconds of thinking
"""

from __future__ import annotations

import json
import time

from ponnuki.engine.coords import colour_name, vertex

from .arguments import expect
from .protocol import GtpError, Request
from .table import Table


def last_search(table: Table, request: Request) -> str:
    """The last choice of a move as JSON (see the module); fails where none was made in this game."""
    expect(request, "")
    choice = table.last_choice
    if choice is None:
        raise GtpError("no move has been chosen in this game")
    seen = choice.snapshot
    stats = next((stats for stats in seen.moves if stats.move == choice.move), None)
    gives_lead = table.player.evaluator.outputs.lead
    return json.dumps({
        "colour": colour_name(seen.to_play),
        "move": "resign" if choice.resign else vertex(choice.move, seen.size),
        "visits": seen.visits,
        "playouts": seen.playouts,
        "winrate": round(stats.winrate if stats else seen.winrate, 4),
        "lead": round(stats.lead_to_play if stats else seen.lead_to_play, 2) if gives_lead else None,
        "pv": [vertex(move, seen.size) for move in stats.pv] if stats else [],
        "time_s": round(choice.time_s, 3),
    })


def cputime(table: Table, request: Request) -> str:
    """CPU seconds of this process so far, user and system, as gogui-twogtp asks for them."""
    expect(request, "")
    return f"{time.process_time():.3f}"


COMMANDS = {"ponnuki-last_search": last_search, "cputime": cputime}
