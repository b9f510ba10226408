"""`ponnuki suite`: problem suites put to one engine, or to two that are compared."""

import argparse
import json
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from ponnuki.engine.errors import ConfigError

from .match import stop_on_sigterm
from .parsing import Parser, add_common_options, number, whole_number

if TYPE_CHECKING:
    from ponnuki.arena.contestant import Contestant
    from ponnuki.arena.suite_problem import Outcome

EPILOG = """\
A suite is a .tst file in the form of GNU Go's regression tests, an SGF file whose right branches are marked, a folder
of such SGF files, `builtin` (all that come with ponnuki) or one of them, such as `builtin:ladder`. An engine is a GTP
command line in quotes, or an .onnx file, which our engine then plays with:

  ponnuki suite builtin --engine "NET.onnx" --against "gnugo --mode gtp --level 10" --playouts 100
"""

OURS = ("playouts", "visits", "move_time")
"""Limits that are handed to our own engine as options."""


def add_parser(subparsers: "argparse._SubParsersAction[Parser]") -> Parser:
    """Declare the command and its options."""
    parser = subparsers.add_parser("suite", help="put problem suites to an engine", epilog=EPILOG,
                                   description="Put problems with known answers to a GTP engine, and count by file "
                                               "what it solves.")
    parser.add_argument("suites", nargs="+", metavar="FILE", help="problem suites")
    parser.add_argument("--engine", metavar="A", help="who is asked (default: our engine with the shipped net)")
    parser.add_argument("--against", metavar="B", help="a second engine for the same problems, to compare with")
    limits = parser.add_argument_group("our own engine")
    limits.add_argument("--playouts", type=whole_number(1), metavar="P", help="limit: playouts for a move")
    limits.add_argument("--visits", type=whole_number(1), metavar="V", help="limit: visits of the position")
    limits.add_argument("--move-time", type=number(0.001), metavar="S", help="limit: seconds for a move")
    limits.add_argument("--seed", type=whole_number(0), default=0, metavar="S",
                        help="seed of our engine, and of the answers of SGF problems")
    how = parser.add_argument_group("how")
    how.add_argument("--processes", type=whole_number(1), default=1, metavar="N", help="engine processes at a time")
    how.add_argument("--timeout", type=number(0, above=True), default=120.0, metavar="S",
                     help="seconds for an answer, after which the engine is killed and the problem failed")
    how.add_argument("--start-timeout", type=number(0, above=True), default=300.0, metavar="S",
                     help="the same up to the first answer of a new process")
    how.add_argument("--failed", action="store_true", help="list the problems that were not solved, too")
    how.add_argument("--json", action="store_true", help="print one JSON object")
    add_common_options(parser)
    return parser


def run(args: argparse.Namespace) -> int:
    """Put the problems and print the report."""
    from ponnuki.arena.suite import SuiteSettings, read_suites, run_suite, try_engine
    from ponnuki.arena.suite_engine import SuitePatience
    from ponnuki.arena.suite_report import SuiteReport, require_scipy

    stop_on_sigterm()
    contestants = _contestants(args)
    if len(contestants) > 1:
        require_scipy()
    tasks = read_suites(args.suites, args.seed)
    settings = SuiteSettings(args.processes, SuitePatience(args.timeout, args.start_timeout))
    for contestant in list(contestants.values())[1:]:  # before the first one's hours of work
        try_engine(contestant, settings)
    outcomes = {}
    try:
        for side, contestant in contestants.items():
            with _Progress(side, sum(len(task.problems) for task in tasks)) as progress:
                outcomes[side] = run_suite(contestant, tasks, settings, progress.told)
    finally:  # Ctrl-C during the second engine's problems does not lose what the first one did
        if outcomes:
            report = SuiteReport.of({side: contestants[side] for side in outcomes}, outcomes)
            print(json.dumps(report.to_json(), indent=1) if args.json else report.text(args.failed))
    return 0


def _contestants(args: argparse.Namespace) -> "dict[str, Contestant]":
    """The engines by side, our own with its limits.

    Raises:
        ConfigError: an engine is not accepted, or limits are given and none of the engines is ours.
    """
    texts = [args.engine] + ([args.against] if args.against is not None else [])
    given = [f"--{name.replace('_', '-')}" for name in OURS if getattr(args, name) is not None]
    if given and not any(map(_is_ours, texts)):
        raise ConfigError(f"{given[0]} is for our own engine (a weights file); write another engine's settings inside "
                          "its quotes")
    return dict(zip("AB", (_contestant(text, args) for text in texts), strict=False))


def _is_ours(text: str | None) -> bool:
    """Whether our engine is meant: nothing, or a command line that begins with a net."""
    from ponnuki.arena.contestant import split_words

    return text is None or (split_words(text) or [""])[0].lower().endswith(".onnx")


def _contestant(text: str | None, args: argparse.Namespace) -> "Contestant":
    from ponnuki.arena.contestant import Contestant, split_words

    if not _is_ours(text):
        return Contestant.parse(str(text))
    options = ["--seed", str(args.seed), "--resign-threshold", "0"]
    for name in OURS:
        if getattr(args, name) is not None:
            options += [f"--{name.replace('_', '-')}", str(getattr(args, name))]
    if text is not None:
        net, *own = split_words(text)
        return Contestant.of_weights(Path(net), [*options, *own])  # what stands inside the quotes comes last and wins
    command = (sys.executable, "-m", "ponnuki.cli.main", "gtp", *options)
    return Contestant(f"ponnuki {shlex.join(options)}", command)


class _Progress:
    """A bar on a terminal, a line for each problem elsewhere; on stderr."""

    def __init__(self, side: str, problems: int) -> None:
        from rich.console import Console
        from rich.progress import Progress

        self._side, self._solved, self._done, self._problems = side, 0, 0, problems
        self._bar = Progress(console=Console(stderr=True)) if sys.stderr.isatty() else None
        self._task = self._bar.add_task(f"{side}: solved 0", total=problems) if self._bar else None

    def __enter__(self) -> "_Progress":
        if self._bar:
            self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar:
            self._bar.stop()

    def told(self, outcome: "Outcome") -> None:
        """Show one more outcome."""
        self._done += 1
        self._solved += outcome.passed
        if self._bar and self._task is not None:
            self._bar.update(self._task, completed=self._done, description=f"{self._side}: solved {self._solved}")
        else:
            said = outcome.failure or outcome.answer
            print(f"{self._side} {self._done}/{self._problems} {outcome.problem}: {outcome.verdict} ({said})",
                  file=sys.stderr, flush=True)
