"""The engine's rules on the tables: moves -> diagram, captures and refused points."""

from __future__ import annotations

import numba
import numpy as np
import pytest

from ponnuki.engine._jit import kernel
from ponnuki.engine.board import add_setup_stone, all_chains_have_liberties, clear_board, new_board, to_bordered
from ponnuki.engine.coords import EMPTY, parse_vertex, vertex
from ponnuki.engine.errors import ConfigError, IllegalMoveError
from ponnuki.engine.game import Game
from ponnuki.engine.rules import Ko, Rules
from tests.reference.go import count_legal_positions, diagram
from tests.reference.rule_cases import RULE_CASES, RuleCase


def game_at(case: RuleCase, ko: int, suicide: bool) -> Game:
    """The engine's game at the case's left diagram."""
    stones, size = case.before
    game = Game(size, rules=Rules(ko=Ko(ko), suicide=suicide))
    game.set_stones([(colour, point) for point, colour in enumerate(stones) if colour], to_play=case.to_play)
    return game


@pytest.mark.kernels
@pytest.mark.parametrize("case", RULE_CASES, ids=lambda case: case.name)
def test_rule_case(case: RuleCase) -> None:
    for ko in case.ko:
        for suicide in case.suicide:
            game = game_at(case, ko, suicide)
            for text in case.moves.split():
                game.play(parse_vertex(text, game.size))
            stones = game.stones().reshape(-1)
            assert diagram(stones, game.size) == diagram(*case.after)
            assert (game.captured(1), game.captured(2)) == case.lost
            legal = game.legal_moves()
            refused = {vertex(int(point), game.size) for point in np.flatnonzero((stones == EMPTY) & ~legal[:-1])}
            assert refused == set(case.illegal.split())


@pytest.mark.parametrize("case", [case for case in RULE_CASES if case.illegal], ids=lambda case: case.name)
def test_refused_moves_change_nothing(case: RuleCase) -> None:
    game = game_at(case, case.ko[0], case.suicide[0])
    for text in case.moves.split():
        game.play(parse_vertex(text, game.size))
    before = game.stones(), game.to_play, list(game.moves), game.legal_moves()
    for text in case.illegal.split():
        with pytest.raises(IllegalMoveError, match=text):
            game.play(parse_vertex(text, game.size))
    after = game.stones(), game.to_play, list(game.moves), game.legal_moves()
    assert all(np.array_equal(one, other) for one, other in zip(before, after, strict=True))


@pytest.mark.kernels
@pytest.mark.parametrize("size", [-1, 0, 1, 26])
def test_board_sizes_refused(size: int) -> None:
    with pytest.raises(ConfigError, match=f"board size {size}: expected 2 to 25"):
        new_board(size)


@kernel
def count_positions(board, size, first, last):
    """Of the colourings numbered `first` to `last` - 1 in base 3, how many the engine finds legal."""
    legal = 0
    for number in range(first, last):
        clear_board(board, size)
        rest = number
        for point in range(size * size):
            if rest % 3:
                add_setup_stone(board, to_bordered(point, size), rest % 3)
            rest //= 3
        if all_chains_have_liberties(board):
            legal += 1
    return legal


@pytest.mark.kernels
def test_legal_positions() -> None:
    """Published counts (Tromp and Farnebäck, Combinatorics of Go): 57 and 12,675; the reference agrees on 2x2."""
    assert count_positions(new_board(2), 2, 0, 3**4) == 57 == count_legal_positions(2)
    if not numba.config.DISABLE_JIT:
        assert count_positions(new_board(3), 3, 0, 3**9) == 12_675


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_legal_positions_4x4() -> None:
    assert count_positions(new_board(4), 4, 0, 3**16) == 24_318_165
