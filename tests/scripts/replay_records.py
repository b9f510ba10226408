"""Replay every game of record shards through the engine's rules, and list the moves that they refuse.

    python tests/scripts/replay_records.py [--ko simple|positional|situational] [--suicide] SHARD.npz…

Without --ko and --suicide each game is held to the rules that its shard names. Games and moves are counted from 0. A
refused move is played all the same where its point is empty, so that one repetition does not hide what follows; where
it is occupied the rest of the game is left out. The exit code is 1 if any move was refused.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from ponnuki.engine._jit import kernel
from ponnuki.engine.board import (
    hash_key,
    is_legal,
    new_board,
    play,
    set_up,
    stones_of,
)
from ponnuki.engine.coords import BLACK, vertex
from ponnuki.engine.errors import PonnukiError, RecordError
from ponnuki.engine.rules import Ko
from ponnuki.records.format import Shard
from ponnuki.records.shards import read_shard


@kernel
def next_refused(board, moves, start, history, ko, suicide):
    """Play moves from `start` on until one is refused. Returns its index, or the number of moves if none is.

    `history[k]`, uint64, is the key before move k: filled up to `start`, and written as moves are played.
    """
    for index in range(start, moves.shape[0]):
        if not is_legal(board, history, index + 1, ko, suicide, np.int64(moves[index])):
            return index
        play(board, moves[index])
        history[index + 1] = hash_key(board, ko)
    return moves.shape[0]


def refused_moves(shard: Shard, game: int, ko: int, suicide: bool) -> Iterator[int]:
    """Numbers of the moves of one game that the rules refuse."""
    moves = shard.moves[shard.start[game] : shard.start[game + 1]].astype(np.int64)
    placed = slice(int(shard.setup_start[game]), int(shard.setup_start[game + 1]))
    setup = [(BLACK + int(colour), int(point))
             for colour, point in zip(shard.setup_colour[placed], shard.setup_point[placed], strict=True)]
    board = new_board(shard.size)
    if not set_up(board, setup, BLACK + int(shard.first[game])):
        raise RecordError(f"game {game}: its set-up is no legal position")
    history = np.zeros(len(moves) + 1, np.uint64)
    history[0] = hash_key(board, ko)
    stones = np.empty(shard.size * shard.size, np.uint8)
    index = 0
    while (index := int(next_refused(board, moves, index, history, ko, suicide))) < len(moves):
        yield index
        stones_of(board, stones)
        if stones[moves[index]]:
            return
        play(board, moves[index])
        index += 1
        history[index] = hash_key(board, ko)


def replay(path: Path, ko: Ko | None, suicide: bool) -> int:
    """Replay one shard, print what is refused and a summary; the number of refused moves."""
    shard = read_shard(path)
    refused = 0
    for game in range(shard.games):
        rule = int(shard.ko[game]) if ko is None else int(ko)
        for index in refused_moves(shard, game, rule, suicide or bool(shard.suicide[game])):
            move = vertex(int(shard.moves[shard.start[game] + index]), shard.size)
            print(f"{path}: game {game}, move {index} ({move}) refused under {Ko(rule).name.lower()} ko")
            refused += 1
    print(f"{path}: {shard.games} games, {shard.positions} moves, {refused} refused")
    return refused


def main() -> int:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description="Replay game records and list the moves that the rules refuse.")
    parser.add_argument("shards", nargs="+", type=Path, metavar="SHARD", help="a ponnuki-games-1 .npz file")
    parser.add_argument("--ko", choices=[ko.name.lower() for ko in Ko], help="ko rule (default: the shard's)")
    parser.add_argument("--suicide", action="store_true", help="allow suicide of several stones")
    arguments = parser.parse_args()
    ko = None if arguments.ko is None else Ko[arguments.ko.upper()]
    try:
        refused = sum([replay(path, ko, arguments.suicide) for path in arguments.shards])
    except PonnukiError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 1 if refused else 0


if __name__ == "__main__":
    sys.exit(main())
