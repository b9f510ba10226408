"""Stopping long work by a signal, with its work saved."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Iterator
from typing import Any


@contextlib.contextmanager
def stopped_by_signals() -> Iterator[threading.Event]:
    """An event that the first Ctrl-C or SIGTERM sets; a second Ctrl-C interrupts as usual. Main thread only."""
    stop = threading.Event()
    before: dict[int, Any] = {}

    def ask(number: int, _frame: Any) -> None:
        stop.set()
        signal.signal(number, before[number])

    for watched in (signal.SIGINT, signal.SIGTERM):
        before[watched] = signal.signal(watched, ask)
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
