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


def accuracy(answer: Answer, batches: Iterable[TrainingBatch]) -> dict[str, float]:
    """Figures over a group's batches, each a mean over the positions that have the target.

    Keys: policy_loss (nats), top1 (share of positions whose likeliest move is the target's), value_mse and value_mae
    (-1..1 units), sign (share of values on the target's side), lead_mae (points), ownership_mse; and positions, their
    number. A figure without any target is left out.
    """
    sums: dict[str, float] = defaultdict(float)
    counts: dict[str, float] = defaultdict(float)
    positions = 0
    for batch in batches:
        positions += batch.rows
        for name, rows, weight in _figures(answer(batch.planes, batch.globals), batch):
            sums[name] += float((rows * weight).sum())
            counts[name] += float(weight.sum())
    figures = {name: sums[name] / counts[name] for name in sums if counts[name] > 0}
    return figures | {"positions": float(positions)}


def _figures(answers: Evaluation, batch: TrainingBatch) -> Iterable[tuple[str, Rows, Rows]]:
    """Each figure's name, its rows [B] and their weights [B]."""
    logits, policy_target = answers.policy, batch.policy_target
    yield "policy_loss", -(policy_target * log_softmax(logits)).sum(1), batch.policy_weight
    yield "top1", (logits.argmax(1) == policy_target.argmax(1)).astype(np.float32), batch.policy_weight
    value, value_target = answers.value_to_play, batch.value_target
    yield "value_mse", (value - value_target) ** 2, batch.value_weight
    yield "value_mae", abs(value - value_target), batch.value_weight
    yield "sign", ((value > 0) == (value_target > 0)).astype(np.float32), batch.value_weight
    if answers.lead_to_play is not None:
        yield "lead_mae", abs(answers.lead_to_play - batch.lead_target), batch.lead_weight
    if answers.ownership_to_play is not None:
        error = (answers.ownership_to_play - batch.ownership_target) ** 2
        yield "ownership_mse", error.mean((1, 2)), batch.ownership_weight


def log_softmax(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    """Logarithms of the softmax over the last axis."""
    shifted = logits - logits.max(-1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(-1, keepdims=True))
