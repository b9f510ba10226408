"""Zobrist keys: 64 random bits for each colour and point (Zobrist, 1970), fixed for ever by one seed.

Keys are indexed by colour and *bordered* index, so a position's hash depends on its board size as well.
"""

from __future__ import annotations

import numpy as np

from .coords import BLACK, MAX_SIZE, WHITE, bordered, bordered_area

_generator = np.random.default_rng(0x506F6E6E756B69)  # "Ponnuki" in ASCII

STONE = _generator.integers(1, 2**63 - 1, size=(3, bordered_area(MAX_SIZE)), dtype=np.int64).astype(np.uint64)
"""uint64[3, area of the largest board]: a stone of a colour (row 0, empty, is zero)."""
STONE[0] = 0

WHITE_TO_PLAY = np.uint64(_generator.integers(1, 2**63 - 1))
"""Mixed in for situational superko when White is to play."""


def position_hash(stones: np.ndarray) -> np.uint64:
    """Hash of the stones alone, from scratch.

    Args:
        stones: uint8[N, N] of EMPTY, BLACK and WHITE.
    """
    size = stones.shape[0]
    result = np.uint64(0)
    for point, colour in enumerate(np.asarray(stones).reshape(-1)):
        if colour in (BLACK, WHITE):
            result ^= STONE[int(colour), bordered(point, size)]
    return result
