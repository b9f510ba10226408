"""The `ponnuki` command: finds the subcommand, parses its arguments, runs it and turns errors into one line.

Each subcommand is a module of this package with `add_parser(subparsers) -> Parser` and `run(args) -> int`. Only the
module of the command that was asked for is imported, and it imports what it needs when it runs, so that `ponnuki gtp`
answers its first command at once.
"""

import argparse
import importlib
import io
import os
import sys
from collections.abc import Sequence
from types import ModuleType

from ponnuki.engine.errors import ConfigError, PonnukiError
from ponnuki.engine.version import VERSION

from .parsing import FAILED, INTERRUPTED, WRONG_USE, Parser, use_settings_file

COMMANDS = (
    "gtp", "analysis", "review", "match", "suite", "rate",
    "selfplay", "loop", "relabel", "train", "export", "quantize", "prune", "cluster", "inspect", "records", "bench",
)  # fmt: skip
"""The subcommands, in the order of the help."""


def command_module(name: str) -> ModuleType:
    """The module of the subcommand `name`."""
    return importlib.import_module(f"ponnuki.cli.{name}")


def build_parser(names: Sequence[str]) -> Parser:
    """The parser of the whole command with the subcommands `names`."""
    parser = Parser(prog="ponnuki", description="A Go player for small CPUs.")
    parser.add_argument("--version", action="version", version=f"ponnuki {VERSION}")
    subparsers = parser.add_subparsers(dest="command", metavar="COMMAND", required=True, parser_class=Parser)
    for name in names:
        command_module(name).add_parser(subparsers)
    return parser


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """Parse the command line; exits with code 2 on wrong use.

    Raises:
        ConfigError: the settings file is not accepted.
    """
    named = [word for word in arguments[:1] if word in COMMANDS]
    parser = build_parser(named or COMMANDS)
    innermost = parser.leaf(arguments)
    if path := _settings_path(arguments):
        use_settings_file(innermost, path)
    namespace, unknown = parser.parse_known_args(arguments)
    if unknown:
        innermost.refuse_unknown(unknown)
    return namespace


def _settings_path(arguments: Sequence[str]) -> str | None:
    """The value of --config, looked for before the rest is parsed, since it changes the defaults."""
    scout = argparse.ArgumentParser(add_help=False, allow_abbrev=False, exit_on_error=False)
    scout.add_argument("--config")
    try:
        return scout.parse_known_args(arguments)[0].config
    except argparse.ArgumentError:  # no value: the full parser says so
        return None


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line (`sys.argv` by default) and return its exit code: 0, or FAILED, WRONG_USE or INTERRUPTED."""
    words = sys.argv[1:] if arguments is None else arguments
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # a console of few characters gets ? for the others
    try:
        args = parse(words)
        return command_module(args.command).run(args)
    except BrokenPipeError:  # the reader of our output went away, as in `ponnuki ... | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    except KeyboardInterrupt:
        print("ponnuki: interrupted", file=sys.stderr)
        return INTERRUPTED
    except Exception as error:
        if "--debug" in words:
            raise
        return _report(error)


def _report(error: Exception) -> int:
    """Print an error as one line; return the exit code that goes with it."""
    if isinstance(error, PonnukiError):
        print(f"ponnuki: {' '.join(str(error).split())}", file=sys.stderr)
        return WRONG_USE if isinstance(error, ConfigError) else FAILED
    print(f"ponnuki: internal error: {type(error).__name__}: {error} (--debug shows where)", file=sys.stderr)
    return FAILED


if __name__ == "__main__":
    sys.exit(main())
