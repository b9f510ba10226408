"""Time controls as text, as GTP and as a running clock."""

import pytest

from ponnuki.arena.timecontrol import SideClock, TimeControl
from ponnuki.engine.errors import ConfigError

STANDARD = {"time_settings"}
KGS = STANDARD | {"kgs-time_settings"}
KATAGO = KGS | {"kata-time_settings"}


@pytest.mark.parametrize(("text", "commands", "gtp"), [
    ("1/move", KATAGO, "time_settings 0 1 1"),
    ("0.5/move", STANDARD, "time_settings 0 0.5 1"),
    ("300", KATAGO, "time_settings 300 0 0"),
    ("60+30/5", KATAGO, "time_settings 60 30 5"),
    ("60+30x3", KATAGO, "kata-time_settings byoyomi 60 30 3"),
    ("60+30x3", KGS, "kgs-time_settings byoyomi 60 30 3"),
    ("60+30x3", STANDARD, "time_settings 60 30 1"),
    ("60+0.5", KATAGO, "kata-time_settings fischer 60 0.5"),
    ("60+0.5", KGS, "time_settings 60 0 0"),
    ("60+0.5", set(), None),
])
def test_forms(text: str, commands: set[str], gtp: str | None) -> None:
    control = TimeControl.parse(text)
    assert control is not None
    assert control.gtp_settings(commands) == gtp
    assert str(control) == text


def test_none_is_no_clock() -> None:
    assert TimeControl.parse("none") is None


@pytest.mark.parametrize("text", ["", "fast", "0", "0/move", "-1",
                                  "60+0", "0+5", "60+30x0", "60+0x3", "60+0/5", "60+30/0", "1.2.3", "1/moves"])
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
    assert side.gtp_time_left(KGS) == "4 0"
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
    assert side.gtp_time_left(KGS) == "3 1"
    assert side.charge(2)
    assert side.gtp_time_left(KGS) == "6 2"
    assert side.charge(5)
    assert not side.charge(2)


def test_byo_yomi_gives_a_period_back_for_a_move_in_time() -> None:
    side = clock("10+5x3")
    assert side.allowance_s == 25
    assert side.charge(9)
    assert side.gtp_time_left(KGS) == "1 0"
    assert side.charge(5)  # 1 s of main time, 4 of the first period
    assert side.gtp_time_left(KGS) == "5 3"
    assert side.charge(5)
    assert side.gtp_time_left(KGS) == "5 3"
    assert side.charge(7)  # one period used up
    assert side.gtp_time_left(KGS) == "5 2"
    assert side.allowance_s == 10
    assert side.charge(10)
    assert side.gtp_time_left(KGS) == "5 1"
    assert side.charge(5)
    assert not side.charge(5.1)


def test_an_engine_that_was_told_one_stone_a_period_has_one_to_play() -> None:
    side = clock("0+5x3")
    assert side.gtp_time_left(KGS) == "5 3"
    assert side.gtp_time_left({"time_settings", "time_left"}) == "5 1"
    side = clock("0+6/2")
    assert side.gtp_time_left({"time_settings", "time_left"}) == "6 2"


def test_increments_are_added_after_each_move() -> None:
    side = clock("10+2")
    assert side.charge(9)
    assert side.gtp_time_left(KGS) == "3 0"
    assert side.charge(1)
    assert side.gtp_time_left(KGS) == "4 0"
    assert side.allowance_s == 4
    assert not side.charge(4.5)
