"""What a player, a pool and a clock need of a search: PUCT over an evaluator's answers, or RAVE over rollouts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np

from .evaluator import Evaluation, LeafBatch
from .snapshot import SearchSnapshot


class Searching(Protocol):
    """The search of one position, stepped from outside."""

    @property
    def size(self) -> int:
        """Board size."""

    @property
    def visits(self) -> int:
        """Visits of the root."""

    @property
    def to_play(self) -> int:
        """Colour to play at the root."""

    @property
    def full(self) -> bool:
        """Whether no further playout can begin."""

    @property
    def in_flight(self) -> int:
        """Rows of batches under evaluation."""

    @property
    def most_in_flight(self) -> int:
        """Rows that may be in flight at once, those that are included."""

    playouts: int
    """Playouts finished since the search began or the root moved."""

    @property
    def tree_bytes(self) -> int:
        """Bytes of the tree's nodes and of the evaluations in use."""

    def collect(self, batch: LeafBatch, limit: int | None = None) -> int:
        """Add leaves to a batch, or finish playouts that need no evaluation. Returns the rows added."""

    def apply(self, batch: LeafBatch, evaluation: Evaluation) -> None:
        """Take the evaluations of this search's rows of a batch."""

    @staticmethod
    def collect_together(
        searches: Sequence[Any], batch: LeafBatch, limits: Sequence[int | None], rows: int | None = None
    ) -> None:
        """`collect` for several searches of one board size, each at most `rows` leaves; see `Pool.step`."""

    @staticmethod
    def apply_together(searches: Sequence[Any], batch: LeafBatch, evaluation: Evaluation) -> None:
        """`apply` for several searches of one board size, each with rows in the batch."""

    def expect(self, playouts: int | None) -> None:
        """Say how many playouts are to come, None if nobody knows."""

    def advance(self, move: int) -> None:
        """Play a move at the root and keep what is known below it."""

    def release(self) -> None:
        """Let go of what is shared; the search is of no use afterwards."""

    def snapshot(self, max_pv: int = 64, *, lead_stdev: bool = False, moves_ownership: bool = False) -> SearchSnapshot:
        """The state of the search now; what is asked for besides may be left out where it is not known."""

    def root_visits(self) -> tuple[np.ndarray, np.ndarray]:
        """(visits, utilities to play) of the root's moves that were looked at."""

    def priors(self) -> np.ndarray:
        """float32[N*N + 1]: what is thought of the root's moves before any is tried."""

    def plain_priors(self) -> np.ndarray:
        """float32[N*N + 1]: the same without what the settings change at the root: temperature and noise."""
