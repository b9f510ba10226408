"""Measure a net for docs/strength.md: the ladder against GNU Go, and what playouts, time and threads are worth.

    python tests/scripts/measure_net.py weights/NAME-int8.onnx --out DIR
    python tests/scripts/measure_net.py weights/NAME-int8.onnx --out DIR --only policy handicap --size 9 13 --scale 0.5

A match that has been played is kept in DIR and not played again, one that was stopped goes on, and so does one that is
asked for more games (`--scale`). The table goes to
standard output, as Markdown. Matches by the clock want a quiet machine, with a core for each game at a time.
"""

import argparse
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from matches import GNUGO, played, score_of

from ponnuki.arena.summary import elo_text

SIZES = (9, 13, 19)
SECOND = "1/move"


@dataclass(frozen=True)
class Row:
    """A match that the net plays."""

    group: str
    size: int
    games: int
    ours: str
    """Options of our engine."""
    theirs: str
    """A command line, or options of the same net after a `NET`."""
    options: tuple[object, ...] = ()
    """Of `ponnuki match`."""
    threads: int = 1
    """Cores that a game needs."""

    @property
    def name(self) -> str:
        """Of the match's folder."""
        opponent = self.theirs.split(" --chinese")[0]
        words = " ".join(map(str, [self.group, self.size, self.ours, "against", opponent, *self.options]))
        return "".join(letter if letter.isalnum() else "-" for letter in words)


def rows() -> Iterator[Row]:
    """All matches."""
    opponent = GNUGO.format(10)
    for size in SIZES:
        yield Row("policy", size, 100, "--visits 1", opponent)
    for size in SIZES:
        yield Row("second", size, 100, "", opponent, ("--time-a", SECOND))
    starts = ("--white", "A", "--komi", -10), ("--handicap", 2, "--komi", 0), ("--handicap", 4, "--komi", 0)
    for size, start in zip(SIZES, starts, strict=True):
        yield Row("handicap", size, 100, "", opponent, (*start, "--time-a", SECOND))
    for playouts in (4, 16, 64, 256, 1024):
        yield Row("playouts", 9, 100, f"--playouts {playouts}", f"NET --playouts {playouts // 4}")
    for playouts in (4, 16, 64, 256):
        yield Row("playouts", 13, 60, f"--playouts {playouts}", f"NET --playouts {playouts // 4}")
    for more, less in ((0.2, 0.1), (0.4, 0.2), (0.8, 0.4), (1.6, 0.8)):
        yield Row("time", 9, 100, "", "NET", ("--time-a", f"{more}/move", "--time-b", f"{less}/move"))
    for size, games in zip(SIZES, (60, 40, 20), strict=True):
        yield Row("threads", size, games, "--threads 2", "NET --threads 1", ("--time", "0.3/move"), threads=2)


def main() -> None:
    """Parse the command line, play, print."""
    groups = list(dict.fromkeys(row.group for row in rows()))
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("net", type=Path, metavar="NET.onnx")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR")
    parser.add_argument("--only", nargs="+", default=groups, choices=groups, metavar="GROUP", help=", ".join(groups))
    parser.add_argument("--size", nargs="+", type=int, default=SIZES, choices=SIZES)
    parser.add_argument("--scale", type=float, default=1.0, help="of the numbers of games")
    parser.add_argument("--concurrency", type=int, default=2, help="cores that games may take")
    args = parser.parse_args()
    print("| match | board | won | interval | Elo | playouts a move | CPU seconds a move | failures |")
    print("|---" * 8 + "|")
    for row in rows():
        if row.group in args.only and row.size in args.size:
            print(table_row(row, args), flush=True)


def table_row(row: Row, args: argparse.Namespace) -> str:
    """A match's line of the table; it is played if it has not been."""
    games = max(2, 2 * round(row.games * args.scale / 2))
    concurrency = max(1, args.concurrency // row.threads)
    ours = f"{args.net} {row.ours}".strip()
    theirs = row.theirs.replace("NET", str(args.net))
    fixed = "--games", games, "--size", row.size, "--concurrency", concurrency
    summary = played(args.out / args.net.stem / row.name, ours, theirs, *fixed, *row.options)
    score = score_of(summary)
    low, high = score.interval()
    sides = [summary["sides"][side] for side in "AB"]
    playouts = ", ".join(f"{side['playouts_per_move']:,.0f}" for side in sides if side["playouts_per_move"])
    cpu = ", ".join(f"{side['cpu_per_move_s']:.2f}" for side in sides if side["cpu_per_move_s"] is not None)
    failures = sum(len(side["failures"]) for side in sides)
    what = " ".join(map(str, [row.group, row.ours, *row.options]))
    return (
        f"| {what} | {row.size}×{row.size} | {score.wins} of {score.games} | {low:.0%} to {high:.0%} "
        f"| {elo_text(score.elo)} | {playouts} | {cpu} | {failures} |"
    )


if __name__ == "__main__":
    main()
