"""Time controls of a match, and one side's clock in a game.

A control is what GTP's ``time_settings`` says: main time, then overtime periods with a number of moves to make in each
(Canadian). Absolute time has no overtime; a fixed time a move is a period of one move with no main time.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from ponnuki.engine.errors import ConfigError

_FORM = re.compile(r"(?P<main>[\d.]+)(?:\+(?P<period>[\d.]+)/(?P<stones>\d+))?|(?P<move>[\d.]+)/move")


@dataclass(frozen=True)
class TimeControl:
    """One side's time for a game."""

    main_s: float
    """Main time in seconds, 0 or more."""
    period_s: float = 0.0
    """Length of an overtime period in seconds; 0: the game is lost when the main time is used up."""
    stones: int = 0
    """Moves to make in each overtime period; 0 exactly where `period_s` is 0."""

    def __post_init__(self) -> None:
        if self.main_s < 0 or self.period_s < 0 or (self.period_s > 0) != (self.stones > 0):
            raise ConfigError(f"bad time control {self}: overtime needs both a length and a number of moves")
        if self.main_s == 0 and self.period_s == 0:
            raise ConfigError("a time control needs main time or overtime above 0 seconds")

    @classmethod
    def parse(cls, text: str) -> TimeControl | None:
        """Read ``1/move``, ``300``, ``60+30/5`` (30 s for every 5 moves) or ``none``.

        Raises:
            ConfigError: the text is of none of these forms.
        """
        cleaned = text.strip().lower()
        if cleaned == "none":
            return None
        found = _FORM.fullmatch(cleaned)
        try:
            if found and found["move"]:
                return cls(0.0, float(found["move"]), 1)
            if found:
                return cls(float(found["main"]), float(found["period"] or 0), int(found["stones"] or 0))
        except ValueError:
            pass
        raise ConfigError(f"bad time {text!r}: write seconds as 1/move, 300 (whole game), "
                          "60+30/5 (60, then 30 for every 5 moves) or none")

    @property
    def move_time_s(self) -> float | None:
        """Seconds a move where that is all there is to the control, else None."""
        return self.period_s if self.main_s == 0 and self.stones == 1 else None

    def __str__(self) -> str:
        if self.move_time_s is not None:
            return f"{self.period_s:g}/move"
        return f"{self.main_s:g}" + (f"+{self.period_s:g}/{self.stones}" if self.stones else "")

    def gtp_settings(self) -> str:
        """GTP's command for this control (whole seconds are written without a decimal point, as GTP wants them)."""
        return f"time_settings {self.main_s:g} {self.period_s:g} {self.stones}"


class SideClock:
    """One side's clock: Canadian overtime as in GTP, absolute time and a fixed time a move as its cases."""

    def __init__(self, control: TimeControl, tolerance_s: float) -> None:
        """Start the clock of one game; moves may overrun what is left by `tolerance_s` seconds."""
        self._control = control
        self._tolerance_s = tolerance_s
        self._in_overtime = control.main_s == 0
        self._left_s = control.period_s if self._in_overtime else control.main_s
        self._stones = control.stones if self._in_overtime else 0

    @property
    def allowance_s(self) -> float:
        """Seconds that the next move may take before the game is lost, tolerance included."""
        overtime = 0.0 if self._in_overtime else self._control.period_s
        return max(self._left_s + overtime + self._tolerance_s, 0.0)

    def gtp_time_left(self) -> str:
        """The arguments ``SECONDS STONES`` of GTP's ``time_left``; stones are 0 in main time."""
        return f"{max(int(self._left_s), 0)} {self._stones}"

    def charge(self, seconds: float) -> bool:
        """Take a move's time off the clock; false when it came too late."""
        in_time = seconds <= self.allowance_s
        self._left_s -= seconds
        if self._left_s < 0 and not self._in_overtime and self._control.period_s:
            self._in_overtime = True
            self._left_s += self._control.period_s
            self._stones = self._control.stones
        if self._in_overtime:
            self._stones -= 1
            if self._stones == 0:
                self._stones, self._left_s = self._control.stones, self._control.period_s
        return in_time
