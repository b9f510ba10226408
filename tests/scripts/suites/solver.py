"""Exact values of nearly finished 9×9 positions, by search to the end of the game under area scoring.

The question asked of the search is always a claim: "this side gets a margin of more than this, whatever the other
does". A claim counts as proven only by a strategy that never needs a repetition: any move that brings back a position
of the line that is being searched counts against the claim. So a proven claim holds under simple ko and under
positional and situational superko alike. Where neither a claim nor its opposite is proven, the position depends on the
repetition rule, or the search was cut off, and the caller throws it away.

Rules: a simple ko may not be taken back at once; suicide is forbidden; the game ends by two passes in a row, of which
none lifts a ko ban: a pass under a ko ban stands for any move that changes nothing (filling one's own territory), which
nearly every board has to offer. Points that `board.settle` gives to a side are not played on: they cannot change
hands. Nor does anybody fill a point that one chain of his own surrounds. Every other legal move is searched.
"""

from __future__ import annotations

from dataclasses import dataclass

import numba
import numpy as np

from .board import BLACK, CELLS, EMPTY, POINTS, STEPS, STONE_KEYS, WHITE, gather, margin, place, settle

PASS = 0
"""The move that is no point."""
MAX_DEPTH = 64
TABLE_BITS = 19
REFUTED, PROVEN, OPEN = 0, 1, 2
INFINITE = 1_000_000_000
"""Proof number of what cannot be proven, disproof number of what is proven."""

_random = np.random.default_rng(7)
TURN_KEYS = _random.integers(1, 2**63 - 1, 4, np.int64)
KO_KEYS = _random.integers(1, 2**63 - 1, CELLS, np.int64)
PASS_KEYS = _random.integers(1, 2**63 - 1, 3, np.int64)
CLAIM_KEYS = _random.integers(1, 2**63 - 1, (3, 400), np.int64)


@numba.njit(cache=True)
def _fills_an_eye(stones, point, colour, found, mark, counter):
    """Whether all neighbours of an empty point belong to one chain of `colour`.

    To play there is never better than to pass: the same area, and the chain has a liberty less.
    """
    start = 0
    for step in STEPS:
        cell = point + step
        if stones[cell] == EMPTY or stones[cell] == 3 - colour:
            return False
        if stones[cell] == colour:
            start = cell
    counter[0] += 1
    gather(stones, start, found, mark, counter[0])
    for step in STEPS:
        cell = point + step
        if stones[cell] == colour and mark[cell] != counter[0]:
            return False
    return True


@numba.njit(cache=True)
def _judge(stones, claimant, threshold, passes, work, flags, grid):
    """PROVEN or REFUTED where the settled points, or two passes, decide the claim, else OPEN. work[0] is `settled`."""
    black, white = settle(stones, work[0], work[1], work[2], work[3], grid[0], grid[1], flags[0], flags[1])
    if 2 * black - 81 > threshold:
        winner = BLACK
    elif 81 - 2 * white <= threshold:
        winner = WHITE
    elif passes == 2:
        winner = BLACK if margin(stones, work[0], work[2], work[3]) > threshold else WHITE
    else:
        return OPEN
    return PROVEN if winner == claimant else REFUTED


@numba.njit(cache=True)
def _state_key(key, to_play, ko, passes, claimant, threshold):
    """What the table knows a state of the search by."""
    return key ^ TURN_KEYS[to_play] ^ KO_KEYS[ko] ^ PASS_KEYS[passes] ^ CLAIM_KEYS[claimant, threshold + 200]


