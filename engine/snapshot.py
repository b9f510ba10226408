"""What a search knows at one moment: all that analysis, records and the choice of a move look at."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .evaluations import Evaluations
from .tree import NO_LINK, ROOT, STDEV_PRIOR, STDEV_PRIOR_WEIGHT, Tree


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


def links_of(tree: Tree, node: int) -> list[int]:
    """A node's links, in the order of their moves."""
    links = []
    link = int(tree.first_link[node])
    while link != NO_LINK:
        links.append(link)
        link = int(tree.link_next[link])
    return links


def standard_error(visits: int, mean: float, mean_square: float) -> float:
    """Of a mean utility: a pooled variance, with a prior of STDEV_PRIOR_WEIGHT visits, over the visits."""
    variance = max(0.0, mean_square - mean * mean)
    pooled = (variance * visits + STDEV_PRIOR**2 * STDEV_PRIOR_WEIGHT) / (visits + STDEV_PRIOR_WEIGHT - 1.0)
    return float(np.sqrt(pooled / max(1, visits)))


def move_stats(tree: Tree, store: Evaluations, index: int, link: int, max_pv: int) -> MoveStats:
    """The figures of one root move, given its place in the root's evaluation and its link."""
    child, slot = int(tree.link_child[link]), int(tree.slot[ROOT])
    visits = int(tree.link_visits[link])
    utility = -float(tree.utility[child])
    moves, counts = principal_variation(tree, store, child, max_pv - 1)
    move = int(store.move[slot, index])
    return MoveStats(
        move=move,
        visits=visits,
        value_to_play=-float(tree.value[child]),
        lead_to_play=-float(tree.lead[child]),
        prior=(float(store.prior[slot, index]) / 65535.0) ** 2,
        pv=(move, *moves),
        utility_to_play=utility,
        utility_radius=standard_error(visits, utility, float(tree.utility_square[child])),
        pv_visits=(visits, *counts),
    )


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
