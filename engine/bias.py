"""Where the net errs alike: corrections of its evaluations by what the search has found below similar local situations.

KataGo's subtree value bias correction (docs/KataGoMethods.md there). Nodes after the same two moves with the same
stones around the last one share an entry. Each node with children tells its entry how far their mean utility lies
from its own evaluation, weighted by a power of their visits; the entry's mean, times `SearchSettings.bias_share`, is
added to the own evaluation of all of them. A tactical error of the net that recurs in thousands of positions of one
search is so read out once.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ._jit import inlined_kernel, kernel
from .board import KO_POINT, RECENT, SIZE, TO_PLAY, in_atari, to_bordered
from .coords import BLACK, WHITE
from .evaluations import NO_KEY, mixed

NO_ENTRY = -1

REACH = 2
"""Points to each side of the last move that count as its surroundings."""

LEAST_WEIGHT = 1e-3
"""Below it an entry says nothing: what is left of weights taken out again."""

_OUTSIDE = 5
_STEP = np.uint64(0x9E3779B97F4A7C15)


class Biases(NamedTuple):
    """A table with open addressing; its length is a power of two and more than the entries that it will hold."""

    key: np.ndarray  # uint64[entries], NO_KEY where free
    total: np.ndarray  # float64[entries], sum of the weighted errors
    weight: np.ndarray  # float64[entries], sum of the weights


def allocate_biases(most: int) -> Biases:
    """An empty table for so many entries."""
    entries = 1 << most.bit_length()
    return Biases(np.zeros(entries, np.uint64), np.zeros(entries), np.zeros(entries))


@kernel
def local_key(board):
    """A key of a position's last two moves, the ko and the stones around the last move, in atari or not; not NO_KEY."""
    size = np.int64(board.info[SIZE])
    last = np.int64(board.info[RECENT])
    state = (np.int64(board.info[KO_POINT]) << 8) | np.int64(board.info[TO_PLAY])
    key = mixed(mixed(state) ^ mixed((last + 2) << 12 | np.int64(board.info[RECENT + 1] + 2)))
    if 0 <= last < size * size:
        row, col = last // size, last % size
        for other_row in range(row - REACH, row + REACH + 1):
            for other_col in range(col - REACH, col + REACH + 1):
                code = np.int64(_OUTSIDE)
                if 0 <= other_row < size and 0 <= other_col < size:
                    place = to_bordered(other_row * size + other_col, size)
                    code = np.int64(board.colour[place])
                    if (code == BLACK or code == WHITE) and in_atari(board.liberties[board.head[place]]):
                        code += 2
                key = key * _STEP + np.uint64(code)
    key = mixed(key)
    return key if key != NO_KEY else np.uint64(1)


@kernel
def bias_entry(biases, key):
    """The entry of a key, a new one if need be."""
    mask = biases.key.shape[0] - 1
    entry = np.int64(key & np.uint64(mask))
    while biases.key[entry] != NO_KEY and biases.key[entry] != key:
        entry = (entry + 1) & mask
    biases.key[entry] = key
    return entry


@kernel
def clear_biases(biases):
    """Forget all entries."""
    biases.key[:] = NO_KEY
    biases.total[:] = 0.0
    biases.weight[:] = 0.0


@inlined_kernel
def bias_of(biases, entry):
    """The mean error of an entry, 0 where nothing is known."""
    weight = biases.weight[entry]
    return biases.total[entry] / weight if weight > LEAST_WEIGHT else 0.0
