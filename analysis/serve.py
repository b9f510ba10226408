"""`ponnuki analysis`: the analysis engine on stdin and stdout."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, BinaryIO

from ponnuki.engine.config import PlayerSettings
from ponnuki.engine.rules import Rules
from ponnuki.gtp.loading import Loader, load_evaluators
from ponnuki.gtp.streams import Log, split_lines
from ponnuki.gtp.summaries import open_log

CHUNK_BYTES = 65536


@dataclass(frozen=True)
class Start:
    """What the engine starts with."""

    settings: PlayerSettings
    rules: Rules
    perspective: str
    """BLACK, WHITE or SIDETOMOVE."""
    weights: Path | None
    """The net's file, None to analyse by rollouts."""
    size: int
    """The board size that is to be expected."""
    log: Path | None = None
    wait: bool = True
    """Whether all is answered after the input has ended."""


def serve(start: Start) -> int:
    """Answer queries until the input ends.

    Raises:
        ConfigError: the log cannot be written.
    """
    traffic = open_log(start.log)
    output = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # whatever else writes to stdout must not disturb the protocol
    loader = Loader(lambda: load_evaluators(start.weights, start.size, start.settings))
    loader.start()
    loader.wait_for_kernels()
    from .engine import AnalysisEngine
    from .query import Defaults

    search = start.settings.search
    share_mb = max(1.0, search.max_tree_mb / start.settings.threads)  # each worker has trees of its own
    search = replace(search, max_tree_mb=share_mb)
    defaults = Defaults(start.settings.limits, search, start.rules, start.perspective)
    engine = AnalysisEngine(
        loader.evaluator,
        start.settings,
        defaults,
        lambda reply: _write(output, traffic, reply),
        start.settings.threads,
        traffic.note,
    )
    for line in split_lines(lambda: os.read(sys.stdin.fileno(), CHUNK_BYTES)):
        traffic.write(">>", line)
        engine.handle(line)
    if start.wait:
        engine.finish()
    sys.stderr.flush()
    os._exit(0)  # without waiting for threads that load or search


def _write(output: BinaryIO, traffic: Log, reply: dict[str, Any]) -> None:
    text = json.dumps(reply)
    traffic.write("<<", text)
    try:
        output.write(text.encode() + b"\n")
        output.flush()
    except OSError:  # nobody reads any more
        os._exit(0)
