"""One game between two seats, move by move, under a referee's eye."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from ponnuki.arena.contestant import Seat
from ponnuki.arena.failures import EngineFailure, Failure
from ponnuki.arena.openings import Opening
from ponnuki.arena.referee import Referee, Settlement
from ponnuki.arena.search_report import SearchReport
from ponnuki.arena.timecontrol import SideClock
from ponnuki.engine.coords import BLACK, WHITE, opponent, parse_vertex, vertex
from ponnuki.engine.game import Game
from ponnuki.engine.handicap import fixed_handicap
from ponnuki.engine.rules import Rules

PASSES = "passes"
RESIGNATION = "resignation"
MOVE_LIMIT = "move limit"

_ANSWERED = (RESIGNATION, Failure.TIME, Failure.GARBAGE, Failure.ILLEGAL)
"""Endings by an engine's answer, which may have come out of a search."""

_BOTH = (BLACK, WHITE)


class Stopped(Exception):
    """The match was stopped in the middle of this game, which does not count."""


@dataclass(frozen=True)
class GameSettings:
    """What both engines are told and the referee holds them to."""

    size: int
    """Board size N."""
    komi: float
    """White's komi in points."""
    rules: str
    """Name of a preset of `Rules`."""
    move_limit: int
    """Moves (passes and opening counted) after which the board is counted as it then is."""
    tolerance_s: float
    """By how much a move may overrun its clock."""
    handicap: int = 0
    """Black's stones on the star points, White to play."""


@dataclass(frozen=True)
class Thought:
    """An engine's thinking about one move."""

    colour: int
    seconds: float
    """Wall-clock time."""
    cpu_s: float | None = None
    """CPU time; None where it is unknown."""
    search: SearchReport | None = None
    """What the engine tells of its search; None where it tells nothing."""


@dataclass(frozen=True)
class MadeMove:
    """A move of the game with what it cost."""

    colour: int
    move: int
    """Point or pass, as in `ponnuki.engine.coords`."""
    thought: Thought | None = None
    """None for a move of the opening."""


@dataclass
class PlayedGame:
    """A finished game."""

    settings: GameSettings
    moves: list[MadeMove] = field(default_factory=list)
    unplayed: Thought | None = None
    """The last thought, where it ended the game without a move: by resignation or a failure."""
    winner: int | None = None
    """BLACK, WHITE, or None for a drawn game."""
    ending: str = ""
    """PASSES, RESIGNATION, MOVE_LIMIT or the value of a `Failure`."""
    fault: int | None = None
    """The colour that failed, where one did."""
    detail: str = ""
    """What exactly happened, for the report; empty for an ordinary game."""
    settlement: Settlement | None = None
    """How the board was counted; None where it was not."""

    @property
    def result(self) -> str:
        """The result as SGF writes it: ``B+3.5``, ``W+R``, ``B+T``, ``W+F``, ``Draw``."""
        if self.winner is None:
            return "Draw"
        letter = "B" if self.winner == BLACK else "W"
        if self.settlement is not None:
            return f"{letter}+{abs(self.settlement.margin_black):g}"
        return f"{letter}+" + {RESIGNATION: "R", Failure.TIME: "T"}.get(self.ending, "F")

    def thoughts(self, colour: int) -> list[Thought]:
        """All that a colour thought about: its moves but those of the opening, and what led to none."""
        thoughts = [*(made.thought for made in self.moves), self.unplayed]
        return [thought for thought in thoughts if thought is not None and thought.colour == colour]

    def seconds(self, colour: int) -> list[float]:
        """Wall-clock seconds of each of a colour's thoughts."""
        return [thought.seconds for thought in self.thoughts(colour)]

    def own_moves(self, colour: int) -> int:
        """How many of a colour's thoughts it answered."""
        silent = self.unplayed is not None and self.unplayed.colour == colour and self.ending not in _ANSWERED
        return len(self.thoughts(colour)) - silent

    def cpu_s(self, colour: int) -> float | None:
        """CPU seconds of a colour's thoughts together; None where they are unknown."""
        used = [thought.cpu_s for thought in self.thoughts(colour)]
        known = [seconds for seconds in used if seconds is not None]
        return sum(known) if len(known) == len(used) else None

    def playouts(self, colour: int) -> int | None:
        """Playouts of a colour's thoughts together; None where it does not tell them of its moves."""
        told = [thought.search for thought in self.thoughts(colour) if thought is not self.unplayed or thought.search]
        known = [search.playouts for search in told if search is not None]
        return sum(known) if known and len(known) == len(told) else None


def read_move(answer: str, size: int) -> int:
    """The move that an engine answered.

    Raises:
        EngineFailure: GARBAGE, where it is no vertex.
    """
    try:
        return parse_vertex(answer, size)
    except ValueError:
        shown = answer if len(answer) < 80 else answer[:79] + "…"
        raise EngineFailure(Failure.GARBAGE, f"genmove was answered {shown!r}") from None


class _Fault(Exception):
    """A failure together with the colour whose engine it was."""

    def __init__(self, colour: int, failure: EngineFailure) -> None:
        self.colour = colour
        self.failure = failure


