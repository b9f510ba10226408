"""`ponnuki relabel`: what searches of a net say of recorded positions, as records."""

import argparse
import functools
import os
from pathlib import Path

from .parsing import (
    INTERRUPTED,
    Parser,
    add_common_options,
    add_crew_options,
    net_file,
    number,
    output_folder,
    show_warnings,
    whole_number,
)


def add_parser(subparsers: "argparse._SubParsersAction[Parser]") -> Parser:
    """Declare the command and its options."""
    parser = subparsers.add_parser("relabel", help="search recorded positions for better labels",
                                   description="Search a share of the positions of game records, the hard ones above "
                                               "all, and write records of the answers to train on (docs/training.md). "
                                               "The same command goes on where it was stopped.")
    parser.add_argument("sources", nargs="+", type=Path, metavar="FILE", help="records (.npz), or folders of them")
    parser.add_argument("--out", type=output_folder, required=True, metavar="DIR", help="folder for the new records")
    parser.add_argument("--weights", metavar="W",
                        help="an .onnx file or a shipped net's name (default: the shipped net)")
    parser.add_argument("--visits", type=whole_number(2), default=200, metavar="V",
                        help="visits of each search")
    parser.add_argument("--share", type=number(0, 1, above=True), default=0.25, metavar="S",
                        help="share of the positions that is searched")
    parser.add_argument("--hard-share", type=number(0, 1), default=0.5, metavar="S",
                        help="share of those that is drawn by how much their records surprise the net")
    parser.add_argument("--rules", default="", metavar="NAME",
                        help="rules to search under, and to record (default: the games' own)")
    add_crew_options(parser)
    add_common_options(parser)
    return parser


def run(args: argparse.Namespace) -> int:
    """Search; exit code 130 if Ctrl-C ended it before all was done."""
    from ponnuki.engine.errors import ConfigError
    from ponnuki.records.sampling import split_sources
    from ponnuki.selfplay.loop import make_crew
    from ponnuki.selfplay.relabel import Relabeller, RelabelSettings, relabel
    from ponnuki.selfplay.report import LoopLog
    from ponnuki.selfplay.run_settings import CrewSettings
    from ponnuki.selfplay.signals import stopped_by_signals
    from ponnuki.selfplay.worker import NetFile

    show_warnings()
    net = net_file(args.weights)
    settings = RelabelSettings(args.visits, args.share, args.hard_share, args.rules, args.seed)
    sources = [path for path in split_sources(args.sources)[0] if args.out.resolve() not in path.resolve().parents]
    if not sources:
        raise ConfigError(f"--out {args.out}: holds all records that are named; its labels are not searched again")
    searched_with = NetFile(net.stem, net.read_bytes())
    factory = functools.partial(Relabeller, searched_with, settings)
    crew = make_crew(CrewSettings(args.workers or os.cpu_count() or 1, args.ray or "", seed=args.seed), factory)
    with LoopLog(args.out / "relabel.log", args.out / "tensorboard") as log, stopped_by_signals() as stop:
        try:
            there, wanted = relabel(crew, searched_with, sources, args.out, settings, stop, log)
        finally:
            crew.close()
        log.say(f"{there} of {wanted} files in {args.out}")
        return INTERRUPTED if there < wanted else 0
