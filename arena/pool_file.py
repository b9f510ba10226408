"""The TOML file that describes a pool of engines: what is played, and who plays.

    size = 9                     # board size, and further keys of GAME_KEYS
    games = 20                   # of each pairing, an even number
    schedule = "round-robin"     # everybody against everybody; or "gauntlet": challengers against all others
    anchor = "gnugo-1"           # whose rating is given, by default the first engine ...
    anchor-elo = 0               # ... and what it is

    [[engine]]
    name = "net-100"
    weights = "nets/small.onnx"  # our engine with this net, or command = "gnugo --mode gtp --level 1" (or a net again)
    options = "--c-puct 1.5"     # of `ponnuki gtp`, for weights
    playouts = 100               # fixed playouts a move, for engines that take them
    time = "1/move"              # its clock; the key outside the tables is everybody's
    challenger = true            # in a gauntlet
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ponnuki.arena.contestant import Contestant, Patience, split_words
from ponnuki.arena.equal_cpu import parse_target
from ponnuki.arena.match import MatchSettings
from ponnuki.arena.opening_sets import BALANCED, RANDOM
from ponnuki.arena.referee import DEFAULT_SETTLERS, parse_settlers
from ponnuki.arena.timecontrol import TimeControl
from ponnuki.engine.errors import ConfigError

ROUND_ROBIN = "round-robin"
GAUNTLET = "gauntlet"

MOST_ELO = 100_000

GAME_KEYS: dict[str, type | tuple[type, ...]] = {
    "size": int, "games": int, "komi": (int, float), "rules": str, "seed": int, "openings": str, "opening-moves": int,
    "move-limit": int, "concurrency": int,
}
POOL_KEYS: dict[str, type | tuple[type, ...]] = {
    **GAME_KEYS, "schedule": str, "anchor": str, "anchor-elo": (int, float), "time": str, "tolerance": (int, float),
    "hang": (int, float), "equal-cpu": (int, float, str), "settlers": str, "engine": list,
}
ENGINE_KEYS: dict[str, type | tuple[type, ...]] = {
    "name": str, "command": str, "weights": str, "options": str, "playouts": int, "time": str, "challenger": bool,
}


@dataclass(frozen=True)
class PoolFile:
    """A pool as described by its file."""

    settings: MatchSettings
    """Of each pairing."""
    engines: tuple[Contestant, ...]
    pairings: tuple[tuple[str, str], ...]
    """Names of the engines that meet, in the order in which they do."""
    anchor: str
    anchor_elo: float
    equal_cpu: float | str | None
    """CPU seconds a move for all, or the name of the engine that sets the measure; None: everybody as described."""
    settlers: tuple[str, ...]


def read_pool(path: Path) -> PoolFile:
    """Read a pool's file. Relative paths in it (weights, openings) are relative to its folder.

    Raises:
        ConfigError: the file cannot be read, or something in it is not accepted; the message names the file.
    """
    try:
        values = tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror or error}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: not a TOML file: {error}") from error
    try:
        return _pool(values, path.parent)
    except ConfigError as error:
        raise ConfigError(f"{path}: {error}") from error


def _pool(values: Mapping[str, Any], folder: Path) -> PoolFile:
    _check_keys(values, POOL_KEYS, "key")
    described = values.get("engine", [])
    engines = tuple(_engine(each, values.get("time", "none"), folder) for each in described)
    names = [engine.name for engine in engines]
    if len(names) < 2 or len(set(names)) < len(names):
        raise ConfigError(f"expected at least two [[engine]] tables with names of their own, got {names}")
    anchor = values.get("anchor", names[0])
    if anchor not in names:
        raise ConfigError(f"anchor {anchor!r} is no engine of the pool: {', '.join(names)}")
    challengers = [name for name, each in zip(names, described, strict=True) if each.get("challenger")]
    target, anchor_elo = values.get("equal-cpu"), values.get("anchor-elo", 0)
    if not -MOST_ELO <= anchor_elo <= MOST_ELO:
        raise ConfigError(f"anchor-elo {anchor_elo}: expected -{MOST_ELO} to {MOST_ELO}")
    return PoolFile(
        settings=_settings(values, folder), engines=engines,
        anchor=anchor, anchor_elo=float(anchor_elo),
        pairings=_pairings(values.get("schedule", ROUND_ROBIN), names, challengers),
        equal_cpu=None if target is None else parse_target(str(target), names),
        settlers=parse_settlers(values.get("settlers", ",".join(DEFAULT_SETTLERS))))


def _check_keys(values: Mapping[str, Any], known: Mapping[str, type | tuple[type, ...]], what: str) -> None:
    for key, value in values.items():
        if key not in known:
            raise ConfigError(f"unknown {what} {key!r}; accepted: {', '.join(sorted(known))}")
        kinds = known[key]
        if not isinstance(value, kinds) or (isinstance(value, bool) and kinds is not bool):
            named = " or ".join(kind.__name__ for kind in (kinds if isinstance(kinds, tuple) else (kinds,)))
            raise ConfigError(f"{what} {key!r}: {value!r} is not accepted: expected {named}")


def _engine(values: Any, time: str, folder: Path) -> Contestant:
    if not isinstance(values, dict):
        raise ConfigError(f"engine: {values!r} is not accepted: expected [[engine]] tables")
    _check_keys(values, ENGINE_KEYS, "engine's key")
    if "name" not in values:
        raise ConfigError("an [[engine]] table needs a name")
    name = values["name"]
    if ("command" in values) == ("weights" in values):
        raise ConfigError(f"engine {name!r} needs either a command or weights")
    clock = TimeControl.parse(values.get("time", time))
    if "command" in values:
        if "options" in values:
            raise ConfigError(f"engine {name!r}: options go with weights; write those of a command into it")
        contestant = _of_command(values["command"], clock, name, folder)
    else:
        options = split_words(values.get("options", ""))
        contestant = Contestant.of_weights(folder / values["weights"], options, clock, name)
    playouts = values.get("playouts")
    if playouts is not None and playouts < 1:
        raise ConfigError(f"engine {name!r}: {playouts} playouts: expected 1 or more")
    return replace(contestant, playouts=playouts)


def _of_command(command: str, clock: TimeControl | None, name: str, folder: Path) -> Contestant:
    """An engine by its command line; a net as its first word is looked for beside the file, then where we are."""
    words = split_words(command)
    if not words or not words[0].lower().endswith(".onnx"):
        return Contestant.parse(command, clock, name)
    beside, here = folder / words[0], Path(words[0])
    return Contestant.of_weights(here if here.is_file() and not beside.is_file() else beside, words[1:], clock, name)


def _settings(values: Mapping[str, Any], folder: Path) -> MatchSettings:
    given = {key.replace("-", "_"): values[key] for key in GAME_KEYS if key in values}
    source = given.pop("openings", RANDOM)
    given["opening_source"] = source if source in (RANDOM, BALANCED) else str(folder / source)
    waits = {"tolerance_s": values.get("tolerance"), "hang_s": values.get("hang")}
    patience = Patience(**{key: value for key, value in waits.items() if value is not None})
    return MatchSettings(**given, patience=patience)


def _pairings(schedule: str, names: list[str], challengers: list[str]) -> tuple[tuple[str, str], ...]:
    if schedule == ROUND_ROBIN:
        return tuple((first, second) for number, first in enumerate(names) for second in names[number + 1 :])
    if schedule != GAUNTLET:
        raise ConfigError(f"schedule {schedule!r}: expected {ROUND_ROBIN} or {GAUNTLET}")
    others = [name for name in names if name not in challengers]
    if not challengers or not others:
        raise ConfigError("a gauntlet needs engines with challenger = true, and some without")
    return tuple((challenger, other) for challenger in challengers for other in others)
