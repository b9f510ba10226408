"""Input planes and globals: compared with the reference on random games, and by hand on a diagram."""

from __future__ import annotations

import random

import numba
import numpy as np
import pytest

from ponnuki.engine.board import Board, hash_key, legal_moves, new_board, play
from ponnuki.engine.coords import parse_vertex
from ponnuki.engine.features import (
    FEATURE_VERSION,
    GLOBALS,
    KO_PLANE,
    PLANES,
    parity_wave,
    self_komi,
    symmetry_table,
    write_features,
)
from ponnuki.engine.game import Game
from ponnuki.engine.ladder import new_reading
from ponnuki.engine.rules import Ko, Rules
from tests.reference import features as reference
from tests.reference.go import SIMPLE, SITUATIONAL, ReferenceGame, Stones

JIT = not numba.config.DISABLE_JIT


def written(board: Board, legal: np.ndarray, komi: float, rules: tuple[int, int, bool], symmetry: int
            ) -> tuple[np.ndarray, np.ndarray]:
    """Planes and globals into arrays full of rubbish, so that what is not written shows."""
    size = int(board.info[0])
    planes = np.full((PLANES, size, size), 9, np.float32)
    globals_out = np.full(GLOBALS, 9, np.float32)
    ko, scoring, suicide = rules
    write_features(board, legal, np.float32(self_komi(board, komi, scoring)), ko, scoring, suicide, symmetry,
                   new_reading(size), planes, globals_out)
    return planes, globals_out


def test_the_reference_is_of_this_version() -> None:
    assert (FEATURE_VERSION, PLANES, GLOBALS) == (
        reference.FEATURE_VERSION, reference.PLANES, reference.GLOBALS
    )


@pytest.mark.kernels
@pytest.mark.parametrize("size", [2, 3, 5, 9, 13] if JIT else [2, 5])
def test_random_games(size: int) -> None:
    """Every plane and global after every move, in all symmetries in turn, under every rule."""
    rng = random.Random(size)
    for ko, scoring, suicide in [(ko, scoring, suicide) for ko in range(3) for scoring in (0, 1)
                                 for suicide in (False, True)]:
        komi = rng.choice((0, 0.5, 5.5, 6, 6.5, 7, 7.5, -3, 3.75))
        game, board = ReferenceGame(size, ko, suicide), new_board(size)
        length = 30 if JIT else 8
        history = np.zeros(length + 1, np.uint64)
        history[0] = hash_key(board, ko)
        legal = np.empty(size * size + 1, np.uint8)
        for index in range(length):
            legal_moves(board, history, index + 1, ko, suicide, legal)
            symmetry = index % 8
            planes, globals_out = written(board, legal, komi, (ko, scoring, suicide), symmetry)
            expected = np.array(reference.planes(game, symmetry), np.float32)
            expected = np.where(np.isnan(expected), planes, expected)
            assert np.array_equal(planes, expected), np.argwhere(planes != expected)[:5]
            assert globals_out == pytest.approx(reference.globals_of(game, komi, bool(scoring)), abs=1e-6)
            choices = np.flatnonzero(legal[:-1]).tolist()
            move = rng.choice(choices) if choices and rng.random() > 0.1 else size * size
            game.play(move)
            play(board, move)
            history[index + 1] = hash_key(board, ko)


def planes_of(game: Game) -> np.ndarray:
    legal = game.legal_moves().astype(np.uint8)
    rules = (int(game.rules.ko), int(game.rules.scoring), game.rules.suicide)
    return written(game.board, legal, game.total_komi, rules, 0)[0]


def points_of(plane: np.ndarray) -> set[tuple[int, int]]:
    return {(int(row), int(col)) for row, col in np.argwhere(plane)}


