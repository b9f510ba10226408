"""Gumbel selection at the root: the schedule, the candidates, the choice."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from ponnuki.engine.config import Limits, SearchSettings
from ponnuki.engine.evaluator import Evaluation, LeafBatch
from ponnuki.engine.game import Game
from ponnuki.engine.gumbel import considered_visits
from ponnuki.engine.pool import Pool
from ponnuki.engine.search import Search
from tests.engine.fakes import OpinionEvaluator

pytestmark = pytest.mark.filterwarnings("ignore:overflow encountered")  # uint64 wraps, where not compiled


@pytest.mark.parametrize(("candidates", "budget", "visits"), [
    (1, 4, [0, 1, 2, 3]),
    (2, 5, [0, 0, 1, 1, 2]),
    (4, 16, [0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5]),
    (4, 6, [0, 0, 0, 0, 1, 1]),
    (3, 9, [0, 0, 0, 1, 1, 2, 2, 3, 3]),
])
def test_the_schedule_of_sequential_halving(candidates: int, budget: int, visits: list[int]) -> None:
    assert considered_visits(candidates, budget).tolist() == visits


def planned(playouts: int, batch_size: int = 1, **settings: float) -> Search:
    search = Search(Game(5, 0.5), SearchSettings(**settings), seed=4)  # type: ignore[arg-type]
    Pool(OpinionEvaluator(), batch_size).run(search, Limits(playouts=playouts))
    return search


@pytest.mark.kernels
def test_visits_are_halved_between_the_best_priors() -> None:
    search = planned(65, gumbel_moves=8)
    stats = search.snapshot().moves
    assert Counter(stat.visits for stat in stats) == {2: 4, 7: 2, 21: 2}
    assert {stat.move for stat in stats} == set(np.argsort(-search.priors())[:8].tolist())
    assert [stat.visits for stat in stats] == sorted((stat.visits for stat in stats), reverse=True)


@pytest.mark.kernels
def test_noise_brings_other_candidates() -> None:
    chosen = {tuple(sorted(stat.move for stat in planned(33, gumbel_moves=4, gumbel_noise=noise).snapshot().moves))
              for noise in (0.0, 1.0)}
    assert len(chosen) == 2
    assert all(len(moves) == 4 for moves in chosen)


@pytest.mark.kernels
def test_batches_keep_to_the_schedule_nearly() -> None:
    """With playouts in flight no move may have exactly the visits that are due; the totals stay."""
    one, four = (planned(129, size, gumbel_moves=8).snapshot() for size in (1, 4))
    assert sum(stat.visits for stat in four.moves) == 128
    assert {stat.move for stat in four.moves} == {stat.move for stat in one.moves}


@pytest.mark.kernels
def test_a_tree_that_is_kept_is_planned_anew() -> None:
    search = planned(65, gumbel_moves=8)
    search.advance(search.snapshot().moves[0].move)
    before = {stat.move: stat.visits for stat in search.snapshot().moves}
    Pool(OpinionEvaluator(), 1).run(search, Limits(playouts=64))
    grown = Counter(stat.visits - before.get(stat.move, 0) for stat in search.snapshot().moves)
    grown.pop(0, None)
    assert grown == {2: 4, 7: 2, 21: 2}


@pytest.mark.kernels
def test_the_better_value_wins_among_those_with_most_visits() -> None:
    class OneGoodMove:
        """All moves alike but for the value after one of them."""

        inputs, outputs = OpinionEvaluator.inputs, OpinionEvaluator.outputs

        def evaluate(self, batch: LeafBatch) -> Evaluation:
            moves = batch.size**2 + 1
            good = batch.arrays.boards.colour[: batch.count, 2 * 6 + 3] != 0
            turn = np.where(batch.arrays.boards.info[: batch.count, 1] == 1, 1, -1)
            value = np.where(good, 0.5 * turn, 0).astype(np.float32)
            return Evaluation(np.zeros((batch.count, moves), np.float32), value)

    search = Search(Game(5, 0.5), SearchSettings(gumbel_moves=25))
    Pool(OneGoodMove(), 1).run(search, Limits(playouts=120))
    assert search.snapshot().moves[0].move == 7
