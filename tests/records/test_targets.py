"""Inputs and targets of stored positions, against games replayed move by move and plain Python."""

import math

import numpy as np
import pytest

from ponnuki.engine.coords import BLACK, WHITE
from ponnuki.engine.errors import RecordError
from ponnuki.engine.features import GLOBALS, PLANES, symmetry_table, write_features
from ponnuki.engine.game import Game
from ponnuki.engine.ladder import new_reading
from ponnuki.engine.rules import HandicapBonus, Rules, Scoring
from ponnuki.records.format import ENDING_COUNTED, ENDING_STOPPED, SURE_ENDINGS, TARGET_NONE, TARGET_PLAYED, Shard
from ponnuki.records.games import GameRecord, MoveLabels, ShardBuilder, read_game
from ponnuki.records.positions import network_inputs
from ponnuki.records.targets import gather_targets, trainable_positions
from tests.records.random_games import random_shard

SIZE = 5


def one_game(**values: object) -> Shard:
    """A shard of one game of three moves on 5x5."""
    builder = ShardBuilder(SIZE)
    builder.add(GameRecord(SIZE, 7.5, Rules(), [12, 13, 25], **values))  # type: ignore[arg-type]
    return builder.build()


def gather(shard: Shard, position: int, symmetry: int = 0):  # type: ignore[no-untyped-def]
    """Targets of one position."""
    return gather_targets(shard, np.array([position]), np.array([symmetry]))


def features_of(game: Game) -> tuple[np.ndarray, np.ndarray]:
    """Planes and globals of a game's present position as it lies."""
    planes, values = np.empty((PLANES, game.size, game.size), np.float32), np.empty(GLOBALS, np.float32)
    legal, rules = game.legal_moves().astype(np.uint8), game.rules
    komi, reading = np.float32(game.self_komi()), new_reading(game.size)
    write_features(game.board, legal, komi, int(rules.ko), int(rules.scoring), int(rules.suicide), 0, reading,
                   planes, values)
    return planes, values


