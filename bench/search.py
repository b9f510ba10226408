"""What share of onnxruntime's speed the search reaches: both measured in turns, in one run, on mid-game positions."""

from __future__ import annotations

import itertools
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from ponnuki.engine.config import Limits, PlayerSettings
from ponnuki.engine.evaluator import NET_INPUTS, Evaluation, Evaluator, LeafBatch
from ponnuki.engine.features import write_features
from ponnuki.engine.game import Game
from ponnuki.engine.pool import Pool
from ponnuki.engine.search import Search
from ponnuki.nets.ort import OnnxEvaluator

from .timing import rate

BATCHES = (1, 2, 4, 8, 16, 32)
"""Batch sizes tried for `raw_evals_per_s`."""
SCAN_S = 0.2
"""Seconds for each way of calling onnxruntime that is tried."""
TURN_S = 0.5
"""Seconds of one turn."""


class RawWay(NamedTuple):
    """One way of calling onnxruntime."""

    sessions: int
    threads: int
    """Threads of each session."""
    batch: int


class CountingEvaluator:
    """Another evaluator that counts what it is asked."""

    def __init__(self, inner: Evaluator) -> None:
        self._inner = inner
        self.inputs = inner.inputs
        self.outputs = inner.outputs
        self.evaluations = 0

    def evaluate(self, batch: LeafBatch) -> Evaluation:
        """The inner evaluator's answer."""
        self.evaluations += batch.count
        return self._inner.evaluate(batch)


class RawSpeed:
    """onnxruntime alone: the same network on the same kind of input, nothing else done."""

    def __init__(self, path: Path, games: Sequence[Game]) -> None:
        self._path = path
        self._inputs = net_inputs(games)
        self._evaluators: dict[int, list[OnnxEvaluator]] = {}

    @property
    def precision(self) -> str:
        """`float32` or `int8`, from the file's metadata."""
        return self._sessions(RawWay(1, 1, 1))[0].info.get("precision", "float32")

    def best_way(self, threads: int) -> RawWay:
        """The fastest of batch 1 to 32, in one session or in one for each thread."""
        shapes = {(1, threads), (threads, 1)}
        ways = [RawWay(*shape, batch) for shape in sorted(shapes) for batch in BATCHES]
        return max(ways, key=lambda way: self.measure(way, SCAN_S))

    def measure(self, way: RawWay, seconds: float) -> float:
        """Evaluations a second."""
        evaluators = self._sessions(way)
        planes, globals_ = (np.ascontiguousarray(array[: way.batch]) for array in self._inputs)

        def measure_one(evaluator: OnnxEvaluator) -> float:
            def evaluate() -> int:
                evaluator.evaluate_arrays(planes, globals_)
                return way.batch

            evaluate()
            return rate(evaluate, seconds)

        with ThreadPoolExecutor(way.sessions) as pool:
            return sum(pool.map(measure_one, evaluators))

    def _sessions(self, way: RawWay) -> list[OnnxEvaluator]:
        known = self._evaluators.setdefault(way.threads, [])
        while len(known) < way.sessions:
            known.append(OnnxEvaluator(self._path, way.threads))
        return known[: way.sessions]


def net_inputs(games: Sequence[Game]) -> tuple[np.ndarray, np.ndarray]:
    """Planes float32[32, C, N, N] and globals float32[32, K] of the games' positions, in turn and in all symmetries."""
    size, rows = games[0].size, max(BATCHES)
    batch = LeafBatch(size, rows, NET_INPUTS)
    for row, game in zip(range(rows), itertools.cycle(games), strict=False):
        write_features(
            game.board, game.legal_moves().astype(np.uint8), np.float32(game.self_komi()), int(game.rules.ko),
            int(game.rules.scoring), game.rules.suicide, row & 7, batch.planes[row], batch.globals[row],
        )  # fmt: skip
    return batch.planes, batch.globals


def search_for(game: Game, evaluator: Evaluator, settings: PlayerSettings, seconds: float) -> Search:
    """A new search of a game's position, run for a time."""
    search = Search(game, settings.search, seed=1)
    Pool(evaluator, settings.leaves_at_once).run(search, Limits(), deadline=time.monotonic() + seconds)
    return search


def measure_search(path: Path, games: Sequence[Game], threads: int, seconds: float) -> dict[str, Any]:
    """`raw_evals_per_s`, `playouts_per_s`, `search_efficiency` and `tree_bytes_per_node`.

    Args:
        path: the network.
        games: mid-game positions; each turn searches the next one from a new tree, as for a move.
        seconds: for all turns of both sides together.
    """
    settings = PlayerSettings(threads=threads)
    counting = CountingEvaluator(OnnxEvaluator(path, threads))
    raw = RawSpeed(path, games)
    way = raw.best_way(threads)
    search_for(games[0], counting, settings, 0.0)
    raw_rates, search_rates, search = [], [], None
    for turn in range(max(2, round(seconds / (2 * TURN_S)))):
        raw_rates.append(raw.measure(way, TURN_S))
        before, begin = counting.evaluations, time.perf_counter()
        search = search_for(games[turn % len(games)], counting, settings, TURN_S)
        search_rates.append((counting.evaluations - before) / (time.perf_counter() - begin))
    assert search is not None
    raw_evals, playouts = float(np.median(raw_rates)), float(np.median(search_rates))
    return {
        "raw_evals_per_s": raw_evals,
        "raw_batch": way.batch,
        "raw_sessions": way.sessions,
        "playouts_per_s": playouts,
        "search_efficiency": playouts / raw_evals,
        "tree_bytes_per_node": search.tree_bytes / int(search.tree.used[0]),
    }


def measure_one_thread(path: Path, games: Sequence[Game]) -> dict[str, Any]:
    """`float_evals_per_s` or `int8_evals_per_s`, as the network is: onnxruntime alone at its best on one thread."""
    raw = RawSpeed(path, games)
    way = raw.best_way(1)
    kind = "int8" if raw.precision == "int8" else "float"
    return {f"{kind}_evals_per_s": raw.measure(way, 2 * TURN_S)}
