"""Rollouts with knowledge: what they see in a position, what they answer, and that they keep to the rules."""

from __future__ import annotations

import random

import numpy as np
import pytest

from ponnuki.engine.board import COUNT_MASK, Board, new_board, play, set_up, stones_of, to_point
from ponnuki.engine.coords import BLACK, EMPTY, WHITE, bordered, parse_vertex, vertex
from ponnuki.engine.policy import (
    ATARI,
    CAPTURE,
    ELSEWHERE,
    EXTEND,
    LEFT,
    NAKADE,
    PATTERN,
    RESCUE,
    RUN,
    WEIGHTS,
    gather,
    heavy_move,
    heavy_rollout,
    move_elsewhere,
    new_policy,
    shipped_policy,
)
from ponnuki.engine.rollout import seeded
from ponnuki.engine.tactics import could_kill, is_self_atari, outcome, two_liberties
from tests.reference.go import after_stone, chain, liberties, parse_diagram

pytestmark = [
    pytest.mark.kernels,
    pytest.mark.filterwarnings("ignore:overflow encountered"),  # uint64 wraps, where not compiled
]


def random_state(seed: int) -> np.ndarray:
    state = np.empty(1, np.uint64)
    seeded(np.uint64(seed), state)
    return state


def stones_tuple(board: Board, size: int) -> tuple[int, ...]:
    stones = np.empty(size * size, np.uint8)
    stones_of(board, stones)
    return tuple(stones.tolist())


def board_of(text: str, *moves: str, to_play: int = BLACK) -> Board:
    """The board of a diagram, and some moves from there on, colours in turn."""
    stones, size = parse_diagram(text)
    board = new_board(size)
    assert set_up(board, [(colour, point) for point, colour in enumerate(stones) if colour], to_play)
    for move in moves:
        play(board, np.int64(parse_vertex(move, size)))
    return board


def random_board(size: int, moves: int, seed: int) -> Board:
    """A position of random legal-looking moves (light rollouts cut short)."""
    chance = random.Random(seed)
    board = new_board(size)
    for _ in range(moves):
        colour = int(board.info[1])
        stones = stones_tuple(board, size)
        free = [point for point in range(size * size) if stones[point] == EMPTY]
        chance.shuffle(free)
        for point in free:
            after = after_stone(stones, size, colour, point)
            if after.stones[point] == colour:
                play(board, np.int64(point))
                break
    return board


@pytest.mark.parametrize("seed", range(6))
def test_outcome_says_what_a_move_leads_to(seed: int) -> None:
    """Against the plain rules: liberties, stones and captures of every move on a random board."""
    size = 7
    board = random_board(size, 25 + 3 * seed, seed)
    stones = stones_tuple(board, size)
    looked = 0
    for point in range(size * size):
        if stones[point] != EMPTY:
            continue
        for colour in (BLACK, WHITE):
            packed, count, captured = outcome(board, np.int64(bordered(point, size)), np.int64(colour))
            after = after_stone(stones, size, colour, point)
            if after.stones[point] == EMPTY:  # suicide
                assert packed & COUNT_MASK == 0
                assert captured == 0
                continue
            assert count == len(chain(after.stones, size, point))
            assert (captured > 0) == (sum(map(bool, after.stones)) < sum(map(bool, stones)) + 1)
            if not captured:
                assert is_self_atari(packed, captured) == (len(liberties(after.stones, size, point)) == 1)
            looked += 1
    assert looked > 15


@pytest.mark.parametrize("seed", range(4))
def test_two_liberties_are_found_where_there_are_two(seed: int) -> None:
    size = 7
    board = random_board(size, 30, 100 + seed)
    stones = stones_tuple(board, size)
    for point in filter(stones.__getitem__, range(size * size)):
        found = liberties(stones, size, point)
        first, second = two_liberties(board, np.int64(board.head[bordered(point, size)]))
        expected = {bordered(near, size) for near in found} if len(found) == 2 else {0}
        assert {int(first), int(second)} == expected


