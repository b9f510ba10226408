"""A search's state as the lines that clients read: Leela Zero's form and KataGo's.

All figures are the side to play's. `pv` stands last in each move's part but for what KataGo puts behind it, and all
moves are on one line, the one that would be played first.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from ponnuki.engine.coords import vertex

from .analysis_arguments import AnalysisRequest

if TYPE_CHECKING:
    import numpy as np

    from ponnuki.engine.config import ChoiceSettings
    from ponnuki.engine.snapshot import MoveStats, SearchSnapshot

Line = Callable[["SearchSnapshot", "np.ndarray", AnalysisRequest, "ChoiceSettings"], str]
"""A report of a snapshot, given the root's priors float32[N*N + 1]."""


def shown_moves(
    snapshot: SearchSnapshot, priors: np.ndarray, wanted: AnalysisRequest, choice: ChoiceSettings
) -> list[MoveStats]:
    """The moves to tell of: the one that would be played, then by visits, then those without any by their priors."""
    from ponnuki.engine.choice import surest_first
    from ponnuki.engine.snapshot import MoveStats

    moves = surest_first(snapshot, choice)
    known = {stats.move for stats in moves}
    for move in (-priors).argsort(kind="stable").tolist():
        if len(moves) >= wanted.min_moves or priors[move] <= 0:
            break
        if move not in known:
            moves.append(MoveStats(move, 0, snapshot.value_to_play, snapshot.lead_to_play, float(priors[move]), (move,),
                                   utility_to_play=snapshot.utility_to_play, pv_visits=(0,)))
    return moves[: wanted.max_moves]


def leela_line(
    snapshot: SearchSnapshot, priors: np.ndarray, wanted: AnalysisRequest, choice: ChoiceSettings
) -> str:
    """``info move … pv …`` with win rate, prior and lcb as ten-thousandths."""
    parts = []
    for order, stats in enumerate(shown_moves(snapshot, priors, wanted, choice)):
        lcb = max(0.0, _winrate_bound(stats, choice))
        parts.append(f"info move {vertex(stats.move, snapshot.size)} visits {stats.visits} "
                     f"winrate {_ten_thousandths(stats.winrate)} prior {_ten_thousandths(stats.prior)} "
                     f"lcb {_ten_thousandths(lcb)} order {order} pv {_vertices(stats.pv, snapshot.size)}")
    return " ".join(parts)


def katago_line(
    snapshot: SearchSnapshot, priors: np.ndarray, wanted: AnalysisRequest, choice: ChoiceSettings
) -> str:
    """KataGo's fields for each move, and what the request's flags ask for behind them."""
    from ponnuki.engine.choice import lower_bound, shown_stdevs

    size = snapshot.size
    parts = []
    for order, stats in enumerate(shown_moves(snapshot, priors, wanted, choice)):
        bound = lower_bound(stats, shown_stdevs(choice))
        parts.append(
            f"info move {vertex(stats.move, size)} visits {stats.visits} edgeVisits {stats.visits} "
            f"utility {stats.utility_to_play:.6f} winrate {stats.winrate:.6f} scoreMean {stats.lead_to_play:.6f} "
            f"scoreStdev {stats.lead_stdev:.6f} scoreLead {stats.lead_to_play:.6f} "
            f"scoreSelfplay {stats.lead_to_play:.6f} prior {stats.prior:.6f} lcb {_winrate_bound(stats, choice):.6f} "
            f"utilityLcb {bound:.6f} weight {stats.visits:.6f} order {order} pv {_vertices(stats.pv, size)}"
        )
        if wanted.pv_visits:
            parts.append(f"pvVisits {' '.join(map(str, stats.pv_visits))}")
        if wanted.moves_ownership and stats.ownership_to_play is not None:
            parts.append(f"movesOwnership {_floats(stats.ownership_to_play)}")
    if wanted.root_info:
        parts.append(_root_info(snapshot))
    if wanted.ownership and snapshot.ownership_to_play is not None:
        parts.append(f"ownership {_floats(snapshot.ownership_to_play)}")
    if wanted.ownership_stdev and snapshot.ownership_stdev is not None:
        parts.append(f"ownershipStdev {_floats(snapshot.ownership_stdev)}")
    return " ".join(parts)


def _root_info(snapshot: SearchSnapshot) -> str:
    raw_winrate = (1 + snapshot.raw_value_to_play) / 2
    return (f"rootInfo visits {snapshot.visits} utility {snapshot.utility_to_play:.6f} winrate {snapshot.winrate:.6f} "
            f"scoreMean {snapshot.lead_to_play:.6f} scoreStdev {snapshot.lead_stdev:.6f} "
            f"scoreLead {snapshot.lead_to_play:.6f} scoreSelfplay {snapshot.lead_to_play:.6f} "
            f"weight {snapshot.visits:.6f} rawWinrate {raw_winrate:.6f} rawLead {snapshot.raw_lead_to_play:.6f}")


def _winrate_bound(stats: MoveStats, choice: ChoiceSettings) -> float:
    """The lower confidence bound of the win rate; below 0 where little is known, as KataGo has it."""
    from ponnuki.engine.choice import shown_stdevs

    return stats.winrate - shown_stdevs(choice) * stats.utility_radius / 2


def _ten_thousandths(share: float) -> int:
    return round(10000 * share)


def _vertices(moves: tuple[int, ...], size: int) -> str:
    return " ".join(vertex(move, size) for move in moves)


def _floats(values: np.ndarray) -> str:
    return " ".join(f"{value + 0.0:.4f}" for value in values.reshape(-1).tolist())  # + 0.0: no "-0.0000"
