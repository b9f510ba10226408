"""Light rollouts: the moves they choose among, how they end, how long they are, what they count."""

from __future__ import annotations

import random

import numba
import numpy as np
import pytest
from scipy.stats import chisquare

from ponnuki.engine.board import KO_POINT, PASSES, Board, new_board, place_stone, play, set_up, stones_of, to_point
from ponnuki.engine.coords import BLACK, opponent
from ponnuki.engine.rollout import (
    MOVES_PER_POINT,
    final_area_margin,
    light_rollout,
    many_light_rollouts,
    next_random,
    point_owner,
    random_below,
    random_move,
    seeded,
)
from tests.reference.go import (
    SIMPLE,
    ReferenceGame,
    Stones,
    area_margin,
    diagram,
    neighbours,
    parse_diagram,
    territory,
    vertex_of,
)

pytestmark = pytest.mark.filterwarnings("ignore:overflow encountered")  # uint64 wraps, where not compiled

JIT = not numba.config.DISABLE_JIT


def random_state(seed: int) -> np.ndarray:
    state = np.empty(1, np.uint64)
    seeded(np.uint64(seed), state)
    return state


def stones_tuple(board: Board, size: int) -> Stones:
    stones = np.empty(size * size, np.uint8)
    stones_of(board, stones)
    return tuple(stones.tolist())


def is_own_eye(stones: Stones, size: int, point: int, colour: int) -> bool:
    """All neighbours are `colour`, and the opponent holds no diagonal at the edge, at most one elsewhere."""
    row, col = divmod(point, size)
    corners = [(row + i, col + j) for i in (-1, 1) for j in (-1, 1)]
    diagonals = [stones[r * size + c] for r, c in corners if 0 <= r < size and 0 <= c < size]
    against = diagonals.count(opponent(colour))
    return all(stones[near] == colour for near in neighbours(size, point)) and against <= (len(diagonals) == 4)


def candidates(game: ReferenceGame) -> set[int]:
    """Points that a light rollout may play: legal under simple ko, no own eye."""
    return {point for point in range(game.pass_move)
            if game.is_legal(point) and not is_own_eye(game.stones, game.size, point, game.to_play)}


@pytest.mark.kernels
@pytest.mark.parametrize("size", [2, 3, 5, 9])
def test_every_move_is_a_candidate_and_the_end_is_when_none_is_left(size: int) -> None:
    """Follow rollouts move by move: never an own eye, a suicide or a ko; a pass only where nothing is left."""
    for seed in range((20 if size < 9 else 5) if JIT else 1):
        board, state = new_board(size), random_state(seed)
        game = ReferenceGame(size, SIMPLE)
        while not game.is_over and len(game.moves) < MOVES_PER_POINT * size * size:
            place = random_move(board, game.to_play, state)
            allowed = candidates(game)
            if place == 0:
                assert not allowed, diagram(game.stones, size)
                board.info[KO_POINT] = 0
                game.play(game.pass_move)
            else:
                point = to_point(place, size)
                assert point in allowed, f"{vertex_of(point, size)}\n{diagram(game.stones, size)}"
                place_stone(board, place, game.to_play)
                game.play(point)
        whole, state = new_board(size), random_state(seed)
        light_rollout(whole, state)
        assert stones_tuple(whole, size) == game.stones


def test_a_pass_lifts_the_ko() -> None:
    """Many short rollouts equal their moves played one by one with the ko lifted by each pass."""
    size = 5
    for seed in range(1500 if JIT else 20):
        board, state, colour, passes, moves = new_board(size), random_state(seed), BLACK, 0, 0
        while passes < 2 and moves < MOVES_PER_POINT * size * size:
            place = random_move(board, colour, state)
            if place:
                place_stone(board, place, colour)
                passes = 0
            else:
                board.info[KO_POINT] = 0
                passes += 1
            moves += 1
            colour = opponent(colour)
        whole = new_board(size)
        assert light_rollout(whole, random_state(seed)) == moves
        assert np.array_equal(whole.colour, board.colour)


