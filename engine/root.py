"""The root's own priors: which moves are allowed there, policy temperature, noise.

A root whose priors are not the evaluation's gets a slot of its own, so that no other node or search sees the change.
"""

from __future__ import annotations

import numpy as np

from ._jit import kernel
from .evaluations import let_go, prior_of, take_slot
from .tree import NO_LINK, ROOT


@kernel
def forbidden_moves(tree, store, allowed):
    """How many of the root's moves are not allowed (uint8[M])."""
    slot = np.int64(tree.slot[ROOT])
    count = 0
    for index in range(store.move_count[slot]):
        count += allowed[store.move[slot, index]] == 0
    return count


@kernel
def copy_allowed(tree, store, old, new, allowed, weight):
    """Copy the allowed moves of the root's slot into another, dropping the links of the rest.

    Their priors go into `weight`, float64[M], by their place in the new slot. Returns the number of moves.
    """
    link = np.int64(tree.first_link[ROOT])
    opened = np.int64(tree.opened[ROOT])
    tree.first_link[ROOT] = NO_LINK
    tree.last_link[ROOT] = NO_LINK
    tree.opened[ROOT] = 0
    count = 0
    for index in range(store.move_count[old]):
        keep = allowed[store.move[old, index]] != 0
        if keep:
            store.move[new, count] = store.move[old, index]
            weight[count] = prior_of(store, old, index)
            count += 1
        if index < opened:
            if keep:
                if tree.last_link[ROOT] == NO_LINK:
                    tree.first_link[ROOT] = link
                else:
                    tree.link_next[tree.last_link[ROOT]] = link
                tree.last_link[ROOT] = link
                tree.opened[ROOT] += 1
            link = np.int64(tree.link_next[link])
    if tree.last_link[ROOT] != NO_LINK:
        tree.link_next[tree.last_link[ROOT]] = NO_LINK
    return count


@kernel
def prepare_root(tree, store, allowed, temperature, noise, noise_weight, weight):
    """Give the root a slot of its own with its allowed moves alone and other priors.

    prior ∝ prior^(1 / temperature), then (1 - noise_weight) · prior + noise_weight · noise. Links of moves that are not
    allowed are dropped. The order of the moves that have links stays.

    Args:
        allowed: uint8[M], at least one of the root's moves.
        noise: float32[M] by move, made to sum to 1 over the allowed moves.
        weight: float64[M], scratch.
    """
    old = np.int64(tree.slot[ROOT])
    new = take_slot(store)
    count = copy_allowed(tree, store, old, new, allowed, weight)
    store.move_count[new] = count
    store.value[new] = store.value[old]
    store.lead[new] = store.lead[old]
    store.lead_stdev[new] = store.lead_stdev[old]
    for point in range(store.ownership.shape[1] if store.ownership.shape[0] > 0 else 0):
        store.ownership[new, point] = store.ownership[old, point]
    total = 0.0
    noise_total = 0.0
    for index in range(count):
        if temperature != 1.0:
            weight[index] = weight[index] ** (1.0 / temperature)
        total += weight[index]
        noise_total += noise[store.move[new, index]]
    share = noise_weight if noise_total > 0.0 else 0.0
    for index in range(count):
        prior = (1.0 - share) * weight[index] / max(total, 1e-300)
        if share > 0.0:
            prior += share * noise[store.move[new, index]] / noise_total
        store.prior[new, index] = np.uint16(np.sqrt(prior) * 65535.0 + 0.5)
    store.ordered[new] = tree.opened[ROOT]
    tree.slot[ROOT] = new
    let_go(store, old)


def dirichlet(rng: np.random.Generator, moves: int, legal: int, total_concentration: float) -> np.ndarray:
    """float32[moves]: root noise, gamma variates of which those of the legal moves are Dirichlet once made to sum to 1.

    The concentration is shared by the legal moves, as in KataGo (AlphaZero's 0.03 · 361 = 10.83 in all).
    """
    alpha = total_concentration / max(1, legal)
    return rng.gamma(alpha, size=moves).astype(np.float32)
