"""Training batches from game records: groups of shards mixed by weight, one board size a batch.

    source = BatchSource(find_groups("data"), batch_size=256, seed=1)
    for batch in source:        # for ever; batches are made in background threads
        ...
    state = source.state_dict()     # of the batches handed out so far, to go on from later

Batch number i depends on the seed, on i and on how far each group is drawn: the same run gives the same batches, with
any number of threads.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ponnuki.engine.errors import ConfigError, RecordError
from ponnuki.engine.features import SYMMETRIES
from ponnuki.records.format import Shard
from ponnuki.records.positions import network_inputs
from ponnuki.records.sampling import Group, GroupSampler
from ponnuki.records.shards import readable_shards
from ponnuki.records.targets import gather_targets, trainable_positions


class TrainingBatch(NamedTuple):
    """Positions of one board size with their targets, all from the side to move's view; C-contiguous arrays.

    A row without a target of some kind has weight 0 (and target 0) for it.
    """

    planes: NDArray[np.float32]  # [B, C, N, N]
    globals: NDArray[np.float32]  # [B, K]
    policy_target: NDArray[np.float32]  # [B, N*N+1] probabilities
    policy_weight: NDArray[np.float32]  # [B]
    value_target: NDArray[np.float32]  # [B] -1..1
    value_weight: NDArray[np.float32]  # [B]
    lead_target: NDArray[np.float32]  # [B] points, komi counted
    lead_weight: NDArray[np.float32]  # [B]
    ownership_target: NDArray[np.float32]  # [B, N, N] -1..1
    ownership_weight: NDArray[np.float32]  # [B]

    @property
    def rows(self) -> int:
        """B."""
        return len(self.planes)

    @property
    def size(self) -> int:
        """N."""
        return int(self.planes.shape[-1])


class Picks(NamedTuple):
    """Positions of one shard that go into a batch, each with its symmetry 0 ... 7."""

    shard: Shard
    positions: NDArray[np.int64]
    symmetry: NDArray[np.int64]


def make_batch(picks: Sequence[Picks]) -> TrainingBatch:
    """Inputs and targets of picked positions, at least one, in order; all shards of one board size."""
    parts = [(*network_inputs(*pick), *gather_targets(*pick)) for pick in picks]
    columns = parts[0] if len(parts) == 1 else [np.concatenate(column) for column in zip(*parts, strict=True)]
    return TrainingBatch(*columns)


class BatchSource:
    """An endless, resumable iterator over training batches.

    Each batch is of one board size, chosen by the weights of the groups of that size; its rows are shared out among
    these groups by weight.

    Args:
        groups: what to mix (`find_groups` makes them); those of weight 0 are left out.
        batch_size: rows of a batch, for all board sizes or by board size.
        seed: 0 or more; decides the order of positions, the sizes and the symmetries.
        symmetry: `random` shows each position in one of the eight symmetries, `none` as it was played.
        memory_mb: memory for the shards of one group; a group that needs more is shuffled part by part.
        threads: threads that make batches.
        prefetch: batches made ahead; 0 makes them in the caller's thread.

    Raises:
        ConfigError: no group with weight, two groups of one name, a board size without a batch size, an option out
            of its range.
    """

    def __init__(
        self,
        groups: Sequence[Group],
        batch_size: int | Mapping[int, int],
        seed: int,
        *,
        symmetry: Literal["random", "none"] = "random",
        memory_mb: int = 512,
        threads: int = 1,
        prefetch: int = 4,
    ) -> None:
        self.groups = [group for group in groups if group.weight > 0]
        sizes = sorted({group.size for group in self.groups})
        self._rows = {size: batch_size if isinstance(batch_size, int) else batch_size.get(size, 0) for size in sizes}
        _check_options(groups, self._rows, symmetry, min(threads, memory_mb), min(prefetch, seed))
        self._seed, self._symmetry, self._threads, self._prefetch = seed, symmetry, threads, prefetch
        self._samplers = [GroupSampler(group, seed, memory_mb) for group in self.groups]
        self._batch = 0
        self._handed_out = self._planned_state()

    def __iter__(self) -> Iterator[TrainingBatch]:
        """Batches from where the last iteration stopped being consumed, for ever."""
        self.load_state_dict(self._handed_out)
        if self._prefetch == 0:
            return self._serial()
        return self._prefetched()

    def state_dict(self) -> dict[str, Any]:
        """What `load_state_dict` needs to go on after the last batch handed out; plain JSON values."""
        return self._handed_out

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from a saved state of a source with the same seed; takes effect at the next `iter`.

        Groups that the state does not know begin at their first epoch.
        """
        self._batch = int(state["batch"])
        for sampler in self._samplers:
            if sampler.group.name in state["groups"]:
                sampler.load_state_dict(state["groups"][sampler.group.name])
        self._handed_out = self._planned_state()

    def _serial(self) -> Iterator[TrainingBatch]:
        while True:
            batch = make_batch(self._plan())
            self._handed_out = self._planned_state()
            yield batch

    def _prefetched(self) -> Iterator[TrainingBatch]:
        pending: deque[tuple[Future[TrainingBatch], dict[str, Any]]] = deque()
        pool = ThreadPoolExecutor(self._threads, thread_name_prefix="batches")
        try:
            while True:
                while len(pending) < self._prefetch:
                    pending.append((pool.submit(make_batch, self._plan()), self._planned_state()))
                future, state = pending.popleft()
                batch = future.result()
                self._handed_out = state
                yield batch
        finally:
            pool.shutdown(wait=True, cancel_futures=True)

    def _plan(self) -> list[Picks]:
        """Choose the next batch: its board size, each group's rows, positions and symmetries."""
        rng = np.random.default_rng((self._seed, self._batch))
        sizes = list(self._rows)
        weights = np.array([sum(g.weight for g in self.groups if g.size == size) for size in sizes])
        size = sizes[rng.choice(len(sizes), p=weights / weights.sum())]
        samplers = [sampler for sampler in self._samplers if sampler.group.size == size]
        shares = np.array([sampler.group.weight for sampler in samplers])
        counts = rng.multinomial(self._rows[size], shares / shares.sum())
        picks = []
        for sampler, count in zip(samplers, counts, strict=True):
            for shard, positions in sampler.take(int(count)):
                highest = SYMMETRIES if self._symmetry == "random" else 1
                picks.append(Picks(shard, positions, rng.integers(0, highest, len(positions))))
        self._batch += 1
        return picks

    def _planned_state(self) -> dict[str, Any]:
        return {
            "batch": self._batch,
            "groups": {sampler.group.name: sampler.state_dict() for sampler in self._samplers},
        }


