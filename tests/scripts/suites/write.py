"""A suite's files: one SGF for each position, and the `.tst` file with the answers and how they were found."""

from __future__ import annotations

from pathlib import Path

from sgfmill import sgf

from .board import BLACK, POINTS, SIZE
from .check import gnugo_answers, reference_move, vertex
from .ladders import LadderProblem
from .make import Problem, place_of
from .solver import Position

SEEDS = 3

ABOUT = """\
# ponnuki's built-in suite "{kind}": {count} problems on 9x9.
#
# Rules: area scoring, positional superko, no suicide (any ko rule gives the same answers). Each board is settled but
# for the problem, and komi is such that the side to play wins by half a point with a right move, and loses with any
# other.
#
# Each answer is proven: a search to the end of the game (tests/scripts/suites/solver.py) shows of every legal move of
# the problem, the pass included, that it wins or that it loses. Moves inside settled territory are worth a pass. The
# line in each comment is best play by both sides; it was replayed by the reference rules (tests/reference/go.py), which
# gave the same score. GNU Go 3.8's answers are there for comparison: they do not decide.
#
# Made by: python -m tests.scripts.suites {how}
"""


ABOUT_LADDERS = """\
# ponnuki's built-in suite "ladder": {count} problems on 9x9.
#
# Rules: area scoring. A chain with two liberties can be taken in a ladder, but by only one of the two ataris.
#
# Each answer was checked in four ways. A ladder reader (tests/scripts/suites/ladders.py) plays every atari and every
# defence, extending or taking attackers, to the end: one atari takes the chain, the other does not. GNU Go 3.8's
# `attack` names the same move, and its `does_attack` refuses every other point of the board. By its `estimate_score`
# the move gains at least 8 points over a pass, and komi lies between. And GNU Go, level 10, plays it with all of three
# seeds.
#
# Made by: python -m tests.scripts.suites ladder --seed {seed}
"""


def write_suite(folder: Path, kind: str, problems: list[Problem], how: str, gnugo: str | None) -> None:
    """Write KIND.tst and KIND/NN.sgf under `folder`."""
    (folder / kind).mkdir(parents=True, exist_ok=True)
    blocks = [ABOUT.format(kind=kind, count=len(problems), how=how)]
    for number, problem in enumerate(problems, 1):
        name = f"{kind}/{number:02}.sgf"
        path = folder / name
        path.write_bytes(_sgf(problem))
        blocks.append(_block(problem, number, name, path, gnugo))
    (folder / f"{kind}.tst").write_text("\n".join(blocks), "utf-8", newline="\n")


def write_ladders(folder: Path, problems: list[LadderProblem], seed: int) -> None:
    """Write ladder.tst and ladder/NN.sgf under `folder`."""
    (folder / "ladder").mkdir(parents=True, exist_ok=True)
    blocks = [ABOUT_LADDERS.format(count=len(problems), seed=seed)]
    for number, problem in enumerate(problems, 1):
        name = f"ladder/{number:02}.sgf"
        (folder / name).write_bytes(_set_up(problem.position, problem.komi).serialise())
        colour = "black" if problem.position.to_play == BLACK else "white"
        blocks.append(f"# {colour.capitalize()} to play takes {vertex(problem.target)} in {problem.plies} plies; "
                      f"worth {problem.swing:.0f} points by GNU Go's estimate.\n"
                      f"loadsgf {name}\n{number} reg_genmove {colour}\n#? [{vertex(problem.answer)}]\n")
    (folder / "ladder.tst").write_text("\n".join(blocks), "utf-8", newline="\n")


def _block(problem: Problem, number: int, name: str, path: Path, gnugo: str | None) -> str:
    solved = problem.solved
    black = solved.position.to_play == BLACK
    colour, sign = ("black", 1) if black else ("white", -1)
    upto = "2" if problem.before else ""
    good = [vertex(move) for move in solved.good]
    line = " ".join(vertex(move) for move in solved.line.moves)
    notes = [f"# {colour.capitalize()} to play, {place_of(solved)}; a pass costs {solved.gain} points."]
    if problem.before:
        notes.append(f"# {'White' if black else 'Black'} has just taken a ko.")
    notes.append(f"# Best play to {sign * solved.value:+d} on the board: {line}")
    if gnugo:
        answers = gnugo_answers(gnugo, str(path), upto, colour, SEEDS)
        right = sum(answer.upper() in [text.upper() for text in good] for answer in answers)
        notes.append(f"# GNU Go, level 10, {SEEDS} seeds: {right} right ({' '.join(answers)})")
    answer = "|".join(good)
    return "\n".join([*notes, f"loadsgf {name} {upto}".strip(), f"{number} reg_genmove {colour}", f"#? [{answer}]", ""])


def _sgf(problem: Problem) -> bytes:
    """The position as SGF; where a ko was just taken, the position before and that move."""
    position = problem.before or problem.solved.position
    game = _set_up(position, problem.solved.komi)
    if problem.before:
        game.extend_main_sequence().set_move("b" if position.to_play == BLACK else "w", _sgfmill(problem.last))
        # a second node of the same line, so that "before move 2" is a position of the file
        game.extend_main_sequence().set_move("w" if position.to_play == BLACK else "b", None)
    data: bytes = game.serialise()
    return data


def _set_up(position: Position, komi: float) -> sgf.Sgf_game:
    """A game that begins with the position."""
    game = sgf.Sgf_game(SIZE, encoding="UTF-8")
    root = game.get_root()
    root.set("RU", "Chinese")
    root.set("KM", komi)
    root.set_setup_stones(_points(position, BLACK), _points(position, 3 - BLACK))
    root.set("PL", "b" if position.to_play == BLACK else "w")
    return game


def _points(position: Position, colour: int) -> list[tuple[int, int]]:
    return [_sgfmill(int(p)) for p in POINTS if position.stones[p] == colour]


def _sgfmill(cell: int) -> tuple[int, int]:
    """sgfmill counts rows from the bottom."""
    row, col = divmod(reference_move(cell), SIZE)
    return SIZE - 1 - row, col
