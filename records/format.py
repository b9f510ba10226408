"""The format `ponnuki-games-1`: what the arrays of a shard are, and which values they may have.

A shard stores games, never planes: input planes are recomputed from the moves, so features can change without making
data anew. Notation: N board size, G games, P positions (the sum of `length`); position p is the one before move p is
played. `records.shards` reads and writes the files.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ponnuki.engine.coords import MAX_SIZE, MIN_SIZE
from ponnuki.engine.errors import RecordError

FORMAT = "ponnuki-games-1"
"""The one format that is read and written."""

ENDING_UNKNOWN, ENDING_COUNTED, ENDING_RESIGNED, ENDING_STOPPED, ENDING_MOVE_LIMIT = range(5)
SURE_ENDINGS = (ENDING_COUNTED, ENDING_RESIGNED)
TARGET_NONE, TARGET_STORED, TARGET_PLAYED = range(3)

RELABELLED = "relabelled"
"""The `kind` in the meta of games whose positions were searched one by one, long after they were played."""


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
    def relabelled(self) -> bool:
        """Whether each label stands for itself, and says nothing of the positions before it."""
        return self.meta.get("kind") == RELABELLED

    @property
    def games(self) -> int:
        """Number of games, G."""
        return len(self.length)

    @property
    def positions(self) -> int:
        """Number of positions, P."""
        return len(self.moves)

    @cached_property
    def returns(self) -> dict[int, NDArray[np.float32]]:
        """Targets worked out from whole games, kept by the array that they were worked out from (`records.targets`)."""
        return {}

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


def sure_results(shard: Shard) -> NDArray[np.bool_]:
    """[G] whether the game's winner, or that it was drawn, is known from the board or by resignation."""
    drawn = (shard.ending == ENDING_COUNTED) & (shard.score_black == 0)
    return np.isin(shard.ending, SURE_ENDINGS) & ((shard.winner != 0) | drawn)


def policy_kind(shard: Shard, positions: NDArray[np.int64] | slice) -> NDArray[np.uint8]:
    """TARGET_NONE, TARGET_STORED or TARGET_PLAYED of positions.

    Where the shard does not say: the stored policy, else the move played; but in labelled games a position without
    any label (before the labelled part of a game) has none, since its move was not chosen by the player learnt from.
    """
    if shard.policy_target is not None:
        return shard.policy_target[positions]
    if shard.policy_len is None:
        return np.full(shard.moves[positions].shape, TARGET_PLAYED, np.uint8)
    kind = np.where(shard.policy_len[positions] > 0, TARGET_STORED, TARGET_PLAYED).astype(np.uint8)
    if shard.value_to_play is not None:
        unlabelled = (kind == TARGET_PLAYED) & np.isnan(shard.value_to_play[positions])
        kind[unlabelled] = TARGET_NONE
    return kind


# The arrays of a file by what their first axis counts; dtypes as written.
PER_GAME: dict[str, type[np.generic]] = {
    "komi": np.float32, "scoring": np.uint8, "winner": np.int8, "ending": np.uint8, "score_black": np.float32,
    "length": np.int32, "ko": np.uint8, "suicide": np.uint8, "handicap_bonus": np.uint8, "first": np.uint8,
    "setup_len": np.uint16,
}  # fmt: skip
PER_POSITION: dict[str, type[np.generic]] = {
    "moves": np.uint16, "value_to_play": np.float16, "lead_to_play": np.float16, "policy_target": np.uint8,
    "visits": np.uint32, "raw_value_to_play": np.float16, "sample_weight": np.float16,
}  # fmt: skip
_FREE: dict[str, type[np.generic]] = {
    "setup_point": np.uint16, "setup_colour": np.uint8, "policy_move": np.uint16,
    "ownership_index": np.int32, "ownership_to_play": np.int8,
}  # fmt: skip
UNSIGNED = ("policy_len", "policy_weight")
REQUIRED = ("size", "komi", "scoring", "winner", "ending", "score_black", "length", "moves")
ZERO_WHERE_ABSENT = ("ko", "suicide", "handicap_bonus", "first", "setup_len")
DTYPES = PER_GAME | PER_POSITION | _FREE


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
    expected = dict.fromkeys(PER_GAME, (games,))
    expected |= dict.fromkeys((*PER_POSITION, "policy_len"), (positions,))
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
        fine = np.isfinite(shard.sample_weight) & (shard.sample_weight >= 0)
        _check(fine.all(), "sample_weight has values that are not numbers of 0 or more")
    for name in ("lead_to_play", "score_black"):
        array = getattr(shard, name)
        _check(array is None or not np.isinf(array).any(), f"{name} has infinite values")
