"""Validation figures by hand."""

import numpy as np
import pytest

from ponnuki.engine.evaluator import Evaluation
from ponnuki.nets.accuracy import accuracy, log_softmax
from ponnuki.records.batches import TrainingBatch


def batch_of(policy: list[list[float]], value: list[float], value_weight: list[float]) -> TrainingBatch:
    rows = len(policy)
    return TrainingBatch(
        planes=np.zeros((rows, 12, 1, 1), np.float32),
        globals=np.zeros((rows, 9), np.float32),
        policy_target=np.array(policy, np.float32),
        policy_weight=np.ones(rows, np.float32),
        value_target=np.array(value, np.float32),
        value_weight=np.array(value_weight, np.float32),
        lead_target=np.array([3.0] * rows, np.float32),
        lead_weight=np.array([1.0] + [0.0] * (rows - 1), np.float32),
        ownership_target=np.ones((rows, 1, 1), np.float32),
        ownership_weight=np.zeros(rows, np.float32),
    )


def test_figures_by_hand() -> None:
    batch = batch_of([[1, 0], [0, 1], [0.5, 0.5]], [1.0, -1.0, 0.5], [1, 1, 0])
    answers = Evaluation(
        policy=np.log(np.array([[3, 1], [3, 1], [1, 1]], np.float32)),
        value_to_play=np.array([0.5, 0.5, -0.9], np.float32),
        lead_to_play=np.array([1.0, 9.0, 9.0], np.float32),
        ownership_to_play=np.zeros((3, 1, 1), np.float32),
    )
    figures = accuracy(lambda planes, globals_: answers, [batch, batch])
    assert figures == {
        "policy_loss": pytest.approx(-(np.log(0.75) + np.log(0.25) + np.log(0.5)) / 3),
        "top1": pytest.approx(2 / 3),
        "value_mse": pytest.approx((0.25 + 2.25) / 2),
        "value_mae": pytest.approx((0.5 + 1.5) / 2),
        "sign": 0.5,
        "lead_mae": 2.0,
        "positions": 6.0,
    }


def test_log_softmax_of_large_logits() -> None:
    assert log_softmax(np.array([[1000.0, 1000.0]], np.float32)) == pytest.approx(np.full((1, 2), -np.log(2)))
