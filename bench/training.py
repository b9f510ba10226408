"""Speed of training steps with the trainer's own defaults; importing this needs the extra `train`."""

from __future__ import annotations

from typing import Any

import numpy as np

from ponnuki.engine.evaluator import NET_INPUTS
from ponnuki.nets.model import Net
from ponnuki.nets.optim import make_optimizer
from ponnuki.nets.parallel import SplitBatch, default_workers
from ponnuki.nets.training import LossWeights, train_step
from ponnuki.records.batches import TrainingBatch
from ponnuki.selfplay.train import TrainSettings, batch_rows, net_config

from .timing import rate


def measure_training(size: int, seconds: float) -> dict[str, Any]:
    """`train_positions_per_s`: steps of the default network on batches of made-up positions, on all cores."""
    net = Net(net_config(TrainSettings.net)).train()
    rate_, decay = TrainSettings.learning_rate, TrainSettings.weight_decay
    optimizer = make_optimizer(net, TrainSettings.optimizer, rate_, decay, bfloat16=True)
    gradients = SplitBatch(net, default_workers())
    batch = made_up_batch(batch_rows(TrainSettings.batch_size, size), size)

    def step() -> int:
        train_step(net, optimizer, gradients, batch, LossWeights())
        return batch.rows

    step()
    return {"train_positions_per_s": rate(step, seconds)}


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
