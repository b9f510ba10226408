"""The gate: pairs of games between nets, their judgement and their file."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest

from ponnuki.engine.config import SearchSettings
from ponnuki.engine.evaluator import RolloutEvaluator, UniformEvaluator
from ponnuki.selfplay.duel import DuelSettings, PairResult, Pairs
from ponnuki.selfplay.gate import judged, read_pairs, write_pair
from ponnuki.selfplay.run_settings import GateSettings
from ponnuki.selfplay.settings import StartSettings

STARTS = StartSettings(sizes={5: 0.5, 7: 0.5}, komi=9.0, handicap_share=0.0, opening_moves=0.1)
SETTINGS = DuelSettings(STARTS, visits=24, seed=4)


def play(pairs: Pairs) -> dict[int, PairResult]:
    results: dict[int, PairResult] = {}
    while len(pairs):
        results |= {result.number: result for result in pairs.play(10.0)}
    return results


def test_the_better_player_wins_the_pairs() -> None:
    results = play(Pairs(SETTINGS, (RolloutEvaluator(), UniformEvaluator()), range(8)))
    assert sorted(results) == list(range(8))
    assert sum(result.points for result in results.values()) >= 12
    assert {result.size for result in results.values()} <= {5, 7}


def test_either_net_searches_with_its_own_settings() -> None:
    """One that looks at every move once before it looks again loses to itself with the usual exploration."""
    usual, scattered = SearchSettings(cache=True), SearchSettings(cache=True, c_puct=100.0)
    settings = dataclasses.replace(SETTINGS, visits=60, searches=(usual, scattered))
    results = play(Pairs(settings, (RolloutEvaluator(), RolloutEvaluator()), range(8)))
    assert sum(result.points for result in results.values()) >= 12


def test_a_net_against_itself_shares_the_points() -> None:
    results = play(Pairs(SETTINGS, (UniformEvaluator(), UniformEvaluator()), range(10)))
    assert 4 <= sum(result.points for result in results.values()) <= 16
    assert np.mean([result.points for result in results.values()]) == pytest.approx(1.0, abs=0.6)


def test_a_pair_is_one_opening_with_the_colours_swapped() -> None:
    pairs = Pairs(SETTINGS, (RolloutEvaluator(), RolloutEvaluator()), [3])
    first, second = pairs._pairs[3]
    assert first.game.moves == second.game.moves
    assert (first.game.komi, first.game.size) == (second.game.komi, second.game.size)
    assert {first.first_colour, second.first_colour} == {1, 2}


def test_pairs_count_in_their_order() -> None:
    settings = GateSettings(elo0=0, elo1=40, pairs=6)
    assert judged({1: 2.0, 2: 2.0}, settings).pairs == 0  # pair 0 is still being played
    result = judged({0: 1.0, 1: 2.0, 3: 0.0}, settings)
    assert (result.pairs, result.points, result.accepted) == (2, 3.0, None)


def test_the_test_decides_or_the_majority() -> None:
    settings = GateSettings(elo0=0, elo1=40, pairs=200)
    won = judged(dict.fromkeys(range(200), 2.0), settings)
    assert won.accepted is True
    assert won.pairs < 200
    assert judged(dict.fromkeys(range(200), 0.0), settings).accepted is False
    short = GateSettings(elo0=0, elo1=40, pairs=4)
    assert judged({0: 1.0, 1: 1.0, 2: 1.0, 3: 1.5}, short).accepted is True
    assert judged({0: 1.0, 1: 1.0, 2: 1.0, 3: 1.0}, short).accepted is False


def test_a_line_that_was_cut_short_costs_its_pair_alone(tmp_path: Path) -> None:
    path = tmp_path / "gate" / "net-0001.jsonl"
    for number in range(3):
        write_pair(path, PairResult(number, 1.5, 5, 60))
    path.write_bytes(path.read_bytes()[:-9])
    assert read_pairs(path) == {0: 1.5, 1: 1.5}
    write_pair(path, PairResult(2, 0.5, 5, 60))
    assert read_pairs(path) == {0: 1.5, 1: 1.5, 2: 0.5}
    assert json.loads(path.read_text().splitlines()[0]) == {"pair": 0, "points": 1.5, "size": 5, "moves": 60}
    assert read_pairs(tmp_path / "none.jsonl") == {}
