"""Evaluators: what rollouts answer, how a mixture mixes, what a position's evaluation looks like on the board."""

from __future__ import annotations

import numpy as np
import pytest

from ponnuki.engine.coords import parse_vertex
from ponnuki.engine.errors import ConfigError
from ponnuki.engine.estimate import evaluate_position, final_status, ownership_black
from ponnuki.engine.evaluator import (
    EYE_LOGIT,
    PASS_LOGIT,
    Evaluator,
    LeafBatch,
    MixedEvaluator,
    RolloutEvaluator,
    UniformEvaluator,
)
from ponnuki.engine.game import Game
from tests.engine.fakes import EquivariantEvaluator, OpinionEvaluator
from tests.reference.go import parse_diagram, point_of

pytestmark = pytest.mark.filterwarnings("ignore:overflow encountered")  # uint64 wraps, where not compiled

SETTLED = ".XXO.\nXXXOO\n.XXO.\nXXXOO\n.XXO."
"""Black owns 15 points, White 10; nothing is left to play but eyes."""


def game_of(board: str, komi: float = 0.5, to_play: int = 1) -> Game:
    stones, size = parse_diagram(board)
    game = Game(size, komi)
    game.set_stones([(colour, point) for point, colour in enumerate(stones) if colour], to_play)
    return game


@pytest.mark.kernels
@pytest.mark.parametrize(("to_play", "sign"), [(1, 1), (2, -1)])
def test_a_rollout_of_a_settled_board_is_its_score(to_play: int, sign: int) -> None:
    """Value, lead and ownership are the board's in every symmetry, from the view of the side to play."""
    game = game_of(SETTLED, 4.5, to_play)
    evaluation = evaluate_position(game, RolloutEvaluator(), range(8))
    assert evaluation.value_to_play.tolist() == [sign] * 8
    assert evaluation.lead_to_play is not None
    assert evaluation.lead_to_play.tolist() == [sign * 0.5] * 8
    assert evaluation.ownership_to_play is not None
    expected = np.array([[1, 1, 1, -1, -1]] * 5) * sign
    assert all(np.array_equal(board, expected) for board in evaluation.ownership_to_play)


def test_a_drawn_rollout_is_worth_nothing() -> None:
    assert evaluate_position(game_of(SETTLED, 5.0), RolloutEvaluator(), [0]).value_to_play.tolist() == [0]


def test_rollout_priors_avoid_own_eyes_and_passes() -> None:
    game = game_of(SETTLED)
    game.set_stones([stone for stone in game.setup if stone[1] != point_of("A4", 5)])
    policy = evaluate_position(game, RolloutEvaluator(), range(8)).policy
    for row in policy:
        logits = {name: row[point_of(name, 5)] for name in ("A5", "A4", "A1", "B5", "E5", "pass")}
        assert logits["A4"] == logits["A5"] == 0  # the eye above is open now
        assert logits["A1"] == EYE_LOGIT
        assert logits["B5"] == logits["E5"] == -np.inf  # occupied; suicide
        assert logits["pass"] == PASS_LOGIT


def test_rollout_answers_depend_on_the_seed_alone() -> None:
    game = Game(9)
    first, again, other = (evaluate_position(game, RolloutEvaluator(), [0] * 20, seed) for seed in (1, 1, 2))
    assert first.lead_to_play is not None
    assert np.array_equal(first.lead_to_play, again.lead_to_play)
    assert not np.array_equal(first.lead_to_play, other.lead_to_play)
    assert len(set(first.lead_to_play.tolist())) > 5


def test_ownership_and_lead_of_a_rollout_agree() -> None:
    game = game_of(".....\n.XX..\n..XO.\n...O.\n.....", komi=2.5, to_play=2)
    evaluation = evaluate_position(game, RolloutEvaluator(), [0] * 50)
    assert evaluation.ownership_to_play is not None
    assert evaluation.lead_to_play is not None
    assert evaluation.ownership_to_play.sum(axis=(1, 2)) + 2.5 == pytest.approx(evaluation.lead_to_play)
    assert np.array_equal(np.sign(evaluation.lead_to_play), evaluation.value_to_play)


@pytest.mark.parametrize("mixing", [0.0, 0.25, 0.5, 1.0])
def test_a_mixture_weighs_net_and_rollout(mixing: float) -> None:
    game = game_of(".....\n.XX..\n..XO.\n...O.\n.....", komi=2.5, to_play=2)
    evaluators = (EquivariantEvaluator(), RolloutEvaluator(), MixedEvaluator(EquivariantEvaluator(), mixing))
    net, rollout, mixed = (evaluate_position(game, evaluator, range(8), seed=3) for evaluator in evaluators)
    expected = (1 - mixing) * net.value_to_play + mixing * rollout.value_to_play
    assert mixed.value_to_play == pytest.approx(expected, abs=1e-6)
    assert np.array_equal(mixed.policy, net.policy)
    assert np.array_equal(mixed.ownership_to_play, net.ownership_to_play)