def test_planes_of_a_ko_by_hand() -> None:
    game = Game(3)
    game.set_stones([(2, 3), (1, 4), (2, 7), (1, 8)])  # White A2, B1; Black B2, C1
    game.play(parse_vertex("A1", 3))
    planes = planes_of(game)
    own, opposing = {(1, 0)}, {(1, 1), (2, 0), (2, 2)}
    assert [points_of(plane) for plane in planes[:7]] == [
        {(row, col) for row in range(3) for col in range(3)},
        own,
        opposing,
        {(1, 0), (2, 0)},  # one liberty: A3 for A2, B1 for A1
        {(2, 2)},  # two: B1 and C2 for C1
        {(1, 1)},  # three: B3, C2 and B1 for B2
        {(2, 1)},  # White may not take back at B1
    ]
    assert points_of(planes[7]) == {(2, 0)}
    assert not planes[8:].any()  # no ladders either: both stones in atari live by captures, ko left out


@pytest.mark.kernels
def test_superko_is_on_the_ko_plane() -> None:
    """A repetition that is no simple ko: the sixth take of a triple ko, and a suicide that only superko forbids."""
    from tests.reference.rule_cases import KO, SUICIDE, RuleCase

    def forbidden(case: RuleCase, ko: int, suicide: bool) -> set[tuple[int, int]]:
        stones, size = case.before
        game = Game(size, rules=Rules(ko=Ko(ko), suicide=suicide))
        game.set_stones([(colour, point) for point, colour in enumerate(stones) if colour], case.to_play)
        for text in case.moves.split():
            game.play(parse_vertex(text, size))
        return points_of(planes_of(game)[KO_PLANE])

    triple = next(case for case in KO if case.name.startswith("triple ko: the sixth take restores the start (superko)"))
    assert forbidden(triple, SITUATIONAL, False) == {(0, 5), (7, 1)}
    assert forbidden(triple, SIMPLE, False) == {(7, 1)}
    two = next(case for case in SUICIDE if case.name == "two stones, not allowed")
    assert forbidden(two, SIMPLE, False) == set()


@pytest.mark.parametrize("size", [2, 3, 9, 19])
def test_symmetry_table(size: int) -> None:
    """Each row is a permutation that keeps neighbours, all eight differ, and the first is the identity."""
    table = symmetry_table(size)
    assert table.shape == (8, size * size)
    assert table[0].tolist() == list(range(size * size))
    assert len({tuple(row) for row in table.tolist()}) == 8
    for symmetry, row in enumerate(table.tolist()):
        expected = [reference.rotated(*divmod(point, size), size, symmetry) for point in range(size * size)]
        assert [divmod(point, size) for point in row] == expected


def test_the_table_moves_planes_as_the_kernel_does() -> None:
    """out[table[s, p]] = in[p], which is how targets are brought into a plane's symmetry."""
    stones: Stones = tuple(random.Random(4).choices((0, 1, 2), (3, 1, 1), k=49))
    game = Game(7)
    game.set_stones([(colour, point) for point, colour in enumerate(stones) if colour])
    legal = game.legal_moves().astype(np.uint8)
    straight, _ = written(game.board, legal, 7.5, (0, 0, False), 0)
    for symmetry in range(8):
        turned, _ = written(game.board, legal, 7.5, (0, 0, False), symmetry)
        moved = np.empty_like(turned).reshape(PLANES, -1)
        moved[:, symmetry_table(7)[symmetry]] = straight.reshape(PLANES, -1)
        assert np.array_equal(turned.reshape(PLANES, -1), moved)


@pytest.mark.kernels
@pytest.mark.parametrize(("komi", "size", "expected"), [
    (0.5, 8, 0.5), (-0.5, 8, -0.5), (0, 8, 0), (1, 8, 0), (1.5, 8, -0.5), (7.5, 9, 0.5), (6.5, 9, -0.5), (7, 9, 0),
    (-6.5, 9, 0.5), (-7.5, 9, -0.5), (7.25, 9, 0.25),
])
def test_parity_wave(komi: float, size: int, expected: float) -> None:
    """A half point counts only past an integer that the margin can be: odd ones on odd boards."""
    assert parity_wave(np.float32(komi), size) == expected
    assert reference.parity_wave(komi, size) == expected
