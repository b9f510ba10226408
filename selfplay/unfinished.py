"""The games in progress of a run that was stopped: kept until the run goes on.

    9x9.npz      a shard of all games of one size, as in `records.format`; its `meta` says what else there is to know

They are taken away when they are gone on with, so that no game is played to its end twice.
"""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ponnuki.engine.errors import RecordError
from ponnuki.records.games import ShardBuilder, read_game
from ponnuki.records.shards import read_shard, write_shard
from ponnuki.selfplay.playing import Progress, Resignation, Unfinished

_log = logging.getLogger("ponnuki.selfplay")


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
        write_shard(folder / f"{size}x{size}.npz", builder.build())


def take(folder: Path) -> list[Unfinished]:
    """The games that `keep` wrote, which are then gone from the folder; a file that cannot be read is warned of."""
    games: list[Unfinished] = []
    for path in sorted(folder.glob("*.npz")):
        try:
            shard = read_shard(path)
            progress = [_progress(table) for table in shard.meta["progress"]]
            games += [Unfinished(read_game(shard, index), item) for index, item in enumerate(progress)]
        except (RecordError, KeyError, TypeError) as error:
            _log.warning("%s: the games in progress cannot be read: %s", path, error)
        path.unlink(missing_ok=True)
    return games


def _progress(table: dict[str, Any]) -> Progress:
    """From JSON, which knows no whole numbers as keys."""
    resignation = dict(table["resignation"])
    resignation["low"] = {int(colour): count for colour, count in resignation["low"].items()}
    return Progress(**{**table, "resignation": Resignation(**resignation)})
