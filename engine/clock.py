"""Time controls: what a client has said of the clocks, and how much of it a move may use.

Times are seconds. A clock runs for each colour; GTP's ``time_left`` overrules what was counted here.
"""

from __future__ import annotations

from dataclasses import dataclass

from .coords import BLACK, WHITE
from .errors import ConfigError

SYSTEMS = ("none", "absolute", "canadian", "byoyomi", "fischer")

OWN_MOVES_PER_POINT = 0.32
"""Own moves that a whole game is planned for, a point of the board: 115 on 19×19, 26 on 9×9."""
LEAST_MOVES_LEFT = 0.08
"""Own moves a point that are always kept time for, however long the game has lasted."""

SPARED_PERIODS = 2
"""Byoyomi periods that are never given up for one move's sake."""


@dataclass
class _Side:
    """What one player has left."""

    main_s: float
    period_s: float = 0.0
    stones: int = 0
    """Stones still to be played in the running Canadian period."""
    periods: int = 0
    in_overtime: bool = False


class Clock:
    """Both players' clocks under one time system."""

    def __init__(self) -> None:
        """No time limit."""
        self.set_none()

    def set_none(self) -> None:
        """No time limit at all."""
        self._set("none", 0.0, 0.0, 0, 0)

    def set_absolute(self, main_s: float) -> None:
        """One time for the whole game."""
        self._set("absolute", main_s, 0.0, 0, 0)

    def set_canadian(self, main_s: float, period_s: float, stones: int) -> None:
        """Main time, then periods of so many stones each."""
        if stones < 1:
            raise ConfigError(f"Canadian overtime of {stones} stones: expected at least 1")
        self._set("canadian", main_s, period_s, stones, 0)

    def set_byoyomi(self, main_s: float, period_s: float, periods: int) -> None:
        """Main time, then so many periods of one move each (Japanese overtime)."""
        if periods < 1:
            raise ConfigError(f"byoyomi of {periods} periods: expected at least 1")
        self._set("byoyomi", main_s, period_s, 0, periods)

    def set_fischer(self, main_s: float, increment_s: float) -> None:
        """Main time, and an increment added after each move."""
        self._set("fischer", main_s, increment_s, 0, 0)

    def reset(self) -> None:
        """Start both clocks anew under the same system, for a new game."""
        self._set(self.system, self._main_s, self._period_s, self._stones, self._periods)

    def _set(self, system: str, main_s: float, period_s: float, stones: int, periods: int) -> None:
        if main_s < 0 or period_s < 0:
            raise ConfigError(f"time settings {main_s:g} {period_s:g}: expected seconds, 0 or more")
        self.system = system
        self._main_s, self._period_s = float(main_s), float(period_s)
        self._stones, self._periods = stones, periods
        self._sides = {colour: self._fresh_side() for colour in (BLACK, WHITE)}

    def _fresh_side(self) -> _Side:
        side = _Side(self._main_s, self._period_s, self._stones, self._periods)
        side.in_overtime = self._main_s == 0 and self.system in ("canadian", "byoyomi")
        return side

    def update(self, colour: int, time_left_s: float, stones_left: int) -> None:
        """Take over GTP's ``time_left``: with 0 stones it is main time, else the rest of the period.

        Under byoyomi the stones stand for the periods left, as KGS and KataGo send them. A time below 0 counts as 0.
        """
        time_left_s = max(0.0, time_left_s)
        side = self._sides[colour]
        if self.system == "none":
            self.set_absolute(time_left_s)
            side = self._sides[colour]
        if stones_left <= 0 or self.system in ("absolute", "fischer"):
            side.main_s, side.in_overtime = _sharper(side.main_s, time_left_s), False
            return
        running = side.period_s if side.in_overtime else self._period_s
        side.in_overtime = True
        side.main_s = 0.0
        side.period_s = _sharper(running, time_left_s)
        if self.system == "byoyomi":
            side.periods = stones_left
        else:
            side.stones = stones_left

    def spend(self, colour: int, seconds: float) -> None:
        """Count a move of so many seconds."""
        side = self._sides[colour]
        if not side.in_overtime:
            side.main_s -= seconds
            if self.system == "fischer":
                side.main_s = max(0.0, side.main_s) + self._period_s
            elif side.main_s <= 0 and self.system in ("canadian", "byoyomi"):
                over, side.main_s, side.in_overtime = -side.main_s, 0.0, True
                side.period_s, side.stones, side.periods = self._period_s, self._stones, self._periods
                self._spend_overtime(side, over)
            return
        self._spend_overtime(side, seconds)

    def _spend_overtime(self, side: _Side, seconds: float) -> None:
        if self.system == "canadian":
            side.period_s -= seconds
            side.stones -= 1
            if side.stones <= 0:
                side.period_s, side.stones = self._period_s, self._stones
            return
        while seconds > side.period_s and side.periods > 1:
            seconds -= side.period_s
            side.periods -= 1
            side.period_s = self._period_s
        side.period_s = self._period_s

    def budget_s(self, colour: int, moves_played: int, size: int) -> float | None:
        """Seconds that the next move may use, None where nothing limits it.

        Main time is spread over the own moves that are expected to come; overtime is used as it comes.

        Args:
            moves_played: by both players, so far.
            size: board size.
        """
        side = self._sides[colour]
        if self.system == "none":
            return None
        share = max(0.0, side.main_s) / _own_moves_left(moves_played, size)
        if self.system == "absolute":
            return share
        if self.system == "fischer":
            return min(share + 0.9 * self._period_s, 0.5 * side.main_s + 0.5 * min(self._period_s, side.main_s))
        if self.system == "byoyomi":
            if side.in_overtime:
                return side.period_s
            # Periods but the last are as good as main time.
            spare = max(0, side.periods - 1) * self._period_s / _own_moves_left(moves_played, size)
            return min(share + spare + self._period_s, side.main_s + self._period_s)
        if side.in_overtime:
            return side.period_s / max(1, side.stones)
        return share + self._period_s / self._stones

    def banks(self, colour: int) -> bool:
        """Whether a move's unused time is there for later ones."""
        side = self._sides[colour]
        return not side.in_overtime or (self.system == "canadian" and side.stones > 1)

    def longest_s(self, colour: int, moves_played: int, size: int) -> float:
        """Seconds that the next move may use at most, so that the others still have their share, nearly.

        Arguments as for `budget_s`; there must be a limit.
        """
        side = self._sides[colour]
        if self.system == "byoyomi" and side.in_overtime:
            return side.period_s + (self._period_s if side.periods > SPARED_PERIODS else 0.0)
        if side.in_overtime:
            return side.period_s * (min(0.5, 2.0 / side.stones) if side.stones > 1 else 1.0)
        overtime_s = self._period_s / max(1, self._stones) if self.system in ("canadian", "byoyomi") else 0.0
        even_s = max(0.0, side.main_s) / _own_moves_left(moves_played, size)
        return max(self.budget_s(colour, moves_played, size) or 0.0, min(4 * even_s, 0.2 * side.main_s) + overtime_s)


def _sharper(counted_s: float, told_s: float) -> float:
    """What was counted here, where the client tells the same in whole seconds rounded down; else what it tells."""
    if told_s == int(told_s) and told_s <= counted_s < told_s + 1:
        return counted_s
    return max(0.0, told_s)


def _own_moves_left(moves_played: int, size: int) -> float:
    points = size * size
    return max(OWN_MOVES_PER_POINT * points - moves_played / 2, LEAST_MOVES_LEFT * points, 4.0)
