"""The residual blocks of the MobileNet family.

Every block ends in a linear projection (no activation on the trunk, as in MobileNetV2) and adds its input where
the widths agree. B is the batch, C the trunk's channels, E the inner channels, N the side of the board:

    fused     k*k dense C->E, act, 1*1 E->C                                  (MobileNetV4 "FusedIB")
    residual  k*k dense C->E, act, k*k dense E->C                            (AlphaZero)
    inverted  1*1 C->E, act, k*k depthwise, act, 1*1 E->C                    (MobileNetV2, V3)
    extra_dw  k*k depthwise, 1*1 C->E, act, k*k depthwise, act, 1*1 E->C     (MobileNetV4 "ExtraDW")
    convnext  k*k depthwise, 1*1 C->E, act, 1*1 E->C                         (MobileNetV4 "ConvNext-like")

BatchNorm follows each convolution and is folded into it at export.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ponnuki.nets.config import BlockConfig, NetConfig
from ponnuki.nets.rounding import Rounding

# Running statistics average about 100 batches: batches of different board sizes come in turn, and the default of
# 10 would let the last few of them decide.
NORM_MOMENTUM = 0.01


def activation(name: str) -> nn.Module:
    return nn.ReLU(inplace=True) if name == "relu" else nn.Hardswish(inplace=True)


class Conv(nn.Conv2d):
    """A convolution that rounds its input and weights as their 8-bit form does, where `rounding` is there."""

    rounding: Rounding | None = None

    def forward(self, x: Tensor) -> Tensor:
        if self.rounding is None:
            return super().forward(x)
        inputs = self.rounding.inputs(x, self.training)
        return self._conv_forward(inputs, self.rounding.weights(self.weight), self.bias)


class Sum(nn.Module):
    """An addition along the trunk, which rounds its terms and their sum as in 8 bits, where `rounding` is there."""

    rounding: tuple[Rounding, Rounding, Rounding] | None = None

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        if self.rounding is None:
            return x + y
        first, second, total = self.rounding
        terms = first.inputs(x, self.training) + second.inputs(y, self.training)
        return total.inputs(terms, self.training)


def conv_norm(inputs: int, outputs: int, kernel: int, groups: int = 1, zero: bool = False) -> nn.Sequential:
    """A convolution that keeps the board's size, with BatchNorm; ``zero`` starts the branch at nothing."""
    conv = Conv(inputs, outputs, kernel, padding=kernel // 2, groups=groups, bias=False)
    nn.init.kaiming_normal_(conv.weight, mode="fan_out" if groups > 1 else "fan_in", nonlinearity="relu")
    norm = nn.BatchNorm2d(outputs, momentum=NORM_MOMENTUM)
    if zero:
        nn.init.zeros_(norm.weight)
    return nn.Sequential(conv, norm)


class GlobalPool(nn.Module):
    """KataGo's pooling ("Accelerating Self-Play Learning in Go", section 3.2): mean, mean times size, maximum.

    The scaled mean lets the next layer count stones as well as average them. ``size_scale`` is (N - 14) / 10.
    """

    factor = 3

    def forward(self, x: Tensor, size_scale: float) -> Tensor:  # [B, C, N, N] -> [B, 3C]
        mean = x.mean((2, 3))
        return torch.cat([mean, mean * size_scale, x.amax((2, 3))], 1)


class SqueezeExcite(nn.Module):
    """Scales each channel by a gate computed from all channels' means (Hu et al. 2018), hard sigmoid as in V3."""

    def __init__(self, channels: int, activation_name: str) -> None:
        super().__init__()
        hidden = max(8, channels // 4)
        self.down = nn.Linear(channels, hidden)
        self.act = activation(activation_name)
        self.up = nn.Linear(hidden, channels)
        self.gate = nn.Hardsigmoid()

    def forward(self, x: Tensor) -> Tensor:  # [B, E, N, N]
        gate = self.gate(self.up(self.act(self.down(x.mean((2, 3))))))
        return x * gate[:, :, None, None]


class Block(nn.Module):
    """One block of any kind: ``inner`` up to the activated inner channels, ``project`` back to the trunk."""

    def __init__(self, inputs: int, config: BlockConfig, net: NetConfig) -> None:
        super().__init__()
        outputs = net.width(config.channels)
        middle = net.width(config.channels * config.expansion)
        layers = _inner_layers(inputs, middle, config, net.activation)
        if config.se:
            layers.append(SqueezeExcite(middle, net.activation))
        self.inner = nn.Sequential(*layers)
        project_kernel = config.kernel if config.kind == "residual" else 1
        self.project = conv_norm(middle, outputs, project_kernel, zero=inputs == outputs)
        self.residual = inputs == outputs
        self.sum = Sum()
        self.pool_sum = Sum()
        self.pool = GlobalPool() if config.gpool else None
        self.pool_bias = nn.Linear(GlobalPool.factor * middle, outputs) if config.gpool else None
        if self.pool_bias is not None:
            nn.init.zeros_(self.pool_bias.weight)
            nn.init.zeros_(self.pool_bias.bias)

    def forward(self, x: Tensor, size_scale: float) -> Tensor:  # [B, C, N, N] -> [B, C', N, N]
        inner = self.inner(x)  # [B, E, N, N]
        y = self.project(inner)  # [B, C', N, N]
        if self.pool is not None and self.pool_bias is not None:
            y = self.pool_sum(y, self.pool_bias(self.pool(inner, size_scale))[:, :, None, None])
        return self.sum(x, y) if self.residual else y


def _inner_layers(inputs: int, middle: int, config: BlockConfig, act: str) -> list[nn.Module]:
    """The layers from the trunk to the activated inner channels."""
    k = config.kernel
    if config.kind in ("fused", "residual"):
        return [conv_norm(inputs, middle, k), activation(act)]
    expand = [conv_norm(inputs, middle, 1), activation(act)]
    depthwise = [conv_norm(middle, middle, k, groups=middle), activation(act)]
    first_depthwise = conv_norm(inputs, inputs, k, groups=inputs)
    if config.kind == "inverted":
        return expand + depthwise
    if config.kind == "extra_dw":
        return [first_depthwise, *expand, *depthwise]
    return [first_depthwise, *expand]
