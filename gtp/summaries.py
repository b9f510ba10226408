"""What the log says of a search besides the traffic: one line, for bug reports."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ponnuki.engine.coords import colour_name, vertex
from ponnuki.engine.version import VERSION

from .streams import Log

if TYPE_CHECKING:
    from ponnuki.engine.snapshot import SearchSnapshot

SHOWN_MOVES = 4
"""Moves told of, those with most visits."""

SHOWN_PV = 8
"""Moves of the first one's principal variation."""


def environment() -> str:
    """The versions that matter, and how many processors there are."""
    import os
    import platform
    from importlib.metadata import version  # importing the packages themselves would delay the first reply

    packages = ", ".join(f"{name} {version(name)}" for name in ("numpy", "numba", "onnxruntime"))
    system = f"{platform.system()} {platform.machine()}, {os.cpu_count()} processors"
    return f"ponnuki {VERSION}, Python {platform.python_version()}, {packages}, {system}"


def open_log(path: Path | None) -> Log:
    """A log that begins with the environment.

    Raises:
        ConfigError: it cannot be written.
    """
    log = Log(path)
    if path is not None:
        log.note(environment())
    return log


def search_summary(what: str, snapshot: SearchSnapshot, seconds: float, tree_bytes: int) -> str:
    """What a search did and found, from the view of the side to play."""
    moves = [f"{vertex(stats.move, snapshot.size)} {stats.visits} {stats.winrate:.1%} {stats.lead_to_play:+.1f}"
             for stats in snapshot.moves[:SHOWN_MOVES]]
    pv = " ".join(vertex(move, snapshot.size) for move in snapshot.moves[0].pv[:SHOWN_PV]) if snapshot.moves else ""
    speed = snapshot.playouts / seconds if seconds > 0 else 0.0
    return (f"{what} for {colour_name(snapshot.to_play)}: {seconds:.3f} s, {snapshot.playouts} playouts "
            f"({speed:.0f} a second), {snapshot.visits} visits, {tree_bytes / 1e6:.1f} MB kept; "
            f"{snapshot.winrate:.1%} {snapshot.lead_to_play:+.1f}; {', '.join(moves)}; {pv}")
