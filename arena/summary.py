"""What a match has shown so far: the score, how sure it is, the time used, and every engine failure by name."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

from ponnuki.arena.contestant import Contestant
from ponnuki.arena.match_log import GameRecord
from ponnuki.arena.score import CONFIDENCE, Score, pentanomial
from ponnuki.arena.sprt import Sprt, Verdict

SIDES = ("A", "B")

EQUAL_CPU_WITHIN = 1.15
"""CPU times whose ratio is no greater count as equal: a fifth of a doubling."""


@dataclass(frozen=True)
class Summary:
    """A match, finished or not, from side A's view."""

    contestants: dict[str, Contestant]
    """By side, "A" and "B"."""
    games_wanted: int
    records: tuple[GameRecord, ...]
    """The finished games by number."""
    sprt: Sprt | None = None
    """The sequential test that the match is played for, if any."""
    fixed_colours: bool = False
    """Whether one side has White in all games: what makes a pair then are two openings, of which nothing is told."""

    @property
    def score(self) -> Score:
        """All games."""
        return Score.of(record.points("A") for record in self.records)

    def score_as(self, colour: str) -> Score:
        """The games in which A had "black" or "white"."""
        side = {"black": "A", "white": "B"}[colour]
        return Score.of(record.points("A") for record in self.records if record.black == side)

    @property
    def pairs(self) -> tuple[int, int, int, int, int]:
        """Finished pairs in which A made 0, ½, 1, 1½ and 2 points."""
        return pentanomial(pair_points(self.records))

    @property
    def verdict(self) -> Verdict | None:
        """Where the sequential test stands; None where there is none.

        Pairs count in the order of their numbers, up to the first that is not finished: quick games are not looked at
        before slow ones, whatever the concurrency, and a resumed match comes to the same decision.
        """
        return self.sprt.verdict(leading_pair_points(self.records)) if self.sprt else None

    @property
    def decided(self) -> bool:
        """Whether the sequential test has come to its end."""
        verdict = self.verdict
        return verdict is not None and verdict.accepted is not None

    def failures(self, side: str) -> list[GameRecord]:
        """Games that a side's engine lost by failing."""
        return [record for record in self.records if record.fault == side]

    def seconds(self, side: str) -> float:
        """Wall-clock time that a side used."""
        return sum(record.seconds[side] for record in self.records)

    def slowest_s(self, side: str) -> float:
        """A side's longest move."""
        return max((record.slowest_s[side] for record in self.records), default=0.0)

    def cpu_s(self, side: str) -> float | None:
        """CPU time that a side used; None where that of any game is unknown."""
        used = [record.cpu_s[side] for record in self.records]
        known = [seconds for seconds in used if seconds is not None]
        return sum(known) if len(known) == len(used) else None

    def own_moves(self, side: str) -> int:
        """Moves that a side thought about and answered, on the board or not."""
        return sum((record.own_moves or {}).get(side, 0) for record in self.records)

    def cpu_per_move_s(self, side: str) -> float | None:
        """CPU seconds that a side used a move; None where they are unknown."""
        used, moves = self.cpu_s(side), self.own_moves(side)
        return used / moves if used is not None and moves else None

    def playouts_per_move(self, side: str) -> float | None:
        """Playouts that a side's search added a move; None where it does not tell them."""
        told = [(record.playouts or {}).get(side) for record in self.records if (record.own_moves or {}).get(side)]
        known = [playouts for playouts in told if playouts is not None]
        return sum(known) / self.own_moves(side) if known and len(known) == len(told) else None

    @property
    def cpu_ratio(self) -> float | None:
        """A's CPU seconds a move for each one of B's; None where they are unknown."""
        a, b = (self.cpu_per_move_s(side) for side in SIDES)
        return a / b if a is not None and b else None

    def to_json(self) -> dict[str, Any]:
        """One object for machines. Infinite Elo (a clean sweep) is null."""
        score = self.score
        return {
            "games": score.games, "games_wanted": self.games_wanted,
            "wins": score.wins, "draws": score.draws, "losses": score.losses,
            "score": score.rate, "confidence": CONFIDENCE, "score_interval": list(score.interval()),
            "elo": _finite(score.elo), "elo_interval": [_finite(elo) for elo in score.elo_interval()],
            "pairs": None if self.fixed_colours else list(self.pairs),
            "cpu_ratio": self.cpu_ratio,
            "equal_cpu": is_equal_cpu(self.cpu_ratio),
            "disputed_games": sum(bool(record.remarks) for record in self.records),
            "unsettled_games": sum(_as_it_stood(record) for record in self.records),
            "sprt": self._sprt_json(),
            "sides": {side: self._side_json(side) for side in SIDES},
        }

    def _sprt_json(self) -> dict[str, Any] | None:
        if self.sprt is None or self.verdict is None:
            return None
        return {**asdict(self.sprt), **asdict(self.verdict), "bounds": list(self.sprt.bounds)}

    def _side_json(self, side: str) -> dict[str, Any]:
        return {
            **self.contestants[side].to_json(),
            "seconds": self.seconds(side), "slowest_s": self.slowest_s(side), "cpu_s": self.cpu_s(side),
            "moves": self.own_moves(side), "cpu_per_move_s": self.cpu_per_move_s(side),
            "playouts_per_move": self.playouts_per_move(side),
            "failures": [{"game": record.game, "kind": record.ending, "detail": record.detail}
                         for record in self.failures(side)],
        }

    def headline(self) -> str:
        """The score in one line."""
        score = self.score
        if score.rate is None:
            return "no finished games"
        low, high = score.interval()
        return (f"{score.wins} won, {score.draws} drawn, {score.losses} lost: {100 * score.rate:.1f}% "
                f"({CONFIDENCE:.0%} interval {100 * low:.1f} to {100 * high:.1f}), Elo {elo_text(score.elo)} "
                f"({elo_text(score.elo_interval()[0])} to {elo_text(score.elo_interval()[1])})")

    def brief(self) -> str:
        """The score in a few words, for a progress bar."""
        score = self.score
        if score.rate is None:
            return "no games yet"
        low, high = score.interval()
        return f"{score.wins}–{score.draws}–{score.losses}, {100 * score.rate:.0f}% ({100 * low:.0f}–{100 * high:.0f})"

    def report(self) -> str:
        """The whole report as plain text."""
        a, b = (self.contestants[side] for side in SIDES)
        lines = [f"{a.name} (A) against {b.name} (B): {len(self.records)} of {self.games_wanted} games",
                 f"A: {self.headline()}"]
        for colour in ("black", "white"):
            score = self.score_as(colour)
            lines.append(f"A as {colour}: {score.wins} won, {score.draws} drawn, {score.losses} lost")
        if not self.fixed_colours:
            lines.append(f"pairs in which A made 0, ½, 1, 1½, 2 points: {', '.join(map(str, self.pairs))}")
        if self.sprt and self.verdict:
            lines.append(_sprt_line(self.sprt, self.verdict))
        lines += [self._time_line(side) for side in SIDES]
        lines.append(cpu_sentence(self.cpu_ratio))
        lines += self.remarkable()
        return "\n".join(lines)

    def _time_line(self, side: str) -> str:
        cpu_s = self.cpu_s(side)
        cpu = "CPU time unknown (needs psutil)" if cpu_s is None else f"{cpu_s:.1f} s CPU"
        a_move = self.cpu_per_move_s(side)
        cpu += "" if a_move is None else f" ({a_move:.3f} s a move)"
        playouts = self.playouts_per_move(side)
        cpu += "" if playouts is None else f", {playouts:.0f} playouts a move"
        return (f"{side} used {self.seconds(side):.1f} s and {cpu}, slowest move {self.slowest_s(side):.2f} s; "
                f"failed in {len(self.failures(side))} games")

    def remarkable(self) -> list[str]:
        """Everything out of the ordinary, a line each: failures by name, settlers at odds, games nobody settled."""
        lines = []
        for side in SIDES:
            for record in self.failures(side):
                lines.append(f"game {record.game}: {self.contestants[side].name} ({side}) lost by {record.ending}: "
                             f"{record.detail}")
        for record in self.records:
            lines += [f"game {record.game}: {remark}" for remark in record.remarks or ()]
        counted = sum(record.dead is not None for record in self.records)
        disputed = sum(bool(record.remarks) for record in self.records)
        if disputed:
            lines.append(f"settlers disagreed or failed in {disputed} of {counted} counted games")
        stood = sum(_as_it_stood(record) for record in self.records)
        if stood:
            lines.append(f"{stood} games were scored as they stood, no settler having named their dead stones")
        return lines


