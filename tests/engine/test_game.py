"""The game as it is played: turns, set-up, undo, copies, errors."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from ponnuki.engine.board import TO_PLAY
from ponnuki.engine.coords import BLACK, WHITE, parse_vertex
from ponnuki.engine.errors import ConfigError, IllegalMoveError
from ponnuki.engine.game import Game
from ponnuki.engine.rules import Ko, Rules
from tests.reference.go import diagram


def play_all(game: Game, moves: str) -> Game:
    for text in moves.split():
        game.play(parse_vertex(text, game.size))
    return game


def shown(game: Game) -> str:
    return diagram(game.stones().reshape(-1), game.size)


def test_a_colour_may_play_twice_in_a_row() -> None:
    game = Game(3)
    for colour, text in ((WHITE, "A1"), (WHITE, "A2"), (BLACK, "C3"), (BLACK, "C2")):
        game.play(parse_vertex(text, 3), colour)
    assert shown(game) == "..X\nO.X\nO.."
    assert game.to_play == WHITE
    assert [colour for colour, _ in game.moves] == [WHITE, WHITE, BLACK, BLACK]
    assert game.undo() == (BLACK, parse_vertex("C2", 3))
    assert game.to_play == BLACK
    assert shown(game) == "..X\nO..\nO.."


def test_legality_of_the_other_colour() -> None:
    """A point may be legal for one colour alone, and asking changes nothing."""
    game = play_all(Game(3), "A2 C3 B1 B3")
    assert game.to_play == BLACK
    corner = parse_vertex("A1", 3)
    assert game.is_legal(corner)
    assert not game.is_legal(corner, WHITE)
    assert game.legal_moves(BLACK)[corner]
    assert not game.legal_moves(WHITE)[corner]
    assert game.to_play == BLACK


@pytest.mark.parametrize("move", [-1, 10, 81])
def test_moves_off_the_board(move: int) -> None:
    game = Game(3)
    assert not game.is_legal(move)
    with pytest.raises(IllegalMoveError, match=f"illegal move: black {move}"):
        game.play(move)


def test_an_illegal_move_names_the_vertex() -> None:
    game = play_all(Game(9), "E5")
    with pytest.raises(IllegalMoveError, match="illegal move: white E5"):
        game.play(parse_vertex("E5", 9))


def test_undo_to_the_set_up_and_no_further() -> None:
    game = Game(3)
    game.set_stones([(BLACK, 4)], to_play=WHITE)
    play_all(game, "A1 A2")
    game.undo()
    game.undo()
    assert (shown(game), game.to_play) == ("...\n.X.\n...", WHITE)
    with pytest.raises(IllegalMoveError, match="cannot undo"):
        game.undo()


def test_undo_restores_ko_and_superko() -> None:
    game = Game(3, rules=Rules(ko=Ko.POSITIONAL))
    game.set_stones([(WHITE, 3), (BLACK, 4), (WHITE, 7), (BLACK, 8)])
    play_all(game, "A1")
    retake = parse_vertex("B1", 3)
    assert not game.is_legal(retake)
    play_all(game, "C3 B3")
    assert game.is_legal(retake)
    game.undo()
    game.undo()
    assert not game.is_legal(retake)
    game.undo()
    assert game.is_legal(parse_vertex("A1", 3))


@pytest.mark.parametrize(("stones", "message"), [
    ([(BLACK, 0), (WHITE, 0)], "a point is named twice"),
    ([(BLACK, 9)], "off the board"),
    ([(BLACK, -1)], "off the board"),
    ([(BLACK, 0), (WHITE, 1), (WHITE, 3)], "has no liberty"),
])
def test_set_ups_refused_leave_the_game_alone(stones: list[tuple[int, int]], message: str) -> None:
    game = play_all(Game(3), "B2")
    with pytest.raises(IllegalMoveError, match=message):
        game.set_stones(stones)
    assert shown(game) == "...\n.X.\n..."
    assert len(game.moves) == 1


def test_the_board_knows_who_plays_first_after_a_set_up() -> None:
    """The search reads the side to play from the board, as after handicap stones."""
    game = Game(9)
    game.set_handicap([20, 60])
    assert game.board.info[TO_PLAY] == game.to_play == WHITE
    game.set_stones([(WHITE, 0)], to_play=WHITE)
    assert game.board.info[TO_PLAY] == game.to_play == WHITE
    game.play(1)
    game.undo()
    assert game.board.info[TO_PLAY] == game.to_play == WHITE


def test_set_up_resets_history_and_handicap() -> None:
    game = Game(9)
    game.set_handicap([20, 60])
    game.set_stones([(BLACK, 0)])
    assert (game.handicap, game.moves, len(game.history)) == (0, [], 1)
    assert not game.is_over


def test_over_after_two_passes_in_a_row() -> None:
    game = play_all(Game(5), "pass C3 pass")
    assert not game.is_over
    play_all(game, "pass")
    assert game.is_over
    game.undo()
    assert not game.is_over


def test_copies_are_independent() -> None:
    game = play_all(Game(5, komi=3.5), "C3 B2")
    game.set_handicap([0, 24])
    play_all(game, "C3")
    other = game.copy()
    play_all(other, "B2 D4")
    assert (game.komi, game.handicap, len(game.moves)) == (other.komi, other.handicap, 1)
    assert shown(game) == "X....\n.....\n..O..\n.....\n....X"
    assert len(other.moves) == 3
    other.undo()
    other.undo()
    assert shown(game) == shown(other)
    assert np.array_equal(game.history, other.history)


@pytest.mark.parametrize("size", [1, 26])
def test_board_sizes_refused(size: int) -> None:
    with pytest.raises(ConfigError, match="expected 2 to 25"):
        Game(size)


def test_set_up_commands_need_no_kernels() -> None:
    """A session may make a game, set komi and rules, before numba is imported."""
    code = ("import sys; from ponnuki.engine.game import Game; game = Game(9); game.komi = 5.5; game.copy(); "
            "assert not game.is_over; assert 'numba' not in sys.modules and 'numpy' not in sys.modules")
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
