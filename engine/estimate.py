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
from .leaf import fill_inputs, fill_leaf, position_of
from .scoring import owners_of

ROLLOUTS_FOR_STATUS = 256
"""Rollouts behind a verdict on dead stones where there is no net: a standard error of 0.06 in a point's ownership."""

DEAD_BELOW = 0.0
"""A chain is dead where its stones' mean ownership, seen from their owner, is below this."""
SURE_LIFE = 0.8
"""Mean ownership from which on a chain is not taken for one in seki, whatever its liberties look like."""
NEUTRAL_BELOW = 0.5
"""An empty point is nobody's where its ownership is weaker than this."""


def evaluate_position(game: Game, evaluator: Evaluator, symmetries: Sequence[int], seed: int = 0) -> Evaluation:
    """Evaluate a game's position once in each symmetry.

    Returns an Evaluation of ``len(symmetries)`` rows, policy and ownership mapped back to the board, illegal moves'
    logits at minus infinity, all from the view of the side to play.
    """
    batch = LeafBatch(game.size, len(symmetries), evaluator.inputs)
    position = position_of(game)
    for slot, symmetry in enumerate(symmetries):
        leaf_seed = np.uint64((seed * len(symmetries) + slot) % 2**64)
        length = position.history_length
        fill_leaf(batch.arrays, slot, position.board, position, length, np.int64(symmetry), leaf_seed)
        fill_inputs(batch.arrays, slot, position.board, position, batch.needs)
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
    certainly owns hold no territory, or where the evaluator is unsure of it and it touches a region that neither side
    can enter without putting its stones in atari (a seki, with eyes or without).

    Args:
        stones: uint8[N, N].
        ownership: float32[N, N], + for Black.
    """
    size = stones.shape[0]
    flat, owned = stones.reshape(-1), ownership.reshape(-1)
    seki = stuck_chains(flat, owned, size)
    alive: set[int] = set(seki)
    dead: set[int] = set()
    for chain in _regions(flat, size):
        start = next(iter(chain))
        if flat[start] != EMPTY and start not in seki:
            (dead if _life(flat, owned, chain) < DEAD_BELOW else alive).update(chain)
    holders = _holders(flat, owned, dead)
    for region in _regions(holders, size):
        if holders[next(iter(region))] != EMPTY and all(point in alive for point in region):
            seki |= region
    return FinalStatus(frozenset(alive - seki), frozenset(dead), frozenset(seki & alive))


def _life(stones: np.ndarray, owned: np.ndarray, chain: set[int]) -> float:
    """A chain's mean ownership seen from its owner, -1 (dead) to 1."""
    sign = 1 if stones[next(iter(chain))] == BLACK else -1
    return sign * float(np.mean(owned[list(chain)]))


def stuck_chains(stones: np.ndarray, owned: np.ndarray, size: int) -> set[int]:
    """Points of the chains of unsure life around regions that neither side can enter: a seki, with eyes or not.

    `stones` is uint8[N*N], `owned` float32[N*N], Black's as 1.
    """
    found: set[int] = set()
    for region in _regions(stones, size):
        if stones[next(iter(region))] == EMPTY and _nobody_can_fill(stones, region, size):
            beside = {near for point in region for near in neighbours(point, size) if stones[near] != EMPTY}
            chains = [chain_at(stones, stone, size) for stone in beside]
            if all(abs(_life(stones, owned, chain)) < SURE_LIFE for chain in chains):
                found.update(*chains)
    return found


def chain_at(stones: np.ndarray, start: int, size: int) -> set[int]:
    """The points of the chain at a stone; `stones` is uint8[N*N]."""
    chain, frontier = {start}, [start]
    while frontier:
        for near in neighbours(frontier.pop(), size):
            if near not in chain and stones[near] == stones[start]:
                chain.add(near)
                frontier.append(near)
    return chain


def liberties(stones: np.ndarray, point: int, size: int) -> set[int]:
    """The liberties of the chain at a point; `stones` is uint8[N*N]."""
    chain = chain_at(stones, point, size)
    return {near for stone in chain for near in neighbours(stone, size) if stones[near] == EMPTY}


def _nobody_can_fill(stones: np.ndarray, region: set[int], size: int) -> bool:
    """Whether either side's stone on any point of a neutral region between both would stand in atari: a seki."""
    beside = {int(stones[near]) for point in region for near in neighbours(point, size)} - {EMPTY}
    return beside == {BLACK, WHITE} and all(
        is_self_atari(stones, point, colour, size) for point in region for colour in (BLACK, WHITE)
    )


def is_self_atari(stones: np.ndarray, point: int, colour: int, size: int) -> bool:
    """Whether a stone there takes nothing and has at most one liberty afterwards."""
    after = stones.copy()
    after[point] = colour
    if any(after[near] == 3 - colour and not liberties(after, near, size) for near in neighbours(point, size)):
        return False
    return len(liberties(after, point, size)) <= 1


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
            for near in neighbours(point, size):
                if near in left and colours[near] == colours[point]:
                    left.discard(near)
                    region.add(near)
                    frontier.append(near)
        regions.append(region)
    return regions


def neighbours(point: int, size: int) -> list[int]:
    """The points beside a point of the board."""
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
