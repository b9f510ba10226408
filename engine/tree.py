"""The search tree: one frozen record of parallel arrays, and the kernels that select, back up and keep a part of it.

Strictly it is a graph. Positions that different orders of moves lead to may share one node (`find_node`); the key
counts the moves, so a path never comes back to a node. A node's value is the mean of its own evaluation and of its
children's, each weighted by the visits that went there *from this node* (``link_visits``), as in KataGo's graph search.

Values are stored from the view of the side to play at their node (``…_to_play``). A node's links to its children stand
in the order of the priors in its evaluation (`engine.evaluations`): all unvisited moves share one first-play value, so
the largest prior among them wins, and selection looks at the visited children and at one more move, however many are
legal.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ._jit import inlined_kernel, kernel
from .evaluations import NO_SLOT, let_go, order_prior, prior_of

ROOT = 0
NO_NODE = -1
NO_LINK = -1

# States of a node.
NEW, AWAITING, EXPANDED, TERMINAL = 0, 1, 2, 3

NODES_USED, LINKS_USED = 0, 1


class Tree(NamedTuple):
    """Arrays over nodes and over links."""

    used: np.ndarray  # int64[2], NODES_USED and LINKS_USED
    bucket: np.ndarray  # int32[power of two], first node of each bucket of keys
    state: np.ndarray  # uint8[nodes], NEW, AWAITING (an evaluation is under way), EXPANDED or TERMINAL
    key: np.ndarray  # uint64[nodes], of the position and the number of moves
    next_node: np.ndarray  # int32[nodes], next of the same bucket, NO_NODE at the end
    visits: np.ndarray  # int32[nodes], its own evaluation and the visits of its links
    pending: np.ndarray  # int32[nodes], playouts in flight through the node
    value: np.ndarray  # float32[nodes], mean value to play, -1 … 1
    lead: np.ndarray  # float32[nodes], mean lead to play, points
    utility: np.ndarray  # float32[nodes], mean utility to play, see `utility_of`
    utility_square: np.ndarray  # float32[nodes], mean square of the utility
    raw_value: np.ndarray  # float32[nodes], the node's own evaluation
    raw_lead: np.ndarray  # float32[nodes]
    slot: np.ndarray  # int32[nodes], its evaluation's slot, NO_SLOT where it has none
    first_link: np.ndarray  # int32[nodes], NO_LINK where no child is open
    last_link: np.ndarray  # int32[nodes]
    opened: np.ndarray  # int16[nodes], links of the node
    link_child: np.ndarray  # int32[links]
    link_next: np.ndarray  # int32[links], next link of the same node
    link_visits: np.ndarray  # int32[links], playouts that went this way
    link_pending: np.ndarray  # int32[links], of those in flight


NODE_FIELDS = ("state", "key", "next_node", "visits", "pending", "value", "lead", "utility", "utility_square",
               "raw_value", "raw_lead", "slot", "first_link", "last_link", "opened")
LINK_FIELDS = ("link_child", "link_next", "link_visits", "link_pending")


class Parameters(NamedTuple):
    """`SearchSettings` as the kernels take them, all float64."""

    c_puct: float
    c_puct_log: float
    c_puct_base: float
    c_puct_stdev: float
    fpu_reduction: float
    root_fpu_reduction: float
    virtual_loss: float
    score_weight: float
    score_scale: float  # points
    score_centre: float  # points of the root's side to play
    forced_playouts: float


FORCED_SCORE = 1e9
"""Above every score of a move that is not forced."""

STDEV_PRIOR = 0.4
STDEV_PRIOR_WEIGHT = 2.0
"""A utility's standard deviation before there are visits, and the visits it counts for (KataGo's published values)."""


def allocate_tree(nodes: int, links: int) -> Tree:
    """A tree of one new root, with room for so many nodes and links."""
    tree = Tree(
        used=np.empty(2, np.int64),
        bucket=np.empty(1 << max(4, (nodes - 1).bit_length()), np.int32),
        state=np.empty(nodes, np.uint8),
        key=np.empty(nodes, np.uint64),
        next_node=np.empty(nodes, np.int32),
        visits=np.empty(nodes, np.int32),
        pending=np.empty(nodes, np.int32),
        value=np.empty(nodes, np.float32),
        lead=np.empty(nodes, np.float32),
        utility=np.empty(nodes, np.float32),
        utility_square=np.empty(nodes, np.float32),
        raw_value=np.empty(nodes, np.float32),
        raw_lead=np.empty(nodes, np.float32),
        slot=np.empty(nodes, np.int32),
        first_link=np.empty(nodes, np.int32),
        last_link=np.empty(nodes, np.int32),
        opened=np.empty(nodes, np.int16),
        link_child=np.empty(links, np.int32),
        link_next=np.empty(links, np.int32),
        link_visits=np.empty(links, np.int32),
        link_pending=np.empty(links, np.int32),
    )
    clear_tree(tree)
    return tree


def grow(tree: Tree, nodes: int, links: int) -> Tree:
    """The same tree in larger arrays."""
    larger = allocate_tree(nodes, links)
    nodes_used, links_used = (int(number) for number in tree.used)
    for name in NODE_FIELDS:
        getattr(larger, name)[:nodes_used] = getattr(tree, name)[:nodes_used]
    for name in LINK_FIELDS:
        getattr(larger, name)[:links_used] = getattr(tree, name)[:links_used]
    larger.used[:] = tree.used
    rebuild_buckets(larger)
    return larger


def links_of(tree: Tree, node: int) -> list[int]:
    """A node's links, in the order of their moves."""
    links = []
    link = int(tree.first_link[node])
    while link != NO_LINK:
        links.append(link)
        link = int(tree.link_next[link])
    return links


