"""Time control: a player that always uses its whole budget never oversteps, and uses what it is given."""

from __future__ import annotations

import pytest

from ponnuki.engine.clock import Clock
from ponnuki.engine.coords import BLACK, WHITE
from ponnuki.engine.errors import ConfigError


class Referee:
    """One side's clock, kept by the rules of each system; `spend` says whether the flag is still up."""

    def __init__(self, main_s: float, period_s: float = 0.0, stones: int = 0, periods: int = 0,
                 increment_s: float = 0.0) -> None:
        self.main_s, self.period_s, self.stones = main_s, period_s, stones
        self.periods, self.increment_s = periods, increment_s
        self.left_s, self.stones_left = period_s, stones

    def spend(self, seconds: float) -> bool:
        over = seconds - self.main_s
        self.main_s = max(0.0, self.main_s - seconds)
        if over <= 1e-9:
            self.main_s += self.increment_s
            return True
        if self.stones:
            self.left_s -= over
            up = self.left_s >= -1e-9
            self.stones_left -= 1
            if self.stones_left == 0:
                self.left_s, self.stones_left = self.period_s, self.stones
            return up
        while self.periods and over > self.period_s + 1e-9:
            over -= self.period_s
            self.periods -= 1
        return self.periods > 0


SYSTEMS = {
    "absolute": (lambda clock: clock.set_absolute(300), Referee(300)),
    "canadian": (lambda clock: clock.set_canadian(60, 30, 5), Referee(60, 30, stones=5)),
    "canadian without main time": (lambda clock: clock.set_canadian(0, 30, 25), Referee(0, 30, stones=25)),
    "byoyomi": (lambda clock: clock.set_byoyomi(60, 10, 3), Referee(60, 10, periods=3)),
    "byoyomi without main time": (lambda clock: clock.set_byoyomi(0, 5, 1), Referee(0, 5, periods=1)),
    "fischer": (lambda clock: clock.set_fischer(60, 5), Referee(60, increment_s=5)),
    "fischer, all increment": (lambda clock: clock.set_fischer(5, 5), Referee(5, increment_s=5)),
}


@pytest.mark.parametrize("name", SYSTEMS)
@pytest.mark.parametrize("size", [9, 19])
def test_using_the_whole_budget_never_oversteps(name: str, size: int) -> None:
    """Over 300 own moves, whatever the system; no period is ever lost."""
    configure, template = SYSTEMS[name]
    referee = Referee(template.main_s, template.period_s, template.stones, template.periods, template.increment_s)
    periods = referee.periods
    clock = Clock()
    configure(clock)
    for own_moves in range(300):
        budget = clock.budget_s(BLACK, 2 * own_moves, size)
        assert budget is not None
        assert budget > 0
        assert referee.spend(budget), f"flag fell at own move {own_moves}"
        clock.spend(BLACK, budget)
    assert referee.periods == periods


@pytest.mark.parametrize("name", SYSTEMS)
def test_no_move_takes_a_large_part_of_the_main_time(name: str) -> None:
    """At most a tenth of it, beyond what overtime gives each move anyway."""
    configure, given = SYSTEMS[name]
    clock = Clock()
    configure(clock)
    budget = clock.budget_s(BLACK, 0, 9)
    each_move_s = given.period_s / max(1, given.stones) + given.increment_s
    assert budget is not None
    assert 0.5 * each_move_s <= budget <= given.main_s / 10 + each_move_s


@pytest.mark.parametrize("size", [9, 13, 19])
def test_absolute_time_is_used_within_a_game(size: int) -> None:
    """Most of it is spent by the moves that a game lasts, and no move takes a large part."""
    clock = Clock()
    clock.set_absolute(600)
    spent = []
    for own_moves in range(int(0.32 * size * size)):
        budget = clock.budget_s(WHITE, 2 * own_moves, size)
        assert budget is not None
        spent.append(budget)
        clock.spend(WHITE, budget)
    assert 300 < sum(spent) < 600
    assert max(spent) < 600 / 15


