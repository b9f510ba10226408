"""`ponnuki match`: games between two GTP engines under a referee, with a score and its confidence interval."""

import argparse
import contextlib
import json
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from ponnuki.arena.timecontrol import FORMS
from ponnuki.engine.errors import ConfigError
from ponnuki.records.replacing import replace_bytes

from .parsing import (
    Parser,
    add_common_options,
    board_size,
    needs_extra,
    number,
    output_file,
    output_folder,
    warn,
    whole_number,
)

if TYPE_CHECKING:
    from ponnuki.arena.contestant import Contestant
    from ponnuki.arena.match import MatchSettings
    from ponnuki.arena.referee import Referee

REPORT_FORMS = (".html", ".png")
"""Endings of a report's name."""

EPILOG = """\
An engine is a GTP command line in quotes, or an .onnx file, which our engine then plays with; options of `ponnuki gtp`
may follow it:

  ponnuki match "NET.onnx --playouts 200" "gnugo --mode gtp --level 10" --size 9 --games 40 --time 1/move
"""


def add_parser(subparsers: "argparse._SubParsersAction[Parser]") -> Parser:
    """Declare the command and its options."""
    parser = subparsers.add_parser("match", help="play two engines against each other", epilog=EPILOG,
                                   description="Play a match between two GTP engines. Each opening is played twice "
                                               "with the colours swapped. (For more engines: ponnuki rate)")
    parser.add_argument("a", metavar="A", help="the first engine; the score is from its view")
    parser.add_argument("b", metavar="B", help="the second engine")
    _add_game_options(parser)
    _add_engine_options(parser)
    parser.add_argument("--sprt", nargs=2, type=float, metavar=("E0", "E1"),
                        help="stop as soon as it is clear whether A is E0 or E1 Elo stronger (pentanomial SPRT, "
                             "error rates of 5%%); --games is then the most that are played")
    parser.add_argument("--out", type=output_folder, metavar="DIR",
                        help="keep log and SGF files here; a match that was stopped goes on from them")
    add_result_options(parser)
    add_common_options(parser)
    return parser


def _add_game_options(parser: Parser) -> None:
    group = parser.add_argument_group("games")
    group.add_argument("--games", type=whole_number(2), default=20, metavar="G", help="an even number")
    group.add_argument("--size", type=board_size, default=9, metavar="N", help="board size")
    group.add_argument("--komi", type=number(-1000, 1000), default=7.5, metavar="K", help="White's komi")
    group.add_argument("--handicap", type=whole_number(0), default=0, metavar="H",
                       help="Black begins with so many stones on the star points; A has White in all games")
    group.add_argument("--white", choices=("A", "B"), default="",
                       help="who has White in all games (default: colours are swapped)")
    group.add_argument("--rules", default="area", metavar="NAME", help="rule set that the referee holds both to")
    group.add_argument("--openings", default="random", metavar="WHICH",
                       help="random, balanced (a built-in set for 9, 13 and 19), or a folder: the first moves of the "
                            "games in its SGF files")
    group.add_argument("--opening-moves", type=whole_number(0), metavar="M",
                       help="moves of an opening (default: what suits the board size)")
    group.add_argument("--move-limit", type=whole_number(1), metavar="M",
                       help="moves after which a game is counted as it stands (default: three a point)")
    group.add_argument("--concurrency", type=whole_number(1), default=1, metavar="C", help="games at a time")
    group.add_argument("--seed", type=whole_number(0), default=0, metavar="S", help="chooses the openings")
    group.add_argument("--settlers", default="gnugo,ponnuki", metavar="LIST",
                       help="who names the dead stones, of gnugo and ponnuki: the first that is installed decides, the "
                            "others check it; none: boards are scored as they stand")


def _add_engine_options(parser: Parser) -> None:
    group = parser.add_argument_group("engines")
    for side in ("a", "b"):
        group.add_argument(f"--name-{side}", metavar="NAME", help=f"what to call {side.upper()}")
    for option, who in (("--time", "both engines"), ("--time-a", "A alone"), ("--time-b", "B alone")):
        group.add_argument(option, metavar="T", help=f"clock of {who}: {FORMS}")
    group.add_argument("--equal-cpu", metavar="S",
                       help="nodes as time: measure both beforehand and set their playouts to S CPU seconds a move; "
                            "A or B instead of S: give the other one as much as that one uses")
    group.add_argument("--tolerance", type=number(0), default=0.5, metavar="S",
                       help="seconds by which a move may overrun its clock before the game is lost")
    group.add_argument("--hang", type=number(0, above=True), default=300.0, metavar="S",
                       help="seconds beyond its clock after which an engine that does not answer is killed")


