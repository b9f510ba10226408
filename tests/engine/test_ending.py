"""Ends of games: what is passed, captured, left alone and counted, under three rule sets, with the net that ships."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache

import numpy as np
import pytest

from ponnuki import weights
from ponnuki.engine.config import Limits, PlayerSettings
from ponnuki.engine.coords import BLACK, EMPTY, WHITE, opponent, parse_vertex, vertex
from ponnuki.engine.ending import fills_own_eye
from ponnuki.engine.estimate import final_status
from ponnuki.engine.game import Game
from ponnuki.engine.player import Player
from ponnuki.engine.rules import PRESETS
from ponnuki.engine.scoring import owners_of
from ponnuki.nets.ort import OnnxEvaluator

SIZE = 9
QUICK = PlayerSettings(limits=Limits(playouts=48), seed=1, resign_threshold=0.0)

# Black has the left five columns, 45 points, White 36; two eyes and more on each side, nothing open.
SETTLED = """
. X . X X O . O .
X X X X X O O O O
X X X . X O O . O
X . X X X O O O O
X X X X X O . O O
X X X X X O O O O
. X X X X O O O O
X X X . X O O . O
X X X X X O O O O
"""

# The same with wide territories.
WIDE = """
. . X . X O . . .
. X . . X O . O .
. . X . X O O . O
. X . . X O . . .
. . . X X O O O .
X . X . X O . . .
. X . . X O . O O
. . . X X O . O .
. X . . X O . . .
"""

DIAGRAMS = {
    "settled": SETTLED,
    "wide": WIDE,
    # White's D7 and A3 are dead inside Black's eyes, one stone each in three points.
    "dead white": """
. X . X X O . O .
X X X X X O O O O
X . O . X O O . O
X X X X X O O O O
X X X X X O . O O
X X X X X O O O O
. X X X X O O O O
. O . X X O O . O
X X X X X O O O O
""",
    # Two black stones in White's corner.
    "dead black": """
. X . X X O . X X
X X X X X O O O .
X X X . X O O . O
X . X X X O O O O
X X X X X O . O O
X X X X X O O O O
. X X X X O O O O
X X X . X O O . O
X X X X X O O O O
""",
    # Two black stones in White's corner, and E5 is dame.
    "dead black and dame": """
. X . X X O . X X
X X X X X O O O .
X X X . X O O . O
X . X X X O O O O
X X X X . O . O O
X X X X X O O O O
. X X X X O O O O
X X X . X O O . O
X X X X X O O O O
""",
    # E5 is dame.
    "dame": """
. X . X X O . O .
X X X X X O O O O
X X X . X O O . O
X . X X X O O O O
X X X X . O . O O
X X X X X O O O O
. X X X X O O O O
X X X . X O O . O
X X X X X O O O O
""",
    # White's E5 is in atari at F5, where White would connect it.
    "capture": """
. X . X X O . O .
X X X X X O O O O
X X X . X O O . O
X . X X X O O O O
X X X X O . O O O
X X X X X O O O O
. X X X X O O O O
X X X . X O O . O
X X X X X O O O O
""",
    # White is on the left. B1-B3 with C3 and D1-D3 share the liberties C1 and C2: who plays there is captured.
    "seki": """
. O . O X X . X .
O O O O X X X X X
O . O O X . X X X
O O O O X X X X X
O O O O X X X . X
O O O X X X X X X
O X X O X X . X X
O X . O X X X X X
O X . O X . X X X
""",
}


def setup(diagram: str, rules: str, komi: float, to_play: int, passed: bool) -> Game:
    """A game with a diagram on the board; the opponent has just passed, or not."""
    game = Game(SIZE, komi, PRESETS[rules])
    rows = [row.split() for row in diagram.strip().splitlines()]
    assert [len(row) for row in rows] == [SIZE] * SIZE
    stones = [({"X": BLACK, "O": WHITE}[mark], row * SIZE + col)
              for row, marks in enumerate(rows) for col, mark in enumerate(marks) if mark != "."]
    game.set_stones(stones, opponent(to_play) if passed else to_play)
    if passed:
        game.play(game.pass_move)
    return game


@cache
def net() -> OnnxEvaluator:
    return OnnxEvaluator(weights.path_of())


def answer(game: Game) -> str:
    """The move that the shipped net plays."""
    return vertex(Player(game, net(), QUICK).genmove(commit=False).move, SIZE)


@dataclass(frozen=True)
class Case:
    """One position with what may be played."""

    diagram: str
    to_play: int
    komi: float
    passed: bool
    wanted: str
    """Vertices that are right, or ``!`` and those that are wrong."""

    def accepts(self, move: str) -> bool:
        """Whether a move is right."""
        if self.wanted.startswith("!"):
            return move not in self.wanted[1:].split()
        return move in self.wanted.split()


def cases(diagram: str, to_play: int, wanted: dict[float, tuple[str, str]]) -> list[Case]:
    """The position with each komi, with what is wanted before and after the opponent's pass ('': anything)."""
    return [Case(diagram, to_play, komi, passed, answers[passed])
            for komi, answers in wanted.items() for passed in (False, True) if answers[passed]]


