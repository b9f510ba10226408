"""The gate: a match between the new net and the one that plays, ended as soon as it has shown enough."""

from __future__ import annotations

import itertools
import json
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ponnuki.arena.sprt import Sprt
from ponnuki.selfplay.crew import Crew
from ponnuki.selfplay.duel import DuelSettings, PairResult
from ponnuki.selfplay.run_settings import GateSettings
from ponnuki.selfplay.stream import DuelStream
from ponnuki.selfplay.worker import NetFile


@dataclass(frozen=True)
class GateResult:
    """Where a gate's match stands."""

    pairs: int
    points: float
    """Of the new net."""
    llr: float
    accepted: bool | None
    """None: not yet decided."""


def judged(results: dict[int, float], settings: GateSettings) -> GateResult:
    """What the pairs say so far, in the order of their numbers.

    A pair counts once all before it have ended: short games would otherwise be heard first.
    """
    test: Sprt = settings.test
    counted = list(itertools.takewhile(lambda number: number in results, range(settings.pairs)))
    points = [results[number] for number in counted]
    verdict = test.verdict(points)
    used = points[: verdict.pairs]
    accepted: bool | None = None
    if verdict.accepted is not None:
        accepted = verdict.accepted == 1
    elif len(points) == settings.pairs:
        accepted = sum(points) > settings.pairs
    return GateResult(len(used), sum(used), verdict.llr, accepted)


def read_pairs(path: Path) -> dict[int, float]:
    """Points by pair, from a file of lines; a last line that was cut short is dropped."""
    results: dict[int, float] = {}
    if path.exists():
        for line in path.read_text("utf-8").splitlines():
            try:
                entry = json.loads(line)
                results[int(entry["pair"])] = float(entry["points"])
            except (ValueError, KeyError, TypeError):
                continue
    return results


def write_pair(path: Path, result: PairResult) -> None:
    """Add a line.

    Raises:
        OSError: it cannot be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    entry = {"pair": result.number, "points": result.points, "size": result.size, "moves": result.moves}
    with path.open("a+b") as file:
        if file.tell():
            file.seek(-1, 2)
            if file.read(1) != b"\n":  # a kill cut the last line short
                file.write(b"\n")
        file.write(json.dumps(entry).encode() + b"\n")


def play_gate(
    crew: Crew, path: Path, nets: tuple[NetFile, NetFile], duel: DuelSettings, settings: GateSettings,
    stop: threading.Event, say: Callable[[str], None], show: Callable[[GateResult], None],
) -> GateResult:  # fmt: skip
    """Play, or go on with, the match of `nets[0]`, the new one, against `nets[1]`; every pair is kept in a file.

    Returns:
        the decision, or where the match stands if `stop` was set before.
    """
    results = read_pairs(path)
    stands = judged(results, settings)
    if stands.accepted is not None:
        return stands
    numbers = (number for number in range(settings.pairs) if number not in results)
    stream = DuelStream(crew, duel, nets, numbers, settings.pairs_at_once, say)
    while stands.accepted is None and not stop.is_set():
        for result in stream.poll():
            write_pair(path, result)
            results[result.number] = result.points
        stands = judged(results, settings)
        show(stands)
    stream.drain()
    return stands
