"""Cost of what the search does besides evaluating: selection, planes, expansion and backing up."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import numpy as np

from ponnuki.engine._jit import kernel
from ponnuki.engine.evaluator import NET_INPUTS, Evaluation, EvaluatorInputs, EvaluatorOutputs, LeafBatch
from ponnuki.engine.features import write_features
from ponnuki.engine.game import Game
from ponnuki.engine.ladder import new_reading
from ponnuki.engine.search import Search

LOGIT_SPREAD = 2.5
"""Standard deviation of made-up logits; priors are then about as uneven as a net's."""
VALUE_SPREAD = 0.3
"""Standard deviation of made-up values."""
PLAYOUTS = 800
"""A search of a usual length."""


class MadeUpEvaluator:
    """Random answers at no cost, which need no planes: what remains is the search itself."""

    inputs = EvaluatorInputs()
    outputs = EvaluatorOutputs(lead=True)

    def __init__(self, size: int, seed: int = 0) -> None:
        chance = np.random.default_rng(seed)
        moves = size * size + 1
        self._policy = chance.normal(0, LOGIT_SPREAD, (4096, moves)).astype(np.float32)
        self._value = np.tanh(chance.normal(0, VALUE_SPREAD, 4096)).astype(np.float32)
        self._next = 0

    def evaluate(self, batch: LeafBatch) -> Evaluation:
        """The next rows of a fixed list."""
        start = self._next if self._next + batch.count <= len(self._value) else 0
        self._next = stop = start + batch.count
        value = self._value[start:stop]
        return Evaluation(self._policy[start:stop], value, lead_to_play=10 * value)


@kernel
def write_many(board, legal, times, reading, planes, globals_out):
    """Write one position's planes `times` times, in all symmetries in turn."""
    for index in range(times):
        write_features(board, legal, np.float32(-7.5), 0, 0, False, index & 7, reading, planes, globals_out)


def measure_kernels(games: Sequence[Game], batch_size: int) -> dict[str, Any]:
    """`select_us`, `planes_us`, `backup_us`, each in microseconds a playout.

    `select_us` is the descent with the legal moves at its end, `backup_us` expansion and backing up, both with their
    share of the calls from Python and with made-up evaluations; `planes_us` is the planes of one leaf.
    """
    size = games[0].size
    evaluator = MadeUpEvaluator(size)
    batch = LeafBatch(size, batch_size, evaluator.inputs)
    _search_times(games[0], evaluator, batch)
    times = np.array([_search_times(game, evaluator, batch) for game in games])
    collect_us, apply_us = 1e6 * np.median(times, axis=0)
    planes_us = 1e6 * float(np.median([_planes_time(game) for game in games]))
    return {"select_us": float(collect_us), "planes_us": planes_us, "backup_us": float(apply_us)}


def _search_times(game: Game, evaluator: MadeUpEvaluator, batch: LeafBatch) -> tuple[float, float]:
    """Seconds a playout of `collect` and of `apply` in one search."""
    search = Search(game)
    collect_s = apply_s = 0.0
    while search.playouts < PLAYOUTS:
        batch.clear()
        begin = time.perf_counter()
        search.collect(batch)
        collected = time.perf_counter()
        collect_s += collected - begin
        if batch.count:
            evaluation = evaluator.evaluate(batch)
            begin = time.perf_counter()
            search.apply(batch, evaluation)
            apply_s += time.perf_counter() - begin
    return collect_s / search.playouts, apply_s / search.playouts


def _planes_time(game: Game, times: int = 2000) -> float:
    """Seconds for the planes of one position."""
    legal = game.legal_moves().astype(np.uint8)
    planes = np.empty((NET_INPUTS.planes, game.size, game.size), np.float32)
    globals_out = np.empty(NET_INPUTS.globals, np.float32)
    reading = new_reading(game.size)
    write_many(game.board, legal, 1, reading, planes, globals_out)
    begin = time.perf_counter()
    write_many(game.board, legal, times, reading, planes, globals_out)
    return (time.perf_counter() - begin) / times
