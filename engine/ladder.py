"""Ladders, read out: chains of one or two liberties that their opponent can keep in atari until they are taken.

The attacker plays one of two liberties; the defender, in atari, extends or captures stones of the attacker beside it;
with three liberties it has escaped, with one it is lost, with two the attacker chooses again. Ko is left out: a chain
that a ko decides may be read either way. Reading past ``NODES`` moves counts as an escape.

A reading works on a copy of the colours alone. Liberties are counted by walking over the chain: nearly all readings end
after a move or two, so that keeping chains up to date would cost more than it saves.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ._jit import kernel
from .coords import EMPTY, OFF_BOARD, bordered_area

NODES = 100
"""Moves that one reading may play: an unbroken ladder across 19x19 takes about 70."""

PLIES = 180
"""Longest sequence; a ladder that goes on beyond it counts as an escape."""

OPTIONS = 6
"""Most answers of a defender that are tried: the extension and captures."""

LAST_WALK = 2**30
"""Walks are numbered in int32; numbers start again after this one, between two boards."""

SIDE, NEXT, COUNT, OPTION = 0, 1, 2, 3
ATTACKER, DEFENDER = 0, 1


class Reading(NamedTuple):
    """What a reading works in; of one board size, reused by any number of them."""

    colour: np.ndarray  # uint8[area], the stones, as of `Board`
    mark: np.ndarray  # int32[area], points met in the walk of that number
    walk: np.ndarray  # int32[1], number of the latest walk
    chain: np.ndarray  # int16[area], stones yet to be walked over
    prey_mark: np.ndarray  # int32[area], prey_walk: int32[1], prey_chain: int16[area]: the same for walks over the prey
    prey_walk: np.ndarray
    prey_chain: np.ndarray
    log: np.ndarray  # int16[2 * area + 3 * PLIES], moves to take back: captured points, the point, how many captured
    frames: np.ndarray  # int16[PLIES, OPTION + OPTIONS], the sequence: whose turn, next option, options


def new_reading(size: int) -> Reading:
    """Room to read ladders on boards of a size."""
    area = bordered_area(size)
    return Reading(
        colour=np.zeros(area, np.uint8),
        mark=np.zeros(area, np.int32),
        walk=np.zeros(1, np.int32),
        chain=np.zeros(area, np.int16),
        prey_mark=np.zeros(area, np.int32),
        prey_walk=np.zeros(1, np.int32),
        prey_chain=np.zeros(area, np.int16),
        log=np.zeros(2 * area + 3 * PLIES, np.int16),
        frames=np.zeros((PLIES, OPTION + OPTIONS), np.int16),
    )


@kernel
def begin_reading(reading, board):
    """Take over a board's stones; walks are numbered from 1 again long before the numbers run out."""
    if reading.walk[0] > LAST_WALK:
        reading.walk[0] = 0
        reading.mark[:] = 0
    if reading.prey_walk[0] > LAST_WALK:
        reading.prey_walk[0] = 0
        reading.prey_mark[:] = 0
    for place in range(board.colour.shape[0]):
        reading.colour[place] = board.colour[place]


@kernel
def free_points(reading, stride, start, most):
    """(count, first, second): a chain's liberties, counted up to `most`, and two of them (0 where there are fewer)."""
    walk = reading.walk[0] + 1
    reading.walk[0] = walk
    colour = reading.colour[start]
    reading.chain[0] = start
    reading.mark[start] = walk
    waiting = 1
    count = 0
    first = np.int64(0)
    second = np.int64(0)
    while waiting > 0:
        waiting -= 1
        here = np.int64(reading.chain[waiting])
        for step in (-stride, stride, -1, 1):
            near = here + step
            if reading.mark[near] == walk:
                continue
            if reading.colour[near] == EMPTY:
                reading.mark[near] = walk
                count += 1
                if count == 1:
                    first = near
                elif count == 2:
                    second = near
                if count >= most:
                    return count, first, second
            elif reading.colour[near] == colour:
                reading.mark[near] = walk
                reading.chain[waiting] = near
                waiting += 1
    return count, first, second


