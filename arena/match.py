"""A match: many games between two engines, in pairs with the colours swapped, several at a time.

Each worker thread owns two engine processes and a referee. An engine that fails loses that game and is started again;
nothing else stops. Finished games go to a log (`match_log`), from which a match that was stopped or killed goes on.
"""

from __future__ import annotations

import contextlib
import threading
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import filelock

from ponnuki.arena.contestant import Contestant, Patience, Seat
from ponnuki.arena.failures import NEEDS_RESTART, EngineFailure
from ponnuki.arena.game_sgf import game_to_sgf
from ponnuki.arena.match_log import GameRecord, MatchLog, check_log
from ponnuki.arena.opening_sets import RANDOM, choose_openings, set_identity
from ponnuki.arena.openings import Opening, opening_vertices
from ponnuki.arena.play import GameSettings, PlayedGame, Stopped, play_game
from ponnuki.arena.progress import MatchDisplay, Silent
from ponnuki.arena.referee import Referee, referee_of
from ponnuki.arena.sprt import Sprt
from ponnuki.arena.summary import SIDES, Summary
from ponnuki.engine.coords import BLACK, MAX_SIZE, MIN_SIZE, WHITE, vertex
from ponnuki.engine.errors import ConfigError
from ponnuki.engine.handicap import fixed_handicap
from ponnuki.engine.rules import Rules

LOG_NAME = "games.jsonl"
SGF_FOLDER = "sgf"

MOST_KOMI = 1000

_JOIN_S = 0.2


@dataclass(frozen=True)
class MatchSettings:
    """What is played."""

    games: int = 100
    """How many games: even, since each opening is played twice."""
    size: int = 9
    """Board size N."""
    komi: float = 7.5
    """White's komi in points."""
    rules: str = "area"
    """Name of a rule set, for the referee and for engines that know ``kata-set-rules``."""
    seed: int = 0
    """Chooses the openings."""
    opening_source: str = RANDOM
    """Where openings come from: ``random``, ``balanced`` or a folder with SGF files."""
    opening_moves: int | None = None
    """Moves of an opening; None: what suits source and board size."""
    move_limit: int | None = None
    """Moves after which a game is counted as it stands; None: three times the points of the board."""
    concurrency: int = 1
    """Games at a time; each has its own two engine processes."""
    handicap: int = 0
    """Black's handicap stones on the star points, White to play: 0, or 2 to what the board has room for."""
    white: str = ""
    """The side that has White in all games, "A" or "B": each opening is played once. Empty: colours are swapped, or
    with handicap stones "A"."""
    sprt: Sprt | None = None
    """Stops the match once it is decided; `games` is then how many there are at most."""
    patience: Patience = field(default_factory=Patience)
    """How long the referee waits."""

    def __post_init__(self) -> None:
        if self.games < 2 or self.games % 2:
            raise ConfigError(f"{self.games} games: expected an even number of at least 2, "
                              "since each opening is played twice, with the colours swapped")
        if not MIN_SIZE <= self.size <= MAX_SIZE:
            raise ConfigError(f"board size {self.size}: expected {MIN_SIZE} to {MAX_SIZE}")
        if not -MOST_KOMI <= self.komi <= MOST_KOMI:
            raise ConfigError(f"komi {self.komi}: expected -{MOST_KOMI} to {MOST_KOMI}")
        for name, value, least in (("seed", self.seed, 0), ("opening moves", self.opening_moves, 0),
                                   ("move limit", self.move_limit, 1)):
            if value is not None and value < least:
                raise ConfigError(f"{name} {value}: expected {least} or more")
        if self.concurrency < 1:
            raise ConfigError(f"{self.concurrency} games at a time: expected 1 or more")
        Rules.preset(self.rules)
        if self.white not in ("", *SIDES):
            raise ConfigError(f"white {self.white!r}: expected A or B")
        if self.handicap:
            try:
                fixed_handicap(self.size, self.handicap)
            except ValueError as error:
                raise ConfigError(f"handicap {error}") from None

    @property
    def always_white(self) -> str:
        """The side that has White in all games; empty where colours are swapped."""
        return self.white or ("A" if self.handicap else "")

    def side_of(self, colour: int, number: int) -> str:
        """Which side has a colour: where they are swapped, "A" is Black in the first game of each pair."""
        if self.always_white:
            return SIDES[(colour == WHITE) ^ (self.always_white == "A")]
        return SIDES[(colour == WHITE) ^ (number % 2)]

    def game_settings(self) -> GameSettings:
        """The part that concerns a single game."""
        limit = 3 * self.size * self.size if self.move_limit is None else self.move_limit
        return GameSettings(self.size, self.komi, self.rules, limit, self.patience.tolerance_s, self.handicap)

    def openings(self) -> list[Opening]:
        """One opening for each pair, or for each game where the colours stay."""
        count = self.games if self.always_white else self.games // 2
        taken = fixed_handicap(self.size, self.handicap) if self.handicap else ()
        return choose_openings(self.opening_source, self.size, count, self.opening_moves, self.seed, taken)

    def identity(self) -> dict[str, Any]:
        """What may not change when a match is resumed; the number of games and their concurrency may."""
        game = self.game_settings()
        unequal = {"handicap": self.handicap, "white": self.always_white} if self.always_white else {}
        return {**unequal, "size": game.size, "komi": game.komi, "rules": game.rules, "move_limit": game.move_limit,
                "tolerance_s": game.tolerance_s, "seed": self.seed, "opening_moves": self.opening_moves,
                "opening_set": set_identity(self.opening_source, self.size, self.opening_moves)}


