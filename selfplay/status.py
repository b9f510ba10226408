"""Where a run stands, for a person (`ponnuki loop RUN --status`) and for programs (`--json`)."""

from __future__ import annotations

from typing import Any

from rich.console import Console
from rich.table import Table

from ponnuki.selfplay.run_folder import RunFolder
from ponnuki.selfplay.run_state import RunState
from ponnuki.selfplay.store import GameStore

LAST_NETS = 12
"""Nets that are listed."""


def status_of(folder: RunFolder) -> dict[str, Any]:
    """What is known of a run; reads its files alone, so that a loop may be at work.

    Raises:
        RecordError: there is no run in the folder, or its state is damaged.
    """
    state, store = RunState.load(folder.state), GameStore(folder.games, mend=False)
    hours = state.hours["self-play"]
    ratings = state.ratings()
    nets = []
    for net in state.nets:
        rated = ratings is not None and any(rating.name == net.name for rating in ratings.ratings)
        low, high = ratings[net.name].interval() if rated and ratings else (None, None)
        nets.append({
            "name": net.name, "generation": net.generation, "accepted": net.accepted, "games": net.games,
            "positions": net.positions, "hours": net.hours, "opponent": net.opponent, "gate_games": 2 * net.pairs,
            "gate_points": net.points, "elo": ratings[net.name].elo if rated and ratings else None,
            "elo_low": low, "elo_high": high,
        })  # fmt: skip
    return {
        "generation": state.generation,
        "phase": state.phase,
        "champion": state.champion,
        "games": store.games(),
        "positions": store.positions(),
        "positions_this_generation": store.positions(state.generation),
        "playouts": state.playouts,
        "hours": {phase: round(spent, 3) for phase, spent in state.hours.items()},
        "games_per_hour": store.games() / hours if hours else None,
        "positions_per_hour": store.positions() / hours if hours else None,
        "resign_threshold": state.resign_threshold,
        "resignations_checked": state.resignations_checked,
        "resignations_wrong": state.resignations_wrong,
        "nets": nets,
    }


def print_status(status: dict[str, Any], console: Console | None = None) -> None:
    """Show it as a table."""
    console = console or Console()
    hours = ", ".join(f"{phase} {spent:.2f}" for phase, spent in status["hours"].items())
    console.print(f"generation {status['generation']}, {status['phase']}; {status['champion']} plays", highlight=False)
    console.print(f"{status['games']:,} games, {status['positions']:,} positions to learn from "
                  f"({status['positions_this_generation']:,} of this generation)", highlight=False)  # fmt: skip
    console.print(f"hours: {hours}", highlight=False)
    if status["games_per_hour"] is not None:
        console.print(f"an hour of self-play: {status['games_per_hour']:,.0f} games, "
                      f"{status['positions_per_hour']:,.0f} positions", highlight=False)  # fmt: skip
    table = Table("net", "games", "positions", "hours", "gate", "Elo", "")
    for column in table.columns[1:6]:
        column.justify = "right"
    nets = status["nets"]
    if len(nets) > LAST_NETS:
        console.print(f"the last {LAST_NETS} of {len(nets)} nets:", highlight=False)
    for net in nets[-LAST_NETS:]:
        gate = f"{net['gate_points']:g} of {net['gate_games']}" if net["gate_games"] else ""
        half = (net["elo_high"] - net["elo_low"]) / 2 if net["elo"] is not None else 0.0
        elo = "" if net["elo"] is None else f"{net['elo']:.0f}" + (f" ± {half:.0f}" if half else "")
        table.add_row(
            net["name"], f"{net['games']:,}", f"{net['positions']:,}", f"{net['hours']:.2f}", gate, elo,
            "plays" if net["name"] == status["champion"] else "" if net["accepted"] else "did not pass",
        )  # fmt: skip
    console.print(table)