@kernel
def free_neighbours(reading, stride, place):
    """Empty points beside a point."""
    count = 0
    for step in (-stride, stride, -1, 1):
        count += reading.colour[place + step] == EMPTY
    return count


@kernel
def has_liberty(reading, stride, start):
    """Whether a chain has a liberty; most have one beside the first stone looked at."""
    return free_neighbours(reading, stride, start) > 0 or free_points(reading, stride, start, np.int64(1))[0] > 0


@kernel
def take_off(reading, stride, start, logged):
    """Remove a chain, noting its points in the log; the log's new length."""
    colour = reading.colour[start]
    reading.chain[0] = start
    reading.colour[start] = EMPTY
    reading.log[logged] = start
    logged += 1
    waiting = 1
    while waiting > 0:
        waiting -= 1
        here = np.int64(reading.chain[waiting])
        for step in (-stride, stride, -1, 1):
            near = here + step
            if reading.colour[near] == colour:
                reading.colour[near] = EMPTY
                reading.log[logged] = near
                logged += 1
                reading.chain[waiting] = near
                waiting += 1
    return logged


@kernel
def put(reading, stride, place, colour, logged):
    """Play a stone; the log's new length, or -1 (and nothing done) where it would be suicide."""
    before = logged
    reading.colour[place] = colour
    for step in (-stride, stride, -1, 1):
        near = place + step
        near_colour = reading.colour[near]
        if near_colour == EMPTY or near_colour == OFF_BOARD or near_colour == colour:
            continue
        if not has_liberty(reading, stride, near):
            logged = take_off(reading, stride, near, logged)
    if logged == before and not has_liberty(reading, stride, place):
        reading.colour[place] = EMPTY
        return np.int64(-1)
    reading.log[logged] = place
    reading.log[logged + 1] = logged - before
    return logged + 2


@kernel
def take_back(reading, logged):
    """Undo the last move in the log; its new length."""
    captured = np.int64(reading.log[logged - 1])
    place = np.int64(reading.log[logged - 2])
    other = 3 - reading.colour[place]
    reading.colour[place] = EMPTY
    start = logged - 2 - captured
    for index in range(start, logged - 2):
        reading.colour[np.int64(reading.log[index])] = other
    return start


@kernel
def ask_attacker(frame, first, second):
    """The attacker's turn: to play either of two liberties."""
    frame[SIDE] = ATTACKER
    frame[NEXT] = 0
    frame[COUNT] = 2
    frame[OPTION] = first
    frame[OPTION + 1] = second


@kernel
def ask_defender(reading, stride, prey, liberty, frame):
    """The defender's turn: to extend at the only liberty, or to capture a chain in atari beside the prey."""
    frame[SIDE] = DEFENDER
    frame[NEXT] = 0
    frame[OPTION] = liberty
    count = np.int64(1)
    walk = reading.prey_walk[0] + 1
    reading.prey_walk[0] = walk
    colour = reading.colour[prey]
    reading.prey_mark[prey] = walk
    reading.prey_chain[0] = prey
    waiting = 1
    while waiting > 0:
        waiting -= 1
        here = np.int64(reading.prey_chain[waiting])
        for step in (-stride, stride, -1, 1):
            near = here + step
            near_colour = reading.colour[near]
            if reading.prey_mark[near] == walk or near_colour == EMPTY or near_colour == OFF_BOARD:
                continue
            reading.prey_mark[near] = walk
            if near_colour == colour:
                reading.prey_chain[waiting] = near
                waiting += 1
                continue
            if free_neighbours(reading, stride, near) >= 2:
                continue
            liberties, point, _ = free_points(reading, stride, near, np.int64(2))
            if liberties == 1 and count < OPTIONS and is_new(frame, count, point):
                frame[OPTION + count] = point
                count += 1
    frame[COUNT] = count


@kernel
def is_new(frame, count, point):
    """Whether a point is not among the first `count` options."""
    for index in range(count):
        if frame[OPTION + index] == point:
            return False
    return True


