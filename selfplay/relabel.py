"""Better labels for recorded positions: what a search says of some of them, the hard ones above all.

A position is hard as far as its recorded policy surprises the net (the Kullback–Leibler divergence of the one from
the other). The answers go to shards of their own, of the same games: the visits of a search without noise as the
policy, its value, lead and ownership. A file is written for every few hundred positions, whole or not at all, and those
that are there are not made again, so that a run goes on where it was stopped.
"""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import math
import random
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray

from ponnuki.engine.config import SearchSettings
from ponnuki.engine.errors import ConfigError, IllegalMoveError
from ponnuki.engine.game import Game
from ponnuki.engine.pool import Pool
from ponnuki.engine.ranges import SHARE, Range, Ranged
from ponnuki.engine.rules import Rules
from ponnuki.engine.search import Search, new_store
from ponnuki.records.batches import Picks, make_batch
from ponnuki.records.format import RELABELLED, TARGET_NONE, TARGET_STORED, Shard
from ponnuki.records.games import GameRecord, MoveLabels, ShardBuilder, read_game
from ponnuki.records.positions import locate
from ponnuki.records.shards import read_header, read_shard, write_shard
from ponnuki.records.targets import trainable_positions
from ponnuki.selfplay.crew import Crew
from ponnuki.selfplay.labels import policy_entries
from ponnuki.selfplay.report import LoopLog
from ponnuki.selfplay.stream import TaskStream
from ponnuki.selfplay.worker import NetFile, check_sizes, is_done, load

BATCH = 32
"""Most leaves evaluated together."""

LEAVES_AT_ONCE = 2
"""Playouts of one search in a batch."""

RAW_BATCH = 64
"""Positions evaluated together to find the hard ones."""

POSITIONS_A_FILE = 800
"""About so many searches go into one file."""

SEARCH = SearchSettings(keep_ownership=True)


@dataclass(frozen=True)
class RelabelSettings(Ranged):
    """Which positions are searched, and how."""

    visits: Annotated[int, Range(2, 1_000_000)] = 200
    """Of each search."""
    share: Annotated[float, Range(0, 1, above=True)] = 0.25
    """Of the positions that can be learnt from."""
    hard_share: Annotated[float, SHARE] = 0.5
    """Of those that are searched, how many are drawn in proportion to their surprise; the others alike."""
    rules: str = ""
    """Name of the rules that the positions are searched and recorded under; empty: the games' own."""
    seed: int = 0
    """Of all chance."""

    def __post_init__(self) -> None:
        """Raises ConfigError for a value out of range."""
        super().__post_init__()
        if self.rules:
            Rules.preset(self.rules)


@dataclass(frozen=True)
class Chunk:
    """Some games of a shard, and the file that their labels go to."""

    source: Path
    low: int
    high: int
    """Games [low, high)."""
    target: Path
    seed: int


