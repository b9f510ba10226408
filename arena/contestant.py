"""The two sides of a match: what a user names on the command line, and the engine process that plays for it."""

from __future__ import annotations

import hashlib
import json
import os
import shlex
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ponnuki.arena.failures import EngineFailure, Failure
from ponnuki.arena.gtp_client import GtpClient, Reply
from ponnuki.arena.search_report import SEARCH_COMMAND, SearchReport
from ponnuki.arena.timecontrol import SideClock, TimeControl
from ponnuki.engine.coords import colour_name
from ponnuki.engine.errors import ConfigError
from ponnuki.engine.rules import Rules

_NAME_LENGTH = 60

MOST_S = 10**9
"""Seconds that the referee waits at most: thirty years, which every clock can count."""


@dataclass(frozen=True)
class Contestant:
    """One side of a match."""

    name: str
    """What reports and game records call it."""
    command: tuple[str, ...]
    """The GTP engine's command line."""
    time: TimeControl | None = None
    """Its clock, checked by the referee; None: it may think as long as it likes, up to the hang limit."""
    sends_clock: bool = True
    """Whether it is told its clock by GTP's time commands; our own engine gets a fixed time a move as an option."""
    playouts: int | None = None
    """Playouts a move that it is told by ``kata-set-param maxPlayouts`` when it starts; None: its own affair."""
    weights: Path | None = None
    """The net of our own engine, where it was named by that."""
    options: tuple[str, ...] = ()
    """With `weights`: the options of ``ponnuki gtp``."""

    @classmethod
    def parse(cls, text: str, time: TimeControl | None = None, name: str | None = None) -> Contestant:
        """Read a quoted GTP command line, or a weights file (``.onnx``) and options of ``ponnuki gtp`` after it.

        Raises:
            ConfigError: nothing was given, or the weights file is not there.
        """
        words = split_words(text)
        if not words:
            raise ConfigError("an engine is a quoted GTP command line or a weights file (.onnx); got nothing")
        if not words[0].lower().endswith(".onnx"):
            return cls(name or _short_name(Path(words[0]).name, words[1:]), tuple(words), time)
        return cls.of_weights(Path(words[0]), words[1:], time, name)

    @classmethod
    def of_weights(cls, weights: Path, options: Sequence[str] = (), time: TimeControl | None = None,
                   name: str | None = None) -> Contestant:
        """Our engine with a net and options of ``ponnuki gtp``.

        Raises:
            ConfigError: the weights file is not there.
        """
        if not weights.is_file():
            raise ConfigError(f"weights file {str(weights)!r} does not exist")
        fixed = time.move_time_s if time else None
        options = [*options, *(["--move-time", f"{fixed:g}"] if fixed is not None else [])]
        command = (sys.executable, "-m", "ponnuki.cli.main", "gtp", "--weights", str(weights), *options)
        return cls(name or _short_name(weights.stem, options), command, time, sends_clock=fixed is None,
                   weights=weights, options=tuple(options))

    def without_clock(self) -> Contestant:
        """The same engine, free to think as long as its playouts take."""
        if self.sends_clock:
            return replace(self, time=None)
        # Our engine got its clock as its last option.
        return replace(self, command=self.command[:-2], options=self.options[:-2], time=None, sends_clock=True)

    def to_json(self) -> dict[str, object]:
        """What reports say of the contestant."""
        return {"name": self.name, "command": list(self.command), **self._limits()}

    def identity(self) -> dict[str, object]:
        """What a log keeps to know the contestant again: a net by its content, wherever it and Python lie."""
        if self.weights is None:
            return {"command": list(self.command), **self._limits()}
        digest = hashlib.sha256(self.weights.read_bytes()).hexdigest()
        return {"weights_sha256": digest, "options": list(self.options), **self._limits()}

    def _limits(self) -> dict[str, object]:
        told = {} if self.playouts is None else {"playouts": self.playouts}
        return {"time": str(self.time) if self.time else None, **told}


def split_words(text: str) -> list[str]:
    """Split a command line into words as the platform's shell would; backslashes are plain on Windows."""
    try:
        words = shlex.split(text, posix=os.name != "nt")
    except ValueError as error:
        raise ConfigError(f"bad engine command {text!r}: {error}") from None
    return [word.strip('"') for word in words] if os.name == "nt" else words


def _short_name(head: str, words: Sequence[str]) -> str:
    """A name for reports: program or net with its options, less GNU Go's ``--mode gtp``, which says nothing."""
    name = " ".join([head, *words]).replace(" --mode gtp", "")
    if len(name) <= _NAME_LENGTH:
        return name
    kept = _NAME_LENGTH // 2  # of each end: engines that differ in an option differ in either
    return f"{name[: kept - 1]}…{name[-kept:]}"


def _rules_json(name: str) -> str:
    """A rule set as KataGo's object, for ``kata-set-rules``: not every engine knows every name."""
    values = Rules.preset(name).to_json()
    del values["friendlyPassOk"]  # which older versions do not know, and which no game here depends on
    return json.dumps(values, separators=(",", ":"))


