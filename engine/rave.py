"""The tree of a search by rollouts: UCT's averages mixed with RAVE, where no net gives priors.

A rollout says something of every move played in it, not of the first alone: the all-moves-as-first average of a move
(AMAF) counts each playout below a node in which the node's side played there before anybody else did. It is biased but
gathers fast, so a move is valued by a mean of both that leans on its own playouts as they come in (Gelly and Silver,
"Monte-Carlo tree search and rapid action value estimation in computer Go", 2011, section 5):

    value = (1 - β) · own + β · amaf,    β = amaf_visits / (amaf_visits + visits + amaf_visits · visits / equivalence)

A leaf gets its moves after `expand_visits` playouts, with virtual playouts for what the rollouts' policy says of each
(`write_priors`). One playout is one pass of `play_one`; many of them run in one call, without Python in between.

Results are those of the side to play at the node: 1 for a win, 0 for a loss, and in between for a draw and for the
share of the score.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ._jit import inlined_kernel, kernel
from .board import (
    PASSES,
    SIZE,
    TO_PLAY,
    Board,
    copy_board,
    hash_key,
    legal_moves,
    play,
    stones_of,
    to_bordered,
    to_point,
)
from .coords import BLACK, EMPTY, OFF_BOARD
from .leaf import bar_moves
from .policy import gather, heavy_rollout, recent_place
from .rollout import final_area_margin, is_own_eye, light_rollout, point_owner, random_below
from .scoring import board_margin
from .tactics import is_self_atari, outcome

NO_CHILD = -1

NODES_USED, EDGES_USED = 0, 1
"""Slots of RaveTree.used."""

UNEXPANDED = 0
"""`edge_count` of a node without moves yet."""

PASS_PLACE = 0
"""`place` of the pass."""


class RaveTree(NamedTuple):
    """Nodes and the edges below them; node 0 is the root. An edge's figures are its node's side's."""

    used: np.ndarray  # int64[2]
    visits: np.ndarray  # int32[nodes]
    wins: np.ndarray  # float64[nodes], sum of results for the side to play at the node
    lead: np.ndarray  # float64[nodes], sum of margins for the side to play, in points, komi counted
    first_edge: np.ndarray  # int32[nodes]
    edge_count: np.ndarray  # int16[nodes]
    place: np.ndarray  # int16[edges], bordered index of the move, PASS_PLACE for the pass
    child: np.ndarray  # int32[edges]
    edge_visits: np.ndarray  # float64[edges]
    edge_wins: np.ndarray  # float64[edges]
    amaf_visits: np.ndarray  # float64[edges]
    amaf_wins: np.ndarray  # float64[edges]
    prior_visits: np.ndarray  # float32[edges]
    prior_wins: np.ndarray  # float32[edges]


class RaveParameters(NamedTuple):
    """The settings of the tree."""

    equivalence: float
    exploration: float
    expand_visits: int
    score_share: float
    prior_even: float
    prior_policy: float
    prior_near: float
    knowledge: bool


class RaveScratch(NamedTuple):
    """Room for one playout."""

    board: Board
    first: np.ndarray  # uint8[area of the bordered board], who played first at each point
    path_node: np.ndarray  # int32[MAX_DEPTH + 1]
    path_edge: np.ndarray  # int32[MAX_DEPTH + 1]
    legal: np.ndarray  # uint8[N*N + 1]
    stones: np.ndarray  # uint8[N*N]
    owners: np.ndarray  # uint8[N*N]
    stack: np.ndarray  # int16[N*N]
    share: np.ndarray  # float64[area of the bordered board], the policy's weight of each move
    random: np.ndarray  # uint64[1]
    ownership: np.ndarray  # float64[N*N], sum of the final owners over the playouts, + for Black


