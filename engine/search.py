"""The search: PUCT over `engine.tree`, stepped from outside.

A search never runs by itself. ``collect`` descends from the root and puts leaves into a batch, ``apply`` takes their
evaluations, expands and backs up; whoever owns the evaluator calls the two in turn (`engine.pool`). Several batches may
be in flight. ``snapshot`` is all that analysis and records print; ``advance`` moves the root and keeps the subtree.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from ._jit import kernel
from .board import (
    PASSES,
    SIZE,
    TO_PLAY,
    Board,
    board_row,
    copy_board,
    hash_key,
    legal_moves,
    new_board,
    play,
    stones_of,
)
from .config import SearchSettings
from .coords import BLACK
from .evaluator import Evaluation, LeafBatch
from .features import SYMMETRIES, self_komi, symmetry_table, write_features
from .game import Game
from .rollout import next_random, random_below, seeded
from .scoring import board_margin
from .tree import (
    AWAITING,
    EXPANDED,
    NEW,
    NO_CHILD,
    NODES_USED,
    ROOT,
    TERMINAL,
    Parameters,
    Tree,
    allocate_tree,
    back_up,
    bytes_used,
    cancel,
    expand,
    grow,
    keep_subtree,
    mean_ownership,
    open_edge,
    select_edge,
    subtree_edges,
)

MAX_DEPTH = 1024
"""Moves below the root that a playout may go; the history has room for as many."""

FIRST_NODES = 1024
"""Nodes that a new tree has room for; it grows by doubling."""


class Position(NamedTuple):
    """The root as the kernels take it."""

    board: Board
    history: np.ndarray  # uint64[history_length + MAX_DEPTH], `hash_key` of the game's positions, then the path's
    history_length: int
    komi: float  # White's, handicap compensation included
    ko: int
    scoring: int
    suicide: bool


class Scratch(NamedTuple):
    """Working memory of a descent."""

    board: Board
    stones: np.ndarray  # uint8[N*N]
    owners: np.ndarray  # uint8[N*N]
    stack: np.ndarray  # int16[N*N]
    random: np.ndarray  # uint64[1]


class Needs(NamedTuple):
    """What is to be written into a leaf."""

    planes: bool
    positions: bool
    random_symmetry: bool


@dataclass(frozen=True)
class MoveStats:
    """One move at the root, from the view of the side to play there."""

    move: int
    visits: int
    value_to_play: float
    """Mean value, -1 … 1; that of the first-play urgency is not shown: a move has at least one visit."""
    lead_to_play: float
    """Mean lead in points, komi counted."""
    prior: float
    pv: tuple[int, ...]
    """The principal variation, this move first."""

    @property
    def winrate(self) -> float:
        """`value_to_play` as 0 … 1."""
        return (1.0 + self.value_to_play) / 2.0


@dataclass(frozen=True)
class SearchSnapshot:
    """What a search knows at one moment, from the view of the side to play at the root."""

    size: int
    to_play: int
    visits: int
    playouts: int
    value_to_play: float
    lead_to_play: float
    raw_value_to_play: float
    moves: tuple[MoveStats, ...]
    """Best first: by visits, then by value."""
    ownership_to_play: np.ndarray | None = None
    """float32[N, N], -1 … 1, where the search keeps it."""

    @property
    def winrate(self) -> float:
        """`value_to_play` as 0 … 1."""
        return (1.0 + self.value_to_play) / 2.0


@kernel
def descend(tree, position, scratch, parameters):
    """Play from the root to a node that is not expanded, counting the playout as in flight.

    Returns (node, depth); node is -1 where the tree or the history is full. `scratch.board` holds the node's position.
    """
    copy_board(position.board, scratch.board)
    node = np.int64(ROOT)
    depth = 0
    tree.pending[node] += 1
    while tree.state[node] == EXPANDED:
        edge = select_edge(tree, node, parameters)
        child = np.int64(tree.edge_child[edge])
        if child == NO_CHILD:
            if tree.used[NODES_USED] == tree.state.shape[0] or depth == MAX_DEPTH:
                cancel(tree, node)
                return np.int64(-1), depth
            child = open_edge(tree, node, edge)
        play(scratch.board, np.int64(tree.edge_move[edge]))
        position.history[position.history_length + depth] = hash_key(scratch.board, position.ko)
        depth += 1
        node = np.int64(child)
        tree.pending[node] += 1
    return node, depth


@kernel
def settle_ended_game(tree, node, position, scratch):
    """Make a node whose game is over under area scoring a terminal one, valued by the count of the board."""
    board = scratch.board
    stones_of(board, scratch.stones)
    size = np.int64(board.info[SIZE])
    margin = board_margin(scratch.stones, size, scratch.owners, scratch.stack, False) - position.komi
    sign = 1.0 if board.info[TO_PLAY] == BLACK else -1.0
    tree.raw_value[node] = sign * np.sign(margin)
    tree.raw_lead[node] = sign * margin
    tree.state[node] = TERMINAL


@kernel
def fill_leaf(leaves, slot, board, position, history_length, needs, symmetry, seed):
    """Write one position into a row of a batch, its planes in a symmetry."""
    legal = leaves.legal[slot]
    legal_moves(board, position.history, history_length, position.ko, position.suicide, legal)
    komi_to_play = self_komi(board, position.komi, position.scoring)
    leaves.symmetry[slot] = symmetry
    leaves.komi[slot] = position.komi
    leaves.self_komi[slot] = komi_to_play
    leaves.rules[slot, 0] = position.ko
    leaves.rules[slot, 1] = position.scoring
    leaves.rules[slot, 2] = position.suicide
    leaves.seed[slot] = seed
    if needs.planes:
        write_features(
            board,
            legal,
            komi_to_play,
            position.ko,
            position.scoring,
            position.suicide,
            symmetry,
            leaves.planes[slot],
            leaves.globals[slot],
        )
    if needs.positions:
        copy_board(board, board_row(leaves.boards, slot))


@kernel
def collect_leaves(tree, position, scratch, parameters, needs, leaves, start, limit):
    """Descend up to `limit` times and write the leaves from row `start` on.

    A descent that ends in a finished game is backed up at once; one that meets a leaf already under evaluation is taken
    back and ends the call. Returns (leaves written, playouts finished at once, whether the tree is full).
    """
    slot = start
    finished = 0
    while slot - start + finished < limit:
        node, depth = descend(tree, position, scratch, parameters)
        if node < 0:
            return slot - start, finished, True
        if tree.state[node] == AWAITING:
            cancel(tree, node)
            break
        board = scratch.board
        if tree.state[node] == NEW and depth > 0 and board.info[PASSES] >= 2 and position.scoring == 0:
            settle_ended_game(tree, node, position, scratch)
        if tree.state[node] == TERMINAL:
            back_up(tree, node, np.float64(tree.raw_value[node]), np.float64(tree.raw_lead[node]))
            finished += 1
            continue
        tree.state[node] = AWAITING
        leaves.node[slot] = node
        symmetry = random_below(scratch.random, np.int64(SYMMETRIES)) if needs.random_symmetry else np.int64(0)
        seed = next_random(scratch.random)
        fill_leaf(leaves, slot, board, position, position.history_length + depth, needs, symmetry, seed)
        if depth > 0 and board.info[PASSES] >= 2:
            leaves.legal[slot, :] = 0  # under territory scoring the evaluation settles an ended game
        slot += 1
    return slot - start, finished, False


@kernel
def apply_evaluations(tree, leaves, start, stop, policy, value, lead, ownership, tables, temperature):
    """Expand and back up rows [start, stop) of a batch.

    Args:
        policy: float32[B, N*N + 1]; value, lead: float32[B]; ownership: float32[B, N*N] or [0, 0].
        tables: int16[8, N*N], `features.symmetry_table`.
    """
    for slot in range(start, stop):
        node = np.int64(leaves.node[slot])
        order = tables[leaves.symmetry[slot]]
        tree.raw_value[node] = value[slot]
        tree.raw_lead[node] = lead[slot]
        if tree.ownership.shape[0] > 0 and ownership.shape[0] > 0:
            for point in range(order.shape[0]):
                tree.ownership[node, point] = np.int8(np.rint(100 * ownership[slot, order[point]]))
        expand(tree, node, leaves.legal[slot], policy[slot], order, temperature)
        back_up(tree, node, np.float64(value[slot]), np.float64(lead[slot]))


def position_of(game: Game) -> Position:
    """A game's present position, for the kernels; independent of the game."""
    board = new_board(game.size)
    copy_board(game.board, board)
    history = game.history
    room = np.zeros(len(history) + MAX_DEPTH, np.uint64)
    room[: len(history)] = history
    return Position(
        board,
        room,
        len(history),
        float(game.total_komi),
        int(game.rules.ko),
        int(game.rules.scoring),
        bool(game.rules.suicide),
    )


