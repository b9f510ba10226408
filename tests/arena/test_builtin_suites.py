"""The built-in suites' answers, found again by the search and the ladder reader that they were verified with."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ponnuki.arena.suite import FOLDER, read_suites
from ponnuki.arena.suite_engine import split_loadsgf
from ponnuki.arena.suite_tst import TstTask
from ponnuki.engine.coords import parse_vertex
from ponnuki.engine.game import Game
from ponnuki.records.sgf import parse_sgf
from tests.scripts.suites.board import BLACK, CELLS, EMPTY, SIZE, STRIDE, WHITE, empty_board
from tests.scripts.suites.check import vertex
from tests.scripts.suites.kinds import solve
from tests.scripts.suites.ladders import after_atari
from tests.scripts.suites.solver import PASS, Position, Solver

PROVEN = ("capture", "endgame", "ko", "life-and-death", "seki")
SOME = 4
"""Problems of each suite that are solved again."""


def cell_of(point: int) -> int:
    """A point of the engine as a cell of the solver's board."""
    return (point // SIZE + 1) * STRIDE + point % SIZE + 1


def board_of(game: Game) -> np.ndarray:
    """The solver's board of a game."""
    stones = empty_board()
    for point, colour in enumerate(game.stones().reshape(-1)):
        stones[cell_of(point)] = colour
    return stones


def built_in(kind: str) -> list[tuple[Game, str, float]]:
    """The positions of a built-in suite with the accepted answers and the komi."""
    found = []
    for task in read_suites([f"builtin:{kind}"]):
        assert isinstance(task, TstTask)
        load, question = task.steps
        assert isinstance(load, str)
        assert not isinstance(question, str)
        path, number = split_loadsgf(load)
        record = parse_sgf(path.read_bytes())[0]
        record.moves = record.moves[: (number or 1) - 1]
        found.append((record.to_game(), question.problem.wanted, record.komi))
    return found


def position_of(game: Game) -> Position:
    """The solver's position, with the ko that the last move may have taken."""
    if not game.moves:
        return Position(board_of(game), game.to_play)
    before = game.copy()
    colour, move = before.undo()
    earlier = Position(board_of(before), colour)
    then = earlier.after(cell_of(move))
    assert then is not None
    assert then.ko != 0
    return Position(then.stones, then.to_play, then.ko, earlier=(earlier.key,))


def test_every_kind_is_there() -> None:
    assert sorted(path.stem for path in Path(FOLDER).glob("*.tst")) == sorted([*PROVEN, "ladder"])


@pytest.mark.slow
@pytest.mark.parametrize("kind", PROVEN)
def test_answers_are_proven_again(kind: str) -> None:
    solver = Solver()
    for game, wanted, komi in built_in(kind)[:SOME]:
        solved = solve(solver, position_of(game))
        assert solved is not None
        assert "|".join(vertex(move) for move in solved.good) == wanted
        assert solved.komi == komi


def reads(game: Game, move: str, target: int) -> int:
    """Plies in which an atari takes the chain at a cell."""
    boards, scratch = np.zeros((90, CELLS), np.int8), np.zeros((3, CELLS), np.int64)
    boards[0] = board_of(game)
    return int(after_atari(boards, 0, target, cell_of(parse_vertex(move, SIZE)), scratch, np.zeros(1, np.int64)))


@pytest.mark.slow
def test_ladders_work_again() -> None:
    for game, wanted, _ in built_in("ladder"):
        other = WHITE if game.to_play == BLACK else BLACK
        cell = cell_of(parse_vertex(wanted, SIZE))
        beside = [cell + step for step in (-STRIDE, -1, 1, STRIDE) if board_of(game)[cell + step] == other]
        assert max((reads(game, wanted, target) for target in beside), default=0) >= 4


@pytest.mark.slow
def test_the_solver_knows_a_corner_by_heart() -> None:
    """Black's corner has three eye points in a row, A9 to C9, and all else is White's: B9 decides its life."""
    rows = ["...XO.O..", "XXXXO.OOO"] + ["OOOOOOOOO"] + [". O . O . O . O .".replace(" ", "")] + ["OOOOOOOOO"] * 5
    stones = empty_board()
    for row, line in enumerate(rows):
        for col, symbol in enumerate(line):
            stones[(row + 1) * STRIDE + col + 1] = ".XO".index(symbol)
    solver = Solver()
    white_first = solver.value(Position(stones, WHITE))
    black_first = solver.value(Position(stones, BLACK))
    assert white_first == -81
    assert black_first == -81 + 2 * 8
    inner = cell_of(1)
    killed = Position(stones, WHITE).after(inner)
    assert killed is not None
    assert solver.value(killed) == -81
    passed = Position(stones, WHITE).after(PASS)
    assert passed is not None
    assert solver.value(passed) == black_first
    assert stones[inner] == EMPTY
