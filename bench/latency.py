"""How soon an analysis speaks, how often, and how soon it falls silent: `ponnuki gtp` as a program sees it."""

from __future__ import annotations

import queue
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from statistics import median
from typing import Any

from ponnuki.engine.errors import PonnukiError

ANALYSES = 20
"""Analyses started and stopped."""

WATCHED_S = 1.0
"""How long the lines of one of them are counted."""

PATIENCE_S = 600.0
"""For one line; compiling all kernels on a slow machine takes minutes."""


class Conversation:
    """An engine's process and its lines, each with the time of its arrival."""

    def __init__(self, command: Sequence[str]) -> None:
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        self._lines: queue.SimpleQueue[tuple[float, str]] = queue.SimpleQueue()
        self._said: list[str] = []
        for target in (self._read, self._listen):
            threading.Thread(target=target, daemon=True).start()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._lines.put((time.perf_counter(), line))
        self._lines.put((time.perf_counter(), ""))

    def _listen(self) -> None:
        assert self._process.stderr is not None
        self._said.extend(self._process.stderr)

    def send(self, line: str) -> float:
        """Send a line; the time when it was sent."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{line}\n")
        now = time.perf_counter()
        self._process.stdin.flush()
        return now

    def line(self) -> tuple[float, str]:
        """The next line and when it came.

        Raises:
            PonnukiError: the engine has ended.
        """
        came, line = self._lines.get(timeout=PATIENCE_S)
        if not line:
            raise PonnukiError(f"the engine ended: {' '.join(self._said[-1:]).strip()}")
        return came, line

    def until_info(self) -> float:
        """When the next line of an analysis came."""
        while True:
            came, line = self.line()
            if line.startswith("info "):
                return came

    def until_end(self) -> float:
        """When the blank line came that closes a reply."""
        while True:
            came, line = self.line()
            if line == "\n":
                return came

    def __enter__(self) -> Conversation:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.communicate()


def measure_latency(size: int, options: Sequence[str]) -> dict[str, Any]:
    """`first_line_ms` and `stop_ms`, medians over some analyses of a warm engine, their worst (`…_worst_ms`), and
    `analysis_lines_per_s` where a line is wanted each centisecond.

    Args:
        options: of `ponnuki gtp`: weights and threads.

    Raises:
        PonnukiError: the engine ended.
    """
    with Conversation([sys.executable, "-m", "ponnuki.cli.main", "gtp", *options]) as engine:
        engine.send(f"boardsize {size}")
        engine.until_end()
        engine.send("lz-analyze 1")
        engine.until_info()
        firsts, stops = [], []
        for _ in range(ANALYSES):
            engine.send("clear_board")
            engine.until_end()
            engine.until_end()
            sent = engine.send("kata-analyze 1 ownership true")
            firsts.append(1000 * (engine.until_info() - sent))
            time.sleep(0.05)
            sent = engine.send("stop")
            stops.append(1000 * (engine.until_end() - sent))
            engine.until_end()
            engine.send("lz-analyze 1")
            engine.until_info()
        begin, lines = engine.until_info(), 0
        while (came := engine.until_info()) - begin < WATCHED_S:
            lines += 1
    return {
        "first_line_ms": median(firsts),
        "first_line_worst_ms": max(firsts),
        "stop_ms": median(stops),
        "stop_worst_ms": max(stops),
        "analysis_lines_per_s": lines / (came - begin),
    }
