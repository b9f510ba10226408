"""A pool: every pairing of its schedule is a match of its own, and all games together give the ratings.

A pairing's match lives in a folder of its own under the pool's and is resumed from there, so a pool that was stopped or
killed goes on, and one to which engines or games were added plays what is new.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Protocol

from ponnuki.arena.contestant import Contestant
from ponnuki.arena.equal_cpu import Board, account, equalise
from ponnuki.arena.match import LOG_NAME, play_match
from ponnuki.arena.pool_file import PoolFile
from ponnuki.arena.pool_summary import PoolSummary
from ponnuki.arena.progress import MatchDisplay, Silent
from ponnuki.arena.referee import Referee, referee_of
from ponnuki.arena.summary import Summary
from ponnuki.engine.errors import ConfigError, RecordError

_UNSAFE = re.compile(r"[^A-Za-z0-9._+-]+")


class PoolDisplay(Protocol):
    """Told what happens in a pool."""

    def message(self, text: str) -> None:
        """Show a line or a table."""

    def match(self) -> MatchDisplay:
        """A display for the next pairing's match."""


class SilentPool:
    """Shows nothing."""

    def message(self, text: str) -> None:
        """Drop the text."""

    def match(self) -> MatchDisplay:
        """A display that shows nothing either."""
        return Silent()


def play_pool(pool: PoolFile, out: Path | None = None, display: PoolDisplay | None = None,
              referee: Callable[[], Referee] | None = None) -> PoolSummary:
    """Play all pairings, or what is left of them.

    Args:
        pool: what is played.
        out: folder for the pairings' folders; None: nothing is kept.
        display: told of each pairing.
        referee: makes the referee of one worker thread; None: as the pool's file says.

    Raises:
        ConfigError: an engine cannot be started, or `out` holds another pool.
        KeyboardInterrupt: the user stopped it; what is finished has been saved.
    """
    display = display or SilentPool()
    seatings = _seatings(pool, out, display)
    engines = _engines(pool, out, display)
    summary = PoolSummary(pool.anchor, pool.anchor_elo, tuple(engines.values()), ())
    for number, (first, second, folder) in enumerate(seatings, 1):
        display.message(f"pairing {number} of {len(seatings)}: {first} against {second}")
        played = play_match(engines[first], engines[second], pool.settings, folder, display.match(),
                            referee or partial(referee_of, pool.settlers))
        summary = summary.with_match(played)
        display.message(_score_line(played))
        display.message(summary.table())
    return summary


def _score_line(played: Summary) -> str:
    return f"{played.contestants['A'].name} against {played.contestants['B'].name}: {played.headline()}"


def _engines(pool: PoolFile, out: Path | None, display: PoolDisplay) -> dict[str, Contestant]:
    """The engines by name, with playouts for equal CPU time where that is asked for."""
    engines = {engine.name: engine for engine in pool.engines}
    if pool.equal_cpu is None:
        return engines
    display.message("measuring CPU time a move")
    equal = equalise(engines, pool.equal_cpu, Board.of(pool.settings), out)
    for line in account(equal):
        display.message(line)
    return equal


def _seatings(pool: PoolFile, out: Path | None, display: PoolDisplay) -> list[tuple[str, str, Path | None]]:
    """Side A, side B and the folder of each pairing's match.

    The folder is named after both, in the order of the pool's file. Where more has been played in the folder of the
    other order, since the file's tables or its schedule were changed, that match is gone on with, as it was.
    """
    if out is None:
        return [(first, second, None) for first, second in pool.pairings]
    names = [_folder_name(*pairing) for pairing in pool.pairings]
    found: list[tuple[str, str, Path | None]] = []
    for number, ((first, second), name) in enumerate(zip(pool.pairings, names, strict=True)):
        if name in names[:number]:
            raise ConfigError(f"the names of two engines differ too little to name folders by: {name}")
        other = _folder_name(second, first)
        games, games_other = _games_of(first, second, out / name), _games_of(second, first, out / other)
        if games and games_other:
            kept, left = (other, name) if games_other > games else (name, other)
            display.message(f"{first} and {second} have games in {kept} and in {left}: those in {kept} count")
        if games_other > games:
            found.append((second, first, out / other))
        else:
            found.append((first, second, out / name))
    return found


def _folder_name(first: str, second: str) -> str:
    return f"{_safe(first)}--{_safe(second)}"


def _safe(name: str) -> str:
    """An engine's name as part of a folder's."""
    return _UNSAFE.sub("-", name).lower()


def _games_of(first: str, second: str, folder: Path) -> int:
    """How many finished games of two engines, the first as side A, a match's folder holds."""
    try:
        head, *games = (folder / LOG_NAME).read_bytes().split(b"\n")[:-1] or [b""]
        names = json.loads(head)["names"]
        return len(games) if (_safe(names["A"]), _safe(names["B"])) == (_safe(first), _safe(second)) else 0
    except FileNotFoundError:
        return 0
    except OSError as error:
        raise RecordError(f"{folder / LOG_NAME}: {error.strerror or error}") from None
    except (ValueError, KeyError, TypeError):  # no log of a match, as will be said if the match is to be played there
        return 0
