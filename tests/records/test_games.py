"""Records to games, shards and back."""

import math
from dataclasses import replace

import numpy as np
import pytest

from ponnuki.engine.coords import BLACK, WHITE
from ponnuki.engine.errors import IllegalMoveError, RecordError
from ponnuki.engine.game import Game
from ponnuki.engine.rules import Ko, Rules
from ponnuki.records.games import GameRecord, MoveLabels, ShardBuilder, alternating, read_game
from ponnuki.records.legality import illegal_games, with_legal_moves
from tests.records.random_games import random_record

PASS = 25


@pytest.mark.parametrize("seed", range(6))
def test_a_record_becomes_the_game_it_came_from(seed: int) -> None:
    record = random_record(np.random.default_rng(seed), 5)
    game = record.to_game()
    again = GameRecord.from_game(
        game, winner=record.winner, ending=record.ending, score_black=record.score_black, labels=[]
    )
    assert repr(again) == repr(record)
    assert game.handicap == len(record.setup)


@pytest.mark.parametrize("labelled", [False, True])
def test_a_shard_gives_back_the_games_that_were_added(labelled: bool) -> None:
    rng, builder = np.random.default_rng(0), ShardBuilder(7)
    records = [random_record(rng, 7, labelled=labelled) for _ in range(5)]
    for record in records:
        builder.add(record)
    shard = builder.build()
    assert len(builder) == shard.games == 5
    assert (shard.value_to_play is not None) == labelled
    for index, record in enumerate(records):
        assert repr(read_game(shard, index)) == repr(record)


@pytest.mark.parametrize(
    ("moves", "first", "flat", "filled"),
    [
        ([], WHITE, [], set()),
        ([(BLACK, 3), (WHITE, 4)], BLACK, [3, 4], set()),
        ([(WHITE, 3), (WHITE, 4), (BLACK, 5)], WHITE, [3, PASS, 4, 5], {1}),
        ([(BLACK, 3), (BLACK, PASS), (BLACK, 5)], BLACK, [3, PASS, PASS, PASS, 5], {1, 3}),
    ],
)
def test_two_moves_in_a_row_have_a_pass_between(
    moves: list[tuple[int, int]], first: int, flat: list[int], filled: set[int]
) -> None:
    assert alternating(moves, PASS, WHITE) == (first, flat, filled)


def test_games_that_do_not_belong_together_are_refused() -> None:
    builder = ShardBuilder(5)
    with pytest.raises(RecordError, match="a game on 9x9 in a shard of 5x5"):
        builder.add(GameRecord(9, 7, Rules(), []))
    with pytest.raises(RecordError, match="a game of 2 moves with 1 labels"):
        builder.add(GameRecord(5, 7, Rules(), [1, 2], labels=[MoveLabels()]))


@pytest.mark.parametrize(
    "values", [{"moves": [26]}, {"moves": [-1]}, {"moves": [70000]}, {"moves": [], "komi": math.inf}]
)
def test_values_outside_the_format_are_refused(values: dict[str, object]) -> None:
    builder = ShardBuilder(5)
    builder.add(replace(GameRecord(5, 7, Rules(), []), **values))  # type: ignore[arg-type]
    with pytest.raises(RecordError):
        builder.build()


# White takes a ko at point 7, Black takes it back at once (illegal), or after a pass each (superko refuses it).
KO_FIGHT = [1, 2, 5, 8, 11, 12, PASS, 6, 7]


def ko_record(tail: list[int], ko: Ko = Ko.POSITIONAL) -> GameRecord:
    """On 5x5: Black at 1, 5, 11, White at 2, 8, 12; White plays 6, Black takes it with 7."""
    return GameRecord(5, 7.5, Rules(ko=ko), [*KO_FIGHT, *tail])


def test_the_first_illegal_move_is_found_under_any_ko_rule() -> None:
    builder = ShardBuilder(5)
    for record in (ko_record([]), ko_record([6]), ko_record([PASS, PASS, 6]), ko_record([PASS, PASS, 6], Ko.SIMPLE)):
        builder.add(record)
    builder.add(GameRecord(5, 7.5, Rules(), [], setup=[(BLACK, 0), (WHITE, 1), (WHITE, 5)]))
    builder.add(GameRecord(5, 7.5, Rules(), [12, 12]))
    shard = builder.build()
    found = {illegal.game: (illegal.move_number, illegal.move) for illegal in illegal_games(shard)}
    assert found == {1: (9, 6), 2: (11, 6), 4: (-2, -1), 5: (1, 12)}
    assert {illegal.game for illegal in illegal_games(shard, Ko.SIMPLE)} == {1, 4, 5}
    words = [illegal.describe(5) for illegal in illegal_games(shard)]
    assert words[0] == "game 1: move 9 (B4) is illegal"
    assert words[2] == "game 4: the set-up is not a legal position"


def test_the_illegal_moves_are_those_that_a_game_refuses() -> None:
    ko_record([]).to_game()
    with pytest.raises(IllegalMoveError, match="B4"):
        ko_record([PASS, PASS, 6]).to_game()


def test_a_game_played_under_simple_ko_is_taken_so() -> None:
    assert with_legal_moves(ko_record([])).rules.ko == Ko.POSITIONAL
    assert with_legal_moves(ko_record([PASS, PASS, 6])).rules.ko == Ko.SIMPLE
    with pytest.raises(RecordError, match=r"^move 9 \(B4\) is illegal$"):
        with_legal_moves(ko_record([6]))


def test_from_game_writes_what_was_played() -> None:
    game = Game(5, 6.5)
    game.play(12, BLACK)
    game.play(13, BLACK)
    record = GameRecord.from_game(game, winner=1)
    assert (record.komi, record.first, record.moves, record.winner) == (6.5, BLACK, [12, PASS, 13], 1)
    np.testing.assert_array_equal(record.to_game().stones(), game.stones())
