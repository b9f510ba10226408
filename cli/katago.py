"""KataGo's single-dash options, which programs made for KataGo pass: `-model M -config C -override-config k=v,…`.

What we know is applied, beneath our own options; what we do not know is named on stderr and skipped, since such a
program cannot be told otherwise.
"""

import argparse
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from ponnuki.engine.errors import ConfigError

from .parsing import number, warn, whole_number


def win_rate_of_utility(text: str) -> float:
    """KataGo's resignThreshold, −1 … 1, as a win rate from 0 to 1."""
    return (number(-1, 1)(text) + 1) / 2


def yes_or_no(text: str) -> bool:
    """KataGo's truth values."""
    if text.lower() not in ("true", "false"):
        raise argparse.ArgumentTypeError(f"{text!r} is not accepted: expected true or false")
    return text.lower() == "true"


PERSPECTIVES = ("black", "white", "sidetomove")


def perspective(text: str) -> str:
    """KataGo's reportAnalysisWinratesAs; of use to the analysis engine alone."""
    if text.lower() not in PERSPECTIVES:
        raise argparse.ArgumentTypeError(f"{text!r} is not accepted: expected {', '.join(PERSPECTIVES)}")
    return text.lower()


OVERRIDES: dict[str, tuple[str, Callable[[str], Any]]] = {
    "maxVisits": ("visits", whole_number(1)),
    "maxPlayouts": ("playouts", whole_number(1)),
    "maxTime": ("move_time", number(0, above=True)),
    "numSearchThreads": ("threads", whole_number(1)),
    "rules": ("rules", str),
    "resignThreshold": ("resign_threshold", win_rate_of_utility),
    "resignConsecTurns": ("resign_moves", whole_number(1)),
    "allowResignation": ("allow_resignation", yes_or_no),
    "ponderingEnabled": ("ponder", yes_or_no),
    "reportAnalysisWinratesAs": ("perspective", perspective),
    "logFile": ("log", Path),
}
"""KataGo's setting -> our option's destination and how its value is read."""


def add_katago_options(parser: argparse.ArgumentParser) -> None:
    """Add the options to a command's parser."""
    group = parser.add_argument_group("for programs made for KataGo")
    group.add_argument("-model", dest="katago_model", metavar="FILE", help="like --weights; a net of KataGo is skipped")
    group.add_argument("-human-model", dest="katago_human_model", metavar="FILE", help="skipped")
    group.add_argument("-config", dest="katago_config", metavar="FILE",
                       help=f"KataGo's settings; taken from it: {', '.join(OVERRIDES)}")
    group.add_argument("-override-config", dest="katago_overrides", metavar="KEY=VALUE,...", action="append",
                       help="the same settings, one by one")


def apply_katago_options(args: argparse.Namespace) -> None:
    """Fill what our own options left open (None) from KataGo's, and warn of what is skipped.

    Raises:
        ConfigError: a setting that we know has a value that is not accepted, or the settings file cannot be read.
    """
    settings: dict[str, Any] = {}
    if args.katago_config:
        settings |= _known(_config_lines(args.katago_config), f"-config {args.katago_config}")
    for text in args.katago_overrides or ():
        settings |= _known(text.split(","), "-override-config")
    if settings.pop("allow_resignation", True) is False:
        settings["resign_threshold"] = 0.0  # whatever threshold stands beside it
    for name, value in settings.items():
        if getattr(args, name, None) is None:
            setattr(args, name, value)
    _take_model(args)


def _take_model(args: argparse.Namespace) -> None:
    if args.katago_human_model:
        warn(f"-human-model {args.katago_human_model} is skipped: ponnuki has no such net")
    if not args.katago_model or args.weights:
        return
    if _is_ours(Path(args.katago_model)):
        args.weights = args.katago_model
    else:
        warn(f"-model {args.katago_model} is skipped: not a net of ponnuki; playing with our own")


def _is_ours(path: Path) -> bool:
    """Whether a file holds the name of our networks' form, as the metadata of each of them does."""
    from ponnuki.nets.ort import FORMAT

    try:
        return FORMAT.encode() in path.read_bytes()
    except OSError:
        return False


def _config_lines(path: str) -> list[str]:
    """The `key = value` lines of KataGo's settings file, comments left out."""
    try:
        text = Path(path).read_text("utf-8", errors="replace")
    except OSError as error:
        raise ConfigError(f"-config {path}: {error.strerror or error}") from error
    return [line for raw in text.splitlines() if (line := raw.split("#")[0].strip()) and not line.startswith("@")]


def _known(pairs: Iterable[str], where: str) -> dict[str, Any]:
    """The settings among `key=value` pairs that we know, by destination; the others are named in a warning."""
    settings: dict[str, Any] = {}
    unknown = []
    for pair in filter(None, map(str.strip, pairs)):
        key, separator, value = (part.strip() for part in pair.partition("="))
        if not separator:
            raise ConfigError(f"{where}: {pair!r} is not accepted: expected KEY=VALUE")
        if key not in OVERRIDES:
            unknown.append(key)
            continue
        name, read = OVERRIDES[key]
        try:
            value_read = read(value)
        except (argparse.ArgumentTypeError, ValueError) as error:
            raise ConfigError(f"{where}: {key}: {error}") from error
        if value_read is not None:
            settings[name] = value_read
    if unknown:
        warn(f"{where}: skipped, unknown to ponnuki: {', '.join(unknown)}")
    return settings

