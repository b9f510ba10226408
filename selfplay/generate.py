"""`ponnuki selfplay`: games of one net into a folder, without a loop."""

from __future__ import annotations

import threading
import time
from pathlib import Path

from ponnuki.selfplay import unfinished
from ponnuki.selfplay.crew import Crew
from ponnuki.selfplay.report import LoopLog
from ponnuki.selfplay.store import GameStore
from ponnuki.selfplay.stream import GameStream
from ponnuki.selfplay.worker import NetFile


def generate(crew: Crew, net: Path, out: Path, games: int, stop: threading.Event, log: LoopLog) -> GameStore:
    """Play until the folder holds so many games, or `stop` is set; the games that have ended lie in `out`/0000.

    Raises:
        WeightsError, ConfigError: the net cannot be used.
        RecordError: a game cannot be written.
    """
    store = GameStore(out)
    stream = GameStream(crew, log.say)
    stream.use(NetFile(net.stem, net.read_bytes()))
    with unfinished.gone_on_with(out / UNFINISHED, stream):
        began, before = time.monotonic(), store.positions()
        while not stop.is_set() and store.games() < games:
            for finished in stream.poll():
                store.add(GENERATION, finished)
            store.gather(GENERATION)
            rate = 3600 * (store.positions() - before) / max(1.0, time.monotonic() - began)
            what = f"{store.games()} of {games} games, {store.positions()} positions to learn from, {rate:,.0f} an hour"
            log.progress(what, store.games(), games)
    for finished in stream.drain():
        store.add(GENERATION, finished)
    store.gather(GENERATION, all_of_them=True)
    unfinished.keep(out / UNFINISHED, stream.pause())
    log.end_progress()
    return store


GENERATION = 0
"""The folder that the games go to."""

UNFINISHED = "unfinished"
"""The folder of those in progress."""

