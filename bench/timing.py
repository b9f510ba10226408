"""Rates by the wall clock."""

from __future__ import annotations

import time
from collections.abc import Callable


def rate(work: Callable[[], int], seconds: float) -> float:
    """Units a second that `work` gets through, called once and then again until `seconds` have gone by.

    Args:
        work: does something and returns how many units that was. Call it once before, so that kernels are compiled.
    """
    units = 0
    begin = time.perf_counter()
    while True:
        units += work()
        elapsed = time.perf_counter() - begin
        if elapsed >= seconds:
            return units / elapsed
