"""onnxruntime alone: how fast a network can be evaluated here at best, and what int8 gains."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from ponnuki.engine.evaluator import EvaluatorInputs, LeafBatch
from ponnuki.engine.features import write_features
from ponnuki.engine.game import Game
from ponnuki.nets.ort import OnnxEvaluator

from .timing import rate

BATCHES = (1, 2, 4, 8, 16, 32)
"""Batch sizes tried."""
SCAN_S = 0.2
"""Seconds for each way of calling onnxruntime that is tried."""
TURN_S = 0.5
"""Seconds of one turn."""
TURNS = 4
"""Turns of each precision."""
INT8_ENDING = "-int8"
"""What the name of an int8 network has behind that of the float network that it was made from."""


class RawWay(NamedTuple):
    """One way of calling onnxruntime."""

    sessions: int
    threads: int
    """Threads of each session."""
    batch: int


class RawSpeed:
    """onnxruntime alone: the same network on the same kind of input, nothing else done."""

    def __init__(self, path: Path, games: Sequence[Game]) -> None:
        self._path = path
        self._evaluators: dict[int, list[OnnxEvaluator]] = {}
        self._inputs = real_inputs(games, self._sessions(RawWay(1, 1, 1))[0].inputs)

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


def efficiency(rates: Sequence[float], raw_rates: Sequence[float]) -> float:
    """The median over turns of something's speed by that of onnxruntime just before and just after each.

    Not a ratio of medians: the machine's speed drifts by more than is to be seen.

    Args:
        rates: evaluations a second, a turn each.
        raw_rates: evaluations a second of onnxruntime alone: one before the first turn and one after each.
    """
    raw = np.asarray(raw_rates)
    return float(np.median(np.asarray(rates) / ((raw[:-1] + raw[1:]) / 2)))


def real_inputs(games: Sequence[Game], inputs: EvaluatorInputs) -> tuple[np.ndarray, np.ndarray]:
    """Planes float32[32, C, N, N] and globals float32[32, K] of the games' positions, in turn and in all symmetries."""
    size, rows = games[0].size, max(BATCHES)
    batch = LeafBatch(size, rows, inputs)
    for row, game in zip(range(rows), itertools.cycle(games), strict=False):
        write_features(
            game.board, game.legal_moves().astype(np.uint8), np.float32(game.self_komi()), int(game.rules.ko),
            int(game.rules.scoring), game.rules.suicide, row & 7, batch.arrays.reading, batch.planes[row],
            batch.globals[row],
        )  # fmt: skip
    return batch.planes, batch.globals


def precisions(path: Path) -> dict[str, Path]:
    """The network's file and, where it lies beside it, that of the same network in the other precision."""
    name = path.stem.removesuffix(INT8_ENDING)
    files = {"float": path.with_name(f"{name}.onnx"), "int8": path.with_name(f"{name}{INT8_ENDING}.onnx")}
    return {kind: file for kind, file in files.items() if file.exists()}


def measure_precisions(path: Path, games: Sequence[Game]) -> dict[str, Any]:
    """`float_evals_per_s`, `int8_evals_per_s` and `int8_speedup`, on one thread and in turns; those that exist."""
    raws = {kind: RawSpeed(file, games) for kind, file in precisions(path).items()}
    ways = {kind: raw.best_way(1) for kind, raw in raws.items()}
    turns = [{kind: raw.measure(ways[kind], TURN_S) for kind, raw in raws.items()} for _ in range(TURNS)]
    speeds = {kind: float(np.median([turn[kind] for turn in turns])) for kind in raws}
    result = {f"{kind}_evals_per_s": speed for kind, speed in speeds.items()}
    if len(speeds) == 2:
        result["int8_speedup"] = speeds["int8"] / speeds["float"]
    return result
