"""The time of a move: the plan, and when the search is over."""

from __future__ import annotations

import numpy as np
import pytest

from ponnuki.engine import timing as timing_module
from ponnuki.engine.clock import Clock
from ponnuki.engine.config import TimeSettings
from ponnuki.engine.coords import BLACK
from ponnuki.engine.timing import Budget, Timekeeper, is_settled, is_unclear, phase_factor, plan
from tests.engine.test_clock import SYSTEMS, Referee

SETTINGS = TimeSettings()


@pytest.mark.parametrize("name", SYSTEMS)
@pytest.mark.parametrize("size", [9, 19])
@pytest.mark.parametrize("which", ["soft_s", "hard_s"])
def test_using_every_budget_whole_never_oversteps(name: str, size: int, which: str) -> None:
    """300 own moves, each taking all that it may: the flag stays up, and two byoyomi periods are left."""
    configure, given = SYSTEMS[name]
    referee = Referee(given.main_s, given.period_s, given.stones, given.periods, given.increment_s)
    clock = Clock()
    configure(clock)
    for own_moves in range(300):
        budget = plan(clock, BLACK, 2 * own_moves, size, SETTINGS)
        assert budget is not None
        assert 0 < budget.soft_s <= budget.hard_s
        spent_s = getattr(budget, which)
        assert referee.spend(spent_s), f"flag fell at own move {own_moves}"
        clock.spend(BLACK, spent_s)
    assert referee.periods >= min(2, given.periods)


def test_the_middle_game_gets_most() -> None:
    factors = [phase_factor(moves, 19, SETTINGS) for moves in (0, 80, 250)]
    assert factors[1] > 1.3 > 1.0 > max(factors[0], factors[2]) > 0.6
    assert phase_factor(80, 19, TimeSettings(middle_game=0)) == 1.0


def test_a_fixed_time_is_the_whole_budget() -> None:
    assert plan(Clock(), BLACK, 10, 9, SETTINGS) is None
    assert plan(Clock(), BLACK, 10, 9, SETTINGS, 1.5) == Budget(1.5, 1.5)
    clock = Clock()
    clock.set_absolute(300)
    assert plan(clock, BLACK, 10, 9, SETTINGS, 0.5) == Budget(0.5, 0.5)
    tight = plan(clock, BLACK, 10, 9, SETTINGS, 1000)
    assert tight == plan(clock, BLACK, 10, 9, SETTINGS)


def test_byoyomi_periods_count() -> None:
    """More periods, more time while they are kept; in overtime a spare one may be spent, the last two never."""
    budgets = []
    for periods in (1, 5):
        clock = Clock()
        clock.set_byoyomi(60, 10, periods)
        budgets.append(clock.budget_s(BLACK, 0, 9) or 0)
    assert budgets[1] > budgets[0] + 1
    clock = Clock()
    clock.set_byoyomi(0, 10, 3)
    assert plan(clock, BLACK, 0, 9, SETTINGS) == Budget(10, 20)
    clock.spend(BLACK, 15)
    assert plan(clock, BLACK, 2, 9, SETTINGS) == Budget(10, 10)


@pytest.mark.parametrize(("visits", "utilities", "left", "settled"), [
    ([100, 40, 3], [0.2, 0.1, 0.9], 59, True), ([100, 40, 3], [0.2, 0.1, 0.9], 60, False),
    ([3, 40, 100], [0, 0, 0.1], 10, True), ([50, 50], [0, 0], 0, False), ([100, 40], [0.1, 0.2], 10, False),
    ([70], [0], 5, False), ([], [], 5, False),
])
def test_settled(visits: list[int], utilities: list[float], left: float, settled: bool) -> None:
    assert is_settled(np.array(visits, np.int32), np.array(utilities), left) == settled


@pytest.mark.parametrize(("visits", "utilities", "unclear"), [
    ([100, 70], [0.1, 0.2], True),
    ([100, 70], [0.1, 0.09], True),
    ([100, 70], [0.1, 0.0], False),
    ([100, 50], [0.1, 0.2], False),
    ([70, 100, 5], [-0.3, 0.1, 0.9], False),
    ([100], [0.1], False),
])
def test_unclear(visits: list[int], utilities: list[float], unclear: bool) -> None:
    assert is_unclear(np.array(visits), np.array(utilities), SETTINGS) == unclear


class FakeSearch:
    """A search whose root is as told, with so many playouts a second of the frozen clock."""

    def __init__(self, visits: list[int], utilities: list[float]) -> None:
        self.root = np.array(visits, np.int32), np.array(utilities, np.float32)
        self.visits = sum(visits)
        self.playouts = 100

    def root_visits(self) -> tuple[np.ndarray, np.ndarray]:
        return self.root


@pytest.mark.parametrize(("visits", "utilities", "settings", "seconds"), [
    ([60, 30], [0.2, 0.0], TimeSettings(early_stop=False), 4.0),  # a clear choice: the soft time
    ([60, 50], [0.2, 0.3], TimeSettings(early_stop=False), 10.0),  # unclear: the hard time
    ([60, 50], [0.2, 0.19], SETTINGS, 9.2),  # at 100 playouts in that time, ten more cannot come
    ([60, 50], [0.2, 0.3], SETTINGS, 10.0),  # though they cannot, the other may be chosen for its utility
    ([600, 5], [0.2, 0.0], SETTINGS, None),  # settled as soon as the rate says so
    ([600, 5], [0.2, 0.0], TimeSettings(early_stop=False), 4.0),
    ([8, 5], [0.2, 0.3], SETTINGS, 10.0),  # too few visits to say anything
])
def test_when_a_search_is_over(
    monkeypatch: pytest.MonkeyPatch,
    visits: list[int],
    utilities: list[float],
    settings: TimeSettings,
    seconds: float | None,
) -> None:
    """A batch takes 0.1 s; the search stops half a batch before its time at the latest."""
    now = [50.0]
    monkeypatch.setattr(timing_module.time, "monotonic", lambda: now[0])
    keeper = Timekeeper(Budget(4.5, 10.5), 50.0, 0.5, settings)
    search = FakeSearch(visits, utilities)
    while not keeper.is_over(search):  # type: ignore[arg-type]
        now[0] += 0.1
    if seconds is None:
        assert now[0] - 50 < 3
    else:
        assert now[0] - 50 == pytest.approx(seconds, abs=0.1001)
