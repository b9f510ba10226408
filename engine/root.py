"""The root: how it moves on in its tree, which moves are allowed there, and its own priors (temperature, noise).

A root whose priors are not the evaluation's gets a slot of its own, so that no other node or search sees the change.
"""

from __future__ import annotations

import numpy as np

from ._jit import kernel
from .board import TO_PLAY, legal_moves
from .evaluations import let_go, prior_of, take_slot
from .leaf import bar_moves
from .tree import EXPANDED, NO_LINK, NO_NODE, ROOT, clear_tree, keep_below, let_go_of_others


@kernel
def child_of_root(tree, store, move):
    """The node that a move of the root leads to, NO_NODE where it was not looked at."""
    link = np.int64(tree.first_link[ROOT])
    index = 0
    while link != NO_LINK:
        if store.move[tree.slot[ROOT], index] == move:
            return np.int64(tree.link_child[link])
        link = np.int64(tree.link_next[link])
        index += 1
    return np.int64(NO_NODE)


@kernel
def move_root(search, move, kept, old_index, new_index):
    """Copy what lies below a move of the root into another tree and let go of the evaluations of the rest.

    Args:
        search: packed SearchState; no playout may be in flight.
        move: NO_MOVE to keep nothing.
        kept: a tree as large as the used part of the search's; what it held is forgotten.
        old_index, new_index: int32[nodes used], scratch; `new_index` full of NO_NODE.
    """
    state = search.content
    tree, store = state.tree, state.store
    child = child_of_root(tree, store, move)
    if child != NO_NODE and tree.state[child] == EXPANDED:
        keep_below(tree, child, kept, old_index, new_index)
    else:
        clear_tree(kept)
    let_go_of_others(tree, store, new_index)


@kernel
def allowed_moves(search, allowed):
    """Write the root's legal moves, less those that are barred, into uint8[M].

    Returns how many of the moves in the root's evaluation are not allowed.
    """
    state = search.content
    tree, store, position = state.tree, state.store, state.position
    board = position.board
    legal_moves(board, position.history, position.history_length, position.ko, position.suicide, allowed)
    bar_moves(allowed, position, np.int64(board.info[TO_PLAY]), np.int64(0))
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
