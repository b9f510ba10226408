"""The work of `ponnuki records`: import, export, info, check."""

from __future__ import annotations

import logging
import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ponnuki.engine.errors import RecordError
from ponnuki.engine.rules import HOME_RULES, Rules
from ponnuki.records.format import SURE_ENDINGS, Shard
from ponnuki.records.games import GameRecord, ShardBuilder, read_game
from ponnuki.records.legality import illegal_games, with_legal_moves
from ponnuki.records.progress import with_progress
from ponnuki.records.sgf import record_from_nodes, split_collection, to_sgf
from ponnuki.records.shards import iter_shards, read_shard, shard_paths, write_shard

_log = logging.getLogger("ponnuki.records")

Sources = Sequence[str | Path]
"""Files and folders."""


@dataclass
class ImportSummary:
    """What an import did."""

    games: int = 0
    skipped: int = 0
    """Files and games that were left out; each had a warning line."""
    written: list[Path] = field(default_factory=list)
    """The shards."""

    def __str__(self) -> str:
        return f"{self.games} games in {len(self.written)} shards, {self.skipped} files or games skipped"


def import_sgf(
    sources: Sources,
    out: str | Path,
    *,
    rules: Rules = HOME_RULES,
    games_per_shard: int = 10_000,
    min_moves: int = 1,
    sure_results_only: bool = False,
) -> ImportSummary:
    """Write the games of SGF files and folders (searched to any depth) as shards, by board size.

    Files and games that cannot be read and games with illegal moves cost a warning line each.

    Args:
        out: folder for the shards `sgf_NxN_K.npz`; made where it is not there.
        rules: for games that name none.
        games_per_shard: 1 or more.
        min_moves: shorter games are left out, silently.
        sure_results_only: leave out, silently, games that were neither counted nor resigned.

    Raises:
        RecordError: a source is not there, there is no SGF file in them, or the folder has such shards already.
    """
    out, summary = Path(out), ImportSummary()
    if taken := sorted(out.glob("sgf_*.npz")):
        raise RecordError(f"{taken[0]}: already there; name an empty folder")
    builders: dict[int, ShardBuilder] = {}
    for path in with_progress(_sgf_paths(sources), "reading SGF files"):
        for record in _legal_games(path, rules, summary):
            if len(record.moves) < min_moves or (sure_results_only and record.ending not in SURE_ENDINGS):
                continue
            builder = builders.setdefault(record.size, ShardBuilder(record.size, {"source": "sgf"}))
            builder.add(record)
            summary.games += 1
            if len(builder) == games_per_shard:
                _write(builders.pop(record.size), out, summary)
    for builder in builders.values():
        _write(builder, out, summary)
    return summary


def _sgf_paths(sources: Sources) -> list[Path]:
    paths: list[Path] = []
    for source in map(Path, sources):
        if not source.exists():
            raise RecordError(f"{source}: no such file or folder")
        paths += sorted(p for p in source.rglob("*") if p.suffix.lower() == ".sgf") if source.is_dir() else [source]
    if not paths:
        raise RecordError(f"{', '.join(map(str, sources))}: no SGF files")
    return paths


def _legal_games(path: Path, rules: Rules, summary: ImportSummary) -> list[GameRecord]:
    """The games of a file that can be kept; a warning line for each of the others."""
    try:
        games = split_collection(path.read_bytes())
    except (OSError, RecordError) as error:
        _log.warning("skipped %s: %s", path, error)
        summary.skipped += 1
        return []
    legal = []
    for number, nodes in enumerate(games, 1):
        try:
            legal.append(with_legal_moves(record_from_nodes(nodes, rules)))
        except RecordError as error:
            _log.warning("skipped %s, game %d of %d: %s", path, number, len(games), error)
            summary.skipped += 1
    return legal


def _write(builder: ShardBuilder, out: Path, summary: ImportSummary) -> None:
    start = f"sgf_{builder.size}x{builder.size}_"
    number = sum(path.name.startswith(start) for path in summary.written)
    path = out / f"{start}{number}.npz"
    write_shard(path, builder.build())
    summary.written.append(path)


