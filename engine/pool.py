"""Feeds searches to an evaluator: collect leaves of many, evaluate them together, hand the answers back.

The GTP player is a pool of one search; self-play and the analysis engine are pools of many.

With several workers, one search is fed by that many threads: while one evaluates its batch, the others select, back up
or evaluate theirs. The search itself is touched by one at a time. A net evaluated by two threads, each for itself, is
faster than one whose layers two threads share.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

from .config import Limits
from .evaluator import Evaluation, Evaluator, LeafBatch
from .searching import Searching


class Pool:
    """One evaluator and the batches on their way to it."""

    def __init__(self, evaluator: Evaluator, batch_size: int, workers: int = 1) -> None:
        """Serve an evaluator with batches of at most `batch_size` leaves, from so many threads in `run`."""
        self.evaluator = evaluator
        self.batch_size = batch_size
        self.workers = workers
        self.evaluations = 0
        """Rows evaluated by `step` so far."""
        self._batches: dict[int, LeafBatch] = {}

    def step(
        self, searches: Sequence[Searching], limits: Sequence[int | None] | None = None, rows: int | None = None
    ) -> int:
        """Fill one batch from searches of one kind and board size, evaluate it and apply it. Returns the playouts done.

        Args:
            limits: most playouts that each search may add, None for as many as fit.
            rows: most leaves of each search, None for as many as fit. Playouts that need no evaluation then come on
                top, so that a search whose positions are known from others leaves no gap in the batch.
        """
        batch = self._batch(searches[0].size)
        before = sum(search.playouts for search in searches)
        kind = type(searches[0])
        kind.collect_together(searches, batch, limits if limits is not None else [None] * len(searches), rows)
        if batch.count:
            evaluation = self.evaluator.evaluate(batch)
            self.evaluations += batch.count
            kind.apply_together([search for search in searches if id(search) in batch.spans], batch, evaluation)
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
        if self.workers > 1:
            _Crew(self, search, limits, stopped).run()
            return
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


class _Crew:
    """Several threads that feed one search until a limit is met."""

    def __init__(self, pool: Pool, search: Searching, limits: Limits, stopped: Callable[[], bool]) -> None:
        self._pool = pool
        self._search = search
        self._limits = limits
        self._stopped = stopped
        self._turn = threading.Condition()
        """Held by who touches the search; notified when evaluations have come back."""
        self._over = False
        self._failure: BaseException | None = None

    def run(self) -> None:
        """Work until the end, in this thread too; returns when nothing is in flight any more.

        Raises:
            whatever the evaluator or `stopped` raised first.
        """
        helpers = [threading.Thread(target=self._work, daemon=True) for _ in range(self._pool.workers - 1)]
        for helper in helpers:
            helper.start()
        self._work()
        for helper in helpers:
            helper.join()
        if self._failure is not None:
            raise self._failure

    def _work(self) -> None:
        batch = LeafBatch(self._search.size, self._pool.batch_size, self._pool.evaluator.inputs)
        try:
            while self._fill(batch):
                self._give_back(batch, self._pool.evaluator.evaluate(batch))
        except BaseException as failure:
            with self._turn:
                self._failure = self._failure or failure
                self._over = True
                self._turn.notify_all()

    def _fill(self, batch: LeafBatch) -> bool:
        """Put leaves into a batch, waiting for evaluations where none can be had without; False at the end."""
        search = self._search
        with self._turn:
            while not self._is_over():
                batch.clear()
                remaining = playouts_left(search, self._limits)
                before = search.playouts
                share = max(1, search.most_in_flight // self._pool.workers)
                if remaining is not None:
                    wanted = max(remaining, 0 if search.visits else 1)
                    share = min(share, wanted - search.in_flight)
                if share > 0 and search.collect(batch, share):
                    return True
                if search.playouts == before:
                    if not search.in_flight:
                        break
                    self._turn.wait()
            self._over = True
            self._turn.notify_all()
            return False

    def _is_over(self) -> bool:
        search = self._search
        if self._over or search.full:
            return True
        if not search.visits:
            return False
        return playouts_left(search, self._limits) == 0 or self._stopped()

    def _give_back(self, batch: LeafBatch, evaluation: Evaluation) -> None:
        with self._turn:
            self._search.apply(batch, evaluation)
            self._turn.notify_all()
