"""Counting the final board, by area or by territory.

Both flood each empty region once: a region that touches stones of one colour alone is that colour's, any other is
nobody's (Tromp-Taylor). Dead stones are taken off by the caller before counting.
"""

from __future__ import annotations

import numpy as np

from ._jit import kernel
from .coords import BLACK, EMPTY, WHITE


@kernel
def fill_owners(stones, size, owners, stack):
    """Write who owns each point: BLACK, WHITE or EMPTY for nobody.

    Args:
        stones: uint8[N*N] of EMPTY, BLACK, WHITE.
        owners: uint8[N*N], overwritten.
        stack: int16[N*N], scratch.
    """
    area = size * size
    owners[:] = np.uint8(255)
    for start in range(area):
        if stones[start] != EMPTY:
            owners[start] = stones[start]
        elif owners[start] == 255:
            fill_region(stones, size, start, owners, stack)


@kernel
def fill_region(stones, size, start, owners, stack):
    """Flood the empty region of a point and write its owner; the visited points are the stack's prefix."""
    found = 1
    stack[0] = start
    owners[start] = EMPTY
    borders = 0
    done = 0
    while done < found:
        point = np.int64(stack[done])
        done += 1
        col = point % size
        for step, inside in (
            (-size, point >= size),
            (size, point < size * (size - 1)),
            (-1, col > 0),
            (1, col < size - 1),
        ):
            if inside:
                near = point + step
                if stones[near] != EMPTY:
                    borders |= stones[near]
                elif owners[near] == 255:
                    owners[near] = EMPTY
                    stack[found] = near
                    found += 1
    if borders == BLACK or borders == WHITE:
        for index in range(found):
            owners[stack[index]] = borders


@kernel
def board_margin(stones, size, owners, stack, territory):
    """Black's points less White's, prisoners and komi not counted; fills `owners` (see `fill_owners`).

    `territory`: count surrounded empty points alone; else stones as well (area).
    """
    fill_owners(stones, size, owners, stack)
    margin = 0
    for point in range(size * size):
        if territory and stones[point] != EMPTY:
            continue
        if owners[point] == BLACK:
            margin += 1
        elif owners[point] == WHITE:
            margin -= 1
    return margin


def owners_of(stones: np.ndarray) -> np.ndarray:
    """uint8[N, N]: the owner of each point of uint8[N, N] stones, EMPTY for nobody."""
    size = stones.shape[0]
    owners = np.empty(size * size, np.uint8)
    flat = np.ascontiguousarray(stones, np.uint8).reshape(-1)
    fill_owners(flat, size, owners, np.empty(size * size, np.int16))
    return owners.reshape(size, size)


def margin_black(stones: np.ndarray, territory: bool) -> int:
    """Black's margin on a board of uint8[N, N] stones, dead ones already removed: area, or surrounded points alone."""
    size = stones.shape[0]
    flat = np.ascontiguousarray(stones, np.uint8).reshape(-1)
    owners = np.empty(size * size, np.uint8)
    return int(board_margin(flat, size, owners, np.empty(size * size, np.int16), territory))
