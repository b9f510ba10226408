"""All measurements of `ponnuki bench`, part by part, as one object."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from ponnuki.engine.config import PlayerSettings
from ponnuki.engine.errors import ConfigError
from ponnuki.engine.game import Game
from ponnuki.nets.ort import OnnxEvaluator
from ponnuki.records.progress import with_progress

from .kernels import measure_kernels
from .latency import measure_latency
from .positions import mid_games
from .raw import measure_precisions
from .rollouts import measure_rollouts
from .search import measure_search
from .selfplay import measure_selfplay
from .sessions import measure_sessions
from .startup import measure_start_up

POSITIONS = 4
"""Mid-game positions that searches and kernels are measured on."""


@dataclass(frozen=True)
class BenchSettings:
    """What is measured."""

    weights: Path
    """The network's file."""
    size: int = 19
    """Board size N."""
    threads: int = 1
    """Threads of the evaluator."""
    seconds: float = 10.0
    """For the search and onnxruntime together; a fifth of it for rollouts, half of it for training, twice as much for
    self-play. The other parts take what they take."""
    parts: tuple[str, ...] = field(default_factory=lambda: tuple(PARTS))
    """Names out of `PARTS`."""

    def __post_init__(self) -> None:
        """Raises ConfigError for an unknown part."""
        for part in self.parts:
            if part not in PARTS:
                raise ConfigError(f"unknown part {part!r}: expected some of {', '.join(PARTS)}")


class Bench:
    """The measurements with what they share."""

    def __init__(self, settings: BenchSettings) -> None:
        """Load the network.

        Raises:
            WeightsError: the network cannot be loaded.
            ConfigError: it was not made for the board size.
        """
        self.settings = settings
        self.evaluator = OnnxEvaluator(settings.weights)
        if not self.evaluator.outputs.plays(settings.size):
            sizes = ", ".join(map(str, self.evaluator.outputs.sizes))
            raise ConfigError(f"--size {settings.size}: {settings.weights.name} was made for {sizes}")

    @cached_property
    def games(self) -> list[Game]:
        """Mid-game positions."""
        return mid_games(self.evaluator, self.settings.size, POSITIONS)

    def rollouts(self) -> dict[str, Any]:
        """Simulated games."""
        return measure_rollouts(self.settings.size, self.settings.seconds / 5)

    def kernels(self) -> dict[str, Any]:
        """The search's own work."""
        return measure_kernels(self.games, PlayerSettings(threads=self.settings.threads).leaves_at_once)

    def search(self) -> dict[str, Any]:
        """Playouts against onnxruntime alone."""
        settings = self.settings
        measured = measure_search(settings.weights, self.games, settings.threads, settings.seconds)
        return {**measured, **measure_precisions(settings.weights, self.games)}

    def start_up(self) -> dict[str, Any]:
        """New processes."""
        settings = self.settings
        return measure_start_up(settings.size, ["--weights", str(settings.weights), "--threads", str(settings.threads)])

    def latency(self) -> dict[str, Any]:
        """Analysis over GTP."""
        settings = self.settings
        return measure_latency(settings.size, ["--weights", str(settings.weights), "--threads", str(settings.threads)])

    def selfplay(self) -> dict[str, Any]:
        """Self-play in as many processes as there are threads."""
        return measure_selfplay(
            self.settings.weights, self.games, self.settings.threads, 2 * self.settings.seconds
        )

    def sessions(self) -> dict[str, Any]:
        """Other ways to set up onnxruntime's sessions."""
        settings = self.settings
        return measure_sessions(settings.weights, self.games, settings.threads, settings.seconds / 5)

    def training(self) -> dict[str, Any]:
        """Training steps; nothing where the extra `train` is not installed."""
        try:
            from .training import measure_training
        except ModuleNotFoundError:
            return {}
        return measure_training(self.settings.size, self.settings.seconds / 2)


PARTS: dict[str, Callable[[Bench], dict[str, Any]]] = {
    "rollouts": Bench.rollouts,
    "search": Bench.search,
    "kernels": Bench.kernels,
    "start-up": Bench.start_up,
    "latency": Bench.latency,
    "self-play": Bench.selfplay,
    "training": Bench.training,
    "sessions": Bench.sessions,
}


def run_bench(settings: BenchSettings) -> dict[str, Any]:
    """Measure, showing progress on stderr. The object has the keys of every part that was asked for.

    Raises:
        WeightsError, ConfigError: see `Bench`.
    """
    bench = Bench(settings)
    result: dict[str, Any] = {
        "size": settings.size,
        "threads": settings.threads,
        "weights": settings.weights.name,
        "precision": bench.evaluator.info.get("precision", "float32"),
    }
    for part in with_progress(settings.parts, "measuring"):
        result |= PARTS[part](bench)
    return result