@pytest.mark.parametrize(("text", "move", "kills"), [
    (". . . . .\n. . . . .\n. . . . .\n. . . . .\nX X . . .", "C1", True),  # three
    (". . . . .\n. . . . .\n. . . . .\nX X . . .\nX . . . .", "B1", True),  # the square
    (". . . . .\n. . . . .\n. . . . .\n. X . . .\nX . X . .", "B1", True),  # the pyramid
    (". . . . .\n. . . . .\n. . . . .\n. . . . .\nX X X . .", "D1", False),  # four in a row
    (". . . . .\n. . . . .\n. . . . .\nX X . . .\nX X . . .", "C1", True),  # the bulky five
    (". . . . .\n. . . . .\n. X . . .\nX . X . .\n. X . . .", "B2", True),  # the cross
    (". . . . .\n. . . . .\n. . . . .\n. . . . .\nX X X X .", "E1", False),  # five in a row
    (". . . . .\n. . . . .\nX X . . .\nX X . . .\nX . . . .", "B1", False),  # six, but no rabbity six
    (". . . . .\n. . . . .\n. X . . .\nX . X . .\nX X . . .", "B2", True),  # the rabbity six
    (". . . . .\n. . . . .\n. . . . .\nX X X . .\nX X X . .", "D1", False),  # seven
])
def test_nakade_shapes(text: str, move: str, kills: bool) -> None:
    board = board_of(text)
    place = np.int64(bordered(parse_vertex(move, 5), 5))
    _, stones, _ = outcome(board, place, np.int64(BLACK))
    assert could_kill(board, place, np.int64(BLACK), stones) == kills


def candidates(board: Board, last: str, before: str = "") -> dict[str, set[int]]:
    """Kinds of the moves that the policy would think of, by vertex."""
    size = int(board.info[0])
    places = [np.int64(bordered(parse_vertex(text, size), size)) if text else np.int64(0) for text in (last, before)]
    policy = new_policy(np.ones(WEIGHTS))
    count = gather(board, policy, *places, np.int64(board.info[1]))
    found: dict[str, set[int]] = {}
    for place, kind in zip(policy.place[:count], policy.kind[:count], strict=True):
        found.setdefault(vertex(int(to_point(place, size)), size), set()).add(int(kind))
    return found


def test_captures_of_the_last_move_and_beside_the_move_before() -> None:
    board = board_of(". . . . .\n. X . . .\n. O X . .\n. X . . .\n. . . . .", to_play=BLACK)
    assert CAPTURE in candidates(board, "B3")["A3"]
    assert LEFT in candidates(board, "", "B4")["A3"]
    assert candidates(board, "") == {}


def test_a_chain_in_atari_is_saved_by_capture_by_running_or_by_joining() -> None:
    running = board_of(". . . . .\n. O . . .\nO X . . .\n. O . . .\n. . . . .")
    assert candidates(running, "A3")["C3"] >= {EXTEND}
    along_the_edge = board_of(". . . . .\n. . . . .\n. . . . .\n. O . . .\nO X . . .")
    assert candidates(along_the_edge, "B2")["C1"] >= {RUN}
    assert candidates(along_the_edge, "B2")["A2"] >= {RESCUE}  # White's A1 is in atari, too
    joining = board_of(". . . . .\n. O . . .\nO X . X .\n. O . . .\n. . . . .")
    assert candidates(joining, "B2")["C3"] >= {EXTEND}
    lost = board_of(". . . . .\n. . . . .\nO . . . .\n. O . . .\nX O . . .")
    assert candidates(lost, "B1").get("A2", set()) == set()  # in atari again


def test_atari_on_the_last_move() -> None:
    found = candidates(board_of(". . . . .\n. . X . .\n. . O X .\n. . . . .\n. . . . ."), "C3")
    assert ATARI in found["B3"]
    assert ATARI in found["C2"]


def test_the_vital_point_of_an_eye() -> None:
    """White's to find where Black's last move closed it; nobody's where both sides stand around it."""
    board = board_of("X . . . X\nX X X X X\n. O O O O\n. . . . .\n. . . . .", to_play=WHITE)
    assert NAKADE in candidates(board, "C4")["C5"]
    shared = board_of("X . . . X\nX X X O X\n. O O O O\n. . . . .\n. . . . .", to_play=WHITE)
    assert NAKADE not in candidates(shared, "C4").get("C5", set())


