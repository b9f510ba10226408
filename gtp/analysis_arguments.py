"""The arguments of the analysis commands.

    [COLOR] [INTERVAL] [NAME VALUE …]

in any order of the named ones: ``interval N`` in centiseconds, ``minmoves N``, ``maxmoves N``, ``avoid`` and ``allow``
with ``COLOR VERTEX,VERTEX,… UNTILDEPTH``, and KataGo's flags with ``true`` or ``false``.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from ponnuki.engine.config import Restriction

from .arguments import parse_colour, parse_count, parse_float, parse_move
from .protocol import GtpError, Request

DEFAULT_INTERVAL_S = 1.0
"""Between two reports of an analysis for which the client names no interval."""

FLAGS = {
    "rootInfo": "root_info",
    "ownership": "ownership",
    "ownershipStdev": "ownership_stdev",
    "movesOwnership": "moves_ownership",
    "pvVisits": "pv_visits",
}
"""KataGo's flags and the fields they set."""

LEELA_OPTIONS = ("interval", "minmoves", "maxmoves", "avoid", "allow")


@dataclass(frozen=True)
class AnalysisRequest:
    """What a client wants to be told, and what may be looked at."""

    colour: int
    interval_s: float | None = None
    """Seconds between two reports; None: the client named none."""
    min_moves: int = 0
    max_moves: int | None = None
    restrictions: tuple[Restriction, ...] = field(default=())
    root_info: bool = False
    ownership: bool = False
    ownership_stdev: bool = False
    moves_ownership: bool = False
    pv_visits: bool = False

    @property
    def wants_ownership(self) -> bool:
        """Whether the evaluations' ownership is needed."""
        return self.ownership or self.ownership_stdev or self.moves_ownership


def parse_analysis(request: Request, to_play: int, size: int, *, katago: bool) -> AnalysisRequest:
    """Read the arguments of an analysis command.

    Args:
        to_play: the colour analysed for where the client names none.
        katago: whether KataGo's flags are known, too.

    Raises:
        GtpError: a word is unknown or a value not accepted.
    """
    words = list(request.arguments)
    found = AnalysisRequest(to_play)
    if words and words[0].lower() in ("b", "black", "w", "white"):
        found = replace(found, colour=parse_colour(words.pop(0)))
    if words and words[0][0] in "0123456789.-+":
        found = replace(found, interval_s=_interval(words.pop(0)))
    rest = iter(words)
    for word in rest:
        found = _with_option(found, word, rest, size, katago)
    return found


def _with_option(found: AnalysisRequest, word: str, rest: Iterator[str], size: int, katago: bool) -> AnalysisRequest:
    name = word.lower()
    if name == "interval":
        return replace(found, interval_s=_interval(_value(rest, word)))
    if name == "minmoves":
        return replace(found, min_moves=parse_count(_value(rest, word), word))
    if name == "maxmoves":
        return replace(found, max_moves=parse_count(_value(rest, word), word))
    if name in ("avoid", "allow"):
        restriction = _restriction(rest, word, size)
        if name == "allow" and any(other.allow for other in found.restrictions):
            raise GtpError("syntax error: allow can be given once")
        return replace(found, restrictions=(*found.restrictions, restriction))
    flag = next((flag for flag in FLAGS if flag.lower() == name), None) if katago else None
    if flag:
        changed: dict[str, Any] = {FLAGS[flag]: _truth(_value(rest, word), word)}
        return replace(found, **changed)
    known = ", ".join((*LEELA_OPTIONS, *(FLAGS if katago else ())))
    raise GtpError(f"syntax error: unknown option {word}: expected one of {known}")


def _value(rest: Iterator[str], name: str) -> str:
    try:
        return next(rest)
    except StopIteration:
        raise GtpError(f"syntax error: {name} needs a value") from None


def _interval(text: str) -> float:
    """Seconds from centiseconds."""
    centiseconds = parse_float(text, "interval")
    if centiseconds < 0:
        raise GtpError(f"syntax error: interval {text} is negative")
    return max(0.01, centiseconds / 100)


def _restriction(rest: Iterator[str], name: str, size: int) -> Restriction:
    colour = parse_colour(_value(rest, name))
    vertices = [text for text in _value(rest, name).split(",") if text]
    moves = frozenset(parse_move(text, size) for text in vertices)
    depth = parse_count(_value(rest, name), f"{name}'s depth")
    if not moves or not depth:
        raise GtpError(f"syntax error: usage: {name} COLOR VERTEX,VERTEX,... UNTILDEPTH, the depth above 0")
    return Restriction(colour, moves, depth, allow=name.lower() == "allow")


def _truth(text: str, name: str) -> bool:
    if text.lower() not in ("true", "false"):
        raise GtpError(f"syntax error: {name} is {text}: expected true or false")
    return text.lower() == "true"
