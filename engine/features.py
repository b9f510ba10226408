"""Input planes and globals of the network, versions 1 and 2, written by one kernel from a board.

Planes, float32[PLANES, N, N], seen from the side to play:

====== ==================================================================
plane  content
====== ==================================================================
0      1 on every point (zero padding shows the net where the board ends)
1, 2   own stones, opposing stones
3 … 5  stones of either colour whose chain has exactly 1, 2, 3 liberties
6      empty points that ko or superko forbids
7 … 11 the last five moves, newest first (passes leave a plane empty)
12     (version 2) stones of either colour that a ladder takes: in chains of
       two liberties whose opponent captures by playing first, in chains in
       atari that their owner cannot save by playing first
13     (version 2) points where the side to play begins such a capture of a
       chain of two liberties
====== ==================================================================

Globals, float32[GLOBALS]:

====== ==================================================================
global content
====== ==================================================================
0      self_komi / 15: komi and handicap compensation in points, + for the
       side to play; under territory scoring with the prisoners' difference
1      1 under territory scoring
2, 3   1 under simple ko; 1 under situational superko
4      1 where suicide of several stones is allowed
5, 6   1 if the last move, the move before it, was a pass
7      parity of self_komi under area scoring, −0.5 … 0.5 (see `parity_wave`)
8      (N − 13) / 6
====== ==================================================================

A change of anything here is a new version: nets say which one they were trained on, and are fed that.
"""

from __future__ import annotations

from functools import cache

import numpy as np

from ._jit import kernel
from .board import (
    KO_POINT,
    LEGAL,
    PASSES,
    RECENT,
    RECENT_MOVES,
    SIMPLE,
    SITUATIONAL,
    SIZE,
    SUICIDE,
    TO_PLAY,
    in_atari,
    placement_kind,
)
from .coords import BLACK, EMPTY, WHITE
from .ladder import FIRST_WORKS, SECOND_WORKS, begin_reading, is_captured, ladder_attacks
from .tactics import two_liberties

FEATURE_VERSION = 2
"""What new nets are trained on."""
PLANES_OF = {1: 12, 2: 14}
"""Planes of each version that is written."""
PLANES = PLANES_OF[FEATURE_VERSION]
GLOBALS = 9

ON_BOARD_PLANE, OWN_PLANE, OPPOSING_PLANE, LIBERTIES_PLANE, KO_PLANE, RECENT_PLANE = 0, 1, 2, 3, 6, 7
DOOMED_PLANE, ATTACK_PLANE = 12, 13

SYMMETRIES = 8


@cache
def symmetry_table(size: int) -> np.ndarray:
    """int16[8, N*N]: point p of the board appears at ``table[s, p]`` in symmetry s.

    Bit 0 of s flips the rows, bit 1 the columns, bit 2 transposes afterwards. Read-only.
    """
    rows, cols = np.divmod(np.arange(size * size), size)
    table = np.empty((SYMMETRIES, size * size), np.int16)
    for symmetry in range(SYMMETRIES):
        row = size - 1 - rows if symmetry & 1 else rows
        col = size - 1 - cols if symmetry & 2 else cols
        table[symmetry] = col * size + row if symmetry & 4 else row * size + col
    table.setflags(write=False)
    return table


@kernel
def symmetry_steps(symmetry, size):
    """(base, per row, per column) of a symmetry: point (row, col) appears at base + row * per_row + col * per_col."""
    row_start, row_sign = (size - 1, -1) if symmetry & 1 else (0, 1)
    col_start, col_sign = (size - 1, -1) if symmetry & 2 else (0, 1)
    if symmetry & 4:
        return col_start * size + row_start, row_sign, col_sign * size
    return row_start * size + col_start, row_sign * size, col_sign


@kernel
def few_liberties(board, head):
    """Liberties of a chain: 1, 2 or 3; 4 stands for more."""
    if in_atari(board.liberties[head]):
        return 1
    stride = board.info[SIZE] + 1
    first = np.int64(-1)
    second = np.int64(-1)
    third = np.int64(-1)
    place = np.int64(head)
    while True:
        for step in (-stride, stride, -1, 1):
            near = place + step
            if board.colour[near] == EMPTY and near != first and near != second and near != third:
                if first < 0:
                    first = near
                elif second < 0:
                    second = near
                elif third < 0:
                    third = near
                else:
                    return 4
        place = np.int64(board.next_stone[place])
        if place == head:
            break
    return 3 if third >= 0 else 2


@kernel
def parity_wave(self_komi, size):
    """Which way the parity of the final area score leans, −0.5 … 0.5, for area scoring.

    Area margins on a board without seki have the parity of the board's area, so a half point of komi matters only at
    every second integer; a triangle wave of period 2 in self_komi tells the net where it stands. After KataGo's input
    of the same purpose (Wu, "Accelerating Self-Play Learning in Go", 2019).
    """
    offset = np.float64(self_komi) if size % 2 == 0 else np.float64(self_komi) - 1.0
    delta = offset - np.floor(offset / 2.0) * 2.0
    if delta < 0.5:
        return np.float32(delta)
    if delta < 1.5:
        return np.float32(1.0 - delta)
    return np.float32(delta - 2.0)


