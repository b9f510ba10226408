"""Random games on the kernels and on the reference side by side: every legality bit, capture, hash and chain.

Random play on small boards repeats itself all the time, which is where superko is tested hardest.
"""

from __future__ import annotations

import random

import numba
import numpy as np
import pytest

from ponnuki.engine.board import (
    CAPTURED,
    COUNT_BITS,
    COUNT_MASK,
    KO_POINT,
    MOVE_COUNT,
    PASSES,
    SQUARES_SHIFT,
    SUM_MASK,
    Board,
    atari_liberty,
    copy_board,
    hash_key,
    in_atari,
    is_legal,
    legal_moves,
    new_board,
    new_boards,
    play,
    set_up,
    stones_of,
    to_point,
)
from ponnuki.engine.coords import BLACK, WHITE, bordered
from ponnuki.engine.game import Game
from ponnuki.engine.rules import Ko, Rules
from ponnuki.engine.zobrist import STONE, position_hash
from tests.reference.go import (
    SIMPLE,
    ReferenceGame,
    Stones,
    border,
    chains,
    diagram,
    liberties,
    neighbours,
    point_of,
    vertex_of,
    without,
    zobrist_hash,
)

JIT = not numba.config.DISABLE_JIT
SIZES = range(2, 20)
RULES = [(ko, suicide) for ko in (0, 1, 2) for suicide in (False, True)]
PASS_RATE = 0.03
RETAKE_RATE = 0.6
"""How often a game plays where a stone stood a moment ago, if it can: that is what makes positions repeat."""


class Pair:
    """A kernel board and a reference game that play the same moves; every disagreement is an assertion error."""

    def __init__(self, size: int, ko: int, suicide: bool, most_moves: int) -> None:
        self.size, self.ko, self.suicide = size, ko, suicide
        self.board = new_board(size)
        self.history = np.zeros(most_moves + 1, np.uint64)
        self.history[0] = hash_key(self.board, ko)
        self.reference = ReferenceGame(size, ko, suicide)
        self.legal = np.empty(size * size + 1, np.uint8)

    @property
    def count(self) -> int:
        return len(self.reference.moves)

    def is_legal(self, move: int) -> bool:
        return bool(is_legal(self.board, self.history, self.count + 1, self.ko, self.suicide, move))

    def where(self) -> str:
        moves = " ".join(vertex_of(move, self.size) for _, move in self.reference.moves)
        return f"ko {self.ko}, suicide {self.suicide}, after {moves}\n{diagram(self.reference.stones, self.size)}"

    def play(self, move: int) -> None:
        """Play on both and compare captures, stones, turn, counters and hash."""
        captured = self.reference.play(move)
        assert play(self.board, move) == captured, self.where()
        self.history[self.count] = hash_key(self.board, self.ko)
        stones = np.empty(self.size * self.size, np.uint8)
        stones_of(self.board, stones)
        assert tuple(stones.tolist()) == self.reference.stones, self.where()
        assert self.board.hash[0] == zobrist_hash(self.reference.stones, self.size, STONE), self.where()
        assert self.board.info[1] == self.reference.to_play
        assert self.board.info[MOVE_COUNT] == self.count
        for colour in (BLACK, WHITE):
            assert self.board.info[CAPTURED + colour] == self.reference.captured(colour), self.where()

    def compare_legality(self) -> list[int]:
        """Compare every legality bit; the legal moves but the pass."""
        expected = self.reference.legal_moves()
        legal_moves(self.board, self.history, self.count + 1, self.ko, self.suicide, self.legal)
        wrong = [vertex_of(int(move), self.size) for move in np.flatnonzero(self.legal != np.array(expected))]
        assert not wrong, f"legality of {wrong}, {self.where()}"
        return [move for move, answer in enumerate(expected[:-1]) if answer]

    def compare_chains(self) -> None:
        """Compare the chains' stones, pseudo-liberties and atari with floods over the reference's position."""
        board, stones = self.board, self.reference.stones
        for points in chains(stones, self.size):
            places = {bordered(point, self.size) for point in points}
            head = int(board.head[min(places)])
            assert {int(board.head[place]) for place in places} == {head}, self.where()
            assert board.chain_size[head] == len(places), self.where()
            ring, place = set(), head
            while place not in ring:
                ring.add(place)
                place = int(board.next_stone[place])
            assert ring == places, self.where()
            pairs = [
                bordered(beside, self.size)
                for point in points
                for beside in neighbours(self.size, point)
                if stones[beside] == 0
            ]
            packed = int(board.liberties[head])
            sums = (packed & COUNT_MASK, packed >> COUNT_BITS & SUM_MASK, packed >> SQUARES_SHIFT)
            assert sums == (len(pairs), sum(pairs), sum(q * q for q in pairs)), self.where()
            free = liberties(stones, self.size, min(points))
            assert bool(in_atari(board.liberties[head])) == (len(free) == 1), self.where()
            if len(free) == 1:
                assert to_point(atari_liberty(board.liberties[head]), self.size) == min(free)