def test_patterns_around_the_last_move() -> None:
    board = board_of(". . . . .\n. X O . .\n. . . . .\n. . . . .\n. . . . .", to_play=BLACK)
    assert any(kind > PATTERN for kind in candidates(board, "C4")["C3"])


@pytest.mark.parametrize("seed", range(3))
def test_elsewhere_fills_no_eye_and_gives_nothing_away(seed: int) -> None:
    size = 7
    for moves in (10, 25, 40, 60):
        board = random_board(size, moves, seed)
        stones = stones_tuple(board, size)
        for colour in (BLACK, WHITE):
            place = int(move_elsewhere(board, np.int64(colour), random_state(seed)))
            if place == 0:
                continue
            point = int(to_point(place, size))
            after = after_stone(stones, size, colour, point)
            assert stones[point] == EMPTY
            assert after.stones[point] == colour, "no suicide"
            captures = sum(map(bool, after.stones)) <= sum(map(bool, stones))
            given_away = len(liberties(after.stones, size, point)) == 1 and not captures
            assert not given_away or len(chain(after.stones, size, point)) <= 6, "a nakade at most"


def rolled(size: int, seed: int, policy_weights: np.ndarray | None = None) -> tuple[Board, int, np.ndarray]:
    """A rollout from the empty board: the end, its length, who was first where."""
    board = new_board(size)
    policy = shipped_policy() if policy_weights is None else new_policy(policy_weights)
    first = np.empty(len(board.colour), np.uint8)
    moves = int(heavy_rollout(board, policy, random_state(seed), first))
    return board, moves, first


def test_a_rollout_ends_is_repeatable_and_says_who_was_first() -> None:
    ends = set()
    for seed in range(20):
        board, moves, first = rolled(9, seed)
        again, moves_again, _ = rolled(9, seed)
        assert moves == moves_again < 3 * 81
        assert np.array_equal(board.colour, again.colour)
        stones = np.flatnonzero((board.colour == BLACK) | (board.colour == WHITE))
        assert (first[stones] != EMPTY).all()
        ends.add(stones_tuple(board, 9))
    assert len(ends) == 20


def test_no_chain_without_liberties_appears() -> None:
    for seed in range(10):
        board, _, _ = rolled(7, seed)
        stones = stones_tuple(board, 7)
        assert all(liberties(stones, 7, point) for point, colour in enumerate(stones) if colour)


def test_knowledge_saves_what_chance_loses() -> None:
    """White has just put three black stones into atari: rollouts with knowledge nearly always run out with them."""
    text = ". . . . . . .\n. O O O . . .\nO X X X . . .\n. O O . . . .\n. . . . . . .\nX X X X X X X\n. X . X . X ."
    board = board_of(text, "D4", to_play=WHITE)
    last, state, policy = np.int64(bordered(parse_vertex("D4", 7), 7)), random_state(1), shipped_policy()
    moves = [heavy_move(board, policy, last, np.int64(0), np.int64(BLACK), state) for _ in range(200)]
    assert sum(vertex(int(to_point(move, 7)), 7) == "E5" for move in moves) > 100
    elsewhere = [int(move_elsewhere(board, np.int64(BLACK), state)) for _ in range(200)]
    assert sum(vertex(int(to_point(move, 7)), 7) == "E5" for move in elsewhere) < 50


def test_weights_decide() -> None:
    """With all else off, a capture that is called for is played in proportion to its weight."""
    board = board_of(". . . . .\n. X . . .\n. . X . .\n. X . . .\n. . . . .", to_play=WHITE)
    play(board, np.int64(parse_vertex("B3", 5)))
    weights = np.zeros(WEIGHTS)
    weights[ELSEWHERE] = 1.0
    weights[CAPTURE] = 3.0
    policy = new_policy(weights)
    last = np.int64(bordered(parse_vertex("B3", 5), 5))
    assert gather(board, policy, last, np.int64(0), np.int64(BLACK)) == 1
    assert policy.share[0] == 3.0
    assert vertex(int(to_point(policy.place[0], 5)), 5) == "A3"

