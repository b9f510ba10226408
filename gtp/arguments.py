"""Words of a request made into values, with the standard's own words for what is wrong.

The GTP 2 draft names the message of each failure; we send it first and say after a colon what is accepted.
"""

from __future__ import annotations

import math
import re

from ponnuki.engine.coords import BLACK, WHITE, parse_vertex

from .protocol import GtpError, Request

_INTEGER = re.compile("[-+]?[0-9]{1,18}")

_COLOURS = {"b": BLACK, "black": BLACK, "w": WHITE, "white": WHITE}


def expect(request: Request, usage: str) -> tuple[str, ...]:
    """The arguments of a request whose usage names as many words.

    Raises:
        GtpError: there are fewer or more.
    """
    count = len(usage.split())
    if len(request.arguments) != count:
        raise GtpError(f"syntax error: usage: {request.name} {usage}".rstrip())
    return request.arguments


def parse_colour(text: str) -> int:
    """BLACK or WHITE from ``b``, ``black``, ``w`` or ``white`` in any case."""
    try:
        return _COLOURS[text.lower()]
    except KeyError:
        raise GtpError(f"invalid color or coordinate: {text} is not a color (b, black, w, white)") from None


def parse_move(text: str, size: int) -> int:
    """A move from a vertex, the pass among them."""
    try:
        return parse_vertex(text, size)
    except ValueError as error:
        raise GtpError(f"invalid color or coordinate: {error}") from None


def parse_point(text: str, size: int) -> int:
    """A point of the board from a vertex."""
    point = parse_move(text, size)
    if point == size * size:
        raise GtpError("invalid color or coordinate: pass is not a point")
    return point


def parse_pairs(words: tuple[str, ...], size: int, *, allow_pass: bool) -> list[tuple[int, int]]:
    """(colour, move) from alternating colours and vertices."""
    if len(words) % 2:
        raise GtpError("syntax error: expected pairs of COLOR VERTEX")
    parse = parse_move if allow_pass else parse_point
    return [
        (parse_colour(colour), parse(vertex, size)) for colour, vertex in zip(words[::2], words[1::2], strict=True)
    ]


def parse_int(text: str, what: str = "number") -> int:
    """A decimal integer."""
    if not _INTEGER.fullmatch(text):
        raise GtpError(f"syntax error: {what} {text} is not an integer of at most 18 digits")
    return int(text)


def parse_float(text: str, what: str = "number") -> float:
    """A finite decimal number."""
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise GtpError(f"syntax error: {what} {text} is not a number")
    return value


def parse_seconds(text: str, what: str = "time") -> float:
    """A time in seconds, not negative."""
    value = parse_float(text, what)
    if value < 0:
        raise GtpError(f"syntax error: {what} {text} is negative")
    return value


def parse_count(text: str, what: str = "number") -> int:
    """An integer, not negative."""
    value = parse_int(text, what)
    if value < 0:
        raise GtpError(f"syntax error: {what} {text} is negative")
    return value
