"""Game records on disk, format `ponnuki-games-1`: one .npz file is one shard, all games of one board size.

A shard stores games, never planes: input planes are recomputed from the moves, so features can change
without making data anew. Notation: N board size, G games, P positions (the sum of `length`); position p is
the one before move p is played.
"""

from __future__ import annotations

import json
import logging
import os
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, fields
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ponnuki.engine.coords import MAX_SIZE, MIN_SIZE
from ponnuki.engine.errors import RecordError

FORMAT = "ponnuki-games-1"
"""The one format this module reads and writes."""

KNOWN_REQUIREMENTS: frozenset[str] = frozenset()
"""`requires_*` arrays that this reader understands; meeting another, it refuses the shard."""

ENDING_UNKNOWN, ENDING_COUNTED, ENDING_RESIGNED, ENDING_STOPPED, ENDING_MOVE_LIMIT = range(5)
SURE_ENDINGS = (ENDING_COUNTED, ENDING_RESIGNED)
TARGET_NONE, TARGET_STORED, TARGET_PLAYED = range(3)

_DAMAGE = (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile, zlib.error, NotImplementedError,
           RuntimeError, MemoryError, SyntaxError, OverflowError)  # fmt: skip
"""What numpy and zipfile raise on files that are cut short, overwritten or no archive at all."""

_log = logging.getLogger("ponnuki.records")


@dataclass(frozen=True, eq=False)
class Shard:
    """The games of one shard. Per-game arrays left out of a file are filled in; per-position ones stay None.

    Colours are stored as 0 Black, 1 White; results from Black's view; `..._to_play` from the side to move.
    """

    size: int
    komi: NDArray[np.float32]
    """[G] White's komi."""
    scoring: NDArray[np.uint8]
    """[G] 0 area, 1 territory."""
    winner: NDArray[np.int8]
    """[G] 1 Black, -1 White, 0 drawn or unknown."""
    ending: NDArray[np.uint8]
    """[G] one of ENDING_...; only SURE_ENDINGS are sure results."""
    score_black: NDArray[np.float32]
    """[G] Black's margin in points, komi counted; NaN where not counted."""
    length: NDArray[np.int32]
    """[G] moves in each game."""
    moves: NDArray[np.uint16]
    """[P] points, N*N for a pass; colours alternate from `first`."""
    ko: NDArray[np.uint8]
    """[G] 0 positional superko, 1 situational superko, 2 simple ko."""
    suicide: NDArray[np.uint8]
    """[G] 1 where suicide is allowed."""
    handicap_bonus: NDArray[np.uint8]
    """[G] White's compensation for handicap stones: 0 none, 1 a point a stone, 2 a point a stone but one."""
    first: NDArray[np.uint8]
    """[G] who plays move 0."""
    setup_len: NDArray[np.uint16]
    """[G] stones placed before move 0."""
    setup_point: NDArray[np.uint16]
    """[sum of setup_len]"""
    setup_colour: NDArray[np.uint8]
    """[sum of setup_len]"""
    value_to_play: NDArray[np.float16] | None = None
    """[P] value before the move, -1..1; NaN where none."""
    lead_to_play: NDArray[np.float16] | None = None
    """[P] points ahead, komi counted; NaN where none."""
    policy_len: NDArray[np.unsignedinteger[Any]] | None = None
    """[P] policy entries of the position."""
    policy_move: NDArray[np.uint16] | None = None
    """[sum of policy_len]"""
    policy_weight: NDArray[np.unsignedinteger[Any]] | None = None
    """[sum of policy_len] uint8 or uint16, not normalised."""
    policy_target: NDArray[np.uint8] | None = None
    """[P] one of TARGET_...; where absent: the stored policy if the position has one, else the move played."""
    ownership_index: NDArray[np.int32] | None = None
    """[K] positions that carry ownership."""
    ownership_to_play: NDArray[np.int8] | None = None
    """[K, N*N] 100 x ownership, + for the side to move."""
    visits: NDArray[np.uint32] | None = None
    """[P]"""
    raw_value_to_play: NDArray[np.float16] | None = None
    """[P] the net's own value before search."""
    sample_weight: NDArray[np.float16] | None = None
    """[P]"""
    meta: dict[str, Any] = field(default_factory=dict)
    """Where the games come from: net, settings, seed, source."""

    @property
    def games(self) -> int:
        """Number of games, G."""
        return len(self.length)

    @property
    def positions(self) -> int:
        """Number of positions, P."""
        return len(self.moves)

    @cached_property
    def start(self) -> NDArray[np.int64]:
        """[G+1] game g is moves[start[g]:start[g+1]]."""
        return _starts(self.length)

    @cached_property
    def setup_start(self) -> NDArray[np.int64]:
        """[G+1] game g's set-up stones are setup_point[setup_start[g]:setup_start[g+1]]."""
        return _starts(self.setup_len)

    @cached_property
    def entry(self) -> NDArray[np.int64]:
        """[P+1] position p's policy is policy_move[entry[p]:entry[p+1]]; all zero where none is stored."""
        if self.policy_len is None:
            return np.zeros(self.positions + 1, np.int64)
        return _starts(self.policy_len)

    @cached_property
    def ownership_row(self) -> NDArray[np.int32]:
        """[P] the row of `ownership_to_play` of each position, -1 where it has none."""
        row = np.full(self.positions, -1, np.int32)
        if self.ownership_index is not None:
            row[self.ownership_index] = np.arange(len(self.ownership_index), dtype=np.int32)
        return row