def play_match(a: Contestant, b: Contestant, settings: MatchSettings, out: Path | None = None,
               display: MatchDisplay | None = None, referee: Callable[[], Referee] = referee_of) -> Summary:
    """Play a match, or what is left of it, and return what came of it.

    Args:
        a: the first side; scores are from its view.
        b: the second side.
        settings: what is played.
        out: folder for the log and the SGF files; a match that is already there is gone on with. None: nothing is kept.
        display: told of every finished game.
        referee: makes the referee of one worker thread.

    Raises:
        ConfigError: an engine cannot be started or set up, `out` holds another match, or somebody plays it already.
        KeyboardInterrupt: the user stopped it; what is finished has been saved.
    """
    with _alone_in(out):
        return Match(a, b, settings, out, display or Silent(), referee).run()


def check_folder(a: Contestant, b: Contestant, settings: MatchSettings, out: Path,
                 referee: Callable[[], Referee] = referee_of) -> None:
    """See, before playouts are measured for it, that a match that is in the folder differs in nothing else.

    Arguments as for `play_match`.

    Raises:
        ConfigError: `out` holds another match, or somebody plays it already.
    """
    if (out / LOG_NAME).exists():
        with _alone_in(out):
            check_log(out / LOG_NAME, _log_settings(_told_apart(a, b), settings, referee), besides=("playouts",))


def _told_apart(a: Contestant, b: Contestant) -> dict[str, Contestant]:
    """Both by side, under names of their own."""
    if a.name == b.name:
        a, b = replace(a, name=f"{a.name} #1"), replace(b, name=f"{b.name} #2")
    return {"A": a, "B": b}


def _log_settings(contestants: dict[str, Contestant], settings: MatchSettings,
                  referee: Callable[[], Referee]) -> dict[str, Any]:
    """What a match's log begins with."""
    sides = {side: contestant.identity() for side, contestant in contestants.items()}
    names = {side: contestant.name for side, contestant in contestants.items()}
    return {"names": names, **sides, **settings.identity(), "settlers": list(referee().settlers)}


@contextlib.contextmanager
def _alone_in(folder: Path | None) -> Iterator[None]:
    """Keep other processes out of a match's folder; the system lets go of the lock even if we are killed.

    Raises:
        ConfigError: a match is being played there.
    """
    if folder is None:
        yield
        return
    folder.mkdir(parents=True, exist_ok=True)
    lock = filelock.FileLock(folder / "lock")
    try:
        lock.acquire(timeout=0)
    except filelock.Timeout:
        raise ConfigError(f"{folder}: a match is being played here; wait for it, or name another folder") from None
    try:
        yield
    finally:
        lock.release()


