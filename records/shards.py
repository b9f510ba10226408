"""Game records on disk: reading and writing shards, one .npz file each, in the format of `records.format`."""

from __future__ import annotations

import json
import logging
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ponnuki.engine.coords import MAX_SIZE, MIN_SIZE
from ponnuki.engine.errors import RecordError
from ponnuki.records.format import (
    DTYPES,
    FORMAT,
    RELABELLED,
    REQUIRED,
    UNSIGNED,
    ZERO_WHERE_ABSENT,
    Shard,
    validate,
)
from ponnuki.records.replacing import replacing

KNOWN_REQUIREMENTS: frozenset[str] = frozenset()
"""`requires_*` arrays that this reader understands; meeting another, it refuses the shard."""

_DAMAGE = (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile, zlib.error, NotImplementedError,
           RuntimeError, MemoryError, SyntaxError, OverflowError)  # fmt: skip
"""What numpy and zipfile raise on files that are cut short, overwritten or no archive at all."""

_log = logging.getLogger("ponnuki.records")


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
        opened = np.load(path, allow_pickle=False)
        if not isinstance(opened, np.lib.npyio.NpzFile):
            raise RecordError(f"{path}: not an .npz archive of game records")
        with opened as archive:
            names = set(archive.files)
            if "format" not in names or str(archive["format"]) != FORMAT:
                found = repr(str(archive["format"])) if "format" in names else "no format"
                raise RecordError(f"{path}: {found}, expected {FORMAT!r}")
            unknown = {name for name in names if name.startswith("requires_")} - KNOWN_REQUIREMENTS
            if unknown:
                raise RecordError(f"{path}: needs {', '.join(sorted(unknown))}, which this version does not know")
            assert archive.zip is not None  # None only once it is closed
            for member in archive.zip.namelist():
                archive.zip.open(member).close()  # a damaged name would pass for an array to ignore; this notices
            return {name: archive[name] for name in names & known}
    except FileNotFoundError:
        raise RecordError(f"{path}: no such file") from None
    except _DAMAGE as error:
        raise RecordError(f"{path}: damaged or not a shard: {_one_line(error)}") from error


def _one_line(error: BaseException) -> str:
    text = " ".join(str(error).split()) or type(error).__name__
    return "no array of plain numbers" if "pickle" in text else text  # numpy would advise to unpickle it


def _shard_from_arrays(arrays: dict[str, NDArray[Any]]) -> Shard:
    missing = [name for name in REQUIRED if name not in arrays]
    if missing:
        raise RecordError(f"lacks {', '.join(missing)}")
    values: dict[str, Any] = {name: _as(arrays[name], dtype, name) for name, dtype in DTYPES.items() if name in arrays}
    for name in UNSIGNED:
        if name in arrays:
            values[name] = _as(arrays[name], arrays[name].dtype, name, kinds="u")
    games = values["length"].shape[0] if values["length"].ndim else 0
    for name in ZERO_WHERE_ABSENT:
        values.setdefault(name, np.zeros(games, DTYPES[name]))
    for name in ("setup_point", "setup_colour"):
        values.setdefault(name, np.zeros(0, DTYPES[name]))
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
    searched: bool = False
    """Whether the moves were searched: games of self-play, say."""
    learnt: int = 0
    """Positions whose policy is learnt from; all of them where the shard does not say."""
    relabelled: bool = False
    """Whether positions were searched one by one, see `Shard.relabelled`."""
    meta: Mapping[str, Any] = field(default_factory=dict)
    """What its writer said of it."""


def read_header(path: str | Path) -> ShardHeader:
    """Look into a shard without reading its positions. Raises RecordError as `read_shard` does, if less often."""
    arrays = _load_arrays(Path(path), only=("size", "length", "policy_target", "meta"))
    try:
        with zipfile.ZipFile(path) as archive:
            names = {Path(member.filename).stem for member in archive.infolist()}
            memory_bytes = sum(member.file_size for member in archive.infolist())
        length = arrays["length"]
        positions = int(length.sum(dtype=np.int64))
        labelled = bool(names & {"value_to_play", "policy_len"})
        targets = arrays.get("policy_target")
        learnt = positions if targets is None else int(np.count_nonzero(targets))
        meta = _read_meta(arrays.get("meta"))
        size = int(arrays["size"])
        if not MIN_SIZE <= size <= MAX_SIZE or length.min(initial=0) < 0:
            raise RecordError(f"size {size}, games of {length.min(initial=0)} moves and more")
        return ShardHeader(
            size, len(length), positions, labelled, memory_bytes, "visits" in names, learnt,
            meta.get("kind") == RELABELLED, meta,
        )  # fmt: skip
    except (*_DAMAGE, RecordError, TypeError) as error:
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
    for name in (*DTYPES, *UNSIGNED):
        array = getattr(shard, name)
        if array is not None:
            arrays[name] = np.ascontiguousarray(array, dtype=DTYPES.get(name))
    if shard.meta:
        arrays["meta"] = np.array(json.dumps(shard.meta, sort_keys=True))
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with replacing(path) as temporary, temporary.open("wb") as file:
            (np.savez_compressed if compress else np.savez)(file, **arrays)
    except OSError as error:
        raise RecordError(f"{path}: cannot be written: {error.strerror or error}") from error


def shard_paths(sources: str | Path | Iterable[str | Path]) -> list[Path]:
    """The shards that files and folders name, each once: a folder stands for its *.npz files, sorted by name.

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
    return list({path.resolve(): path for path in paths}.values())


def iter_shards(sources: str | Path | Iterable[str | Path]) -> Iterator[tuple[Path, Shard]]:
    """`readable_shards` of files and folders. Raises RecordError as `shard_paths` does."""
    return readable_shards(shard_paths(sources))


def readable_shards(paths: Iterable[Path]) -> Iterator[tuple[Path, Shard]]:
    """Read shard after shard, one in memory at a time; one that is missing or damaged costs a warning line."""
    for path in paths:
        try:
            shard = read_shard(path)
        except RecordError as error:
            _log.warning("skipped %s", error)
            continue
        yield path, shard