@pytest.mark.kernels
@pytest.mark.parametrize("size", [2, 4, 7, 9])
def test_final_margin_is_the_area_score(size: int) -> None:
    board = new_board(size)
    for seed in range(40 if JIT else 3):
        board = new_board(size)
        moves = light_rollout(board, random_state(seed))
        stones = stones_tuple(board, size)
        assert 0 < moves <= MOVES_PER_POINT * size * size
        if moves < MOVES_PER_POINT * size * size:
            assert final_area_margin(board) == area_margin(stones, size), diagram(stones, size)
            owned = territory(stones, size)
            for point, colour in enumerate(stones):
                place = (point // size + 1) * (size + 1) + point % size + 1
                assert colour or point in owned[point_owner(board, place)]


@pytest.mark.parametrize(("size", "mean", "rollouts"), [(9, 111.0, 3000), (19, 456.3, 400)])
def test_mean_length(size: int, mean: float, rollouts: int) -> None:
    """The known mean lengths of uniform rollouts without eye filling, to 1%."""
    margins, state = np.empty(rollouts, np.int32), np.empty(1, np.uint64)
    moves = many_light_rollouts(new_board(size), new_board(size), state, rollouts, np.uint64(1), margins)
    assert moves / rollouts == pytest.approx(mean, rel=0.01)
    assert abs(margins.mean()) < size * size / 8
    assert margins.std() > size


def test_the_same_seed_gives_the_same_rollouts() -> None:
    def margins(seed: int) -> list[int]:
        out = np.empty(50, np.int32)
        many_light_rollouts(new_board(9), new_board(9), np.empty(1, np.uint64), 50, np.uint64(seed), out)
        return out.tolist()

    assert margins(3) == margins(3)
    assert margins(3) != margins(4)


def test_many_rollouts_leave_the_start_alone() -> None:
    start = new_board(9)
    play(start, 40)
    before = [array.copy() for array in start]
    many_light_rollouts(start, new_board(9), np.empty(1, np.uint64), 20, np.uint64(1), np.empty(20, np.int32))
    assert all(np.array_equal(array, kept) for array, kept in zip(start, before, strict=True))


def test_moves_are_uniform() -> None:
    """Chi-square over the allowed points of a position with eyes, a ko-like hole and suicides."""
    stones, size = parse_diagram(".X.O.\nXXOO.\n.XO.O\nXX.OO\n..X..")
    game = ReferenceGame(size, SIMPLE, stones=stones)
    allowed = sorted(candidates(game))
    assert 4 <= len(allowed) < stones.count(0)
    counts = dict.fromkeys(allowed, 0)
    state = random_state(7)
    for _ in range(4000):
        board = new_board(size)
        set_up(board, [(colour, point) for point, colour in enumerate(stones) if colour], BLACK)
        counts[to_point(random_move(board, BLACK, state), size)] += 1
    assert chisquare(list(counts.values())).pvalue > 1e-4


def test_a_finished_position_ends_at_once() -> None:
    board = new_board(5)
    for _ in range(2):
        play(board, 25)
    assert board.info[PASSES] == 2
    assert light_rollout(board, random_state(1)) == 0
    assert final_area_margin(board) == 0


def test_a_settled_board_is_left_alone() -> None:
    """Where both have but eyes left, neither fills them and the count is the board's."""
    stones, size = parse_diagram(".XXO.\nXXXOO\n.XXO.\nXXXOO\n.XXO.")
    board = new_board(size)
    assert set_up(board, [(colour, point) for point, colour in enumerate(stones) if colour], BLACK)
    assert light_rollout(board, random_state(1)) == 2  # two passes
    assert stones_tuple(board, size) == stones
    assert final_area_margin(board) == 5


@pytest.mark.kernels
def test_random_numbers() -> None:
    """Xorshift64* by its definition, in plain integers, and bounds that are kept."""
    mask = 2**64 - 1
    state, bits = np.array([88172645463325252], np.uint64), 88172645463325252
    for _ in range(100):
        bits ^= bits >> 12
        bits = (bits ^ bits << 25) & mask
        bits ^= bits >> 27
        assert int(next_random(state)) == bits * 2685821657736338717 & mask
    draws = [int(random_below(state, 7)) for _ in range(2000 if JIT else 200)]
    assert set(draws) == set(range(7))
    rng = random.Random(1)
    assert all(int(random_state(rng.getrandbits(63))[0]) % 2 == 1 for _ in range(10))
