"""Validation figures by hand."""

import numpy as np
import pytest

from ponnuki.engine.evaluator import Evaluation
from ponnuki.nets.accuracy import accuracy, calibration_error, log_softmax
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
        "top5": 1.0,
        "value_mse": pytest.approx((0.25 + 2.25) / 2),
        "value_mae": pytest.approx((0.5 + 1.5) / 2),
        "sign": 0.5,
        "calibration": pytest.approx(0.5),  # both values are 0.5, their targets 1 and -1
        "lead_mae": 2.0,
        "positions": 6.0,
    }


def test_log_softmax_of_large_logits() -> None:
    assert log_softmax(np.array([[1000.0, 1000.0]], np.float32)) == pytest.approx(np.full((1, 2), -np.log(2)))


def test_ownership_counts_the_points_that_are_somebodys() -> None:
    batch = batch_of([[1, 0], [0, 1]], [0.0, 0.0], [0, 0])._replace(
        ownership_target=np.array([[[1.0, -1.0, 0.1]], [[0.2, 0.0, 0.0]]], np.float32),
        ownership_weight=np.ones(2, np.float32),
    )
    answers = Evaluation(
        policy=np.zeros((2, 2), np.float32),
        value_to_play=np.zeros(2, np.float32),
        ownership_to_play=np.array([[[0.3, 0.3, 0.3]], [[0.3, 0.3, 0.3]]], np.float32),
    )
    assert accuracy(lambda planes, globals_: answers, [batch])["ownership_sign"] == 0.5


def test_five_moves_are_looked_at() -> None:
    logits = np.array([[9, 8, 7, 6, 5, 4, 3, 2, 1, 0]], np.float32)
    for move, found in ((0, 1.0), (4, 1.0), (5, 0.0)):
        batch = batch_of([[float(place == move) for place in range(10)]], [0.0], [0.0])
        answers = Evaluation(policy=logits, value_to_play=np.zeros(1, np.float32))
        assert accuracy(lambda planes, globals_, answers=answers: answers, [batch])["top5"] == found


def test_calibration_by_hand() -> None:
    value = np.array([0.95, 0.95, 0.95, -0.5], np.float32)
    target = np.array([1.0, 1.0, -1.0, -0.5], np.float32)
    assert calibration_error(value, target, np.ones(4, np.float32)) == pytest.approx((3 * 0.95 - 1) / 4)
    assert calibration_error(value, target, np.array([1, 1, 0, 1], np.float32)) == pytest.approx(0.1 / 3, rel=1e-4)
