"""What the evaluations below a node say together, beyond the means that the tree keeps: ownership, spread of leads."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from .evaluations import NO_SLOT, Evaluations
from .tree import NODES_USED, Tree, own_shares, sum_ownership


class Below(NamedTuple):
    """The nodes below one, itself the first, and how much the evaluation of each counts in its means."""

    nodes: np.ndarray  # int32[n]
    shares: np.ndarray  # float64[n], summing to 1
    sign: np.ndarray  # float32[n], -1 where the other side is to play


class Subtrees:
    """Asks about the subtrees of one tree, which must not change meanwhile."""

    def __init__(self, tree: Tree, store: Evaluations, size: int) -> None:
        """Look at a tree of a board of N = `size`."""
        self._tree = tree
        self._store = store
        self._size = size
        used = int(tree.used[NODES_USED])
        self._queue = np.empty(used, np.int32)
        self._weight = np.zeros(used)
        self._sign = np.empty(used, np.float32)

    def below(self, node: int) -> Below:
        """The nodes below a node with visits."""
        count = int(own_shares(self._tree, node, self._queue, self._weight, self._sign))
        nodes = self._queue[:count].copy()
        shares = self._weight[nodes] / np.maximum(1, self._tree.visits[nodes])
        self._weight[nodes] = 0
        return Below(nodes, shares, self._sign[:count].copy())

    def ownership(self, below: Below) -> tuple[np.ndarray, np.ndarray] | None:
        """Mean and standard deviation of the ownership, float32[N, N] each, from the first node's side to play.

        The store must keep ownership. None: no node has an evaluation, as after the passes that end a game.
        """
        mean, square = np.empty(self._size**2, np.float32), np.empty(self._size**2, np.float32)
        slots = self._tree.slot[below.nodes]
        if not sum_ownership(self._store, slots, below.shares, below.sign, mean, square):
            return None
        stdev = np.sqrt(np.maximum(0, square - mean * mean))
        return mean.reshape(self._size, self._size), stdev.reshape(self._size, self._size)

    def lead_stdev(self, below: Below) -> float:
        """Standard deviation of the final lead in points: the spread of the evaluations and their own uncertainty."""
        lead = self._tree.raw_lead[below.nodes] * below.sign
        slots = self._tree.slot[below.nodes]
        own = np.where(slots == NO_SLOT, 0, self._store.lead_stdev[slots])
        mean = float(below.shares @ lead)
        return float(np.sqrt(max(0.0, float(below.shares @ (lead * lead + own * own)) - mean * mean)))