def bytes_per_node() -> int:
    """Bytes of a node with one link to it and its share of the buckets."""
    tree = allocate_tree(1, 1)
    return sum(getattr(tree, name).itemsize for name in (*NODE_FIELDS, *LINK_FIELDS, "bucket"))


@kernel
def clear_tree(tree):
    """Leave one new root."""
    tree.used[:] = 0
    tree.bucket[:] = NO_NODE
    add_node(tree, np.uint64(0), np.bool_(False))


@kernel
def add_node(tree, key, shared):
    """Append a new node and return its index; there must be room.

    Args:
        shared: whether `find_node` is to find it.
    """
    node = tree.used[NODES_USED]
    tree.used[NODES_USED] = node + 1
    tree.state[node] = NEW
    tree.key[node] = key
    tree.next_node[node] = NO_NODE
    tree.visits[node] = 0
    tree.pending[node] = 0
    tree.value[node] = np.float32(0)
    tree.lead[node] = np.float32(0)
    tree.utility[node] = np.float32(0)
    tree.utility_square[node] = np.float32(0)
    tree.raw_value[node] = np.float32(0)
    tree.raw_lead[node] = np.float32(0)
    tree.slot[node] = NO_SLOT
    tree.first_link[node] = NO_LINK
    tree.last_link[node] = NO_LINK
    tree.opened[node] = 0
    if shared:
        bucket = np.int64(key & np.uint64(tree.bucket.shape[0] - 1))
        tree.next_node[node] = tree.bucket[bucket]
        tree.bucket[bucket] = node
    return node


@kernel
def find_node(tree, key):
    """The shared node of a key, NO_NODE if there is none."""
    node = np.int64(tree.bucket[np.int64(key & np.uint64(tree.bucket.shape[0] - 1))])
    while node != NO_NODE and tree.key[node] != key:
        node = np.int64(tree.next_node[node])
    return node


@kernel
def rebuild_buckets(tree):
    """Put every node but the root into its bucket."""
    tree.bucket[:] = NO_NODE
    for node in range(1, tree.used[NODES_USED]):
        bucket = np.int64(tree.key[node] & np.uint64(tree.bucket.shape[0] - 1))
        tree.next_node[node] = tree.bucket[bucket]
        tree.bucket[bucket] = node