def _starts(lengths: NDArray[Any]) -> NDArray[np.int64]:
    """Where each run begins when runs of these lengths lie end to end; one entry more for the end."""
    starts = np.zeros(len(lengths) + 1, np.int64)
    np.cumsum(lengths, dtype=np.int64, out=starts[1:])
    return starts


# The arrays of a file by what their first axis counts; dtypes as written.
_PER_GAME: dict[str, type[np.generic]] = {
    "komi": np.float32, "scoring": np.uint8, "winner": np.int8, "ending": np.uint8, "score_black": np.float32,
    "length": np.int32, "ko": np.uint8, "suicide": np.uint8, "handicap_bonus": np.uint8, "first": np.uint8,
    "setup_len": np.uint16,
}  # fmt: skip
_PER_POSITION: dict[str, type[np.generic]] = {
    "moves": np.uint16, "value_to_play": np.float16, "lead_to_play": np.float16, "policy_target": np.uint8,
    "visits": np.uint32, "raw_value_to_play": np.float16, "sample_weight": np.float16,
}  # fmt: skip
_FREE: dict[str, type[np.generic]] = {
    "setup_point": np.uint16, "setup_colour": np.uint8, "policy_move": np.uint16,
    "ownership_index": np.int32, "ownership_to_play": np.int8,
}  # fmt: skip
_UNSIGNED = ("policy_len", "policy_weight")
_REQUIRED = ("size", "komi", "scoring", "winner", "ending", "score_black", "length", "moves")
_ZERO_WHERE_ABSENT = ("ko", "suicide", "handicap_bonus", "first", "setup_len")
_DTYPES = _PER_GAME | _PER_POSITION | _FREE


def read_shard(path: str | Path) -> Shard:
    """Read and validate one shard.

    Raises RecordError, naming the file, for one that is missing, damaged, of another format, inconsistent,
    or that needs something this reader does not know. Nothing is ever unpickled.
    """
    arrays = _load_arrays(Path(path))
    try:
        shard = _shard_from_arrays(arrays)
        validate(shard)
    except RecordError as error:
        raise RecordError(f"{path}: {error}") from None
    except (TypeError, ValueError) as error:
        raise RecordError(f"{path}: an array has the wrong type or shape: {error}") from error
    return shard


def _load_arrays(path: Path, only: Iterable[str] = ()) -> dict[str, NDArray[Any]]:
    """The arrays of an .npz file that this format knows; RecordError where it is not ours or not readable."""
    known = set(only) or {entry.name for entry in fields(Shard)}
    try:
        with np.load(path, allow_pickle=False) as archive:
            if not isinstance(archive, np.lib.npyio.NpzFile):
                raise RecordError(f"{path}: not an .npz archive of game records")
            names = set(archive.files)
            if "format" not in names or str(archive["format"]) != FORMAT:
                found = repr(str(archive["format"])) if "format" in names else "no format"
                raise RecordError(f"{path}: {found}, expected {FORMAT!r}")
            unknown = {name for name in names if name.startswith("requires_")} - KNOWN_REQUIREMENTS
            if unknown:
                raise RecordError(f"{path}: needs {', '.join(sorted(unknown))}, which this version does not know")
            return {name: archive[name] for name in names & known}
    except FileNotFoundError:
        raise RecordError(f"{path}: no such file") from None
    except _DAMAGE as error:
        raise RecordError(f"{path}: damaged or not a shard: {_one_line(error)}") from error