def export_sgf(sources: Sources, out: str | Path, limit: int | None = None) -> int:
    """Write the games of shards as SGF files `SHARD_NUMBER.sgf` into a folder; the number of files.

    At most `limit` games of each shard, from its beginning. Labels are left out. Existing files are overwritten.

    Raises:
        RecordError: a source is not there, two shards have one name, or the folder cannot be written.
    """
    out, written, paths = Path(out), 0, shard_paths(sources)
    by_stem: dict[str, Path] = {}
    for path in paths:
        if (other := by_stem.setdefault(path.stem, path)) != path:
            raise RecordError(f"{path}: has the name of {other}, and so would its games; export them to another folder")
    for path, shard in iter_shards(paths):
        games = range(min(shard.games, shard.games if limit is None else limit))
        for index in with_progress(games, f"writing the games of {path.name}"):
            target = out / f"{path.stem}_{index:06d}.sgf"
            try:
                out.mkdir(parents=True, exist_ok=True)
                target.write_bytes(to_sgf(read_game(shard, index), GN=f"{path.name}, game {index}"))
            except OSError as error:
                raise RecordError(f"{target}: cannot be written: {error.strerror or error}") from error
            written += 1
    return written


@dataclass(frozen=True)
class ShardInfo:
    """What `ponnuki records info` shows of a shard."""

    path: Path
    size: int
    games: int
    positions: int
    values: int
    """Positions with a value."""
    policies: int
    """Positions with a stored policy."""
    ownerships: int
    """Positions with ownership."""
    black_wins: int
    white_wins: int
    sure_results: int
    """Games that were counted or resigned."""
    komi: str
    """The commonest komi and the range, such as `6.5 (-0.5 … 14)`."""
    meta: dict[str, object]


def shard_info(path: Path, shard: Shard) -> ShardInfo:
    """Count what a shard holds."""
    return ShardInfo(
        path=path,
        size=shard.size,
        games=shard.games,
        positions=shard.positions,
        values=0 if shard.value_to_play is None else int((shard.value_to_play == shard.value_to_play).sum()),
        policies=0 if shard.policy_len is None else int((shard.policy_len > 0).sum()),
        ownerships=0 if shard.ownership_index is None else len(shard.ownership_index),
        black_wins=int((shard.winner == 1).sum()),
        white_wins=int((shard.winner == -1).sum()),
        sure_results=sum(int((shard.ending == ending).sum()) for ending in SURE_ENDINGS),
        komi=_komi_text(shard),
        meta=shard.meta,
    )


def _komi_text(shard: Shard) -> str:
    if not shard.games:
        return "-"
    commonest = Counter(shard.komi.tolist()).most_common(1)[0][0]
    low, high = float(shard.komi.min()), float(shard.komi.max())
    return f"{commonest:g}" if low == high else f"{commonest:g} ({low:g} … {high:g})"


def info_lines(sources: Sources) -> Iterable[str]:
    """A table of shards, line by line; those that cannot be read cost a warning line and are left out."""
    columns = "{:<32} {:>5} {:>8} {:>10} {:>9} {:>9} {:>9} {:>7} {:>6}  {}".format
    yield columns("shard", "board", "games", "positions", "values", "policies", "ownership", "Black", "sure", "komi")
    for path, shard in iter_shards(sources):
        info = shard_info(path, shard)
        share = info.black_wins / (info.black_wins + info.white_wins) if info.black_wins + info.white_wins else math.nan
        yield columns(
            path.name, info.size, info.games, info.positions, info.values, info.policies, info.ownerships,
            f"{share:.1%}", f"{info.sure_results / max(info.games, 1):.0%}", info.komi,
        )  # fmt: skip
        if info.meta:
            yield f"    {info.meta}"


def check_lines(sources: Sources) -> Iterable[str]:
    """What is wrong with shards, a line each: damage, values out of range, illegal moves. Nothing if they are sound."""
    for path in with_progress(shard_paths(sources), "checking shards"):
        try:
            shard = read_shard(path)
        except RecordError as error:
            yield str(error)
            continue
        for illegal in illegal_games(shard):
            yield f"{path}: {illegal.describe(shard.size)}"
