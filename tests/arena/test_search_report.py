"""What engines tell of their searches, and how it gets into game records."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from sgfmill import sgf

from ponnuki.arena.contestant import Contestant
from ponnuki.arena.match import MatchSettings, play_match
from ponnuki.arena.referee import Referee
from ponnuki.arena.search_report import SearchReport

Fake = Callable[..., Contestant]
SAID = {"colour": "white", "move": "C3", "visits": 150, "playouts": 100, "winrate": 0.543, "lead": -2.06,
        "pv": ["C3", "D4"], "time_s": 0.2}


def test_a_report_is_read_and_told_in_one_line() -> None:
    found = SearchReport.parse(json.dumps(SAID))
    assert found == SearchReport(150, 100, 0.543, -2.06, ("C3", "D4"))
    assert found.comment("White") == ("150 visits (100 new), White wins 54.3%, White is 2.1 behind, expects C3 D4")
    assert SearchReport(1, 1, 0.5, 0.0).comment("Black") == "1 visits (1 new), Black wins 50.0%, Black leads by 0.0"
    assert SearchReport(1, 1, 0.5).comment("Black") == "1 visits (1 new), Black wins 50.0%"


@pytest.mark.parametrize("text", ["", "hello", "[]", "null", "{}", '{"visits": "many"}',
                                  json.dumps({**SAID, "pv": None}), json.dumps({**SAID, "winrate": None})])
def test_what_is_no_report_is_none(text: str) -> None:
    assert SearchReport.parse(text) is None


def play(a: Contestant, b: Contestant, out: Path | None = None):
    return play_match(a, b, MatchSettings(games=2, size=5, move_limit=8), out, referee=Referee)


def test_search_and_cost_stand_in_the_comments_of_the_moves(fake: Fake, tmp_path: Path) -> None:
    teller = fake("teller", "--tells", json.dumps({**SAID, "playouts": 100}).replace("100", "PLAYOUTS"))
    record = play(teller, fake("silent"), tmp_path).records[0]
    game = sgf.Sgf_game.from_bytes((tmp_path / str(record.sgf)).read_bytes())
    comments = [node.get("C") for node in game.get_main_sequence()[1:]]
    assert comments[:2] == ["opening", "opening"]
    assert len(comments) == 8
    assert all(comment.splitlines()[1].startswith("150 visits (100 new), Black wins 54.3%")
               for comment in comments[2::2])
    assert all(len(comment.splitlines()) == 1 for comment in comments[3::2])


def test_moves_and_playouts_are_counted_for_each_side(fake: Fake) -> None:
    teller = fake("teller", "--tells", json.dumps(SAID))
    summary = play(teller, fake("silent"))
    # Eight moves a game, two of them the opening's; the side with Black makes the first of the other six.
    assert [summary.own_moves(side) for side in ("A", "B")] == [6, 6]
    assert summary.records[0].playouts == {"A": 300, "B": None}
    assert summary.playouts_per_move("A") == 100
    assert summary.playouts_per_move("B") is None
    assert ", 100 playouts a move, slowest" in summary.report()


def test_nonsense_about_a_search_costs_no_game(fake: Fake) -> None:
    summary = play(fake("muddled", "--tells", "what search?"), fake("silent"))
    assert summary.failures("A") == []
    assert summary.playouts_per_move("A") is None