@kernel
def open_link(tree, node, child):
    """Append a link from a node to a child and return it."""
    link = tree.used[LINKS_USED]
    tree.used[LINKS_USED] = link + 1
    tree.link_child[link] = child
    tree.link_next[link] = NO_LINK
    tree.link_visits[link] = 0
    tree.link_pending[link] = 0
    if tree.opened[node] == 0:
        tree.first_link[node] = link
    else:
        tree.link_next[tree.last_link[node]] = link
    tree.last_link[node] = link
    tree.opened[node] += 1
    return link


@inlined_kernel
def pooled_variance(visits, mean, mean_square):
    """Of the utility below a node: its own, with a prior of STDEV_PRIOR that counts for STDEV_PRIOR_WEIGHT visits."""
    variance = max(0.0, mean_square - mean * mean)
    pooled = variance * visits + STDEV_PRIOR * STDEV_PRIOR * STDEV_PRIOR_WEIGHT
    return pooled / max(1.0, visits + STDEV_PRIOR_WEIGHT - 1.0)


@inlined_kernel
def exploration(tree, node, parameters):
    """What PUCT multiplies a prior with: c(n) · √n, n the node's visits with those in flight.

    c(n) = c_puct + c_puct_log · log((n + c_puct_base) / c_puct_base)  (AlphaZero's formula), times
    1 + c_puct_stdev · (σ / STDEV_PRIOR − 1)  with σ the standard deviation of the utility below the node, which counts
    from a prior of STDEV_PRIOR_WEIGHT visits (KataGo's dynamic variance-scaled cPUCT).
    """
    visits = np.float64(tree.visits[node] + tree.pending[node])
    weight = parameters.c_puct + parameters.c_puct_log * np.log(
        (visits + parameters.c_puct_base) / parameters.c_puct_base
    )
    if parameters.c_puct_stdev > 0.0:
        mean, square = np.float64(tree.utility[node]), np.float64(tree.utility_square[node])
        stdev = np.sqrt(pooled_variance(np.float64(tree.visits[node]), mean, square))
        weight *= 1.0 + parameters.c_puct_stdev * (stdev / STDEV_PRIOR - 1.0)
    return weight * np.sqrt(visits)


@kernel
def select(tree, store, node, parameters):
    """The child of an expanded node that PUCT prefers.

    Maximises  q(child) + c(n) · prior · √n / (1 + visits(child)), see `exploration`. A playout in flight counts as a
    visit and as `virtual_loss` lost games. The unvisited move with the largest prior stands for all of them. At the
    root a visited move with fewer than √(forced_playouts · prior · n) visits comes before all others.

    Returns (index, link): the move's place in the evaluation's order, and its link, NO_LINK for one yet to be opened.
    """
    weight = exploration(tree, node, parameters)
    slot = np.int64(tree.slot[node])
    opened = np.int64(tree.opened[node])
    best_index = 0
    best_link = np.int64(NO_LINK)
    best_score = -np.inf
    visited_prior = 0.0
    forced = parameters.forced_playouts * np.float64(tree.visits[node]) if node == ROOT else 0.0
    link = np.int64(tree.first_link[node])
    for index in range(opened):
        prior = prior_of(store, slot, index)
        pending = np.float64(tree.link_pending[link])
        visits = np.float64(tree.link_visits[link])
        lost = pending * parameters.virtual_loss
        divisor = visits + lost
        q = -np.float64(tree.utility[tree.link_child[link]])
        if divisor > 0.0:
            q = (q * visits - lost) / divisor
        score = q + weight * prior / (1.0 + visits + pending)
        visited_prior += prior
        if visits > 0.0 and (visits + pending) ** 2 < forced * prior:
            score = FORCED_SCORE + prior
        if score > best_score:
            best_score = score
            best_index = index
            best_link = link
        link = np.int64(tree.link_next[link])
    if opened < store.move_count[slot]:
        order_prior(store, slot, opened)
        reduction = parameters.root_fpu_reduction if node == ROOT else parameters.fpu_reduction
        urgency = np.float64(tree.utility[node]) - reduction * np.sqrt(visited_prior)
        if urgency + weight * prior_of(store, slot, opened) > best_score:
            return opened, np.int64(NO_LINK)
    return best_index, best_link


