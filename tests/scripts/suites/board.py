"""A 9×9 board for the solver: small, allocation-free, and independent of the engine's own board.

Points lie on a bordered board of `CELLS` cells, row by row from the top: cell `(row + 1) * STRIDE + col + 1`. Colours
are 0 empty, 1 Black, 2 White, 3 border. `stones` is int8[CELLS] throughout.
"""

from __future__ import annotations

import numba
import numpy as np

SIZE = 9
STRIDE = SIZE + 1
CELLS = STRIDE * (SIZE + 2) + 1
EMPTY, BLACK, WHITE, BORDER = 0, 1, 2, 3
STEPS = np.array([-STRIDE, -1, 1, STRIDE], np.int64)
POINTS = np.array([(row + 1) * STRIDE + col + 1 for row in range(SIZE) for col in range(SIZE)], np.int64)

_random = np.random.default_rng(20240501)
STONE_KEYS = _random.integers(1, 2**63 - 1, (3, CELLS), np.int64)
STONE_KEYS[EMPTY] = 0


def empty_board() -> np.ndarray:
    """A board without stones."""
    stones = np.full(CELLS, BORDER, np.int8)
    stones[POINTS] = EMPTY
    return stones


@numba.njit(cache=True)
def gather(stones, start, found, mark, stamp):
    """Collect the chain (or empty region) at `start` into found[:n]; returns (n, whether it has an empty neighbour).

    `mark` int64[CELLS] gets `stamp` at the cells of the chain.
    """
    colour = stones[start]
    found[0] = start
    mark[start] = stamp
    count, index, free = 1, 0, False
    while index < count:
        for step in STEPS:
            cell = found[index] + step
            if stones[cell] == colour:
                if mark[cell] != stamp:
                    mark[cell] = stamp
                    found[count] = cell
                    count += 1
            elif stones[cell] == EMPTY:
                free = True
        index += 1
    return count, free


@numba.njit(cache=True)
def has_liberty(stones, start, found, mark, stamp):
    """Whether the chain at `start` has a liberty; stops at the first."""
    colour = stones[start]
    found[0] = start
    mark[start] = stamp
    count, index = 1, 0
    while index < count:
        for step in STEPS:
            cell = found[index] + step
            if stones[cell] == EMPTY:
                return True
            if stones[cell] == colour and mark[cell] != stamp:
                mark[cell] = stamp
                found[count] = cell
                count += 1
        index += 1
    return False


@numba.njit(cache=True)
def place(stones, point, colour, found, mark, counter):
    """Play a stone in place. Returns (change of the position's key, captured stones, ko point or 0).

    Captured is -1 for suicide, and then `stones` is as it was. `counter` int64[1] gives fresh stamps for `mark`.
    """
    stones[point] = colour
    key = STONE_KEYS[colour, point]
    captured, last = 0, 0
    for step in STEPS:
        cell = point + step
        if stones[cell] == 3 - colour:
            counter[0] += 1
            if not has_liberty(stones, cell, found, mark, counter[0]):
                counter[0] += 1
                count, _ = gather(stones, cell, found, mark, counter[0])
                for index in range(count):
                    stones[found[index]] = EMPTY
                    key ^= STONE_KEYS[3 - colour, found[index]]
                captured += count
                last = cell
    if captured == 0:
        counter[0] += 1
        if not has_liberty(stones, point, found, mark, counter[0]):
            stones[point] = EMPTY
            return np.int64(0), -1, 0
    ko = 0
    if captured == 1:
        alone, liberties = True, 0
        for step in STEPS:
            alone = alone and stones[point + step] != colour
            liberties += stones[point + step] == EMPTY
        if alone and liberties == 1:
            ko = last
    return key, captured, ko