class Relabeller:
    """A worker: labels the games of a chunk."""

    def __init__(self, net: NetFile, settings: RelabelSettings, _seed: int) -> None:
        """Load the net; a chunk brings its own seed."""
        self._evaluator, self._name, self._settings = load(net), net.name, settings
        self._pool = Pool(self._evaluator, BATCH)

    def label(self, games: Sequence[GameRecord], seed: int) -> list[GameRecord]:
        """The games that have a position chosen, with new labels for those and for no others.

        Raises:
            ConfigError: the net was not made for their board size.
        """
        check_sizes(self._evaluator, self._name, [games[0].size])
        if self._settings.rules:
            rules = Rules.preset(self._settings.rules)
            games = [dataclasses.replace(game, rules=rules) for game in games]
        builder = ShardBuilder(games[0].size)
        for game in games:
            builder.add(game)
        chosen = self._chosen(builder.build(), seed)
        labels = [[MoveLabels(policy_target=TARGET_NONE, sample_weight=0.0) for _ in game.moves] for game in games]
        for index, move, label in self._searched(games, chosen, seed):
            labels[index][move] = label
        return [dataclasses.replace(game, labels=labels[index]) for index, game in enumerate(games) if chosen[index]]

    def _chosen(self, shard: Shard, seed: int) -> list[list[int]]:
        """For each game, in order the moves before which it is searched."""
        candidates = trainable_positions(shard).astype(np.int64)
        count = min(len(candidates), max(1, round(self._settings.share * len(candidates))))
        picked = draw(self._surprises(shard, candidates), count, self._settings.hard_share, np.random.default_rng(seed))
        chosen: list[list[int]] = [[] for _ in range(shard.games)]
        for game, move in zip(*locate(shard, np.sort(candidates[picked])), strict=True):
            chosen[int(game)].append(int(move))
        return chosen

    def _surprises(self, shard: Shard, positions: NDArray[np.int64]) -> NDArray[np.float64]:
        """float64[len(positions)], in nats; 0 where there is no policy to learn."""
        found = [np.zeros(0)]
        for begin in range(0, len(positions), RAW_BATCH):
            some = positions[begin : begin + RAW_BATCH]
            batch = make_batch([Picks(shard, some, np.zeros(len(some), np.int64))])
            logits = self._evaluator.evaluate_arrays(batch.planes, batch.globals).policy.astype(np.float64)
            found.append(divergence(batch.policy_target, logits) * batch.policy_weight)
        return np.concatenate(found)

    def _searched(
        self, games: Sequence[GameRecord], chosen: Sequence[Sequence[int]], seed: int
    ) -> Iterator[tuple[int, int, MoveLabels]]:
        """(game, move, label) of all searches, many of which go on at once."""
        chance = random.Random(seed)
        store = new_store(games[0].size, SEARCH)
        waiting = positions_of(games, chosen)
        running: list[tuple[int, int, Search]] = []
        together = BATCH // LEAVES_AT_ONCE
        while True:
            while len(running) < 2 * together and (position := next(waiting, None)) is not None:
                game, move, state = position
                running.append((game, move, Search(state, SEARCH, chance.getrandbits(62), store)))
            if not running:
                return
            now, later = running[:together], running[together:]
            left = [max(0, self._settings.visits - search.visits) for _, _, search in now]
            self._pool.step([search for _, _, search in now], left, LEAVES_AT_ONCE)
            running = later
            for game, move, search in now:
                if is_done(search, self._settings.visits - search.visits):
                    yield game, move, label_of(search)
                    search.release()
                else:
                    running.append((game, move, search))


def divergence(target: NDArray[np.float32], logits: NDArray[np.float64]) -> NDArray[np.float64]:
    """float64[B]: Kullback–Leibler divergence of targets [B, M] from the policies of logits [B, M], in nats."""
    highest = logits.max(axis=1, keepdims=True)
    log_policy = logits - highest - np.log(np.exp(logits - highest).sum(axis=1, keepdims=True))
    log_target = np.log(np.where(target > 0, target, 1))
    return (target * (log_target - log_policy)).sum(axis=1)  # type: ignore[no-any-return]


def draw(
    surprises: NDArray[np.float64], count: int, hard_share: float, chance: np.random.Generator
) -> NDArray[np.int64]:
    """Indices of `count` positions, none twice: a share of the chances in proportion to surprise, the others alike."""
    surprises = np.maximum(surprises, 0)
    total = surprises.sum()
    alike = np.full(len(surprises), 1 / max(1, len(surprises)))
    weights = (1 - hard_share) * alike + hard_share * surprises / total if total > 0 else alike
    # The largest of uniform ** (1 / weight): weighted sampling without replacement (Efraimidis and Spirakis, 2006).
    keys = np.log(chance.random(len(weights))) / np.maximum(weights, 1e-12)
    return np.argsort(-keys, kind="stable")[:count]


def positions_of(
    games: Sequence[GameRecord], chosen: Sequence[Sequence[int]]
) -> Iterator[tuple[int, int, Game]]:
    """(game, move, position before it), in order; nothing after a game's end, or after a move that its rules refuse."""
    for index, (game, moves) in enumerate(zip(games, chosen, strict=True)):
        if not moves:
            continue
        state = game.start()
        for move, played in enumerate(game.moves[: moves[-1] + 1]):
            if state.is_over:
                break
            if move in moves:
                yield index, move, state.copy()
            try:
                state.play(played)
            except IllegalMoveError:
                break