@inlined_kernel
def utility_of(value, lead, centre, parameters):
    """What is maximised: value + score_weight · 2/π · atan((lead − centre) / score_scale).

    KataGo's dynamic score utility, with the mean lead in place of its distribution. `centre` is from the same view.
    """
    if parameters.score_weight == 0.0:
        return value
    return value + parameters.score_weight * (2.0 / np.pi) * np.arctan((lead - centre) / parameters.score_scale)


@kernel
def average(tree, node, centre, parameters):
    """Set a node's means from its own evaluation and its children.

    Args:
        centre: the score's centre from the view of the side to play at the node.
    """
    value = np.float64(tree.raw_value[node])
    lead = np.float64(tree.raw_lead[node])
    utility = utility_of(value, lead, centre, parameters)
    square = utility * utility
    link = np.int64(tree.first_link[node])
    visits = 1
    while link != NO_LINK:
        count = tree.link_visits[link]
        if count > 0:
            child = np.int64(tree.link_child[link])
            weight = np.float64(count)
            visits += count
            value -= weight * np.float64(tree.value[child])
            lead -= weight * np.float64(tree.lead[child])
            utility -= weight * np.float64(tree.utility[child])
            square += weight * np.float64(tree.utility_square[child])
        link = np.int64(tree.link_next[link])
    tree.visits[node] = visits
    share = 1.0 / np.float64(visits)
    tree.value[node] = value * share
    tree.lead[node] = lead * share
    tree.utility[node] = utility * share
    tree.utility_square[node] = square * share


@kernel
def back_up(tree, leaf, path, depth, parameters):
    """Count a finished playout on its path.

    Args:
        path: int32[>= 2 * depth], node and link of each step from the root.
        depth: steps from the root to the leaf.
    """
    tree.pending[leaf] -= 1
    for step in range(depth - 1, -1, -1):
        node = np.int64(path[2 * step])
        link = np.int64(path[2 * step + 1])
        tree.pending[node] -= 1
        tree.link_pending[link] -= 1
        tree.link_visits[link] += 1
        average(tree, node, parameters.score_centre if step % 2 == 0 else -parameters.score_centre, parameters)


@kernel
def cancel(tree, leaf, path, depth):
    """Take back a playout in flight; arguments as for `back_up`."""
    tree.pending[leaf] -= 1
    for step in range(depth):
        tree.pending[path[2 * step]] -= 1
        tree.link_pending[path[2 * step + 1]] -= 1


@kernel
def settle(tree, node, value, lead, depth, parameters):
    """Give a node its own evaluation; `depth` is its distance from the root."""
    tree.raw_value[node] = value
    tree.raw_lead[node] = lead
    average(tree, node, parameters.score_centre if depth % 2 == 0 else -parameters.score_centre, parameters)


@kernel
def keep_below(source, start, target, old_index, new_index):
    """Copy what lies below a node into an empty tree, breadth first, the node becoming the root.

    No playout may be in flight. `target` must be as large as the source's used part; `old_index` and `new_index` are
    int32[nodes used], `new_index` full of NO_NODE, and says afterwards which nodes were kept.
    """
    target.used[:] = 0
    target.bucket[:] = NO_NODE
    add_node(target, source.key[start], np.bool_(False))
    old_index[0] = start
    new_index[start] = 0
    new = np.int64(0)
    while new < target.used[NODES_USED]:
        old = np.int64(old_index[new])
        target.state[new] = source.state[old]
        target.raw_value[new] = source.raw_value[old]
        target.raw_lead[new] = source.raw_lead[old]
        target.value[new] = source.value[old]
        target.lead[new] = source.lead[old]
        target.utility[new] = source.utility[old]
        target.utility_square[new] = source.utility_square[old]
        target.visits[new] = source.visits[old]
        target.slot[new] = source.slot[old]
        link = np.int64(source.first_link[old])
        while link != NO_LINK:
            old_child = np.int64(source.link_child[link])
            if new_index[old_child] == NO_NODE:
                child = add_node(target, source.key[old_child], np.bool_(True))
                new_index[old_child] = child
                old_index[child] = old_child
            kept = open_link(target, new, np.int64(new_index[old_child]))
            target.link_visits[kept] = source.link_visits[link]
            link = np.int64(source.link_next[link])
        new += 1


