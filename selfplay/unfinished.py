"""The games in progress of a run that was stopped: kept until the run goes on.

    9x9.unfinished    a shard of all games of one size (`records.format`); its `meta` says what else there is to know

The files are no .npz, since they are not to be learnt from: nobody knows yet who wins. They are taken away when they
are gone on with, so that no game is played to its end twice.
"""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from ponnuki.engine.errors import RecordError
from ponnuki.records.games import ShardBuilder, read_game
from ponnuki.records.shards import read_shard, write_shard
from ponnuki.selfplay.playing import Progress, Resignation, Unfinished
from ponnuki.selfplay.store import set_aside
from ponnuki.selfplay.stream import GameStream

SUFFIX = ".unfinished"


@contextlib.contextmanager
def gone_on_with(folder: Path, stream: GameStream) -> Iterator[None]:
    """Around self-play: the games in progress in a folder go to the stream, and back if it fails before they begin."""
    stream.resume(take(folder))
    try:
        yield
    except BaseException:
        keep(folder, stream.waiting)
        raise


def keep(folder: Path, games: Sequence[Unfinished]) -> None:
    """Write games in progress.

    Raises:
        RecordError: they cannot be written.
    """
    for size in sorted({game.record.size for game in games}):
        of_size = [game for game in games if game.record.size == size]
        builder = ShardBuilder(size, {"progress": [dataclasses.asdict(game.progress) for game in of_size]})
        for game in of_size:
            builder.add(game.record)
        write_shard(folder / f"{size}x{size}{SUFFIX}", builder.build())


def take(folder: Path) -> list[Unfinished]:
    """The games that `keep` wrote, which are then gone from the folder; a file that cannot be read is set aside."""
    games: list[Unfinished] = []
    for path in sorted(folder.glob(f"*{SUFFIX}")):
        try:
            shard = read_shard(path)
            progress = [_progress(table) for table in shard.meta["progress"]]
            games += [Unfinished(read_game(shard, index), item) for index, item in enumerate(progress)]
        except (RecordError, KeyError, TypeError) as error:
            set_aside(path, f"{path}: the games in progress cannot be read: {error}")
        else:
            path.unlink()
    return games


def _progress(table: dict[str, Any]) -> Progress:
    """From JSON, which knows no whole numbers as keys."""
    resignation = dict(table["resignation"])
    resignation["low"] = {int(colour): count for colour, count in resignation["low"].items()}
    return Progress(**{**table, "resignation": Resignation(**resignation)})
