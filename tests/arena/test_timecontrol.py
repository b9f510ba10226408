"""Time controls as text, as GTP and as a running clock."""

from types import SimpleNamespace

import pytest

from ponnuki.arena.timecontrol import SideClock, TimeControl
from ponnuki.engine.clock import Clock
from ponnuki.engine.coords import BLACK
from ponnuki.engine.errors import ConfigError
from ponnuki.gtp import time_commands
from ponnuki.gtp.protocol import Request

STANDARD = {"time_settings"}
KGS = STANDARD | {"kgs-time_settings"}
KATAGO = KGS | {"kata-time_settings"}


@pytest.mark.parametrize(("text", "commands", "gtp"), [
    ("1/move", KATAGO, "time_settings 0 1 1"),
    ("0.5/move", STANDARD, "time_settings 0 1 1"),
    ("0.5/move", KATAGO, "kata-time_settings canadian 0 0.5 1"),
    ("60+1.5/1", KGS, "time_settings 60 1 1"),
    ("60+1.5/1", KATAGO, "kata-time_settings canadian 60 1.5 1"),
    ("90.5", KATAGO, "kata-time_settings absolute 90.5"),
    ("90.9", KGS, "time_settings 90 0 0"),
    ("60+1.5x3", KATAGO, "kata-time_settings byoyomi 60 1.5 3"),
    ("60+1.5x3", KGS, "kgs-time_settings byoyomi 60 1 3"),
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


def test_time_that_is_there_is_never_told_as_none() -> None:
    for text in ("0.5/move", "0+0.5x3", "0.7", "0.7+30/5"):
        assert clock(text).gtp_time_left(STANDARD).startswith("1 "), text
    side = clock("1")
    assert side.charge(1)
    assert side.gtp_time_left(STANDARD) == side.gtp_time_left(KATAGO) == "0 0"


def test_whole_seconds_are_rounded_down_and_katagos_engines_are_told_all() -> None:
    side = clock("60+1.5/1")
    assert side.charge(56.25)
    assert side.gtp_time_left(STANDARD) == "3 0"
    assert side.gtp_time_left(KATAGO) == "3.75 0"
    assert side.charge(4)
    assert side.gtp_time_left(STANDARD) == "1 1"
    assert side.gtp_time_left(KATAGO) == "1.5 1"


@pytest.mark.parametrize("text", ["0.5/move", "1.5/move", "2/move", "9.5", "10", "10+1.5/2", "10+3/2", "10+1.5x3",
                                  "10+2x3", "10+0.75", "10+1"])
def test_our_engine_knows_its_true_time(text: str) -> None:
    """What it works out from settings and ``time_left`` together, its own count of a move being a little short."""
    table = SimpleNamespace(clock=Clock())
    commands = set(time_commands.COMMANDS)
    control, side = TimeControl.parse(text), clock(text)
    assert control is not None

    def tell(line: str) -> None:
        name, *arguments = line.split()
        time_commands.COMMANDS[name](table, Request("", name, tuple(arguments)))  # type: ignore[arg-type]

    tell(control.gtp_settings(commands) or "")
    for seconds in (0.4, 0.1, 1.3, 4.45, 2.05, 0.2, 0.45):
        told = side.gtp_time_left(commands)
        tell(f"time_left black {told}")
        ours = table.clock._sides[BLACK]
        left_s = ours.period_s if ours.in_overtime else ours.main_s
        assert left_s == pytest.approx(float(told.split()[0]), abs=0.02)
        assert left_s == pytest.approx(side.allowance_s - spare_s(control, told), abs=0.02)
        if seconds > side.allowance_s:
            continue
        table.clock.spend(BLACK, seconds - 0.01)
        assert side.charge(seconds)


def spare_s(control: TimeControl, told: str) -> float:
    """Overtime that is still to come after the time that was told."""
    stones = int(told.split()[1])
    if control.periods:
        return control.period_s * ((stones or control.periods + 1) - 1)
    return 0.0 if stones else control.period_s