@numba.njit(cache=True)
def search(boards, keys, depth, to_play, ko, passes, claimant, threshold, most_proof, most_disproof, work, flags, grid,
           table_keys, table_proof, table_disproof, counter):
    """Depth-first proof-number search (A. Nagai, 2002) for "`claimant` gets the margin to its side of `threshold`".

    Returns the proof and disproof number of the position once one of them has reached its bound (a proof number of 0
    is a proof), or the node limit is reached.

    Args:
        boards: int8[MAX_DEPTH + 2, CELLS], row `depth` is the position; deeper rows are overwritten.
        keys: int64[MAX_DEPTH + 2], keys of the positions of the line up to `depth`.
        ko: cell that may not be taken back now, or 0.
        passes: 1 if the last move was a pass that counts.
        work: int64[5, CELLS] scratch; flags: bool[2, CELLS]; grid: bool[2, CELLS, CELLS].
        table_keys, table_proof, table_disproof: transposition table.
        counter: int64[3]: stamps, positions judged and expanded, most of them.
    """
    counter[1] += 1
    mine = to_play == claimant
    child = boards[depth + 1]
    settle(boards[depth], work[0], work[1], work[2], work[3], grid[0], grid[1], flags[0], flags[1])
    moves, proof, disproof = np.empty(82, np.int64), np.empty(82, np.int64), np.empty(82, np.int64)
    count = 0
    for cell in POINTS:
        if boards[depth, cell] == EMPTY and work[0, cell] == 0 and cell != ko:
            moves[count] = cell
            count += 1
    moves[count] = PASS
    candidates, count = count + 1, 0
    for index in range(candidates):
        move = moves[index]
        child[:] = boards[depth]
        key, next_ko, next_passes = keys[depth], 0, 0
        if move == PASS:
            next_passes = passes + 1 if ko == 0 else 0
        else:
            change, captured, next_ko = place(child, move, to_play, work[4], work[3], counter)
            if captured < 0 or (captured == 0 and _fills_an_eye(boards[depth], move, to_play, work[4], work[3],
                                                                counter)):
                continue
            key ^= change
        verdict = OPEN
        if move != PASS:
            for earlier in range(depth):
                if keys[earlier] == key:
                    verdict = REFUTED
        state = _state_key(key, 3 - to_play, next_ko, next_passes, claimant, threshold)
        slot = state & ((1 << TABLE_BITS) - 1)
        moves[count], proof[count], disproof[count] = move, 1, 1
        if verdict == REFUTED or depth + 2 >= MAX_DEPTH:
            proof[count], disproof[count] = INFINITE, 0
        elif table_keys[slot] == state:
            proof[count], disproof[count] = table_proof[slot], table_disproof[slot]
        else:
            counter[1] += 1
            verdict = _judge(child, claimant, threshold, next_passes, work, flags, grid)
            if verdict != OPEN:
                proof[count], disproof[count] = (0, INFINITE) if verdict == PROVEN else (INFINITE, 0)
            table_keys[slot], table_proof[slot], table_disproof[slot] = state, proof[count], disproof[count]
        count += 1
    own = _state_key(keys[depth], to_play, ko, passes, claimant, threshold)
    while True:
        best, second, total, least = -1, INFINITE, 0, INFINITE + 1
        for index in range(count):
            low, other = (proof[index], disproof[index]) if mine else (disproof[index], proof[index])
            total += other
            if low < least:
                second, least, best = least, low, index
            elif low < second:
                second = low
        least, total = min(least, INFINITE), min(total, INFINITE)
        now_proof, now_disproof = (least, total) if mine else (total, least)
        if now_proof >= most_proof or now_disproof >= most_disproof or counter[1] > counter[2]:
            slot = own & ((1 << TABLE_BITS) - 1)
            table_keys[slot], table_proof[slot], table_disproof[slot] = own, now_proof, now_disproof
            return now_proof, now_disproof
        if mine:
            bound_proof = min(most_proof, second + 1)
            bound_disproof = most_disproof - total + disproof[best]
        else:
            bound_disproof = min(most_disproof, second + 1)
            bound_proof = most_proof - total + proof[best]
        move = moves[best]
        child[:] = boards[depth]
        keys[depth + 1], next_ko, next_passes = keys[depth], 0, 0
        if move == PASS:
            next_passes = passes + 1 if ko == 0 else 0
        else:
            change, captured, next_ko = place(child, move, to_play, work[4], work[3], counter)
            keys[depth + 1] ^= change
        proof[best], disproof[best] = search(
            boards, keys, depth + 1, 3 - to_play, next_ko, next_passes, claimant, threshold, bound_proof,
            bound_disproof, work, flags, grid, table_keys, table_proof, table_disproof, counter)


@dataclass(frozen=True)
class Position:
    """A position to solve."""

    stones: np.ndarray
    """int8[CELLS]."""
    to_play: int
    ko: int = 0
    """The cell that a ko forbids, 0 where there is none."""
    passes: int = 0
    """1 if the last move was a pass that counts, 2 at the end."""
    earlier: tuple[int, ...] = ()
    """Keys of positions before this one, which superko forbids to repeat; not handed on by `after`."""

    def after(self, move: int) -> Position | None:
        """The position after a move (PASS or a cell), None if it is not legal."""
        if move == PASS:
            return Position(self.stones, 3 - self.to_play, 0, 0 if self.ko else self.passes + 1)
        if self.stones[move] != EMPTY or move == self.ko:
            return None
        stones = self.stones.copy()
        scratch = np.zeros((2, CELLS), np.int64)
        _, captured, ko = place(stones, move, self.to_play, scratch[0], scratch[1], np.zeros(1, np.int64))
        return None if captured < 0 else Position(stones, 3 - self.to_play, int(ko))

    @property
    def key(self) -> int:
        """Key of the stones alone."""
        return int(np.bitwise_xor.reduce(STONE_KEYS[self.stones[POINTS], POINTS]))

    def settled(self) -> np.ndarray:
        """int64[CELLS]: who owns each point for good, 0 where that is open."""
        work = np.zeros((4, CELLS), np.int64)
        grid, flags = np.zeros((2, CELLS, CELLS), np.bool_), np.zeros((2, CELLS), np.bool_)
        settle(self.stones, work[0], work[1], work[2], work[3], grid[0], grid[1], flags[0], flags[1])
        return work[0]

    def margin(self) -> int:
        """Black's margin on the board as it stands, settled points given to their owners."""
        work = np.zeros((2, CELLS), np.int64)
        return int(margin(self.stones, self.settled(), work[0], work[1]))