def _one_line(error: BaseException) -> str:
    return " ".join(str(error).split()) or type(error).__name__


def _shard_from_arrays(arrays: dict[str, NDArray[Any]]) -> Shard:
    missing = [name for name in _REQUIRED if name not in arrays]
    if missing:
        raise RecordError(f"lacks {', '.join(missing)}")
    values: dict[str, Any] = {name: _as(arrays[name], dtype, name) for name, dtype in _DTYPES.items() if name in arrays}
    for name in _UNSIGNED:
        if name in arrays:
            values[name] = _as(arrays[name], arrays[name].dtype, name, kinds="u")
    games = values["length"].shape[0] if values["length"].ndim else 0
    for name in _ZERO_WHERE_ABSENT:
        values.setdefault(name, np.zeros(games, _DTYPES[name]))
    for name in ("setup_point", "setup_colour"):
        values.setdefault(name, np.zeros(0, _DTYPES[name]))
    return Shard(size=int(arrays["size"]), meta=_read_meta(arrays.get("meta")), **values)


def _as(array: NDArray[Any], dtype: Any, name: str, kinds: str = "biuf") -> NDArray[Any]:
    """The array in the type of the format, refusing a change that would alter values (a NaN stays a NaN)."""
    if array.dtype.kind not in kinds:
        raise RecordError(f"{name} has type {array.dtype}")
    cast = array.astype(dtype, copy=False)
    integral = cast.dtype.kind in "iu"
    if integral and array.dtype != cast.dtype and not np.array_equal(cast, array):
        raise RecordError(f"{name} has values outside {np.dtype(dtype)}")
    return cast


def _read_meta(array: NDArray[Any] | None) -> dict[str, Any]:
    if array is None or not str(array):
        return {}
    try:
        meta = json.loads(str(array))
    except json.JSONDecodeError as error:
        raise RecordError(f"meta is not JSON: {error}") from None
    return meta if isinstance(meta, dict) else {"meta": meta}


def validate(shard: Shard) -> None:
    """Raise RecordError unless array lengths agree and all values lie in their ranges; moves are not replayed."""
    _check(MIN_SIZE <= shard.size <= MAX_SIZE, f"size {shard.size}, accepted are {MIN_SIZE} to {MAX_SIZE}")
    _check_lengths(shard)
    _check_ranges(shard)


def _check(condition: bool | np.bool_, message: str) -> None:
    if not condition:
        raise RecordError(message)


def _check_lengths(shard: Shard) -> None:
    games, area = len(shard.length), shard.size**2
    _check(not games or int(shard.length.min()) >= 0, "a game has a negative length")
    positions = int(shard.length.sum(dtype=np.int64))
    stones = int(shard.setup_len.sum(dtype=np.int64))
    expected = dict.fromkeys(_PER_GAME, (games,))
    expected |= dict.fromkeys((*_PER_POSITION, "policy_len"), (positions,))
    expected |= {"setup_point": (stones,), "setup_colour": (stones,)}
    entries = 0 if shard.policy_len is None else int(shard.policy_len.sum(dtype=np.int64))
    expected |= {"policy_move": (entries,), "policy_weight": (entries,)}
    labelled = 0 if shard.ownership_index is None else len(shard.ownership_index)
    expected |= {"ownership_index": (labelled,)}
    for name, shape in expected.items():
        array = getattr(shard, name)
        if array is not None:
            _check(array.shape == shape, f"{name} has shape {array.shape}, expected {shape}")
    if shard.ownership_to_play is not None:
        found = shard.ownership_to_play.shape
        _check(found == (labelled, area), f"ownership_to_play has shape {found}, expected {(labelled, area)}")
    groups = (("policy_len", "policy_move", "policy_weight"), ("ownership_index", "ownership_to_play"))
    for names in groups:
        present = [getattr(shard, name) is not None for name in names]
        _check(all(present) or not any(present), f"{', '.join(names)} go together, but not all are there")


