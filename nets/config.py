"""What a network looks like: a frozen description that travels with its weights as TOML."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

from ponnuki.nets.tables import require, settings_from

BLOCK_KINDS = ("fused", "residual", "inverted", "extra_dw", "convnext")
ACTIVATIONS = ("relu", "hardswish")
HEADS = ("pooled", "dense")
INT8_PARTS = (".blocks.", ".policy_head.pooled.", ".value_head.features.")
"""The convolutions in 8 bits: those of the trunk, and the first ones of the heads that are pooled."""
INT8_ROUNDED_PARTS = (".stem.", ".policy_head.points.")
"""In 8 bits, too, as are the trunk's sums, in nets that were trained to round so."""
INT8_WEIGHT_BITS = 7  # of these, safe on every processor (nets/quantize.py)
INT8_RANGE_STEP = 0.02
"""How much each batch's extremes move an activation's range in training; calibration takes the mean of those of all
batches. With the farthest of them, ponnuki-b had float's first choice in 93.1% of 8,000 positions a group, with the
mean in 94.0%; the value's error was alike."""
CHANNEL_STEP = 8  # widths are multiples of this: one AVX-512 register of float64, half of one of float32


@dataclasses.dataclass(frozen=True)
class BlockConfig:
    """One residual block; ``nets/blocks.py`` draws each kind.

    kind: one of BLOCK_KINDS.
    channels: width of the block's output, before the width multiplier.
    expansion: inner channels divided by the output's.
    kernel: side of the spatial kernels, odd.
    se: squeeze-and-excitation on the inner channels.
    gpool: global pooling of the inner channels, added to the output as a bias.
    """

    kind: str = "fused"
    channels: int = 64
    expansion: float = 1.5
    kernel: int = 3
    se: bool = False
    gpool: bool = False

    def __post_init__(self) -> None:
        require(self.kind in BLOCK_KINDS, f"block kind {self.kind!r}: accepted are {', '.join(BLOCK_KINDS)}")
        require(self.channels > 0, f"block channels {self.channels}: must be positive")
        require(self.expansion > 0, f"block expansion {self.expansion}: must be positive")
        require(self.kernel % 2 == 1 and self.kernel > 0, f"block kernel {self.kernel}: must be odd")


@dataclasses.dataclass(frozen=True)
class NetConfig:
    """A whole network.

    planes, globals, feature_version: the input that it was made for (``ponnuki.engine.features``).
    alpha: width multiplier, applied to every channel count below.
    stem_channels, head_channels: widths of the first convolution and of each head, before the multiplier.
    activation: one of ACTIVATIONS.
    heads: one of HEADS, ``nets/model.py`` draws them.
    """

    planes: int
    globals: int
    feature_version: int
    blocks: tuple[BlockConfig, ...]
    alpha: float = 1.0
    stem_channels: int = 64
    head_channels: int = 32
    activation: str = "relu"
    heads: str = "pooled"

    def __post_init__(self) -> None:
        require(self.planes > 0, f"planes {self.planes}: must be positive")
        require(self.globals > 0, f"globals {self.globals}: must be positive")
        require(self.alpha > 0, f"alpha {self.alpha}: must be positive")
        require(len(self.blocks) > 0, "blocks: at least one is needed")
        require(
            self.activation in ACTIVATIONS,
            f"activation {self.activation!r}: accepted are {', '.join(ACTIVATIONS)}",
        )
        require(self.heads in HEADS, f"heads {self.heads!r}: accepted are {', '.join(HEADS)}")

    def width(self, channels: float) -> int:
        """``channels`` after the width multiplier, rounded to a multiple of CHANNEL_STEP."""
        return max(CHANNEL_STEP, round(channels * self.alpha / CHANNEL_STEP) * CHANNEL_STEP)

    @property
    def architecture(self) -> str:
        """A short name such as ``fused-8x64-96`` (mixed lists name each run of equal blocks)."""
        runs: list[list[Any]] = []
        for block in self.blocks:
            key = (block.kind, self.width(block.channels), self.width(block.channels * block.expansion))
            if runs and runs[-1][0] == key:
                runs[-1][1] += 1
            else:
                runs.append([key, 1])
        return "+".join(f"{kind}-{count}x{out}-{inner}" for (kind, out, inner), count in runs)

    def sha256(self) -> str:
        """Hash of every field: two nets with the same hash take the same weights."""
        return hashlib.sha256(json.dumps(dataclasses.asdict(self), sort_keys=True).encode()).hexdigest()

    def to_table(self) -> dict[str, Any]:
        table = dataclasses.asdict(self)
        table["blocks"] = [dict(block) for block in table["blocks"]]
        return table

    @classmethod
    def from_table(cls, table: Mapping[str, Any]) -> NetConfig:
        """The inverse of ``to_table``; ConfigError names an unknown or missing field."""
        require(isinstance(table, Mapping), f"net: {table!r} is no table of settings")
        given = table.get("blocks", ())
        require(isinstance(given, Sequence) and not isinstance(given, str), f"net: blocks {given!r}: expected a list")
        blocks = tuple(settings_from(BlockConfig, block, "block of the net") for block in given)
        return settings_from(cls, {**table, "blocks": blocks}, "net")


# ---------------------------------------------------------------------------------------------- presets


def uniform_blocks(kind: str, count: int, channels: int, inner: int, **options: Any) -> tuple[BlockConfig, ...]:
    """``count`` equal blocks ``channels -> inner -> channels``; global pooling in every third."""
    return tuple(
        BlockConfig(kind, channels, inner / channels, gpool=index % 3 == 2, **options) for index in range(count)
    )


@dataclasses.dataclass(frozen=True)
class Preset:
    """A trunk of equal blocks: kind, number of blocks, trunk and inner channels.

    Three are sizes, named for the class of processor whose patience they ask for; the others say their blocks.
    """

    kind: str
    depth: int
    channels: int
    inner: int
    kernel: int = 3

    def blocks(self, depth: int | None = None) -> tuple[BlockConfig, ...]:
        return uniform_blocks(self.kind, depth or self.depth, self.channels, self.inner, kernel=self.kernel)


PRESETS: dict[str, Preset] = {
    "watch": Preset("residual", 4, 32, 32),
    "phone": Preset("residual", 6, 64, 64),
    "laptop": Preset("residual", 10, 96, 96),
    "fused-8x64": Preset("fused", 8, 64, 96),
    "fused-6x64": Preset("fused", 6, 64, 192),
    "residual-6x64": Preset("residual", 6, 64, 64),
    "inverted-10x48": Preset("inverted", 10, 48, 192),
    "extra-dw-8x64": Preset("extra_dw", 8, 64, 256),
    "convnext-12x64": Preset("convnext", 12, 64, 256, kernel=5),
    "tiny": Preset("fused", 3, 16, 24),
}


def preset(
    name: str, *, planes: int, globals: int, feature_version: int, alpha: float = 1.0, depth: int | None = None
) -> NetConfig:
    """The named network for the given input, with its own number of blocks or `depth` of them.

    Raises:
        ConfigError: there is no such preset (all are listed), or a number is out of range.
    """
    require(name in PRESETS, f"net {name!r}: accepted are {', '.join(PRESETS)} or a TOML file")
    require(depth is None or depth > 0, f"depth {depth}: must be positive")
    chosen = PRESETS[name]
    return NetConfig(
        planes=planes,
        globals=globals,
        feature_version=feature_version,
        blocks=chosen.blocks(depth),
        alpha=alpha,
        stem_channels=chosen.channels,
        head_channels=min(32, chosen.channels),
    )
