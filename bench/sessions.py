"""How onnxruntime's sessions are set up: each choice of `nets.ort.session_options` against others, in turns."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime

from ponnuki.engine.game import Game
from ponnuki.nets.ort import OUTPUTS, OnnxEvaluator, session_options

from .raw import TURN_S, real_inputs
from .timing import rate

ROWS = 8
"""Positions of a batch, as in the search."""
OPENINGS = 5
"""Times that a session is opened; the median counts."""

Change = Callable[[onnxruntime.SessionOptions], None]
_LEVEL = onnxruntime.GraphOptimizationLevel


def _no_arena(options: onnxruntime.SessionOptions) -> None:
    options.enable_cpu_mem_arena = False


def _no_pattern(options: onnxruntime.SessionOptions) -> None:
    options.enable_mem_pattern = False


def _denormals(options: onnxruntime.SessionOptions) -> None:
    options.add_session_config_entry("session.set_denormal_as_zero", "0")


def _spinning(options: onnxruntime.SessionOptions) -> None:
    options.add_session_config_entry("session.intra_op.allow_spinning", "1")


def _basic(options: onnxruntime.SessionOptions) -> None:
    options.graph_optimization_level = _LEVEL.ORT_ENABLE_BASIC


def _as_it_is(options: onnxruntime.SessionOptions) -> None:
    """Nothing is changed."""


CHANGES: dict[str, Change] = {
    "as it is": _as_it_is,
    "no memory arena": _no_arena,
    "no memory pattern": _no_pattern,
    "denormal numbers kept": _denormals,
    "idle threads spin": _spinning,
    "basic graph optimisation": _basic,
}
"""What is tried, by the words of the report."""

BEFOREHAND = "graph optimised beforehand"


def measure_sessions(path: Path, games: Sequence[Game], threads: int, seconds: float) -> dict[str, Any]:
    """`sessions`: for each way of setting them up, evaluations a second and the milliseconds that opening takes.

    Args:
        threads: of one session.
        seconds: for all turns of each way together.
    """
    inputs = OnnxEvaluator(path).inputs
    planes, globals_ = (np.ascontiguousarray(array[:ROWS]) for array in real_inputs(games, inputs))
    network = path.read_bytes()
    with tempfile.TemporaryDirectory() as folder:
        optimised = Path(folder) / "optimised.onnx"
        writing = session_options(threads)
        writing.optimized_model_filepath = str(optimised)
        onnxruntime.InferenceSession(network, writing, providers=["CPUExecutionProvider"])
        ways = {name: (network, _changed(change, threads)) for name, change in CHANGES.items()}
        ready = session_options(threads)
        ready.graph_optimization_level = _LEVEL.ORT_DISABLE_ALL
        ways[BEFOREHAND] = (optimised.read_bytes(), ready)
        opened = {name: _opened(*way) for name, way in ways.items()}
    speeds: dict[str, list[float]] = {name: [] for name in opened}
    for _ in range(max(1, round(seconds / TURN_S))):
        for name, (session, _) in opened.items():

            def evaluate(session: onnxruntime.InferenceSession = session) -> int:
                session.run(OUTPUTS, {"planes": planes, "globals": globals_})
                return ROWS

            evaluate()
            speeds[name].append(rate(evaluate, TURN_S))
    return {
        "sessions": {
            name: {"evals_per_s": float(np.median(speeds[name])), "open_ms": opened[name][1]} for name in opened
        }
    }


def _changed(change: Change, threads: int) -> onnxruntime.SessionOptions:
    options = session_options(threads)
    change(options)
    return options


def _opened(network: bytes, options: onnxruntime.SessionOptions) -> tuple[onnxruntime.InferenceSession, float]:
    """A session, and the milliseconds that opening one takes."""
    took = []
    for _ in range(OPENINGS):
        begin = time.perf_counter()
        session = onnxruntime.InferenceSession(network, options, providers=["CPUExecutionProvider"])
        took.append(1000 * (time.perf_counter() - begin))
    return session, float(np.median(took))