# Black leads by 9 on the board in all diagrams but the seki (by 21), dead stones taken off, dame not counted.
BLACK_WINS, WHITE_WINS = 5.5, 10.5

COMMON = [
    *cases("settled", BLACK, {BLACK_WINS: ("pass", "pass"), WHITE_WINS: ("pass", "pass")}),
    *cases("settled", WHITE, {BLACK_WINS: ("pass", "pass"), WHITE_WINS: ("pass", "pass")}),
    *cases("wide", BLACK, {BLACK_WINS: ("pass", "pass")}),
    *cases("seki", BLACK, {19.5: ("!C1 C2", "pass"), 22.5: ("!C1 C2", "!C1")}),
    *cases("seki", WHITE, {22.5: ("!C1 C2", "pass")}),
    *cases("capture", BLACK, {BLACK_WINS: ("F5", "F5 pass"), WHITE_WINS: ("F5", "F5")}),
    *cases("capture", WHITE, {BLACK_WINS: ("F5", ""), WHITE_WINS: ("F5", "F5 pass")}),
]
"""What is right under all rules: a settled board is passed, a seki left alone, a stone in atari taken or saved."""

AREA = [
    *cases("wide", WHITE, {WHITE_WINS: ("pass", "pass")}),
    *cases("dame", BLACK, {BLACK_WINS: ("E5", "E5 pass"), WHITE_WINS: ("E5", "E5")}),
    *cases("dame", WHITE, {BLACK_WINS: ("E5", "E5"), WHITE_WINS: ("E5", "E5 pass")}),
]
"""Dame are worth a point."""

AROUND_DEAD_WHITE = "A2 C2 A3 B3 C3 A1 B1 C1 B7 D7 C6 C8"
AROUND_DEAD_BLACK = "G9 J8 H8"

BY_RULES = {
    # Dead stones that still stand count as alive: who needs them must take them, who profits passes.
    "tromp-taylor": [
        *COMMON,
        *AREA,
        *cases("dead white", BLACK, {BLACK_WINS: (AROUND_DEAD_WHITE, AROUND_DEAD_WHITE)}),
        *cases("dead white", WHITE, {WHITE_WINS: ("pass", "pass"), BLACK_WINS: ("", "pass")}),
        *cases("dead black", WHITE, {WHITE_WINS: (AROUND_DEAD_BLACK, AROUND_DEAD_BLACK)}),
        *cases("dead black", BLACK, {BLACK_WINS: ("pass", "pass"), WHITE_WINS: ("", "pass")}),
        # White has passed: he may hold Black's two stones for dead, and then only the last dame wins.
        *cases("dead black and dame", BLACK, {8.5: ("", "E5")}),
    ],
    # Players agree on them: taking them is as good as leaving them.
    "chinese": [
        *COMMON,
        *AREA,
        *cases("dead white", BLACK, {BLACK_WINS: (AROUND_DEAD_WHITE + " pass", "pass")}),
        *cases("dead white", WHITE, {WHITE_WINS: ("pass", "pass")}),
        *cases("dead black", WHITE, {WHITE_WINS: (AROUND_DEAD_BLACK + " pass", "pass")}),
        *cases("dead black", BLACK, {BLACK_WINS: ("pass", "pass")}),
    ],
    # Dame are worth nothing, and no point is filled for nothing once the opponent has passed.
    "japanese": [
        *COMMON,
        *cases("dame", BLACK, {BLACK_WINS: ("E5 pass", "E5 pass"), WHITE_WINS: ("E5 pass", "E5 pass")}),
        *cases("dame", WHITE, {BLACK_WINS: ("E5 pass", "E5 pass"), WHITE_WINS: ("E5 pass", "E5 pass")}),
        *cases("dead white", BLACK, {BLACK_WINS: ("", "pass")}),
        *cases("dead white", WHITE, {WHITE_WINS: ("pass", "pass")}),
        *cases("dead black", WHITE, {WHITE_WINS: ("", "pass")}),
        *cases("dead black", BLACK, {BLACK_WINS: ("pass", "pass")}),
    ],
}


def test_there_are_thirty_positions_for_each_rule_set() -> None:
    assert min(len(positions) for positions in BY_RULES.values()) >= 30


@pytest.mark.parametrize(("rules", "case"), [(rules, case) for rules, found in BY_RULES.items() for case in found],
                         ids=lambda value: value if isinstance(value, str) else
                         f"{value.diagram}-{'BW'[value.to_play - 1]}-{value.komi}-{'passed' if value.passed else ''}")
def test_the_right_move_at_the_end(rules: str, case: Case) -> None:
    game = setup(DIAGRAMS[case.diagram], rules, case.komi, case.to_play, case.passed)
    assert case.accepts(answer(game))


