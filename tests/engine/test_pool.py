"""The pool: many searches behind one evaluator are each what they would be alone."""

from __future__ import annotations

import random
import threading
import time

import numpy as np
import pytest

from ponnuki.engine.config import Limits, SearchSettings
from ponnuki.engine.evaluator import Evaluation, LeafBatch
from ponnuki.engine.game import Game
from ponnuki.engine.pool import Pool, playouts_left
from ponnuki.engine.search import KNOWN_PER_ROW, Search, new_store
from tests.engine.fakes import EquivariantEvaluator, OpinionEvaluator


def random_game(seed: int, size: int = 5) -> Game:
    rng = random.Random(seed)
    game = Game(size, 0.5)
    for _ in range(seed % 7):
        game.play(rng.choice(np.flatnonzero(game.legal_moves()[:-1]).tolist()))
    return game


def figures(search: Search) -> list[tuple[int, int, float]]:
    return [(stats.move, stats.visits, stats.value_to_play) for stats in search.snapshot().moves]


def test_many_searches_are_each_as_alone() -> None:
    """Batches shared by six searches, two leaves each: the same trees as six searches with batches of two."""
    alone = [Search(random_game(seed), seed=seed) for seed in range(6)]
    for search in alone:
        pool = Pool(OpinionEvaluator(), 2)
        while search.visits < 100:
            pool.step([search], [min(2, 100 - search.visits)])
    together = [Search(random_game(seed), seed=seed) for seed in range(6)]
    evaluator = OpinionEvaluator()
    pool = Pool(evaluator, 12)
    while min(search.visits for search in together) < 100:
        pool.step(together, [min(2, 100 - search.visits) for search in together])
    assert [figures(search) for search in together] == [figures(search) for search in alone]
    assert evaluator.calls < 120


def test_known_positions_leave_no_gap_in_a_shared_batch() -> None:
    """A search whose positions are in the store takes playouts beside its rows; it has no more rows for that."""
    settings = SearchSettings(cache=True)
    store = new_store(5, settings)
    pool, known, other = Pool(EquivariantEvaluator(), 4), Search(random_game(5), settings, 1, store), random_game(6)
    while known.visits < 200:
        pool.step([known], [200 - known.visits])
    again, new = Search(random_game(5), settings, 1, store), Search(other, settings, 1, store)
    while not (again.visits and new.visits):
        pool.step([again, new], [1, 1], 2)
    evaluated = pool.evaluations
    done = pool.step([again, new], [100, 100], 2)
    assert pool.evaluations - evaluated <= 4
    assert done - (pool.evaluations - evaluated) >= 2, "what is known came on top"
    assert again.visits <= 1 + 2 * (1 + KNOWN_PER_ROW)
    before = again.visits
    pool.step([again], [3], 2)
    assert again.visits - before <= 3, "the limit counts all playouts"


def test_visits_are_those_of_the_root() -> None:
    pool, search = Pool(OpinionEvaluator(), 3), Search(random_game(5))
    begun_with = 0
    for _ in range(4):
        for _ in range(10):
            pool.step([search], None, 2)
            assert search.visits == search.tree.visits[0] == begun_with + search.playouts
        kept = max(search.snapshot().moves, key=lambda stats: stats.visits)
        search.advance(kept.move)
        begun_with = search.visits
        assert begun_with == search.tree.visits[0] == kept.visits > 0
        assert search.playouts == 0


def test_a_step_fills_one_batch_and_reports_its_playouts() -> None:
    evaluator = OpinionEvaluator()
    pool, search = Pool(evaluator, 4), Search(random_game(5))
    assert pool.step([search]) == 1, "the root alone, as nothing else is known yet"
    assert 1 <= pool.step([search]) <= 4
    assert evaluator.calls == 2


def test_a_search_without_room_in_the_batch_waits() -> None:
    pool, searches = Pool(OpinionEvaluator(), 2), [Search(random_game(seed)) for seed in range(4)]
    assert pool.step(searches) == 2
    assert [search.visits for search in searches] == [1, 1, 0, 0]
    pool.step(searches[2:])
    assert [search.visits for search in searches] == [1, 1, 1, 1]