def transformed(plane: np.ndarray, symmetry: int) -> np.ndarray:
    """A plane in one of the eight symmetries, by moving one point after another."""
    size, out = plane.shape[-1], np.empty_like(plane)
    for row in range(size):
        for col in range(size):
            target = int(symmetry_table(size)[symmetry][row * size + col])
            out[..., target // size, target % size] = plane[..., row, col]
    return out


@pytest.mark.parametrize("seed", range(3))
def test_inputs_equal_those_of_the_game_replayed(seed: int) -> None:
    shard = random_shard(seed, size=6, games=4)
    rng = np.random.default_rng(seed)
    positions = np.arange(shard.positions, dtype=np.int64)
    symmetry = rng.integers(0, 8, shard.positions)
    inputs = network_inputs(shard, positions, symmetry)
    assert inputs.planes.dtype == inputs.globals.dtype == np.float32
    assert inputs.planes.flags.c_contiguous
    for index in range(shard.games):
        record = read_game(shard, index)
        game = GameRecord(6, record.komi, record.rules, [], record.first, record.setup).to_game()
        for number, move in enumerate(record.moves):
            planes, values = features_of(game)
            row = int(shard.start[index]) + number
            np.testing.assert_array_equal(inputs.planes[row], transformed(planes, int(symmetry[row])))
            np.testing.assert_array_equal(inputs.globals[row], values)
            game.play(move)


def test_the_rows_of_a_batch_do_not_depend_on_each_other() -> None:
    shard = random_shard(4)
    positions, symmetry = np.array([200, 3, 77, 3]), np.array([5, 0, 2, 7])
    together = network_inputs(shard, positions, symmetry)
    for row in range(4):
        alone = network_inputs(shard, positions[row : row + 1], symmetry[row : row + 1])
        np.testing.assert_array_equal(together.planes[row], alone.planes[0])


def test_komi_counts_prisoners_under_territory_scoring_and_compensation_under_area_scoring() -> None:
    def self_komi(rules: Rules, setup: list[tuple[int, int]], first: int, moves: list[int]) -> float:
        builder = ShardBuilder(SIZE)
        builder.add(GameRecord(SIZE, 6.5, rules, [*moves, 25], first, setup))
        inputs = network_inputs(builder.build(), np.array([len(moves)]), np.array([0]))
        return float(inputs.globals[0, 0]) * 15

    capture = [1, 0, 5]  # Black captures the stone in the corner
    assert self_komi(Rules(), [], BLACK, capture) == pytest.approx(6.5)
    assert self_komi(Rules(scoring=Scoring.TERRITORY), [], BLACK, capture) == pytest.approx(5.5)
    two_stones = [(BLACK, 6), (BLACK, 18)]
    assert self_komi(Rules(handicap_bonus=HandicapBonus.N), two_stones, WHITE, []) == pytest.approx(8.5)
    assert self_komi(Rules(handicap_bonus=HandicapBonus.N_MINUS_ONE), two_stones, WHITE, [0]) == pytest.approx(-7.5)
    assert self_komi(Rules(handicap_bonus=HandicapBonus.N), [*two_stones, (WHITE, 8)], WHITE, []) == pytest.approx(6.5)
    assert self_komi(Rules(handicap_bonus=HandicapBonus.N), two_stones[:1], WHITE, []) == pytest.approx(6.5)


def test_a_stone_on_a_stone_is_an_error_and_not_a_crash() -> None:
    builder = ShardBuilder(SIZE)
    builder.add(GameRecord(SIZE, 7.5, Rules(), [12, 12, 13]))
    with pytest.raises(RecordError, match="game 0 of a 5x5 shard puts a stone on a stone"):
        network_inputs(builder.build(), np.array([2]), np.array([0]))


def expected_targets(shard: Shard, index: int, number: int, symmetry: int) -> tuple[object, ...]:
    """The targets of one position by the words of the format, as a tuple of plain numbers and lists."""
    record = read_game(shard, index)
    labels = record.labels[number] if record.labels else MoveLabels(sample_weight=1)
    area, table = shard.size**2, [*symmetry_table(shard.size)[symmetry].tolist(), shard.size**2]
    black = (record.first == BLACK) == (number % 2 == 0)
    sign = 1 if black else -1
    chosen = list(labels.policy) if labels.policy_target == 1 else []
    if labels.policy_target == TARGET_PLAYED:
        chosen = [(record.moves[number], 1)]
    policy, total = [0.0] * (area + 1), sum(weight for _, weight in chosen)
    for move, weight in chosen:
        policy[table[move]] += weight / total
    value, lead = labels.value_to_play, labels.lead_to_play
    drawn = record.ending == ENDING_COUNTED and record.score_black == 0
    if math.isnan(value) and record.ending in SURE_ENDINGS and (record.winner or drawn):
        value = float(sign * record.winner)
    if math.isnan(lead) and record.ending == ENDING_COUNTED:
        lead = sign * record.score_black
    owner = [0.0] * area
    if labels.ownership_to_play is not None:
        for point, share in enumerate(labels.ownership_to_play.tolist()):
            owner[table[point]] = share / 100
    weight = labels.sample_weight
    known = (bool(chosen), not math.isnan(value), not math.isnan(lead), labels.ownership_to_play is not None)
    zero_if_nan = [0.0 if math.isnan(number) else number for number in (value, lead)]
    return (policy, *zero_if_nan, owner, *(weight * flag for flag in known))


@pytest.mark.parametrize("labelled", [False, True])
def test_targets_equal_those_written_out(labelled: bool) -> None:
    shard = random_shard(7, games=5, labelled=labelled)
    symmetry = np.random.default_rng(1).integers(0, 8, shard.positions)
    got = gather_targets(shard, np.arange(shard.positions), symmetry)
    assert all(array.dtype == np.float32 and array.flags.c_contiguous for array in got)
    for index in range(shard.games):
        for number in range(int(shard.length[index])):
            row = int(shard.start[index]) + number
            policy, value, lead, owner, *weights = expected_targets(shard, index, number, int(symmetry[row]))
            np.testing.assert_allclose(got.policy_target[row], policy, rtol=1e-6)
            assert got.value_target[row] == pytest.approx(value)
            assert got.lead_target[row] == pytest.approx(lead)
            np.testing.assert_allclose(got.ownership_target[row].reshape(-1), owner, rtol=1e-6)
            found = [got.policy_weight[row], got.value_weight[row], got.lead_weight[row], got.ownership_weight[row]]
            assert found == pytest.approx(weights)


def test_the_winner_is_seen_from_the_side_to_move() -> None:
    shard = one_game(winner=-1, ending=ENDING_COUNTED, score_black=-3.5)
    assert [gather(shard, move).value_target[0] for move in range(3)] == [-1, 1, -1]
    assert [gather(shard, move).lead_target[0] for move in range(3)] == [-3.5, 3.5, -3.5]
    after_white = one_game(winner=-1, ending=ENDING_COUNTED, first=WHITE)
    assert gather(after_white, 0).value_target[0] == 1


@pytest.mark.parametrize(("winner", "ending"), [(0, ENDING_COUNTED), (1, ENDING_STOPPED), (-1, 0), (1, 4)])
def test_an_unsure_result_is_no_value_target(winner: int, ending: int) -> None:
    targets = gather(one_game(winner=winner, ending=ending), 0)
    assert targets.value_weight[0] == targets.value_target[0] == 0
    assert targets.policy_weight[0] == 1


def test_the_move_played_is_learnt_in_its_symmetry_and_the_pass_stays_the_pass() -> None:
    shard = one_game()
    for symmetry in range(8):
        corner = gather(one_game(first=WHITE), 1, symmetry).policy_target[0]
        assert corner.argmax() == symmetry_table(SIZE)[symmetry][13]
        assert gather(shard, 2, symmetry).policy_target[0].argmax() == 25


def test_positions_before_the_labelled_part_of_a_game_are_left_out() -> None:
    nothing = MoveLabels(policy_target=TARGET_NONE)
    labels = [nothing, MoveLabels(value_to_play=0.5, policy_target=TARGET_NONE), nothing]
    assert trainable_positions(one_game(labels=labels)).tolist() == [1]
    assert trainable_positions(one_game(labels=labels, winner=1, ending=ENDING_COUNTED)).tolist() == [0, 1, 2]
    assert trainable_positions(one_game()).tolist() == [0, 1, 2]
    weightless = [MoveLabels(sample_weight=0), MoveLabels(), MoveLabels()]
    assert trainable_positions(one_game(labels=weightless)).tolist() == [1, 2]


def test_without_a_policy_target_array_the_labels_decide() -> None:
    """As in the labelled data: NaN value and no policy is no target; a policy, or else the move played, is one."""
    from dataclasses import replace

    labels = [MoveLabels(), MoveLabels(value_to_play=0.5), MoveLabels(0.5, policy=[(3, 2), (4, 6)])]
    shard = replace(one_game(labels=labels), policy_target=None)
    assert trainable_positions(shard).tolist() == [1, 2]
    assert gather(shard, 0).policy_weight[0] == 0
    assert gather(shard, 1).policy_target[0, 13] == 1
    assert gather(shard, 2).policy_target[0, 3:5].tolist() == [0.25, 0.75]


@pytest.mark.parametrize(("score", "weight"), [(0.0, 1), (math.nan, 0)])
def test_a_counted_draw_is_worth_nothing_to_either_side_and_an_unknown_result_is_not_learnt(
    score: float, weight: float
) -> None:
    builder = ShardBuilder(SIZE)
    builder.add(GameRecord(SIZE, 0, Rules(), [12, 13], winner=0, ending=ENDING_COUNTED, score_black=score))
    targets = gather_targets(builder.build(), np.array([0, 1]), np.array([0, 0]))
    assert targets.value_target.tolist() == [0, 0]
    assert targets.value_weight.tolist() == [weight, weight]