def allocate_rave_tree(nodes: int, edges: int) -> RaveTree:
    """An empty tree with a root that has no moves yet."""
    tree = RaveTree(
        used=np.zeros(2, np.int64),
        visits=np.zeros(nodes, np.int32),
        wins=np.zeros(nodes, np.float64),
        lead=np.zeros(nodes, np.float64),
        first_edge=np.zeros(nodes, np.int32),
        edge_count=np.zeros(nodes, np.int16),
        place=np.zeros(edges, np.int16),
        child=np.zeros(edges, np.int32),
        edge_visits=np.zeros(edges, np.float64),
        edge_wins=np.zeros(edges, np.float64),
        amaf_visits=np.zeros(edges, np.float64),
        amaf_wins=np.zeros(edges, np.float64),
        prior_visits=np.zeros(edges, np.float32),
        prior_wins=np.zeros(edges, np.float32),
    )
    tree.used[NODES_USED] = 1
    return tree


EDGE_FIELDS = ("place", "child", "edge_visits", "edge_wins", "amaf_visits", "amaf_wins", "prior_visits", "prior_wins")


def rave_bytes(tree: RaveTree) -> tuple[int, int]:
    """Bytes of one node and of one edge."""
    edge = sum(getattr(tree, name).itemsize for name in EDGE_FIELDS)
    node = sum(array.itemsize for name, array in tree._asdict().items() if name not in (*EDGE_FIELDS, "used"))
    return node, edge


@inlined_kernel
def select_rave_edge(tree, node, parameters, state):
    """The edge of the highest mixed value; among equals, the first from a random one on."""
    first = np.int64(tree.first_edge[node])
    count = np.int64(tree.edge_count[node])
    explore = parameters.exploration * np.sqrt(np.log(tree.visits[node] + 1.0))
    best = first
    best_value = -1.0
    start = random_below(state, count)
    for offset in range(count):
        index = start + offset
        edge = first + (index if index < count else index - count)
        own_visits = np.float64(tree.edge_visits[edge])
        visits = own_visits + tree.prior_visits[edge]
        value = (tree.edge_wins[edge] + tree.prior_wins[edge]) / visits
        amaf = np.float64(tree.amaf_visits[edge])
        if amaf > 0.0:
            beta = amaf / (amaf + visits + amaf * visits / parameters.equivalence)
            value += beta * (tree.amaf_wins[edge] / amaf - value)
        value += explore / np.sqrt(visits)
        if value > best_value:
            best_value = value
            best = edge
    return best


@kernel
def expand_rave(tree, node, board, position, depth, scratch, policy, parameters):
    """Give a node an edge for each legal move that fills no own eye, and the pass. False where there is no room."""
    size = np.int64(board.info[SIZE])
    area = size * size
    first = tree.used[EDGES_USED]
    if first + area + 1 > tree.place.shape[0]:
        return False
    colour = np.int64(board.info[TO_PLAY])
    length = position.history_length + depth
    legal_moves(board, position.history, length, position.ko, position.suicide, scratch.legal)
    bar_moves(scratch.legal, position, colour, depth)
    spread_policy(board, scratch.share, policy, colour)
    last = recent_place(board, np.int64(0))
    edge = first
    for point in range(area):
        if scratch.legal[point] == 0:
            continue
        place = to_bordered(np.int64(point), size)
        if is_own_eye(board, place, colour):
            continue
        add_edge(tree, edge, place)
        write_prior(tree, edge, board, place, colour, last, scratch.share[place], parameters)
        edge += 1
    if edge == first or scratch.legal[area] != 0:
        add_edge(tree, edge, np.int64(PASS_PLACE))
        # A pass looks bad until it is tried, unless the opponent has just passed.
        tree.prior_visits[edge] = parameters.prior_even
        tree.prior_wins[edge] = parameters.prior_even * (0.5 if board.info[PASSES] > 0 else 0.1)
        edge += 1
    tree.first_edge[node] = first
    tree.edge_count[node] = edge - first
    tree.used[EDGES_USED] = edge
    return True


@inlined_kernel
def add_edge(tree, edge, place):
    """A fresh edge without figures."""
    tree.place[edge] = place
    tree.child[edge] = NO_CHILD
    tree.edge_visits[edge] = 0.0
    tree.edge_wins[edge] = 0.0
    tree.amaf_visits[edge] = 0.0
    tree.amaf_wins[edge] = 0.0


