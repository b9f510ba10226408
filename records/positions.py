"""From stored games to network inputs: a kernel replays each sampled game and writes its planes."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ponnuki.engine._jit import kernel
from ponnuki.engine.board import (
    TO_PLAY,
    add_setup_stone,
    all_chains_have_liberties,
    clear_board,
    hash_key,
    is_legal,
    legal_moves,
    new_board,
    play,
    to_bordered,
)
from ponnuki.engine.coords import BLACK, EMPTY
from ponnuki.engine.errors import RecordError
from ponnuki.engine.features import GLOBALS, PLANES, self_komi, write_features
from ponnuki.engine.ladder import new_reading
from ponnuki.records.format import Shard


class Games(NamedTuple):
    """The games of a shard as kernels take them."""

    komi: np.ndarray  # float32[G], White's, handicap compensation included
    scoring: np.ndarray  # uint8[G]
    ko: np.ndarray  # uint8[G]
    suicide: np.ndarray  # uint8[G]
    first: np.ndarray  # uint8[G]
    start: np.ndarray  # int64[G+1]
    moves: np.ndarray  # uint16[P]
    setup_start: np.ndarray  # int64[G+1]
    setup_point: np.ndarray  # uint16
    setup_colour: np.ndarray  # uint8


def games_of(shard: Shard) -> Games:
    """A shard's games in the form that kernels take."""
    rest = (np.ascontiguousarray(getattr(shard, name)) for name in Games._fields[1:])
    return Games(shard.komi + handicap_compensation(shard), *rest)


def handicap_compensation(shard: Shard) -> NDArray[np.float32]:
    """float32[G]: points that White gets for handicap stones, as `engine.rules.Rules.handicap_points` counts them.

    Handicap stones are the stones of a set-up that is all Black, with White to play; any other set-up is a diagram.
    """
    white = _sum_of_runs(shard.setup_colour, shard)
    stones = shard.setup_len - white
    due = (shard.first == 1) & (white == 0) & (stones >= 2) & (shard.scoring == 0)
    points = np.where(shard.handicap_bonus == 1, stones, stones - 1)
    return np.where(due & (shard.handicap_bonus > 0), points, 0).astype(np.float32)


def _sum_of_runs(values: NDArray[np.uint8], shard: Shard) -> NDArray[np.int64]:
    """int64[G]: the sum of a per-stone array over each game's set-up."""
    before = np.zeros(len(values) + 1, np.int64)
    np.cumsum(values, out=before[1:])
    return before[shard.setup_start[1:]] - before[shard.setup_start[:-1]]


@kernel
def replay_game(games, game, count, size, board, history):
    """Set a board to the position before move `count` of a game; whether no stone met another on the way.

    Writes `hash_key` of that position and all before it into ``history[:count + 1]``, uint64. Legality is not
    checked, but a stone on a stone would break the board's arrays: there the replay ends, returning False.
    """
    ko_rule = np.int64(games.ko[game])
    clear_board(board, size)
    for stone in range(games.setup_start[game], games.setup_start[game + 1]):
        place = np.int64(to_bordered(np.int64(games.setup_point[stone]), size))
        if board.colour[place] != EMPTY:
            return False
        add_setup_stone(board, place, BLACK + np.int64(games.setup_colour[stone]))
    board.info[TO_PLAY] = BLACK + games.first[game]
    history[0] = hash_key(board, ko_rule)
    start = games.start[game]
    for index in range(count):
        move = np.int64(games.moves[start + index])
        if move < size * size and board.colour[to_bordered(move, size)] != EMPTY:
            return False
        play(board, np.int64(move))
        history[index + 1] = hash_key(board, ko_rule)
    return True


@kernel
def write_inputs(games, game_of, count_of, symmetry_of, size, board, history, legal, reading, planes, global_rows):
    """Write planes and globals of sampled positions: row b is game ``game_of[b]`` before its move ``count_of[b]``.

    Returns the first row whose game cannot be replayed, -1 where all can.

    Args:
        game_of, count_of, symmetry_of: int64[B].
        board, history, legal, reading: scratch of this size; uint64[longest count + 1]; uint8[N*N + 1].
        planes, global_rows: float32[B, PLANES, N, N] and float32[B, GLOBALS]; overwritten.
    """
    for row in range(len(game_of)):
        game = game_of[row]
        count = count_of[row]
        ko_rule = np.int64(games.ko[game])
        scoring = np.int64(games.scoring[game])
        suicide = np.int64(games.suicide[game])
        if not replay_game(games, game, count, size, board, history):
            return row
        legal_moves(board, history, count + 1, ko_rule, suicide, legal)
        komi = np.float32(self_komi(board, games.komi[game], scoring))
        write_features(
            board, legal, komi, ko_rule, scoring, suicide, symmetry_of[row], reading, planes[row], global_rows[row]
        )
    return -1


SETUP_ILLEGAL = -2


@kernel
def first_illegal_move(games, game, ko_rule, size, board, history):
    """Index of a game's first move that is illegal under a ko rule; -1 where all are legal, SETUP_ILLEGAL.

    `history`: uint64 scratch, one entry more than the game has moves.
    """
    suicide = np.int64(games.suicide[game])
    if not replay_game(games, game, 0, size, board, history) or not all_chains_have_liberties(board):
        return SETUP_ILLEGAL
    history[0] = hash_key(board, ko_rule)
    start = games.start[game]
    for index in range(games.start[game + 1] - start):
        move = np.int64(games.moves[start + index])
        if not is_legal(board, history, index + 1, ko_rule, suicide, move):
            return index
        play(board, np.int64(move))
        history[index + 1] = hash_key(board, ko_rule)
    return -1


class Inputs(NamedTuple):
    """What a net is fed: rows of planes and globals."""

    planes: NDArray[np.float32]  # [B, PLANES, N, N]
    globals: NDArray[np.float32]  # [B, GLOBALS]


def network_inputs(shard: Shard, positions: NDArray[np.int64], symmetry: NDArray[np.int64]) -> Inputs:
    """Planes and globals of positions (indices into the shard's moves), each in its symmetry 0 ... 7.

    Raises:
        RecordError: a game puts a stone on a stone.
    """
    game_of, count_of = locate(shard, positions)
    size, rows = shard.size, len(positions)
    inputs = Inputs(np.empty((rows, PLANES, size, size), np.float32), np.empty((rows, GLOBALS), np.float32))
    history = np.empty(int(count_of.max(initial=0)) + 1, np.uint64)
    legal = np.empty(size * size + 1, np.uint8)
    scratch = (new_board(size), history, legal, new_reading(size))
    failed = write_inputs(games_of(shard), game_of, count_of, symmetry.astype(np.int64), size, *scratch, *inputs)
    if failed >= 0:
        raise RecordError(f"game {game_of[failed]} of a {size}x{size} shard puts a stone on a stone: check the shard")
    return inputs


def locate(shard: Shard, positions: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """(game, move number) of positions, int64 each."""
    game_of = np.searchsorted(shard.start, positions, side="right") - 1
    return game_of, positions - shard.start[game_of]