@pytest.mark.parametrize("mixing", [-0.1, 1.1, float("nan")])
def test_mixing_out_of_range(mixing: float) -> None:
    with pytest.raises(ConfigError, match="expected 0 to 1"):
        MixedEvaluator(UniformEvaluator(), mixing)


def test_a_mixture_needs_and_gives_what_its_parts_do() -> None:
    mixed, net = MixedEvaluator(EquivariantEvaluator()), EquivariantEvaluator()
    assert mixed.inputs.positions
    assert mixed.inputs.planes == net.inputs.planes
    assert mixed.inputs.feature_version == net.inputs.feature_version
    assert mixed.outputs == net.outputs


@pytest.mark.parametrize("evaluator", [UniformEvaluator(), RolloutEvaluator(), OpinionEvaluator(),
                                       MixedEvaluator(OpinionEvaluator())], ids=lambda e: type(e).__name__)
def test_answers_have_a_row_a_leaf(evaluator: Evaluator) -> None:
    """Shapes and types of the seam, for a batch that is not full."""
    batch = LeafBatch(5, 7, evaluator.inputs)
    game = Game(5)
    for row in range(7):
        for array, value in zip(batch.arrays.boards, game.board, strict=True):
            if len(array):
                array[row] = value
    batch.arrays.seed[:] = 1
    batch.count = 3
    evaluation = evaluator.evaluate(batch)
    assert (evaluation.policy.shape, evaluation.policy.dtype) == ((3, 26), np.float32)
    assert (evaluation.value_to_play.shape, evaluation.value_to_play.dtype) == ((3,), np.float32)
    assert np.abs(evaluation.value_to_play).max() <= 1
    assert (evaluation.lead_to_play is not None) >= evaluator.outputs.lead
    assert (evaluation.ownership_to_play is not None) == evaluator.outputs.ownership


def test_evaluate_position_masks_and_turns_back() -> None:
    """An opinion that does not depend on the symmetry comes out the same in all eight; illegal moves are barred."""
    game = game_of("X....\n..O..\n.X...\n...XO\n.....")
    evaluation = evaluate_position(game, EquivariantEvaluator(), range(8))
    assert all(np.array_equal(row, evaluation.policy[0]) for row in evaluation.policy)
    assert evaluation.ownership_to_play is not None
    assert all(np.array_equal(board, evaluation.ownership_to_play[0]) for board in evaluation.ownership_to_play)
    assert np.array_equal(np.isfinite(evaluation.policy[0]), game.legal_moves())


def test_ownership_black_is_blacks_whoever_plays() -> None:
    for to_play in (1, 2):
        ownership = ownership_black(game_of(SETTLED, to_play=to_play), RolloutEvaluator())
        assert np.array_equal(ownership, [[1, 1, 1, -1, -1]] * 5)


def points(text: str) -> frozenset[int]:
    return frozenset(parse_vertex(name, 5) for name in text.split())


def test_final_status_of_dead_and_living_chains() -> None:
    """Whole chains by their mean ownership: the invader at B3 is dead though one point of it is claimed."""
    board, _ = parse_diagram("..XO.\n..XO.\n.OXO.\n.OXO.\n..XO.")
    ownership = np.array([[1, 1, 1, -1, -1]] * 5, np.float32)
    ownership[2, 1] = -0.3
    status = final_status(np.array(board, np.uint8).reshape(5, 5), ownership)
    assert status.dead == points("B3 B2")
    assert status.alive == points("C1 C2 C3 C4 C5 D1 D2 D3 D4 D5")
    assert status.seki == frozenset()


def test_final_status_of_a_seki() -> None:
    """Two groups with nothing but shared liberties are in seki; the group with territory beside them is not."""
    board, size = parse_diagram("OX.OX..\nOX.OXXX\nOXXOX..\nOOOOXXX\nXXXXX..\n....XXX\n....X..")
    stones = np.array(board, np.uint8).reshape(size, size)
    ownership = np.where(stones == 1, 1.0, np.where(stones == 2, -1.0, 0.0)).astype(np.float32)
    ownership[stones == 0] = 1.0
    ownership[:2, 2] = 0.0
    status = final_status(stones, ownership)
    inner = {point for point in range(size * size) if board[point] and point // size < 4 and point % size < 4}
    assert status.dead == frozenset()
    assert status.seki == inner
    assert status.alive == {point for point in range(size * size) if board[point]} - inner
