"""Bradley–Terry ratings: against known cases, a general optimiser and simulated pools."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest

from ponnuki.arena.ratings import PRIOR_GAMES, Meeting, rate
from ponnuki.arena.score import elo_from_score, score_from_elo
from ponnuki.engine.errors import ConfigError


def test_two_engines_are_as_far_apart_as_their_score_says() -> None:
    ratings = rate([Meeting("a", "b", 75, 100)], anchor="b", anchor_elo=1000)
    assert ratings["b"].elo == 1000
    assert ratings["b"].stdev == 0
    share = (75 + PRIOR_GAMES / 2) / (100 + PRIOR_GAMES)
    assert ratings["a"].elo == pytest.approx(1000 + elo_from_score(share))
    # The delta method: the score's deviation, divided by the slope of the expected score in Elo.
    slope = math.log(10) / 400 * share * (1 - share)
    assert ratings["a"].stdev == pytest.approx(math.sqrt(share * (1 - share) / (100 + PRIOR_GAMES)) / slope)
    assert [rating.name for rating in ratings.ratings] == ["a", "b"]
    assert (ratings["a"].games, ratings["a"].points, ratings["b"].points) == (100, 75, 25)


def test_a_clean_sweep_has_a_finite_rating() -> None:
    assert 700 < rate([Meeting("a", "b", 20, 20)], anchor="b")["a"].elo < 800


def test_order_and_direction_of_meetings_do_not_matter() -> None:
    forth = rate([Meeting("a", "b", 7, 10), Meeting("b", "c", 6.5, 10), Meeting("a", "c", 9, 10)], anchor="c")
    turned = [Meeting("c", "a", 1, 10), Meeting("c", "b", 3.5, 10), Meeting("b", "a", 1, 4), Meeting("b", "a", 2, 6)]
    back = rate(turned, anchor="c")
    for name in "abc":
        assert back[name].elo == pytest.approx(forth[name].elo)
        assert back[name].stdev == pytest.approx(forth[name].stdev)


def test_ratings_are_the_most_likely_ones() -> None:
    optimize = pytest.importorskip("scipy.optimize")
    chance = np.random.default_rng(3)
    names = "abcdef"
    meetings = [Meeting(a, b, int(chance.integers(1, 30)), 30) for a, b in itertools.combinations(names, 2)]

    def loss(free: np.ndarray) -> float:
        elo = dict(zip(names, [0.0, *free], strict=True))
        total = 0.0
        for meeting in meetings:
            p = score_from_elo(elo[meeting.first] - elo[meeting.second])
            won, lost = meeting.points + PRIOR_GAMES / 2, meeting.games - meeting.points + PRIOR_GAMES / 2
            total -= won * math.log(p) + lost * math.log(1 - p)
        return total

    found = optimize.minimize(loss, np.zeros(5), method="BFGS", options={"gtol": 1e-7})
    ratings = rate(meetings, anchor="a")
    assert [ratings[name].elo for name in names] == pytest.approx([0.0, *found.x], abs=0.05)


def test_an_engine_known_through_others_is_less_sure_than_they_are() -> None:
    chain = rate([Meeting("a", "b", 50, 100), Meeting("b", "c", 50, 100), Meeting("c", "d", 50, 100)], anchor="a")
    deviations = [chain[name].stdev for name in "abcd"]
    assert deviations == sorted(deviations)
    assert deviations[3] == pytest.approx(deviations[1] * math.sqrt(3))
    # c and d met directly: their difference is known as well as that of a and b.
    assert chain.difference("d", "c") == pytest.approx((0, deviations[1]), abs=1e-6)
    assert chain.superiority("d", "c") == pytest.approx(0.5)


def test_intervals_hold_the_truth_as_often_as_they_say() -> None:
    chance = np.random.default_rng(7)
    truth = {"a": 0.0, "b": 60.0, "c": 150.0, "d": -80.0}
    held = []
    for _ in range(400):
        meetings = [Meeting(a, b, int(chance.binomial(60, score_from_elo(truth[a] - truth[b]))), 60)
                    for a, b in itertools.combinations(truth, 2)]
        ratings = rate(meetings, anchor="a")
        for name in "bcd":
            low, high = ratings[name].interval(0.9)
            held.append(low <= truth[name] <= high)
    assert 0.87 < np.mean(held) < 0.93


def test_what_cannot_be_rated_is_said() -> None:
    with pytest.raises(ConfigError, match="no games"):
        rate([Meeting("a", "b", 0, 0)])
    with pytest.raises(ConfigError, match=r"met neither.*: c, d"):
        rate([Meeting("a", "b", 1, 2), Meeting("c", "d", 1, 2)])
    with pytest.raises(ConfigError, match="anchor 'x'"):
        rate([Meeting("a", "b", 1, 2)], anchor="x")
    with pytest.raises(ConfigError, match="impossible"):
        rate([Meeting("a", "b", 3, 2)])