@kernel
def self_komi(board, komi, scoring):
    """Points that the side to play is given, float32: ± komi, and under territory scoring the prisoners' difference.

    `komi` is White's, handicap compensation included. Prisoners count as captured stones less own stones lost.
    """
    white_gain = np.float32(komi)
    if scoring == 1:
        white_gain += np.float32(board.info[6 + BLACK] - board.info[6 + WHITE])
    return white_gain if board.info[TO_PLAY] == WHITE else -white_gain


@kernel
def write_stone_planes(board, legal, suicide, base, per_row, per_col, planes):
    """Planes of stones, liberties and ko; `planes` is float32[PLANES, N*N], zeroed."""
    size = board.info[SIZE]
    own = np.int64(board.info[TO_PLAY])
    for row in range(size):
        for col in range(size):
            place = np.int64((row + 1) * (size + 1) + col + 1)
            target = base + row * per_row + col * per_col
            colour = board.colour[place]
            if colour == EMPTY:
                if legal[row * size + col] == 0:
                    kind = placement_kind(board, place, own)
                    if place == board.info[KO_POINT] or kind == LEGAL or (kind == SUICIDE and suicide):
                        planes[KO_PLANE, target] = np.float32(1)
            else:
                planes[OWN_PLANE if colour == own else OPPOSING_PLANE, target] = np.float32(1)
                if board.head[place] == place:
                    liberties = few_liberties(board, place)
                    if liberties < 4:
                        mark_chain(board, place, base, per_row, per_col, planes[LIBERTIES_PLANE + liberties - 1])


@kernel
def mark_chain(board, head, base, per_row, per_col, plane):
    """Write 1 on a chain's stones into one plane, float32[N*N]."""
    stride = board.info[SIZE] + 1
    place = np.int64(head)
    while True:
        row = place // stride - 1
        col = place - (row + 1) * stride - 1
        plane[base + row * per_row + col * per_col] = np.float32(1)
        place = np.int64(board.next_stone[place])
        if place == head:
            break


@kernel
def turned(place, stride, base, per_row, per_col):
    """Where a bordered index appears in a plane, in a symmetry."""
    row = place // stride - 1
    col = place - (row + 1) * stride - 1
    return base + row * per_row + col * per_col


@kernel
def write_ladder_planes(board, reading, base, per_row, per_col, planes):
    """Planes of what ladders decide; `planes` is float32[PLANES, N*N], zeroed, `reading` of the board's size."""
    size = np.int64(board.info[SIZE])
    stride = size + 1
    begin_reading(reading, board)
    for row in range(size):
        for col in range(size):
            place = np.int64((row + 1) * stride + col + 1)
            colour = board.colour[place]
            if colour == EMPTY or board.head[place] != place:
                continue
            if in_atari(board.liberties[place]):
                if is_captured(reading, stride, place, np.int64(0)):
                    mark_chain(board, place, base, per_row, per_col, planes[DOOMED_PLANE])
                continue
            first, second = two_liberties(board, place)
            if first == 0:
                continue
            own = colour == board.info[TO_PLAY]
            works = ladder_attacks(reading, stride, place, first, second, not own)
            if works == 0:
                continue
            mark_chain(board, place, base, per_row, per_col, planes[DOOMED_PLANE])
            if own:
                continue
            if works & FIRST_WORKS:
                planes[ATTACK_PLANE, turned(first, stride, base, per_row, per_col)] = np.float32(1)
            if works & SECOND_WORKS:
                planes[ATTACK_PLANE, turned(second, stride, base, per_row, per_col)] = np.float32(1)


@kernel
def write_features(
    board, legal, komi_to_play, ko_rule, scoring, suicide, symmetry, reading, planes_out, globals_out
):
    """Write one position's planes and globals, in a symmetry.

    Args:
        legal: uint8[N*N + 1], the legal moves (`board.legal_moves`).
        komi_to_play: float32, `self_komi` of the board.
        ko_rule, scoring, suicide: the rules as integers (`engine.rules`).
        symmetry: 0 … 7, see `symmetry_table`.
        reading: room to read ladders in, of the board's size; untouched where none are asked for.
        planes_out: float32[C, N, N], contiguous, of any version's number of planes; overwritten.
        globals_out: float32[GLOBALS]; overwritten.
    """
    size = np.int64(board.info[SIZE])
    area = size * size
    planes = planes_out.reshape((planes_out.shape[0], area))
    planes[:] = np.float32(0)
    planes[ON_BOARD_PLANE] = np.float32(1)
    base, per_row, per_col = symmetry_steps(np.int64(symmetry), size)
    write_stone_planes(board, legal, suicide, base, per_row, per_col, planes)
    for age in range(RECENT_MOVES):
        move = board.info[RECENT + age]
        if 0 <= move < area:
            planes[RECENT_PLANE + age, base + (move // size) * per_row + (move % size) * per_col] = np.float32(1)
    if planes.shape[0] > DOOMED_PLANE:
        write_ladder_planes(board, reading, base, per_row, per_col, planes)
    globals_out[0] = komi_to_play / np.float32(15)
    globals_out[1] = np.float32(scoring == 1)
    globals_out[2] = np.float32(ko_rule == SIMPLE)
    globals_out[3] = np.float32(ko_rule == SITUATIONAL)
    globals_out[4] = np.float32(suicide)
    globals_out[5] = np.float32(board.info[PASSES] > 0)
    globals_out[6] = np.float32(board.info[RECENT + 1] == area)
    globals_out[7] = parity_wave(komi_to_play, size) if scoring == 0 else np.float32(0)
    globals_out[8] = np.float32(size - 13) / np.float32(6)
