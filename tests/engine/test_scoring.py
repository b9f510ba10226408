"""Area and territory scores, prisoners, dead stones, komi and handicap compensation."""

from __future__ import annotations

import random

import numpy as np
import pytest

from ponnuki.engine.coords import parse_vertex
from ponnuki.engine.game import Game
from ponnuki.engine.rules import HandicapBonus, Rules, Scoring
from ponnuki.engine.scoring import board_margin, margin_black, owners_of
from tests.reference import go
from tests.reference.rule_cases import SCORE_CASES, WALLS, ScoreCase

AREA, TERRITORY = Rules(scoring=Scoring.AREA), Rules(scoring=Scoring.TERRITORY)


def game_of(board: str, rules: Rules, komi: float = 0.0) -> Game:
    stones, size = go.parse_diagram(board)
    game = Game(size, komi, rules)
    game.set_stones((colour, point) for point, colour in enumerate(stones) if colour)
    return game


@pytest.mark.parametrize("case", SCORE_CASES, ids=lambda case: case.name)
def test_score_case(case: ScoreCase) -> None:
    area, territory = game_of(case.board, AREA), game_of(case.board, TERRITORY)
    dead = [parse_vertex(text, area.size) for text in case.dead.split()]
    assert area.score_black(dead) == case.area
    black_lost, white_lost = case.lost
    assert territory.score_black(dead) + white_lost - black_lost == case.territory


@pytest.mark.parametrize(("rules", "margin"), [(AREA, 25), (TERRITORY, 22 + 1)])
def test_captures_in_play_are_prisoners(rules: Rules, margin: int) -> None:
    """Three black stones own the board, one white stone taken: 25 of area, or 22 of territory and a prisoner."""
    game = Game(5, komi=0.5, rules=rules)
    for text in ("C1", "B1", "B2", "pass", "A1", "pass"):
        game.play(parse_vertex(text, 5))
    assert game.score_black() == margin - 0.5


def test_passes_cost_nothing() -> None:
    """No pass stones: the score of the walls stays, however often either passes."""
    for rules in (AREA, TERRITORY):
        game = game_of(WALLS, rules)
        before = game.score_black()
        for _ in range(5):
            game.play(game.pass_move)
        assert game.score_black() == before == 5


def test_komi_is_whites() -> None:
    assert game_of(WALLS, AREA, komi=6.5).score_black() == -1.5
    assert game_of(WALLS, TERRITORY, komi=-2).score_black() == 7


@pytest.mark.parametrize(("bonus", "points"), [
    (HandicapBonus.NONE, 0), (HandicapBonus.N, 3), (HandicapBonus.N_MINUS_ONE, 2),
])
def test_handicap_compensation(bonus: HandicapBonus, points: int) -> None:
    """White is given points for three handicap stones under area scoring, in the score and in the net's komi."""
    game = Game(9, komi=0.5, rules=Rules(handicap_bonus=bonus))
    game.set_handicap([parse_vertex(text, 9) for text in ("G7", "C3", "G3")])
    assert (game.handicap, game.to_play) == (3, 2)
    assert game.score_black() == 81 - 0.5 - points
    assert game.self_komi() == 0.5 + points
    game.play(game.pass_move)
    assert game.self_komi() == -0.5 - points


def test_no_compensation_under_territory_scoring_or_for_set_up_stones() -> None:
    points = [parse_vertex(text, 9) for text in ("G7", "C3", "G3")]
    territory = Game(9, 0.5, Rules(scoring=Scoring.TERRITORY, handicap_bonus=HandicapBonus.N))
    territory.set_handicap(points)
    assert territory.score_black() == 81 - 3 - 0.5
    area = Game(9, 0.5, Rules(handicap_bonus=HandicapBonus.N))
    area.set_stones([(1, point) for point in points])
    assert area.score_black() == 81 - 0.5


def test_self_komi_counts_prisoners_under_territory_scoring() -> None:
    game = Game(5, komi=6.5, rules=TERRITORY)
    for text in ("C1", "B1", "B2", "pass", "A1"):
        game.play(parse_vertex(text, 5))
    assert (game.to_play, game.self_komi()) == (2, 6.5 - 1)
    game.play(game.pass_move)
    assert game.self_komi() == -6.5 + 1


@pytest.mark.kernels
def test_random_boards_score_as_the_reference() -> None:
    rng = random.Random(5)
    for _ in range(200):
        size = rng.randint(2, 11)
        weights = rng.choice(((5, 1, 1), (1, 3, 3), (8, 1, 0)))
        stones = tuple(rng.choices((0, 1, 2), weights, k=size * size))
        array = np.array(stones, np.uint8)
        owners, stack = np.empty(size * size, np.uint8), np.empty(size * size, np.int16)
        assert board_margin(array, size, owners, stack, False) == go.area_margin(stones, size), go.diagram(stones, size)
        owned = go.territory(stones, size)
        expected = [colour or next(c for c in (0, 1, 2) if point in owned[c]) for point, colour in enumerate(stones)]
        assert owners.tolist() == expected
        assert board_margin(array, size, owners, stack, True) == len(owned[1]) - len(owned[2])
        board = array.reshape(size, size)
        assert owners_of(board).reshape(-1).tolist() == expected
        assert margin_black(board, territory=True) == go.territory_margin(stones, size, 0, 0)
