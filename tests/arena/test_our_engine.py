"""Our own engine in a match: repeatable by seed, and telling of its searches."""

from __future__ import annotations

import sys
from pathlib import Path

from sgfmill import sgf

from ponnuki.arena.contestant import Contestant
from ponnuki.arena.match import MatchSettings, play_match
from ponnuki.arena.referee import Referee
from ponnuki.arena.summary import pair_points

OURS = (sys.executable, "-m", "ponnuki.cli.main", "gtp", "--playout", "rollout", "--playouts", "24", "--seed", "7")


def test_two_copies_with_one_seed_split_every_pair_and_tell_of_their_searches(tmp_path: Path) -> None:
    settings = MatchSettings(games=6, size=5)
    summary = play_match(Contestant("one", OURS), Contestant("two", OURS), settings, tmp_path, referee=Referee)
    assert pair_points(summary.records) == [1.0, 1.0, 1.0]
    games = [sgf.Sgf_game.from_bytes((tmp_path / str(record.sgf)).read_bytes()) for record in summary.records]
    moves = [[node.get_move() for node in game.get_main_sequence()] for game in games]
    assert moves[0::2] == moves[1::2], "with the colours swapped, the same game"
    assert [summary.playouts_per_move(side) for side in ("A", "B")] == [24, 24]
    last = games[0].get_main_sequence()[-1].get("C").splitlines()
    assert "(24 new)" in last[1]
