"""Replies of the JSON analysis protocol: a search's state as an object."""

from __future__ import annotations

from typing import Any

import numpy as np

from ponnuki.engine.choice import shown_stdevs, surest_first
from ponnuki.engine.config import ChoiceSettings
from ponnuki.engine.coords import BLACK, WHITE, vertex
from ponnuki.engine.snapshot import MoveStats, SearchSnapshot

from .query import Query


def report(
    query: Query,
    turn: int,
    snapshot: SearchSnapshot,
    raw_policy: np.ndarray,
    choice: ChoiceSettings,
    *,
    during_search: bool,
) -> dict[str, Any]:
    """The reply for one position.

    Args:
        raw_policy: float32[N*N + 1], the net's, -1 for illegal moves.
    """
    sign = _sign(query.perspective, snapshot.to_play)
    moves = surest_first(snapshot, choice)
    reply: dict[str, Any] = {
        "id": query.identity,
        "isDuringSearch": during_search,
        "moveInfos": [_move(query, order, stats, snapshot.size, sign, choice) for order, stats in enumerate(moves)],
        "rootInfo": _root(snapshot, sign),
        "turnNumber": turn,
    }
    if query.include_ownership and snapshot.ownership_to_play is not None:
        reply["ownership"] = _floats(sign * snapshot.ownership_to_play)
    if query.include_ownership_stdev and snapshot.ownership_stdev is not None:
        reply["ownershipStdev"] = _floats(snapshot.ownership_stdev)
    if query.include_policy:
        reply["policy"] = [round(float(prior), 7) for prior in raw_policy]
    return reply


def no_results(query: Query, turn: int) -> dict[str, Any]:
    """The reply for a position that was given up before anything was found."""
    return {"id": query.identity, "isDuringSearch": False, "noResults": True, "turnNumber": turn}


def _sign(perspective: str, to_play: int) -> int:
    """1 where the side to play's figures are to be told as they are, else -1."""
    viewer = {"BLACK": BLACK, "WHITE": WHITE, "SIDETOMOVE": to_play}[perspective]
    return 1 if viewer == to_play else -1


def _winrate(value: float) -> float:
    return round((1 + value) / 2, 6)


def _move(
    query: Query, order: int, stats: MoveStats, size: int, sign: int, choice: ChoiceSettings
) -> dict[str, Any]:
    radius = shown_stdevs(choice) * stats.utility_radius
    found: dict[str, Any] = {
        "move": vertex(stats.move, size),
        "order": order,
        "visits": stats.visits,
        "edgeVisits": stats.visits,
        "weight": float(stats.visits),
        "prior": round(stats.prior, 6),
        "winrate": _winrate(sign * stats.value_to_play),
        "lcb": _winrate(sign * (stats.value_to_play - radius)),
        "utility": round(sign * stats.utility_to_play, 6),
        "utilityLcb": round(sign * (stats.utility_to_play - radius), 6),
        "scoreLead": round(sign * stats.lead_to_play, 4),
        "scoreMean": round(sign * stats.lead_to_play, 4),
        "scoreSelfplay": round(sign * stats.lead_to_play, 4),
        "scoreStdev": round(stats.lead_stdev, 4),
        "pv": [vertex(move, size) for move in stats.pv],
    }
    if query.include_pv_visits:
        found["pvVisits"] = list(stats.pv_visits)
    if query.include_moves_ownership and stats.ownership_to_play is not None:
        found["ownership"] = _floats(sign * stats.ownership_to_play)
    return found


def _root(snapshot: SearchSnapshot, sign: int) -> dict[str, Any]:
    lead = round(sign * snapshot.lead_to_play, 4)
    return {
        "currentPlayer": "B" if snapshot.to_play == BLACK else "W",
        "visits": snapshot.visits,
        "weight": float(snapshot.visits),
        "winrate": _winrate(sign * snapshot.value_to_play),
        "utility": round(sign * snapshot.utility_to_play, 6),
        "scoreLead": lead,
        "scoreSelfplay": lead,
        "scoreStdev": round(snapshot.lead_stdev, 4),
        "rawWinrate": _winrate(sign * snapshot.raw_value_to_play),
        "rawLead": round(sign * snapshot.raw_lead_to_play, 4),
    }


def _floats(values: np.ndarray) -> list[float]:
    return [round(float(value), 4) for value in values.reshape(-1)]