@pytest.mark.parametrize("rules", BY_RULES)
@pytest.mark.parametrize("visits", [1, 2, 5])
def test_few_visits_end_a_game_too(rules: str, visits: int) -> None:
    """The policy alone, or hardly a child searched: the answer is legal, and a settled board is passed."""
    settings = replace(QUICK, limits=Limits(visits=visits))
    for case in BY_RULES[rules]:
        game = setup(DIAGRAMS[case.diagram], rules, case.komi, case.to_play, case.passed)
        move = Player(game, net(), settings).genmove(commit=False).move
        assert game.is_legal(move)
        if case.diagram == "settled":
            assert move == game.pass_move


@pytest.mark.parametrize("rules", BY_RULES)
@pytest.mark.parametrize(("diagram", "dead", "seki"), [
    ("settled", "", ""),
    ("dead white", "B2 C7", ""),
    ("dead black", "H9 J9", ""),
    ("dame", "", ""),
    ("seki", "", "B1 B2 B3 C3 D1 D2 D3"),
])
@pytest.mark.parametrize("to_play", [BLACK, WHITE])
def test_dead_stones_are_the_same_under_all_rules(rules: str, diagram: str, dead: str, seki: str, to_play: int) -> None:
    game = setup(DIAGRAMS[diagram], rules, 9.0 if diagram != "seki" else 21.0, to_play, passed=False)
    status = Player(game, net(), QUICK).final_status()
    assert status.dead == {parse_vertex(name, SIZE) for name in dead.split()}
    assert status.seki == {parse_vertex(name, SIZE) for name in seki.split()}


@pytest.mark.parametrize("rules", ["tromp-taylor", "chinese", "japanese"])
def test_a_won_game_is_finished_without_filling_eyes(rules: str) -> None:
    """From a settled board both sides pass, and the board is what it was; with dead stones, they are taken at most."""
    for name in ("settled", "dead black"):
        game = setup(DIAGRAMS[name], rules, 10.5, WHITE, passed=False)
        player = Player(game, net(), QUICK)
        moves = []
        while not game.is_over:
            moves.append(player.genmove().move)
            assert len(moves) < 12, "the game must end"
            colour = game.moves[-1][0]
            before = game.copy()
            before.undo()
            assert moves[-1] == game.pass_move or not fills_own_eye(before, moves[-1], colour)
        assert game.score_black(player.final_status().dead) < 0, "White has won, and has not spoilt it"


@pytest.mark.parametrize("rules", BY_RULES)
@pytest.mark.parametrize("visits", [1, 3])
@pytest.mark.parametrize("opening", ["", "E5 D5", "C3 G7 C7 G3", "E5 A1 J9 A9"])
def test_whole_games_with_few_visits(rules: str, visits: int, opening: str) -> None:
    """They come to an end and are counted, with living stones on the board."""
    game = Game(SIZE, 7.5, PRESETS[rules])
    for name in opening.split():
        game.play(parse_vertex(name, SIZE))
    player = Player(game, net(), replace(QUICK, limits=Limits(visits=visits)))
    while not game.is_over:
        player.genmove()
        assert len(game.moves) < 3 * SIZE**2
    assert len(game.moves) > SIZE**2 // 3
    status = player.final_status()
    stones = {point for point in range(SIZE**2) if game.stones().reshape(-1)[point] != EMPTY}
    assert status.dead < stones
    assert abs(game.score_black(status.dead) + 7.5) <= SIZE**2


def board(rows: str, komi: float = 0.0) -> Game:
    """A small board, Black to play."""
    lines = [line.split() for line in rows.strip().splitlines()]
    game = Game(len(lines), komi)
    game.set_stones([({"X": BLACK, "O": WHITE}[mark], row * len(lines) + col)
                     for row, marks in enumerate(lines) for col, mark in enumerate(marks) if mark != "."])
    return game


@pytest.mark.parametrize(("rows", "vertex_name", "eye"), [
    (". X .\nX X .\n. . .", "A3", True),
    (". X O\nX O O\nO O .", "A3", False),  # both stones beside it are in atari
    (". X .\nO X .\n. . .", "A3", False),
    (". X .\nX . .\n. . .", "B2", False),
])
def test_own_eyes(rows: str, vertex_name: str, eye: bool) -> None:
    assert fills_own_eye(board(rows), parse_vertex(vertex_name, 3), BLACK) == eye


def test_a_seki_is_seen_where_the_evaluator_is_unsure() -> None:
    """Chains that share two liberties which neither can take; sure of them, the evaluator is believed."""
    stones = setup(DIAGRAMS["seki"], "chinese", 21, BLACK, passed=False).stones()
    owners = owners_of(stones)
    owned = np.where(owners == BLACK, 1.0, np.where(owners == WHITE, -1.0, 0.0)).astype(np.float32)
    inner = [parse_vertex(name, SIZE) for name in ["B1", "B2", "B3", "C3", "D1", "D2", "D3"]]
    for certainty, seki in ((0.3, set(inner)), (-0.5, set(inner))):
        unsure = owned.copy().reshape(-1)
        unsure[inner] *= certainty
        assert final_status(stones, unsure.reshape(SIZE, SIZE)).seki == seki
    dead = owned.copy().reshape(-1)
    dead[inner[4:]] *= -1
    assert final_status(stones, dead.reshape(SIZE, SIZE)).dead == set(inner[4:])