def add_result_options(parser: Parser) -> None:
    """Where results go, besides stdout; the same for all commands that play games."""
    parser.add_argument("--json", type=output_file, metavar="FILE", help="write the result as one JSON object")
    parser.add_argument("--report", type=output_file, metavar="FILE",
                        help="write a report with pictures, .html or .png (needs the extra [plots])")


def run(args: argparse.Namespace) -> int:
    """Play the match and print its report."""
    from functools import partial

    from ponnuki.arena.match import play_match
    from ponnuki.arena.progress import display_for
    from ponnuki.arena.referee import parse_settlers, referee_of

    check_report(args.report)
    referee = partial(referee_of, parse_settlers(args.settlers))
    settings = _settings(args)
    a, b = _contestants(args, settings, referee)
    stop_on_sigterm()
    summary = play_match(a, b, settings, args.out, display_for(), referee)
    with printed_last(summary.report()):
        if args.json:
            write_json(args.json, summary.to_json())
        if args.report:
            from ponnuki.arena.report import write_match_report

            write_match_report(summary, args.report)
    return 0


def stop_on_sigterm() -> None:
    """From now on SIGTERM stops as Ctrl-C does, so that no engine is left behind. For the main thread."""

    def interrupt(number: int, frame: object) -> None:
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, interrupt)


@contextlib.contextmanager
def printed_last(report: str) -> Iterator[None]:
    """Print a report when its files have been written, or could not be: whoever reads it may have gone away."""
    try:
        yield
    finally:
        print(report)


def _settings(args: argparse.Namespace) -> "MatchSettings":
    from ponnuki.arena.contestant import Patience
    from ponnuki.arena.match import MatchSettings
    from ponnuki.arena.sprt import Sprt

    return MatchSettings(
        games=args.games, size=args.size, komi=args.komi, rules=args.rules, seed=args.seed,
        handicap=args.handicap, white=args.white,
        opening_source=args.openings, opening_moves=args.opening_moves, move_limit=args.move_limit,
        concurrency=args.concurrency, sprt=Sprt(*args.sprt) if args.sprt else None,
        patience=Patience(hang_s=args.hang, tolerance_s=args.tolerance),
    )


def _contestants(args: argparse.Namespace, settings: "MatchSettings",
                 referee: "Callable[[], Referee]") -> tuple["Contestant", "Contestant"]:
    """Both sides, with playouts for equal CPU time where that is asked for."""
    from ponnuki.arena.contestant import Contestant
    from ponnuki.arena.equal_cpu import Board, account, equalise, parse_target
    from ponnuki.arena.match import check_folder
    from ponnuki.arena.timecontrol import TimeControl

    sides = {
        side: Contestant.parse(text, TimeControl.parse(own or args.time or "none"), name)
        for side, text, own, name in (("A", args.a, args.time_a, args.name_a), ("B", args.b, args.time_b, args.name_b))
    }
    if args.equal_cpu:
        target = parse_target(args.equal_cpu, list(sides))
        if args.out:
            check_folder(sides["A"], sides["B"], settings, args.out, referee)
        warn("measuring CPU time a move")
        sides = equalise(sides, target, Board.of(settings), args.out)
        for line in account(sides):
            warn(line)
    return sides["A"], sides["B"]


def check_report(path: Path | None) -> None:
    """See that a report can be written, before hours of games are played for it.

    Raises:
        ConfigError: the file's name says neither .html nor .png.
        PonnukiError: matplotlib is missing.
    """
    if path is None:
        return
    if path.suffix.lower() not in REPORT_FORMS:
        raise ConfigError(f"report {str(path)!r}: expected a name that ends in {' or '.join(REPORT_FORMS)}")
    with needs_extra("plots"):
        import ponnuki.arena.report  # noqa: F401


def write_json(path: Path, value: object) -> None:
    """Write a result for --json."""
    try:
        replace_bytes(path, (json.dumps(value, indent=1) + "\n").encode())
    except OSError as error:
        raise ConfigError(f"--json {path}: {error.strerror or error}") from error
