"""Speed of self-play with its own defaults, against onnxruntime alone."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ponnuki.engine.game import Game
from ponnuki.selfplay.crew import LocalCrew
from ponnuki.selfplay.settings import PlaySettings, StartSettings
from ponnuki.selfplay.worker import NetFile, SelfPlayWorker

from .raw import TURN_S, RawSpeed, efficiency

WARM_UP_S = 2.0
"""Games at all stages, and nothing left to compile."""
PLAY_S = 2.0
"""Seconds of one turn of self-play: a few hundred positions of a small board."""


def measure_selfplay(path: Path, games: Sequence[Game], workers: int, seconds: float) -> dict[str, Any]:
    """`selfplay_positions_per_hour` (positions to learn from) and `selfplay_evaluator_share`.

    The share is the `efficiency` of new evaluations.

    Args:
        games: mid-game positions for onnxruntime.
        workers: processes; onnxruntime has as many threads.
        seconds: for all turns of self-play together.
    """
    starts = StartSettings(sizes={games[0].size: 1.0})
    crew = LocalCrew(functools.partial(SelfPlayWorker, starts, PlaySettings()), workers, seed=1)
    try:
        _all(crew, "use", NetFile(path.stem, path.read_bytes()))
        _all(crew, "measure", WARM_UP_S)
        raw = RawSpeed(path, games)
        way = raw.best_way(workers)
        raw_rates, rates, positions = [raw.measure(way, TURN_S)], [], []
        for _ in range(max(2, round(seconds / PLAY_S))):
            turns = _all(crew, "measure", PLAY_S)
            rates.append(sum(evaluations / took for evaluations, _, took in turns))
            positions.append(sum(learnt / took for _, learnt, took in turns))
            raw_rates.append(raw.measure(way, TURN_S))
    finally:
        crew.close()
    return {
        "selfplay_positions_per_hour": 3600 * float(np.mean(positions)),
        "selfplay_evaluator_share": efficiency(rates, raw_rates),
    }


def _all(crew: LocalCrew, method: str, *arguments: Any) -> list[Any]:
    """Call a method of all workers; their values."""
    for worker in crew.idle:
        crew.call(worker, method, *arguments)
    values: list[Any] = []
    while len(values) < crew.workers:
        values += [reply.value for reply in crew.wait(60.0)]
    return values
