"""A pool: every pairing of its schedule is a match of its own, and all games together give the ratings.

A pairing's match lives in a folder of its own under the pool's and is resumed from there, so a pool that was stopped or
killed goes on, and one to which engines or games were added plays what is new.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Protocol

from ponnuki.arena.contestant import Contestant
from ponnuki.arena.equal_cpu import Board, account, equalise
from ponnuki.arena.match import play_match
from ponnuki.arena.pool_file import PoolFile
from ponnuki.arena.pool_summary import PoolSummary
from ponnuki.arena.progress import MatchDisplay, Silent
from ponnuki.arena.referee import Referee, referee_of
from ponnuki.arena.summary import Summary
from ponnuki.engine.errors import ConfigError

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
    folders = _folders(pool, out)
    engines = _engines(pool, out, display)
    summary = PoolSummary(pool.anchor, pool.anchor_elo, tuple(engines.values()), ())
    for number, (first, second) in enumerate(pool.pairings, 1):
        display.message(f"pairing {number} of {len(pool.pairings)}: {first} against {second}")
        played = play_match(engines[first], engines[second], pool.settings, folders[first, second], display.match(),
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


def _folders(pool: PoolFile, out: Path | None) -> dict[tuple[str, str], Path | None]:
    """Each pairing's folder, named after its engines."""
    found: dict[tuple[str, str], Path | None] = {}
    for first, second in pool.pairings:
        name = f"{_UNSAFE.sub('-', first)}--{_UNSAFE.sub('-', second)}".lower()
        folder = out / name if out else None
        if folder is not None and folder in found.values():
            raise ConfigError(f"the names of two engines differ too little to name folders by: {folder.name}")
        found[first, second] = folder
    return found
