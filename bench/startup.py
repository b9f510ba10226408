"""How long a new `ponnuki gtp` process takes to answer, and how much memory it then holds."""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

from ponnuki.arena.failures import EngineFailure, Failure
from ponnuki.arena.gtp_client import GtpClient

WARM_RUNS = 3
PATIENCE_S = 600.0
"""For one reply; compiling all kernels on a slow machine takes minutes."""


class Start(NamedTuple):
    """Seconds from spawning the process to its replies, and its memory after the second one."""

    first_reply_s: float
    """To `protocol_version`."""
    first_genmove_s: float
    """To the first move, which is limited to one playout."""
    rss_mb: float | None


def measure_start_up(size: int, options: Sequence[str]) -> dict[str, Any]:
    """`cold_…` with an empty kernel cache, then `warm_…` with the one just filled (medians), and `rss_mb`.

    Args:
        options: of `ponnuki gtp`: weights and threads.
    """
    with tempfile.TemporaryDirectory(prefix="ponnuki-bench-", ignore_cleanup_errors=True) as cache:
        environment = {**os.environ, "PONNUKI_CACHE_DIR": cache}
        cold = start_engine(size, options, environment)
        warm = [start_engine(size, options, environment) for _ in range(WARM_RUNS)]
    return {
        "warm_first_reply_s": median(start.first_reply_s for start in warm),
        "warm_first_genmove_s": median(start.first_genmove_s for start in warm),
        "cold_first_reply_s": cold.first_reply_s,
        "cold_first_genmove_s": cold.first_genmove_s,
        "rss_mb": warm[-1].rss_mb,
    }


def start_engine(size: int, options: Sequence[str], environment: Mapping[str, str] | None) -> Start:
    """Start an engine, ask for its first reply and its first move, and quit it.

    Raises:
        EngineFailure: it went away or refused; what it said last is in the message.
    """
    command = [sys.executable, "-m", "ponnuki.cli.main", "gtp", "--playouts", "1", *options]
    client = GtpClient(command, environment)
    begin = time.perf_counter()
    with client:
        _ask(client, "protocol_version")
        first_reply_s = time.perf_counter() - begin
        _ask(client, f"boardsize {size}")
        _ask(client, "genmove black")
        first_genmove_s = time.perf_counter() - begin
        return Start(first_reply_s, first_genmove_s, rss_mb(client.pid))


def _ask(client: GtpClient, command: str) -> None:
    reply = client.send(command, PATIENCE_S)
    if not reply.ok:
        raise EngineFailure(Failure.REFUSED, f"`ponnuki gtp` answered {command!r} with: {reply.text}")


def rss_mb(pid: int | None) -> float | None:
    """Resident memory of a process in MB (10⁶ bytes); None where neither psutil nor /proc tells."""
    try:
        import psutil

        return float(psutil.Process(pid).memory_info().rss) / 1e6
    except ImportError:
        pass
    status = Path(f"/proc/{pid}/status")
    if status.exists():
        for line in status.read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) * 1024 / 1e6
    return None
