"""How well answers agree with labels: the same figures for a net in training and for a file run by onnxruntime."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable

import numpy as np
from numpy.typing import NDArray

from ponnuki.engine.evaluator import Evaluation
from ponnuki.records.batches import TrainingBatch

Answer = Callable[[NDArray[np.float32], NDArray[np.float32]], Evaluation]
"""Planes float32[B, C, N, N] and globals float32[B, K] in, a batch's evaluation out."""

Rows = NDArray[np.float32]

CLEARLY_OWNED = 0.5
"""Ownership beyond which a point is somebody's."""


def accuracy(answer: Answer, batches: Iterable[TrainingBatch]) -> dict[str, float]:
    """Figures over a group's batches, each a mean over the positions that have the target.

    Keys: policy_loss (nats), top1 and top5 (share of positions whose target's first move is the likeliest, or among the
    five likeliest), value_mse and value_mae (-1..1 units), sign (share of values on the target's side), calibration
    (see `calibration_error`), lead_mae (points), ownership_mse, ownership_sign (share of the points that are somebody's
    which are given to the right side); and positions, their number. A figure without any target is left out.
    """
    sums: dict[str, float] = defaultdict(float)
    counts: dict[str, float] = defaultdict(float)
    values: list[tuple[Rows, Rows, Rows]] = []
    positions = 0
    for batch in batches:
        positions += batch.rows
        answers = answer(batch.planes, batch.globals)
        values.append((answers.value_to_play, batch.value_target, batch.value_weight))
        for name, rows, weight in _figures(answers, batch):
            sums[name] += float((rows * weight).sum())
            counts[name] += float(weight.sum())
    figures = {name: sums[name] / counts[name] for name in sums if counts[name] > 0}
    if "value_mse" in figures:
        figures["calibration"] = calibration_error(*(np.concatenate(column) for column in zip(*values, strict=True)))
    return figures | {"positions": float(positions)}


CALIBRATION_BINS = 10


def calibration_error(value: Rows, target: Rows, weight: Rows) -> float:
    """How far values are from what they promise: over bins of equal width, the mean distance between the mean value and
    the mean target of a bin, each bin by its weight (the expected calibration error, in -1..1 units)."""
    place = np.clip(((value + 1) / 2 * CALIBRATION_BINS).astype(np.int64), 0, CALIBRATION_BINS - 1)
    gap = np.bincount(place, (value - target) * weight, CALIBRATION_BINS)
    return float(abs(gap).sum() / weight.sum())


def _figures(answers: Evaluation, batch: TrainingBatch) -> Iterable[tuple[str, Rows, Rows]]:
    """Each figure's name, its rows [B] and their weights [B]."""
    logits, policy_target = answers.policy, batch.policy_target
    yield "policy_loss", -(policy_target * log_softmax(logits)).sum(1), batch.policy_weight
    yield "top1", (logits.argmax(1) == policy_target.argmax(1)).astype(np.float32), batch.policy_weight
    likeliest = np.argpartition(-logits, min(5, logits.shape[1] - 1), axis=1)[:, :5]
    among = (likeliest == policy_target.argmax(1)[:, np.newaxis]).any(1)
    yield "top5", among.astype(np.float32), batch.policy_weight
    value, value_target = answers.value_to_play, batch.value_target
    yield "value_mse", (value - value_target) ** 2, batch.value_weight
    yield "value_mae", abs(value - value_target), batch.value_weight
    yield "sign", ((value > 0) == (value_target > 0)).astype(np.float32), batch.value_weight
    if answers.lead_to_play is not None:
        yield "lead_mae", abs(answers.lead_to_play - batch.lead_target), batch.lead_weight
    if answers.ownership_to_play is not None:
        error = (answers.ownership_to_play - batch.ownership_target) ** 2
        yield "ownership_mse", error.mean((1, 2)), batch.ownership_weight
        owned = abs(batch.ownership_target) > CLEARLY_OWNED
        right = owned & ((answers.ownership_to_play > 0) == (batch.ownership_target > 0))
        share = right.sum((1, 2)) / np.maximum(1, owned.sum((1, 2)))
        yield "ownership_sign", share.astype(np.float32), batch.ownership_weight * owned.any((1, 2))


def log_softmax(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    """Logarithms of the softmax over the last axis."""
    shifted = logits - logits.max(-1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(-1, keepdims=True))
