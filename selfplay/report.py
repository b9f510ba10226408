"""What the loop shows: a bar on a terminal, plain lines elsewhere, the same lines in `loop.log`, and TensorBoard."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

LINE_INTERVAL_S = 30.0


class LoopLog:
    """Lines, bars and scalars of a run."""

    def __init__(self, log: Path, tensorboard: Path) -> None:
        self._log = log
        self._tensorboard = tensorboard
        self._writer: Any = None
        self._console = Console(file=sys.stderr, highlight=False, soft_wrap=True)
        self._bar: Progress | None = None
        self._last_line = time.monotonic()

    def __enter__(self) -> LoopLog:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.end_progress()
        if self._writer is not None:
            self._writer.close()

    @property
    def terminal(self) -> bool:
        """Whether bars are shown."""
        return self._console.is_terminal

    def say(self, line: str) -> None:
        """Show a line, and keep it."""
        self._console.print(line, markup=False)
        with contextlib.suppress(OSError):  # a full disk must not stop us from saying so
            self._log.parent.mkdir(parents=True, exist_ok=True)
            with self._log.open("a", encoding="utf-8") as file:
                file.write(f"{datetime.now().isoformat(' ', 'seconds')}  {line}\n")

    def progress(self, what: str, done: float, total: float) -> None:
        """Show how far a phase is; now and then a line where there is no terminal."""
        if self.terminal:
            if self._bar is None:
                columns = TextColumn("{task.description}"), BarColumn(), TextColumn("{task.percentage:>5.1f}%")
                self._bar = Progress(*columns, TimeElapsedColumn(), console=self._console, transient=True)
                self._bar.add_task("", total=1.0)
                self._bar.start()
            self._bar.update(self._bar.task_ids[0], completed=min(1.0, done / total), description=what)
        elif time.monotonic() - self._last_line >= LINE_INTERVAL_S:
            self._last_line = time.monotonic()
            self.say(f"{done / total:6.1%}  {what}")

    def end_progress(self) -> None:
        """The phase is over."""
        if self._bar is not None:
            self._bar.stop()
            self._bar = None
        self._last_line = time.monotonic()

    def scalars(self, step: int, values: Mapping[str, float]) -> None:
        """Write to TensorBoard, where it is installed."""
        if self._writer is None:
            try:
                from torch.utils.tensorboard import SummaryWriter
            except ImportError:
                return
            self._writer = SummaryWriter(str(self._tensorboard))  # type: ignore[no-untyped-call]
        for name, value in values.items():
            self._writer.add_scalar(name, value, step)
        self._writer.flush()