@numba.njit(cache=True)
def _label(stones, colour, inverse, labels, found):
    """Number the chains of `colour`, or with `inverse` the regions of all other points; returns how many."""
    count = 0
    for point in POINTS:
        labels[point] = -1
    for start in POINTS:
        if (stones[start] == colour) == inverse or labels[start] >= 0:
            continue
        labels[start] = count
        found[0] = start
        total, index = 1, 0
        while index < total:
            for step in STEPS:
                cell = found[index] + step
                other = stones[cell]
                if other != BORDER and (other == colour) != inverse and labels[cell] < 0:
                    labels[cell] = count
                    found[total] = cell
                    total += 1
            index += 1
        count += 1
    return count


@numba.njit(cache=True)
def settle(stones, settled, chain_of, region_of, found, touches, vital, alive, kept):
    """Write who owns the points that no play can change: 1 Black, 2 White, 0 open. Returns (Black's, White's) counts.

    Benson's algorithm (D. B. Benson, Life in the game of Go, Information Sciences 10, 1976) finds for each colour the
    chains that live even if their owner always passes. A region that only such chains enclose is settled with them
    where at most one of its points is not beside them: an opponent in there can never have two eyes.
    Scratch: settled, chain_of, region_of, found int64[CELLS]; touches, vital bool[CELLS, CELLS]; alive, kept
    bool[CELLS].
    """
    for point in POINTS:
        settled[point] = 0
    owned_black, owned_white = 0, 0
    for colour in (BLACK, WHITE):
        chains = _label(stones, colour, False, chain_of, found)
        regions = _label(stones, colour, True, region_of, found)
        touches[:regions, :chains] = False
        vital[:regions, :chains] = True
        for point in POINTS:
            region = region_of[point]
            if region < 0:
                continue
            for step in STEPS:
                cell = point + step
                if stones[cell] == colour:
                    touches[region, chain_of[cell]] = True
            if stones[point] == EMPTY:
                for chain in range(chains):
                    if vital[region, chain]:
                        beside = False
                        for step in STEPS:
                            cell = point + step
                            if stones[cell] == colour and chain_of[cell] == chain:
                                beside = True
                        if not beside:
                            vital[region, chain] = False
        alive[:chains] = True
        kept[:regions] = True
        changed = True
        while changed:
            changed = False
            for chain in range(chains):
                if alive[chain]:
                    eyes = 0
                    for region in range(regions):
                        if kept[region] and vital[region, chain] and touches[region, chain]:
                            eyes += 1
                    if eyes < 2:
                        alive[chain] = False
                        changed = True
            for region in range(regions):
                if kept[region]:
                    for chain in range(chains):
                        if touches[region, chain] and not alive[chain]:
                            kept[region] = False
                            changed = True
        for region in range(regions):
            touches[region, 0] = False  # from here on: more than one point away from the walls
            found[region] = 0
        for point in POINTS:
            region = region_of[point]
            if region >= 0:
                beside = False
                for step in STEPS:
                    beside = beside or stones[point + step] == colour
                if not beside:
                    found[region] += 1
        count = 0
        for point in POINTS:
            region, chain = region_of[point], chain_of[point]
            if (chain >= 0 and alive[chain]) or (region >= 0 and kept[region] and found[region] < 2 and chains > 0):
                settled[point] = colour
                count += 1
        if colour == BLACK:
            owned_black = count
        else:
            owned_white = count
    return owned_black, owned_white


@numba.njit(cache=True)
def margin(stones, settled, region_of, found):
    """Black's area less White's as the board stands: settled points go to their owner, dead stones in them included."""
    total = 0
    regions = _label(stones, EMPTY, False, region_of, found)
    for region in range(regions):
        found[region] = 0
    for point in POINTS:
        if region_of[point] >= 0:
            for step in STEPS:
                other = stones[point + step]
                if other == BLACK or other == WHITE:
                    found[region_of[point]] |= other
    for point in POINTS:
        owner = settled[point]
        if owner == 0:
            owner = stones[point]
            if owner == EMPTY:
                owner = found[region_of[point]]
        if owner == BLACK:
            total += 1
        elif owner == WHITE:
            total -= 1
    return total
