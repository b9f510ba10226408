"""What a running match shows."""

from __future__ import annotations

import io
from dataclasses import replace

from ponnuki.arena.contestant import Contestant
from ponnuki.arena.match_log import GameRecord
from ponnuki.arena.progress import PlainLines, ProgressBar, display_for
from ponnuki.arena.summary import Summary

LOST = GameRecord(0, "A", "B", "W+F", "crash", 12, [], {"A": 1.0, "B": 2.0}, {"A": 0.5, "B": 0.5},
                  {"A": None, "B": None}, fault="A", detail="ended with exit code 1")
WON = replace(LOST, game=1, black="B", fault=None, result="W+2.5", winner="A", ending="passes", detail="")
# A name with what rich takes for markup.
SIDES = {"A": Contestant("net [bold]", ("a",)), "B": Contestant("gnugo", ("b",))}


def test_plain_lines_give_each_result_and_the_score() -> None:
    stream = io.StringIO()
    display = display_for(stream)
    assert isinstance(display, PlainLines)
    display.begin(Summary(SIDES, 4, (LOST,)))
    display.game_finished(WON, Summary(SIDES, 4, (LOST, WON)))
    display.close()
    resumed, result = stream.getvalue().splitlines()
    assert resumed == "resumed: 1 of 4 games were already played"
    assert result.startswith("game 1: gnugo (B) against net [bold] (W): W+2.5 by passes, 12 moves; A: 1 won")


def test_a_bar_of_a_match_that_was_refused_has_not_touched_the_terminal() -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    stream = Terminal()
    display = ProgressBar(stream)
    assert stream.getvalue() == ""
    display.close()


def test_the_bar_shows_the_score_and_keeps_failures_as_lines() -> None:
    stream = io.StringIO()
    display = ProgressBar(stream)
    display.begin(Summary(SIDES, 4, ()))
    display.game_finished(LOST, Summary(SIDES, 4, (LOST,)))
    display.game_finished(WON, Summary(SIDES, 4, (LOST, WON)))
    display.close()
    shown = " ".join(stream.getvalue().split())
    assert "game 0: net [bold] (B) against gnugo (W): W+F by crash, 12 moves: ended with exit code 1" in shown
    assert "game 1" not in shown
    assert "A: 1–0–1, 50%" in shown
    assert "2/4" in shown
