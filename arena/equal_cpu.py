"""Nodes as time: playouts a move so chosen that engines use the same CPU time, however busy the machine is.

Wall-clock limits compare engines badly where several games share a machine: who waits for a core loses strength.
Playouts do not depend on that, so each engine that can be told its playouts (``kata-set-param maxPlayouts``: ours,
KataGo) is measured beforehand and then plays with as many as cost the CPU seconds that were asked for.

How it is measured: the engine plays against itself from the match's openings, and CPU seconds are read before and after
each move (user and system time of the process and its children). It begins with a few playouts, and after each round of
moves they are scaled by CPU wanted over CPU used. It has no clock meanwhile, since playouts say little where a clock
ends the search. The cost of a move is a constant and a share for each playout;
without the constant one round would do, and the more of the cost it is, the shorter the steps. So rounds go on until
the playouts have settled. An engine that takes no playouts (GNU Go) plays as it is: another can be given as much CPU
time as it uses, not the other way round.

What was found is kept beside the match, so that a match that is resumed plays on with the same playouts.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from ponnuki.arena.contestant import Contestant, Patience, Seat
from ponnuki.arena.failures import EngineFailure
from ponnuki.arena.match import MatchSettings
from ponnuki.arena.openings import Opening
from ponnuki.arena.play import read_move
from ponnuki.arena.summary import EQUAL_CPU_WITHIN
from ponnuki.engine.coords import vertex
from ponnuki.engine.errors import ConfigError, RecordError
from ponnuki.engine.game import Game
from ponnuki.engine.handicap import fixed_handicap
from ponnuki.engine.rules import Rules

FILE_NAME = "equal-cpu.json"

FIRST_PLAYOUTS = 16
ROUND_MOVES = 8
"""Moves measured in each round of scaling, …"""
SETTLED = 0.05
"""… until one changes the playouts by no more than this share of them, …"""
MOST_ROUNDS = 8
"""… but no more rounds than these."""
MOST_GROWTH = 50
"""A round multiplies the playouts by no more than this: of a fast engine's first ones, clocks may see nothing."""
IN_VAIN = 64
"""An engine that uses no more CPU time with so many times the first playouts is limited by something else."""
LAST_MOVES = 16
"""Moves measured after the rounds, which scale once more."""

REFERENCE_MOVES = 32
"""Moves measured of an engine that plays as it is."""

ENOUGH_S = 1.0
MOST_MOVES = 128
"""The last measurement of an engine goes on to so many CPU seconds, but not beyond so many moves: clocks of CPU time
tick every hundredth of a second, which is as long as a fast engine's move."""


@dataclass(frozen=True)
class Board:
    """What is played while measuring."""

    size: int
    komi: float
    rules: str
    openings: Sequence[Opening]
    """Measuring goes on with the next one where a game ends."""
    handicap: int = 0
    """Black's stones on the star points, White to play."""
    patience: Patience = field(default_factory=Patience)
    """How long an answer is waited for."""

    @classmethod
    def of(cls, settings: MatchSettings) -> Board:
        """What is played in a match."""
        return cls(settings.size, settings.komi, settings.rules, settings.openings(), settings.handicap,
                   settings.patience)


@dataclass(frozen=True)
class Calibration:
    """What was found for one engine."""

    cpu_per_move_s: float
    """As measured in the last round."""
    playouts: int | None
    """What it plays with from now on; None: as it is."""


