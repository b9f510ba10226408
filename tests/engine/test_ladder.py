"""Ladders: compared with the reference on random positions, and by hand on diagrams."""

from __future__ import annotations

import random

import numba
import numpy as np
import pytest

from ponnuki.engine.coords import BLACK, WHITE, bordered
from ponnuki.engine.features import ATTACK_PLANE, DOOMED_PLANE, GLOBALS, PLANES_OF, write_features
from ponnuki.engine.game import Game
from ponnuki.engine.ladder import NODES, begin_reading, is_captured, new_reading
from tests.reference.go import Stones, chains, liberties
from tests.reference.ladder import LadderReading, TooLong

JIT = not numba.config.DISABLE_JIT


def game_of(rows: str, to_play: int = BLACK) -> Game:
    """A position from a diagram: X Black, O White."""
    lines = rows.split()
    game = Game(len(lines))
    stones = [(".XO".index(mark), row * len(lines) + col) for row, line in enumerate(lines)
              for col, mark in enumerate(line) if mark != "."]
    game.set_stones(stones, to_play)
    return game


def planes_of(game: Game, symmetry: int = 0, version: int = 2) -> np.ndarray:
    """All planes, written over rubbish."""
    planes = np.full((PLANES_OF[version], game.size, game.size), 9, np.float32)
    legal = game.legal_moves().astype(np.uint8)
    reading, globals_out = new_reading(game.size), np.empty(GLOBALS, np.float32)
    write_features(game.board, legal, np.float32(0), 0, 0, False, symmetry, reading, planes, globals_out)
    return planes


def ladders(rows: str, to_play: int = BLACK) -> tuple[set[tuple[int, int]], set[tuple[int, int]]]:
    """(row, column) of the points that are set in the plane of doomed stones and in that of attacks."""
    planes = planes_of(game_of(rows, to_play))
    doomed, attacks = ({(int(row), int(col)) for row, col in np.argwhere(planes[plane])}
                       for plane in (DOOMED_PLANE, ATTACK_PLANE))
    return doomed, attacks


ESCAPES_IN_VAIN = """
    .........
    .........
    ..XX.....
    .XO......
    ..X......
    .........
    .........
    .........
    ........."""

CAN_BE_CAUGHT = """
    .........
    .........
    ..X......
    .XO......
    .X.......
    .........
    .........
    .........
    ........."""


def with_stone(rows: str, mark: str, row: int, col: int) -> str:
    """The diagram with one more stone."""
    lines = [list(line) for line in rows.split()]
    lines[row][col] = mark
    return "\n".join("".join(line) for line in lines)


@pytest.mark.kernels
@pytest.mark.parametrize("to_play", [BLACK, WHITE])
def test_a_chain_in_atari_that_running_cannot_save(to_play: int) -> None:
    assert ladders(ESCAPES_IN_VAIN, to_play) == ({(3, 2)}, set())


@pytest.mark.kernels
@pytest.mark.parametrize("to_play", [BLACK, WHITE])
def test_a_stone_in_its_way_breaks_the_ladder(to_play: int) -> None:
    assert ladders(with_stone(ESCAPES_IN_VAIN, "O", 6, 6), to_play) == (set(), set())
    assert ladders(with_stone(ESCAPES_IN_VAIN, "X", 6, 6), to_play) == ({(3, 2)}, set())


@pytest.mark.kernels
def test_a_chain_of_two_liberties_that_one_move_catches() -> None:
    assert ladders(CAN_BE_CAUGHT, BLACK) == ({(3, 2)}, {(3, 3)})
    assert ladders(CAN_BE_CAUGHT, WHITE) == ({(3, 2)}, set()), "the owner sees the danger and no attack of its own"
    assert ladders(with_stone(CAN_BE_CAUGHT, "O", 6, 5), BLACK) == (set(), set())


@pytest.mark.kernels
def test_a_capture_beside_it_saves_a_chain() -> None:
    """Two white stones that cannot run live where the black stone below them can be taken."""
    rows = """
        .X...
        OX...
        OX...
        XOO..
        ....."""
    assert (1, 0) not in ladders(rows, WHITE)[0]
    assert {(1, 0), (2, 0)} <= ladders(with_stone(rows, ".", 3, 1), WHITE)[0]


def test_version_1_has_no_ladders() -> None:
    game = game_of(CAN_BE_CAUGHT)
    old, new = planes_of(game, version=1), planes_of(game)
    assert np.array_equal(new[: len(old)], old)
    assert new[len(old) :].any()


@pytest.mark.kernels
@pytest.mark.parametrize("size", [5, 7, 9, 13] if JIT else [5])
def test_random_positions(size: int) -> None:
    """Every chain of one or two liberties in positions of random games, wherever the reference gets to the end."""
    rng = random.Random(size)
    outcomes = {True: 0, False: 0}
    for _ in range(60 if JIT else 12):
        game = Game(size)
        for _ in range(rng.randrange(size, size * size)):
            legal = np.flatnonzero(game.legal_moves()[:-1])
            if len(legal):
                game.play(int(rng.choice(legal.tolist())))
        compare(game, outcomes)
    assert min(outcomes.values()) > (100 if JIT else 2), outcomes


def compare(game: Game, outcomes: dict[bool, int]) -> None:
    """Hold the kernel's reading of each chain to the reference's, and see that it leaves the stones as they were."""
    size = game.size
    stones: Stones = tuple(int(colour) for colour in game.stones().reshape(-1))
    reference, reading = LadderReading(stones, size, NODES), new_reading(size)
    begin_reading(reading, game.board)
    for chain in chains(stones, size):
        prey = min(chain)
        free = liberties(stones, size, prey)
        attacks = {1: [None], 2: sorted(free)}.get(len(free), [])
        for attack in attacks:
            try:
                expected = reference.is_lost(prey) if attack is None else reference.attack_works(prey, attack)
            except TooLong:
                continue
            place = 0 if attack is None else bordered(attack, size)
            got = is_captured(reading, size + 1, bordered(prey, size), place)
            assert got == expected, (stones, prey, attack)
            assert np.array_equal(reading.colour, game.board.colour)
            outcomes[expected] += 1


@pytest.mark.kernels
def test_numbers_of_walks_do_not_run_out() -> None:
    """They are int32, and one reading serves hours of search; a chain of two stones was walked without end there."""
    reading = new_reading(9)
    reading.walk[0] = reading.prey_walk[0] = 2**31 - 3
    reading.mark[:] = reading.prey_mark[:] = 1
    for rows in (ESCAPES_IN_VAIN, with_stone(ESCAPES_IN_VAIN, "O", 3, 3)):
        game, fresh = game_of(rows), new_reading(9)
        begin_reading(reading, game.board)
        begin_reading(fresh, game.board)
        prey = bordered(3 * 9 + 2, 9)
        assert is_captured(reading, 10, prey, 0) == is_captured(fresh, 10, prey, 0)
    assert 0 < reading.walk[0] < 1000
    assert 0 < reading.prey_walk[0] < 1000


@pytest.mark.kernels
def test_reading_ends_where_it_would_take_too_long() -> None:
    """A full board of chains in each other's atari: whatever is read stays within its room."""
    rng = np.random.default_rng(1)
    for _ in range(50 if JIT else 2):
        game = Game(19 if JIT else 7)
        legal = [0]
        while len(legal) > 0 and len(game.moves) < (300 if JIT else 30):
            legal = np.flatnonzero(game.legal_moves()[:-1])
            game.play(int(rng.choice(legal)))
            planes = planes_of(game)
            assert np.isin(planes[DOOMED_PLANE:], (0, 1)).all()
