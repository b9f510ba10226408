"""The policy of rollouts with knowledge: an answer to the last moves by weight, or a move elsewhere that is no blunder.

At each turn the moves that the last two moves call for are gathered with a weight each (`gather`): captures, chains
saved from atari, ataris, vital points of small eyes, 3×3 patterns. One of them is played with a chance in proportion to
its weight, against the weight 1 of ELSEWHERE for a uniformly drawn move that fills no own eye and does not give its
chain away. A move that several rules name has the sum of their weights.

The rules are those of MoGo (Gelly, Wang, Munos, Teytaud, 2006) and its successors; choosing by weights instead of in a
fixed order follows Coulom ("Computing Elo ratings of move patterns in the game of Go", 2007). The weights were fitted
so that the mean result of rollouts meets a strong player's opinion of 20,000 positions: simulation balancing (Silver
and Tesauro, "Monte-Carlo simulation balancing", 2009).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ._jit import inlined_kernel, kernel
from .board import (
    COUNT_MASK,
    EMPTY_COUNT,
    KO_POINT,
    PASSES,
    RECENT,
    SIZE,
    TO_PLAY,
    atari_liberty,
    copy_board,
    in_atari,
    place_stone,
    to_bordered,
)
from .coords import EMPTY, OFF_BOARD
from .patterns import NO_PATTERN, PATTERNS, pattern_at
from .rollout import MOVES_PER_POINT, final_area_margin, is_own_eye, next_random, random_below, seeded
from .tactics import LARGEST_NAKADE, could_kill, is_self_atari, outcome, two_liberties

# Kinds of candidates, indices of Policy.weight. Where numbers are left out, a kind goes by a chain's size: 1, 2, more.
ELSEWHERE = 0
CAPTURE = 1
"""Capture the chain of the last move."""
RESCUE = 4
"""Save a chain that the last move put into atari by capturing beside it."""
EXTEND = 7
"""Save it by joining another chain, or by coming to three liberties or more."""
RUN = 10
"""Save it by coming to two liberties."""
LEFT = 13
"""Capture a chain beside the own move before."""
ATARI = 16
"""Put the chain of the last move into atari."""
NAKADE = 19
"""The vital point of an eye of three to six points beside the last move, all of whose border is the opponent's."""
PATTERN = 19
"""PATTERN + n: the n-th pattern (`engine.patterns`), from 1."""
WEIGHTS = PATTERN + len(PATTERNS) + 1

ROOM = 256
"""Most candidates at a turn; further ones are dropped."""


class Policy(NamedTuple):
    """The weights, and room for the candidates of one turn."""

    weight: np.ndarray  # float64[WEIGHTS]
    place: np.ndarray  # int64[ROOM], bordered index of each candidate
    kind: np.ndarray  # int64[ROOM]
    share: np.ndarray  # float64[ROOM], its weight
    region: np.ndarray  # int64[LARGEST_NAKADE], points of an eye


def new_policy(weights: np.ndarray) -> Policy:
    """A policy of weights float64[WEIGHTS], of which that of ELSEWHERE is 1; 0 switches a kind off."""
    room = np.zeros(ROOM, np.int64)
    return Policy(
        np.array(weights, np.float64), room, room.copy(), np.zeros(ROOM), np.zeros(LARGEST_NAKADE, np.int64)
    )


SHIPPED_WEIGHTS: dict[int, tuple[float, ...]] = {
    ELSEWHERE: (1.0,),
    CAPTURE: (60.0, 17.0, 22.0),
    RESCUE: (130.0, 140.0, 270.0),
    EXTEND: (11.5, 16.6, 35.0),
    RUN: (1.28, 0.72, 0.26),
    LEFT: (0.76, 4.4, 1.4),
    ATARI: (0.2, 0.66, 1.9),
    NAKADE: (17.0,),
    PATTERN + 1: (1.2, 0.6, 1.75, 1.1, 3.0, 3.8, 20.5, 34.5, 14.5, 3.3, 3.1, 4.5, 1.25),
}
"""The fitted weights, by the first kind of each group."""


def shipped_policy() -> Policy:
    """The policy with the fitted weights."""
    weights = np.zeros(WEIGHTS)
    for kind, group in SHIPPED_WEIGHTS.items():
        weights[kind : kind + len(group)] = group
    return new_policy(weights)


@inlined_kernel
def add(policy, count, place, kind):
    """Append a candidate. Returns the number of candidates."""
    share = policy.weight[kind]
    if count < ROOM and share > 0.0:
        policy.place[count] = place
        policy.kind[count] = kind
        policy.share[count] = share
        return count + 1
    return count


@inlined_kernel
def can_play(board, place, colour):
    """Whether a move is legal under simple ko and does not put its own chain into atari."""
    if place == board.info[KO_POINT]:
        return False
    liberties, _, captured = outcome(board, place, colour)
    return not is_self_atari(liberties, captured)


