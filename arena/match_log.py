"""The file that a match lives in: JSON Lines, its settings first, then one finished game a line.

A line is written whole and flushed to the disk before the game counts, so a match that was killed, at whatever point,
goes on from its log: what has a line has been played, all else has not. A last line that was cut off is dropped.
"""

from __future__ import annotations

import json
import os
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from ponnuki.engine.errors import ConfigError, RecordError

FORMAT = "ponnuki-match-1"


@dataclass(frozen=True)
class GameRecord:
    """One finished game, as it is kept. Sides are "A" and "B", vertices are GTP's."""

    game: int
    """Number of the game, 0 first. Games 2k and 2k + 1 are pair k: one opening, colours swapped
    (where one side always has White, two openings)."""
    black: str
    winner: str | None
    """None for a drawn game."""
    result: str
    """As in SGF, ``B+3.5``."""
    ending: str
    """How it ended: passes, resignation, move limit, or the kind of failure."""
    moves: int
    opening: list[str]
    seconds: dict[str, float]
    """Wall-clock time that each side used, what led to no move included."""
    slowest_s: dict[str, float]
    """The longest of it for one move."""
    cpu_s: dict[str, float | None]
    """CPU time that each side used; null where it is unknown."""
    fault: str | None = None
    """The side whose engine failed, where one did."""
    detail: str = ""
    """What happened, where it was out of the ordinary."""
    settled_by: str | None = None
    """Who named the dead stones of a counted game; null: scored as it stood, or not counted."""
    dead: list[str] | None = None
    """The dead stones; null where the game was not counted."""
    remarks: list[str] | None = None
    """Settlers that failed or would have counted otherwise."""
    sgf: str | None = None
    """File name, relative to the log."""
    own_moves: dict[str, int] | None = None
    """How many moves each side thought about: all of its own but those of the opening, and an answer by which it
    resigned or lost."""
    playouts: dict[str, int | None] | None = None
    """Playouts of those moves; null where an engine does not tell them."""

    @property
    def pair(self) -> int:
        """Number of the pair that the game belongs to."""
        return self.game // 2

    @property
    def white(self) -> str:
        """The side that had White."""
        return "B" if self.black == "A" else "A"

    def points(self, side: str) -> float:
        """1, ½ or 0 for a side."""
        return 0.5 if self.winner is None else float(self.winner == side)


class MatchLog:
    """The log of one match. Not for several processes at a time."""

    def __init__(self, path: Path, settings: Mapping[str, Any]) -> None:
        """Open the log of a match with these settings, or begin it. `names` are kept, but may change.

        Raises:
            ConfigError: the file holds a match with other settings; the message names the first that differs.
            RecordError: the file is no match log, is damaged before its last line, or cannot be read or written.
        """
        self.path = path
        self.games: dict[int, GameRecord] = {}
        wanted = {"format": FORMAT, **json.loads(json.dumps(settings))}
        lines = _whole_lines(path)
        if lines:
            _check_settings(path, lines[0], wanted)
            for number, line in enumerate(lines[1:], 2):
                record = _read_game(path, number, line)
                self.games[record.game] = record
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            _append(path, wanted)

    def add(self, record: GameRecord) -> None:
        """Write a finished game; it is on the disk when this returns."""
        _append(self.path, asdict(record))
        self.games[record.game] = record


def check_log(path: Path, settings: Mapping[str, Any], besides: Collection[str]) -> None:
    """See that a log that is there is of a match with these settings, those of a side named `besides` excepted.

    Raises:
        ConfigError, RecordError: as for `MatchLog`.
    """
    lines = _whole_lines(path)
    if lines:
        _check_settings(path, lines[0], {"format": FORMAT, **json.loads(json.dumps(settings))}, besides)


def _whole_lines(path: Path) -> list[bytes]:
    """The lines of a log that were written to their end; what follows the last of them is cut off the file."""
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return []
    except OSError as error:
        raise RecordError(f"{path}: {error.strerror or error}") from None
    whole = content[: content.rfind(b"\n") + 1]
    if len(whole) < len(content):
        with path.open("rb+") as file:
            file.truncate(len(whole))
    return whole.split(b"\n")[:-1]


def _append(path: Path, values: Mapping[str, Any]) -> None:
    line = json.dumps(values, allow_nan=False).encode() + b"\n"  # in ASCII: engines say anything
    try:
        with path.open("ab") as file:
            file.write(line)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise RecordError(f"{path}: {error.strerror or error}") from None


def _decode(path: Path, number: int, line: bytes) -> dict[str, Any]:
    try:
        values = json.loads(line)
    except ValueError:
        values = None
    if not isinstance(values, dict):
        raise RecordError(f"{path}, line {number}: not a line of a {FORMAT} log")
    return values


def _check_settings(path: Path, line: bytes, wanted: Mapping[str, Any], besides: Collection[str] = ()) -> None:
    found = _without(_decode(path, 1, line), besides)
    wanted = _without(wanted, besides)
    if found.get("format") != FORMAT:
        raise RecordError(f"{path} is not a {FORMAT} log")
    for key in (*wanted, *found):
        if key != "names" and found.get(key) != wanted.get(key):
            raise ConfigError(f"{path} holds a match with other settings: {key} is {found.get(key)!r} there and "
                              f"{wanted.get(key)!r} now; choose another folder to begin anew")


def _without(settings: Mapping[str, Any], besides: Collection[str]) -> dict[str, Any]:
    return {key: {inner: each for inner, each in value.items() if inner not in besides} if isinstance(value, dict)
            else value for key, value in settings.items()}


def _read_game(path: Path, number: int, line: bytes) -> GameRecord:
    values = _decode(path, number, line)
    known = {field.name for field in fields(GameRecord)}
    try:
        return GameRecord(**{key: value for key, value in values.items() if key in known})
    except TypeError as error:
        raise RecordError(f"{path}, line {number}: {error}") from None
