"""A position as the search's kernels take it, and how it is written into a batch of leaves."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from ._jit import kernel
from .board import (
    CAPTURED,
    KO_POINT,
    MOVE_COUNT,
    PASSES,
    RECENT,
    RECENT_MOVES,
    TO_PLAY,
    Board,
    board_row,
    copy_board,
    hash_key,
    legal_moves,
    new_board,
    play,
)
from .config import Restriction
from .coords import BLACK, WHITE
from .evaluations import NO_KEY, mixed
from .evaluator import MAX_DEPTH
from .features import self_komi, write_features
from .game import Game


class Position(NamedTuple):
    """The root as the kernels take it."""

    board: Board
    history: np.ndarray  # uint64[history_length + MAX_DEPTH], `hash_key` of the game's positions, then the path's
    history_length: int
    komi: float  # White's, handicap compensation included
    ko: int
    scoring: int
    suicide: bool
    barred: np.ndarray  # uint8[2, N*N + 1], 1 for moves that Black and White may not play; [0, 0]: none
    barred_until: np.ndarray  # int64[2], depth from which on Black and White may


_NOTHING_BARRED = np.zeros((0, 0), np.uint8)


def barred_moves(size: int, restrictions: Sequence[Restriction]) -> tuple[np.ndarray, np.ndarray]:
    """The fields `barred` and `barred_until` of a Position. Of several depths for a colour the largest holds."""
    until = np.zeros(2, np.int64)
    if not restrictions:
        return _NOTHING_BARRED, until
    barred = np.zeros((2, size * size + 1), np.uint8)
    for restriction in restrictions:
        row = barred[restriction.colour - 1]
        named = np.zeros(len(row), bool)
        named[list(restriction.moves)] = True
        row |= (~named if restriction.allow else named).astype(np.uint8)
        until[restriction.colour - 1] = max(until[restriction.colour - 1], restriction.until_depth)
    return barred, until


def position_of(game: Game, restrictions: Sequence[Restriction] = ()) -> Position:
    """A game's present position, for the kernels; independent of the game."""
    board = new_board(game.size)
    copy_board(game.board, board)
    history = game.history
    room = np.zeros(len(history) + MAX_DEPTH, np.uint64)
    room[: len(history)] = history
    return Position(
        board,
        room,
        len(history),
        float(game.total_komi),
        int(game.rules.ko),
        int(game.rules.scoring),
        bool(game.rules.suicide),
        *barred_moves(game.size, restrictions),
    )


def position_after(position: Position, move: int) -> Position:
    """The position after a move, without restrictions; the board is changed in place."""
    play(position.board, move)
    length = position.history_length
    history = np.zeros(length + 1 + MAX_DEPTH, np.uint64)
    history[:length] = position.history[:length]
    history[length] = hash_key(position.board, position.ko)
    barred, until = barred_moves(0, ())
    return position._replace(history=history, history_length=length + 1, barred=barred, barred_until=until)


@kernel
def bar_moves(legal, position, colour, depth):
    """Take a colour's barred moves at a depth off its legal ones (uint8[N*N + 1]), unless that leaves none."""
    if position.barred.shape[0] == 0 or depth >= position.barred_until[colour - 1]:
        return
    left = 0
    for move in range(legal.shape[0]):
        left += legal[move] != 0 and position.barred[colour - 1, move] == 0
    if left > 0:
        for move in range(legal.shape[0]):
            if position.barred[colour - 1, move] != 0:
                legal[move] = 0


@kernel
def node_key(board, scoring):
    """What makes two paths from one root lead to one node: stones, turn, ko, passes, number of moves, prisoners.

    Superko may forbid different moves on the two paths; the first one's are taken for both, inside the tree. The last
    moves, which the net sees, differ too.
    """
    state = np.int64(board.info[MOVE_COUNT]) << 24
    state |= np.int64(board.info[KO_POINT]) << 8
    state |= np.int64(board.info[PASSES]) << 2
    state |= np.int64(board.info[TO_PLAY])
    key = board.hash[0] ^ mixed(state)
    if scoring == 1:
        key = mixed(key + np.uint64(board.info[CAPTURED + BLACK] - board.info[CAPTURED + WHITE] + 1024))
    return key


@kernel
def evaluation_key(board, position, legal):
    """A key of all that an evaluator may see: board, last moves, legal moves, komi, rules; never NO_KEY."""
    state = np.int64(board.info[KO_POINT]) << 8
    state |= np.int64(board.info[PASSES] > 0) << 4
    state |= np.int64(board.info[TO_PLAY]) << 2
    state |= np.int64(position.suicide)
    key = board.hash[0] ^ mixed((state << 8) | (position.ko << 4) | position.scoring)
    komi_to_play = np.float64(self_komi(board, position.komi, position.scoring))
    key = mixed(key ^ mixed(np.int64(np.rint(komi_to_play * 1000.0))))
    for age in range(RECENT_MOVES):
        key = mixed(key + np.uint64(board.info[RECENT + age] + 2))
    forbidden = np.int64(0)
    for move in range(legal.shape[0]):
        forbidden += np.int64(legal[move]) * (move * move + 7919 * move + 1)
    key = mixed(key ^ np.uint64(forbidden))
    return key if key != NO_KEY else np.uint64(1)


@kernel
def fill_leaf(leaves, slot, board, position, history_length, symmetry, seed):
    """Write a position's legal moves and circumstances into a row of a batch."""
    legal_moves(board, position.history, history_length, position.ko, position.suicide, leaves.legal[slot])
    leaves.symmetry[slot] = symmetry
    leaves.komi[slot] = position.komi
    leaves.self_komi[slot] = self_komi(board, position.komi, position.scoring)
    leaves.rules[slot, 0] = position.ko
    leaves.rules[slot, 1] = position.scoring
    leaves.rules[slot, 2] = position.suicide
    leaves.seed[slot] = seed


@kernel
def fill_inputs(leaves, slot, board, position, needs):
    """Write what the evaluator needs into a row that `fill_leaf` has filled: planes in its symmetry, the board."""
    if needs.planes:
        write_features(
            board,
            leaves.legal[slot],
            leaves.self_komi[slot],
            position.ko,
            position.scoring,
            position.suicide,
            leaves.symmetry[slot],
            leaves.reading,
            leaves.planes[slot],
            leaves.globals[slot],
        )
    if needs.positions:
        copy_board(board, board_row(leaves.boards, slot))
