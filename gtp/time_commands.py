"""Commands about time: the standard's, those of KGS and KataGo's."""

from __future__ import annotations

from collections.abc import Callable

from .arguments import expect, parse_colour, parse_count, parse_float, parse_seconds
from .protocol import GtpError, Request
from .table import Table


def time_settings(table: Table, request: Request) -> None:
    """Main time and Canadian overtime, the standard's way (section 4.2).

    An overtime without stones means no limit at all; no overtime means absolute time. All zero says nothing, and is
    taken for no limit: a game without any time cannot be meant.
    """
    main, overtime, stones = expect(request, "MAIN_TIME BYO_YOMI_TIME BYO_YOMI_STONES")
    main_s, overtime_s = parse_seconds(main, "main time"), parse_seconds(overtime, "byo yomi time")
    count = parse_count(stones, "byo yomi stones")
    if count and overtime_s:
        table.clock.set_canadian(main_s, overtime_s, count)
    elif main_s and not overtime_s:
        table.clock.set_absolute(main_s)
    else:
        table.clock.set_none()


def time_left(table: Table, request: Request) -> None:
    """What the clock of a colour shows: seconds, and stones (or periods) left in overtime, 0 in main time.

    A time below zero, which controllers send when a flag has fallen, counts as none left.
    """
    colour, seconds, stones = expect(request, "COLOR TIME STONES")
    table.clock.update(parse_colour(colour), parse_float(seconds, "time"), parse_count(stones, "stones"))


def _none(table: Table) -> None:
    table.clock.set_none()


def _absolute(table: Table, main: str) -> None:
    table.clock.set_absolute(parse_seconds(main, "main time"))


def _byoyomi(table: Table, main: str, period: str, periods: str) -> None:
    count = _at_least_one(periods, "byo yomi periods")
    table.clock.set_byoyomi(parse_seconds(main, "main time"), parse_seconds(period, "byo yomi time"), count)


def _canadian(table: Table, main: str, overtime: str, stones: str) -> None:
    count = _at_least_one(stones, "byo yomi stones")
    table.clock.set_canadian(parse_seconds(main, "main time"), parse_seconds(overtime, "byo yomi time"), count)


def _fischer(table: Table, main: str, increment: str) -> None:
    table.clock.set_fischer(parse_seconds(main, "main time"), parse_seconds(increment, "increment"))


def _at_least_one(text: str, what: str) -> int:
    count = parse_count(text, what)
    if not count:
        raise GtpError(f"syntax error: {what} {text} is not positive")
    return count


KINDS: dict[str, tuple[str, Callable[..., None]]] = {
    "none": ("", _none),
    "absolute": ("MAIN_TIME", _absolute),
    "byoyomi": ("MAIN_TIME PERIOD_TIME PERIODS", _byoyomi),
    "canadian": ("MAIN_TIME BYO_YOMI_TIME BYO_YOMI_STONES", _canadian),
    "fischer": ("MAIN_TIME INCREMENT", _fischer),
}
"""Kinds of time control: what follows the name, and how it is set."""

KGS_KINDS = ("none", "absolute", "byoyomi", "canadian")


def kgs_time_settings(table: Table, request: Request) -> None:
    """The kinds of time control that KGS has."""
    _set_kind(table, request, KGS_KINDS)


def kata_time_settings(table: Table, request: Request) -> None:
    """All kinds of time control that we have; times may be fractions of seconds."""
    _set_kind(table, request, tuple(KINDS))


def kata_list_time_settings(table: Table, request: Request) -> str:
    """The kinds that `kata-time_settings` takes."""
    return " ".join(KINDS)


def _set_kind(table: Table, request: Request, accepted: tuple[str, ...]) -> None:
    if not request.arguments:
        raise GtpError(f"syntax error: usage: {request.name} {'|'.join(accepted)} ...")
    kind = request.arguments[0].lower()
    if kind not in accepted:
        raise GtpError(f"unsupported time settings {kind}: expected one of {', '.join(accepted)}")
    usage, apply = KINDS[kind]
    values = request.arguments[1:]
    if len(values) != len(usage.split()):
        raise GtpError(f"syntax error: usage: {request.name} {kind} {usage}".rstrip())
    apply(table, *values)


COMMANDS = {
    "time_settings": time_settings,
    "time_left": time_left,
    "kgs-time_settings": kgs_time_settings,
    "kata-time_settings": kata_time_settings,
    "kata-list_time_settings": kata_list_time_settings,
}