def random_choice(legal: list[int], pass_move: int, rng: random.Random) -> int:
    """A random legal point; rarely, or where there is none, the pass."""
    return rng.choice(legal) if legal and rng.random() > PASS_RATE else pass_move


def game_length(size: int) -> int:
    """Moves of a long game: on the smallest boards far beyond the first repetition."""
    return (5 if size > 4 else 15) * size * size


def compare_game(size: int, ko: int, suicide: bool, moves: int, rng: random.Random) -> int:
    """One random game of `moves` moves; returns how many points ko or superko refused on the way."""
    pair = Pair(size, ko, suicide, moves)
    refused = 0
    for index in range(moves):
        legal = pair.compare_legality()
        free = ReferenceGame(size, SIMPLE, suicide, pair.reference.stones, pair.reference.to_play)
        refused += sum(free.legal_moves()[:-1]) - len(legal) if size < 5 else 0
        if index % 7 == 0:
            pair.compare_chains()
        emptied = [move for move in legal if any(stones[move] for stones, _ in pair.reference.situations[-8:])]
        choices = emptied if emptied and rng.random() < RETAKE_RATE else legal
        pair.play(random_choice(choices, pair.reference.pass_move, rng))
    return refused


@pytest.mark.kernels
@pytest.mark.parametrize(("ko", "suicide"), RULES)
def test_small_boards_repeat(ko: int, suicide: bool) -> None:
    """Long games on 2x2 to 4x4, where superko refuses hundreds of moves."""
    rng = random.Random(ko * 2 + suicide)
    refused = sum(compare_game(size, ko, suicide, game_length(size), rng)
                  for size in (2, 3, 4) for _ in range(4 if JIT else 1))
    assert refused > (0 if ko == SIMPLE else 100 if JIT else 20), "the games are too tame to test ko"


@pytest.mark.kernels
@pytest.mark.parametrize("size", [5, 7, 9] if not JIT else SIZES)
def test_random_games(size: int) -> None:
    """One game of each rule set, short enough for every run of the tests."""
    rng = random.Random(size)
    for ko, suicide in RULES:
        compare_game(size, ko, suicide, 40 if JIT else 15, rng)


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("size", SIZES)
def test_one_hundred_thousand_moves(size: int) -> None:
    """5,600 moves of each size, 100,800 in all, in long games."""
    rng = random.Random(1000 + size)
    left = dict.fromkeys(RULES, 934)
    while any(left.values()):
        for (ko, suicide), count in left.items():
            moves = min(count, game_length(size))
            compare_game(size, ko, suicide, moves, rng)
            left[ko, suicide] -= moves