class Undecided(Exception):
    """Neither a claim nor its opposite could be proven."""


class Solver:
    """Proves claims about positions, with one transposition table for all of them."""

    def __init__(self, most_nodes: int = 200_000) -> None:
        self._boards = np.zeros((MAX_DEPTH + 2, CELLS), np.int8)
        self._keys = np.zeros(MAX_DEPTH + 2, np.int64)
        self._work = np.zeros((5, CELLS), np.int64)
        self._flags = np.zeros((2, CELLS), np.bool_)
        self._grid = np.zeros((2, CELLS, CELLS), np.bool_)
        self._table_keys = np.zeros(1 << TABLE_BITS, np.int64)
        self._table_proof = np.zeros(1 << TABLE_BITS, np.int64)
        self._table_disproof = np.zeros(1 << TABLE_BITS, np.int64)
        self._counter = np.zeros(3, np.int64)
        self._most_nodes = most_nodes
        self.nodes = 0

    def forget(self) -> None:
        """Empty the table, so that a result does not depend on what was solved before."""
        self._table_keys[:] = 0

    def proves(self, position: Position, claimant: int, threshold: int, before: tuple[int, ...] = ()) -> bool:
        """Whether `claimant` is proven to reach its side of `threshold`: margin above it for Black, else not above.

        Args:
            before: keys of the positions that led here, which may not be repeated.

        Raises:
            Undecided: the node limit was reached.
        """
        start = len(before)
        self._keys[:start] = before
        self._keys[start] = position.key
        self._boards[start] = position.stones
        self._counter[1:] = 0, self._most_nodes
        verdict = _judge(position.stones, claimant, threshold, position.passes, self._work, self._flags, self._grid)
        if verdict != OPEN:
            return bool(verdict == PROVEN)
        proof, disproof = search(
            self._boards, self._keys, start, position.to_play, position.ko, position.passes, claimant, threshold,
            INFINITE, INFINITE, self._work, self._flags, self._grid, self._table_keys, self._table_proof,
            self._table_disproof, self._counter)
        self.nodes += int(self._counter[1])
        if proof and disproof:
            raise Undecided(f"more than {self._most_nodes} positions")
        return bool(proof == 0)

    def exceeds(self, position: Position, threshold: int, before: tuple[int, ...] = ()) -> bool:
        """Whether the value of `position` (Black's margin) is above `threshold`: one of both claims, proven.

        Raises:
            Undecided: neither claim is proven.
        """
        if self.proves(position, BLACK, threshold, before):
            return True
        if self.proves(position, WHITE, threshold, before):
            return False
        raise Undecided("it depends on the repetition rule")

    def value(self, position: Position, before: tuple[int, ...] = ()) -> int:
        """Black's margin with best play by both.

        Raises:
            Undecided: as `exceeds`.
        """
        low, high = value_bounds(position)
        while low < high:
            middle = (low + high) // 2
            if self.exceeds(position, middle, before):
                low = middle + 1
            else:
                high = middle
        return low

    def after(self, position: Position, move: int) -> Position:
        """The position after a move that is known to be legal."""
        found = position.after(move)
        assert found is not None
        return found


def value_bounds(position: Position) -> tuple[int, int]:
    """Black's least and greatest margin, by what is settled already."""
    settled = position.settled()[POINTS]
    return 2 * int((settled == BLACK).sum()) - 81, 81 - 2 * int((settled == WHITE).sum())


def playable(position: Position) -> list[int]:
    """All moves that the solver considers, the pass last."""
    settled = position.settled()
    points = [int(p) for p in POINTS if position.stones[p] == EMPTY and settled[p] == 0]
    return [move for move in [*points, PASS] if position.after(move) is not None]


def best_line(solver: Solver, position: Position, first: int, value: int) -> list[int]:
    """A line of best play that begins with `first`, to two passes; a side passes only where nothing else is as good.

    `value` is Black's margin after `first`. No move of the line repeats a position.

    Raises:
        Undecided: as `Solver.exceeds`.
    """
    line, before = [first], [*position.earlier, position.key]
    now = solver.after(position, first)
    while now.passes < 2 and len(line) < MAX_DEPTH - 8:
        threshold = value - 1 if now.to_play == BLACK else value
        for move in playable(now):
            then = solver.after(now, move)
            if then.key in before and move != PASS:
                continue
            if solver.proves(then, now.to_play, threshold, (*before, now.key)):
                break
        else:
            raise Undecided("no move keeps the value")
        before.append(now.key)
        line.append(move)
        now = then
    return line
