"""What else a solved problem has to pass: the reference rules, and how GNU Go answers it."""

from __future__ import annotations

from ponnuki.arena.gtp_client import GtpClient
from tests.reference import go

from .board import EMPTY, POINTS, SIZE, STRIDE
from .kinds import Line
from .solver import PASS

GNUGO_OPTIONS = ("--mode", "gtp", "--level", "10", "--chinese-rules", "--positional-superko")


def reference_move(move: int) -> int:
    """A cell of the solver's board (or PASS) as a move of the reference rules and of the engine."""
    return SIZE * SIZE if move == PASS else (move // STRIDE - 1) * SIZE + move % STRIDE - 1


def vertex(move: int) -> str:
    """A move's GTP name."""
    return go.vertex_of(reference_move(move), SIZE)


def holds_by_reference(line: Line, value: int) -> bool:
    """Whether a line is legal by the reference rules, positional superko included, and ends with that margin."""
    first = line.positions[0]
    game = go.ReferenceGame(SIZE, stones=tuple(int(c) for c in first.stones[POINTS]), to_play=first.to_play)
    for move in line.moves:
        if not game.is_legal(reference_move(move)):
            return False
        game.play(reference_move(move))
    end = line.positions[-1]
    if game.stones != tuple(int(c) for c in end.stones[POINTS]):
        return False
    settled = end.settled()
    dead = [reference_move(int(p)) for p in POINTS if end.stones[p] != EMPTY and settled[p] not in (0, end.stones[p])]
    return go.area_margin(game.stones, SIZE, dead) == value


def gnugo_answers(gnugo: str, sgf: str, number: str, colour: str, seeds: int) -> list[str]:
    """GNU Go's move in a position, once for each of several seeds.

    Args:
        sgf: path of the file; number: move number for ``loadsgf``, or empty; colour: ``black`` or ``white``.
    """
    answers = []
    for seed in range(1, seeds + 1):
        with GtpClient((gnugo, *GNUGO_OPTIONS, "--seed", str(seed))) as client:
            client.send(f"loadsgf {sgf} {number}".strip(), 60)
            answers.append(client.send(f"reg_genmove {colour}", 60).text)
    return answers
