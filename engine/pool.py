"""Feeds searches to an evaluator: collect leaves of many, evaluate them together, hand the answers back.

The GTP player is a pool of one search; self-play and the analysis engine are pools of many.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from .config import Limits
from .evaluator import Evaluator, LeafBatch
from .searching import Searching


class Pool:
    """One evaluator and the batches on their way to it."""

    def __init__(self, evaluator: Evaluator, batch_size: int) -> None:
        """Serve an evaluator with batches of at most `batch_size` leaves."""
        self.evaluator = evaluator
        self.batch_size = batch_size
        self._batches: dict[int, LeafBatch] = {}

    def step(self, searches: Sequence[Searching], limits: Sequence[int | None] | None = None) -> int:
        """Fill one batch from searches of one board size, evaluate it and apply it. Returns the playouts done.

        Args:
            limits: most playouts that each search may add, None for as many as fit.
        """
        batch = self._batch(searches[0].size)
        before = sum(search.playouts for search in searches)
        for index, search in enumerate(searches):
            search.collect(batch, limits[index] if limits is not None else None)
        if batch.count:
            evaluation = self.evaluator.evaluate(batch)
            for search in searches:
                if id(search) in batch.spans:
                    search.apply(batch, evaluation)
        return sum(search.playouts for search in searches) - before

    def run(
        self,
        search: Searching,
        limits: Limits,
        stopped: Callable[[], bool] = lambda: False,
    ) -> None:
        """Step one search until a limit of playouts or visits is met, `stopped` says so, or its tree is full.

        `stopped` is asked before every batch. At least the root is evaluated, so that there is a move to choose.
        """
        search.expect(playouts_left(search, limits))
        while not search.full:
            remaining = playouts_left(search, limits)
            if search.visits and (remaining == 0 or stopped()):
                return
            if not self.step([search], [None if remaining is None else max(1, remaining)]):
                return

    def _batch(self, size: int) -> LeafBatch:
        if size not in self._batches:
            self._batches[size] = LeafBatch(size, self.batch_size, self.evaluator.inputs)
        batch = self._batches[size]
        batch.clear()
        return batch


def playouts_left(search: Searching, limits: Limits) -> int | None:
    """Playouts until the first of the limits, None where there is none."""
    left = []
    if limits.playouts is not None:
        left.append(limits.playouts - search.playouts)
    if limits.visits is not None:
        left.append(limits.visits - search.visits)
    return max(0, min(left)) if left else None