class Meter:
    """Plays one engine against itself and reads its CPU time."""

    def __init__(self, contestant: Contestant, board: Board) -> None:
        """Start the engine.

        Raises:
            ConfigError: it cannot play, or its CPU time is unknown.
        """
        self._board = board
        self._name = contestant.name
        self._seat = Seat(contestant, board.patience)
        self._games = 0
        self.seconds_per_move = 0.0
        """Wall-clock time a move, as last measured."""
        try:
            self._new_game()
        except EngineFailure as failure:
            self.close()
            raise ConfigError(f"{contestant.name} cannot be measured: {failure}") from failure
        if self._seat.cpu_s() is None:
            self.close()
            raise ConfigError("equal CPU time needs psutil: install ponnuki with its extra [arena]")

    @property
    def takes_playouts(self) -> bool:
        """Whether the engine can be told its playouts."""
        return self._seat.takes_playouts

    def cpu_per_move_s(self, moves: int, playouts: int | None = None, enough_s: float = 0.0) -> float:
        """Mean CPU seconds a move.

        Args:
            moves: how many are measured at least.
            playouts: of each move; None: as the engine plays by itself.
            enough_s: CPU seconds up to which measuring goes on, within `MOST_MOVES` moves.

        Raises:
            ConfigError: the engine failed.
        """
        try:
            if playouts is not None:
                self._seat.set_playouts(playouts)
            used: list[float] = []
            seconds = 0.0
            while len(used) < moves or (sum(used) < enough_s and len(used) < MOST_MOVES):
                cpu_s, wall_s = self._one_move()
                used.append(cpu_s)
                seconds += wall_s
            self.seconds_per_move = seconds / len(used)
            return sum(used) / len(used)
        except EngineFailure as failure:
            raise ConfigError(f"{self._name} failed while its CPU time was measured: {failure}") from failure

    def close(self) -> None:
        """End the process."""
        self._seat.close()

    def _new_game(self) -> None:
        board = self._board
        self._seat.new_game(board.size, board.komi, board.rules, board.handicap)
        self._game = Game(board.size, board.komi, Rules.preset(board.rules))
        if board.handicap:
            self._game.set_handicap(fixed_handicap(board.size, board.handicap))
        for move in board.openings[self._games % len(board.openings)]:
            self._seat.play(self._game.to_play, vertex(move, board.size))
            self._game.play(move)
        self._games += 1

    def _one_move(self) -> tuple[float, float]:
        """CPU and wall-clock seconds of the next move; begins another game where this one is over."""
        before = self._seat.cpu_s() or 0.0
        reply = self._seat.genmove(self._game.to_play, None)
        used = (self._seat.cpu_s() or 0.0) - before
        answer = reply.text.strip().lower()
        move = self._game.pass_move if answer == "resign" else read_move(answer, self._board.size)
        over = answer == "resign" or not self._game.is_legal(move)
        if not over:
            self._game.play(move)
        if over or self._game.is_over:
            self._new_game()
        return used, reply.seconds


def measure(contestant: Contestant, board: Board) -> float:
    """CPU seconds a move of an engine as it plays by itself."""
    meter = Meter(contestant, board)
    try:
        return meter.cpu_per_move_s(REFERENCE_MOVES, enough_s=ENOUGH_S)
    finally:
        meter.close()


def calibrate(contestant: Contestant, board: Board, target_s: float) -> Calibration:
    """Playouts with which an engine uses `target_s` CPU seconds a move; none for one that takes no playouts.

    Raises:
        ConfigError: it cannot be measured, or something else than its playouts limits it.
    """
    meter = Meter(contestant, board)
    try:
        if not meter.takes_playouts:
            return Calibration(meter.cpu_per_move_s(REFERENCE_MOVES, enough_s=ENOUGH_S), None)
        free = contestant.without_clock()
        if any(word.split("=")[0] == "--move-time" for word in free.command):
            raise ConfigError(f"{contestant.name}: playouts for equal CPU time make no difference beside --move-time; "
                              "leave it out")
        if contestant.time is not None:
            meter.close()
            meter = Meter(replace(free, playouts=FIRST_PLAYOUTS), board)
        return _with_playouts(meter, contestant, target_s)
    finally:
        meter.close()


def _with_playouts(meter: Meter, contestant: Contestant, target_s: float) -> Calibration:
    """What is found for an engine that takes playouts; `meter` has it without its clock."""
    playouts, first_s = FIRST_PLAYOUTS, 0.0
    for number in range(1, MOST_ROUNDS + 1):
        before = playouts
        used_s = meter.cpu_per_move_s(ROUND_MOVES, before)
        first_s = first_s or used_s
        playouts = min(scaled(before, used_s, target_s), MOST_GROWTH * before)
        if abs(playouts - before) <= SETTLED * before:
            break
        in_vain = used_s <= (1 + SETTLED) * first_s and used_s * EQUAL_CPU_WITHIN < target_s
        if in_vain and (number == MOST_ROUNDS or before >= IN_VAIN * FIRST_PLAYOUTS):
            raise ConfigError(f"{contestant.name} uses {used_s:.2g} CPU seconds a move with {before} playouts as with "
                              f"{FIRST_PLAYOUTS}: something else limits it, so {target_s:.2g} cannot be reached")
    used_s = meter.cpu_per_move_s(LAST_MOVES, playouts, ENOUGH_S)
    limit_s = contestant.time.move_time_s if contestant.time else None
    if limit_s is not None and meter.seconds_per_move > limit_s:
        raise ConfigError(f"{contestant.name}: {used_s:.2g} CPU seconds a move take {meter.seconds_per_move:.2g} s, "
                          f"but its clock is {contestant.time}; give it more time, or ask for less CPU time")
    return Calibration(used_s, scaled(playouts, used_s, target_s))


