"""What a change to a net did: accuracy on held-back positions, bytes and speed, before and after.

Every tool that makes one ONNX file from another measures both and writes the outcome into the new file's metadata, as
one more entry of the JSON list `changes`:

    {"what": "quantize: …", "bytes": [before, after], "evaluations_per_s": {"19": [before, after]},
     "9x9 labelled": {"positions": 1024, "top1": [before, after], "value_mse": [before, after]}, …}
"""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx

from ponnuki.nets.accuracy import accuracy
from ponnuki.nets.files import read_metadata, with_metadata
from ponnuki.nets.ort import OnnxEvaluator
from ponnuki.records.batches import validation_batches
from ponnuki.records.replacing import replace_bytes
from ponnuki.records.sampling import Group

SPEED_ROWS = 8
SPEED_ROUNDS = 10
SPEED_SECONDS = 0.25

FIGURES = ("top1", "value_mse")
"""What is kept of `accuracy`."""

Pair = tuple[float, float]
"""Before and after."""


@dataclass(frozen=True)
class Comparison:
    """Two files, side by side."""

    what: str
    """What was done, in a line."""
    size_bytes: tuple[int, int]
    evaluations_per_s: dict[int, Pair]
    """By board size, one thread, batches of SPEED_ROWS; measured in turns, the best of each."""
    figures: dict[str, dict[str, Pair]]
    """By validation group and FIGURES."""
    positions: dict[str, int]
    """Of each group."""

    def to_json(self) -> dict[str, Any]:
        """The entry in the metadata (see the module)."""
        entry: dict[str, Any] = {
            "what": self.what,
            "bytes": list(self.size_bytes),
            "evaluations_per_s": {str(size): _rounded(pair, 1) for size, pair in self.evaluations_per_s.items()},
        }
        for group, figures in self.figures.items():
            rounded = {name: _rounded(pair, 5) for name, pair in figures.items()}
            entry[group] = {"positions": self.positions[group], **rounded}
        return entry


def _rounded(pair: Pair, digits: int) -> list[float]:
    return [round(value, digits) for value in pair]


def compare(before: Path, after: Path, what: str, groups: Sequence[Group], positions: int) -> Comparison:
    """Measure two files.

    Args:
        groups: validation positions; none to measure bytes and speed alone.
        positions: of each group.

    Raises:
        WeightsError: one of them cannot be run.
    """
    evaluators = OnnxEvaluator(before), OnnxEvaluator(after)
    figures: dict[str, dict[str, Pair]] = {}
    counts: dict[str, int] = {}
    for group in groups:
        first, second = (
            accuracy(evaluator.evaluate_arrays, validation_batches(group, 64, positions)) for evaluator in evaluators
        )
        figures[group.name] = {name: (first[name], second[name]) for name in FIGURES if name in first}
        counts[group.name] = int(first["positions"])
    speeds: dict[int, Pair] = {}
    for size in evaluators[0].outputs.sizes:
        speed_before, speed_after = speeds_in_turns(evaluators, size)
        speeds[size] = speed_before, speed_after
    return Comparison(what, (before.stat().st_size, after.stat().st_size), speeds, figures, counts)


def speeds_in_turns(evaluators: Sequence[OnnxEvaluator], size: int) -> list[float]:
    """Evaluations a second of each: the best of SPEED_ROUNDS, since other work on the machine only slows one down."""
    rounds = [[evaluations_per_s(evaluator, size) for evaluator in evaluators] for _ in range(SPEED_ROUNDS)]
    return [max(speeds) for speeds in zip(*rounds, strict=True)]


def evaluations_per_s(evaluator: OnnxEvaluator, size: int) -> float:
    """Evaluations a second of made-up positions, one thread, in batches of SPEED_ROWS, for SPEED_SECONDS."""
    inputs = evaluator.inputs
    planes = (np.random.default_rng(0).random((SPEED_ROWS, inputs.planes, size, size)) < 0.2).astype(np.float32)
    globals_ = np.zeros((SPEED_ROWS, inputs.globals), np.float32)
    began, rows = time.perf_counter(), 0
    while (elapsed := time.perf_counter() - began) < SPEED_SECONDS:
        evaluator.evaluate_arrays(planes, globals_)
        rows += SPEED_ROWS
    return rows / elapsed


def note_change(path: Path, comparison: Comparison) -> None:
    """Append a comparison to a file's metadata."""
    metadata = read_metadata(path)
    changes = [*json.loads(metadata.get("changes", "[]")), comparison.to_json()]
    model = with_metadata(onnx.load(path), metadata | {"changes": json.dumps(changes)})
    replace_bytes(path, model.SerializeToString())
