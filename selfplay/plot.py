"""A run's curve: Elo of its nets over games and over hours."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ponnuki.engine.errors import RecordError

INK, FAINT = "#1f4e79", "#c5d5e6"


def draw_run(status: dict[str, Any], path: Path) -> None:
    """Draw what `status_of` says of a run.

    Raises:
        RecordError: no net has met another yet, or the picture cannot be written.
    """
    nets = [net for net in status["nets"] if net["elo"] is not None]
    if len(nets) < 2:
        raise RecordError("nothing to draw yet: no net has been through the gate")
    figure = Figure(figsize=(9, 4), layout="constrained")
    by_games, by_hours = figure.subplots(1, 2, sharey=True)
    _curve(by_games, nets, "games", "games of self-play")
    _curve(by_hours, nets, "hours", "hours")
    by_games.set_ylabel(f"Elo ({nets[0]['name']} = 0)")
    figure.suptitle("Nets that passed the gate, with 95% intervals, and those that did not")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        figure.savefig(path, dpi=120)
    except (OSError, ValueError) as error:
        raise RecordError(f"{path}: cannot be written: {error}") from None


def _curve(axes: Axes, nets: list[dict[str, Any]], key: str, label: str) -> None:
    passed = [net for net in nets if net["accepted"]]
    others = [net for net in nets if not net["accepted"]]
    across = [net[key] for net in passed]
    axes.fill_between(across, [n["elo_low"] for n in passed], [n["elo_high"] for n in passed], color=FAINT, lw=0)
    axes.plot(across, [net["elo"] for net in passed], "o-", color=INK, markersize=4)
    axes.plot([net[key] for net in others], [net["elo"] for net in others], "x", color="0.6")
    axes.set_xlabel(label)
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(color="0.9")
