"""Progress of long work over files or games: a bar on a terminal, plain lines elsewhere; all on stderr."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Sequence
from typing import TextIO, TypeVar

Item = TypeVar("Item")

LINE_INTERVAL_S = 10.0
"""Seconds between two plain lines."""


def with_progress(items: Sequence[Item], what: str, stream: TextIO | None = None) -> Iterator[Item]:
    """Yield the items, showing how many of them are done; `what` names the work, such as `reading SGF files`."""
    stream = stream or sys.stderr
    return _with_bar(items, what, stream) if stream.isatty() else _with_lines(items, what, stream)


def _with_bar(items: Sequence[Item], what: str, stream: TextIO) -> Iterator[Item]:
    from rich.console import Console
    from rich.progress import track

    yield from track(items, description=what, console=Console(file=stream), transient=True)


def _with_lines(items: Sequence[Item], what: str, stream: TextIO) -> Iterator[Item]:
    last = time.monotonic()
    for done, item in enumerate(items):
        if time.monotonic() - last >= LINE_INTERVAL_S:
            last = time.monotonic()
            print(f"{what}: {done} of {len(items)}", file=stream, flush=True)
        yield item
