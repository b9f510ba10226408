"""Replaying the games of a shard to see whether every move is legal."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from ponnuki.engine.board import new_board
from ponnuki.engine.coords import vertex
from ponnuki.engine.errors import RecordError
from ponnuki.engine.rules import Ko
from ponnuki.records.format import Shard
from ponnuki.records.games import GameRecord, ShardBuilder
from ponnuki.records.positions import SETUP_ILLEGAL, first_illegal_move, games_of


class IllegalGame(NamedTuple):
    """A game that its rules do not allow."""

    game: int
    move_number: int
    """Counted from 0; negative where the set-up itself is no legal position."""
    move: int
    """Point or pass; -1 where the set-up is no legal position."""

    def describe(self, size: int) -> str:
        """What is wrong, in words, with the game's and the move's number as the shard counts them."""
        if self.move_number < 0:
            return f"game {self.game}: the set-up is not a legal position"
        return f"game {self.game}: move {self.move_number} ({vertex(self.move, size)}) is illegal"


def illegal_games(shard: Shard, ko: Ko | None = None) -> Iterator[IllegalGame]:
    """The first illegal move of each game that has one, under a ko rule or (None) the game's own."""
    games, board = games_of(shard), new_board(shard.size)
    history = np.empty(int(shard.length.max(initial=0)) + 1, np.uint64)
    for game in range(shard.games):
        rule = int(shard.ko[game]) if ko is None else int(ko)
        number = int(first_illegal_move(games, game, rule, shard.size, board, history))
        if number == SETUP_ILLEGAL:
            yield IllegalGame(game, number, -1)
        elif number >= 0:
            yield IllegalGame(game, number, int(shard.moves[shard.start[game] + number]))


def with_legal_moves(record: GameRecord) -> GameRecord:
    """The record, under simple ko where its own rules refuse a move that simple ko allows: so it was played.

    Raises:
        RecordError: a move or the set-up is illegal, or a value lies outside the format's range.
    """
    builder = ShardBuilder(record.size)
    builder.add(record)
    shard = builder.build()
    if not any(illegal_games(shard)):
        return record
    for illegal in illegal_games(shard, Ko.SIMPLE):
        raise RecordError(illegal.describe(record.size).removeprefix("game 0: "))
    return replace(record, rules=replace(record.rules, ko=Ko.SIMPLE))
