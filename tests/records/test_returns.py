"""Targets of searched games against a slow calculation."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest

from ponnuki.records.format import ENDING_COUNTED, ENDING_MOVE_LIMIT, Shard
from ponnuki.records.returns import decay
from ponnuki.records.sampling import find_groups
from ponnuki.records.shards import read_header, write_shard
from ponnuki.records.targets import gather_targets
from tests.records.random_games import random_shard


def searched(seed: int) -> Shard:
    """Random labelled games of 5x5, of which some positions have no opinion and one game no sure result."""
    shard = random_shard(seed, 5, labelled=True)
    value, lead = shard.value_to_play, shard.lead_to_play
    assert value is not None
    assert lead is not None
    value[::7] = np.nan
    lead[::7] = np.nan
    ending = np.full(shard.games, ENDING_COUNTED, np.uint8)
    ending[0] = ENDING_MOVE_LIMIT
    winner = np.where(np.arange(shard.games) % 2, 1, -1).astype(np.int8)
    score = np.float32(3.5) * winner
    return dataclasses.replace(
        shard, visits=np.ones(shard.positions, np.uint32), ending=ending, winner=winner, score_black=score
    )


def expected(shard: Shard, opinions: np.ndarray, result: float, game: int) -> list[float]:
    """Each position's target: opinions from there on with weights (1 - λ) λ^k, the result with the rest."""
    share, start, stop = decay(shard.size), int(shard.start[game]), int(shard.start[game + 1])
    targets = []
    for position in range(start, stop):
        later = [(p, float(opinions[p])) for p in range(position, stop) if not math.isnan(opinions[p])]
        signed = [value if (p - position) % 2 == 0 else -value for p, value in later]
        white = (int(shard.first[game]) + position - start) % 2 == 1
        if math.isnan(result):
            if not signed:
                targets.append(math.nan)
                continue
            total = signed[-1] * share ** (len(signed) - 1)
            signed = signed[:-1]
        else:
            total = (-result if white else result) * share ** len(signed)
        total += sum((1 - share) * share**k * value for k, value in enumerate(signed))
        targets.append(total)
    return targets


@pytest.mark.kernels
@pytest.mark.parametrize("kind", ["value", "lead"])
def test_targets_lie_between_opinions_and_the_result(kind: str) -> None:
    shard = searched(4)
    positions = np.arange(shard.positions)
    targets = gather_targets(shard, positions, np.zeros_like(positions))
    found, weight = getattr(targets, f"{kind}_target"), getattr(targets, f"{kind}_weight")
    opinions = getattr(shard, f"{kind}_to_play").astype(np.float32)
    for game in range(shard.games):
        result = float(shard.winner[game] if kind == "value" else shard.score_black[game])
        wanted = expected(shard, opinions, math.nan if game == 0 else result, game)
        inside = slice(int(shard.start[game]), int(shard.start[game + 1]))
        known = np.isfinite(wanted)
        assert (weight[inside] > 0).tolist() == (known & (shard.sample_weight[inside] > 0)).tolist()
        assert found[inside][known] == pytest.approx(np.array(wanted)[known], abs=1e-4)


def test_games_that_were_not_searched_keep_their_labels() -> None:
    shard = dataclasses.replace(searched(5), visits=None)
    positions = np.flatnonzero(~np.isnan(shard.value_to_play))
    targets = gather_targets(shard, positions, np.zeros_like(positions))
    assert targets.value_target == pytest.approx(shard.value_to_play[positions].astype(np.float32))


def test_the_header_tells_searched_games_from_labelled_ones(tmp_path) -> None:  # type: ignore[no-untyped-def]
    shard = searched(6)
    target = np.where(np.arange(shard.positions) % 3 == 0, 1, 0).astype(np.uint8)
    write_shard(tmp_path / "a.npz", dataclasses.replace(shard, policy_target=target))
    header = read_header(tmp_path / "a.npz")
    assert header.searched
    assert header.learnt == int(np.count_nonzero(target)) < header.positions
    (group,) = find_groups(tmp_path)
    assert (group.name, group.weight) == ("5x5 searched", header.learnt)