@inlined_kernel
def size_class(board, head):
    """0, 1 or 2 for a chain of one, two or more stones."""
    return min(np.int64(board.chain_size[head]), np.int64(3)) - 1


@kernel
def add_rescues(board, policy, count, start, colour):
    """Ways to save a chain in atari: extend at its liberty, or capture a chain beside it."""
    stride = np.int64(board.info[SIZE]) + 1
    large = size_class(board, start)
    place = np.int64(atari_liberty(board.liberties[start]))
    if place != board.info[KO_POINT]:
        liberties, stones, captured = outcome(board, place, colour)
        if not is_self_atari(liberties, captured):
            open_points = 0
            for step in (-stride, stride, -1, 1):
                open_points += board.colour[place + step] == EMPTY
            if open_points >= 3 or stones > np.int64(board.chain_size[start]) + 1 or captured > 0:
                count = add(policy, count, place, EXTEND + large)
            else:
                count = add(policy, count, place, RUN + large)
    enemy = 3 - colour
    stone = np.int64(start)
    last = np.int64(0)
    while True:
        for step in (-stride, stride, -1, 1):
            near = stone + step
            if board.colour[near] == enemy:
                head = np.int64(board.head[near])
                if head != last and in_atari(board.liberties[head]):
                    last = head
                    capture = np.int64(atari_liberty(board.liberties[head]))
                    if capture != board.info[KO_POINT]:
                        count = add(policy, count, capture, RESCUE + large)
        stone = np.int64(board.next_stone[stone])
        if stone == start:
            break
    return count


@kernel
def add_answers_to_chain(board, policy, count, head, colour):
    """Against the chain of the opponent's last move: capture it, or put it into atari."""
    large = size_class(board, head)
    if in_atari(board.liberties[head]):
        place = np.int64(atari_liberty(board.liberties[head]))
        if place != board.info[KO_POINT]:
            count = add(policy, count, place, CAPTURE + large)
    else:
        first, second = two_liberties(board, head)
        if first != 0:
            if can_play(board, first, colour):
                count = add(policy, count, first, ATARI + large)
            if can_play(board, second, colour):
                count = add(policy, count, second, ATARI + large)
    return count


@kernel
def add_patterns(board, policy, count, centre, colour):
    """Moves that fit a 3×3 pattern among the eight points around one."""
    stride = np.int64(board.info[SIZE]) + 1
    for step in (-stride, -1, 1, stride, -stride - 1, -stride + 1, stride - 1, stride + 1):
        place = centre + step
        if board.colour[place] == EMPTY:
            number = pattern_at(board, place, colour)
            if number != NO_PATTERN:
                if can_play(board, place, colour):
                    count = add(policy, count, place, PATTERN + number)
    return count


@kernel
def add_vital(board, policy, count, start, colour):
    """The vital point of the opponent's eye at an empty point, if its shape is one that one move decides."""
    stride = np.int64(board.info[SIZE]) + 1
    region = policy.region
    region[0] = start
    points = 1
    done = 0
    joins = 0
    widest = 0
    vital = np.int64(0)
    owner = 0
    while done < points:
        place = region[done]
        done += 1
        beside = 0
        for step in (-stride, stride, -1, 1):
            near = place + step
            near_colour = board.colour[near]
            if near_colour == EMPTY:
                beside += 1
                known = False
                for index in range(points):
                    if region[index] == near:
                        known = True
                if not known:
                    if points == LARGEST_NAKADE:
                        return count
                    region[points] = near
                    points += 1
            elif near_colour != OFF_BOARD:
                owner |= near_colour
        joins += beside
        if beside > widest:
            widest = beside
            vital = place
    if owner == colour or owner == OFF_BOARD or points < 3:
        return count
    if (points == 3 or (points == 4 and widest == 3) or (points == 5 and (joins == 10 or widest == 4))
            or (points == 6 and joins == 12 and widest == 4)):
        if vital != board.info[KO_POINT]:
            count = add(policy, count, vital, np.int64(NAKADE))
    return count