def test_no_time_system_no_budget() -> None:
    clock = Clock()
    assert clock.budget_s(BLACK, 0, 19) is None
    clock.spend(BLACK, 1000)
    assert clock.budget_s(BLACK, 0, 19) is None


def test_the_clocks_are_two() -> None:
    clock = Clock()
    clock.set_absolute(100)
    white = clock.budget_s(WHITE, 0, 19)
    clock.spend(BLACK, 90)
    black = clock.budget_s(BLACK, 0, 19)
    assert clock.budget_s(WHITE, 0, 19) == white
    assert white is not None
    assert black == pytest.approx(white / 10)


def test_time_left_overrules_what_was_counted() -> None:
    clock = Clock()
    clock.set_absolute(100)
    fresh = clock.budget_s(BLACK, 0, 19)
    clock.spend(BLACK, 90)
    clock.update(BLACK, 100, 0)
    assert clock.budget_s(BLACK, 0, 19) == fresh
    clock.update(BLACK, -3, 0)
    assert clock.budget_s(BLACK, 0, 19) == 0


def test_time_left_without_time_settings_is_absolute_time() -> None:
    clock = Clock()
    clock.update(WHITE, 50, 0)
    other = Clock()
    other.set_absolute(50)
    assert clock.budget_s(WHITE, 0, 9) == other.budget_s(WHITE, 0, 9)


def test_time_left_in_overtime() -> None:
    clock = Clock()
    clock.set_canadian(60, 30, 5)
    clock.update(BLACK, 12, 3)
    assert clock.budget_s(BLACK, 50, 19) == 4
    clock.set_byoyomi(60, 30, 5)
    clock.update(BLACK, 12, 2)
    assert clock.budget_s(BLACK, 50, 19) == 12


def test_a_period_that_runs_over_costs_a_period() -> None:
    clock = Clock()
    clock.set_byoyomi(0, 10, 3)
    clock.spend(BLACK, 25)
    assert clock.budget_s(BLACK, 50, 19) == 10


def test_a_new_game_starts_the_clocks_anew() -> None:
    clock = Clock()
    clock.set_canadian(60, 30, 5)
    fresh = clock.budget_s(BLACK, 0, 19)
    clock.spend(BLACK, 80)
    assert clock.budget_s(BLACK, 0, 19) != fresh
    clock.reset()
    assert clock.budget_s(BLACK, 0, 19) == fresh


@pytest.mark.parametrize(("call", "message"), [
    (lambda clock: clock.set_absolute(-1), "expected seconds, 0 or more"),
    (lambda clock: clock.set_fischer(10, -1), "expected seconds, 0 or more"),
    (lambda clock: clock.set_canadian(10, 10, 0), "expected at least 1"),
    (lambda clock: clock.set_byoyomi(10, 10, 0), "expected at least 1"),
])
def test_bad_settings_leave_the_clock_alone(call, message: str) -> None:  # type: ignore[no-untyped-def]
    clock = Clock()
    clock.set_absolute(100)
    fresh = clock.budget_s(BLACK, 0, 19)
    with pytest.raises(ConfigError, match=message):
        call(clock)
    assert (clock.system, clock.budget_s(BLACK, 0, 19)) == ("absolute", fresh)


def test_whole_seconds_from_the_client_do_not_blur_what_was_counted() -> None:
    """GTP's ``time_left`` is in whole seconds: at fast controls it would take up to one of them away each move."""
    clock = Clock()
    clock.set_absolute(2.0)
    clock.spend(BLACK, 0.3)
    before = clock.budget_s(BLACK, 2, 9)
    clock.update(BLACK, 1, 0)
    assert clock.budget_s(BLACK, 2, 9) == before
    clock.update(BLACK, 0, 0)
    assert clock.budget_s(BLACK, 2, 9) == 0
    clock.update(BLACK, 1.25, 0)
    assert clock.budget_s(BLACK, 2, 9) == pytest.approx(before * 1.25 / 1.7)


def test_a_time_below_zero_without_time_settings_is_no_time():
    clock = Clock()
    clock.update(BLACK, -1.0, 0)
    assert clock.system == "absolute"
    assert clock.budget_s(BLACK, 0, 9) == 0.0
