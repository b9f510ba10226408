"""What a referee asks about a move after it was made."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from ponnuki.engine.config import Limits, PlayerSettings
from ponnuki.engine.evaluator import Evaluation, EvaluatorOutputs, LeafBatch
from ponnuki.engine.game import Game
from ponnuki.engine.player import Player
from ponnuki.gtp.table import SessionSettings

from .fakes import PointEvaluator, ScriptedBackstage, replies


class RealPlayers:
    """Players that search."""

    def __init__(self, evaluator: PointEvaluator) -> None:
        self._evaluator = evaluator

    def wait_for_kernels(self) -> None:
        pass

    def player(self, game: Game, settings: PlayerSettings) -> Player:
        return Player(game, self._evaluator, settings)


def said(text: str, **options: object) -> dict[str, object]:
    """The last reply, which has to be JSON on one line."""
    last = replies(text, **options)[-1]
    assert last.startswith("= {")
    assert "\n" not in last
    return json.loads(last[2:])


def test_the_last_search_is_told_from_the_movers_view() -> None:
    settings = SessionSettings(PlayerSettings(Limits(playouts=20), seed=1), size=5)
    options = {"backstage": RealPlayers(PointEvaluator()), "settings": settings}
    found = said("play b C3\ngenmove w\nponnuki-last_search\n", **options)
    assert list(found) == ["colour", "move", "visits", "playouts", "winrate", "lead", "pv", "time_s"]
    assert (found["colour"], found["playouts"]) == ("white", 20)
    assert found["pv"][0] == found["move"]
    assert found["visits"] >= 20
    # Each leaf counts as 75% and 3 points for its own side to play, so the shares of both sides nearly cancel.
    assert 0.25 <= found["winrate"] <= 0.75
    assert -3 <= found["lead"] <= 3
    assert found["time_s"] > 0


class Leadless(PointEvaluator):
    """As its parent, but it knows nothing of points."""

    outputs = EvaluatorOutputs(lead=False)

    def evaluate(self, batch: LeafBatch) -> Evaluation:
        return replace(super().evaluate(batch), lead_to_play=None, ownership_to_play=None)


def test_without_an_evaluator_that_knows_it_the_lead_is_null() -> None:
    settings = SessionSettings(PlayerSettings(Limits(playouts=5)), size=5)
    found = said("genmove b\nponnuki-last_search\n", backstage=RealPlayers(Leadless()), settings=settings)
    assert found["lead"] is None


def test_a_resignation_is_told_and_so_is_a_move_that_was_not_played() -> None:
    options = {"backstage": ScriptedBackstage("resign C3")}
    assert said("genmove b\nponnuki-last_search\n", **options)["move"] == "resign"
    assert said("reg_genmove w\nponnuki-last_search\n", **options)["move"] == "C3"


@pytest.mark.parametrize("before", [
    "", "genmove b\nclear_board\n", "genmove b\nboardsize 9\n", "genmove b\nclear_board\nset_position w C3\n",
])
def test_there_is_nothing_to_tell_before_the_first_move_of_a_game(before: str) -> None:
    last = replies(f"{before}ponnuki-last_search\n", backstage=ScriptedBackstage("C3"))[-1]
    assert last == "? no move has been chosen in this game"


def test_cpu_time_grows() -> None:
    first, second = (float(reply[2:]) for reply in replies("cputime\ncputime\n"))
    assert 0 < first <= second
    assert replies("cputime now\n") == ["? syntax error: usage: cputime"]