@kernel
def gather(board, policy, last, before, colour):
    """Write the candidates of a turn.

    Args:
        last, before: bordered indices of the opponent's last move and of the own one before, 0 for none.

    Returns the number of candidates.
    """
    stride = np.int64(board.info[SIZE]) + 1
    enemy = 3 - colour
    count = np.int64(0)
    if last != 0 and board.colour[last] == enemy:
        for step in (-stride, stride, -1, 1):
            near = last + step
            if board.colour[near] == colour:
                head = np.int64(board.head[near])
                fresh = True
                for earlier in (-stride, stride, -1, 1):
                    if earlier == step:
                        break
                    if board.colour[last + earlier] == colour and np.int64(board.head[last + earlier]) == head:
                        fresh = False
                if fresh:
                    if in_atari(board.liberties[head]):
                        count = add_rescues(board, policy, count, head, colour)
        count = add_answers_to_chain(board, policy, count, np.int64(board.head[last]), colour)
        count = add_patterns(board, policy, count, last, colour)
        if policy.weight[NAKADE] > 0.0:
            for step in (-stride, stride, -1, 1):
                if board.colour[last + step] == EMPTY:
                    count = add_vital(board, policy, count, last + step, colour)
    if before != 0:
        previous = np.int64(0)
        for step in (-stride, stride, -1, 1):
            near = before + step
            if board.colour[near] == enemy:
                head = np.int64(board.head[near])
                if head != previous and in_atari(board.liberties[head]):
                    previous = head
                    place = np.int64(atari_liberty(board.liberties[head]))
                    if place != board.info[KO_POINT]:
                        count = add(policy, count, place, LEFT + size_class(board, head))
    return count


@inlined_kernel
def move_elsewhere(board, colour, state):
    """A uniformly drawn move that fills no own eye and gives no chain away, 0 if there is none.

    A self-atari is kept for when nothing else is left, and then only one that might kill (`could_kill`).
    """
    left = np.int64(board.info[EMPTY_COUNT])
    last_resort = np.int64(0)
    while left > 0:
        slot = random_below(state, left)
        place = np.int64(board.empties[slot])
        if place != board.info[KO_POINT] and not is_own_eye(board, place, colour):
            liberties, stones, captured = outcome(board, place, colour)
            if not is_self_atari(liberties, captured):
                return place
            if last_resort == 0 and liberties & COUNT_MASK > 0 and could_kill(board, place, colour, stones):
                last_resort = place
        left -= 1
        other = board.empties[left]
        board.empties[left] = place
        board.empties[slot] = other
        board.empty_slot[place] = left
        board.empty_slot[other] = slot
    return last_resort


@inlined_kernel
def fraction(state):
    """A random float64 in 0 … 1, 1 excluded."""
    return np.float64(next_random(state) >> np.uint64(11)) * (1.0 / 9007199254740992.0)


@inlined_kernel
def heavy_move(board, policy, last, before, colour, state):
    """The policy's next move as a bordered index, 0 for a pass."""
    count = gather(board, policy, last, before, colour)
    if count > 0:
        total = 0.0
        for index in range(count):
            total += policy.share[index]
        draw = fraction(state) * (total + policy.weight[ELSEWHERE])
        if draw < total:
            index = 0
            draw -= policy.share[0]
            while draw >= 0.0 and index < count - 1:
                index += 1
                draw -= policy.share[index]
            return policy.place[index]
    return move_elsewhere(board, colour, state)


@inlined_kernel
def recent_place(board, age):
    """Bordered index of the last move (age 0) or the one before it (age 1), 0 for a pass or none."""
    size = np.int64(board.info[SIZE])
    move = np.int64(board.info[RECENT + age])
    return to_bordered(move, size) if 0 <= move < size * size else np.int64(0)


@kernel
def heavy_rollout(board, policy, state, first):
    """Play by the policy to the end, in place. Returns the number of moves, passes included.

    Args:
        board: where to begin; the final position afterwards (its move list is not kept up).
        state: uint64[1] random state.
        first: uint8[area of the bordered board], written: who first played at each point, EMPTY for nobody.
    """
    size = np.int64(board.info[SIZE])
    colour = np.int64(board.info[TO_PLAY])
    passes = np.int64(board.info[PASSES])
    last = recent_place(board, np.int64(0))
    before = recent_place(board, np.int64(1))
    limit = MOVES_PER_POINT * size * size
    moves = 0
    for place in range(first.shape[0]):
        first[place] = EMPTY
    while passes < 2 and moves < limit:
        place = heavy_move(board, policy, last, before, colour, state)
        if place == 0:
            passes += 1
            board.info[KO_POINT] = 0
        else:
            place_stone(board, place, colour)
            if first[place] == EMPTY:
                first[place] = colour
            passes = np.int64(0)
        before = last
        last = place
        moves += 1
        colour = 3 - colour
    board.info[TO_PLAY] = colour
    return moves


@kernel
def many_heavy_rollouts(start, scratch, policy, state, first, count, seed, margins):
    """Run `count` rollouts with knowledge from one position. Returns the moves of all together.

    Args as of `rollout.many_light_rollouts`, and `policy`, `first` as of `heavy_rollout`.
    """
    seeded(seed, state)
    moves = 0
    for index in range(count):
        copy_board(start, scratch)
        moves += heavy_rollout(scratch, policy, state, first)
        margins[index] = final_area_margin(scratch)
    return moves