@inlined_kernel
def spread_policy(board, share, policy, colour):
    """Write the weight that the rollouts' policy gives each move as an answer to the last two, 0 for others."""
    share[:] = 0.0
    last, before = recent_place(board, np.int64(0)), recent_place(board, np.int64(1))
    count = gather(board, policy, last, before, colour)
    for index in range(count):
        share[policy.place[index]] += policy.share[index]


@inlined_kernel
def write_prior(tree, edge, board, place, colour, last, share, parameters):
    """Virtual playouts of a move: even ones, and wins or losses for what is known of it."""
    visits = parameters.prior_even
    wins = 0.5 * parameters.prior_even
    if share > 0.0:
        bonus = parameters.prior_policy * np.log(1.0 + share)
        visits += bonus
        wins += bonus
    if last != 0:
        stride = np.int64(board.info[SIZE]) + 1
        rows = abs(place // stride - last // stride)
        cols = abs(place % stride - last % stride)
        distance = rows + cols + max(rows, cols)  # a metric between a square's and a diamond's
        if distance <= 6:
            near = parameters.prior_near * (8 - distance) / 6.0
            visits += near
            wins += near
    liberties, _, captured = outcome(board, place, colour)
    if captured > 0:
        visits += parameters.prior_policy * np.log(1.0 + captured)
        wins += parameters.prior_policy * np.log(1.0 + captured)
    elif is_self_atari(liberties, captured):
        visits += parameters.prior_even
    if lone_at_the_edge(board, place):
        visits += parameters.prior_even
    tree.prior_visits[edge] = visits
    tree.prior_wins[edge] = wins


@inlined_kernel
def lone_at_the_edge(board, place):
    """Whether a point is at the edge and nothing stands beside or near it."""
    stride = np.int64(board.info[SIZE]) + 1
    at_edge = False
    for step in (-stride, stride, -1, 1, -stride - 1, -stride + 1, stride - 1, stride + 1):
        near = board.colour[place + step]
        if near == OFF_BOARD:
            at_edge = True
        elif near != EMPTY:
            return False
    return at_edge


@inlined_kernel
def new_child(tree, edge):
    """A node below an edge, or NO_CHILD where there is no room."""
    node = tree.used[NODES_USED]
    if node >= tree.visits.shape[0]:
        return np.int64(NO_CHILD)
    tree.used[NODES_USED] = node + 1
    tree.visits[node] = 0
    tree.wins[node] = 0.0
    tree.lead[node] = 0.0
    tree.edge_count[node] = UNEXPANDED
    tree.child[edge] = node
    return node


@inlined_kernel
def result_of(margin_black, score_share, size):
    """The result for Black of a margin: mostly the win, and a share for the score."""
    win = 1.0 if margin_black > 0.0 else (0.0 if margin_black < 0.0 else 0.5)
    score = 0.5 + 0.5 * max(-1.0, min(1.0, margin_black / (2.0 * size)))
    return (1.0 - score_share) * win + score_share * score


@kernel
def play_one(tree, position, scratch, policy, parameters):
    """One playout: descend, expand, roll out, back up."""
    board = scratch.board
    copy_board(position.board, board)
    size = np.int64(board.info[SIZE])
    node = np.int64(0)
    depth = np.int64(0)
    last_depth = scratch.path_edge.shape[0] - 1
    while (depth == 0 or board.info[PASSES] < 2) and depth < last_depth:  # a move is wanted after two passes, too
        if tree.edge_count[node] == UNEXPANDED:
            if depth > 0 and tree.visits[node] < parameters.expand_visits:
                break
            if not expand_rave(tree, node, board, position, depth, scratch, policy, parameters):
                break
        edge = select_rave_edge(tree, node, parameters, scratch.random)
        scratch.path_node[depth] = node
        scratch.path_edge[depth] = edge
        depth += 1
        place = np.int64(tree.place[edge])
        play(board, size * size if place == PASS_PLACE else to_point(place, size))
        position.history[position.history_length + depth - 1] = hash_key(board, position.ko)
        node = np.int64(tree.child[edge])
        if node == NO_CHILD:
            node = new_child(tree, edge)
            if node == NO_CHILD:
                break
    colour = np.int64(board.info[TO_PLAY])
    if board.info[PASSES] < 2:
        if parameters.knowledge:
            heavy_rollout(board, policy, scratch.random, scratch.first)
        else:
            scratch.first[:] = EMPTY
            light_rollout(board, scratch.random)
        margin = final_area_margin(board) - position.komi
        add_owners(board, scratch.ownership)
    else:
        scratch.first[:] = EMPTY
        stones_of(board, scratch.stones)
        margin = board_margin(scratch.stones, size, scratch.owners, scratch.stack, np.bool_(False)) - position.komi
        for point in range(size * size):
            scratch.ownership[point] += (scratch.owners[point] & 1) - (scratch.owners[point] >> 1)
    result = result_of(margin, parameters.score_share, size)
    if node != NO_CHILD:
        count_visit(tree, node, colour, result, margin)
    for step in range(depth - 1, -1, -1):
        colour = 3 - colour
        node = np.int64(scratch.path_node[step])
        edge = np.int64(scratch.path_edge[step])
        scratch.first[tree.place[edge]] = colour
        own = result if colour == BLACK else 1.0 - result
        count_visit(tree, node, colour, result, margin)
        tree.edge_visits[edge] += 1.0
        tree.edge_wins[edge] += own
        first = np.int64(tree.first_edge[node])
        for other in range(first, first + np.int64(tree.edge_count[node])):
            if scratch.first[tree.place[other]] == colour:
                tree.amaf_visits[other] += 1.0
                tree.amaf_wins[other] += own


@inlined_kernel
def count_visit(tree, node, colour, result, margin):
    """Add a playout to a node whose side to play is `colour`; result and margin are Black's."""
    tree.visits[node] += 1
    tree.wins[node] += result if colour == BLACK else 1.0 - result
    tree.lead[node] += margin if colour == BLACK else -margin


@inlined_kernel
def add_owners(board, ownership):
    """Add the owners of a rolled-out board to the sums."""
    size = np.int64(board.info[SIZE])
    for row in range(size):
        for col in range(size):
            owner = point_owner(board, (row + 1) * (size + 1) + col + 1)
            ownership[row * size + col] += (owner & 1) - (owner >> 1)


@kernel
def play_many(tree, position, scratch, policy, parameters, count):
    """So many playouts."""
    for _ in range(count):
        play_one(tree, position, scratch, policy, parameters)


@kernel
def keep_rave_below(old, start, new, queue):
    """Copy what lies below a node into an empty tree of at least the same room, the node as its root.

    Args:
        queue: int32[nodes of the old tree], scratch: the old index of each new node.
    """
    queue[0] = start
    copied = 1
    edges = np.int64(0)
    done = 0
    while done < copied:
        node = np.int64(queue[done])
        new.visits[done] = old.visits[node]
        new.wins[done] = old.wins[node]
        new.lead[done] = old.lead[node]
        new.first_edge[done] = edges
        new.edge_count[done] = old.edge_count[node]
        first = np.int64(old.first_edge[node])
        for edge in range(first, first + np.int64(old.edge_count[node])):
            new.place[edges] = old.place[edge]
            new.edge_visits[edges] = old.edge_visits[edge]
            new.edge_wins[edges] = old.edge_wins[edge]
            new.amaf_visits[edges] = old.amaf_visits[edge]
            new.amaf_wins[edges] = old.amaf_wins[edge]
            new.prior_visits[edges] = old.prior_visits[edge]
            new.prior_wins[edges] = old.prior_wins[edge]
            child = old.child[edge]
            if child != NO_CHILD:
                queue[copied] = child
                child = np.int32(copied)
                copied += 1
            new.child[edges] = child
            edges += 1
        done += 1
    new.used[NODES_USED] = copied
    new.used[EDGES_USED] = edges
