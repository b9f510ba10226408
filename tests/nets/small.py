"""Small networks and batches for the tests of nets."""

from __future__ import annotations

import numpy as np
import torch
from torch import nn

from ponnuki.engine.evaluator import NET_INPUTS
from ponnuki.nets.config import BlockConfig, NetConfig
from ponnuki.nets.model import Net
from ponnuki.records.batches import TrainingBatch

EVERY_KIND = (
    BlockConfig("fused", 16, 1.5, gpool=True),
    BlockConfig("residual", 16, 1.0),
    BlockConfig("inverted", 16, 2.0, kernel=5, se=True),
    BlockConfig("extra_dw", 24, 2.0),
    BlockConfig("convnext", 24, 2.0, kernel=7, gpool=True),
)


def small_config(blocks: tuple[BlockConfig, ...] = EVERY_KIND, **options: object) -> NetConfig:
    """A config for the engine's own features."""
    fields = {"stem_channels": 16, "head_channels": 16, **options}
    return NetConfig(
        NET_INPUTS.planes, NET_INPUTS.globals, NET_INPUTS.feature_version or 0, blocks, **fields  # type: ignore[arg-type]
    )  # fmt: skip


def small_net(config: NetConfig | None = None, seed: int = 0) -> Net:
    """A network in inference mode with statistics and weights far from their start, so that nothing is zero."""
    torch.manual_seed(seed)
    net = Net(config or small_config())
    for module in net.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.running_mean.normal_(0, 0.3)  # type: ignore[union-attr]
            module.running_var.uniform_(0.5, 2.0)  # type: ignore[union-attr]
            nn.init.uniform_(module.weight, 0.5, 1.0)
            nn.init.normal_(module.bias, 0, 0.2)
        if isinstance(module, nn.Linear):
            nn.init.normal_(module.weight, 0, 0.05)
    return net.eval()


def random_inputs(rows: int, size: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Planes of zeros and ones and small globals."""
    rng = np.random.default_rng(seed)
    planes = (rng.random((rows, NET_INPUTS.planes, size, size)) < 0.3).astype(np.float32)
    return planes, rng.normal(0, 0.5, (rows, NET_INPUTS.globals)).astype(np.float32)


def random_batch(rows: int, size: int, seed: int = 0) -> TrainingBatch:
    """Inputs with targets of every kind, all weights 1."""
    rng = np.random.default_rng(seed + 1)
    planes, globals_ = random_inputs(rows, size, seed)
    policy = rng.random((rows, size * size + 1)).astype(np.float32) ** 8
    ones = np.ones(rows, np.float32)
    return TrainingBatch(
        planes=planes,
        globals=globals_,
        policy_target=policy / policy.sum(1, keepdims=True),
        policy_weight=ones.copy(),
        value_target=rng.uniform(-1, 1, rows).astype(np.float32),
        value_weight=ones.copy(),
        lead_target=rng.normal(0, 10, rows).astype(np.float32),
        lead_weight=ones.copy(),
        ownership_target=rng.uniform(-1, 1, (rows, size, size)).astype(np.float32),
        ownership_weight=ones.copy(),
    )
