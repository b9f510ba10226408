"""Argument parsing shared by the subcommands: option types, one-line errors, settings from a TOML file."""

import argparse
import contextlib
import difflib
import os
import sys
import tomllib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NoReturn

from ponnuki import weights
from ponnuki.engine.config import settings_of
from ponnuki.engine.coords import MAX_SIZE, MIN_SIZE
from ponnuki.engine.errors import ConfigError, PonnukiError

FAILED = 1
WRONG_USE = 2
INTERRUPTED = 130
"""Exit codes; the last is what shells give after Ctrl-C."""

UNSETTABLE = ("config", "debug", "help")
"""Options that make no sense inside a settings file."""


class HelpFormatter(argparse.ArgumentDefaultsHelpFormatter):
    """Shows a default where there is one to show, and the help does not tell of it in its own words."""

    def _get_help_string(self, action: argparse.Action) -> str | None:
        nothing = action.default is False or action.default in (None, "", {})
        told = "(default: " in (action.help or "")
        return action.help if nothing or told else super()._get_help_string(action)


class Parser(argparse.ArgumentParser):
    """An `ArgumentParser` that takes no abbreviations and reports wrong use in one line, with exit code 2."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("formatter_class", HelpFormatter)
        super().__init__(allow_abbrev=False, **kwargs)

    def error(self, message: str) -> NoReturn:
        """Print `message` as one line on stderr and exit with code 2."""
        line = message.removeprefix("argument ").replace("the following arguments are required", "missing")
        self.exit(WRONG_USE, f"{self.prog}: {' '.join(line.split())}\n")

    def options(self) -> dict[str, argparse.Action]:
        """Every long option by its name without dashes, for settings files and for suggestions."""
        return {
            text.removeprefix("--"): action
            for action in self._actions
            for text in action.option_strings
            if text.startswith("--") and not text.startswith("--no-")
        }

    def leaf(self, words: Sequence[str]) -> "Parser":
        """The parser of the innermost command that `words` begin with, this one where there is none."""
        for action in self._actions:
            if isinstance(action, argparse._SubParsersAction) and words and words[0] in action.choices:
                return action.choices[words[0]].leaf(words[1:])
        return self

    def refuse_unknown(self, arguments: Sequence[str]) -> NoReturn:
        """Report the first of `arguments` that nothing took, with the nearest option there is."""
        word = arguments[0].split("=")[0]
        if not word.startswith("-"):
            self.error(f"unexpected argument {word!r} (`{self.prog} --help` lists what is accepted)")
        near = difflib.get_close_matches(word.lstrip("-"), self.options(), n=1)
        hint = f"did you mean --{near[0]}? " if near else ""
        self.error(f"unknown option {word} ({hint}`{self.prog} --help` lists all)")


def add_common_options(parser: argparse.ArgumentParser) -> None:
    """Add the options that every command has."""
    group = parser.add_argument_group("every command")
    group.add_argument("--config", metavar="FILE.toml", default=argparse.SUPPRESS,
                       help="read settings from FILE: its keys are the option names; the command line wins")
    group.add_argument("--debug", action="store_true", default=argparse.SUPPRESS,
                       help="show a traceback when something fails")


def net_file(name: str | None) -> Path:
    """As `weights_file`, for commands that cannot do without a net: ConfigError where none is shipped."""
    path = weights_file(name)
    if path is None:
        raise ConfigError("no net is shipped with this copy: give --weights FILE.onnx")
    return path


def add_crew_options(parser: argparse.ArgumentParser) -> None:
    """Where the workers of self-play run."""
    parser.add_argument("--workers", type=whole_number(1), metavar="K", help="processes (default: one a core)")
    parser.add_argument("--ray", metavar="ADDRESS", help="workers of a Ray cluster: auto, local, or its address")
    parser.add_argument("--seed", type=whole_number(0), default=0, metavar="S", help="of all chance")


def weights_file(text: str | None) -> Path | None:
    """The network that --weights names: a file, or a shipped one by its name; None: the shipped default, if any."""
    return weights.path_of(text) or (Path(text) if text else None)


def warn(text: str) -> None:
    """One line on stderr."""
    print(f"ponnuki: {text}", file=sys.stderr, flush=True)


@contextlib.contextmanager
def needs_extra(extra: str) -> Iterator[None]:
    """Around imports of packages that only `extra` installs.

    Raises:
        PonnukiError: one of them is missing.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        raise PonnukiError(f"this command needs {error.name}: install ponnuki with its extra [{extra}]") from error


def show_warnings() -> None:
    """Print the warnings of our packages on stderr, a line each."""
    import logging

    logging.basicConfig(format="ponnuki: %(message)s", level=logging.WARNING)


