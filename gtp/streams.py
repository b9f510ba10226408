"""Bytes in, bytes out: lines from a pipe, replies into a pipe, and the log of both.

Portable: a thread blocks on reading (no select, no signals), and nothing here takes the lock of `sys.stdin`, so that
the process can end while that thread still waits.
"""

from __future__ import annotations

import contextlib
import queue
import threading
from collections import deque
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

from ponnuki.engine.errors import ConfigError

from .protocol import ClosedPipe, Request, parse_line

MAX_LINE_BYTES = 1 << 20
"""What exceeds this in one line is dropped, so that a stream without newlines cannot fill the memory."""

INTERRUPT_COMMENT = "# interrupt"
"""The comment line by which GoGui asks for the answer of the running command at once."""


def split_lines(read: Callable[[], bytes]) -> Iterator[str]:
    """Lines, without their newline, from a function that returns the next bytes (none at the end).

    Bytes that are not UTF-8 survive as surrogate escapes, so that a file name in another encoding stays itself. A last
    line without newline counts.
    """
    pending = b""
    while chunk := read():
        *lines, pending = (pending + chunk).split(b"\n")
        for line in lines:
            yield line[:MAX_LINE_BYTES].decode("utf-8", "surrogateescape")
        pending = pending[:MAX_LINE_BYTES]
    if pending:
        yield pending.decode("utf-8", "surrogateescape")


class Log:
    """A file of the traffic, each line with its time and direction; a log without a path writes nothing."""

    def __init__(self, path: Path | None) -> None:
        self._lock = threading.Lock()
        try:
            self._file = path.open("a", encoding="utf-8", errors="backslashreplace") if path else None
        except OSError as error:
            raise ConfigError(f"cannot write the log {path}: {error.strerror or error}") from error

    def write(self, direction: str, text: str) -> None:
        """Note every line of `text`, ``>>`` from the client, ``<<`` to it or ``--`` for neither; a full disk is no
        reason to stop.
        """
        if self._file is None:
            return
        now = datetime.now().isoformat(timespec="milliseconds")
        with self._lock, contextlib.suppress(OSError, ValueError):
            for line in text.rstrip("\n").split("\n"):
                self._file.write(f"{now} {direction} {line}\n")
            self._file.flush()

    def note(self, text: str) -> None:
        """Note what is neither sent nor received."""
        self.write("--", text)

    def close(self) -> None:
        """Close the file; what is written later is lost."""
        if self._file is not None:
            with self._lock:
                self._file.close()


class Inbox:
    """Requests in the order of their arrival, read by a thread of its own from a stream of lines.

    Reading ahead is what lets a client interrupt a command that is still being answered.
    """

    def __init__(self, lines: Iterator[str], log: Log) -> None:
        self._lines = lines
        self._log = log
        self._queue: queue.SimpleQueue[Request | None] = queue.SimpleQueue()
        self._unanswered: deque[Request] = deque()
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._read, name="gtp-input", daemon=True)

    def start(self) -> None:
        """Begin to read."""
        self._thread.start()

    def _read(self) -> None:
        try:
            for line in self._lines:
                self._log.write(">>", line.rstrip("\r"))
                self._take(line)
        except (OSError, ValueError):  # the pipe broke or was closed under us: the same as its end
            pass
        finally:
            self._supersede()
            self._queue.put(None)

    def _take(self, line: str) -> None:
        if line.strip().lower() == INTERRUPT_COMMENT:
            self._interrupt()
        self._supersede()
        request = parse_line(line)
        if request is not None:
            with self._lock:
                self._unanswered.append(request)
            self._queue.put(request)

    def _interrupt(self) -> None:
        """Interrupt what the client has sent so far, whether it is being answered or still waits its turn."""
        with self._lock:
            for request in self._unanswered:
                request.interrupt.set()

    def _supersede(self) -> None:
        """Tell what the client has sent so far that something follows."""
        with self._lock:
            for request in self._unanswered:
                request.superseded.set()

    def __iter__(self) -> Iterator[Request]:
        """Requests until the stream ends; asking for the next one says that the last one is answered."""
        while (request := self._queue.get()) is not None:
            yield request
            with self._lock:
                self._unanswered.popleft()


class Outbox:
    """Replies into a binary stream, flushed one by one, with bare newlines on every system."""

    def __init__(self, stream: BinaryIO, log: Log) -> None:
        self._stream = stream
        self._log = log

    def send(self, text: str) -> None:
        """Write and flush.

        Raises:
            ClosedPipe: nobody reads any more.
        """
        self._log.write("<<", text)
        try:
            self._stream.write(text.encode("utf-8", "surrogateescape"))
            self._stream.flush()
        except (OSError, ValueError) as error:
            raise ClosedPipe from error
