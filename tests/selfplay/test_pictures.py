"""TensorBoard's sample boards."""

import numpy as np

from ponnuki.engine.evaluator import Evaluation
from ponnuki.engine.features import OPPOSING_PLANE, OWN_PLANE
from ponnuki.records.batches import TrainingBatch
from ponnuki.selfplay.pictures import CELL, GAP, sample_boards

SIZE = 5
SIDE = SIZE * CELL + GAP


def test_stones_policy_and_ownership_are_where_they_belong() -> None:
    planes = np.zeros((2, 12, SIZE, SIZE), np.float32)
    planes[:, OWN_PLANE, 0, 0] = 1
    planes[:, OPPOSING_PLANE, 4, 4] = 1
    target = np.zeros((2, SIZE * SIZE + 1), np.float32)
    target[:, 2] = 1
    owned = np.zeros((2, SIZE, SIZE), np.float32)
    owned[:, 2, 2] = 1
    ones = np.ones(2, np.float32)
    batch = TrainingBatch(planes, np.zeros((2, 9), np.float32), target, ones, ones, ones, ones, ones, owned, ones)
    logits = np.zeros_like(target)
    logits[:, 7] = 50
    answers = Evaluation(logits, ones, ownership_to_play=-owned)
    picture = sample_boards(batch, answers)
    assert picture.shape == (2 * SIDE, 3 * SIDE, 3)
    assert picture.dtype == np.uint8
    half = CELL // 2

    def point(board: int, row: int, column: int, right: int = 0) -> list[int]:
        return picture[row * CELL + half, board * SIDE + column * CELL + half - 1 + right].tolist()

    assert point(0, 0, 0) == [20, 20, 20]
    assert point(0, 4, 4) == [245, 245, 245]
    assert point(0, 1, 2) == [200, 20, 20]  # the net's move
    assert point(1, 0, 2) == [200, 20, 20]  # the target's
    assert point(1, 1, 2) == point(0, 3, 3) == [222, 184, 120]
    assert point(2, 2, 2) == [245, 245, 245]  # the net gives it to the other side, the target to the side to move
    assert point(2, 2, 2, right=1) == [20, 20, 20]
