"""Time controls of a match, and one side's clock in a game.

A control is main time and what comes with it or after it: nothing (absolute time), overtime periods with a number of
moves to make in each (Canadian), a number of periods of which a move in time uses none up (byo-yomi), or an increment
after each move (Fischer). A fixed time a move is a Canadian period of one move with no main time.
"""

from __future__ import annotations

import math
import re
from collections.abc import Collection
from dataclasses import dataclass

from ponnuki.engine.errors import ConfigError

_FORM = re.compile(
    r"(?P<move>[\d.]+)/move"
    r"|(?P<main>[\d.]+)(?:\+(?P<seconds>[\d.]+)(?:/(?P<stones>\d+)|x(?P<periods>\d+))?)?"
)

FORMS = ("1/move, 300 (whole game), 60+30/5 (60 s, then 30 s for every 5 moves), 60+30x3 (60 s, then 3 byo-yomi "
         "periods of 30 s), 60+2 (60 s and 2 s more after each move) or none")
"""The forms of a time control as text, for people."""

BYO_YOMI_COMMANDS = ("kata-time_settings", "kgs-time_settings")
"""Those that tell an engine of byo-yomi, the better known to us first."""
_KATAGO = BYO_YOMI_COMMANDS[0]
"""Whoever knows this one takes fractions of a second; all others are told whole seconds, as GTP has it."""


@dataclass(frozen=True)
class TimeControl:
    """One side's time for a game. At most one of `stones`, `periods` and `increment_s` is given."""

    main_s: float
    """Main time in seconds, 0 or more."""
    period_s: float = 0.0
    """Length of an overtime period in seconds; 0: the game is lost when the main time is used up."""
    stones: int = 0
    """Moves to make in each overtime period (Canadian)."""
    periods: int = 0
    """Overtime periods of one move each, given back when it comes in time (byo-yomi)."""
    increment_s: float = 0.0
    """Seconds added after each move (Fischer)."""

    def __post_init__(self) -> None:
        kinds = [self.stones, self.periods, self.increment_s]
        if min(self.main_s, self.period_s, *kinds) < 0 or sum(map(bool, kinds)) > 1:
            raise ConfigError("a time control is of seconds, 0 or more, and of one kind of overtime at most")
        if (self.period_s > 0) != (self.stones > 0 or self.periods > 0):
            raise ConfigError("overtime needs both a length and a number of moves or periods")
        if self.main_s == 0 and self.period_s == 0:
            raise ConfigError("a time control needs main time or overtime above 0 seconds")

    @classmethod
    def parse(cls, text: str) -> TimeControl | None:
        """Read one of the FORMS.

        Raises:
            ConfigError: the text is of none of these forms.
        """
        cleaned = text.strip().lower()
        if cleaned == "none":
            return None
        found = _FORM.fullmatch(cleaned)
        try:
            if found:
                return cls._of_match(found)
        except ValueError:
            pass
        raise ConfigError(f"bad time {text!r}: write seconds as {FORMS}")

    @classmethod
    def _of_match(cls, found: re.Match[str]) -> TimeControl:
        if found["move"]:
            return cls(0.0, float(found["move"]), 1)
        main, seconds = float(found["main"]), float(found["seconds"] or 0)
        if found["stones"]:
            return cls(main, seconds, stones=int(found["stones"]))
        if found["periods"]:
            return cls(main, seconds, periods=int(found["periods"]))
        if found["seconds"] and not seconds:
            raise ValueError("an increment of nothing")
        return cls(main, increment_s=seconds)

    @property
    def move_time_s(self) -> float | None:
        """Seconds a move where that is all there is to the control, else None."""
        return self.period_s if self.main_s == 0 and self.stones == 1 else None

    def __str__(self) -> str:
        if self.move_time_s is not None:
            return f"{self.period_s:g}/move"
        if self.stones:
            return f"{self.main_s:g}+{self.period_s:g}/{self.stones}"
        if self.periods:
            return f"{self.main_s:g}+{self.period_s:g}x{self.periods}"
        return f"{self.main_s:g}" + (f"+{self.increment_s:g}" if self.increment_s else "")

    def gtp_settings(self, commands: Collection[str]) -> str | None:
        """The command that tells an engine this control, of those that it knows; None where it knows none.

        GTP itself has neither byo-yomi nor increments: KGS's and KataGo's commands have. An engine without them is told
        a Canadian period of one move, or absolute time, and learns of increments by ``time_left``. Fractions go only
        into KataGo's command; an engine without it is told whole seconds.
        """
        if self.increment_s:
            forms = [(_KATAGO, "fischer", [self.main_s, self.increment_s]), ("time_settings", "", [self.main_s, 0, 0])]
        elif self.periods:
            forms = [(name, "byoyomi", [self.main_s, self.period_s, self.periods]) for name in BYO_YOMI_COMMANDS]
            forms.append(("time_settings", "", [self.main_s, self.period_s, 1]))
        else:
            canadian = [self.main_s, self.period_s, self.stones]
            forms = [("time_settings", "", canadian)]
            if self.main_s % 1 or self.period_s % 1:
                exact = (_KATAGO, "canadian", canadian) if self.stones else (_KATAGO, "absolute", [self.main_s])
                forms.insert(0, exact)
        for name, kind, values in forms:
            if name in commands:
                written = [_as_text(value if name == _KATAGO else _whole(value)) for value in values]
                return " ".join([name, *([kind] if kind else []), *written])
        return None


