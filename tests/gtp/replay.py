"""Sessions as clients send them, in `sessions/`: one command a line, ``#?`` behind those that are to fail."""

import re
from pathlib import Path
from typing import NamedTuple

from ponnuki.gtp.protocol import parse_line

SESSIONS = sorted((Path(__file__).parent / "sessions").glob("*.gtp"))


class Line(NamedTuple):
    """A line of a session."""

    text: str
    fails: bool


def read_session(path: Path) -> list[Line]:
    """The commands of a session, comment lines included."""
    return [Line(line, line.endswith("#?")) for line in path.read_text("utf-8").splitlines()]


def expected_replies(data: bytes) -> list[str]:
    """The ids, in order, of the requests that are to be answered: all up to a ``quit``."""
    ids = []
    for line in data.decode("utf-8", "surrogateescape").split("\n"):
        request = parse_line(line)
        if request is not None:
            ids.append(request.id)
            if request.name == "quit":
                break
    return ids


def faults(data: bytes, output: bytes) -> list[str]:
    """What is wrong with the replies to some input: missing or doubled ones, wrong ids, internal errors."""
    ids = expected_replies(data)
    text = output.decode("utf-8", "surrogateescape")
    if not ids:
        return [f"replies to nothing: {text!r}"] if text else []
    if not text.endswith("\n\n"):
        return [f"the last reply is not closed by a blank line: {text[-80:]!r}"]
    replies = text[:-2].split("\n\n")
    found = []
    if len(replies) != len(ids):
        found.append(f"{len(ids)} requests, {len(replies)} replies")
    for number, reply in zip(ids, replies, strict=False):
        head = reply.split("\n")[0]
        if not re.match(rf"[=?]{number}( |$)", head):
            found.append(f"reply {head!r} to a request with id {number!r}")
        if "internal error" in reply:
            found.append(reply)
        if "\r" in reply or any(line.endswith(" ") for line in reply.split("\n")):
            found.append(f"carriage return or trailing space in {reply!r}")
    return found
