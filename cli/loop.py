"""`ponnuki loop`: self-play, training and gate, for ever."""

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING

from .parsing import (
    INTERRUPTED,
    Parser,
    add_common_options,
    needs_extra,
    number,
    output_file,
    output_folder,
    show_warnings,
    whole_number,
)

if TYPE_CHECKING:
    from ponnuki.selfplay.run_folder import RunFolder
    from ponnuki.selfplay.run_settings import RunSettings

EPILOG = """A run that was stopped, by Ctrl-C, a kill or a power cut, goes on when the same command is given again.
RUN/run.toml holds its settings, all of them; docs/selfplay.md explains each."""


def add_parser(subparsers: "argparse._SubParsersAction[Parser]") -> Parser:
    """Declare the command and its options."""
    parser = subparsers.add_parser("loop", help="self-play, training and gate, for ever", epilog=EPILOG,
                                   description="Make a net stronger in a folder: games of self-play, a new net trained "
                                               "on them, a match that it has to win, and again.")
    parser.add_argument("run", type=output_folder, metavar="RUN", help="the run's folder; made where it is not there")
    begin = parser.add_argument_group("to begin a run")
    begin.add_argument("--settings", type=Path, metavar="FILE.toml", help="settings, copied to RUN/run.toml")
    begin.add_argument("--init", metavar="NAME", help="zero, a shipped net's name, or NAME.safetensors with NAME.toml")
    begin.add_argument("--size", metavar="N,N", type=sizes, help="board sizes, each as often as the others")
    begin.add_argument("--net", metavar="NAME", help="preset or TOML file of the architecture")
    begin.add_argument("--seed", type=whole_number(0), metavar="S", help="of all chance")
    go = parser.add_argument_group("each time")
    go.add_argument("--generations", type=whole_number(1), metavar="G", help="stop after so many more nets")
    go.add_argument("--hours", type=number(0, above=True), metavar="H", help="stop after so many more hours")
    go.add_argument("--workers", type=whole_number(1), metavar="W", help="processes or actors that play")
    go.add_argument("--ray", metavar="ADDRESS", help="workers of a Ray cluster: auto, or its address")
    see = parser.add_argument_group("seeing it")
    see.add_argument("--status", action="store_true", help="say where the run stands, and end")
    see.add_argument("--json", action="store_true", help="with --status: as JSON")
    see.add_argument("--plot", type=output_file, metavar="FILE.png", help="draw Elo over games and hours, and end")
    add_common_options(parser)
    return parser


def sizes(text: str) -> dict[int, float]:
    """An option type: board sizes with commas between them."""
    from .parsing import board_size

    return {board_size(part): 1.0 for part in text.split(",")}


def run(args: argparse.Namespace) -> int:
    """Run the loop, or show a run."""
    from ponnuki.selfplay.run_folder import RunFolder

    show_warnings()
    folder = RunFolder(args.run)
    if args.status or args.plot:
        return _show(args, folder)
    with needs_extra("train"):
        import ponnuki.selfplay.candidate  # noqa: F401 - here, so that a missing extra is said before anything begins
    from ponnuki.selfplay.loop import Loop, open_run
    from ponnuki.selfplay.report import LoopLog
    from ponnuki.selfplay.signals import stopped_by_signals

    with folder.locked(), LoopLog(folder.log, folder.tensorboard) as log, stopped_by_signals() as stop:
        settings = _for_this_time(open_run(folder, _given(args)), args)
        Loop(folder, settings, log, stop).run(args.generations, args.hours)
        if stop.is_set():
            log.say("stopped; the same command goes on")
            return INTERRUPTED
    return 0


def _given(args: argparse.Namespace) -> "RunSettings | None":
    """Settings for a new run, None where nothing is said of them."""
    import dataclasses

    from ponnuki.selfplay.run_settings import RunSettings

    if not any((args.settings, args.init, args.size, args.net, args.seed is not None)):
        return None
    settings = RunSettings.read(args.settings) if args.settings else RunSettings()
    if args.init or args.net:
        net = {name: value for name, value in (("init", args.init), ("net", args.net)) if value}
        settings = dataclasses.replace(settings, net=dataclasses.replace(settings.net, **net))
    if args.size:
        settings = dataclasses.replace(settings, start=dataclasses.replace(settings.start, sizes=args.size))
    if args.seed is not None:
        settings = dataclasses.replace(settings, crew=dataclasses.replace(settings.crew, seed=args.seed))
    return settings


def _for_this_time(settings: "RunSettings", args: argparse.Namespace) -> "RunSettings":
    """The run's settings with what is said about this time's workers."""
    import dataclasses

    crew = {name: value for name, value in (("workers", args.workers), ("ray", args.ray)) if value}
    return dataclasses.replace(settings, crew=dataclasses.replace(settings.crew, **crew))


def _show(args: argparse.Namespace, folder: "RunFolder") -> int:
    from ponnuki.selfplay.status import print_status, status_of

    status = status_of(folder)
    if args.plot:
        with needs_extra("plots"):
            from ponnuki.selfplay.plot import draw_run
        draw_run(status, args.plot)
        print(f"written to {args.plot}")
    elif args.json:
        print(json.dumps(status, indent=1))
    else:
        print_status(status)
    return 0