def play_game(settings: GameSettings, opening: Opening, seats: dict[int, Seat], referee: Referee,
              stop: threading.Event) -> PlayedGame:
    """Play one game to its end.

    Args:
        settings: board, komi, rules and limits.
        opening: moves made before the engines are asked, Black first, after handicap stones White.
        seats: the engines by colour, BLACK and WHITE.
        referee: counts the board after two passes or at the move limit.
        stop: set by another thread to give the game up.

    Raises:
        Stopped: `stop` was set.
    """
    table = _Table(settings, seats, stop)
    try:
        table.set_up(opening)
        while not table.finished:
            table.next_move()
    except _Fault as fault:
        if stop.is_set():
            raise Stopped from None
        return table.forfeited(fault)
    played = table.played
    if played.ending != RESIGNATION:
        played.settlement = referee.settle(table.game)
        margin = played.settlement.margin_black
        played.winner = None if margin == 0 else BLACK if margin > 0 else WHITE
    return played


class _Table:
    """A game in progress."""

    def __init__(self, settings: GameSettings, seats: dict[int, Seat], stop: threading.Event) -> None:
        self.game = Game(settings.size, settings.komi, Rules.preset(settings.rules))
        self.played = PlayedGame(settings)
        self._seats = seats
        self._stop = stop
        self._clocks = {colour: SideClock(control, settings.tolerance_s)
                        if (control := seats[colour].contestant.time) else None for colour in _BOTH}
        self._cpu_s: dict[int, float | None] = {}
        """CPU time of either engine's process when it was last looked at."""

    @property
    def finished(self) -> bool:
        """Whether the game has come to its end; sets how it ended."""
        if not self.played.ending:
            if self.game.is_over:
                self.played.ending = PASSES
            elif len(self.game.moves) >= self.played.settings.move_limit:
                self.played.ending = MOVE_LIMIT
        return bool(self.played.ending)

    def set_up(self, opening: Opening) -> None:
        """Bring both engines to the position after the opening."""
        settings = self.played.settings
        for colour in _BOTH:
            with self._blame(colour):
                self._seats[colour].new_game(settings.size, settings.komi, settings.rules, settings.handicap)
        if settings.handicap:
            self.game.set_handicap(fixed_handicap(settings.size, settings.handicap))
        for move in opening:
            colour = self.game.to_play
            self.game.play(move)
            self.played.moves.append(MadeMove(colour, move))
            for teller in _BOTH:
                with self._blame(teller):
                    self._seats[teller].play(colour, vertex(move, settings.size))
        self._cpu_s = {colour: self._seats[colour].cpu_s() for colour in _BOTH}

    def next_move(self) -> None:
        """Ask the side to play for its move and tell it to the other side.

        CPU time counts from the engine's last move on: it may have pondered since.
        """
        colour = self.game.to_play
        seat = self._seats[colour]
        with self._blame(colour):
            thought, answer = self._think(colour)
            self.played.unplayed = thought
            if answer == "resign":
                self.played.ending, self.played.winner = RESIGNATION, opponent(colour)
                self._ask_of_unplayed()
                return
            move = self._legal_move(answer, colour)
            thought = replace(thought, search=seat.last_search())
        self.game.play(move)
        self.played.moves.append(MadeMove(colour, move, thought))
        self.played.unplayed = None
        if not self.finished:
            with self._blame(opponent(colour)):
                self._seats[opponent(colour)].play(colour, vertex(move, self.game.size))

    def forfeited(self, fault: _Fault) -> PlayedGame:
        """The game as lost by the engine that failed."""
        played = self.played
        played.fault, played.winner = fault.colour, opponent(fault.colour)
        played.ending, played.detail = fault.failure.kind.value, fault.failure.detail
        self._ask_of_unplayed()
        return played

    def _think(self, colour: int) -> tuple[Thought, str]:
        """Ask for a move: what it cost and the answer. What a failure cost is kept before it is passed on."""
        began = time.monotonic()
        try:
            reply = self._seats[colour].genmove(colour, self._clocks[colour])
        except EngineFailure:
            self.played.unplayed = self._thought(colour, time.monotonic() - began)
            raise
        return self._thought(colour, reply.seconds), reply.text.strip().lower()

    def _thought(self, colour: int, seconds: float) -> Thought:
        """A thought that has just ended, of which the engine was not asked yet."""
        cpu_before, cpu_after = self._cpu_s[colour], self._seats[colour].cpu_s()
        self._cpu_s[colour] = cpu_after
        return Thought(colour, seconds, None if cpu_before is None or cpu_after is None else cpu_after - cpu_before)

    def _ask_of_unplayed(self) -> None:
        """Ask an engine that has lost by its answer what it thought; should that fail too, it is lost all the same."""
        played = self.played
        if played.unplayed is not None and played.ending in _ANSWERED:
            with contextlib.suppress(EngineFailure):
                search = self._seats[played.unplayed.colour].last_search()
                played.unplayed = replace(played.unplayed, search=search)

    def _legal_move(self, answer: str, colour: int) -> int:
        move = read_move(answer, self.game.size)
        if not self.game.is_legal(move):
            raise EngineFailure(Failure.ILLEGAL, f"move {len(self.game.moves) + 1}, {vertex(move, self.game.size)}, "
                                                 f"is not allowed under {self.played.settings.rules} rules")
        return move

    @contextlib.contextmanager
    def _blame(self, colour: int) -> Iterator[None]:
        """Whatever fails in here is this colour's fault, unless the match is being stopped."""
        if self._stop.is_set():
            raise Stopped
        try:
            yield
        except EngineFailure as failure:
            raise _Fault(colour, failure) from failure
