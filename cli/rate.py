"""`ponnuki rate`: ratings of a pool of engines, from games of everybody against everybody or of a gauntlet."""

import argparse
from pathlib import Path

from .match import add_result_options, check_report, printed_last, stop_on_sigterm, write_json
from .parsing import Parser, add_common_options, output_folder

EPILOG = """\
POOL.toml names the engines and what they play:

  size = 9
  games = 20                    # of each pairing
  openings = "balanced"         # random, balanced or a folder with SGF files
  schedule = "round-robin"      # or "gauntlet": engines with challenger = true against all others
  anchor = "gnugo-1"            # whose rating is given as anchor-elo (0)
  equal-cpu = 0.5               # CPU seconds a move for all whose playouts can be set, or an engine's name

  [[engine]]
  name = "net-100"
  weights = "net.onnx"          # relative to this file
  playouts = 100

  [[engine]]
  name = "gnugo-1"
  command = "gnugo --mode gtp --level 1 --chinese-rules --positional-superko"

docs/arena.md lists all keys.
"""


def add_parser(subparsers: "argparse._SubParsersAction[Parser]") -> Parser:
    """Declare the command and its options."""
    parser = subparsers.add_parser(
        "rate", help="rate a pool of engines by their games", epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        description="Play matches between all engines of a pool (or some against the others) and rate them together:\n"
                    "Bradley-Terry ratings in Elo with intervals, and a crosstable.")
    parser.add_argument("pool", type=Path, metavar="POOL.toml", help="the file that names the engines")
    parser.add_argument("--out", type=output_folder, metavar="DIR",
                        help="keep logs and SGF files here; a pool that was stopped goes on from them, and one that "
                             "has grown plays what is new")
    add_result_options(parser)
    add_common_options(parser)
    return parser


def run(args: argparse.Namespace) -> int:
    """Play the pool and print its report."""
    from ponnuki.arena.pool import play_pool
    from ponnuki.arena.pool_file import read_pool
    from ponnuki.arena.progress import PoolLines

    check_report(args.report)
    stop_on_sigterm()
    summary = play_pool(read_pool(args.pool), args.out, PoolLines())
    with printed_last(summary.report()):
        if args.json:
            write_json(args.json, summary.to_json())
        if args.report:
            from ponnuki.arena.report import write_pool_report

            write_pool_report(summary, args.report)
    return 0
