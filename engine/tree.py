"""The search tree: one frozen record of parallel arrays, and the kernels that select, expand and back up.

Values are stored from the view of the side to play at their node (``…_to_play``). A node's edges lie together in the
edge arrays; the first ``opened`` of them have children, and the next one always holds the largest prior of the rest.
So selection looks at the visited children and at one more edge, however many moves are legal: all unvisited children
share one first-play value, hence the largest prior among them wins.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ._jit import kernel
from .board import copy_array

ROOT = 0
NO_PARENT = -1
NO_CHILD = -1

# States of a node.
NEW, AWAITING, EXPANDED, TERMINAL = 0, 1, 2, 3

NODES_USED, EDGES_USED = 0, 1


class Tree(NamedTuple):
    """Arrays over nodes (length `nodes`) and over edges (length `edges`)."""

    used: np.ndarray  # int64[2], NODES_USED and EDGES_USED
    state: np.ndarray  # uint8[nodes], NEW, AWAITING (an evaluation is under way), EXPANDED or TERMINAL
    parent: np.ndarray  # int32[nodes], NO_PARENT for the root
    visits: np.ndarray  # int32[nodes], finished playouts through the node
    pending: np.ndarray  # int32[nodes], playouts in flight through the node
    value_sum: np.ndarray  # float64[nodes], of the values to play
    lead_sum: np.ndarray  # float64[nodes], of the leads to play, points
    raw_value: np.ndarray  # float32[nodes], the node's own evaluation
    raw_lead: np.ndarray  # float32[nodes]
    first_edge: np.ndarray  # int64[nodes]
    edge_count: np.ndarray  # int16[nodes]
    opened: np.ndarray  # int16[nodes], edges with a child
    ownership: np.ndarray  # int8[nodes or 0, N*N], 100 × the evaluation's ownership to play
    edge_move: np.ndarray  # int16[edges]
    edge_prior: np.ndarray  # float32[edges]
    edge_child: np.ndarray  # int32[edges], NO_CHILD where not opened


class Parameters(NamedTuple):
    """`SearchSettings` as the kernels take them, all float64."""

    c_puct: float
    c_puct_log: float
    c_puct_base: float
    fpu_reduction: float
    virtual_loss: float


def allocate_tree(nodes: int, edges: int, ownership_points: int = 0) -> Tree:
    """A tree of one new root, with room for so many nodes and edges.

    Args:
        ownership_points: N*N to keep ownership, 0 not to.
    """
    tree = Tree(
        used=np.zeros(2, np.int64),
        state=np.zeros(nodes, np.uint8),
        parent=np.empty(nodes, np.int32),
        visits=np.empty(nodes, np.int32),
        pending=np.empty(nodes, np.int32),
        value_sum=np.empty(nodes, np.float64),
        lead_sum=np.empty(nodes, np.float64),
        raw_value=np.empty(nodes, np.float32),
        raw_lead=np.empty(nodes, np.float32),
        first_edge=np.empty(nodes, np.int64),
        edge_count=np.empty(nodes, np.int16),
        opened=np.empty(nodes, np.int16),
        ownership=np.empty((nodes if ownership_points else 0, ownership_points), np.int8),
        edge_move=np.empty(edges, np.int16),
        edge_prior=np.empty(edges, np.float32),
        edge_child=np.empty(edges, np.int32),
    )
    add_node(tree, NO_PARENT)
    return tree


def grow(tree: Tree, nodes: int, edges: int) -> Tree:
    """The same tree in larger arrays."""
    larger = allocate_tree(nodes, edges, tree.ownership.shape[1])
    nodes_used, edges_used = (int(number) for number in tree.used)
    for name, old, new in zip(Tree._fields, tree, larger, strict=True):
        if name == "used":
            new[:] = old
        elif name == "ownership" and not len(old):
            continue
        else:
            kept = edges_used if name.startswith("edge_") and name != "edge_count" else nodes_used
            new[:kept] = old[:kept]
    return larger


def bytes_used(tree: Tree) -> int:
    """Bytes of the nodes and edges in use."""
    nodes_used, edges_used = (int(number) for number in tree.used)
    per_edge = sum(array.itemsize for array in (tree.edge_move, tree.edge_prior, tree.edge_child))
    per_node = sum(array.itemsize for array in tree[1:12]) + tree.ownership.shape[1]
    return nodes_used * per_node + edges_used * per_edge


@kernel
def add_node(tree, parent):
    """Append a new node and return its index; there must be room."""
    node = tree.used[NODES_USED]
    tree.used[NODES_USED] = node + 1
    tree.state[node] = NEW
    tree.parent[node] = parent
    tree.visits[node] = 0
    tree.pending[node] = 0
    tree.value_sum[node] = 0.0
    tree.lead_sum[node] = 0.0
    tree.raw_value[node] = np.float32(0)
    tree.raw_lead[node] = np.float32(0)
    tree.first_edge[node] = 0
    tree.edge_count[node] = 0
    tree.opened[node] = 0
    return node


@kernel
def select_edge(tree, node, parameters):
    """The edge of an expanded node that PUCT prefers.

    Maximises  q(child) + c(n) · prior · √n / (1 + visits(child)),  with n the visits of the node and
    c(n) = c_puct + c_puct_log · log((n + c_puct_base) / c_puct_base)  (AlphaZero's formula). A playout in flight
    counts as a visit and as `virtual_loss` lost games. The first unvisited edge stands for all of them.
    """
    visits = np.float64(tree.visits[node] + tree.pending[node])
    weight = parameters.c_puct + parameters.c_puct_log * np.log(
        (visits + parameters.c_puct_base) / parameters.c_puct_base
    )
    weight *= np.sqrt(visits)
    first = tree.first_edge[node]
    opened_end = first + tree.opened[node]
    best_edge = first
    best_score = -np.inf
    visited_prior = 0.0
    for edge in range(first, opened_end):
        child = tree.edge_child[edge]
        prior = np.float64(tree.edge_prior[edge])
        pending = np.float64(tree.pending[child])
        child_visits = np.float64(tree.visits[child]) + pending
        lost = pending * parameters.virtual_loss
        divisor = np.float64(tree.visits[child]) + lost
        value = (-tree.value_sum[child] - lost) / divisor if divisor > 0.0 else 0.0
        score = value + weight * prior / (1.0 + child_visits)
        visited_prior += prior
        if score > best_score:
            best_score = score
            best_edge = edge
    if opened_end < first + tree.edge_count[node]:
        own_value = tree.value_sum[node] / max(1, tree.visits[node])
        urgency = own_value - parameters.fpu_reduction * np.sqrt(visited_prior)
        if urgency + weight * np.float64(tree.edge_prior[opened_end]) > best_score:
            best_edge = opened_end
    return best_edge


@kernel
def bring_largest_prior(tree, start, stop):
    """Swap the edge with the largest prior of [start, stop) to `start`; the first of equals wins."""
    best = start
    for edge in range(start + 1, stop):
        if tree.edge_prior[edge] > tree.edge_prior[best]:
            best = edge
    if best != start:
        move, prior = tree.edge_move[best], tree.edge_prior[best]
        tree.edge_move[best], tree.edge_prior[best] = tree.edge_move[start], tree.edge_prior[start]
        tree.edge_move[start], tree.edge_prior[start] = move, prior


@kernel
def open_edge(tree, node, edge):
    """Give the first unopened edge of a node a new child, and return the child."""
    child = add_node(tree, np.int64(node))
    tree.edge_child[edge] = child
    tree.opened[node] += 1
    stop = tree.first_edge[node] + tree.edge_count[node]
    if edge + 1 < stop:
        bring_largest_prior(tree, edge + 1, stop)
    return child


@kernel
def expand(tree, node, legal, logits, order, temperature):
    """Give a node an edge for each legal move, with softmax priors.

    Args:
        legal: uint8[M], M = N*N + 1.
        logits: float32[M], in the leaf's symmetry.
        order: int16[N*N], where the leaf's symmetry put each point (`features.symmetry_table`).
        temperature: divides the logits.

    The edge arrays must have room for M more. Without a legal move, the pass included, the game is over there and the
    node becomes a terminal one with the value of its evaluation.
    """
    moves = legal.shape[0]
    first = tree.used[EDGES_USED]
    edge = first
    largest = np.float32(-np.inf)
    for move in range(moves):
        if legal[move]:
            logit = logits[order[move]] if move < moves - 1 else logits[move]
            largest = max(largest, logit)
            tree.edge_move[edge] = move
            tree.edge_prior[edge] = logit
            tree.edge_child[edge] = NO_CHILD
            edge += 1
    if edge == first:
        tree.state[node] = TERMINAL
        return
    total = 0.0
    for index in range(first, edge):
        weight = np.exp((np.float64(tree.edge_prior[index]) - np.float64(largest)) / temperature)
        tree.edge_prior[index] = weight
        total += weight
    for index in range(first, edge):
        tree.edge_prior[index] = np.float64(tree.edge_prior[index]) / total
    tree.first_edge[node] = first
    tree.edge_count[node] = edge - first
    tree.opened[node] = 0
    tree.used[EDGES_USED] = edge
    tree.state[node] = EXPANDED
    bring_largest_prior(tree, first, edge)


@kernel
def back_up(tree, leaf, value, lead):
    """Count a finished playout on the path from a leaf to the root; value and lead are the leaf's, to play."""
    node = np.int64(leaf)
    while node != NO_PARENT:
        tree.pending[node] -= 1
        tree.visits[node] += 1
        tree.value_sum[node] += value
        tree.lead_sum[node] += lead
        value = -value
        lead = -lead
        node = np.int64(tree.parent[node])


@kernel
def cancel(tree, leaf):
    """Take back a playout in flight."""
    node = np.int64(leaf)
    while node != NO_PARENT:
        tree.pending[node] -= 1
        node = np.int64(tree.parent[node])


@kernel
def copy_node(source, old, target, new):
    """Copy one node's own figures between trees; its links are the caller's."""
    target.state[new] = source.state[old]
    target.visits[new] = source.visits[old]
    target.value_sum[new] = source.value_sum[old]
    target.lead_sum[new] = source.lead_sum[old]
    target.raw_value[new] = source.raw_value[old]
    target.raw_lead[new] = source.raw_lead[old]
    target.edge_count[new] = source.edge_count[old]
    target.opened[new] = source.opened[old]
    if source.ownership.shape[0] > 0:
        copy_array(source.ownership[old], target.ownership[new])


@kernel
def keep_subtree(source, start, target, old_index):
    """Copy the subtree of a node into an empty tree, breadth first, the node becoming the root.

    No playout may be in flight. `target` must be as large as the subtree; `old_index` is int32[nodes used], scratch.
    """
    old_index[ROOT] = start
    target.used[NODES_USED] = 0
    target.used[EDGES_USED] = 0
    add_node(target, NO_PARENT)
    new = np.int64(0)
    while new < target.used[NODES_USED]:
        old = np.int64(old_index[new])
        copy_node(source, old, target, new)
        first = target.used[EDGES_USED]
        target.first_edge[new] = first
        target.used[EDGES_USED] = first + source.edge_count[old]
        for index in range(source.edge_count[old]):
            edge = source.first_edge[old] + index
            target.edge_move[first + index] = source.edge_move[edge]
            target.edge_prior[first + index] = source.edge_prior[edge]
            target.edge_child[first + index] = NO_CHILD
            if index < source.opened[old]:
                child = add_node(target, new)
                old_index[child] = source.edge_child[edge]
                target.edge_child[first + index] = child
        new += 1


@kernel
def subtree_edges(tree, start, stack):
    """Nodes and edges of a node's subtree. `stack` is int32[nodes used], scratch."""
    stack[0] = start
    waiting = 1
    nodes = 0
    edges = 0
    while waiting > 0:
        waiting -= 1
        node = np.int64(stack[waiting])
        nodes += 1
        edges += tree.edge_count[node]
        for index in range(tree.opened[node]):
            stack[waiting] = tree.edge_child[tree.first_edge[node] + index]
            waiting += 1
    return nodes, edges


@kernel
def mean_ownership(tree, start, stack, signs, out):
    """Mean of the evaluations' ownership over a node's subtree, from that node's side to play.

    Args:
        stack: int32[nodes used], signs: int8[nodes used]; scratch.
        out: float32[N*N], overwritten, -1 … 1.

    Returns the number of evaluations.
    """
    out[:] = np.float32(0)
    stack[0] = start
    signs[0] = 1
    waiting = 1
    count = 0
    while waiting > 0:
        waiting -= 1
        node = np.int64(stack[waiting])
        sign = signs[waiting]
        if tree.state[node] == EXPANDED:
            count += 1
            for point in range(out.shape[0]):
                out[point] += np.float32(sign) * np.float32(tree.ownership[node, point])
        for index in range(tree.opened[node]):
            stack[waiting] = tree.edge_child[tree.first_edge[node] + index]
            signs[waiting] = -sign
            waiting += 1
    for point in range(out.shape[0]):
        out[point] /= np.float32(100 * max(1, count))
    return count