def pair_points(records: Iterable[GameRecord]) -> list[float]:
    """A's points, 0 to 2, in each pair of which both games are finished, in order of the pairs."""
    return list(_points_by_pair(records).values())


def leading_pair_points(records: Iterable[GameRecord]) -> list[float]:
    """A's points in the pairs before the first that is not finished."""
    points = _points_by_pair(records)
    leading = itertools.takewhile(points.__contains__, itertools.count())
    return [points[pair] for pair in leading]


def _points_by_pair(records: Iterable[GameRecord]) -> dict[int, float]:
    games: dict[int, list[float]] = {}
    for record in records:
        games.setdefault(record.pair, []).append(record.points("A"))
    return {pair: sum(both) for pair, both in sorted(games.items()) if len(both) == 2}


def _sprt_line(sprt: Sprt, verdict: Verdict) -> str:
    low, high = sprt.bounds
    found = {None: "undecided", 0: f"A is {sprt.elo0:g} Elo stronger rather than {sprt.elo1:g}",
             1: f"A is {sprt.elo1:g} Elo stronger rather than {sprt.elo0:g}"}[verdict.accepted]
    return (f"SPRT {sprt.elo0:g} against {sprt.elo1:g} Elo: {found} after {verdict.pairs} pairs "
            f"(log-likelihood ratio {verdict.llr:.2f}, bounds {low:.2f} and {high:.2f})")


def is_equal_cpu(ratio: float | None) -> bool | None:
    """Whether two sides used as good as the same CPU time a move; None where it is unknown."""
    return None if ratio is None else 1 / EQUAL_CPU_WITHIN <= ratio <= EQUAL_CPU_WITHIN


def cpu_sentence(ratio: float | None) -> str:
    """What a match says about equal CPU time, in one line."""
    if ratio is None:
        return "CPU time a move: unknown, so this says nothing about strength at equal CPU time"
    if is_equal_cpu(ratio):
        return f"CPU time a move: A used {ratio:.2f} times B's, so this compares them at equal CPU time"
    return f"CPU time a move: A used {ratio:.2f} times B's, so this does not compare them at equal CPU time"


def elo_text(elo: float | None) -> str:
    """An Elo difference with its sign."""
    if elo is None:
        return "unknown"
    return f"{round(elo):+}" if math.isfinite(elo) else "+∞" if elo > 0 else "−∞"


def _as_it_stood(record: GameRecord) -> bool:
    return record.dead is not None and record.settled_by is None


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None
