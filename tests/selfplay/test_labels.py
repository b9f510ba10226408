"""Policy targets: pruning of forced playouts, Gumbel's improved policy, surprise."""

from __future__ import annotations

import math

import numpy as np
import pytest

from ponnuki.engine.config import SearchSettings
from ponnuki.engine.evaluator import RolloutEvaluator
from ponnuki.engine.game import Game
from ponnuki.engine.pool import Pool
from ponnuki.engine.search import Search
from ponnuki.engine.snapshot import MoveStats, SearchSnapshot
from ponnuki.selfplay.labels import (
    LARGEST_WEIGHT,
    improved_policy,
    policy_entries,
    pruned_visits,
    sample_weights,
    surprise,
)

FORCED = SearchSettings(forced_playouts=2.0, c_puct=1.1, c_puct_log=0.45)


def snapshot(*moves: tuple[int, int, float, float], raw: float = 0.0) -> SearchSnapshot:
    """Of (move, visits, value, prior)."""
    stats = tuple(
        MoveStats(move, visits, value, 0.0, prior, (move,), utility_to_play=value)
        for move, visits, value, prior in moves
    )
    visits = 1 + sum(s.visits for s in stats)
    return SearchSnapshot(5, 1, visits, visits, 0.0, 0.0, raw, stats)


def puct(stats: MoveStats, visits: int, total: int) -> float:
    weight = (1.1 + 0.45 * math.log((total + 500) / 500)) * math.sqrt(total)
    return stats.utility_to_play + weight * stats.prior / (1 + visits)


def test_forced_playouts_of_a_bad_move_are_taken_out() -> None:
    seen = snapshot((0, 80, 0.5, 0.4), (1, 10, -0.6, 0.3), (2, 9, 0.45, 0.2), (3, 1, 0.1, 0.1))
    kept = pruned_visits(seen, FORCED)
    assert kept[0] == 80
    assert kept.get(1, 0) < 10
    assert 3 not in kept  # a single visit says nothing
    ceiling = puct(seen.moves[0], 80, seen.visits)
    for stats in seen.moves[1:]:
        if stats.move in kept and kept[stats.move] < stats.visits:
            assert puct(stats, kept[stats.move], seen.visits) <= ceiling + 1e-9
            forced = math.sqrt(2 * stats.prior * seen.visits)
            assert kept[stats.move] >= stats.visits - forced - 1e-9


def test_no_more_than_the_forced_playouts_are_taken_out() -> None:
    seen = snapshot((0, 50, 0.5, 0.2), (1, 49, -0.9, 0.01))
    assert pruned_visits(seen, FORCED)[1] == math.ceil(49 - math.sqrt(2 * 0.01 * 100))


def test_without_forced_playouts_visits_stay_as_they_are() -> None:
    assert pruned_visits(snapshot((0, 8, 0.1, 0.5), (4, 1, 0.1, 0.5)), SearchSettings()) == {0: 8, 4: 1}


def test_a_search_with_noise_loses_what_noise_brought() -> None:
    settings = SearchSettings(root_noise=0.25, forced_playouts=2.0)
    search = Search(Game(5, 24.5), settings, seed=3)
    pool = Pool(RolloutEvaluator(), 4)
    while search.visits < 150:
        pool.step([search], [4])
    before = {stats.move: stats.visits for stats in search.snapshot(1).moves}
    after = pruned_visits(search.snapshot(1), settings)
    assert max(after.values()) == max(before.values())
    assert sum(after.values()) < sum(before.values())
    assert all(visits <= before[move] for move, visits in after.items())


def test_the_improved_policy_by_hand() -> None:
    priors = np.zeros(26, np.float32)
    priors[[0, 1, 2]] = 0.5, 0.3, 0.2
    seen = snapshot((0, 3, 0.2, 0.5), (1, 1, -0.4, 0.3), raw=0.1)
    policy = improved_policy(seen, priors, SearchSettings(gumbel_scale=0.1))
    mean = (0.5 * 0.2 + 0.3 * -0.4) / 0.8
    mixed = (0.1 + 4 * mean) / 5
    scale = (50 + 3) * 0.1 / 2
    raised = [0.5 * math.exp(scale * 0.2), 0.3 * math.exp(scale * -0.4), 0.2 * math.exp(scale * mixed)]
    assert [policy[move] for move in (0, 1, 2)] == pytest.approx([r / sum(raised) for r in raised], rel=1e-5)
    assert set(policy) == {0, 1, 2}


def test_entries_keep_visits_and_scale_shares() -> None:
    assert policy_entries({3: 40.0, 1: 7.0}) == [(1, 7), (3, 40)]
    assert policy_entries({3: 0.5, 1: 0.25, 2: 1e-9}) == [(1, round(LARGEST_WEIGHT / 2)), (3, LARGEST_WEIGHT)]
    assert max(weight for _, weight in policy_entries({0: 1e6, 1: 5e5})) == LARGEST_WEIGHT


def test_surprise_is_the_divergence_from_the_priors() -> None:
    priors = np.array([0.5, 0.25, 0.25], np.float32)
    assert surprise([(0, 2), (1, 1), (2, 1)], priors) == pytest.approx(0, abs=1e-6)
    assert surprise([(1, 10)], priors) == pytest.approx(math.log(4), rel=1e-5)


def test_weights_are_one_on_average() -> None:
    weights = sample_weights([0.0, 1.0, 3.0, 0.0], 0.5)
    assert sum(weights) / 4 == pytest.approx(1)
    assert weights == pytest.approx([0.5, 1.0, 2.0, 0.5])
    assert sample_weights([0.0, 0.0], 0.5) == [1.0, 1.0]
