"""The reference itself: held to the same tables as the engine, and to Tromp's counts on the smallest boards."""

from __future__ import annotations

import pytest

from tests.reference.go import (
    ReferenceGame,
    area_margin,
    chain,
    count_legal_positions,
    diagram,
    liberties,
    parse_diagram,
    point_of,
    territory_margin,
    vertex_of,
)
from tests.reference.rule_cases import RULE_CASES, SCORE_CASES, RuleCase, ScoreCase


def named(case: RuleCase | ScoreCase) -> str:
    return case.name


@pytest.mark.parametrize("case", RULE_CASES, ids=named)
def test_rule_case(case: RuleCase) -> None:
    stones, size = case.before
    for ko in case.ko:
        for suicide in case.suicide:
            game = ReferenceGame(size, ko, suicide, stones, case.to_play)
            for vertex in case.moves.split():
                move = point_of(vertex, size)
                assert game.is_legal(move), f"{vertex} under ko {ko}, suicide {suicide}"
                game.play(move)
            assert diagram(game.stones, size) == diagram(*case.after)
            assert (game.captured(1), game.captured(2)) == case.lost
            refused = {
                vertex_of(point, size)
                for point, colour in enumerate(game.stones)
                if colour == 0 and not game.is_legal(point)
            }
            assert refused == set(case.illegal.split())


@pytest.mark.parametrize("case", SCORE_CASES, ids=named)
def test_score_case(case: ScoreCase) -> None:
    stones, size = parse_diagram(case.board)
    dead = {point_of(vertex, size) for vertex in case.dead.split()}
    assert area_margin(stones, size, dead) == case.area
    assert territory_margin(stones, size, *case.lost, dead) == case.territory


def test_legal_positions() -> None:
    """Tromp and Farnebäck, Combinatorics of Go, table 1."""
    assert count_legal_positions(2) == 57
    assert count_legal_positions(3) == 12_675


def test_chain_and_liberties() -> None:
    stones, size = parse_diagram("XX.\nOX.\n..X")
    assert {vertex_of(point, size) for point in chain(stones, size, 0)} == {"A3", "B3", "B2"}
    assert {vertex_of(point, size) for point in liberties(stones, size, 0)} == {"C3", "C2", "B1"}
    assert {vertex_of(point, size) for point in liberties(stones, size, point_of("A2", size))} == {"A1"}


def test_undo_restores_everything() -> None:
    game = ReferenceGame(2)
    for vertex in ("A1", "B1", "B2"):
        game.play(point_of(vertex, 2))
    before = (game.stones, game.to_play, game.legal_moves(), game.captured(2))
    game.play(game.pass_move)
    game.play(point_of("A2", 2))
    game.undo()
    game.undo()
    assert (game.stones, game.to_play, game.legal_moves(), game.captured(2)) == before