def test_boards_of_several_sizes_in_turn() -> None:
    pool = Pool(OpinionEvaluator(), 4)
    small, large = Search(random_game(3, 3)), Search(random_game(3, 7))
    for _ in range(10):
        pool.step([small])
        pool.step([large])
    assert min(small.visits, large.visits) >= 10


def test_run_with_a_limit_already_met_does_nothing() -> None:
    evaluator = OpinionEvaluator()
    pool, search = Pool(evaluator, 4), Search(random_game(5))
    pool.run(search, Limits(playouts=30))
    calls = evaluator.calls
    assert search.playouts == 30
    pool.run(search, Limits(visits=30))
    pool.run(search, Limits(playouts=30, visits=100))
    assert (search.visits, evaluator.calls) == (30, calls)


@pytest.mark.parametrize(("limits", "left"), [
    (Limits(), None), (Limits(playouts=50), 20), (Limits(visits=40), 10), (Limits(playouts=50, visits=100), 20),
    (Limits(playouts=30), 0), (Limits(visits=3), 0),
])
def test_playouts_left(limits: Limits, left: int | None) -> None:
    search = Search(random_game(5))
    Pool(OpinionEvaluator(), 4).run(search, Limits(playouts=30))
    assert playouts_left(search, limits) == left


@pytest.mark.parametrize("workers", [2, 3])
@pytest.mark.parametrize("batch_size", [1, 4])
def test_several_workers_do_what_one_does(workers: int, batch_size: int) -> None:
    """The limits are met to the playout, every playout is backed up, and nothing stays in flight."""
    for seed in range(3):
        search = Search(random_game(seed), seed=seed)
        pool = Pool(SlowEvaluator(), batch_size, workers)
        pool.run(search, Limits(playouts=150))
        assert search.playouts == search.visits == 150
        assert search.in_flight == 0
        tree = search.tree
        assert tree.pending[: tree.used[0]].max() == 0
        assert sum(stats.visits for stats in search.snapshot().moves) == 149
        pool.run(search, Limits(visits=160))
        assert search.visits == 160


def test_workers_evaluate_side_by_side() -> None:
    evaluator = SlowEvaluator()
    search = Search(random_game(3), SearchSettings(flight_least=8))
    Pool(evaluator, 4, 2).run(search, Limits(playouts=200))
    assert evaluator.most_at_once == 2


def test_workers_stop_when_they_are_told() -> None:
    search = Search(random_game(3))
    Pool(SlowEvaluator(), 4, 2).run(search, Limits(), lambda: search.visits >= 60)
    assert 60 <= search.visits < 80
    assert search.in_flight == 0


def test_workers_end_with_a_tree_that_is_full() -> None:
    search = Search(random_game(3, 9), SearchSettings(max_tree_mb=1))
    Pool(OpinionEvaluator(), 4, 2).run(search, Limits())
    assert search.full
    assert search.in_flight == 0


def test_a_failure_in_a_worker_is_raised_and_ends_the_others() -> None:
    search = Search(random_game(3))
    with pytest.raises(RuntimeError, match="out of order"):
        Pool(SlowEvaluator(fails_at=20), 4, 3).run(search, Limits())


class SlowEvaluator(OpinionEvaluator):
    """Lets other threads run in between, and counts how many are in it."""

    def __init__(self, fails_at: int | None = None) -> None:
        super().__init__()
        self._fails_at = fails_at
        self._lock = threading.Lock()
        self._inside = self._called = 0
        self.most_at_once = 0

    def evaluate(self, batch: LeafBatch) -> Evaluation:
        with self._lock:
            self._inside += 1
            self._called += 1
            self.most_at_once = max(self.most_at_once, self._inside)
            fails = self._called == self._fails_at
        time.sleep(0.002)
        with self._lock:
            self._inside -= 1
            if fails:
                raise RuntimeError("out of order")
            return super().evaluate(batch)
