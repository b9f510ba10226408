"""The Go Text Protocol, version 2, without any knowledge of Go.

A line of text becomes a `Request` (or nothing), a `Dispatcher` hands it to a handler, and the outcome becomes the text
of a reply. No pipes here: `streams` moves bytes, `session` runs the loop.

    [id] name [argument …]   →   =[id] text   or   ?[id] message,   each closed by one blank line

Section numbers are those of the GTP 2 draft (Farnebäck, 2002).
"""

from __future__ import annotations

import re
import threading
import traceback
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from .notices import notice

_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f\ufeff]")
"""Control characters other than tab and newline (section 2.4), and the byte-order mark that some shells send first."""


class GtpError(Exception):
    """A command that fails: the message becomes the reply ``? message``."""


class LineStream:
    """Lines of a reply that are sent before its end, below its ``=``; kept until they are connected to a client."""

    def __init__(self, number: str = "") -> None:
        self._number = number
        self._send: Callable[[str], None] | None = None
        self._kept = ""
        self.begun = False
        """Whether the ``=`` of the reply is out, so that it cannot become a failure any more."""

    def connect(self, send: Callable[[str], None]) -> None:
        """Send lines with this from now on."""
        self._send = send

    def begin(self) -> None:
        """Say that the command was accepted."""
        if not self.begun:
            self.begun = True
            self._put(f"={self._number}\n")

    def line(self, text: str) -> None:
        """Send one line."""
        self.begin()
        self._put(f"{text}\n")

    def kept(self) -> str:
        """What was never sent."""
        return self._kept

    def _put(self, text: str) -> None:
        if self._send is None:
            self._kept += text
        else:
            self._send(text)


@dataclass(frozen=True)
class Request:
    """One command line, parsed."""

    id: str
    """The digits that precede the command, as sent, or an empty string."""
    name: str
    arguments: tuple[str, ...] = ()
    interrupt: threading.Event = field(default_factory=threading.Event, compare=False, repr=False)
    """Set, from another thread, when the client asks for the answer at once."""
    superseded: threading.Event = field(default_factory=threading.Event, compare=False, repr=False)
    """Set, from another thread, when a further line has come in, or nothing more will."""
    stream: LineStream = field(default_factory=LineStream, compare=False, repr=False)
    """For what is to be sent while the command is at work."""


@dataclass(frozen=True)
class Reply:
    """What goes back to the client; `ends_session` after ``quit``."""

    text: str
    ends_session: bool = False


Handler = Callable[[Request], str | None]
"""Answers one command: returns the text of the reply (nothing: an empty one) or raises `GtpError`."""


def clean_line(line: str) -> str:
    """A line without control characters and comment, tabs made spaces (section 2.4)."""
    return _CONTROL.sub("", line).partition("#")[0].replace("\t", " ").strip()


def parse_line(line: str) -> Request | None:
    """The request on a line; None where the line holds nothing but space and comment.

    A line of digits alone is a request with an id and an empty name, so that it too gets its reply.
    """
    words = clean_line(line).split()
    if not words:
        return None
    number = words.pop(0) if words[0].isascii() and words[0].isdigit() else ""
    name = words.pop(0) if words else ""
    return Request(number, name, tuple(words), stream=LineStream(number))


def format_reply(number: str, text: str, *, success: bool) -> str:
    """The reply as sent: ``=`` or ``?``, id, text, and exactly one blank line, at the end.

    A blank line closes a reply, so blank lines inside `text` are dropped; a leading newline stays, which puts the first
    line of a diagram under the ``=``. Control characters are dropped too, and trailing spaces.
    """
    starts_below = text.startswith("\n")
    lines = [line.rstrip() for line in _CONTROL.sub("", text).split("\n")]
    body = "\n".join(line for line in lines if line)
    separator = "" if not body else "\n" if starts_below else " "
    return f"{'=' if success else '?'}{number}{separator}{body}\n\n"


def format_end(text: str) -> str:
    """The end of a reply whose first lines are out: perhaps some more, and the blank line."""
    lines = "".join(f"{line}\n" for line in _CONTROL.sub("", text).split("\n") if line)
    return f"{lines}\n"


class ClosedPipe(Exception):
    """The client no longer reads."""


class Dispatcher:
    """A dictionary of handlers, and the commands that are about that dictionary (section 6.3.1 and quit)."""

    def __init__(self, handlers: dict[str, Handler]) -> None:
        self._handlers: dict[str, Handler] = {
            "known_command": self._known_command,
            "list_commands": self._list_commands,
            "quit": lambda request: None,
        }
        self._handlers.update(handlers)

    @property
    def names(self) -> list[str]:
        """The commands that this dispatcher answers, sorted."""
        return sorted(self._handlers)

    def answer(self, request: Request) -> Reply:
        """Run the handler of a request; whatever it raises becomes a failure reply.

        An exception other than `GtpError` is a bug: the client gets ``? internal error``, stderr the traceback.

        Raises:
            ClosedPipe: the client went away in the middle of an answer.
        """
        handler = self._handlers.get(request.name)
        if handler is None:
            return Reply(format_reply(request.id, "unknown command", success=False))
        try:
            text = handler(request) or ""
        except GtpError as error:
            return self._failure(request, str(error))
        except ClosedPipe:
            raise
        except Exception:
            notice(f"internal error in GTP command {request.name!r}\n{traceback.format_exc().rstrip()}")
            return self._failure(request, "internal error")
        if request.stream.begun:
            return Reply(request.stream.kept() + format_end(text))
        return Reply(format_reply(request.id, text, success=True), ends_session=request.name == "quit")

    def _failure(self, request: Request, message: str) -> Reply:
        """A failure reply, or the end of one that has begun as a success."""
        if request.stream.begun:
            return Reply(request.stream.kept() + format_end(""))
        return Reply(format_reply(request.id, message, success=False))

    def _known_command(self, request: Request) -> str:
        if len(request.arguments) != 1:
            raise GtpError("syntax error: known_command takes one command name")
        return "true" if request.arguments[0] in self._handlers else "false"

    def _list_commands(self, request: Request) -> str:
        return "\n".join(self.names)


def converse(dispatcher: Dispatcher, requests: Iterable[Request], send: Callable[[str], None]) -> bool:
    """Answer requests in turn until ``quit`` or their end; whether it was ``quit``."""
    for request in requests:
        request.stream.connect(send)
        reply = dispatcher.answer(request)
        send(reply.text)
        if reply.ends_session:
            return True
    return False
