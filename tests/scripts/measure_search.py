"""Decide a setting of the search, or between two nets: pairs of games against itself, until an SPRT has seen enough.

    python tests/scripts/measure_search.py NET.onnx --a c_puct_stdev=0.85 --visits 64 --size 9 --out FILE

A process plays many pairs at once, as the loop's gate does, and so several times as many as `ponnuki match`. FILE
keeps the pairs; the same command goes on where it was stopped. One line goes to standard output, as Markdown.
"""

import argparse
import dataclasses
import functools
import math
import signal
import statistics
import sys
import threading
from pathlib import Path

from ponnuki.arena.score import elo_from_score
from ponnuki.arena.summary import elo_text
from ponnuki.engine.config import SearchSettings, settings_of
from ponnuki.selfplay.crew import LocalCrew
from ponnuki.selfplay.duel import DuelSettings
from ponnuki.selfplay.gate import GateResult, play_gate, read_pairs
from ponnuki.selfplay.run_settings import GateSettings
from ponnuki.selfplay.settings import SELF_PLAY_SEARCH, PlaySettings, StartSettings
from ponnuki.selfplay.worker import NetFile, SelfPlayWorker


def main() -> None:
    """Parse the command line, play, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("net", type=Path, metavar="NET.onnx")
    parser.add_argument("--against", type=Path, metavar="NET.onnx", help="B's net, where it is another one")
    parser.add_argument("--a", default="", metavar="NAME=VALUE,…", help="A's settings")
    parser.add_argument("--b", default="", metavar="NAME=VALUE,…", help="B's settings")
    parser.add_argument("--visits", type=int, default=64)
    parser.add_argument("--size", type=int, default=9)
    parser.add_argument("--pairs", type=int, default=500, help="most")
    parser.add_argument("--sprt", type=float, nargs=2, default=(0.0, 15.0), metavar=("ELO0", "ELO1"))
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--at-once", type=int, default=16, help="pairs that a process plays")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, required=True, metavar="FILE")
    args = parser.parse_args()

    starts = StartSettings(sizes={args.size: 1}, handicap_share=0)
    duel = DuelSettings(starts, args.visits, searches=(settings(args.a), settings(args.b)), seed=args.seed)
    gate = GateSettings(elo0=args.sprt[0], elo1=args.sprt[1], pairs=args.pairs, pairs_at_once=args.at_once)
    nets = net_file(args.net, "a"), net_file(args.against or args.net, "b")
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    crew = LocalCrew(functools.partial(SelfPlayWorker, starts, PlaySettings()), args.workers, args.seed)
    try:
        result = play_gate(crew, args.out, nets, duel, gate, stop, say, show)
    finally:
        crew.close()
    points = list(read_pairs(args.out).values())
    print(row(args, points, result, gate))


def settings(text: str) -> SearchSettings:
    """Self-play's settings of the search with some changed."""
    return dataclasses.replace(SELF_PLAY_SEARCH, **settings_of(text))


def net_file(path: Path, side: str) -> NetFile:
    """A net, named by its side, since both may be one file."""
    return NetFile(f"{path.stem}-{side}", path.read_bytes())


def say(text: str) -> None:
    """Something that happened."""
    print(text, file=sys.stderr)


def show(result: GateResult) -> None:
    """Where the match stands."""
    share = f"{result.points / (2 * result.pairs):.1%}" if result.pairs else "–"
    print(f"{result.pairs} pairs, {share}, LLR {result.llr:+.2f}", end="\r", file=sys.stderr, flush=True)


def row(args: argparse.Namespace, points: list[float], result: GateResult, gate: GateSettings) -> str:
    """A line of the table: sides, games, points, Elo with the interval over pairs, the test."""
    games = 2 * len(points)
    mean = sum(points) / games
    half = 1.96 * statistics.stdev(points) / 2 / math.sqrt(len(points))
    low, high = (elo_text(elo_from_score(score)) for score in (mean - half, mean + half))
    bounds = gate.test.bounds
    verdict = "accepted" if result.llr >= bounds[1] else "rejected" if result.llr <= bounds[0] else "undecided"
    sides = f"{args.net.stem} {args.a}", f"{args.against.stem if args.against else ''} {args.b}".strip() or "defaults"
    return (
        f"| {' | '.join(sides)} | {args.size}×{args.size} | {args.visits} | {games} | {sum(points):g} ({mean:.1%}) "
        f"| {elo_text(elo_from_score(mean))} ({low} to {high}) | {verdict} ({result.llr:+.2f}) |"
    )


if __name__ == "__main__":
    main()
