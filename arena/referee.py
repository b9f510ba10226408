"""What is dead at the end of a game, and who has won.

Engines pass with dead stones on the board, and they need not agree about them, so a third program settles: any GTP
engine with ``final_status_list``. By default GNU Go decides where it is installed, and our own engine stands beside it;
what a settler would have counted otherwise is kept in the record. Without a settler the board is scored as it stands,
all stones alive, and the record says so.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from ponnuki.arena.failures import EngineFailure, Failure
from ponnuki.arena.gtp_client import GtpClient
from ponnuki.engine.coords import EMPTY, colour_name, parse_vertex, vertex
from ponnuki.engine.errors import ConfigError
from ponnuki.engine.game import Game

_GNUGO_OPTIONS = ("--mode", "gtp", "--chinese-rules", "--level", "10")
_GNUGO_ELSEWHERE = "/usr/games/gnugo"  # where Debian puts it, which is not on every user's path


@dataclass(frozen=True)
class Settlement:
    """How a finished board was counted."""

    margin_black: float
    """Black's points less White's, komi counted, after the dead stones are taken off."""
    dead: frozenset[int]
    """Points of the stones that were taken off."""
    by: str | None
    """Name of the settler; None: scored as it stands."""
    remarks: tuple[str, ...] = ()
    """Settlers that failed and settlers that would have counted otherwise, a line each."""


class Settler(Protocol):
    """Names the dead stones of a finished game."""

    name: str

    def dead_stones(self, game: Game) -> frozenset[int]:
        """Points of the dead stones; raises EngineFailure where it cannot tell."""

    def give_up(self) -> None:
        """Kill its process, from any thread: a settlement that is waited for fails at once."""

    def close(self) -> None:
        """End its process, if it has one."""


class GtpSettler:
    """A GTP engine as settler. It is shown the final position only, as stones without a history."""

    def __init__(self, name: str, command: Sequence[str], timeout_s: float = 180.0) -> None:
        self.name = name
        self._client = GtpClient(command)
        self._timeout_s = timeout_s

    def dead_stones(self, game: Game) -> frozenset[int]:
        """Ask for ``final_status_list dead``; the engine is started at first use and after a failure."""
        if not self._client.running:
            self._client.start()
        self._ask(f"boardsize {game.size}")
        self._ask("clear_board")
        self._ask(f"komi {game.komi:g}")
        stones = game.stones().ravel()
        # Each chain of the final position has a liberty, and so in each part of it: nothing is captured on the way.
        for point in range(stones.size):
            if stones[point] != EMPTY:
                self._ask(f"play {colour_name(int(stones[point]))} {vertex(point, game.size)}")
        listed = self._ask("final_status_list dead").split()
        try:
            dead = frozenset(parse_vertex(word, game.size) for word in listed)
        except ValueError as error:
            raise EngineFailure(Failure.GARBAGE, f"final_status_list: {error}") from None
        if any(point >= stones.size or stones[point] == EMPTY for point in dead):
            raise EngineFailure(Failure.GARBAGE, f"final_status_list names points without a stone: {listed}")
        return dead

    def give_up(self) -> None:
        """Kill the process, from any thread."""
        self._client.kill()

    def close(self) -> None:
        """End the process."""
        self._client.close()

    def _ask(self, command: str) -> str:
        reply = self._client.send(command, self._timeout_s)
        if not reply.ok:
            raise EngineFailure(Failure.REFUSED, f"{command!r} was answered '? {reply.text}'")
        return reply.text


class Referee:
    """Counts finished boards with the help of settlers. Owns their processes; for one thread."""

    def __init__(self, settlers: Sequence[Settler] = ()) -> None:
        """Take settlers, the one that decides first."""
        self._settlers = tuple(settlers)
        self._given_up = False

    @property
    def settlers(self) -> tuple[str, ...]:
        """Their names, the one that decides first."""
        return tuple(settler.name for settler in self._settlers)

    def settle(self, game: Game) -> Settlement:
        """Count a finished game: the first settler that answers decides, the others are compared with it."""
        decided: Settlement | None = None
        remarks: list[str] = []
        for settler in self._settlers:
            if self._given_up:
                break
            try:
                dead = settler.dead_stones(game)
            except EngineFailure as failure:
                remarks.append(f"{settler.name} could not settle ({failure})")
                continue
            margin = game.score_black(set(dead))
            if decided is None:
                decided = Settlement(margin, dead, settler.name)
            elif dead != decided.dead:
                remarks.append(_disagreement(settler.name, dead, margin, decided, game.size))
        if decided is None:
            decided = Settlement(game.score_black(set()), frozenset(), None)
        return Settlement(decided.margin_black, decided.dead, decided.by, tuple(remarks))

    def give_up(self) -> None:
        """Kill the settlers' processes, from any thread; nothing is settled from now on."""
        self._given_up = True
        for settler in self._settlers:
            settler.give_up()

    def close(self) -> None:
        """End the settlers' processes."""
        for settler in self._settlers:
            settler.close()


def find_gnugo() -> str | None:
    """Path of GNU Go, or None where it is not installed."""
    return shutil.which("gnugo") or (_GNUGO_ELSEWHERE if os.access(_GNUGO_ELSEWHERE, os.X_OK) else None)


def gnugo_settler() -> GtpSettler | None:
    """GNU Go as settler, or None where it is not installed."""
    path = find_gnugo()
    return GtpSettler("GNU Go", (path, *_GNUGO_OPTIONS)) if path else None


def ponnuki_settler() -> GtpSettler:
    """Our own engine as settler: by the shipped net's ownership, by rollouts where no net is shipped."""
    return GtpSettler("ponnuki", (sys.executable, "-m", "ponnuki.cli.main", "gtp"), timeout_s=300.0)


SETTLERS: dict[str, Callable[[], GtpSettler | None]] = {"gnugo": gnugo_settler, "ponnuki": ponnuki_settler}
"""Settlers by the names that users give them; one that is not installed makes None."""

DEFAULT_SETTLERS = ("gnugo", "ponnuki")


def referee_of(names: Sequence[str] = DEFAULT_SETTLERS) -> Referee:
    """A referee with the settlers of these names that are installed, the one that decides first."""
    found = [SETTLERS[name]() for name in names]
    return Referee([settler for settler in found if settler is not None])


def parse_settlers(text: str) -> tuple[str, ...]:
    """Read ``gnugo,ponnuki``, ``none`` and the like.

    Raises:
        ConfigError: a name is unknown.
    """
    names = tuple(name.strip() for name in text.lower().split(","))
    if names == ("none",):
        return ()
    unknown = [name for name in names if name not in SETTLERS]
    if unknown:
        raise ConfigError(f"unknown settler {unknown[0]!r}: expected none or a list of {', '.join(SETTLERS)}")
    return names


def _disagreement(name: str, dead: frozenset[int], margin: float, decided: Settlement, size: int) -> str:
    """One line that says how a second settler would have counted."""
    only = " ".join(vertex(point, size) for point in sorted(dead - decided.dead)) or "none"
    missing = " ".join(vertex(point, size) for point in sorted(decided.dead - dead)) or "none"
    return (f"{name} would count Black {margin:+g} instead of {decided.margin_black:+g}: "
            f"dead only for it {only}, alive only for it {missing}")
