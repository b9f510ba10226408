"""KataGo's parameter commands: settings of the player that can change during a session.

Names and units are KataGo's where it has such a parameter; ``policyTemperature``, ``playout`` and ``mixing`` are ours.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from ponnuki.engine.config import PlayerSettings
from ponnuki.engine.errors import ConfigError

from .arguments import expect, parse_float, parse_int
from .protocol import GtpError, Request
from .table import Table

NO_LIMIT = "none"


@dataclass(frozen=True)
class Parameter:
    """How one parameter is read from settings and put into them; `write` may raise GtpError or ConfigError."""

    read: Callable[[PlayerSettings], Any]
    write: Callable[[PlayerSettings, str], PlayerSettings]


def _limit(field: str, parse: Callable[[str], Any]) -> Parameter:
    def write(settings: PlayerSettings, text: str) -> PlayerSettings:
        value = None if text.lower() == NO_LIMIT else parse(text)
        return replace(settings, limits=replace(settings.limits, **{field: value}))

    return Parameter(lambda settings: getattr(settings.limits, field), write)


def _setting(field: str, parse: Callable[[str], Any]) -> Parameter:
    return Parameter(
        lambda settings: getattr(settings, field),
        lambda settings, text: replace(settings, **{field: parse(text)}),
    )


def _search(field: str) -> Parameter:
    def write(settings: PlayerSettings, text: str) -> PlayerSettings:
        value: Any = parse_float(text)
        return replace(settings, search=replace(settings.search, **{field: value}))

    return Parameter(lambda settings: getattr(settings.search, field), write)


def _truth(text: str) -> bool:
    if text.lower() not in ("true", "false"):
        raise GtpError(f"syntax error: {text} is neither true nor false")
    return text.lower() == "true"


def _utility_threshold() -> Parameter:
    """KataGo's threshold is a utility of −1 … 1, ours a win rate; rounded, so that what is read can be written back."""
    return Parameter(
        lambda settings: round(2 * settings.resign_threshold - 1, 9),
        lambda settings, text: replace(settings, resign_threshold=round((parse_float(text) + 1) / 2, 9)),
    )


PARAMETERS = {
    "maxPlayouts": _limit("playouts", parse_int),
    "maxVisits": _limit("visits", parse_int),
    "maxTime": _limit("move_time_s", parse_float),
    "resignThreshold": _utility_threshold(),
    "resignConsecTurns": _setting("resign_moves", parse_int),
    "cpuctExploration": _search("c_puct"),
    "cpuctExplorationLog": _search("c_puct_log"),
    "policyTemperature": _search("policy_temperature"),
    "ponderingEnabled": _setting("ponder", _truth),
    "playout": _setting("playout", str.lower),
    "mixing": _setting("mixing", parse_float),
}
"""All of them act on the next move. A limit of ``none`` is no limit."""


def kata_list_params(table: Table, request: Request) -> str:
    """The parameters that can be asked for and set."""
    expect(request, "")
    return " ".join(PARAMETERS)


def kata_get_param(table: Table, request: Request) -> str:
    """A parameter's value."""
    (name,) = expect(request, "PARAM")
    value = _parameter(name).read(table.settings)
    if isinstance(value, bool):
        return str(value).lower()
    return NO_LIMIT if value is None else f"{value:g}" if isinstance(value, float) else str(value)


def kata_set_param(table: Table, request: Request) -> None:
    """Change a parameter for the moves to come."""
    name, text = expect(request, "PARAM VALUE")
    try:
        settings = _parameter(name).write(table.settings, text)
    except ConfigError as error:
        raise GtpError(f"invalid value for {name}: {error}") from None
    table.configure(settings)


def _parameter(name: str) -> Parameter:
    if name not in PARAMETERS:
        raise GtpError(f"unknown parameter {name}: expected one of {', '.join(PARAMETERS)}")
    return PARAMETERS[name]


COMMANDS = {
    "kata-list-params": kata_list_params,
    "kata-get-param": kata_get_param,
    "kata-set-param": kata_set_param,
}
