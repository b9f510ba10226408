"""Training targets of stored positions, gathered with numpy; no position is replayed here."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ponnuki.engine.features import symmetry_table
from ponnuki.records.format import (
    ENDING_COUNTED,
    TARGET_NONE,
    TARGET_PLAYED,
    TARGET_STORED,
    Shard,
    policy_kind,
    sure_results,
)
from ponnuki.records.positions import locate
from ponnuki.records.returns import decay, discounted


class Targets(NamedTuple):
    """What a net should answer, from the side to move's view; a weight of 0 means that there is no target."""

    policy_target: NDArray[np.float32]  # [B, N*N+1], sums to 1 where its weight is not 0
    policy_weight: NDArray[np.float32]  # [B]
    value_target: NDArray[np.float32]  # [B] -1..1
    value_weight: NDArray[np.float32]  # [B]
    lead_target: NDArray[np.float32]  # [B] points, komi counted
    lead_weight: NDArray[np.float32]  # [B]
    ownership_target: NDArray[np.float32]  # [B, N, N] -1..1
    ownership_weight: NDArray[np.float32]  # [B]


def trainable_positions(shard: Shard) -> NDArray[np.int32]:
    """The positions that carry any target, in order."""
    useful = policy_kind(shard, slice(None)) != TARGET_NONE
    useful |= np.repeat(sure_results(shard), shard.length)
    if shard.value_to_play is not None:
        useful |= ~np.isnan(shard.value_to_play)
    if shard.sample_weight is not None:
        useful &= shard.sample_weight > 0
    return np.flatnonzero(useful).astype(np.int32)


def gather_targets(shard: Shard, positions: NDArray[np.int64], symmetry: NDArray[np.int64]) -> Targets:
    """The targets of positions (indices into the shard's moves), each in its symmetry 0 ... 7."""
    game_of, count_of = locate(shard, positions)
    white = (shard.first[game_of] + count_of) % 2 == 1
    sign = np.where(white, -1, 1).astype(np.float32)  # from Black's view to that of the side to move
    policy, policy_weight = _policy(shard, positions, symmetry)
    value, value_weight = _value(shard, positions, game_of, sign)
    lead, lead_weight = _lead(shard, positions, game_of, sign)
    ownership, ownership_weight = _ownership(shard, positions, symmetry)
    if shard.sample_weight is not None:
        share = shard.sample_weight[positions].astype(np.float32)
        for weight in (policy_weight, value_weight, lead_weight, ownership_weight):
            weight *= share
    return Targets(
        policy, policy_weight, value, value_weight, lead, lead_weight, ownership, ownership_weight
    )  # fmt: skip


Pair = tuple[NDArray[np.float32], NDArray[np.float32]]
"""A target and its weight."""


def _policy(shard: Shard, positions: NDArray[np.int64], symmetry: NDArray[np.int64]) -> Pair:
    area = shard.size**2
    move_table = np.append(symmetry_table(shard.size), np.full((8, 1), area, np.int16), axis=1)
    kind = policy_kind(shard, positions)
    target = np.zeros((len(positions), area + 1), np.float32)
    played = np.flatnonzero(kind == TARGET_PLAYED)
    target[played, move_table[symmetry[played], shard.moves[positions[played]]]] = 1
    stored = np.flatnonzero(kind == TARGET_STORED)
    if shard.policy_len is not None and shard.policy_move is not None and shard.policy_weight is not None:
        row, entry = _ragged(shard.entry[positions[stored]], shard.policy_len[positions[stored]])
        row = stored[row]
        np.add.at(target, (row, move_table[symmetry[row], shard.policy_move[entry]]), shard.policy_weight[entry])
    total = target.sum(axis=1)
    weight = (total > 0).astype(np.float32)
    target /= np.where(total > 0, total, 1)[:, np.newaxis]
    return target, weight


def _ragged(start: NDArray[np.int64], length: NDArray[Any]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """For runs start[i]:start[i]+length[i]: the run and the index of every element, end to end."""
    run = np.repeat(np.arange(len(start)), length)
    before = np.cumsum(length, dtype=np.int64) - length
    return run, start[run] + np.arange(len(run)) - before[run]


def _value(shard: Shard, positions: NDArray[np.int64], game_of: NDArray[np.int64], sign: NDArray[np.float32]) -> Pair:
    """The stored value, or where there is none the sure winner; in searched games a mean of both."""
    known = sure_results(shard)
    if shard.visits is not None and shard.value_to_play is not None and not shard.relabelled:
        return _average(shard, shard.value_to_play, np.where(known, shard.winner, np.nan), positions)
    return _prefer_label(shard.value_to_play, positions, shard.winner[game_of] * sign, known[game_of])


def _lead(shard: Shard, positions: NDArray[np.int64], game_of: NDArray[np.int64], sign: NDArray[np.float32]) -> Pair:
    """The stored lead, or where there is none the counted score; in searched games a mean of both."""
    known = (shard.ending == ENDING_COUNTED) & np.isfinite(shard.score_black)
    if shard.visits is not None and shard.lead_to_play is not None and not shard.relabelled:
        return _average(shard, shard.lead_to_play, np.where(known, shard.score_black, np.nan), positions)
    return _prefer_label(shard.lead_to_play, positions, shard.score_black[game_of] * sign, known[game_of])


def _average(
    shard: Shard, opinions: NDArray[np.float16], results: NDArray[np.floating[Any]], positions: NDArray[np.int64]
) -> Pair:
    """`records.returns` of positions, given the search's opinions [P] and Black's results [G], NaN where not sure."""
    if id(opinions) not in shard.returns:
        out = np.empty(shard.positions, np.float32)
        first = np.ascontiguousarray(shard.first)
        opinion = opinions.astype(np.float32)
        discounted(shard.start, first, opinion, results.astype(np.float32), decay(shard.size), out)
        shard.returns[id(opinions)] = out
    target = shard.returns[id(opinions)][positions]
    known = np.isfinite(target)
    return np.where(known, target, 0).astype(np.float32), known.astype(np.float32)


def _prefer_label(
    labels: NDArray[np.float16] | None,
    positions: NDArray[np.int64],
    result: NDArray[np.float32],
    known: NDArray[np.bool_],
) -> Pair:
    """Labels where they are numbers, elsewhere the game's result where it is known."""
    target = np.where(known, result, 0).astype(np.float32)
    if labels is not None:
        label = labels[positions].astype(np.float32)
        labelled = np.isfinite(label)
        target, known = np.where(labelled, label, target), known | labelled
    return target, known.astype(np.float32)


def _ownership(shard: Shard, positions: NDArray[np.int64], symmetry: NDArray[np.int64]) -> Pair:
    size, rows = shard.size, len(positions)
    target = np.zeros((rows, size * size), np.float32)
    weight = np.zeros(rows, np.float32)
    if shard.ownership_to_play is not None:
        label = shard.ownership_row[positions]
        row = np.flatnonzero(label >= 0)
        values = shard.ownership_to_play[label[row]].astype(np.float32) / 100
        target[row[:, np.newaxis], symmetry_table(size)[symmetry[row]]] = values
        weight[row] = 1
    return target.reshape(rows, size, size), weight
