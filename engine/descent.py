"""The playouts' kernels: descend to leaves, write them into a batch, take their evaluations, back up."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ._jit import kernel
from ._packed import content_at
from .board import PASSES, SIZE, TO_PLAY, Board, copy_board, hash_key, play, stones_of
from .coords import BLACK
from .evaluations import (
    NO_KEY,
    NO_SLOT,
    Evaluations,
    find_slot,
    hold_slot,
    let_go,
    link_slot,
    take_slot,
    write_priors,
)
from .evaluator import MAX_DEPTH
from .features import SYMMETRIES
from .gumbel import Plan, planned_move
from .leaf import Position, bar_moves, evaluation_key, fill_inputs, fill_leaf, node_key
from .rollout import next_random, random_below
from .scoring import board_margin
from .tree import (
    AWAITING,
    EXPANDED,
    LINKS_USED,
    NEW,
    NO_LINK,
    NO_NODE,
    NODES_USED,
    ROOT,
    TERMINAL,
    Parameters,
    Tree,
    add_node,
    back_up,
    cancel,
    find_node,
    open_link,
    select,
    settle,
)


class Scratch(NamedTuple):
    """Working memory of a descent."""

    board: Board
    path: np.ndarray  # int32[2 * MAX_DEPTH], node and link of each step
    stones: np.ndarray  # uint8[N*N]
    owners: np.ndarray  # uint8[N*N]
    stack: np.ndarray  # int16[N*N]
    random: np.ndarray  # uint64[1]


class Ways(NamedTuple):
    """Settings of a descent that are not numbers of PUCT."""

    transpositions: bool  # whether positions share nodes
    cached: bool  # whether evaluations are looked up and found again
    root_symmetries: int  # symmetries in which a new root is evaluated
    random_symmetry: bool  # whether the symmetry of a leaf's planes is drawn
    policy_temperature: float  # divides the policy's logits
    first_end: int  # least depth at which two passes end the game: 1, or 2 if a pass before the root does not count


class SearchState(NamedTuple):
    """All that a search works in, and its settings."""

    tree: Tree
    store: Evaluations
    position: Position
    scratch: Scratch
    parameters: Parameters
    plan: Plan
    ways: Ways


ADDED, FINISHED, FULL, KNOWN_ROOT = 0, 1, 2, 3
"""What `collect_from_all` counts of a search: rows written, playouts finished at once, whether its tree is full, and
whether its root was expanded by an evaluation from the store."""
PLAYOUTS, NEW_ROOT = 0, 1
"""What `apply_to_all` counts: playouts done, whether the root was expanded by one of them."""


@kernel
def step_down(tree, store, node, position, scratch, parameters, plan, transpositions, depth):
    """Play the move that an expanded node prefers. Returns the link taken, NO_LINK where there is no room."""
    if node == ROOT and plan.visits.shape[0] > 0:
        index, link = planned_move(tree, store, plan, parameters)
    else:
        index, link = select(tree, store, node, parameters)
    opening = link == NO_LINK
    if opening and (tree.used[NODES_USED] == tree.state.shape[0] or tree.used[LINKS_USED] == tree.link_child.shape[0]):
        return np.int64(NO_LINK)
    board = scratch.board
    play(board, np.int64(store.move[tree.slot[node], index]))
    position.history[position.history_length + depth] = hash_key(board, position.ko)
    if opening:
        key = node_key(board, position.scoring)
        child = find_node(tree, key) if transpositions else np.int64(NO_NODE)
        if child == NO_NODE:
            child = add_node(tree, key, transpositions)
        link = open_link(tree, node, child)
    return link


@kernel
def descend(tree, store, position, scratch, parameters, plan, transpositions):
    """Play from the root to a node that is not expanded, counting the playout as in flight.

    It also ends at a node that has had more visits than its link: another order of moves has evaluated it already.
    Returns (node, depth, whether it ended so); node is -1 where the tree or the history is full. `scratch.board` holds
    the node's position and `scratch.path` the way there.
    """
    copy_board(position.board, scratch.board)
    path = scratch.path
    node = np.int64(ROOT)
    depth = np.int64(0)
    tree.pending[node] += 1
    while tree.state[node] == EXPANDED:
        link = np.int64(NO_LINK)
        if depth < MAX_DEPTH:
            link = step_down(tree, store, node, position, scratch, parameters, plan, transpositions, depth)
        if link == NO_LINK:
            cancel(tree, node, path, depth)
            return np.int64(-1), depth, False
        path[2 * depth] = node
        path[2 * depth + 1] = link
        depth += 1
        node = np.int64(tree.link_child[link])
        tree.pending[node] += 1
        known = tree.link_visits[link] + tree.link_pending[link]
        tree.link_pending[link] += 1
        if transpositions and tree.state[node] == EXPANDED and tree.visits[node] > known:
            return node, depth, True
    return node, depth, False


@kernel
def settle_ended_game(tree, node, depth, position, scratch, parameters):
    """Make a node whose game is over under area scoring a terminal one, valued by the count of the board."""
    board = scratch.board
    stones_of(board, scratch.stones)
    size = np.int64(board.info[SIZE])
    margin = board_margin(scratch.stones, size, scratch.owners, scratch.stack, np.bool_(False)) - position.komi
    sign = 1.0 if board.info[TO_PLAY] == BLACK else -1.0
    settle(tree, node, np.float32(sign * np.sign(margin)), np.float32(sign * margin), depth, parameters)
    tree.state[node] = TERMINAL


@kernel
def expand_known(tree, store, node, slot, depth, parameters):
    """Expand a node with an evaluation that is in the store."""
    hold_slot(store, slot)
    tree.slot[node] = slot
    tree.state[node] = EXPANDED
    settle(tree, node, store.value[slot], store.lead[slot], depth, parameters)


@kernel
def write_leaf(node, depth, leaves, row, key, symmetry, scratch, position, needs):
    """Note a leaf in a row of the batch whose legal moves are written, with what the evaluator needs."""
    leaves.node[row] = node
    leaves.depth[row] = depth
    leaves.key[row] = key
    leaves.symmetry[row] = symmetry
    for step in range(2 * depth):
        leaves.path[row, step] = scratch.path[step]
    fill_inputs(leaves, row, scratch.board, position, needs)
    bar_moves(leaves.legal[row], position, np.int64(scratch.board.info[TO_PLAY]), depth)


@kernel
def collect_leaves(searches, index, batch, needs, start, limit, room):
    """Descend up to `limit` times and write the leaves from row `start` on, at most `room` of them.

    A descent that needs no evaluation (a finished game, a position known from another path or from the store) is backed
    up at once; one that meets a leaf already under evaluation is taken back and ends the call. A new root takes a row
    for each of its symmetries, one that the store knows is expanded and ends the call: the caller has it to prepare.
    Returns what `collect_from_all` counts.

    Args:
        searches: packed SearchStates, of which `index` says the one; batch: packed LeafArrays.
    """
    tree, store, position, scratch, parameters, plan, ways = content_at(searches, index)
    leaves = batch.content
    cached = ways.cached and not needs.positions  # such evaluators may judge by chance
    root_symmetries = np.int64(1) if needs.positions else np.int64(ways.root_symmetries)
    random_symmetry = ways.random_symmetry and needs.planes
    row = start
    finished = 0
    known_root = False
    while row - start + finished < limit and row - start < room:
        node, depth, known = descend(tree, store, position, scratch, parameters, plan, ways.transpositions)
        if node < 0:
            return row - start, finished, True, False
        if tree.state[node] == AWAITING:
            cancel(tree, node, scratch.path, depth)
            break
        board = scratch.board
        ended = depth >= ways.first_end and board.info[PASSES] >= 2
        if tree.state[node] == NEW and ended and position.scoring == 0:
            settle_ended_game(tree, node, depth, position, scratch, parameters)
        if known or tree.state[node] == TERMINAL:
            back_up(tree, node, scratch.path, depth, parameters)
            finished += 1
            continue
        symmetry = random_below(scratch.random, np.int64(SYMMETRIES)) if random_symmetry else np.int64(0)
        seed = next_random(scratch.random)
        copies = min(root_symmetries, start + room - row) if depth == 0 else 1
        for copy in range(copies):
            turned = (symmetry + copy) % SYMMETRIES
            fill_leaf(leaves, row, board, position, position.history_length + depth, turned, seed)
            key = NO_KEY
            if cached and not ended and (depth > 0 or root_symmetries == 1):
                key = evaluation_key(board, position, leaves.legal[row])
                slot = find_slot(store, key)
                if slot != NO_SLOT:
                    expand_known(tree, store, node, slot, depth, parameters)
                    back_up(tree, node, scratch.path, depth, parameters)
                    finished += 1
                    known_root = depth == 0
                    break
            if ended:
                leaves.legal[row, :] = 0  # under territory scoring the evaluation settles an ended game
            write_leaf(node, depth, leaves, row, key, turned, scratch, position, needs)
            tree.state[node] = AWAITING
            row += 1
        if depth == 0:
            break
    return row - start, finished, False, known_root


@kernel
def collect_from_all(searches, batch, needs, start, capacity, limits, rooms, counts):
    """Write leaves of several searches into a batch, one search after the other, until it is full.

    To call `collect` and `apply` from Python takes as long as a playout and a half on 9×9, and in self-play a search
    has three at a time.

    Args:
        searches, batch, needs: as of `collect_leaves`.
        start: the first free row; capacity: all rows.
        limits, rooms: int64[S], most playouts and most rows of each search.
        counts: int64[S, 4], written: ADDED, FINISHED, FULL and KNOWN_ROOT of each.
    """
    row = start
    for index in range(limits.shape[0]):
        room = min(rooms[index], capacity - row)
        added, finished, full, known_root = collect_leaves(searches, index, batch, needs, row, limits[index], room)
        counts[index, ADDED] = added
        counts[index, FINISHED] = finished
        counts[index, FULL] = full
        counts[index, KNOWN_ROOT] = known_root
        row += added


@kernel
def apply_evaluations(searches, index, batch, start, stop, policy, value, lead, lead_stdev, ownership, tables):
    """Expand and back up a search's rows [start, stop) of a batch. Returns (playouts done, whether the root is new).

    Args as of `apply_to_all`.
    """
    state = content_at(searches, index)
    tree, store, parameters = state.tree, state.store, state.parameters
    leaves = batch.content
    playouts = 0
    new_root = False
    for row in range(start, stop):
        node = np.int64(leaves.node[row])
        depth = np.int64(leaves.depth[row])
        order = tables[leaves.symmetry[row]]
        slot = take_slot(store)
        count = write_priors(store, slot, leaves.legal[row], policy[row], order, state.ways.policy_temperature)
        store.value[slot] = value[row]
        store.lead[slot] = lead[row]
        store.lead_stdev[slot] = lead_stdev[row]
        if store.ownership.shape[0] > 0 and ownership.shape[0] > 0:
            for point in range(order.shape[0]):
                store.ownership[slot, point] = np.int8(np.rint(100 * ownership[row, order[point]]))
        if tree.state[node] == EXPANDED:  # the root in one more symmetry
            blend(store, np.int64(tree.slot[node]), slot, 1.0 / (row - start + 1.0))
            let_go(store, slot)
            slot = np.int64(tree.slot[node])
            settle(tree, node, store.value[slot], store.lead[slot], depth, parameters)
            continue
        link_slot(store, slot, leaves.key[row])
        settle(tree, node, value[row], lead[row], depth, parameters)
        back_up(tree, node, leaves.path[row], depth, parameters)
        playouts += 1
        if count > 0:
            tree.slot[node] = slot
            tree.state[node] = EXPANDED
            new_root |= node == ROOT
        else:  # without a legal move, the pass included, the game is over
            let_go(store, slot)
            tree.state[node] = TERMINAL
    return playouts, new_root


@kernel
def apply_to_all(searches, batch, spans, policy, value, lead, lead_stdev, ownership, tables, counts):
    """Give several searches the evaluations of their rows of a batch.

    Args:
        searches: packed SearchStates; batch: packed LeafArrays.
        spans: int64[S, 2], rows [start, stop) of each search.
        policy: float32[B, N*N + 1]; value, lead, lead_stdev: float32[B]; ownership: float32[B, N*N] or [0, 0].
        tables: int16[8, N*N], `features.symmetry_table`.
        counts: int64[S, 2], written: PLAYOUTS and NEW_ROOT of each.
    """
    for index in range(spans.shape[0]):
        playouts, new_root = apply_evaluations(
            searches, index, batch, spans[index, 0], spans[index, 1], policy, value, lead, lead_stdev, ownership, tables
        )
        counts[index, PLAYOUTS] = playouts
        counts[index, NEW_ROOT] = new_root


@kernel
def blend(store, slot, other, share):
    """Mix one evaluation into another of the same position: (1 - share) of what was there, `share` of the other."""
    for index in range(store.move_count[slot]):
        old = np.float64(store.prior[slot, index])
        new = np.float64(store.prior[other, index])
        store.prior[slot, index] = np.uint16(np.sqrt((1.0 - share) * old * old + share * new * new) + 0.5)
    store.value[slot] = (1.0 - share) * store.value[slot] + share * store.value[other]
    store.lead[slot] = (1.0 - share) * store.lead[slot] + share * store.lead[other]
    store.lead_stdev[slot] = (1.0 - share) * store.lead_stdev[slot] + share * store.lead_stdev[other]
    for point in range(store.ownership.shape[1] if store.ownership.shape[0] > 0 else 0):
        mixture = (1.0 - share) * store.ownership[slot, point] + share * store.ownership[other, point]
        store.ownership[slot, point] = np.int8(np.rint(mixture))