@dataclass(frozen=True)
class Patience:
    """How long the referee waits, in seconds of wall-clock time."""

    start_s: float = 300.0
    """For a new process to answer its first commands and a first trial move: it may load a net or compile."""
    hang_s: float = 300.0
    """For any other reply, beyond what the clock allows."""
    tolerance_s: float = 0.5
    """By how much a move may overrun the clock: the transport's and the machine's share, not the engine's."""

    def __post_init__(self) -> None:
        if not 0 < self.hang_s <= MOST_S:
            raise ConfigError(f"hang {self.hang_s}: expected seconds above 0 and at most {MOST_S}")
        if not 0 <= self.tolerance_s <= MOST_S:
            raise ConfigError(f"tolerance {self.tolerance_s}: expected seconds from 0 to {MOST_S}")


class Seat:
    """One contestant's engine process, started when needed and again after a failure. For one thread."""

    def __init__(self, contestant: Contestant, patience: Patience) -> None:
        self.contestant = contestant
        self._patience = patience
        self._client = GtpClient(contestant.command)
        self._ready = False
        self._commands: frozenset[str] = frozenset()

    def new_game(self, size: int, komi: float, rules: str, handicap: int = 0) -> None:
        """Set up a board, empty but for Black's handicap stones on the star points.

        The process is started (and warmed up with a move) where there is none.

        Raises:
            EngineFailure: it did not start, or refused or failed at a command.
        """
        if not (self._ready and self._client.running):
            self._client.start()
            self._commands = frozenset(self._ask("list_commands").text.split())
            if self.contestant.playouts is not None:
                self.set_playouts(self.contestant.playouts)
            # A move that does not count: an engine loads and compiles in its own time, and no game is to pay for that.
            self._set_up(size, komi, rules)
            self._ask("genmove black")
            self._ready = True
        self._set_up(size, komi, rules)
        if handicap:
            self._ask(f"fixed_handicap {handicap}")

    def play(self, colour: int, vertex: str) -> None:
        """Tell the engine a move, its own in an opening or its opponent's."""
        self._ask(f"play {colour_name(colour)} {vertex}")

    def genmove(self, colour: int, clock: SideClock | None) -> Reply:
        """Ask for a move; the reply's text is what the engine answered and its time what it used.

        Raises:
            EngineFailure: also TIME, where the move came later than the clock allows.
        """
        allowance_s = 0.0
        if clock is not None:
            allowance_s = clock.allowance_s
            if self.contestant.sends_clock and "time_left" in self._commands:
                self._ask(f"time_left {colour_name(colour)} {clock.gtp_time_left(self._commands)}")
        reply = self._ask(f"genmove {colour_name(colour)}", allowance_s)
        if clock is not None and not clock.charge(reply.seconds):
            raise EngineFailure(Failure.TIME, f"the move took {reply.seconds:.2f} s, {allowance_s:.2f} s were allowed"
                                              f" ({self.contestant.time}, tolerance {self._patience.tolerance_s:g} s)")
        return reply

    def last_search(self) -> SearchReport | None:
        """What the engine thought of the move that it has just made; None where it does not tell."""
        if SEARCH_COMMAND not in self._commands:
            return None
        reply = self._send(SEARCH_COMMAND)
        return SearchReport.parse(reply.text) if reply.ok else None

    @property
    def takes_playouts(self) -> bool:
        """Whether the started engine can be told its playouts a move, as ours and KataGo can."""
        if not {"kata-list-params", "kata-set-param"} <= self._commands:
            return False
        reply = self._send("kata-list-params")
        return reply.ok and "maxPlayouts" in reply.text.split()

    def set_playouts(self, playouts: int) -> None:
        """Tell the started engine its playouts a move.

        Raises:
            EngineFailure: it does not take them.
        """
        self._ask(f"kata-set-param maxPlayouts {playouts}")

    def cpu_s(self) -> float | None:
        """CPU seconds of the present process so far; None where unknown."""
        return self._client.cpu_s()

    def give_up(self) -> None:
        """Kill the process, from any thread: a command that waits for a reply fails at once."""
        self._ready = False
        self._client.kill()

    def close(self) -> None:
        """Ask the engine to quit, and see that it does."""
        self._ready = False
        self._client.close()

    def _set_up(self, size: int, komi: float, rules: str) -> None:
        self._ask(f"boardsize {size}")
        self._ask("clear_board")
        self._ask(f"komi {komi:g}")
        if "kata-set-rules" in self._commands:
            self._ask(f"kata-set-rules {_rules_json(rules)}")
        time = self.contestant.time
        if time and self.contestant.sends_clock and (told := time.gtp_settings(self._commands)):
            self._ask(told)

    def _ask(self, command: str, clock_s: float = 0.0) -> Reply:
        """Send a command that has to work and wait for its reply, `clock_s` seconds longer than is usual."""
        reply = self._send(command, clock_s)
        if not reply.ok:
            raise EngineFailure(Failure.REFUSED, f"{command!r} was answered '? {reply.text}'")
        return reply

    def _send(self, command: str, clock_s: float = 0.0) -> Reply:
        """Send a command that may be refused."""
        patience_s = self._patience.hang_s if self._ready else self._patience.start_s
        try:
            return self._client.send(command, patience_s + clock_s)
        except EngineFailure:
            self._ready = False
            raise
