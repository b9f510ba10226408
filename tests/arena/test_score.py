"""Score, its interval and Elo."""

import math

import pytest

from ponnuki.arena.score import Score, elo_from_score, pentanomial, score_from_elo


def test_counts_and_rate() -> None:
    score = Score.of([1.0, 1.0, 0.5, 0.0])
    assert (score.wins, score.draws, score.losses, score.games, score.rate) == (2, 1, 1, 4, 0.625)
    assert Score().rate is None
    assert Score().interval() == (0.0, 1.0)


@pytest.mark.parametrize(("wins", "losses"), [(0, 10), (3, 7), (50, 50), (400, 0), (17, 3)])
@pytest.mark.parametrize("confidence", [0.95, 0.99])
def test_the_interval_is_wilsons(wins: int, losses: int, confidence: float) -> None:
    stats = pytest.importorskip("scipy.stats")
    expected = stats.binomtest(wins, wins + losses).proportion_ci(confidence, method="wilson")
    assert Score(wins, 0, losses).interval(confidence) == pytest.approx((expected.low, expected.high))


def test_draws_are_half_wins() -> None:
    assert Score(3, 4, 3).interval() == pytest.approx(Score(5, 0, 5).interval())


@pytest.mark.parametrize(("elo", "rate"), [(0, 0.5), (400, 10 / 11), (-400, 1 / 11), (100, 0.640065)])
def test_elo(elo: float, rate: float) -> None:
    assert score_from_elo(elo) == pytest.approx(rate)
    assert elo_from_score(rate) == pytest.approx(elo, abs=1e-3)


def test_a_clean_sweep_has_no_finite_elo_but_a_finite_bound() -> None:
    score = Score(10, 0, 0)
    assert score.elo == math.inf
    low, high = score.elo_interval()
    assert high == math.inf
    assert 100 < low < 200


def test_pentanomial() -> None:
    assert pentanomial([0, 0.5, 1, 1, 1.5, 2, 2, 2]) == (1, 1, 2, 1, 3)
