"""Speed of training steps with the trainer's own defaults; importing this needs the extra `train`."""

from __future__ import annotations

import statistics
from collections.abc import Callable
from typing import Any

import numpy as np

from ponnuki.engine.evaluator import NET_INPUTS
from ponnuki.nets.model import Net, channels_last
from ponnuki.nets.optim import make_optimizer
from ponnuki.nets.parallel import SplitBatch, default_workers
from ponnuki.nets.training import LossWeights, prefers_bfloat16, train_step
from ponnuki.records.batches import TrainingBatch
from ponnuki.selfplay.train import TrainSettings, batch_rows, net_config

from .timing import rate


def measure_training(size: int, seconds: float, turns: int = 5) -> dict[str, Any]:
    """Steps of the default network on batches of made-up positions, on all cores, in both precisions in turns.

    Returns:
        `train_positions_per_s` in the precision that the trainer takes here, and `train_bfloat16_ratio`, the median of
        the turns' ratios of bfloat16's speed to float32's.
    """
    steps = {bfloat16: _step(size, bfloat16) for bfloat16 in (False, True)}
    for step in steps.values():
        step()
    rates = [
        {bfloat16: rate(step, seconds / turns / len(steps)) for bfloat16, step in steps.items()} for _ in range(turns)
    ]
    taken = prefers_bfloat16("cpu")
    return {
        "train_positions_per_s": statistics.median(turn[taken] for turn in rates),
        "train_bfloat16_ratio": statistics.median(turn[True] / turn[False] for turn in rates),
    }


def _step(size: int, bfloat16: bool) -> Callable[[], int]:
    """A training step, which returns its number of positions."""
    net = Net(net_config(TrainSettings.net)).train()
    channels_last(net)
    rate_, decay = TrainSettings.learning_rate, TrainSettings.weight_decay
    optimizer = make_optimizer(net, TrainSettings.optimizer, rate_, decay, bfloat16)
    gradients = SplitBatch(net, default_workers(), bfloat16)
    batch = made_up_batch(batch_rows(TrainSettings.batch_size, size), size)

    def step() -> int:
        train_step(net, optimizer, gradients, batch, LossWeights())
        return batch.rows

    return step


def made_up_batch(rows: int, size: int) -> TrainingBatch:
    """Random planes with a target of every kind."""
    chance = np.random.default_rng(0)
    ones = np.ones(rows, np.float32)
    return TrainingBatch(
        planes=(chance.random((rows, NET_INPUTS.planes, size, size)) < 0.3).astype(np.float32),
        globals=chance.normal(0, 0.5, (rows, NET_INPUTS.globals)).astype(np.float32),
        policy_target=np.eye(size * size + 1, dtype=np.float32)[chance.integers(0, size * size, rows)],
        policy_weight=ones,
        value_target=chance.uniform(-1, 1, rows).astype(np.float32),
        value_weight=ones,
        lead_target=chance.normal(0, 10, rows).astype(np.float32),
        lead_weight=ones,
        ownership_target=chance.uniform(-1, 1, (rows, size, size)).astype(np.float32),
        ownership_weight=ones,
    )
