"""The games of a run on disk: every game is written as soon as it has ended, small files are put together later.

    games/0007/9x9-00003.npz        a shard of many games of one size
    games/0007/new/<name>.npz       a shard of one game

A shard's `meta` names the small files that went into it (`parts`), so that a kill between writing the one and removing
the others leaves no game twice: what is in a shard already is removed when the folder is next opened.
"""

from __future__ import annotations

import contextlib
import logging
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ponnuki.engine.errors import RecordError
from ponnuki.records.games import ShardBuilder, read_game
from ponnuki.records.shards import read_header, read_shard, write_shard
from ponnuki.selfplay.playing import Finished

GAMES_TOGETHER = 64
"""Games of a shard."""

NEW = "new"
DAMAGED = ".damaged"
"""Added to the name of a file that cannot be read."""

_log = logging.getLogger("ponnuki.selfplay")


@dataclass(frozen=True)
class StoredShard:
    """One file."""

    path: Path
    generation: int
    games: int
    positions: int
    """Those that are learnt from."""


class GameStore:
    """The games of a run, by generation."""

    def __init__(self, folder: Path, mend: bool = True) -> None:
        """Open a folder.

        Args:
            mend: whether what a kill left half done is put right, and what cannot be read is set aside with a warning;
                False where somebody else is at work in the folder.
        """
        self.folder = folder
        self._mend = mend
        self._shards: dict[Path, StoredShard] = {}
        for path in sorted(folder.glob("*/*.npz")):
            if self._look_at(path) and mend:
                self._remove_parts_of(path)
        for path in sorted(folder.glob(f"*/{NEW}/*.npz")):
            self._look_at(path)
        for leftover in folder.glob("**/.*.tmp") if mend else ():
            leftover.unlink(missing_ok=True)

    @property
    def shards(self) -> list[StoredShard]:
        """All files, the newest generation first."""
        return sorted(self._shards.values(), key=lambda shard: (-shard.generation, shard.path.name))

    def games(self, generation: int | None = None) -> int:
        """Games of a generation, or of all."""
        return sum(s.games for s in self._shards.values() if generation in (None, s.generation))

    def positions(self, generation: int | None = None) -> int:
        """Positions to learn from of a generation, or of all."""
        return sum(s.positions for s in self._shards.values() if generation in (None, s.generation))

    def add(self, generation: int, finished: Finished) -> None:
        """Write a game that has ended.

        Raises:
            RecordError: it cannot be written; nothing has changed.
        """
        builder = ShardBuilder(finished.record.size, _meta(finished))
        builder.add(finished.record)
        size = finished.record.size
        path = self._generation(generation) / NEW / f"{size}x{size}-{uuid.uuid4().hex[:12]}.npz"
        write_shard(path, builder.build())
        self._shards[path] = StoredShard(path, generation, 1, finished.learnt)

    def gather(self, generation: int, all_of_them: bool = False) -> None:
        """Put small files together where there are enough for a shard; with `all_of_them` whatever there is.

        Raises:
            RecordError: a shard cannot be written; nothing has changed.
        """
        by_size: dict[str, list[Path]] = {}
        for path in self._shards:
            if path.parent.name == NEW and path.parent.parent == self._generation(generation):
                by_size.setdefault(path.name.split("-")[0], []).append(path)
        for size, paths in by_size.items():
            for at in range(0, len(paths), GAMES_TOGETHER):
                together = paths[at : at + GAMES_TOGETHER]
                if all_of_them or len(together) == GAMES_TOGETHER:
                    self._put_together(generation, int(size.split("x")[0]), together)

    def window(self, positions: int) -> list[Path]:
        """The newest files that hold at least so many positions together, or all."""
        chosen: list[Path] = []
        for shard in self.shards:
            if positions <= 0:
                break
            chosen.append(shard.path)
            positions -= shard.positions
        return chosen

    def set_aside(self, path: Path, reason: str) -> None:
        """Rename a file that cannot be read, and forget it."""
        self._shards.pop(path, None)
        set_aside(path, reason)

    def _generation(self, generation: int) -> Path:
        return self.folder / f"{generation:04d}"

    def _look_at(self, path: Path) -> bool:
        """Add a file to the index; False where it cannot be read."""
        try:
            header = read_header(path)
        except RecordError as error:
            if self._mend:
                self.set_aside(path, str(error))
            return False
        folder = path.parent.parent if path.parent.name == NEW else path.parent
        with contextlib.suppress(ValueError):  # a folder that is none of ours
            self._shards[path] = StoredShard(path, int(folder.name), header.games, header.learnt)
        return True

    def _remove_parts_of(self, path: Path) -> None:
        if not any((path.parent / NEW).glob("*.npz")):
            return
        try:
            parts = read_shard(path).meta.get("parts", ())
        except RecordError as error:
            self.set_aside(path, str(error))
            return
        for name in parts:
            (path.parent / NEW / name).unlink(missing_ok=True)

    def _put_together(self, generation: int, size: int, paths: list[Path]) -> None:
        builder = ShardBuilder(size)
        metas: list[dict[str, Any]] = []
        readable: list[Path] = []
        for path in paths:
            try:
                shard = read_shard(path)
            except RecordError as error:
                self.set_aside(path, str(error))
                continue
            for game in range(shard.games):
                builder.add(read_game(shard, game))
            metas.append(shard.meta)
            readable.append(path)
        if not readable:
            return
        builder.meta = _merged(metas) | {"parts": [path.name for path in readable]}
        folder = self._generation(generation)
        number = 1 + max((int(p.stem.split("-")[1]) for p in folder.glob(f"{size}x{size}-*.npz")), default=0)
        target = folder / f"{size}x{size}-{number:05d}.npz"
        write_shard(target, builder.build())
        positions = sum(self._shards[path].positions for path in readable)
        self._shards[target] = StoredShard(target, generation, len(builder), positions)
        for path in readable:
            path.unlink(missing_ok=True)
            del self._shards[path]


def set_aside(path: Path, reason: str) -> None:
    """Rename a file that cannot be read, with a warning."""
    _log.warning("%s; set aside as %s", reason, path.name + DAMAGED)
    with contextlib.suppress(OSError):
        path.rename(path.with_name(path.name + DAMAGED))


def _meta(finished: Finished) -> dict[str, Any]:
    return {
        "source": "self-play",
        "nets": [finished.net],
        "playouts": finished.playouts,
        "resignations_checked": int(finished.checked),
        "resignations_wrong": int(finished.wrongly),
    }


def _merged(metas: Iterable[dict[str, Any]]) -> dict[str, Any]:
    merged: dict[str, Any] = {"source": "self-play", "nets": []}
    for meta in metas:
        merged["nets"] = sorted({*merged["nets"], *meta.get("nets", ())})
        for name in ("playouts", "resignations_checked", "resignations_wrong"):
            merged[name] = merged.get(name, 0) + meta.get(name, 0)
    return merged