def scaled(playouts: int, used_s: float, target_s: float) -> int:
    """Playouts by CPU seconds wanted over CPU seconds used, at least 1."""
    return max(1, round(playouts * target_s / max(used_s, 1e-6)))


def parse_target(text: str, names: Sequence[str]) -> float | str:
    """CPU seconds a move, or the name of the engine whose own CPU time is the target.

    Raises:
        ConfigError: neither.
    """
    if text in names:
        return text
    try:
        target_s = float(text)
    except ValueError:
        target_s = 0.0
    if not 0 < target_s < float("inf"):
        raise ConfigError(f"equal CPU time {text!r}: expected seconds a move above 0, or one of {', '.join(names)}")
    return target_s


def equalise(contestants: Mapping[str, Contestant], target: float | str, board: Board,
             out: Path | None = None) -> dict[str, Contestant]:
    """The same contestants with playouts for equal CPU time.

    Args:
        contestants: by the key under which the match knows them.
        target: CPU seconds a move; or a key: as much as that one uses as it is, which is left alone.
        board: what is played while measuring.
        out: folder in which findings are kept and looked up. None: they are not kept.

    Raises:
        ConfigError: an engine cannot be measured, or the folder's findings are for another target or board.
    """
    notes = _Notes(out, {"target": target, "size": board.size, "handicap": board.handicap})
    if isinstance(target, str):
        reference = contestants[target]
        known = notes.of(reference)
        if known is None:
            known = notes.add(reference, Calibration(measure(reference, board), None))
        target_s = known.cpu_per_move_s
    else:
        target_s = target
    found = {}
    for key, contestant in contestants.items():
        if key == target:
            found[key] = contestant
            continue
        known = notes.of(contestant) or notes.add(contestant, calibrate(contestant, board, target_s))
        found[key] = replace(contestant, playouts=known.playouts)
    return found


class _Notes:
    """The file of findings: a JSON object with what they are for, and a list of engines."""

    def __init__(self, out: Path | None, purpose: Mapping[str, float | str]) -> None:
        self._path = out / FILE_NAME if out else None
        self._content: dict[str, Any] = {**purpose, "engines": []}
        if self._path is not None and self._path.exists():
            try:
                self._content = json.loads(self._path.read_text("utf-8"))
                found = {key: self._content[key] for key in purpose}
            except (ValueError, KeyError, TypeError) as error:
                raise RecordError(f"{self._path}: not a file of measured CPU times") from error
            for key, wanted in purpose.items():
                if found[key] != wanted:
                    raise ConfigError(f"{self._path} was measured for {key} {found[key]!r}, not {wanted!r}; "
                                      "choose another folder to begin anew")

    def of(self, contestant: Contestant) -> Calibration | None:
        """What was found for an engine before."""
        wanted = contestant.identity()
        for note in self._content["engines"]:
            if note["engine"] == wanted:
                return Calibration(**note["found"])
        return None

    def add(self, contestant: Contestant, found: Calibration) -> Calibration:
        """Keep what was found."""
        self._content["engines"].append({"engine": contestant.identity(), "found": asdict(found)})
        if self._path is not None:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            part = self._path.with_suffix(".part")
            part.write_text(json.dumps(self._content, indent=1, ensure_ascii=False) + "\n", "utf-8")
            part.replace(self._path)
        return found


def account(contestants: Mapping[str, Contestant]) -> list[str]:
    """What each engine plays with, a line each."""
    return [f"{one.name}: {one.playouts} playouts a move" if one.playouts is not None
            else f"{one.name}: as it is" for one in contestants.values()]


