"""What an evaluator says of one position, without a search: policy, value, ownership, dead stones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .board import TO_PLAY
from .coords import BLACK, EMPTY, WHITE
from .evaluator import Evaluation, Evaluator, LeafBatch
from .features import SYMMETRIES, symmetry_table
from .game import Game
from .leaf import Needs, fill_inputs, fill_leaf, position_of
from .scoring import owners_of

ROLLOUTS_FOR_STATUS = 256
"""Rollouts behind a verdict on dead stones where there is no net: a standard error of 0.06 in a point's ownership."""

DEAD_BELOW = 0.0
"""A chain is dead where its stones' mean ownership, seen from their owner, is below this."""
NEUTRAL_BELOW = 0.5
"""An empty point is nobody's where its ownership is weaker than this."""


def evaluate_position(game: Game, evaluator: Evaluator, symmetries: Sequence[int], seed: int = 0) -> Evaluation:
    """Evaluate a game's position once in each symmetry.

    Returns an Evaluation of ``len(symmetries)`` rows, policy and ownership mapped back to the board, illegal moves'
    logits at minus infinity, all from the view of the side to play.
    """
    batch = LeafBatch(game.size, len(symmetries), evaluator.inputs)
    position = position_of(game)
    needs = Needs(evaluator.inputs.planes > 0, evaluator.inputs.positions, False)
    for slot, symmetry in enumerate(symmetries):
        leaf_seed = np.uint64(seed * len(symmetries) + slot)
        length = position.history_length
        fill_leaf(batch.arrays, slot, position.board, position, length, np.int64(symmetry), leaf_seed)
        fill_inputs(batch.arrays, slot, position.board, position, needs)
    batch.count = len(symmetries)
    evaluation = evaluator.evaluate(batch)
    orders = symmetry_table(game.size)[np.asarray(symmetries)].astype(np.int64)
    points = np.take_along_axis(evaluation.policy[:, :-1], orders, axis=1)
    policy = np.concatenate([points, evaluation.policy[:, -1:]], axis=1)
    policy[batch.arrays.legal == 0] = -np.inf
    ownership = evaluation.ownership_to_play
    if ownership is not None:
        flat = np.take_along_axis(ownership.reshape(len(orders), -1), orders, axis=1)
        ownership = flat.reshape(ownership.shape)
    return Evaluation(
        policy, evaluation.value_to_play, evaluation.lead_to_play, evaluation.lead_stdev, ownership_to_play=ownership
    )


def ownership_black(game: Game, evaluator: Evaluator, seed: int = 0) -> np.ndarray:
    """float32[N, N], -1 … 1, + for Black: the mean over all symmetries, or over many rollouts.

    The evaluator must give ownership.
    """
    repeats = ROLLOUTS_FOR_STATUS if not evaluator.inputs.planes else SYMMETRIES
    symmetries = [index % SYMMETRIES for index in range(repeats)]
    ownership = evaluate_position(game, evaluator, symmetries, seed).ownership_to_play
    assert ownership is not None
    mean = ownership.mean(axis=0)
    return mean if game.board.info[TO_PLAY] == BLACK else -mean


@dataclass(frozen=True)
class FinalStatus:
    """Points of all stones, by their status at the end of the game."""

    alive: frozenset[int]
    dead: frozenset[int]
    seki: frozenset[int]


def final_status(stones: np.ndarray, ownership: np.ndarray) -> FinalStatus:
    """Settle the stones of a finished board.

    Whole chains are judged by their mean ownership. A living group is in seki where it and the points that it
    certainly owns hold no territory; a seki in which each side has an eye is therefore listed as alive.

    Args:
        stones: uint8[N, N].
        ownership: float32[N, N], + for Black.
    """
    size = stones.shape[0]
    flat, owned = stones.reshape(-1), ownership.reshape(-1)
    alive: set[int] = set()
    dead: set[int] = set()
    for chain in _regions(flat, size):
        colour = flat[next(iter(chain))]
        if colour == EMPTY:
            continue
        mean = float(np.mean(owned[list(chain)])) * (1 if colour == BLACK else -1)
        (dead if mean < DEAD_BELOW else alive).update(chain)
    holders = _holders(flat, owned, dead)
    seki: set[int] = set()
    for region in _regions(holders, size):
        if holders[next(iter(region))] != EMPTY and all(point in alive for point in region):
            seki |= region
    return FinalStatus(frozenset(alive - seki), frozenset(dead), frozenset(seki & alive))


def _holders(stones: np.ndarray, owned: np.ndarray, dead: set[int]) -> np.ndarray:
    """uint8[N*N]: the colour of living stones, and of other points the one that clearly owns them."""
    size = int(np.sqrt(len(stones)))
    living = stones.copy()
    living[list(dead)] = EMPTY
    surrounded = owners_of(living.reshape(size, size)).reshape(-1)
    likely = np.where(owned > 0, BLACK, WHITE)
    clear = (surrounded == likely) & (np.abs(owned) >= NEUTRAL_BELOW)
    return np.where(living != EMPTY, living, np.where(clear, likely, EMPTY)).astype(np.uint8)


def _regions(colours: np.ndarray, size: int) -> list[set[int]]:
    """Connected regions of equal colour."""
    left = set(range(size * size))
    regions = []
    while left:
        region = {left.pop()}
        frontier = list(region)
        while frontier:
            point = frontier.pop()
            for near in _neighbours(point, size):
                if near in left and colours[near] == colours[point]:
                    left.discard(near)
                    region.add(near)
                    frontier.append(near)
        regions.append(region)
    return regions


def _neighbours(point: int, size: int) -> list[int]:
    row, col = divmod(point, size)
    near = []
    if row:
        near.append(point - size)
    if row < size - 1:
        near.append(point + size)
    if col:
        near.append(point - 1)
    if col < size - 1:
        near.append(point + 1)
    return near
