"""What share of onnxruntime's speed the search reaches: both measured in turns, in one run, on mid-game positions."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ponnuki.engine.config import Limits, PlayerSettings
from ponnuki.engine.evaluator import Evaluation, Evaluator, LeafBatch
from ponnuki.engine.game import Game
from ponnuki.engine.pool import Pool
from ponnuki.engine.search import Search
from ponnuki.nets.ort import OnnxEvaluator

from .raw import TURN_S, RawSpeed, efficiency


class CountingEvaluator:
    """Another evaluator that counts what it is asked, and the seconds that its answers take."""

    def __init__(self, inner: Evaluator) -> None:
        self._inner = inner
        self.inputs = inner.inputs
        self.outputs = inner.outputs
        self.evaluations = 0
        self.seconds = 0.0
        """Within `evaluate`, of all threads together."""
        self._lock = threading.Lock()

    def evaluate(self, batch: LeafBatch) -> Evaluation:
        """The inner evaluator's answer."""
        begin = time.perf_counter()
        answer = self._inner.evaluate(batch)
        with self._lock:
            self.evaluations += batch.count
            self.seconds += time.perf_counter() - begin
        return answer


def search_for(game: Game, evaluator: Evaluator, settings: PlayerSettings, seconds: float) -> Search:
    """A new search of a game's position, run for a time."""
    search = Search(game, settings.search, seed=1)
    end = time.monotonic() + seconds
    Pool(evaluator, settings.leaves_at_once, settings.threads).run(search, Limits(), lambda: time.monotonic() >= end)
    return search


def measure_search(path: Path, games: Sequence[Game], threads: int, seconds: float) -> dict[str, Any]:
    """`raw_evals_per_s`, `playouts_per_s`, `search_efficiency`, `evaluation_us`, `search_us` and `tree_bytes_per_node`.

    The first two are measured in turns; see `efficiency`. `evaluation_us` is what a playout of the search spends in
    onnxruntime, whose batches are smaller there, `search_us` all the rest of a thread's time.

    Args:
        path: the network.
        games: mid-game positions; each turn searches the next one from a new tree, as for a move.
        seconds: for all turns of both sides together.
    """
    settings = PlayerSettings(threads=threads)
    counting = CountingEvaluator(OnnxEvaluator(path))
    raw = RawSpeed(path, games)
    way = raw.best_way(threads)
    search_for(games[0], counting, settings, 0.0)
    counting.evaluations, counting.seconds, wall_s = 0, 0.0, 0.0
    raw_rates, search_rates, search = [raw.measure(way, TURN_S)], [], None
    for turn in range(max(2, round(seconds / (2 * TURN_S)))):
        before, begin = counting.evaluations, time.perf_counter()
        search = search_for(games[turn % len(games)], counting, settings, TURN_S)
        turn_s = time.perf_counter() - begin
        wall_s += turn_s
        search_rates.append((counting.evaluations - before) / turn_s)
        raw_rates.append(raw.measure(way, TURN_S))
    assert search is not None
    return {
        "raw_evals_per_s": float(np.median(raw_rates)),
        "raw_batch": way.batch,
        "raw_sessions": way.sessions,
        "playouts_per_s": float(np.median(search_rates)),
        "search_efficiency": efficiency(search_rates, raw_rates),
        "evaluation_us": 1e6 * counting.seconds / counting.evaluations,
        "search_us": 1e6 * (threads * wall_s - counting.seconds) / counting.evaluations,
        "tree_bytes_per_node": search.tree_bytes / int(search.tree.used[0]),
    }
