"""What a rollout can know of a move without reading: the liberties it leaves, captures, atari, self-atari, nakade."""

from __future__ import annotations

import numpy as np

from ._jit import inlined_kernel
from .board import COUNT_MASK, SIZE, in_atari, only_liberty_is, packed
from .coords import EMPTY, OFF_BOARD

MOST_FOR_TWO = 8
"""Two liberties are counted at most this often: four stones may stand beside each."""

LARGEST_NAKADE = 6


@inlined_kernel
def outcome(board, place, colour):
    """What a stone of a colour at an empty point would lead to: (liberties, stones, captured).

    liberties: packed pseudo-liberties (`engine.board`) of the chain it would be in. Of captured stones only those
    beside the point itself are counted as liberties, so that a capture may leave more than it says.
    stones: of that chain.
    captured: opposing stones beside the point in atari, a chain once for each stone that it touches with.
    """
    stride = np.int64(board.info[SIZE]) + 1
    here = packed(place)
    liberties = np.int64(0)
    stones = np.int64(1)
    captured = np.int64(0)
    first = np.int64(0)
    second = np.int64(0)
    third = np.int64(0)
    for step in (-stride, stride, -1, 1):
        near = place + step
        near_colour = board.colour[near]
        if near_colour == EMPTY:
            liberties += packed(near)
        elif near_colour == colour:
            liberties -= here
            head = np.int64(board.head[near])
            if head != first and head != second and head != third:
                liberties += board.liberties[head]
                stones += np.int64(board.chain_size[head])
                third = second
                second = first
                first = head
        elif near_colour != OFF_BOARD:
            head = np.int64(board.head[near])
            if only_liberty_is(board.liberties[head], place):
                liberties += packed(near)
                captured += np.int64(board.chain_size[head])
    return liberties, stones, captured


@inlined_kernel
def is_self_atari(liberties, captured):
    """Whether a move with such an `outcome` leaves its chain in atari (or takes its last liberty)."""
    return captured == 0 and (liberties & COUNT_MASK == 0 or in_atari(liberties))


@inlined_kernel
def two_liberties(board, head):
    """The liberties of a chain that has exactly two, as bordered indices; (0, 0) for any other number."""
    if board.liberties[head] & COUNT_MASK > MOST_FOR_TWO:
        return np.int64(0), np.int64(0)
    stride = np.int64(board.info[SIZE]) + 1
    first = np.int64(0)
    second = np.int64(0)
    place = np.int64(head)
    while True:
        for step in (-stride, stride, -1, 1):
            near = place + step
            if board.colour[near] == EMPTY and near != first and near != second:
                if first == 0:
                    first = near
                elif second == 0:
                    second = near
                else:
                    return np.int64(0), np.int64(0)
        place = np.int64(board.next_stone[place])
        if place == head:
            break
    if second == 0:
        return np.int64(0), np.int64(0)
    return first, second


@inlined_kernel
def could_kill(board, place, colour, stones):
    """Whether stones that a self-atari gives up would leave a nakade, so that taking them makes but one eye.

    One to three stones always may; of more, the square, the pyramid, the bulky five, the cross and the rabbity six.

    Args:
        place, colour: the move.
        stones: of the chain it would make, from `outcome`.
    """
    if stones <= 3:
        return True
    if stones > LARGEST_NAKADE:
        return False
    stride = np.int64(board.info[SIZE]) + 1
    joins = 0  # twice the pairs of neighbours among the stones
    widest = 0  # most neighbours of one stone
    own = 0
    for step in (-stride, stride, -1, 1):
        near = place + step
        if board.colour[near] == colour:
            own += 1
            start = np.int64(board.head[near])
            fresh = True  # whether this chain was not met in an earlier direction
            for earlier in (-stride, stride, -1, 1):
                if earlier == step:
                    break
                if board.colour[place + earlier] == colour and np.int64(board.head[place + earlier]) == start:
                    fresh = False
            stone = start
            while fresh:
                beside = 0
                for way in (-stride, stride, -1, 1):
                    if board.colour[stone + way] == colour or stone + way == place:
                        beside += 1
                joins += beside
                widest = max(widest, beside)
                stone = np.int64(board.next_stone[stone])
                if stone == start:
                    break
    joins += own
    widest = max(widest, own)
    if stones == 4:
        return joins == 8 or widest == 3
    if stones == 5:
        return joins == 10 or widest == 4
    return joins == 12 and widest == 4
