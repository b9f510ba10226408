"""Sample boards for TensorBoard: what a net answers beside what it should.

A row of three boards for each position: the net's policy, the policy's target, and ownership. Policies are shades of
red up to the likeliest move; ownership is a square on each point, as dark or light as the side it is given to, the
net's on the left half and the target's on the right.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ponnuki.engine.evaluator import Evaluation
from ponnuki.engine.features import OPPOSING_PLANE, OWN_PLANE
from ponnuki.nets.accuracy import log_softmax
from ponnuki.records.batches import TrainingBatch

CELL = 12
"""Pixels of a point."""
GAP = 6
"""Pixels between boards."""

Picture = NDArray[np.uint8]

_WOOD = np.array([222, 184, 120], np.float64)
_RED = np.array([200, 20, 20], np.float64)
_OWN, _OTHER = np.array([20, 20, 20], np.float64), np.array([245, 245, 245], np.float64)


def sample_boards(batch: TrainingBatch, answers: Evaluation) -> Picture:
    """uint8[height, width, 3]: all positions of a batch, one below the other; the side to move's stones are black."""
    policy = np.exp(log_softmax(answers.policy))
    rows = []
    for row in range(batch.rows):
        stones = batch.planes[row, OWN_PLANE] - batch.planes[row, OPPOSING_PLANE]
        owned = np.zeros_like(stones) if answers.ownership_to_play is None else answers.ownership_to_play[row]
        boards = (
            _with_policy(stones, policy[row]),
            _with_policy(stones, batch.policy_target[row]),
            _with_ownership(stones, owned, batch.ownership_target[row]),
        )
        rows.append(np.hstack([np.pad(board, ((0, GAP), (0, GAP), (0, 0))) for board in boards]))
    return np.vstack(rows).round().astype(np.uint8)


def _with_policy(stones: NDArray[np.float32], policy: NDArray[np.float32]) -> NDArray[np.float64]:
    points = policy[:-1].reshape(stones.shape)
    shade = _enlarged(points / max(float(policy.max()), 1e-9))[:, :, np.newaxis]
    return _with_stones((1 - shade) * _WOOD + shade * _RED, stones)


def _with_ownership(
    stones: NDArray[np.float32], answer: NDArray[np.float32], target: NDArray[np.float32]
) -> NDArray[np.float64]:
    board = _with_stones(np.broadcast_to(_WOOD, (*_enlarged(stones).shape, 3)).copy(), stones)
    rows, columns = np.indices(board.shape[:2]) % CELL
    middle = (abs(rows - CELL // 2) <= CELL // 4) & (abs(columns - CELL // 2) <= CELL // 4)
    given = np.where(columns < CELL // 2, _enlarged(answer), _enlarged(target))
    shade = ((1 + given) / 2)[:, :, np.newaxis]
    board[middle] = (shade * _OWN + (1 - shade) * _OTHER)[middle]
    return board


def _with_stones(board: NDArray[np.float64], stones: NDArray[np.float32]) -> NDArray[np.float64]:
    rows, columns = np.indices(board.shape[:2]) % CELL
    round_ = (rows - CELL / 2 + 0.5) ** 2 + (columns - CELL / 2 + 0.5) ** 2 < (CELL / 2) ** 2
    for sign, colour in ((1, _OWN), (-1, _OTHER)):
        board[round_ & (_enlarged(stones) == sign)] = colour
    return board


def _enlarged(points: NDArray[np.float32]) -> NDArray[np.float32]:
    return points.repeat(CELL, 0).repeat(CELL, 1)
