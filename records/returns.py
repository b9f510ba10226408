"""Value and lead targets of searched games: between what the search thought and how the game ended.

The result alone is noisy, the search's own opinion alone teaches the net what it already believes. So the target of a
position is the average of the search's opinions from there on, each counting less than the one before, and of the
result for what is left at the end: TD(λ) (R. Sutton, 1988), with the horizon in moves in proportion to the board.
"""

from __future__ import annotations

import numpy as np

from ponnuki.engine._jit import kernel

HORIZON = 1.0
"""Moves after which an opinion counts by 1/e, as a share of the board's points: the result keeps the most weight."""


def decay(size: int) -> float:
    """λ: what an opinion counts, as a share of the one a move before it."""
    return 1.0 - 1.0 / (1.0 + HORIZON * size * size)


@kernel
def discounted(start, first, opinion, result, share, out):
    """Write the targets of all positions of all games.

    Args:
        start: int64[G + 1], see `Shard.start`.
        first: uint8[G], who moves first, 0 Black.
        opinion: float32[P], to play; NaN where there is none.
        result: float32[G], Black's; NaN where it is not sure.
        share: λ.
        out: float32[P], to play; NaN where neither is known.
    """
    for game in range(len(first)):
        black = result[game]  # what is known of what follows, from Black's view
        for position in range(start[game + 1] - 1, start[game] - 1, -1):
            sign = 1.0 if (first[game] + position - start[game]) % 2 == 0 else -1.0
            own = opinion[position] * sign
            if not np.isnan(own):
                black = own if np.isnan(black) else share * black + (1.0 - share) * own
            out[position] = black * sign
