"""Search for problems until there are enough of each kind, each different, spread over the board and both colours."""

from __future__ import annotations

import itertools
import multiprocessing
import random
import sys
from collections import Counter
from dataclasses import dataclass, replace
from functools import cache

from .board import EMPTY, POINTS, SIZE, STRIDE
from .check import holds_by_reference
from .kinds import Solved, try_position
from .positions import Shape, canonical, random_position
from .solver import PASS, Position, Solver

RING = Shape(window=(5, 8), ring=1, weak=0.0, empty=(0.6, 1.0), unsettled=20)
FACING = Shape(window=(4, 7), ring=2, weak=0.0, empty=(0.6, 1.0), unsettled=20)
SEVERAL = Shape(window=(3, 6), windows=(2, 3), weak=0.0, unsettled=18, seeds=(3, 6))

POOLS: dict[str, tuple[Shape, ...]] = {
    "fights": (FACING, RING, FACING),
    "ko": (SEVERAL, replace(RING, unsettled=16), replace(FACING, unsettled=16)),
    "endgame": (replace(SEVERAL, window=(4, 7)),),
}
"""What candidates look like, in turns, by the pool that they are drawn from."""

KINDS_OF = {"fights": ("capture", "life-and-death", "seki"), "ko": ("ko",), "endgame": ("endgame",)}
"""The kinds of problems that are taken from each pool."""

MOST_NODES = 30_000
"""Positions that the solver may judge and expand for one claim; candidates that need more are passed over."""

BATCH = 400
"""Attempts that are handed to the worker processes at a time."""


@dataclass(frozen=True)
class Problem:
    """A verified problem. `before` and `last` are the position before the last move and that move, where it matters."""

    solved: Solved
    before: Position | None = None
    last: int = PASS


@dataclass(frozen=True)
class Candidate:
    """A position, and where its last move took a ko, the position before and that move."""

    position: Position
    before: Position | None = None
    last: int = PASS


def candidate(pool: str, seed: int, attempt: int) -> Candidate | None:
    """What the attempt of that number comes to, None for nothing."""
    rng = random.Random(f"{pool} {seed} {attempt}")
    shapes = POOLS[pool]
    position = random_position(rng, shapes[attempt % len(shapes)])
    if position is None or pool != "ko":
        return Candidate(position) if position else None
    takes = any(_takes_ko(position, int(p)) for p in POINTS)
    other = replace(position, to_play=3 - position.to_play)
    taken = [int(p) for p in POINTS if _takes_ko(other, int(p))]
    if taken and (not takes or rng.random() < 0.5):
        last = rng.choice(taken)
        then = other.after(last)
        assert then is not None
        return Candidate(replace(then, earlier=(other.key,)), other, last)
    return Candidate(position) if takes or rng.random() < 0.3 else None


def _takes_ko(position: Position, move: int) -> bool:
    then = position.after(move) if position.stones[move] == EMPTY else None
    return then is not None and then.ko != 0


@cache
def _solver() -> Solver:
    """One solver a process."""
    return Solver(MOST_NODES)


def try_attempt(numbered: tuple[str, int, int]) -> tuple[str, Problem] | None:
    """The verified problem, with its kind, that one attempt (pool, seed, number) comes to; None for none."""
    found = candidate(*numbered)
    result = try_position(_solver(), found.position) if found else None
    if found is None or result is None or not holds_by_reference(result[1].line, result[1].value):
        return None
    return result[0], Problem(result[1], found.before, found.last)


def place_of(solved: Solved) -> str:
    """Corner, side or middle: where the answer is."""
    row, col = divmod(solved.good[0], STRIDE)
    near = sum(min(x, SIZE - 1 - x) < 3 for x in (row - 1, col - 1))
    return ("middle", "side", "corner")[near]


class Selection:
    """The problems of one kind that are taken: as many as wanted, all different, and balanced."""

    def __init__(self, count: int) -> None:
        self.problems: list[Problem] = []
        self._count = count
        self._forms: set[bytes] = set()
        self._places: Counter[str] = Counter()
        self._colours: Counter[int] = Counter()

    @property
    def full(self) -> bool:
        """Whether there are enough."""
        return len(self.problems) == self._count

    def offer(self, problem: Problem) -> bool:
        """Take a problem if it is new and keeps the balance; returns whether it was taken."""
        solved = problem.solved
        place, form, colour = place_of(solved), canonical(solved.position), solved.position.to_play
        if (self.full or form in self._forms or self._places[place] >= (self._count + 1) // 2
                or self._colours[colour] >= self._count * 6 // 10):
            return False
        self._forms.add(form)
        self._places[place] += 1
        self._colours[colour] += 1
        self.problems.append(problem)
        return True


def find_problems(pool: str, count: int, seed: int, workers: int) -> dict[str, list[Problem]]:
    """The first `count` problems of each kind of a pool; what they are depends on the seed alone."""
    chosen = {kind: Selection(count) for kind in KINDS_OF[pool]}
    with multiprocessing.get_context("spawn").Pool(workers) as processes:
        for first in itertools.count(0, BATCH):
            numbered = [(pool, seed, attempt) for attempt in range(first, first + BATCH)]
            for found in processes.imap(try_attempt, numbered, chunksize=10):
                if found and found[0] in chosen:
                    chosen[found[0]].offer(found[1])
            counts = ", ".join(f"{kind} {len(selection.problems)}" for kind, selection in chosen.items())
            print(f"{first + BATCH} attempts: {counts} of {count}", file=sys.stderr, flush=True)
            if all(selection.full for selection in chosen.values()):
                break
    return {kind: selection.problems for kind, selection in chosen.items()}
