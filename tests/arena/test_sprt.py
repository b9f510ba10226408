"""The sequential test: its ratio against plain optimisation, its error rates by simulation."""

from __future__ import annotations

import math

import numpy as np
import pytest

from ponnuki.arena.score import score_from_elo
from ponnuki.arena.sprt import Sprt, log_likelihood_ratio
from ponnuki.engine.errors import ConfigError


def best_log_likelihood(counts: np.ndarray, mean: float) -> float:
    """The highest log-likelihood of any distribution over the five outcomes with this mean, by general optimisation."""
    optimize = pytest.importorskip("scipy.optimize")
    scores = np.arange(5) / 4
    found = optimize.minimize(
        lambda p: -(counts * np.log(p)).sum(), counts / counts.sum(), method="SLSQP", bounds=[(1e-6, 1)] * 5,
        constraints=[{"type": "eq", "fun": lambda p: p.sum() - 1}, {"type": "eq", "fun": lambda p: p @ scores - mean}],
        options={"ftol": 1e-14, "maxiter": 1000})
    assert found.success
    return -found.fun


@pytest.mark.parametrize("counts", [(10, 20, 40, 25, 12), (3, 1, 50, 1, 9), (1, 1, 1, 1, 30), (200, 7, 310, 9, 180)])
@pytest.mark.parametrize("elos", [(0, 20), (-5, 5), (0, 200)])
def test_the_ratio_is_that_of_the_two_best_fits(counts: tuple[int, ...], elos: tuple[float, float]) -> None:
    score0, score1 = map(score_from_elo, elos)
    observed = np.array(counts, float)
    expected = best_log_likelihood(observed, score1) - best_log_likelihood(observed, score0)
    assert log_likelihood_ratio(observed, score0, score1) == pytest.approx(expected, abs=2e-4 * (1 + abs(expected)))


def test_the_ratio_is_odd_under_a_change_of_sides() -> None:
    counts = np.array([30, 4, 80, 9, 45])
    forth = Sprt(-10, 10).ratios(counts)
    assert Sprt(-10, 10).ratios(counts[::-1]) == pytest.approx(-forth)
    assert forth > 0


def test_a_clean_sweep_has_a_finite_ratio_that_grows() -> None:
    ratios = Sprt(0, 20).ratios(np.array([[0, 0, 0, 0, n] for n in (0, 1, 10, 100, 1000)]))
    assert np.all(np.isfinite(ratios))
    assert ratios[0] == 0
    assert np.all(np.diff(ratios) > 0)


def test_pairs_that_split_say_more_than_games_that_do() -> None:
    """Two even engines whose pairs all split are known to be even far sooner than ones with as many sweeps."""
    split, swept = Sprt(0, 20).ratios(np.array([[0, 0, 100, 0, 0], [50, 0, 0, 0, 50]]))
    assert split < swept < 0


def test_a_verdict_stops_at_the_first_bound() -> None:
    test = Sprt(0, 50)
    low, high = test.bounds
    assert (low, high) == pytest.approx((-math.log(19), math.log(19)))
    verdict = test.verdict([2.0, 1.0, 1.5] * 200)
    assert verdict.accepted == 1
    assert verdict.llr >= high
    shorter = test.verdict(([2.0, 1.0, 1.5] * 200)[: verdict.pairs - 1])
    assert shorter.accepted is None
    assert shorter.llr < high
    reversed_later = test.verdict(([2.0, 1.0, 1.5] * 200)[: verdict.pairs] + [0.0] * 500)
    assert (reversed_later.accepted, reversed_later.pairs) == (1, verdict.pairs), "what comes after does not undo it"
    assert test.verdict([0.0, 1.0, 0.5] * 200).accepted == 0
    assert test.verdict([]).accepted is None


@pytest.mark.parametrize("wrong", [{"elo0": 5, "elo1": 5}, {"elo0": 5, "elo1": 0}, {"alpha": 0.0}, {"beta": 0.5}])
def test_senseless_settings_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ConfigError):
        Sprt(**{"elo0": 0.0, "elo1": 10.0, **wrong})


def share_accepting_1(test: Sprt, elo: float, draws: float, bias: float, matches: int, seed: int) -> float:
    """Play simulated matches to their decision and return the share of them that accepted `elo1`.

    A game's expected score is that of `elo`, shifted by the opening's bias for the side that has it, and a share of
    the games is drawn. All matches go on in step; each is looked at after every pair, as `ponnuki match` does.
    """
    chance = np.random.default_rng(seed)
    counts = np.zeros((matches, 5), np.int64)
    accepted: list[np.ndarray] = []
    low, high = test.bounds
    while len(counts):
        shift = bias * chance.choice([-1, 1], len(counts))
        points = np.zeros(len(counts))
        for sign in (1, -1):
            win = score_from_elo(elo) + sign * shift - draws / 2
            luck = chance.random(len(counts))
            points += np.where(luck < win, 1.0, np.where(luck < win + draws, 0.5, 0.0))
        counts[np.arange(len(counts)), np.rint(2 * points).astype(int)] += 1
        ratios = test.ratios(counts)
        over = (ratios <= low) | (ratios >= high)
        accepted.append(ratios[over] >= high)
        counts = counts[~over]
    return float(np.concatenate(accepted).mean())


@pytest.mark.parametrize(("draws", "bias"), [(0.0, 0.2), pytest.param(0.1, 0.1, marks=pytest.mark.slow)])
def test_error_rates_are_as_promised(draws: float, bias: float) -> None:
    """2,000 simulated matches each at true differences of 0 and 20 Elo: wrong in at most 7% (5% are promised)."""
    test = Sprt(0, 20, alpha=0.05, beta=0.05)
    assert share_accepting_1(test, 0, draws, bias, 2000, seed=1) <= 0.07
    assert 1 - share_accepting_1(test, 20, draws, bias, 2000, seed=2) <= 0.07