class Search:
    """The search of one position."""

    def __init__(self, game: Game, settings: SearchSettings | None = None, seed: int = 0) -> None:
        """Search a game's present position; the game is not held on to.

        Args:
            seed: of the symmetries and of the leaves' seeds.
        """
        self.settings = settings or SearchSettings()
        self.size = game.size
        self.playouts = 0
        """Playouts finished since the search began or the root moved."""
        self.full = False
        """Whether the tree has reached its limit, so that no further playout can begin."""
        self.in_flight = 0
        self._parameters = _parameters(self.settings)
        self._position = position_of(game)
        area = self.size * self.size
        self._scratch = Scratch(
            new_board(self.size),
            np.empty(area, np.uint8),
            np.empty(area, np.uint8),
            np.empty(area, np.int16),
            np.empty(1, np.uint64),
        )
        seeded(np.uint64(seed), self._scratch.random)
        self._tree = self._new_tree(FIRST_NODES)

    @property
    def visits(self) -> int:
        """Visits of the root."""
        return int(self._tree.visits[ROOT])

    @property
    def to_play(self) -> int:
        """Colour to play at the root."""
        return int(self._position.board.info[TO_PLAY])

    @property
    def tree(self) -> Tree:
        """The tree, for tests and benchmarks; not to be changed."""
        return self._tree

    @property
    def tree_bytes(self) -> int:
        """Bytes of the tree's nodes and edges in use."""
        return bytes_used(self._tree)

    def collect(self, batch: LeafBatch, limit: int | None = None) -> int:
        """Add leaves to a batch, as many as fit and at most `limit` playouts. Returns how many were added.

        Playouts that end in finished games are counted at once, so 0 may be returned while `playouts` grew.
        """
        room = batch.capacity - batch.count
        wanted = room if limit is None else min(room, limit)
        if wanted <= 0 or not self._make_room(wanted):
            return 0
        inputs = batch.inputs
        needs = Needs(inputs.planes > 0, inputs.positions, self.settings.random_symmetry and inputs.planes > 0)
        added, finished, full = collect_leaves(
            self._tree, self._position, self._scratch, self._parameters, needs, batch.arrays, batch.count, wanted
        )
        self.full = bool(full)
        self.playouts += finished
        self.in_flight += added
        if added:
            batch.spans[id(self)] = (batch.count, batch.count + added)
            batch.count += added
        return int(added)

    def apply(self, batch: LeafBatch, evaluation: Evaluation) -> None:
        """Take the evaluations of this search's rows of a batch."""
        start, stop = batch.spans[id(self)]
        lead = evaluation.lead_to_play
        ownership = evaluation.ownership_to_play
        apply_evaluations(
            self._tree,
            batch.arrays,
            start,
            stop,
            evaluation.policy,
            evaluation.value_to_play,
            np.zeros(stop, np.float32) if lead is None else lead,
            _NO_OWNERSHIP if ownership is None else ownership.reshape(len(ownership), -1),
            symmetry_table(self.size),
            self.settings.policy_temperature,
        )
        self.in_flight -= stop - start
        self.playouts += stop - start

    def advance(self, move: int) -> None:
        """Play a move at the root and keep what is known below it; playouts count from 0 again.

        The move must be legal, and no batch in flight.
        """
        if self.in_flight:
            raise RuntimeError("advance() while evaluations are in flight")
        child = self._child(move)
        self._position = _advanced(self._position, move)
        self.playouts = 0
        self.full = False
        if child == NO_CHILD or self._tree.state[child] == TERMINAL:
            self._tree = self._new_tree(FIRST_NODES)
            return
        stack = np.empty(int(self._tree.used[NODES_USED]), np.int32)
        nodes, edges = subtree_edges(self._tree, child, stack)
        room = max(FIRST_NODES, 2 * nodes)
        kept = allocate_tree(room, max(edges, self._edges_for(room)), self._tree.ownership.shape[1])
        keep_subtree(self._tree, child, kept, stack)
        self._tree = kept

    def snapshot(self, max_pv: int = 64) -> SearchSnapshot:
        """The state of the search now.

        Args:
            max_pv: longest principal variation in moves.
        """
        tree = self._tree
        visits = int(tree.visits[ROOT])
        divisor = max(1, visits)
        moves = [self._move_stats(int(edge), max_pv) for edge in self._opened_edges(ROOT)]
        moves = [stats for stats in moves if stats.visits]
        moves.sort(key=lambda stats: (-stats.visits, -stats.value_to_play, stats.move))
        return SearchSnapshot(
            size=self.size,
            to_play=self.to_play,
            visits=visits,
            playouts=self.playouts,
            value_to_play=float(tree.value_sum[ROOT]) / divisor,
            lead_to_play=float(tree.lead_sum[ROOT]) / divisor,
            raw_value_to_play=float(tree.raw_value[ROOT]),
            moves=tuple(moves),
            ownership_to_play=self._ownership(ROOT),
        )

    def priors(self) -> np.ndarray:
        """float32[N*N + 1]: the root's priors, 0 for illegal moves and before the root is evaluated."""
        out = np.zeros(self.size * self.size + 1, np.float32)
        first = int(self._tree.first_edge[ROOT])
        stop = first + int(self._tree.edge_count[ROOT])
        out[self._tree.edge_move[first:stop]] = self._tree.edge_prior[first:stop]
        return out

    def _opened_edges(self, node: int) -> range:
        first = int(self._tree.first_edge[node])
        return range(first, first + int(self._tree.opened[node]))

    def _child(self, move: int) -> int:
        for edge in self._opened_edges(ROOT):
            if self._tree.edge_move[edge] == move:
                return int(self._tree.edge_child[edge])
        return NO_CHILD

    def _move_stats(self, edge: int, max_pv: int) -> MoveStats:
        tree = self._tree
        child = int(tree.edge_child[edge])
        visits = int(tree.visits[child])
        divisor = max(1, visits)
        move = int(tree.edge_move[edge])
        return MoveStats(
            move=move,
            visits=visits,
            value_to_play=-float(tree.value_sum[child]) / divisor,
            lead_to_play=-float(tree.lead_sum[child]) / divisor,
            prior=float(tree.edge_prior[edge]),
            pv=(move, *self._principal_variation(child, max_pv - 1)),
        )

    def _principal_variation(self, node: int, length: int) -> list[int]:
        """The most visited moves below a node."""
        moves: list[int] = []
        while len(moves) < length and len(edges := self._opened_edges(node)):
            children = self._tree.edge_child[edges.start : edges.stop]
            visits = self._tree.visits[children]
            best = int(np.argmax(visits))
            if not visits[best]:
                break
            moves.append(int(self._tree.edge_move[edges.start + best]))
            node = int(children[best])
        return moves

    def _ownership(self, node: int) -> np.ndarray | None:
        if not self.settings.keep_ownership or not self.visits:
            return None
        nodes = int(self._tree.used[NODES_USED])
        out = np.empty(self.size * self.size, np.float32)
        mean_ownership(self._tree, node, np.empty(nodes, np.int32), np.empty(nodes, np.int8), out)
        return out.reshape(self.size, self.size)

    def _edges_for(self, nodes: int) -> int:
        """Edge room for so many nodes: half of them leaves yet to be evaluated, most points empty."""
        return nodes * (self.size * self.size + 1)

    def _new_tree(self, nodes: int) -> Tree:
        ownership_points = self.size * self.size if self.settings.keep_ownership else 0
        return allocate_tree(nodes, self._edges_for(nodes), ownership_points)

    def _make_room(self, playouts: int) -> bool:
        """Grow the tree so that the evaluations in flight and so many more fit; False where the limit forbids it."""
        nodes_used, edges_used = (int(number) for number in self._tree.used)
        nodes, edges = len(self._tree.state), len(self._tree.edge_move)
        need_nodes = nodes_used + playouts
        need_edges = edges_used + (self.in_flight + playouts) * (self.size * self.size + 1)
        if need_nodes > self.settings.max_nodes:
            self.full = True
            return False
        if need_nodes > nodes or need_edges > edges:
            nodes = min(max(2 * nodes, need_nodes), self.settings.max_nodes) if need_nodes > nodes else nodes
            edges = max(2 * edges, need_edges) if need_edges > edges else edges
            self._tree = grow(self._tree, nodes, edges)
        return True


_NO_OWNERSHIP = np.zeros((0, 0), np.float32)


def _parameters(settings: SearchSettings) -> Parameters:
    return Parameters(
        float(settings.c_puct),
        float(settings.c_puct_log),
        float(settings.c_puct_base),
        float(settings.fpu_reduction),
        float(settings.virtual_loss),
    )


def _advanced(position: Position, move: int) -> Position:
    """The position after a move."""
    play(position.board, move)
    length = position.history_length
    history = np.zeros(length + 1 + MAX_DEPTH, np.uint64)
    history[:length] = position.history[:length]
    history[length] = hash_key(position.board, position.ko)
    return position._replace(history=history, history_length=length + 1)
