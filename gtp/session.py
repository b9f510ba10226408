"""A GTP session: pipes, table and commands put together.

`Session` needs no process: tests give it bytes and a buffer. `serve` is `ponnuki gtp`.
"""

from __future__ import annotations

import contextlib
import os
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO, NoReturn

from .commands import handlers
from .loading import Loader, load_evaluators
from .protocol import ClosedPipe, Dispatcher, converse
from .streams import Inbox, Outbox, split_lines
from .summaries import open_log
from .table import Backstage, SessionSettings, Table

CHUNK_BYTES = 65536

INTERRUPTED = 130
"""Exit code after Ctrl-C, as shells have it."""


class Session:
    """One client's session, from its first command to ``quit``."""

    def __init__(self, settings: SessionSettings, backstage: Backstage) -> None:
        """Set up the table and open the log.

        Raises:
            ConfigError: a setting is not accepted, or the log cannot be written.
        """
        self._log = open_log(settings.log)
        self._table = Table(settings, backstage, self._log.note)
        self._dispatcher = Dispatcher(handlers(self._table))

    def run(self, read: Callable[[], bytes], output: BinaryIO) -> None:
        """Answer commands until ``quit``, the end of the input, or until nobody reads the replies.

        Args:
            read: returns the next bytes of input, none at its end; called from a thread of its own.
            output: replies are written here and flushed one by one.
        """
        inbox = Inbox(split_lines(read), self._log)
        inbox.start()
        with contextlib.closing(self._log), contextlib.suppress(ClosedPipe):
            converse(self._dispatcher, inbox, Outbox(output, self._log).send)
        self._table.rest()


def serve(settings: SessionSettings, weights: Path | None) -> NoReturn:
    """Play on stdin and stdout, then end the process.

    The process ends without the interpreter's farewell: a thread may still be compiling kernels or reading stdin, and
    a client that has said ``quit`` kills an engine that lingers (Sabaki after three seconds).

    Args:
        weights: the net's file, None to play by rollouts.

    Raises:
        ConfigError: a setting is not accepted, or the log cannot be written.
    """
    loader = Loader(lambda: load_evaluators(weights, settings.size, settings.player))
    session = Session(settings, loader)
    output = _claim_stdout()
    loader.start()
    code = 0
    try:
        session.run(lambda: os.read(sys.stdin.fileno(), CHUNK_BYTES), output)
    except KeyboardInterrupt:
        code = INTERRUPTED
    except BaseException:
        traceback.print_exc()
        code = 1
    sys.stderr.flush()
    os._exit(code)


def _claim_stdout() -> BinaryIO:
    """Stdout for the protocol alone: whatever else writes there, a C library included, ends up on stderr."""
    sys.stdout.flush()
    output = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    with contextlib.suppress(OSError):  # a closed stderr
        os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    return output
