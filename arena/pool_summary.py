"""What a pool has shown so far: ratings with intervals, who did what against whom, and what the engines used."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from ponnuki.arena.contestant import Contestant
from ponnuki.arena.ratings import Meeting, Rating, Ratings, rate
from ponnuki.arena.score import CONFIDENCE
from ponnuki.arena.summary import SIDES, Summary
from ponnuki.engine.errors import ConfigError


@dataclass(frozen=True)
class Usage:
    """What one engine used over all its games."""

    moves: int
    seconds: float
    cpu_s: float | None
    """None where that of any game is unknown."""
    failures: int

    @property
    def cpu_per_move_s(self) -> float | None:
        """CPU seconds a move; None where they are unknown."""
        return self.cpu_s / self.moves if self.cpu_s is not None and self.moves else None


@dataclass(frozen=True)
class PoolSummary:
    """A pool, finished or not. A match of two engines is a pool too."""

    anchor: str
    anchor_elo: float
    engines: tuple[Contestant, ...]
    """All that were entered, those included that have not played yet."""
    matches: tuple[Summary, ...]
    """One for each pairing that has begun."""

    def with_match(self, match: Summary) -> PoolSummary:
        """The same pool with one more pairing."""
        return replace(self, matches=(*self.matches, match))

    @cached_property
    def meetings(self) -> tuple[Meeting, ...]:
        """The result of each pairing."""
        found = []
        for match in self.matches:
            score = match.score
            names = [match.contestants[side].name for side in SIDES]
            found.append(Meeting(names[0], names[1], score.wins + score.draws / 2, score.games))
        return tuple(found)

    @cached_property
    def ratings(self) -> Ratings | None:
        """Ratings of those who have played; None as long as they cannot be compared with the anchor."""
        try:
            return rate(self.meetings, self.anchor, self.anchor_elo)
        except ConfigError:
            return None

    def order(self) -> list[str]:
        """The engines' names, the strongest first, those without a rating last."""
        rated = [rating.name for rating in self.ratings.ratings] if self.ratings else []
        return rated + [engine.name for engine in self.engines if engine.name not in rated]

    def rating(self, name: str) -> Rating | None:
        """An engine's rating; None where it has none yet."""
        rated = self.ratings.ratings if self.ratings else ()
        return next((rating for rating in rated if rating.name == name), None)

    def above_next(self, name: str) -> float | None:
        """How likely it is that an engine is stronger than the one rated next below it; None where there is none."""
        rated = [rating.name for rating in self.ratings.ratings] if self.ratings else []
        if self.ratings is None or name not in rated[:-1]:
            return None
        return self.ratings.superiority(name, rated[rated.index(name) + 1])

    def result(self, name: str) -> tuple[float, int]:
        """What an engine made of all its games: points and games."""
        against = [self.between(name, other.name) for other in self.engines if other.name != name]
        return sum(points for points, _ in against), sum(games for _, games in against)

    def between(self, first: str, second: str) -> tuple[float, int]:
        """What the first made of its games against the second: points and games."""
        points, games = 0.0, 0
        for meeting in self.meetings:
            if (meeting.first, meeting.second) == (first, second):
                points, games = points + meeting.points, games + meeting.games
            elif (meeting.second, meeting.first) == (first, second):
                points, games = points + meeting.games - meeting.points, games + meeting.games
        return points, games

    def usage(self, name: str) -> Usage:
        """What an engine used over all its games."""
        seats = [(match, side) for match in self.matches for side in SIDES if match.contestants[side].name == name]
        cpu = [match.cpu_s(side) for match, side in seats]
        known = [seconds for seconds in cpu if seconds is not None]
        return Usage(sum(match.own_moves(side) for match, side in seats),
                     sum(match.seconds(side) for match, side in seats),
                     sum(known) if len(known) == len(cpu) else None,
                     sum(len(match.failures(side)) for match, side in seats))

    def rows(self) -> list[list[str]]:
        """The rating table: a heading, then a row for each engine in `order`."""
        rows = [["", "engine", "Elo", f"{CONFIDENCE:.0%} interval", "above next", "score", "games", "CPU s a move",
                 "failures"]]
        for place, name in enumerate(self.order(), 1):
            rows.append([str(place), name, *self._rating_cells(name), *self._usage_cells(name)])
        return rows

    def _rating_cells(self, name: str) -> list[str]:
        points, games = self.result(name)
        result = [f"{100 * points / games:.1f}%" if games else "–", str(games)]
        rating = self.rating(name)
        if rating is None:
            return ["–", "–", "–", *result]
        low, high = rating.interval()
        interval = "given" if rating.stdev == 0 else f"{low:.0f} to {high:.0f}"
        above = self.above_next(name)
        return [f"{rating.elo:.0f}", interval, "–" if above is None else f"{above:.1%}", *result]

    def _usage_cells(self, name: str) -> list[str]:
        usage = self.usage(name)
        cpu_s = usage.cpu_per_move_s
        return ["–" if cpu_s is None else f"{cpu_s:.3f}", str(usage.failures)]

    def crosstable(self) -> list[list[str]]:
        """Points and games of each row's engine against each column's; columns are numbered as the rows."""
        names = self.order()
        rows = [["", "engine", *(str(place) for place in range(1, len(names) + 1))]]
        for place, name in enumerate(names, 1):
            rows.append([str(place), name, *(self.cross_cell(name, other) for other in names)])
        return rows

    def cross_cell(self, name: str, other: str) -> str:
        """What one engine made against another, as a cell of the crosstable."""
        if name == other:
            return "■"
        points, games = self.between(name, other)
        return f"{points:g}/{games}" if games else "–"

    def table(self) -> str:
        """Ratings as plain text."""
        return as_text(self.rows())

    def report(self) -> str:
        """Ratings, crosstable and all that was out of the ordinary, as plain text."""
        lines = [self.table(), "", "points of the row's engine against the column's:", as_text(self.crosstable())]
        for match in self.matches:
            names = " against ".join(match.contestants[side].name for side in SIDES)
            lines += [f"{names}, {line}" for line in match.remarkable()]
        return "\n".join(lines)

    def to_json(self) -> dict[str, Any]:
        """One object for machines."""
        return {
            "anchor": self.anchor, "anchor_elo": self.anchor_elo, "confidence": CONFIDENCE,
            "engines": [self._engine_json(name) for name in self.order()],
            "matches": [match.to_json() for match in self.matches],
        }

    def _engine_json(self, name: str) -> dict[str, Any]:
        contestant = next(engine for engine in self.engines if engine.name == name)
        usage = self.usage(name)
        rating = self.rating(name)
        points, games = self.result(name)
        return {
            **contestant.to_json(),
            "elo": rating.elo if rating else None, "elo_interval": list(rating.interval()) if rating else None,
            "above_next": self.above_next(name),
            "games": games, "points": points,
            "against": {other: list(self.between(name, other)) for other in self.order() if other != name},
            "moves": usage.moves, "seconds": usage.seconds, "cpu_s": usage.cpu_s,
            "cpu_per_move_s": usage.cpu_per_move_s, "failures": usage.failures,
        }


def as_text(rows: Sequence[Sequence[str]]) -> str:
    """A table as text: the second column to the left, all others to the right."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return "\n".join(
        "  ".join(cell.ljust(width) if column == 1 else cell.rjust(width)
                  for column, (cell, width) in enumerate(zip(row, widths, strict=True))).rstrip()
        for row in rows)
