"""Rollouts: a game simulated from a position to its end by a fast policy, and its area score.

The light policy is uniform over the moves that are legal under simple ko and do not fill the mover's own eye; a side
without such a move passes, and two passes end the rollout.
"""

from __future__ import annotations

import numpy as np

from ._jit import inlined_kernel, kernel
from .board import (
    EMPTY_COUNT,
    KO_POINT,
    LEGAL,
    PASSES,
    SIZE,
    TO_PLAY,
    copy_board,
    place_stone,
    placement_kind,
    touches_empty,
)
from .coords import BLACK, EMPTY, OFF_BOARD, WHITE

MOVES_PER_POINT = 3
"""A rollout longer than this many moves a point is cut off and counted as it stands: longer cycles than a simple ko."""


@inlined_kernel
def next_random(state):
    """The next 64 random bits of state uint64[1], never zero: xorshift64* (Vigna, 2016)."""
    bits = state[0]
    bits ^= bits >> np.uint64(12)
    bits ^= bits << np.uint64(25)
    bits ^= bits >> np.uint64(27)
    state[0] = bits
    return bits * np.uint64(2685821657736338717)


@inlined_kernel
def random_below(state, bound):
    """A random integer 0 … bound - 1, by multiplication of 32 random bits."""
    return np.int64((next_random(state) >> np.uint64(32)) * np.uint64(bound) >> np.uint64(32))


@kernel
def seeded(seed, state):
    """Set a random state from any 64-bit seed (one splitmix64 step, so that near seeds differ)."""
    bits = np.uint64(seed) + np.uint64(0x9E3779B97F4A7C15)
    bits = (bits ^ (bits >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    bits = (bits ^ (bits >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    state[0] = (bits ^ (bits >> np.uint64(31))) | np.uint64(1)


@inlined_kernel
def is_own_eye(board, place, colour):
    """Whether an empty point is an eye that its owner should not fill.

    All neighbours are the owner's, and of the diagonal points the opponent holds at most one in the middle, none at
    the edge (the rule of Brügmann's "Monte Carlo Go" and of libego).
    """
    stride = board.info[SIZE] + 1
    for step in (-stride, stride, -1, 1):
        near = board.colour[place + step]
        if near != colour and near != OFF_BOARD:
            return False
    enemy = 3 - colour
    against = 0
    at_edge = 0
    for step in (-stride - 1, -stride + 1, stride - 1, stride + 1):
        near = board.colour[place + step]
        if near == enemy:
            against += 1
        elif near == OFF_BOARD:
            at_edge = 1
    return against + at_edge < 2


@inlined_kernel
def random_move(board, colour, state):
    """A uniformly chosen bordered index where a light rollout may play, 0 if there is none.

    Candidates are drawn without replacement; refused ones are moved to the end of `empties`, whose order is free.
    """
    left = np.int64(board.info[EMPTY_COUNT])
    while left > 0:
        slot = random_below(state, left)
        place = np.int64(board.empties[slot])
        if place != board.info[KO_POINT]:
            if touches_empty(board, place):
                return place
            if not is_own_eye(board, place, colour) and placement_kind(board, place, colour) == LEGAL:
                return place
        left -= 1
        last = board.empties[left]
        board.empties[left] = place
        board.empties[slot] = last
        board.empty_slot[place] = left
        board.empty_slot[last] = slot
    return np.int64(0)


@kernel
def light_rollout(board, state):
    """Play uniform random moves to the end, in place. Returns the number of moves, passes included.

    Args:
        board: where to begin; the final position afterwards (its move list is not kept up).
        state: uint64[1] random state.
    """
    size = np.int64(board.info[SIZE])
    colour = np.int64(board.info[TO_PLAY])
    passes = np.int64(board.info[PASSES])
    limit = MOVES_PER_POINT * size * size
    moves = 0
    while passes < 2 and moves < limit:
        place = random_move(board, colour, state)
        if place == 0:
            passes += 1
            board.info[KO_POINT] = 0
        else:
            place_stone(board, place, colour)
            passes = np.int64(0)
        moves += 1
        colour = 3 - colour
    board.info[TO_PLAY] = colour
    return moves


@kernel
def point_owner(board, place):
    """Owner of a point at the end of a rollout: its stone's colour, or for an eye that of its only neighbours."""
    colour = board.colour[place]
    if colour != EMPTY:
        return colour
    stride = board.info[SIZE] + 1
    # The colours are bits: EMPTY 0, BLACK 1, WHITE 2; OFF_BOARD, 3, is masked out.
    touched = 0
    for step in (-stride, stride, -1, 1):
        near = board.colour[place + step]
        if near != OFF_BOARD:
            touched |= near
    return touched if touched == BLACK or touched == WHITE else EMPTY


@kernel
def final_area_margin(board):
    """Black's area less White's where every empty point is an eye; an empty point between both is nobody's."""
    size = board.info[SIZE]
    margin = 0
    for row in range(size):
        for col in range(size):
            owner = point_owner(board, (row + 1) * (size + 1) + col + 1)
            if owner == BLACK:
                margin += 1
            elif owner == WHITE:
                margin -= 1
    return margin


@kernel
def many_light_rollouts(start, scratch, state, count, seed, margins):
    """Run `count` light rollouts from one position. Returns the moves of all together.

    Args:
        start: the position, unchanged.
        scratch: a board of the same size, overwritten.
        state: uint64[1], overwritten.
        seed: uint64.
        margins: int32[count], Black's area margins.
    """
    seeded(seed, state)
    moves = 0
    for index in range(count):
        copy_board(start, scratch)
        moves += light_rollout(scratch, state)
        margins[index] = final_area_margin(scratch)
    return moves
