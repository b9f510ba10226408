"""The search that needs no net: RAVE over rollouts with knowledge (`engine.rave`), behind `engine.searching`'s seam.

It asks no evaluator: ``collect`` plays its playouts itself, many in one call of a kernel, and adds no row to the batch.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from .board import TO_PLAY, new_board
from .config import Restriction, RolloutSettings, SearchSettings
from .evaluator import MAX_DEPTH, Evaluation, LeafBatch
from .game import Game
from .leaf import position_after, position_of
from .policy import shipped_policy
from .rave import (
    EDGE_FIELDS,
    EDGES_USED,
    NO_CHILD,
    NODES_USED,
    PASS_PLACE,
    UNEXPANDED,
    RaveParameters,
    RaveScratch,
    RaveTree,
    allocate_rave_tree,
    keep_rave_below,
    play_many,
    rave_bytes,
)
from .rollout import seeded
from .snapshot import MoveStats, SearchSnapshot

PLAYOUTS_AT_ONCE = 64
"""Playouts between two looks at the clock: about 5 ms on 9×9, 20 ms on 19×19."""

FIRST_NODES = 4096
NODES_SHARE = 0.1
"""Share of the memory for nodes; the rest is for edges."""

ROOT = 0


class RolloutSearch:
    """The search of one position by rollouts."""

    in_flight = most_in_flight = 0
    full = False
    """Never: a tree that has reached its limit goes on with rollouts from its leaves."""

    def __init__(
        self,
        game: Game,
        settings: SearchSettings | None = None,
        rollouts: RolloutSettings | None = None,
        seed: int = 0,
        restrictions: Sequence[Restriction] = (),
    ) -> None:
        """Search a game's present position; the game is not held on to.

        Args:
            settings: of these, only `max_tree_mb` matters here.
            restrictions: moves that are not looked at, until the root moves.
        """
        self.size = game.size
        self.playouts = 0
        self._rollouts = rollouts or RolloutSettings()
        self._position = position_of(game, restrictions)
        self._policy = shipped_policy()
        area = self.size * self.size
        bordered_area = len(self._position.board.colour)
        self._scratch = RaveScratch(
            board=new_board(self.size),
            first=np.zeros(bordered_area, np.uint8),
            path_node=np.zeros(MAX_DEPTH, np.int32),
            path_edge=np.zeros(MAX_DEPTH, np.int32),
            legal=np.zeros(area + 1, np.uint8),
            stones=np.zeros(area, np.uint8),
            owners=np.zeros(area, np.uint8),
            stack=np.zeros(area, np.int16),
            share=np.zeros(bordered_area, np.float64),
            random=np.zeros(1, np.uint64),
            ownership=np.zeros(area, np.float64),
        )
        seeded(np.uint64(seed), self._scratch.random)
        self._owned = 0
        """Playouts whose final owners are summed."""
        self._tree = allocate_rave_tree(FIRST_NODES, FIRST_NODES * 4 + area + 1)
        node_bytes, edge_bytes = rave_bytes(self._tree)
        memory = (settings or SearchSettings()).max_tree_mb * 1e6
        self._max_nodes = max(FIRST_NODES, int(memory * NODES_SHARE / node_bytes))
        self._max_edges = max(len(self._tree.place), int(memory * (1 - NODES_SHARE) / edge_bytes))

    @property
    def visits(self) -> int:
        """Visits of the root."""
        return int(self._tree.visits[ROOT])

    @property
    def to_play(self) -> int:
        """Colour to play at the root."""
        return int(self._position.board.info[TO_PLAY])

    @property
    def tree(self) -> RaveTree:
        """The tree, for tests; not to be changed."""
        return self._tree

    @property
    def tree_bytes(self) -> int:
        """Bytes of the tree in use."""
        node, edge = rave_bytes(self._tree)
        return int(self._tree.used[NODES_USED]) * node + int(self._tree.used[EDGES_USED]) * edge

    def collect(self, batch: LeafBatch, limit: int | None = None) -> int:
        """Play at most `limit` playouts and no more than `PLAYOUTS_AT_ONCE`. Adds no row to the batch."""
        count = PLAYOUTS_AT_ONCE if limit is None else min(limit, PLAYOUTS_AT_ONCE)
        self._make_room(count)
        play_many(self._tree, self._position, self._scratch, self._policy, self._parameters(), count)
        self.playouts += count
        self._owned += count
        return 0

    def apply(self, batch: LeafBatch, evaluation: Evaluation) -> None:
        """Nothing is ever under evaluation."""

    @staticmethod
    def collect_together(
        searches: Sequence[RolloutSearch], batch: LeafBatch, limits: Sequence[int | None], rows: int | None = None
    ) -> None:
        """`collect` for several searches; none of them takes rows."""
        for search, limit in zip(searches, limits, strict=True):
            search.collect(batch, limit)

    @staticmethod
    def apply_together(searches: Sequence[RolloutSearch], batch: LeafBatch, evaluation: Evaluation) -> None:
        """Nothing is ever under evaluation."""

    def expect(self, playouts: int | None) -> None:
        """The playouts to come change nothing."""

    def advance(self, move: int) -> None:
        """Play a legal move at the root and keep the tree below it; playouts count from 0 again."""
        child = NO_CHILD if self._position.barred_until.max() > 1 else self._child(move)
        self._position = position_after(self._position, move)
        self.playouts = self._owned = 0
        self._scratch.ownership[:] = 0
        old = self._tree
        self._tree = allocate_rave_tree(len(old.visits), len(old.place))
        if child != NO_CHILD and old.edge_count[child] != UNEXPANDED:  # a root has its moves after the first playout
            keep_rave_below(old, child, self._tree, np.empty(int(old.used[NODES_USED]), np.int32))

    def release(self) -> None:
        """Nothing is shared."""

    def root_visits(self) -> tuple[np.ndarray, np.ndarray]:
        """(int32[k], float32[k]): visits and utilities to play of the moves tried at the root."""
        edges = self._tried(ROOT)
        visits = self._tree.edge_visits[edges]
        return visits.astype(np.int32), (2 * self._tree.edge_wins[edges] / visits - 1).astype(np.float32)

    def priors(self) -> np.ndarray:
        """float32[N*N + 1]: each move's share of the wins imagined beforehand."""
        out = np.zeros(self.size * self.size + 1, np.float32)
        for edge in self._edges(ROOT):
            out[self._move(edge)] = self._tree.prior_wins[edge]
        total = float(out.sum())
        return out / np.float32(total) if total else out

    def plain_priors(self) -> np.ndarray:
        """The priors: a tree of rollouts has no others."""
        return self.priors()

    def snapshot(self, max_pv: int = 64, *, lead_stdev: bool = False, moves_ownership: bool = False) -> SearchSnapshot:
        """The state of the search now; leads' standard deviations and the moves' ownership are not known."""
        tree, visits = self._tree, self.visits
        priors = self.priors()
        moves = [self._move_stats(edge, priors, max_pv) for edge in self._tried(ROOT)]
        moves.sort(key=lambda stats: (-stats.visits, -stats.value_to_play, stats.move))
        ownership = None
        if self._owned:
            sign = 1 if self.to_play == 1 else -1
            ownership = (sign * self._scratch.ownership / self._owned).astype(np.float32)
            ownership = ownership.reshape(self.size, self.size)
        value = 2 * float(tree.wins[ROOT]) / visits - 1 if visits else 0.0
        return SearchSnapshot(
            size=self.size,
            to_play=self.to_play,
            visits=visits,
            playouts=self.playouts,
            value_to_play=value,
            lead_to_play=float(tree.lead[ROOT]) / visits if visits else 0.0,
            raw_value_to_play=0.0,
            moves=tuple(moves),
            ownership_to_play=ownership,
            ownership_stdev=None if ownership is None else np.sqrt(np.maximum(0, 1 - ownership**2)),
            utility_to_play=value,
        )

    def _move_stats(self, edge: int, priors: np.ndarray, max_pv: int) -> MoveStats:
        tree = self._tree
        visits = int(tree.edge_visits[edge])
        value = 2 * float(tree.edge_wins[edge]) / visits - 1
        child = int(tree.child[edge])
        seen = int(tree.visits[child]) if child != NO_CHILD else 0
        move = self._move(edge)
        moves, counts = self._variation(child, max_pv - 1)
        return MoveStats(
            move=move,
            visits=visits,
            value_to_play=value,
            lead_to_play=-float(tree.lead[child]) / seen if seen else 0.0,
            prior=float(priors[move]),
            pv=(move, *moves),
            utility_to_play=value,
            utility_radius=math.sqrt((1 - value * value + 1 / visits) / visits),
            pv_visits=(visits, *counts),
        )

    def _variation(self, node: int, length: int) -> tuple[list[int], list[int]]:
        """The most visited moves below a node, and their visits."""
        moves: list[int] = []
        counts: list[int] = []
        while node != NO_CHILD and len(moves) < length and len(edges := self._tried(node)):
            best = int(edges[np.argmax(self._tree.edge_visits[edges])])
            moves.append(self._move(best))
            counts.append(int(self._tree.edge_visits[best]))
            node = int(self._tree.child[best])
        return moves, counts

    def _edges(self, node: int) -> np.ndarray:
        count = int(self._tree.edge_count[node])
        first = int(self._tree.first_edge[node])
        return np.arange(first, first + (0 if count == UNEXPANDED else count))

    def _tried(self, node: int) -> np.ndarray:
        """The edges of a node that had a playout."""
        edges = self._edges(node)
        return edges[self._tree.edge_visits[edges] > 0]

    def _move(self, edge: int) -> int:
        """The move of an edge, as a point or the pass."""
        place, stride = int(self._tree.place[edge]), self.size + 1
        return self.size**2 if place == PASS_PLACE else (place // stride - 1) * self.size + place % stride - 1

    def _child(self, move: int) -> int:
        for edge in self._edges(ROOT):
            if self._move(edge) == move:
                return int(self._tree.child[edge])
        return NO_CHILD

    def _parameters(self) -> RaveParameters:
        settings = self._rollouts
        return RaveParameters(
            float(settings.rave_equivalence),
            float(settings.exploration),
            int(settings.expand_visits),
            float(settings.score_share),
            float(settings.prior_even),
            float(settings.prior_policy),
            float(settings.prior_near),
            bool(settings.knowledge),
        )

    def _make_room(self, playouts: int) -> None:
        """Grow the tree for so many more playouts, as far as the limit allows."""
        used, tree = self._tree.used, self._tree
        nodes = _grown(len(tree.visits), int(used[NODES_USED]) + playouts, self._max_nodes)
        edges_wanted = int(used[EDGES_USED]) + (playouts + 1) * (self.size**2 + 1)
        edges = _grown(len(tree.place), edges_wanted, self._max_edges)
        if nodes > len(tree.visits) or edges > len(tree.place):
            self._tree = RaveTree(**{name: _resized(array, edges if name in EDGE_FIELDS else nodes)
                                     if name != "used" else array for name, array in tree._asdict().items()})


def _grown(room: int, wanted: int, most: int) -> int:
    """Room for what is wanted: as before, or doubled until it fits, within the limit."""
    while room < wanted and room < most:
        room = min(2 * room, most)
    return room


def _resized(array: np.ndarray, length: int) -> np.ndarray:
    """The array, longer."""
    return array if len(array) == length else np.concatenate([array, np.zeros(length - len(array), array.dtype)])