@kernel
def is_captured(reading, stride, prey, attack):
    """Whether a chain is lost.

    Args:
        prey: one of its stones.
        attack: the attacker's first move, one of the chain's two liberties; or 0: the chain is in atari, and the
            defender moves first.
    """
    colour = reading.colour[prey]
    logged = np.int64(0)
    if attack != 0:
        logged = put(reading, stride, attack, 3 - colour, logged)
        if logged < 0:
            return False
    count, liberty, _ = free_points(reading, stride, prey, np.int64(2))
    if count != 1:
        if attack != 0:
            take_back(reading, logged)
        return False
    ask_defender(reading, stride, prey, liberty, reading.frames[0])
    captured = read_on(reading, stride, prey, logged)
    if attack != 0:
        take_back(reading, logged)
    return captured


@kernel
def escapes_at_once(reading, stride, prey, attack, extension):
    """Whether a chain of two liberties has three once its opponent has played at one of them and it at the other.

    What either stone may capture only adds to them, so the attack has failed; most do so, and to see it takes a walk
    instead of a dozen.
    """
    colour = reading.colour[prey]
    reading.colour[attack] = 3 - colour
    reading.colour[extension] = colour
    liberties = free_points(reading, stride, extension, np.int64(3))[0]
    reading.colour[attack] = EMPTY
    reading.colour[extension] = EMPTY
    return liberties >= 3


@kernel
def read_on(reading, stride, prey, logged):
    """Whether a chain is lost, from the turn in the first frame on; the board is as before afterwards."""
    colour = reading.colour[prey]
    depth = 0
    nodes = 0
    answered = False  # whether the last option played has been read to its end, with the outcome `lost`
    lost = False
    while True:
        frame = reading.frames[depth]
        side = frame[SIDE]
        if answered:
            logged = take_back(reading, logged)
            answered = False
            if lost == (side == ATTACKER):  # the side to play has what it wants
                depth -= 1
                if depth < 0:
                    return lost
                answered = True
                continue
        if frame[NEXT] == frame[COUNT]:  # nothing left to try
            lost = side == DEFENDER
            depth -= 1
            if depth < 0:
                return lost
            answered = True
            continue
        point = np.int64(frame[OPTION + frame[NEXT]])
        frame[NEXT] += 1
        if side == ATTACKER and free_neighbours(reading, stride, point) > 0:
            other = np.int64(frame[OPTION]) + np.int64(frame[OPTION + 1]) - point
            if escapes_at_once(reading, stride, prey, point, other):
                nodes += 1 if nodes + 1 >= NODES or depth + 1 == PLIES else 2  # as if the two moves had been played
                continue
        played = put(reading, stride, point, colour if side == DEFENDER else 3 - colour, logged)
        if played < 0:
            continue
        logged = played
        nodes += 1
        count, first, second = free_points(reading, stride, prey, np.int64(3))
        answered = True
        if side == DEFENDER:
            lost = count == 1
            if count != 2:
                continue
        else:
            lost = count == 0
            if count != 1:
                continue
        if nodes >= NODES or depth + 1 == PLIES:
            lost = False
            continue
        answered = False
        depth += 1
        if side == DEFENDER:
            ask_attacker(reading.frames[depth], first, second)
        else:
            ask_defender(reading, stride, prey, first, reading.frames[depth])


FIRST_WORKS, SECOND_WORKS = 1, 2


@kernel
def ladder_attacks(reading, stride, prey, first, second, every):
    """Which of a chain's two liberties capture it when the opponent plays there: a sum of FIRST_WORKS, SECOND_WORKS.

    Args:
        every: whether to read the second where the first works.
    """
    works = 0
    if not escapes_at_once(reading, stride, prey, first, second) and is_captured(reading, stride, prey, first):
        works += FIRST_WORKS
    if every or works == 0:
        if not escapes_at_once(reading, stride, prey, second, first) and is_captured(reading, stride, prey, second):
            works += SECOND_WORKS
    return works