class SideClock:
    """One side's clock under any control."""

    def __init__(self, control: TimeControl, tolerance_s: float) -> None:
        """Start the clock of one game; moves may overrun what is left by `tolerance_s` seconds."""
        self._control = control
        self._tolerance_s = tolerance_s
        self._in_overtime = control.main_s == 0
        self._left_s = control.period_s if self._in_overtime else control.main_s
        self._stones = control.stones
        self._periods = control.periods

    @property
    def allowance_s(self) -> float:
        """Seconds that the next move may take before the game is lost, tolerance included."""
        more = 0.0 if self._in_overtime and not self._control.periods else self._control.period_s
        if self._control.periods:
            more *= self._periods - 1 if self._in_overtime else self._periods
        return max(self._left_s + more + self._tolerance_s, 0.0)

    def gtp_time_left(self, commands: Collection[str]) -> str:
        """``SECONDS STONES`` as of GTP's ``time_left``, for an engine that knows these commands.

        Time that is there is never told as none, even if less than a second is left of it. In main time there are 0
        stones. Byo-yomi periods count as stones, but for an engine that was told one stone a period (see
        `TimeControl.gtp_settings`) there is one.
        """
        knows_periods = any(name in commands for name in BYO_YOMI_COMMANDS)
        periods = self._periods if knows_periods else min(self._periods, 1)
        counted = (periods or self._stones) if self._in_overtime else 0
        left_s = max(self._left_s, 0.0)
        return f"{_as_text(left_s if _KATAGO in commands else _whole(left_s))} {counted}"

    def charge(self, seconds: float) -> bool:
        """Take a move's time off the clock; false when it came too late."""
        in_time = seconds <= self.allowance_s
        self._left_s += self._control.increment_s - seconds
        if self._left_s < 0 and not self._in_overtime and self._control.period_s:
            self._in_overtime = True
            self._left_s += self._control.period_s
        if self._in_overtime and self._control.periods:
            while self._left_s < 0 and self._periods > 1:
                self._periods -= 1
                self._left_s += self._control.period_s
            self._left_s = self._control.period_s
        elif self._in_overtime:
            self._stones -= 1
            if self._stones == 0:
                self._stones, self._left_s = self._control.stones, self._control.period_s
        return in_time


def _whole(seconds: float) -> int:
    """Whole seconds for an engine that takes no fractions: rounded down, but at least 1 where there is any time."""
    return max(math.floor(seconds), 1) if seconds > 0 else 0


def _as_text(seconds: float) -> str:
    return f"{seconds:.10g}"
