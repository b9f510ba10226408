"""Time controls as text, as GTP and as a running clock."""

import pytest

from ponnuki.arena.timecontrol import SideClock, TimeControl
from ponnuki.engine.errors import ConfigError


@pytest.mark.parametrize(("text", "gtp"), [
    ("1/move", "time_settings 0 1 1"),
    ("0.5/move", "time_settings 0 0.5 1"),
    ("300", "time_settings 300 0 0"),
    ("60+30/5", "time_settings 60 30 5"),
])
def test_forms(text: str, gtp: str) -> None:
    control = TimeControl.parse(text)
    assert control is not None
    assert control.gtp_settings() == gtp
    assert str(control) == text


def test_none_is_no_clock() -> None:
    assert TimeControl.parse("none") is None


@pytest.mark.parametrize("text", ["", "fast", "0", "0/move", "-1", "60+30", "60+0/5", "60+30/0", "1.2.3", "1/moves"])
def test_other_texts_are_refused(text: str) -> None:
    with pytest.raises(ConfigError):
        TimeControl.parse(text)


def clock(text: str, tolerance_s: float = 0.0) -> SideClock:
    control = TimeControl.parse(text)
    assert control is not None
    return SideClock(control, tolerance_s)


def test_a_fixed_time_is_each_moves_own() -> None:
    side = clock("2/move")
    assert [side.charge(seconds) for seconds in (2.0, 0.1, 1.9, 2.1)] == [True, True, True, False]


def test_absolute_time_runs_out() -> None:
    side = clock("10")
    assert side.charge(6)
    assert side.gtp_time_left() == "4 0"
    assert not side.charge(4.5)


def test_the_tolerance_is_not_given_again_for_each_move() -> None:
    side = clock("10", tolerance_s=1.0)
    assert side.charge(10.6)
    assert side.allowance_s == pytest.approx(0.4)
    assert not side.charge(0.5)


def test_overtime_periods_are_full_again_after_their_moves() -> None:
    side = clock("10+6/2")
    assert side.allowance_s == 16
    assert side.charge(13)  # main time, then 3 s and one move of the first period
    assert side.gtp_time_left() == "3 1"
    assert side.charge(2)
    assert side.gtp_time_left() == "6 2"
    assert side.charge(5)
    assert not side.charge(2)