def _check_options(
    groups: Sequence[Group], rows: Mapping[int, int], symmetry: str, least_positive: int, least_natural: int
) -> None:
    if not rows or any(group.weight < 0 for group in groups):
        raise ConfigError("a batch source needs at least one group of positive weight, and none of negative weight")
    if len({group.name for group in groups}) < len(groups):
        raise ConfigError("two groups of a batch source share a name")
    if lacking := [size for size, count in rows.items() if count < 1]:
        raise ConfigError(f"batch size for board size {lacking[0]}: expected 1 or more")
    if symmetry not in ("random", "none"):
        raise ConfigError(f"symmetry {symmetry!r}: expected 'random' or 'none'")
    if least_positive < 1 or least_natural < 0:
        raise ConfigError("threads and memory_mb must be 1 or more, prefetch and seed 0 or more")


def validation_batches(group: Group, batch_size: int, limit: int = 4096, seed: int = 0) -> Iterator[TrainingBatch]:
    """A fixed sample of a group's positions as they were played, the same at every call.

    Yields batches of `batch_size` rows, the last one smaller: `limit` positions in all, or all where there are fewer.
    The shards are read again at each call, twice, and no more of them are held in memory than a batch is made of.

    Raises:
        RecordError: no shard can be read, or none has a position with a target.
    """
    trainable = [(path, trainable_positions(shard)) for path, shard in readable_shards(group.paths)]
    bounds = np.cumsum([0, *(len(positions) for _, positions in trainable)])
    if bounds[-1] == 0:
        raise RecordError(f"group {group.name!r} has no position with a target")
    total = int(bounds[-1])
    chosen = np.sort(np.random.default_rng(seed).choice(total, min(limit, total), replace=False))
    picks: list[Picks] = []
    room = batch_size
    for (path, positions), low, high in zip(trainable, bounds[:-1], bounds[1:], strict=True):
        inside = positions[chosen[(chosen >= low) & (chosen < high)] - low].astype(np.int64)
        for _, shard in readable_shards([path] if len(inside) else []):
            while len(inside):
                part, inside = inside[:room], inside[room:]
                picks.append(Picks(shard, part, np.zeros(len(part), np.int64)))
                room -= len(part)
                if not room:
                    yield make_batch(picks)
                    picks, room = [], batch_size
    if picks:
        yield make_batch(picks)
