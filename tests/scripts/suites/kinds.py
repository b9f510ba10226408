"""From a candidate position to a verified problem: all good moves, the proof that the rest is worse, and its kind."""

from __future__ import annotations

from dataclasses import dataclass

from .board import BLACK, EMPTY, POINTS
from .positions import chains
from .solver import PASS, Position, Solver, Undecided, best_line, playable, value_bounds

KINDS = ("capture", "life-and-death", "seki", "ko", "endgame")

FARTHEST_KOMI = 14
"""How far a problem's value may be from a komi of 7: the komi is set beside the value."""


@dataclass(frozen=True)
class Line:
    """A line of play to its end."""

    moves: tuple[int, ...]
    positions: tuple[Position, ...]
    """Before the first move, and after each."""

    @classmethod
    def of(cls, position: Position, moves: list[int]) -> Line:
        """Play moves that are known to be legal."""
        positions = [position]
        for move in moves:
            then = positions[-1].after(move)
            assert then is not None
            positions.append(then)
        return cls(tuple(moves), tuple(positions))

    def captures(self, index: int) -> int:
        """Stones that move `index` takes."""
        before, after = self.positions[index : index + 2]
        return int((before.stones[POINTS] != EMPTY).sum() - (after.stones[POINTS] != EMPTY).sum()) + (
            self.moves[index] != PASS)

    def owner(self, point: int) -> int:
        """Whose a point is at the end."""
        end = self.positions[-1]
        return int(end.settled()[point] or end.stones[point])

    def ends_in_seki(self) -> bool:
        """Whether stones of both colours stand at the end that neither live without conditions nor are dead."""
        end = self.positions[-1]
        settled = end.settled()
        loose = [colour for point in POINTS if settled[point] == 0 and (colour := end.stones[point]) != EMPTY]
        return min(loose.count(1), loose.count(2)) >= 2

    def takes_ko(self, within: int) -> bool:
        """Whether one of the first moves takes a ko."""
        return any(position.ko for position in self.positions[1 : within + 1])


@dataclass(frozen=True)
class Solved:
    """A position of which every move is known to be right or wrong."""

    position: Position
    good: tuple[int, ...]
    """All moves that keep the value; every other move, the pass too, is proven to be worse."""
    value: int
    """Black's margin with best play."""
    if_passed: int
    """Black's margin where the side to play passes first."""
    line: Line
    """Best play from the first of the good moves on."""
    passed: Line
    """Best play after a pass."""

    @property
    def gain(self) -> int:
        """Points between the best move and a pass."""
        return abs(self.value - self.if_passed)

    @property
    def komi(self) -> float:
        """With this komi the side to play wins by half a point with a good move and loses with any other."""
        return self.value - 0.5 if self.position.to_play == BLACK else self.value + 0.5

    def stake(self) -> list[list[int]]:
        """The chains whose fate the side to play decides: dead with best play and safe after a pass, or the reverse."""
        settled = self.position.settled()
        found = []
        for points, _ in chains(self.position.stones):
            owner = self.position.stones[points[0]]
            if settled[points[0]] == 0:
                lost = self.line.owner(points[0]) != owner, self.passed.owner(points[0]) != owner
                if lost[0] != lost[1]:
                    found.append(points)
        return found


def solve(solver: Solver, position: Position, most_good: int = 2) -> Solved | None:
    """Find all good moves of a position; None where it makes no problem.

    A problem has a move that is better than a pass, at most `most_good` good moves, at least three wrong ones beside
    the pass, and a value not too far from a usual komi.

    Raises:
        Undecided: the solver could not prove what it had to.
    """
    solver.forget()
    mover, before = position.to_play, (*position.earlier, position.key)
    low, high = value_bounds(position)
    if low - 7 > FARTHEST_KOMI or 7 - high > FARTHEST_KOMI:
        return None
    value = solver.value(position, position.earlier)
    if abs(value - 7) > FARTHEST_KOMI:
        return None
    worse = value - 1 if mover == BLACK else value
    passed = solver.after(position, PASS)
    if _keeps(solver, passed, mover, worse, before):
        return None
    moves = [move for move in playable(position) if move != PASS]
    good = []
    for move in moves:
        if _keeps(solver, solver.after(position, move), mover, worse, before):
            good.append(move)
        if len(good) > most_good:
            return None
    if len(moves) - len(good) < 3:
        return None
    if_passed = solver.value(passed, before)
    return Solved(position, tuple(good), value, if_passed,
                  Line.of(position, best_line(solver, position, good[0], value)),
                  Line.of(position, best_line(solver, position, PASS, if_passed)))


def _keeps(solver: Solver, then: Position, mover: int, threshold: int, before: tuple[int, ...]) -> bool:
    """Whether `mover` keeps the value in the position after his move: proven, or its opposite proven."""
    return solver.exceeds(then, threshold, before) == (mover == BLACK)


def kind_of(solved: Solved) -> str | None:
    """Which suite a problem belongs to; None where it shows none of these things clearly."""
    line, stake = solved.line, solved.stake()
    if solved.position.ko or line.takes_ko(3):
        return "ko" if solved.gain >= 2 else None
    if line.ends_in_seki() != solved.passed.ends_in_seki() and solved.gain >= 3:
        return "seki"
    largest = max((len(points) for points in stake), default=0)
    taken = max((line.captures(index) for index in range(0, min(5, len(line.moves)), 2)), default=0)
    if largest >= 2 and taken >= 2 and taken >= largest and solved.gain >= 4:
        return "capture"
    if sum(map(len, stake)) >= 4 and solved.gain >= 8:
        return "life-and-death"
    if largest >= 2 and taken >= 2 and solved.gain >= 4:
        return "capture"
    if not stake and solved.gain <= 4 and taken <= 1 and len(line.moves) >= 6:
        return "endgame"
    return None


def try_position(solver: Solver, position: Position) -> tuple[str, Solved] | None:
    """The problem that a position makes and its kind; None where it makes none or cannot be decided."""
    try:
        solved = solve(solver, position)
    except Undecided:
        return None
    kind = kind_of(solved) if solved else None
    return (kind, solved) if solved and kind else None
