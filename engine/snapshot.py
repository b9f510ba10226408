"""What a search knows at one moment: all that analysis, records and the choice of a move look at."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ._jit import kernel
from ._packed import Packed
from .descent import SearchState
from .evaluations import Evaluations, prior_of
from .tree import ROOT, Tree, links_of, pooled_variance


@dataclass(frozen=True)
class MoveStats:
    """One move at the root, from the view of the side to play there."""

    move: int
    visits: int
    value_to_play: float
    """Mean value, -1 … 1; that of the first-play urgency is not shown: a move has at least one visit."""
    lead_to_play: float
    """Mean lead in points, komi counted."""
    prior: float
    pv: tuple[int, ...]
    """The principal variation, this move first."""
    utility_to_play: float = 0.0
    """What the search maximises: the value and, by the settings, the score."""
    utility_radius: float = 2.0
    """One standard error of the utility; the lower confidence bound lies a multiple of it below."""
    pv_visits: tuple[int, ...] = ()
    """Visits of the variation's moves."""
    lead_stdev: float = 0.0
    """Standard deviation of the final lead in points, where it was asked for."""
    ownership_to_play: np.ndarray | None = None
    """float32[N, N], -1 … 1, where it was asked for."""

    @property
    def winrate(self) -> float:
        """`value_to_play` as 0 … 1."""
        return (1.0 + self.value_to_play) / 2.0


@dataclass(frozen=True)
class SearchSnapshot:
    """What a search knows at one moment, from the view of the side to play at the root."""

    size: int
    to_play: int
    visits: int
    playouts: int
    value_to_play: float
    lead_to_play: float
    raw_value_to_play: float
    moves: tuple[MoveStats, ...]
    """Best first: by visits, then by value, or as a plan says."""
    ownership_to_play: np.ndarray | None = None
    """float32[N, N], -1 … 1, where the search keeps it."""
    ownership_stdev: np.ndarray | None = None
    """float32[N, N], its standard deviation over the evaluations."""
    planned: bool = False
    """Whether a plan for the root (Gumbel selection) has put the moves in order."""
    utility_to_play: float = 0.0
    raw_lead_to_play: float = 0.0
    lead_stdev: float = 0.0
    """Standard deviation of the final lead in points, where it was asked for."""

    @property
    def winrate(self) -> float:
        """`value_to_play` as 0 … 1."""
        return (1.0 + self.value_to_play) / 2.0


@kernel
def standard_error(visits, mean, mean_square):
    """Of a mean utility: `pooled_variance` over the visits."""
    return np.sqrt(pooled_variance(visits, mean, mean_square) / max(1.0, visits))


@kernel
def root_figures(search, whole, real):
    """Write the figures of the moves that the root has links for, in the links' order.

    Args:
        search: packed SearchState.
        whole: int32[k, 3], written: move, child and visits.
        real: float64[k, 5], written: value, lead and utility to play, prior, standard error of the utility.
    """
    state = search.content
    tree, store = state.tree, state.store
    slot = np.int64(tree.slot[ROOT])
    link = np.int64(tree.first_link[ROOT])
    for index in range(whole.shape[0]):
        child = np.int64(tree.link_child[link])
        utility = -np.float64(tree.utility[child])
        whole[index, 0] = store.move[slot, index]
        whole[index, 1] = child
        whole[index, 2] = tree.link_visits[link]
        real[index, 0] = -tree.value[child]
        real[index, 1] = -tree.lead[child]
        real[index, 2] = utility
        real[index, 3] = prior_of(store, slot, index)
        visits = np.float64(tree.link_visits[link])
        real[index, 4] = standard_error(visits, utility, np.float64(tree.utility_square[child]))
        link = np.int64(tree.link_next[link])


def root_moves(search: Packed, max_pv: int) -> list[tuple[int, MoveStats]]:
    """The root's moves that have visits: the node that each leads to, and its figures.

    Args:
        search: packed SearchState.
        max_pv: longest principal variation in moves.
    """
    state: SearchState = search.content
    tree, store = state.tree, state.store
    count = int(tree.opened[ROOT])
    whole, real = np.empty((count, 3), np.int32), np.empty((count, 5))
    root_figures(search, whole, real)
    moves = []
    for (move, child, visits), figures in zip(whole.tolist(), real.tolist(), strict=True):
        if visits:
            value, lead, utility, prior, radius = figures
            later, counts = principal_variation(tree, store, child, max_pv - 1)
            stats = MoveStats(
                move=move,
                visits=visits,
                value_to_play=value,
                lead_to_play=lead,
                prior=prior,
                pv=(move, *later),
                utility_to_play=utility,
                utility_radius=radius,
                pv_visits=(visits, *counts),
            )
            moves.append((child, stats))
    return moves


def principal_variation(tree: Tree, store: Evaluations, node: int, length: int) -> tuple[list[int], list[int]]:
    """The most visited moves below a node, and their visits."""
    moves: list[int] = []
    counts: list[int] = []
    while len(moves) < length and (links := links_of(tree, node)):
        visits = [int(tree.link_visits[link]) for link in links]
        best = int(np.argmax(visits))
        if not visits[best]:
            break
        moves.append(int(store.move[tree.slot[node], best]))
        counts.append(visits[best])
        node = int(tree.link_child[links[best]])
    return moves, counts
