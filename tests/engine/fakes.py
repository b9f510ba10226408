"""Evaluators for tests: opinions that depend on the position alone, so that any search can be replayed."""

from __future__ import annotations

import random
from collections.abc import Callable

import numpy as np

from ponnuki.engine.board import TO_PLAY, Board, stones_of
from ponnuki.engine.evaluator import Evaluation, EvaluatorInputs, EvaluatorOutputs, LeafBatch
from ponnuki.engine.features import FEATURE_VERSION, GLOBALS, OPPOSING_PLANE, OWN_PLANE, PLANES
from tests.reference.go import ReferenceGame, Stones

Opinion = tuple[list[float], float, float]


def opinion(stones: Stones, to_play: int) -> Opinion:
    """Random logits, value and lead, always the same ones for a position and a side to play."""
    rng = random.Random(repr((stones, to_play)))
    logits = [rng.gauss(0, 1) for _ in range(len(stones) + 1)]
    logits[-1] -= 1.0
    return logits, rng.uniform(-1, 1), rng.uniform(-20, 20)


def reference_opinion(game: ReferenceGame) -> Opinion:
    """`opinion` for the reference search."""
    return opinion(game.stones, game.to_play)


class OpinionEvaluator:
    """`opinion` behind the evaluator seam; counts its calls and the leaves it has seen."""

    inputs = EvaluatorInputs(positions=True)
    outputs = EvaluatorOutputs(lead=True)

    def __init__(self, before: Callable[[LeafBatch], None] = lambda batch: None) -> None:
        """Call `before` with each batch first."""
        self.calls = self.leaves = 0
        self._before = before

    def evaluate(self, batch: LeafBatch) -> Evaluation:
        self._before(batch)
        self.calls += 1
        self.leaves += batch.count
        opinions = []
        stones = np.empty(batch.size**2, np.uint8)
        for row in range(batch.count):
            board = Board(*(array[row] for array in batch.arrays.boards))
            stones_of(board, stones)
            opinions.append(opinion(tuple(stones.tolist()), int(board.info[TO_PLAY])))
        logits, values, leads = zip(*opinions, strict=True)
        return Evaluation(np.array(logits, np.float32), np.array(values, np.float32), np.array(leads, np.float32))


class EquivariantEvaluator:
    """Reads the planes, and has the same opinion of a position in whatever symmetry it is shown; counts its leaves."""

    inputs = EvaluatorInputs(FEATURE_VERSION, PLANES, GLOBALS)
    outputs = EvaluatorOutputs(ownership=True)

    def __init__(self) -> None:
        self.leaves = 0

    def evaluate(self, batch: LeafBatch) -> Evaluation:
        count, size = batch.count, batch.size
        self.leaves += count
        planes = batch.planes[:count].astype(np.float64).reshape(count, PLANES, -1)
        own, opposing = planes[:, OWN_PLANE], planes[:, OPPOSING_PLANE]
        rows, cols = np.divmod(np.arange(size * size), size)
        distance = np.hypot(rows[:, None] - rows, cols[:, None] - cols)
        influence = (own - opposing) @ 0.61**distance
        pressure = (own + opposing) @ 0.37**distance
        policy = np.concatenate([3 * pressure - influence, np.full((count, 1), -1.0)], axis=1)
        value, ownership = np.tanh(influence.sum(axis=1) / size), np.tanh(influence)
        # Rounded, so that the order of summation does not show.
        policy, value, ownership = (np.round(array, 3).astype(np.float32) for array in (policy, value, ownership))
        return Evaluation(policy, value, ownership_to_play=ownership.reshape(count, size, size))
