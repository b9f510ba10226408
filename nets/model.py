"""The network: planes and globals in, policy, value, lead, its deviation and ownership out, for any board size."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn

from ponnuki.nets.blocks import Block, GlobalPool, activation, conv_norm
from ponnuki.nets.config import NetConfig

LEAD_SCALE = 20.0  # points for an output of one
STDEV_SCALE = 10.0  # points for a softplus of one
# KataGo's centre and scale of the board's width, so that 9 to 19 maps to -0.5 to 0.5.
SIZE_CENTRE, SIZE_SCALE = 14.0, 10.0

DENSE_SIZE = 19  # side of the board that dense heads see: smaller ones lie in its corner
DENSE_PLANES = 2  # planes that dense heads read, as in AlphaGo Zero's policy head


class NetOutputs(NamedTuple):
    """All from the side to move's view; ``value_logit`` and ``ownership_logit`` go through tanh."""

    policy: Tensor  # [B, N*N+1] logits, the pass last
    value_logit: Tensor  # [B]
    lead: Tensor  # [B] points, komi counted
    lead_stdev: Tensor  # [B] points, positive
    ownership_logit: Tensor  # [B, N, N]

    @property
    def value(self) -> Tensor:  # [B] in -1..1
        return torch.tanh(self.value_logit)

    @property
    def ownership(self) -> Tensor:  # [B, N, N] in -1..1
        return torch.tanh(self.ownership_logit)


class Net(nn.Module):
    """A trunk of blocks with a policy head and a value head; with pooled heads, no layer knows the board's size."""

    def __init__(self, config: NetConfig) -> None:
        super().__init__()
        self.config = config
        width = config.width(config.stem_channels)
        self.stem = conv_norm(config.planes, width, 3)
        self.stem_globals = nn.Linear(config.globals, width)
        blocks = []
        for block in config.blocks:
            blocks.append(Block(width, block, config))
            width = config.width(block.channels)
        self.blocks = nn.ModuleList(blocks)
        head = config.width(config.head_channels)
        dense = config.heads == "dense"
        self.policy_head = (DensePolicyHead if dense else PolicyHead)(width, head, config.activation)
        self.value_head = ValueHead(width, head, config.activation, dense)

    def forward(self, planes: Tensor, globals: Tensor) -> NetOutputs:  # [B, C, N, N], [B, K]
        scale = (planes.shape[2] - SIZE_CENTRE) / SIZE_SCALE
        if planes.shape[1] > self.config.planes:  # of a later feature version than the net's
            planes = planes[:, : self.config.planes]
        x = self.stem(planes) + self.stem_globals(globals)[:, :, None, None]  # [B, W, N, N]
        for block in self.blocks:
            x = block(x, scale)  # [B, W, N, N]
        policy = self.policy_head(x, scale)
        value, lead, stdev, ownership = self.value_head(x, scale)
        return NetOutputs(policy, value, lead, stdev, ownership)


class PolicyHead(nn.Module):
    """1x1 convolutions with a bias from pooled features; the pass is a linear map of the same pooled features."""

    def __init__(self, inputs: int, channels: int, act: str) -> None:
        super().__init__()
        self.points = conv_norm(inputs, channels, 1)
        self.pooled = nn.Sequential(conv_norm(inputs, channels, 1), activation(act))
        self.pool = GlobalPool()
        self.bias = nn.Linear(GlobalPool.factor * channels, channels, bias=False)
        self.act = activation(act)
        self.logits = nn.Conv2d(channels, 1, 1, bias=False)
        self.pass_logit = nn.Linear(GlobalPool.factor * channels, 1)

    def forward(self, x: Tensor, size_scale: float) -> Tensor:
        pooled = self.pool(self.pooled(x), size_scale)  # [B, 3H]
        points = self.act(self.points(x) + self.bias(pooled)[:, :, None, None])  # [B, H, N, N]
        logits = self.logits(points).flatten(1)  # [B, N*N]
        return torch.cat([logits, self.pass_logit(pooled)], 1)  # [B, N*N+1]


class ValueHead(nn.Module):
    """Value, lead and its deviation from pooled (or all) features; ownership from the features of each point."""

    def __init__(self, inputs: int, channels: int, act: str, dense: bool) -> None:
        super().__init__()
        self.features = nn.Sequential(conv_norm(inputs, channels, 1), activation(act))
        self.ownership = nn.Conv2d(channels, 1, 1)
        self.pool = DenseInput(channels, act) if dense else GlobalPool()
        pooled = DenseInput.width if dense else GlobalPool.factor * channels
        self.hidden = nn.Sequential(nn.Linear(pooled, 2 * channels), activation(act))
        self.scalars = nn.Linear(2 * channels, 3)

    def forward(self, x: Tensor, size_scale: float) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        features = self.features(x)  # [B, H, N, N]
        ownership = self.ownership(features).squeeze(1)  # [B, N, N]
        scalars = self.scalars(self.hidden(self.pool(features, size_scale)))  # [B, 3]
        value, lead, stdev = scalars[:, 0], scalars[:, 1] * LEAD_SCALE, scalars[:, 2]  # [B] each
        return value, lead, nn.functional.softplus(stdev) * STDEV_SCALE, ownership


class DensePolicyHead(nn.Module):
    """AlphaGo Zero's: a 1x1 convolution to two planes, and every logit a linear map of all their points.

    Weights of points that no board of the training reached have learned nothing: such a net plays only the sizes that
    it was trained on. It exists to be compared with (docs/studies/heads.md).
    """

    def __init__(self, inputs: int, channels: int, act: str) -> None:
        super().__init__()
        self.input = DenseInput(inputs, act)
        self.logits = nn.Linear(DenseInput.width, DENSE_SIZE**2)
        self.pass_logit = nn.Linear(DenseInput.width, 1)

    def forward(self, x: Tensor, size_scale: float) -> Tensor:
        side = x.shape[2]
        points = self.input(x, size_scale)  # [B, 2 * 19 * 19]
        canvas = self.logits(points).unflatten(1, (DENSE_SIZE, DENSE_SIZE))  # [B, 19, 19]
        logits = canvas[:, :side, :side].flatten(1)  # [B, N*N]
        return torch.cat([logits, self.pass_logit(points)], 1)  # [B, N*N+1]


class DenseInput(nn.Module):
    """A 1x1 convolution to a few planes, all of whose points come out in a row, at their places on a 19x19 board."""

    width = DENSE_PLANES * DENSE_SIZE**2

    def __init__(self, inputs: int, act: str) -> None:
        super().__init__()
        self.planes = nn.Sequential(conv_norm(inputs, DENSE_PLANES, 1), activation(act))

    def forward(self, x: Tensor, size_scale: float) -> Tensor:  # [B, C, N, N] -> [B, width]
        beyond = DENSE_SIZE - x.shape[2]
        return nn.functional.pad(self.planes(x), (0, beyond, 0, beyond)).flatten(1)


def channels_last(net: nn.Module) -> None:
    """Lay the weights out for channels-last convolutions, which are the fast ones on CPUs and GPUs; in place."""
    # Module.to takes this argument, but its type stubs leave it out.
    net.to(memory_format=torch.channels_last)  # type: ignore[call-overload]


def parameter_count(net: nn.Module) -> int:
    return sum(parameter.numel() for parameter in net.parameters())
