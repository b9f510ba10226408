"""`ponnuki selfplay`: games of a net against itself, as records."""

import argparse
import functools
import os

from .parsing import (
    INTERRUPTED,
    Parser,
    add_common_options,
    add_crew_options,
    board_size,
    named_settings,
    net_file,
    output_folder,
    show_warnings,
    whole_number,
)


def add_parser(subparsers: "argparse._SubParsersAction[Parser]") -> Parser:
    """Declare the command and its options."""
    from ponnuki.selfplay.settings import PlaySettings, StartSettings

    parser = subparsers.add_parser("selfplay", help="play games of a net against itself",
                                   description="Write records of a net's games against itself (docs/selfplay.md), to "
                                               "train on or to export as SGF with `ponnuki records export`. The same "
                                               "command goes on where it was stopped.")
    parser.add_argument("--weights", metavar="W",
                        help="an .onnx file or a shipped net's name (default: the shipped net)")
    parser.add_argument("--out", type=output_folder, required=True, metavar="DIR", help="folder for the records")
    parser.add_argument("--games", type=whole_number(1), required=True, metavar="G", help="games in all")
    parser.add_argument("--size", type=board_sizes, default={9: 1.0}, metavar="N,N",
                        help="board sizes, each as often as the others, or N=SHARE (default: 9)")
    parser.add_argument("--visits", type=whole_number(2), metavar="V",
                        help=f"visits of the searches that are recorded (default: {PlaySettings.visits})")
    parser.add_argument("--cheap-visits", type=whole_number(2), metavar="V",
                        help=f"visits of the others (default: {PlaySettings.cheap_visits})")
    parser.add_argument("--play", type=named_settings(PlaySettings), default={}, metavar="NAME=VALUE,…",
                        help="other settings of [play] in docs/selfplay.md")
    parser.add_argument("--start", type=named_settings(StartSettings), default={}, metavar="NAME=VALUE,…",
                        help="settings of [start] there: komi, handicaps, openings")
    add_crew_options(parser)
    add_common_options(parser)
    return parser


def board_sizes(text: str) -> dict[int, float]:
    """An option type: N,N or N=SHARE,N=SHARE."""
    found: dict[int, float] = {}
    for part in text.split(","):
        name, _, share = part.partition("=")
        try:
            found[board_size(name)] = float(share) if share else 1.0
        except ValueError:
            raise argparse.ArgumentTypeError(f"{part!r} is not accepted: expected N or N=SHARE") from None
    return found


def run(args: argparse.Namespace) -> int:
    """Play; exit code 130 if Ctrl-C ended it before all games were played."""
    from ponnuki.selfplay.generate import generate
    from ponnuki.selfplay.loop import make_crew
    from ponnuki.selfplay.report import LoopLog
    from ponnuki.selfplay.run_settings import CrewSettings
    from ponnuki.selfplay.settings import PlaySettings, StartSettings
    from ponnuki.selfplay.signals import stopped_by_signals
    from ponnuki.selfplay.worker import SelfPlayWorker

    show_warnings()
    net = net_file(args.weights)
    given = {"visits": args.visits, "cheap_visits": args.cheap_visits}
    play = PlaySettings(**args.play | {name: value for name, value in given.items() if value is not None})
    factory = functools.partial(SelfPlayWorker, StartSettings(sizes=args.size, **args.start), play)
    crew = make_crew(CrewSettings(args.workers or os.cpu_count() or 1, args.ray or "", seed=args.seed), factory)
    with LoopLog(args.out / "selfplay.log", args.out / "tensorboard") as log, stopped_by_signals() as stop:
        try:
            store = generate(crew, net, args.out, args.games, stop, log)
        finally:
            crew.close()
        log.say(f"{store.games()} games, {store.positions()} positions to learn from, in {args.out}")
        return INTERRUPTED if stop.is_set() and store.games() < args.games else 0
