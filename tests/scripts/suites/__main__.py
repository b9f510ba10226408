"""Make built-in suites anew, or check that they come out as they are:

    python -m tests.scripts.suites POOL… [--count N] [--seed S] [--out DIR] [--workers W]

A pool is fights (which gives capture, life-and-death and seki), ko, endgame or ladder. Each takes some minutes of
processor time; what comes out depends on the seed alone.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from ponnuki.arena.referee import find_gnugo

from .ladders import find_ladders
from .make import POOLS, find_problems
from .write import write_ladders, write_suite

LADDER = "ladder"
SUITES = Path(__file__).resolve().parents[3] / "arena" / "suites"


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description="Make built-in problem suites.")
    parser.add_argument("pools", nargs="+", choices=(*POOLS, LADDER), metavar="POOL")
    parser.add_argument("--count", type=int, default=21, help="problems of each kind")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, default=SUITES, help="folder for the suites")
    parser.add_argument("--workers", type=int, default=2, help="processes at a time")
    options = parser.parse_args()
    gnugo = find_gnugo()
    for pool in options.pools:
        if pool != LADDER:
            found = find_problems(pool, options.count, options.seed, options.workers)
            for kind, problems in found.items():
                write_suite(options.out, kind, problems, f"{pool} --seed {options.seed}", gnugo)
        elif gnugo is None:
            parser.error("ladders need GNU Go")
        else:
            write_ladders(options.out, find_ladders(options.count, options.seed, gnugo), options.seed)


if __name__ == "__main__":
    main()
