"""Groups of shards of one board size, and drawing positions from a group without replacement."""

from __future__ import annotations

import logging
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ponnuki.engine.errors import ConfigError, RecordError
from ponnuki.records.format import Shard
from ponnuki.records.shards import ShardHeader, read_header, readable_shards, shard_paths
from ponnuki.records.targets import trainable_positions

_log = logging.getLogger("ponnuki.records")

VALID_ENDING = "_valid"
"""Shards whose name ends so validate and never train."""


@dataclass(frozen=True)
class Group:
    """Shards of one board size that are shuffled together."""

    name: str
    """Names the group in logs and saved states; no two groups share it."""
    paths: tuple[Path, ...]
    size: int
    """Board size N."""
    weight: float = 1.0
    """Share of the batches, relative to the other groups; 0 or more. Batches of smaller boards have more positions."""


def split_sources(sources: Sequence[Path], *, to_learn: bool = True) -> tuple[list[Path], list[Path]]:
    """Training and validation shards among files and folders and what is in these, by VALID_ENDING.

    Args:
        to_learn: whether there have to be training shards.

    Raises:
        ConfigError: a source is missing, or there are no shards of use.
    """
    paths: list[Path] = []
    for source in sources:
        if not source.exists():
            raise ConfigError(f"{source}: no such file or folder")
        found = sorted(source.rglob("*.npz")) if source.is_dir() else [source]
        paths += [path for path in found if not path.name.startswith(".")]
    train = [path for path in paths if not path.stem.endswith(VALID_ENDING)]
    if not train and (to_learn or not paths):
        raise ConfigError(f"{', '.join(map(str, sources))}: no shards (*.npz){' to learn from' if to_learn else ''}")
    return train, [path for path in paths if path.stem.endswith(VALID_ENDING)]


def find_groups(sources: str | Path | Iterable[str | Path], suffix: str = "") -> list[Group]:
    """Sort the shards of files and folders into groups by board size and kind, such as `19x19 labelled`.

    The kinds are `searched` (self-play: visits are stored), `relabelled` (by `ponnuki relabel`), `labelled` (values or
    policies are stored) and `played` (moves and results alone). A group's weight is its number of positions, of
    searched and relabelled games those whose policy is learnt from. A shard that cannot be read costs a warning line.

    Args:
        suffix: of the names, to keep groups of one kind from different sources apart.

    Raises:
        RecordError: a source is not there, or none of the shards can be read.
    """
    found: dict[str, list[tuple[Path, ShardHeader]]] = {}
    for path in shard_paths(sources):
        try:
            header = read_header(path)
        except RecordError as error:
            _log.warning("skipped %s", error)
            continue
        kind = "searched" if header.searched else "labelled" if header.labelled else "played"
        kind = "relabelled" if header.relabelled else kind
        found.setdefault(f"{header.size}x{header.size} {kind}{suffix}", []).append((path, header))
    if not found:
        raise RecordError("none of the shards can be read")
    groups = []
    for name, members in sorted(found.items()):
        weight = sum(header.learnt if header.searched else header.positions for _, header in members)
        groups.append(Group(name, tuple(path for path, _ in members), members[0][1].size, weight))
    return groups