class Match:
    """A match in progress. `run` once; `summary` at any time."""

    def __init__(self, a: Contestant, b: Contestant, settings: MatchSettings, out: Path | None,
                 display: MatchDisplay, referee: Callable[[], Referee]) -> None:
        """Arguments as for `play_match`."""
        self._contestants = _told_apart(a, b)
        self._settings = settings
        self._openings = settings.openings()
        self._display = display
        self._make_referee = referee
        self._out = out
        self._log: MatchLog | None = None
        self._records: dict[int, GameRecord] = {}
        if out is not None:
            self._log = MatchLog(out / LOG_NAME, _log_settings(self._contestants, settings, referee))
            self._records = {number: record for number, record in self._log.games.items() if number < settings.games}
            self._check_openings(self._log.path)
        self._waiting = deque(number for number in range(settings.games) if number not in self._records)
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._bugs: list[BaseException] = []

    def _check_openings(self, log: Path) -> None:
        """See that the games of the log began as they would now: the two of a pair share an opening."""
        for number, record in sorted(self._records.items()):
            wanted = opening_vertices(self._opening(number), self._settings.size)
            if record.opening != wanted:
                raise ConfigError(f"{log}: game {number} began {' '.join(record.opening)} there and would begin "
                                  f"{' '.join(wanted)} now; choose another folder to begin anew")

    def _opening(self, number: int) -> Opening:
        return self._openings[number if self._settings.always_white else number // 2]

    def summary(self) -> Summary:
        """Where the match stands."""
        records = tuple(record for _, record in sorted(self._records.items()))
        return Summary(self._contestants, self._settings.games, records, self._settings.sprt,
                       bool(self._settings.always_white))

    def run(self) -> Summary:
        """Play the games that are not finished yet; see `play_match`."""
        self._display.begin(self.summary())
        workers = [_Worker(self) for _ in range(min(self._settings.concurrency, len(self._waiting)))]
        try:
            if workers:
                workers[0].try_engines()
            self._run(workers)
        except KeyboardInterrupt:
            self._display.message(self._parting_words())
            raise
        finally:
            self._stop.set()
            for worker in workers:
                worker.give_up()
            for worker in workers:
                if worker.thread.ident is not None:
                    worker.thread.join()
            self._display.close()
        if self._bugs:
            raise self._bugs[0]
        return self.summary()

    def _run(self, workers: list[_Worker]) -> None:
        for worker in workers:
            worker.thread.start()
        for worker in workers:
            while worker.thread.is_alive():  # join without a timeout would not hear Ctrl-C on Windows
                worker.thread.join(_JOIN_S)

    def _parting_words(self) -> str:
        """What to say when the user stops the match."""
        kept = f"kept in {self._out}; the same command goes on from there" if self._out else "not kept (no --out)"
        return f"stopped after {len(self._records)} games, {kept}. A: {self.summary().headline()}"

    def take(self) -> int | None:
        """The number of the next game to play; None when there is none, or the match is decided or stopped."""
        with self._lock:
            if not self._waiting or self._stop.is_set() or self.summary().decided:
                return None
            return self._waiting.popleft()

    def play(self, number: int, seats: dict[str, Seat], referee: Referee) -> PlayedGame:
        """Play one game and record it.

        Raises:
            Stopped: the match was stopped meanwhile; nothing is recorded.
        """
        black, white = self._settings.side_of(BLACK, number), self._settings.side_of(WHITE, number)
        opening = self._opening(number)
        by_colour = {BLACK: seats[black], WHITE: seats[white]}
        played = play_game(self._settings.game_settings(), opening, by_colour, referee, self._stop)
        if self._stop.is_set() and played.settlement is not None:
            raise Stopped  # its settlers may have been killed
        sgf = self._keep_sgf(number, played, black, white)
        record = game_record(number, played, black, white, opening, sgf)
        with self._lock:
            if self._log is not None:
                self._log.add(record)
            self._records[number] = record
            self._display.game_finished(record, self.summary())
        return played

    def report_bug(self, error: BaseException) -> None:
        """Stop the match for an error that is ours; `run` raises it."""
        self._bugs.append(error)
        self._stop.set()

    def _keep_sgf(self, number: int, played: PlayedGame, black: str, white: str) -> str | None:
        """Write a game's SGF; a file of that name appears whole or not at all. Returns its path from the log."""
        if self._out is None:
            return None
        name = f"{SGF_FOLDER}/{number:05}.sgf"
        path = self._out / name
        path.parent.mkdir(parents=True, exist_ok=True)
        heading = f"Game {number}, pair {number // 2}, opening seed {self._settings.seed}"
        names = {side: contestant.name for side, contestant in self._contestants.items()}
        part = path.with_suffix(".part")
        part.write_bytes(game_to_sgf(played, names[black], names[white], heading))
        part.replace(path)
        return name

    def side_of(self, colour: int, number: int) -> str:
        """Which side has a colour in a game."""
        return self._settings.side_of(colour, number)

    def new_seats(self) -> dict[str, Seat]:
        """Places for two engine processes, not started yet."""
        return {side: Seat(contestant, self._settings.patience) for side, contestant in self._contestants.items()}

    def new_referee(self) -> Referee:
        """A referee for one worker."""
        return self._make_referee()

    def try_seat(self, seat: Seat) -> None:
        """Start an engine and set up a game, to learn of a wrong command line before any game is lost by it.

        Raises:
            ConfigError: it did not work; the message says why.
        """
        settings = self._settings
        try:
            seat.new_game(settings.size, settings.komi, settings.rules, settings.handicap)
        except EngineFailure as failure:
            raise ConfigError(f"{seat.contestant.name} cannot play this match: {failure}") from failure


class _Worker:
    """One thread with its two engines and its referee."""

    def __init__(self, match: Match) -> None:
        self._match = match
        self._seats = match.new_seats()
        self._referee = match.new_referee()
        self.thread = threading.Thread(target=self._work, daemon=True)

    def try_engines(self) -> None:
        """See that both engines can be started; to be called before the thread runs."""
        for seat in self._seats.values():
            self._match.try_seat(seat)

    def give_up(self) -> None:
        """Kill both engines and the settlers, from any thread."""
        for seat in self._seats.values():
            seat.give_up()
        self._referee.give_up()

    def _work(self) -> None:
        try:
            with contextlib.suppress(Stopped):
                while (number := self._match.take()) is not None:
                    self._clear_away(number, self._match.play(number, self._seats, self._referee))
        except BaseException as error:
            self._match.report_bug(error)
        finally:
            for seat in self._seats.values():
                seat.close()
            self._referee.close()

    def _clear_away(self, number: int, played: PlayedGame) -> None:
        """End an engine that is out of step; the next game starts it anew."""
        if played.fault is not None and played.ending in NEEDS_RESTART:
            self._seats[self._match.side_of(played.fault, number)].give_up()


def game_record(number: int, played: PlayedGame, black: str, white: str, opening: Opening,
                sgf: str | None) -> GameRecord:
    """What is kept of a game in which the sides `black` and `white` had those colours."""
    colours = {black: BLACK, white: WHITE}
    sides = {colour: side for side, colour in colours.items()}
    seconds = {side: played.seconds(colour) for side, colour in sorted(colours.items())}
    size, settlement = played.settings.size, played.settlement
    return GameRecord(
        game=number, black=black, winner=sides.get(played.winner or 0), result=played.result, ending=played.ending,
        moves=len(played.moves), opening=opening_vertices(opening, size),
        seconds={side: round(sum(used), 3) for side, used in seconds.items()},
        slowest_s={side: round(max(used, default=0.0), 3) for side, used in seconds.items()},
        cpu_s={side: _rounded(played.cpu_s(colour)) for side, colour in sorted(colours.items())},
        fault=sides.get(played.fault or 0), detail=played.detail,
        settled_by=settlement.by if settlement else None,
        dead=[vertex(point, size) for point in sorted(settlement.dead)] if settlement else None,
        remarks=list(settlement.remarks) if settlement else None, sgf=sgf,
        own_moves={side: played.own_moves(colour) for side, colour in sorted(colours.items())},
        playouts={side: played.playouts(colour) for side, colour in sorted(colours.items())})


def _rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 3)