@kernel
def average_all(tree, depth, parameters):
    """Set all means anew, for another centre of the score; the nodes must stand in the order of `keep_below`.

    `depth` is int32[nodes used], scratch.
    """
    depth[ROOT] = 0
    for node in range(tree.used[NODES_USED]):
        link = np.int64(tree.first_link[node])
        while link != NO_LINK:
            depth[tree.link_child[link]] = depth[node] + 1
            link = np.int64(tree.link_next[link])
    for node in range(tree.used[NODES_USED] - 1, -1, -1):
        if tree.visits[node] > 0:
            centre = parameters.score_centre if depth[node] % 2 == 0 else -parameters.score_centre
            average(tree, node, centre, parameters)


@kernel
def let_go_of_others(tree, store, new_index):
    """Release the evaluations of the nodes that `keep_below` left behind."""
    for node in range(tree.used[NODES_USED]):
        if new_index[node] == NO_NODE and tree.slot[node] != NO_SLOT:
            let_go(store, np.int64(tree.slot[node]))


@kernel
def release_leaves(tree, store):
    """Take their evaluations from expanded nodes without children; they are evaluated again when met again.

    Returns how many were released. The root keeps its own.
    """
    released = 0
    for node in range(1, tree.used[NODES_USED]):
        if tree.state[node] == EXPANDED and tree.opened[node] == 0 and tree.pending[node] == 0:
            let_go(store, np.int64(tree.slot[node]))
            tree.slot[node] = NO_SLOT
            tree.state[node] = NEW
            released += 1
    return released


@kernel
def own_shares(tree, start, queue, weight, sign):
    """How much each evaluation below a node counts in the node's means.

    Args:
        queue: int32[nodes used], written: the nodes below, the start first.
        weight: float64[nodes used], all 0; written, by node: the share of what goes through it.
        sign: float32[nodes used], written, by place in the queue: 1 where the start's side is to play, else -1.

    Returns the number of nodes.
    """
    weight[start] = 1.0
    queue[0] = start
    waiting, level_end, seen = 0, 1, 1
    side = np.float32(1)
    while waiting < seen:
        # Nodes of one distance from the start together: their weights are then complete, since paths count moves.
        while waiting < level_end:
            node = np.int64(queue[waiting])
            sign[waiting] = side
            waiting += 1
            share = weight[node] / max(1, tree.visits[node])
            link = np.int64(tree.first_link[node])
            while link != NO_LINK:
                child = np.int64(tree.link_child[link])
                if tree.link_visits[link] > 0:
                    if weight[child] == 0.0:
                        queue[seen] = child
                        seen += 1
                    weight[child] += share * tree.link_visits[link]
                link = np.int64(tree.link_next[link])
        level_end = seen
        side = -side
    return seen


@kernel
def sum_ownership(store, slots, shares, sign, mean, square):
    """Mean and mean square of evaluations' ownership; the share of the nodes that have one.

    Ended games and nodes that gave their evaluation up have none: the means are over the others.

    Args:
        slots: int32[n], NO_SLOT where there is none; shares: float64[n]; sign: float32[n].
        mean, square: float32[N*N], overwritten, zeros where there is nothing to take a mean of; the mean is -1 … 1.
    """
    mean[:] = np.float32(0)
    square[:] = np.float32(0)
    known = 0.0
    for index in range(slots.shape[0]):
        if slots[index] != NO_SLOT:
            known += shares[index]
    for index in range(slots.shape[0]):
        if slots[index] != NO_SLOT and known > 0.0:
            own = np.float32(shares[index] / known)
            ownership = store.ownership[slots[index]]
            scale = np.float32(0.01) * sign[index]
            for point in range(mean.shape[0]):
                owned = scale * np.float32(ownership[point])
                mean[point] += own * owned
                square[point] += own * owned * owned
    return known