class GroupSampler:
    """Draws positions of a group without replacement, epoch after epoch.

    An epoch takes the shards in random order, as many at a time as `memory_mb` holds (at least one): a *part*, whose
    positions are shuffled together. What is drawn depends on the seed and on (epoch, part, cursor) alone.
    """

    def __init__(self, group: Group, seed: int, memory_mb: int) -> None:
        self.group = group
        self._seed = (seed, zlib.crc32(group.name.encode()))
        self._memory_bytes = memory_mb << 20
        self._place = (0, 0, 0)  # epoch, part, positions of the part already drawn
        self._parts: tuple[int, list[list[Path]]] = (-1, [])  # an epoch and its parts
        self._loaded = (-1, -1)  # epoch and part of what follows
        self._shards: list[Shard] = []
        self._offsets = np.zeros(1, np.int64)
        self._order = np.zeros(0, np.uint32)  # positions of the part, counted over its shards

    def take(self, count: int) -> list[tuple[Shard, NDArray[np.int64]]]:
        """The next `count` positions, by shard.

        Raises:
            RecordError: a whole epoch has no position with a target.
        """
        picks: list[tuple[Shard, NDArray[np.int64]]] = []
        while count > 0:
            self._load()
            epoch, part, cursor = self._place
            chosen = self._order[cursor : cursor + count]
            self._place = (epoch, part, cursor + len(chosen))
            picks += self._by_shard(chosen)
            count -= len(chosen)
        return picks

    def state_dict(self) -> dict[str, Any]:
        """Where the sampler stands; plain JSON values."""
        return {"place": list(self._place), "shards": [path.name for path in self.group.paths]}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from a saved state; where the group's shards have changed since, begin a new epoch."""
        epoch, part, cursor = state["place"]
        if state["shards"] == [path.name for path in self.group.paths]:
            self._place = (epoch, part, cursor)
        else:
            _log.warning("%s: the shards have changed; a new epoch begins", self.group.name)
            self._place = (epoch + 1, 0, 0)

    def _by_shard(self, chosen: NDArray[np.uint32]) -> list[tuple[Shard, NDArray[np.int64]]]:
        ordered = np.sort(chosen.astype(np.int64))
        bounds = np.searchsorted(ordered, self._offsets)
        pieces = zip(self._shards, self._offsets[:-1], bounds[:-1], bounds[1:], strict=True)
        return [(shard, ordered[low:high] - offset) for shard, offset, low, high in pieces if high > low]

    def _load(self) -> None:
        """Have the part under the cursor in memory, going on to the next where nothing of this one is left."""
        epochs_begun = 0
        while True:
            epoch, part, cursor = self._place
            if self._parts[0] != epoch:
                self._parts = (epoch, self._cut(epoch))
            parts = self._parts[1]
            if part >= len(parts):
                self._place = (epoch + 1, 0, 0)
                epochs_begun += 1
                if epochs_begun == 2:
                    raise RecordError(f"group {self.group.name!r} has no position with a target")
                continue
            if self._loaded != (epoch, part):
                self._read(epoch, part, parts[part])
            if cursor < len(self._order):
                return
            self._place = (epoch, part + 1, 0)

    def _cut(self, epoch: int) -> list[list[Path]]:
        """An epoch's shards in random order, cut into parts that fit into memory."""
        rng = np.random.default_rng((*self._seed, epoch))
        parts: list[list[Path]] = []
        room = 0
        for index in rng.permutation(len(self.group.paths)):
            needed = self._memory_needed(self.group.paths[index])
            if not parts or needed > room:
                parts.append([])
                room = self._memory_bytes
            parts[-1].append(self.group.paths[index])
            room -= needed
        return parts

    def _memory_needed(self, path: Path) -> int:
        try:
            header = read_header(path)
        except RecordError:
            return 0  # reading it will warn
        return header.memory_bytes + self._order.itemsize * header.positions

    def _read(self, epoch: int, part: int, paths: list[Path]) -> None:
        """Read a part and shuffle its positions."""
        self._shards, self._order = [], np.zeros(0, np.uint32)  # let go of the old part first
        self._shards = [shard for _, shard in readable_shards(paths)]
        self._offsets = np.cumsum([0, *(shard.positions for shard in self._shards)], dtype=np.int64)
        trainable = [trainable_positions(shard).astype(np.uint32) for shard in self._shards]
        offsets = self._offsets[:-1].astype(np.uint32)
        shifted = [positions + offset for positions, offset in zip(trainable, offsets, strict=True)]
        self._order = np.concatenate([self._order, *shifted])
        np.random.default_rng((*self._seed, epoch, part)).shuffle(self._order)
        self._loaded = (epoch, part)