def whole_number(minimum: int, maximum: int | None = None) -> Callable[[str], int]:
    """An option type: a whole number from `minimum` to `maximum`, both included."""
    accepted = f"a whole number of at least {minimum}" if maximum is None else f"{minimum} to {maximum}"

    def convert(text: str) -> int:
        try:
            value = int(text)
        except ValueError:
            value = minimum - 1
        if value < minimum or (maximum is not None and value > maximum):
            raise argparse.ArgumentTypeError(f"{text!r} is not accepted: expected {accepted}")
        return value

    return convert


def output_file(text: str) -> Path:
    """An option type: a file that can be written later, after hours of work; who writes it makes its folder."""
    path = Path(text)
    if path.is_dir():
        raise argparse.ArgumentTypeError(f"{text!r} is a folder; expected the name of a file")
    _require_writable(text, path.absolute().parent)
    return path


def output_folder(text: str) -> Path:
    """An option type: a folder that files can be written in later; who writes them makes it."""
    path = Path(text)
    _require_writable(text, path.absolute())
    return path


def _require_writable(text: str, folder: Path) -> None:
    try:
        nearest = next(part for part in (folder, *folder.parents) if _is_there(part))
        if not nearest.is_dir():
            raise argparse.ArgumentTypeError(f"{text!r}: {str(nearest)!r} is not a folder")
    except OSError as error:  # no right to look, or a name too long
        raise argparse.ArgumentTypeError(f"{text!r}: {error.strerror or error}") from None
    if not os.access(nearest, os.W_OK):
        raise argparse.ArgumentTypeError(f"{text!r}: nothing can be written in {str(nearest)!r}")


def _is_there(path: Path) -> bool:
    try:
        path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    return True


def number(minimum: float, maximum: float = float("inf"), *, above: bool = False) -> Callable[[str], float]:
    """An option type: a number from `minimum` (not included if `above`) to `maximum`."""
    accepted = f"a number {'above' if above else 'of at least'} {minimum:g}"
    if maximum != float("inf"):
        accepted = f"a number {'above' if above else 'from'} {minimum:g} {'and at most' if above else 'to'} {maximum:g}"

    def convert(text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            value = float("nan")
        if not minimum <= value <= maximum or value == float("inf") or (above and value == minimum):
            raise argparse.ArgumentTypeError(f"{text!r} is not accepted: expected {accepted}")
        return value

    return convert


def named_settings(kind: type[Any]) -> Callable[[str], dict[str, Any]]:
    """An option type: fields of a settings class as ``NAME=VALUE,NAME=VALUE``."""

    def convert(text: str) -> dict[str, Any]:
        try:
            return settings_of(text, kind)
        except ConfigError as error:
            raise argparse.ArgumentTypeError(str(error)) from None

    return convert


board_size = whole_number(MIN_SIZE, MAX_SIZE)
"""An option type: a board size that the engine plays on."""


def use_settings_file(parser: Parser, path: str) -> None:
    """Make the settings of the TOML file at `path` the defaults of `parser`, so that the command line wins.

    Raises:
        ConfigError: the file cannot be read, names an unknown option or gives a value that the option refuses.
    """
    try:
        settings = tomllib.loads(Path(path).read_text("utf-8"))
    except OSError as error:
        raise ConfigError(f"--config {path}: {error.strerror or error}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"--config {path}: not a TOML file: {error}") from error
    options = {name: action for name, action in parser.options().items() if name not in UNSETTABLE}
    for key, value in settings.items():
        name = key.replace("_", "-")
        if name not in options:
            raise ConfigError(f"--config {path}: unknown key {key!r}; accepted: {', '.join(sorted(options))}")
        action = options[name]
        parser.set_defaults(**{action.dest: _converted(action, value, f"--config {path}: {key}")})
        action.required = False


def _converted(action: argparse.Action, value: Any, where: str) -> Any:
    """`value` of a settings file as the option's own parsing would give it."""
    if action.nargs == 0 or isinstance(action, argparse.BooleanOptionalAction):
        if not isinstance(value, bool):
            raise ConfigError(f"{where}: {value!r} is not accepted: expected true or false")
        return value
    exactly = action.nargs if isinstance(action.nargs, int) else None
    several = exactly is not None or action.nargs in ("+", "*") or isinstance(action, argparse._AppendAction)
    if not several:
        return _converted_one(action, value, where)
    items = value if isinstance(value, list) else [value]
    if exactly is not None and len(items) != exactly:
        raise ConfigError(f"{where}: {value!r} is not accepted: expected a list of {exactly} values")
    return [_converted_one(action, item, where) for item in items]


def _converted_one(action: argparse.Action, value: Any, where: str) -> Any:
    if isinstance(value, bool | list | dict):
        raise ConfigError(f"{where}: {value!r} is not accepted: expected one value")
    try:
        result = action.type(str(value)) if callable(action.type) else str(value)
    except (argparse.ArgumentTypeError, ValueError) as error:
        raise ConfigError(f"{where}: {error}") from error
    if action.choices is not None and result not in action.choices:
        raise ConfigError(f"{where}: {value!r} is not accepted: expected one of {', '.join(map(str, action.choices))}")
    return result
