"""What a training run shows: a progress bar on a terminal, plain lines elsewhere, and TensorBoard events."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from torch import Tensor
from torch.utils.tensorboard import SummaryWriter

LINE_INTERVAL_S = 30.0
BAR_INTERVAL_S = 1.0


class RunLog:
    """Collects loss terms between lines, so that a step costs no synchronisation with the device."""

    def __init__(self, folder: Path, say: Callable[[str], None] | None = None) -> None:
        """`say` takes whole lines instead of standard error."""
        self._console = Console(file=sys.stderr, highlight=False, soft_wrap=True)
        self._say = say
        self._bar = self._progress_bar() if say is None and self._console.is_terminal else None
        self._writer = SummaryWriter(str(folder / "tensorboard"))
        self._sums: dict[str, Tensor] = {}
        self._rows = self._steps = 0
        self._began = time.monotonic()

    def _progress_bar(self) -> Progress:
        percentage, text = TextColumn("{task.percentage:>5.1f}%"), TextColumn("{task.description}")
        bar = Progress(BarColumn(), percentage, TimeElapsedColumn(), text, console=self._console)
        bar.add_task("", total=1.0)
        return bar

    def __enter__(self) -> RunLog:
        if self._bar is not None:
            self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.stop()
        self._writer.close()

    def say(self, line: str) -> None:
        if self._say is not None:
            self._say(line)
        else:
            self._console.print(line, markup=False)

    def step(
        self, step: int, seen: int, progress: float, size: int, rows: int, rate: float, terms: dict[str, Tensor]
    ) -> None:
        """Note one step; now and then print and log the means since the last time."""
        for name, term in terms.items():
            self._sums[name] = self._sums[name] + term if name in self._sums else term
        self._rows += rows
        self._steps += 1
        waited = time.monotonic() - self._began
        if waited < (LINE_INTERVAL_S if self._bar is None else BAR_INTERVAL_S):
            return
        means = {name: float(total) / self._steps for name, total in self._sums.items()}
        speed = self._rows / waited
        for name, value in {**means, "learning_rate": rate, "positions_per_s": speed}.items():
            self._writer.add_scalar(f"train/{name}", value, step)
        self._show(step, seen, progress, means, speed)
        self._sums, self._rows, self._steps, self._began = {}, 0, 0, time.monotonic()

    def _show(self, step: int, seen: int, progress: float, means: dict[str, float], speed: float) -> None:
        shown = "  ".join(f"{name} {value:.3f}" for name, value in means.items())
        if self._bar is not None:
            description = f"step {step}  {seen / 1e6:.2f} M  {speed:.0f}/s  {shown}"
            self._bar.update(self._bar.task_ids[0], completed=progress, description=description)
        else:
            self.say(f"{progress:6.1%}  step {step}  {seen / 1e6:.2f} M positions  {speed:.0f}/s  {shown}")

    def leave_out(self, seconds: float) -> None:
        """Time just spent that is no part of the speed shown."""
        self._began += seconds

    def boards(self, step: int, group: str, picture: NDArray[np.uint8]) -> None:
        """Sample boards of one group, uint8[height, width, 3]."""
        self._writer.add_image(f"valid {group}/boards", picture, step, dataformats="HWC")

    def figures(self, step: int, group: str, values: dict[str, Any]) -> None:
        """Validation figures of one group."""
        for name, value in values.items():
            self._writer.add_scalar(f"valid {group}/{name}", value, step)
        self.say(f"valid {group}: " + "  ".join(f"{name} {value:.4g}" for name, value in values.items()))