def random_position(size: int, rng: random.Random) -> Stones:
    """A crowded legal position: a random colouring, its chains without liberties taken off."""
    stones = tuple(rng.choice((0, 1, 1, 2, 2)) for _ in range(size * size))
    return without(stones, [point for found in chains(stones, size) if not border(stones, size, found, 0)
                            for point in found])


@pytest.mark.kernels
@pytest.mark.parametrize("size", [2, 3, 5, 9])
def test_crowded_positions(size: int) -> None:
    """Set up crowded random positions and play on from each: captures and suicides at every move."""
    rng = random.Random(size)
    for _ in range(20 if JIT else 3):
        for ko, suicide in RULES:
            stones, to_play = random_position(size, rng), rng.choice((BLACK, WHITE))
            pair = Pair(size, ko, suicide, 6)
            listed = [(colour, point) for point, colour in enumerate(stones) if colour]
            assert set_up(pair.board, listed, to_play)
            pair.history[0] = hash_key(pair.board, ko)
            pair.reference = ReferenceGame(size, ko, suicide, stones, to_play)
            for _ in range(6):
                pair.compare_chains()
                pair.play(random_choice(pair.compare_legality(), size * size, rng))


@pytest.mark.parametrize("ko", [0, 1, 2])
def test_undo_at_random(ko: int) -> None:
    """A game that takes back moves at random stays equal to a reference that does the same."""
    rng = random.Random(ko)
    for size in (2, 3, 4, 7):
        game = Game(size, rules=Rules(ko=Ko(ko), suicide=True))
        reference = ReferenceGame(size, ko, suicide=True)
        for _ in range(120):
            if reference.moves and rng.random() < 0.3:
                for _ in range(rng.randint(1, min(4, len(reference.moves)))):
                    assert game.undo() == reference.moves[-1]
                    reference.undo()
            legal = reference.legal_moves()
            assert game.legal_moves().tolist() == legal
            move = random_choice([move for move in range(size * size) if legal[move]], size * size, rng)
            game.play(move)
            reference.play(move)
            assert tuple(game.stones().reshape(-1).tolist()) == reference.stones
            assert [game.captured(colour) for colour in (1, 2)] == [reference.captured(colour) for colour in (1, 2)]
            assert (game.moves, game.to_play, game.is_over) == (
                reference.moves, reference.to_play, reference.is_over
            )


@pytest.mark.kernels
def test_copies_and_rows_are_independent() -> None:
    """`copy_board` copies all of a board, and playing on one row of a batch leaves the others alone."""
    boards = new_boards(2, 5)
    first, second = (Board(*(array[row] for array in boards)) for row in (0, 1))
    for move in (6, 7, 12):
        play(first, move)
    copy_board(first, second)
    assert all(np.array_equal(one, other) for one, other in zip(first, second, strict=True))
    before = [array.copy() for array in first]
    play(second, 0)
    assert all(np.array_equal(array, kept) for array, kept in zip(first, before, strict=True))
    assert int(boards.info[1, MOVE_COUNT]) == 4


@pytest.mark.kernels
def test_moves_off_the_board_are_illegal() -> None:
    board = new_board(3)
    history = np.array([hash_key(board, 0)])
    assert [bool(is_legal(board, history, 1, 0, False, move)) for move in (-1, 0, 8, 9, 10)] == [
        False, True, True, True, False
    ]


@pytest.mark.kernels
def test_passes_are_counted_and_lift_ko() -> None:
    board = new_board(3)
    for vertex in ("A1", "B1", "C2", "A2", "B3", "C1", "pass"):
        play(board, point_of(vertex, 3))
    assert board.info[PASSES] == 1
    play(board, 9)
    assert board.info[PASSES] == 2
    assert board.info[KO_POINT] == 0


def test_position_hash_from_scratch() -> None:
    """The engine's own recomputation agrees with the reference's."""
    stones = random_position(9, random.Random(9))
    assert position_hash(np.array(stones, np.uint8).reshape(9, 9)) == zobrist_hash(stones, 9, STONE)