def label_of(search: Search) -> MoveLabels:
    """What a search that is done says."""
    snapshot = search.snapshot(1)
    owned = snapshot.ownership_to_play
    return MoveLabels(
        value_to_play=snapshot.value_to_play,
        lead_to_play=snapshot.lead_to_play,
        policy=policy_entries({stats.move: float(stats.visits) for stats in snapshot.moves}),
        policy_target=TARGET_STORED,
        ownership_to_play=None if owned is None else np.rint(100 * owned).astype(np.int8).reshape(-1),
        visits=snapshot.visits,
        raw_value_to_play=snapshot.raw_value_to_play,
    )


def chunks_of(sources: Sequence[Path], out: Path, settings: RelabelSettings) -> list[Chunk]:
    """How shards are cut into files of about POSITIONS_A_FILE searches.

    Raises:
        RecordError: a shard cannot be read.
        ConfigError: two shards have one name.
    """
    stems = [source.stem for source in sources]
    if twice := {stem for stem in stems if stems.count(stem) > 1}:
        raise ConfigError(f"two shards are called {min(twice)}: rename one, labels go to files of that name")
    chunks = []
    for number, source in enumerate(sources):
        header = read_header(source)
        games = max(1, math.ceil(POSITIONS_A_FILE * header.games / max(1.0, settings.share * header.positions)))
        for index, low in enumerate(range(0, header.games, games)):
            seed = int(np.random.SeedSequence((settings.seed, number, index)).generate_state(1)[0])
            target = out / f"{source.stem}-{index:05d}.npz"
            chunks.append(Chunk(source, low, min(low + games, header.games), target, seed))
    return chunks


def relabel(
    crew: Crew, net: NetFile, sources: Sequence[Path], out: Path, settings: RelabelSettings, stop: threading.Event,
    log: LoopLog,
) -> tuple[int, int]:  # fmt: skip
    """Label all shards, or as many as there is time for until `stop` is set; (files there, files wanted).

    Args:
        net: that the crew's workers search with.

    Raises:
        RecordError: a shard cannot be read, or a file cannot be written.
        ConfigError: the folder has labels that were made otherwise.
        ConfigError, WeightsError: the net cannot be used.
        WorkersLost: they end again and again.
    """
    out.mkdir(parents=True, exist_ok=True)
    said = {"net": net.name, "sha256": hashlib.sha256(net.content).hexdigest(), **dataclasses.asdict(settings)}
    check_made_alike(out, said)
    chunks = chunks_of(sources, out, settings)
    missing = [chunk for chunk in chunks if not chunk.target.exists()]
    there, positions, begun = len(chunks) - len(missing), 0, time.monotonic()
    shard_of = functools.lru_cache(maxsize=1)(read_shard)

    def arguments(chunk: Chunk) -> tuple[list[GameRecord], int]:
        return [read_game(shard_of(chunk.source), index) for index in range(chunk.low, chunk.high)], chunk.seed

    stream = TaskStream(crew, "label", missing, arguments, log.say)
    while stream.left:
        if stop.is_set():
            stream.stop()
        for chunk, games in stream.poll():
            positions += write_chunk(chunk, games, said)
            there += 1
        rate = 3600 * positions / max(1.0, time.monotonic() - begun)
        log.progress(f"{there} of {len(chunks)} files, {rate:,.0f} positions an hour", there, len(chunks))
    log.end_progress()
    return there, len(chunks)


def check_made_alike(out: Path, said: Mapping[str, Any]) -> None:
    """Raise ConfigError where a folder holds labels of which something else is said; RecordError for a damaged file."""
    first = next(iter(sorted(out.glob("*.npz"))), None)
    if first is None:
        return
    before = read_header(first).meta
    for name, value in said.items():
        if name in before and before[name] != value:
            had = f"{out}: has labels with {name} = {before[name]!r}, not {value!r}"
            raise ConfigError(f"{had}; go on with that, or give another --out")


def write_chunk(chunk: Chunk, games: Sequence[GameRecord], said: Mapping[str, Any]) -> int:
    """Write a chunk's file, with what is said of how its labels were made; the number of positions labelled."""
    size = games[0].size if games else read_header(chunk.source).size
    builder = ShardBuilder(size, {"kind": RELABELLED, "source": chunk.source.name, **said})
    for game in games:
        builder.add(game)
    write_shard(chunk.target, builder.build())
    return sum(label.policy_target == TARGET_STORED for game in games for label in game.labels)
