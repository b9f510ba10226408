"""A game of a match as SGF, with what each move cost in its comment."""

from __future__ import annotations

import datetime

from sgfmill import sgf

from ponnuki.arena.play import PlayedGame, Thought
from ponnuki.engine.coords import BLACK, colour_name
from ponnuki.engine.handicap import fixed_handicap
from ponnuki.engine.version import VERSION
from ponnuki.records.sgf import sgfmill_point


def game_to_sgf(played: PlayedGame, black: str, white: str, heading: str) -> bytes:
    """SGF (FF[4], UTF-8) of a finished game.

    Args:
        played: the game.
        black: Black's name.
        white: White's name.
        heading: the root's comment begins with it: which game of which match this is.
    """
    settings = played.settings
    game = sgf.Sgf_game(settings.size, encoding="UTF-8")
    root = game.get_root()
    root.set("AP", ("ponnuki", VERSION))
    root.set("KM", settings.komi)
    root.set("RU", settings.rules)
    if settings.handicap:
        root.set("HA", settings.handicap)
        stones = fixed_handicap(settings.size, settings.handicap)
        root.set("AB", [sgfmill_point(point, settings.size) for point in stones])
        root.set("PL", "w")
    root.set("PB", black)
    root.set("PW", white)
    root.set("DT", datetime.date.today().isoformat())
    root.set("RE", "0" if played.winner is None else played.result)
    root.set("C", "\n".join([heading, *_how_it_ended(played)]))
    for made in played.moves:
        node = game.extend_main_sequence()
        node.set_move("b" if made.colour == BLACK else "w", sgfmill_point(made.move, settings.size))
        node.set("C", "opening" if made.thought is None else _cost(made.thought))
    return game.serialise()


def _how_it_ended(played: PlayedGame) -> list[str]:
    lines = [f"Ended by: {played.ending}" + (f" ({played.detail})" if played.detail else "")]
    if played.unplayed is not None:
        lines.append(f"{_who(played.unplayed)} thought before that: {_cost(played.unplayed)}")
    if played.settlement is not None:
        lines.append(f"Dead stones settled by: {played.settlement.by or 'nobody, scored as it stood'}")
        lines += played.settlement.remarks
    return lines


def _cost(thought: Thought) -> str:
    cost = f"{thought.seconds:.3f} s" + (f", CPU {thought.cpu_s:.2f} s" if thought.cpu_s is not None else "")
    return cost if thought.search is None else f"{cost}\n{thought.search.comment(_who(thought))}"


def _who(thought: Thought) -> str:
    return colour_name(thought.colour).capitalize()