def _check_ranges(shard: Shard) -> None:
    area = shard.size**2
    upper = {
        "moves": area, "policy_move": area, "setup_point": area - 1, "setup_colour": 1, "first": 1, "scoring": 1,
        "ko": 2, "suicide": 1, "handicap_bonus": 2, "ending": ENDING_MOVE_LIMIT, "winner": 1, "policy_target": 2,
        "ownership_index": shard.positions - 1, "ownership_to_play": 100, "value_to_play": 1, "raw_value_to_play": 1,
    }  # fmt: skip
    lower = {"winner": -1, "ownership_to_play": -100, "value_to_play": -1, "raw_value_to_play": -1}
    for name, highest in upper.items():
        array = getattr(shard, name)
        if array is None or not len(array):
            continue
        low, high, lowest = np.fmin.reduce(array, axis=None), np.fmax.reduce(array, axis=None), lower.get(name, 0)
        wrong = low < lowest or high > highest  # false where all are NaN
        _check(not wrong, f"{name} has values {low} to {high}, accepted are {lowest} to {highest}")
    _check(np.isfinite(shard.komi).all(), "komi is not a finite number")
    if shard.sample_weight is not None:
        _check((shard.sample_weight >= 0).all(), "sample_weight has values that are not numbers of 0 or more")


@dataclass(frozen=True)
class ShardHeader:
    """What a shard holds, without reading its positions."""

    size: int
    games: int
    positions: int
    labelled: bool
    """Whether values or policies are stored, or moves and results alone."""
    memory_bytes: int
    """What its arrays take in memory."""


def read_header(path: str | Path) -> ShardHeader:
    """Look into a shard without reading its positions. Raises RecordError as `read_shard` does, if less often."""
    arrays = _load_arrays(Path(path), only=("size", "length"))
    try:
        with zipfile.ZipFile(path) as archive:
            names = {Path(member.filename).stem for member in archive.infolist()}
            memory_bytes = sum(member.file_size for member in archive.infolist())
        length = arrays["length"]
        positions = int(length.sum(dtype=np.int64))
        labelled = bool(names & {"value_to_play", "policy_len"})
        return ShardHeader(int(arrays["size"]), len(length), positions, labelled, memory_bytes)
    except (*_DAMAGE, TypeError) as error:
        raise RecordError(f"{path}: damaged or not a shard: {_one_line(error)}") from error


def write_shard(path: str | Path, shard: Shard, compress: bool = True) -> None:
    """Write a shard under a temporary name, then rename: a reader never meets half a file.

    Raises RecordError for an inconsistent shard or a place that cannot be written.
    """
    path = Path(path)
    try:
        validate(shard)
    except RecordError as error:
        raise RecordError(f"{path}: not written: {error}") from None
    arrays: dict[str, Any] = {"format": np.array(FORMAT), "size": np.uint8(shard.size)}
    for name in (*_DTYPES, *_UNSIGNED):
        array = getattr(shard, name)
        if array is not None:
            arrays[name] = np.ascontiguousarray(array, dtype=_DTYPES.get(name))
    if shard.meta:
        arrays["meta"] = np.array(json.dumps(shard.meta, sort_keys=True))
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with temporary.open("wb") as file:
            (np.savez_compressed if compress else np.savez)(file, **arrays)
        temporary.replace(path)
    except OSError as error:
        raise RecordError(f"{path}: cannot be written: {error.strerror or error}") from error
    finally:
        temporary.unlink(missing_ok=True)


def shard_paths(sources: str | Path | Iterable[str | Path]) -> list[Path]:
    """The shards that files and folders name: a folder stands for its *.npz files, sorted by name.

    Raises RecordError for a source that is not there and for a folder without shards.
    """
    if isinstance(sources, (str, Path)):
        sources = [sources]
    paths: list[Path] = []
    for source in map(Path, sources):
        found = sorted(p for p in source.glob("*.npz") if not p.name.startswith(".")) if source.is_dir() else [source]
        if not found:
            raise RecordError(f"{source}: no *.npz shards in this folder")
        if not found[0].is_file():
            raise RecordError(f"{source}: no such file or folder")
        paths += found
    return paths


def iter_shards(sources: str | Path | Iterable[str | Path]) -> Iterator[tuple[Path, Shard]]:
    """Read shard after shard, one in memory at a time; one that cannot be read costs a warning line."""
    for path in shard_paths(sources):
        try:
            shard = read_shard(path)
        except RecordError as error:
            _log.warning("skipped %s", error)
            continue
        yield path, shard
