"""Training that knows of int8: convolutions round as their 8-bit form will, so that the weights learn to bear it.

Gradients pass the rounding as if it were not there (the straight-through estimator; B. Jacob et al., "Quantization and
Training of Neural Networks for Efficient Integer-Arithmetic-Only Inference", 2018). BatchNorm comes after the rounding
here and is folded into the weights before it there, which is the same: weights have a scale for each output channel.
"""

from __future__ import annotations

import torch
from torch import Tensor

from ponnuki.nets.config import INT8_RANGE_STEP


class Rounding:
    """What one convolution rounds by: unsigned inputs of 8 bits, signed weights with a scale per output channel."""

    def __init__(self, weight_bits: int = 8) -> None:
        self._largest_weight = float(2 ** (weight_bits - 1))
        self.range: tuple[Tensor, Tensor] | None = None
        """Least and greatest input, float32 scalars; None before the first."""

    def inputs(self, x: Tensor, training: bool) -> Tensor:
        """The inputs as 256 values can say them; their range follows the batches of the training."""
        if training or self.range is None:
            self._widen(x.detach())
        scale = self.scale
        assert self.range is not None
        zero = (-self.range[0] / scale).round()
        steps = ((x.detach().float() / scale).round() + zero).clamp(0, 255)
        return passed_through(x, ((steps - zero) * scale).to(x.dtype))

    @property
    def scale(self) -> Tensor:
        """What two neighbouring values of the inputs differ by; there are inputs by now."""
        assert self.range is not None
        low, high = self.range
        return (high - low).clamp(min=1e-6) / 255

    def weights(self, weight: Tensor) -> Tensor:
        """Weights [O, I, k, k], rounded to as many values as the bits can say."""
        scale = weight.detach().abs().amax((1, 2, 3), keepdim=True).clamp(min=1e-12) / self._largest_weight
        return passed_through(weight, (weight.detach() / scale).round() * scale)

    def _widen(self, x: Tensor) -> None:
        low, high = x.amin().float().clamp(max=0), x.amax().float().clamp(min=0)
        if self.range is not None:
            low = torch.lerp(self.range[0], low, INT8_RANGE_STEP)
            high = torch.lerp(self.range[1], high, INT8_RANGE_STEP)
        self.range = low, high


def passed_through(x: Tensor, rounded: Tensor) -> Tensor:
    """`rounded`, whose gradient is x's."""
    return x + (rounded - x.detach())
