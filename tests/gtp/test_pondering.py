"""Thinking in the opponent's time: when it runs, what ends it, and what it brings."""

import threading
import time

import pytest

from ponnuki.engine.config import Limits, PlayerSettings, SearchSettings
from ponnuki.engine.evaluator import UniformEvaluator
from ponnuki.engine.game import Game
from ponnuki.engine.player import Player
from ponnuki.gtp.commands import handlers
from ponnuki.gtp.protocol import Dispatcher, parse_line
from ponnuki.gtp.table import SessionSettings, Table

from .fakes import ScriptedBackstage, converse


class Desk:
    """A table whose player ponders, and its commands."""

    def __init__(self, script, **settings):
        self.backstage = ScriptedBackstage(script)
        settings = SessionSettings(PlayerSettings(**{"ponder": True, **settings}), size=9)
        self.table = Table(settings, self.backstage)
        self._dispatcher = Dispatcher(handlers(self.table))

    def __call__(self, line):
        reply = self._dispatcher.answer(parse_line(line)).text
        assert reply.startswith("="), reply
        return self.table.pondering


def test_it_runs_from_our_move_to_the_opponents():
    desk = Desk("C3 D4")
    assert not desk("play b E5")
    assert desk("genmove w")
    assert not desk("play b E6")
    assert desk("genmove w")
    desk.table.rest()
    assert desk.backstage.players[0].pondered == [2, 4]


@pytest.mark.parametrize("line", ["time_left b 10 0", "name", "kata-get-param maxTime", "showboard"])
def test_it_goes_on_after_commands_that_change_nothing(line):
    desk = Desk("C3")
    desk("genmove b")
    assert desk(line)
    desk.table.rest()


@pytest.mark.parametrize("line", ["undo", "clear_board", "boardsize 13", "stop", "komi 3", "kgs-game_over",
                                  "kata-set-param maxTime 2"])
def test_it_ends_with_what_it_was_about(line):
    desk = Desk("C3")
    desk("genmove b")
    assert not desk(line)
    assert not desk("name")


def test_not_after_a_resignation_nor_after_the_end_nor_for_a_question():
    desk = Desk("resign C3 pass")
    assert not desk("genmove b")
    assert not desk("reg_genmove b")
    desk("play b pass")
    assert not desk("genmove w")


@pytest.mark.parametrize("settings", [{"ponder": False}, {"reuse_tree": False}])
def test_only_where_it_is_wanted_and_of_use(settings):
    assert not Desk("C3", **settings)("genmove b")


def test_a_client_can_switch_it_on():
    desk = Desk("C3 D4", ponder=False)
    assert not desk("genmove b")
    desk("kata-set-param ponderingEnabled true")
    assert desk("genmove w")
    desk.table.rest()


def test_a_failure_in_the_thread_is_told_and_ends_nothing(capsys):
    desk = Desk("pass C3")
    desk("genmove b")
    for _ in range(200):
        if not desk.table.pondering:
            break
        time.sleep(0.01)
    desk("play w E5")
    assert desk("genmove b")
    desk.table.rest()
    assert "internal error while pondering" in capsys.readouterr().err
    assert desk.backstage.players[0].forgotten == 1


def test_no_thread_is_left_when_the_session_ends():
    settings = SessionSettings(PlayerSettings(ponder=True), size=9)
    assert converse("genmove b\n", ScriptedBackstage("C3"), settings) == "= C3\n\n"
    assert not [thread for thread in threading.enumerate() if thread.name == "gtp-pondering"]


def test_the_tree_is_kept_where_the_guess_was_right():
    settings = PlayerSettings(limits=Limits(visits=200), batch_size=1, seed=1)
    player = Player(Game(5, 0.5), UniformEvaluator(), settings)
    player.genmove()
    search = player._search

    class Enough(threading.Event):
        def is_set(self):
            return search.snapshot().moves[0].visits > 250

    player.ponder(Enough())
    guess = search.snapshot().moves[0]
    player.play(guess.move)
    assert search.visits == guess.visits
    assert player.genmove().snapshot.playouts == 0, "the visits asked for were there already"


def test_an_endless_ponder_stays_within_its_memory_and_leaves_a_player_that_plays_on():
    settings = PlayerSettings(limits=Limits(playouts=20), search=SearchSettings(max_tree_mb=1), seed=1)
    player = Player(Game(9, 0.5), UniformEvaluator(), settings)
    player.genmove()
    player.ponder(threading.Event())  # ends by itself
    assert player._search.full
    assert player._search.tree_bytes < 1.1e6
    for _ in range(3):
        choice = player.genmove()
        assert choice.snapshot.visits >= 1
