"""The search: PUCT over `engine.tree`, stepped from outside.

A search never runs by itself. ``collect`` descends from the root and puts leaves into a batch, ``apply`` takes their
evaluations, expands and backs up; whoever owns the evaluator calls the two in turn (`engine.pool`). Several batches may
be in flight. ``snapshot`` is all that analysis and records print; ``advance`` moves the root and keeps the subtree.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from ._packed import Packed, PackedRow, Packing
from .board import NO_MOVE, TO_PLAY, new_board
from .config import Restriction, SearchSettings
from .descent import Scratch, SearchState, Ways, apply_to_all, collect_from_all
from .evaluations import EvaluationStore
from .evaluator import MAX_DEPTH, Evaluation, LeafBatch
from .features import symmetry_table
from .game import Game
from .gumbel import NO_PLAN, final_scores, make_plan
from .leaf import position_after, position_of
from .rollout import seeded
from .root import allowed_moves, dirichlet, move_root, prepare_root
from .snapshot import MoveStats, SearchSnapshot, root_moves
from .subtree import Subtrees
from .tree import (
    EXPANDED,
    LINKS_USED,
    NO_NODE,
    NODES_USED,
    ROOT,
    Parameters,
    Tree,
    allocate_tree,
    average_all,
    bytes_per_node,
    grow,
    let_go_of_others,
    links_of,
    release_leaves,
)

__all__ = ["MoveStats", "Search", "SearchSnapshot", "new_store"]

FIRST_NODES = 1024
"""Nodes that a new tree has room for; it grows by doubling."""

NODES_PER_SLOT = 3
"""Most nodes for each evaluation that the memory has room for: a tree near its limit gives up its leaves' policies."""

KNOWN_PER_ROW = 3
"""Playouts that may need no evaluation, for each of a search's rows in a batch that it shares with others."""


def new_store(size: int, settings: SearchSettings, most: int | None = None) -> EvaluationStore:
    """A store of evaluations of the size that the settings allow, for one search or for several that share it.

    Args:
        most: evaluations that are enough, where the settings allow more.
    """
    store = EvaluationStore(size, 2, settings.keep_ownership, settings.cache)
    per_slot = store.slot_bytes + NODES_PER_SLOT * bytes_per_node()
    allowed = int(settings.max_tree_mb * 1e6 / per_slot)
    store.max_slots = max(2, allowed if most is None else min(allowed, most))
    return store


class Search:
    """The search of one position."""

    def __init__(
        self,
        game: Game,
        settings: SearchSettings | None = None,
        seed: int = 0,
        store: EvaluationStore | None = None,
        restrictions: Sequence[Restriction] = (),
    ) -> None:
        """Search a game's present position; the game is not held on to.

        Args:
            seed: of the symmetries, the noise and the leaves' seeds.
            store: where evaluations are kept, by default one of its own; of the game's size and the settings' kind.
            restrictions: moves that are not looked at, until the root moves.
        """
        self.settings = settings or SearchSettings()
        self.size = game.size
        self.store = store or new_store(game.size, self.settings)
        self.playouts = 0
        """Playouts finished since the search began or the root moved."""
        self.full = False
        """Whether the tree has reached its limit, so that no further playout can begin."""
        self.in_flight = 0
        """Rows of batches under evaluation."""
        self._position = position_of(game, restrictions)
        self._scratch = _new_scratch(self.size, seed)
        self._noise = np.random.default_rng(seed)
        self._max_nodes = NODES_PER_SLOT * self.store.max_slots
        self._tree = allocate_tree(min(FIRST_NODES, self._max_nodes), min(FIRST_NODES, self._max_nodes))
        self._spare: Tree | None = None
        """Small arrays for the tree of the next root."""
        self._budget: int | None = None
        self._plan = NO_PLAN
        self._parameters = _parameters(self.settings, self.size, 0.0)
        self._ways = self._new_ways()
        self._plain_priors: np.ndarray | None = None
        self._pack: Packed | None = None

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
        """Bytes of the tree's nodes and of the evaluations in use."""
        return self._nodes_used * bytes_per_node() + self.store.held * self.store.slot_bytes

    @property
    def most_in_flight(self) -> int:
        """Rows that may be in flight at once, those that are included."""
        settings, visits = self.settings, self.visits
        if visits == 0:
            return settings.root_symmetries
        return max(min(settings.flight_least, visits), int(settings.flight_share * visits))

    def collect(self, batch: LeafBatch, limit: int | None = None) -> int:
        """Add leaves to a batch, as many as fit and at most `limit` playouts. Returns how many were added.

        Playouts that end in finished games are counted at once, so 0 may be returned while `playouts` grew.
        """
        before = batch.count
        self.collect_together([self], batch, [limit])
        return batch.count - before

    @staticmethod
    def collect_together(
        searches: Sequence[Search], batch: LeafBatch, limits: Sequence[int | None], rows: int | None = None
    ) -> None:
        """`collect` for several searches of one board size.

        Args:
            limits: most playouts of each search, None for as many as the batch has rows for.
            rows: most rows of each; playouts that need none come on top, up to KNOWN_PER_ROW for each row.
        """
        ready, rooms, most = [], [], []
        for search, limit in zip(searches, limits, strict=True):
            room = min(batch.capacity - batch.count, search.most_in_flight - search.in_flight)
            playouts = room
            if rows is not None and search.visits:  # a new root takes all its symmetries
                room = min(room, rows)
                playouts = (1 + KNOWN_PER_ROW) * room
            if limit is not None:
                playouts = min(playouts, limit)
            if room > 0 and search._make_room(playouts, room):
                search.store.in_flight += room  # spoken for, where others share the store
                ready.append(search)
                rooms.append(room)
                most.append(playouts)
        if not ready:
            return
        counts = np.empty((len(ready), 4), np.int64)
        row = PackedRow([search._packed() for search in ready])
        start, most_playouts, most_rows = batch.count, np.array(most, np.int64), np.array(rooms, np.int64)
        collect_from_all(row, batch.packed, batch.needs, start, batch.capacity, most_playouts, most_rows, counts)
        known_roots = []
        for search, room, (added, finished, full, known_root) in zip(ready, rooms, counts.tolist(), strict=True):
            search.full = bool(full)
            search.playouts += finished
            search.in_flight += added
            search.store.in_flight += added - room
            if added:
                batch.spans[id(search)] = (batch.count, batch.count + added)
                batch.count += added
            if known_root:
                known_roots.append(search)
        for search in known_roots:  # only now are all rows that the store has to have room for counted
            search._begin()

    def apply(self, batch: LeafBatch, evaluation: Evaluation) -> None:
        """Take the evaluations of this search's rows of a batch."""
        self.apply_together([self], batch, evaluation)

    @staticmethod
    def apply_together(searches: Sequence[Search], batch: LeafBatch, evaluation: Evaluation) -> None:
        """`apply` for several searches of one board size, each with rows in the batch."""
        spans = [batch.spans[id(search)] for search in searches]
        lead = evaluation.lead_to_play
        lead_stdev = evaluation.lead_stdev
        ownership = evaluation.ownership_to_play
        counts = np.empty((len(spans), 2), np.int64)
        apply_to_all(
            PackedRow([search._packed() for search in searches]),
            batch.packed,
            np.array(spans, np.int64),
            evaluation.policy,
            evaluation.value_to_play,
            np.zeros(batch.count, np.float32) if lead is None else lead,
            np.zeros(batch.count, np.float32) if lead_stdev is None else lead_stdev,
            _NO_OWNERSHIP if ownership is None else ownership.reshape(len(ownership), -1),
            symmetry_table(batch.size),
            counts,
        )
        for search, (start, stop), (playouts, new_root) in zip(searches, spans, counts.tolist(), strict=True):
            search.playouts += playouts
            search.in_flight -= stop - start
            search.store.in_flight -= stop - start
            if new_root:
                search._begin()

    def expect(self, playouts: int | None) -> None:
        """Say how many playouts are to come, None if nobody knows: Gumbel selection plans with it.

        No batch may be in flight.
        """
        self._budget = playouts
        self._plan = NO_PLAN
        if self._tree.state[ROOT] == EXPANDED:
            self._make_plan(own_slot=False)

    def advance(self, move: int, settings: SearchSettings | None = None, *, keep_tree: bool = True) -> None:
        """Play a move at the root and keep what is known below it; playouts count from 0 again.

        The move must be legal, and no batch in flight.

        Args:
            settings: in force from now on; by default the old ones. `keep_ownership` and `cache` are the store's.
            keep_tree: False for a tree of its own, as of a new search.
        """
        if self.in_flight:
            raise RuntimeError("advance() while evaluations are in flight")
        usable = keep_tree and self._position.barred_until.max() <= 1  # nothing below was barred
        if self.settings.conservative_pass and move == self.size**2:
            usable = False  # a second pass was the end of the game, seen from the old root
        self._tree = self._tree_after(move if usable else NO_MOVE)
        self._position = position_after(self._position, move)
        self.settings = settings or self.settings
        self._ways = self._new_ways()
        self._budget, self._plan = None, NO_PLAN
        self._plain_priors = None
        self.playouts = 0
        self.full = False
        if self._tree.state[ROOT] == EXPANDED:
            self._begin()

    def release(self) -> None:
        """Let go of all evaluations, so that they are only the store's; the search is of no use afterwards."""
        let_go_of_others(self._tree, self.store.arrays, np.full(self._nodes_used, NO_NODE, np.int32))
        self._tree = allocate_tree(1, 1)

    def snapshot(self, max_pv: int = 64, *, lead_stdev: bool = False, moves_ownership: bool = False) -> SearchSnapshot:
        """The state of the search now.

        Args:
            max_pv: longest principal variation in moves.
            lead_stdev: whether the standard deviations of the leads are wanted, which takes a look at all nodes.
            moves_ownership: whether the moves' own ownership is wanted, likewise; the settings must keep it.
        """
        tree = self._tree
        below = Subtrees(tree, self.store.arrays, self.size)
        owns = self.store.keeps_ownership
        root = below.below(ROOT) if self.visits and (lead_stdev or owns) else None
        ownership, stdev = (below.ownership(root) if root and owns else None) or (None, None)
        moves = []
        for child, stats in root_moves(self._packed(), max_pv):
            if lead_stdev or moves_ownership:
                nodes = below.below(child)
                spread = below.lead_stdev(nodes) if lead_stdev else 0.0
                found = below.ownership(nodes) if moves_ownership and owns else None
                owned = -found[0] if found else ownership  # a pass that ends the game leaves the board as it is
                stats = replace(stats, lead_stdev=spread, ownership_to_play=owned if moves_ownership else None)
            moves.append(stats)
        moves.sort(key=lambda stats: (-stats.visits, -stats.value_to_play, stats.move))
        moves = self._planned_first(moves)
        return SearchSnapshot(
            size=self.size,
            to_play=self.to_play,
            visits=self.visits,
            playouts=self.playouts,
            value_to_play=float(tree.value[ROOT]),
            lead_to_play=float(tree.lead[ROOT]),
            raw_value_to_play=float(tree.raw_value[ROOT]),
            moves=tuple(moves),
            planned=len(self._plan.visits) > 0,
            ownership_to_play=ownership,
            ownership_stdev=stdev,
            utility_to_play=float(tree.utility[ROOT]),
            raw_lead_to_play=float(tree.raw_lead[ROOT]),
            lead_stdev=below.lead_stdev(root) if root and lead_stdev else 0.0,
        )

    def root_visits(self) -> tuple[np.ndarray, np.ndarray]:
        """(int32[k], float32[k]): visits and utilities to play of the moves that the root has links for."""
        links = links_of(self._tree, ROOT)
        return self._tree.link_visits[links], -self._tree.utility[self._tree.link_child[links]]

    def priors(self) -> np.ndarray:
        """float32[N*N + 1]: the root's priors, 0 for moves not looked at and before the root is evaluated."""
        out = np.zeros(self.size * self.size + 1, np.float32)
        slot = int(self._tree.slot[ROOT])
        if self._tree.state[ROOT] == EXPANDED:
            arrays = self.store.arrays
            count = int(arrays.move_count[slot])
            out[arrays.move[slot, :count]] = (arrays.prior[slot, :count] / np.float32(65535)) ** 2
        return out

    def plain_priors(self) -> np.ndarray:
        """float32[N*N + 1]: the root's priors as the evaluator gave them, without root temperature and noise."""
        return self.priors() if self._plain_priors is None else self._plain_priors

    def _planned_first(self, moves: list[MoveStats]) -> list[MoveStats]:
        """With a plan, the candidates first, by their visits in it and then their score."""
        if not len(self._plan.visits):
            return moves
        slot = int(self._tree.slot[ROOT])
        scores = {
            int(self.store.arrays.move[slot, place]): score
            for place, score in final_scores(self._tree, self._plan).items()
        }
        return sorted(moves, key=lambda stats: scores.get(stats.move, (0, -np.inf)), reverse=True)

    def _packed(self) -> Packed:
        """What the kernels work in, packed again if any of it is another object than it was."""
        pack, arrays = self._pack, self.store.arrays
        if pack is not None:
            old: SearchState = pack.content
            if (
                old.tree is self._tree
                and old.store is arrays
                and old.position is self._position
                and old.parameters is self._parameters
                and old.plan is self._plan
                and old.ways is self._ways
            ):
                return pack
        state = SearchState(
            self._tree, arrays, self._position, self._scratch, self._parameters, self._plan, self._ways
        )
        self._pack = _PACKING.pack(state)
        return self._pack

    @property
    def _nodes_used(self) -> int:
        return int(self._tree.used[NODES_USED])

    def _new_ways(self) -> Ways:
        """The settings' ways of a descent."""
        settings = self.settings
        barred = len(self._position.barred) > 0  # its evaluations are of no use elsewhere
        return Ways(
            bool(settings.transpositions),
            self.store.shared and not barred,
            int(settings.root_symmetries),
            bool(settings.random_symmetry),
            float(settings.policy_temperature),
            2 if settings.conservative_pass else 1,
        )

    def _tree_after(self, move: int) -> Tree:
        """What lies below a move of the root, in the spare arrays if there are any; those of now are the next spare."""
        old, kept, self._spare = self._tree, self._spare, None
        if kept is None or len(kept.state) < len(old.state) or len(kept.link_child) < len(old.link_child):
            kept = allocate_tree(len(old.state), len(old.link_child))
        used = self._nodes_used
        move_root(self._packed(), move, kept, np.empty(used, np.int32), np.full(used, NO_NODE, np.int32))
        if len(old.state) <= FIRST_NODES:
            self._spare = old
        return kept

    def _begin(self) -> None:
        """Prepare a root that has just been evaluated or arrived at."""
        lead = float(self._tree.lead[ROOT])
        self._parameters = _parameters(self.settings, self.size, lead)
        if self.settings.score_weight:
            average_all(self._tree, np.empty(self._nodes_used, np.int32), self._parameters)
        settings = self.settings
        plain = settings.root_noise == 0 and settings.root_policy_temperature == 1
        allowed, forbidden = self._allowed_moves()
        own_slot = forbidden > 0 or not plain
        self._plain_priors = self.priors() if own_slot else None
        if own_slot:
            self._prepare_root(allowed, settings.root_policy_temperature, settings.root_noise)
        self._make_plan(own_slot)

    def _prepare_root(self, allowed: np.ndarray, temperature: float, noise_weight: float) -> None:
        """Give the root a slot of its own, with its allowed moves (uint8[M]) and such priors."""
        if not self._make_slots(1):
            return
        moves = len(allowed)
        noise = dirichlet(self._noise, moves, int(allowed.sum()), self.settings.root_noise_concentration)
        weight = np.empty(moves, np.float64)
        prepare_root(self._tree, self.store.arrays, allowed, temperature, noise, noise_weight, weight)

    def _make_plan(self, own_slot: bool) -> None:
        """Plan the playouts that are expected, where the settings say so."""
        settings = self.settings
        if not (settings.gumbel_moves and self._budget):
            return
        if not own_slot:
            self._prepare_root(self._allowed_moves()[0], 1.0, 0.0)
        noise = settings.gumbel_noise * self._noise.gumbel(size=self.size * self.size + 1)
        self._plan = make_plan(
            self._tree, self.store.arrays, noise, settings.gumbel_moves, self._budget, settings.gumbel_scale
        )

    def _allowed_moves(self) -> tuple[np.ndarray, int]:
        """uint8[M], the root's legal moves less those that are barred, and how many of its own are not among them."""
        allowed = np.empty(self.size * self.size + 1, np.uint8)
        return allowed, int(allowed_moves(self._packed(), allowed))

    def _make_room(self, playouts: int, rows: int) -> bool:
        """Have room for so many more playouts and evaluations; False where the limit forbids it."""
        nodes, links = len(self._tree.state), len(self._tree.link_child)
        used = self._tree.used.tolist()
        need_nodes, need_links = used[NODES_USED] + playouts, used[LINKS_USED] + playouts
        if max(need_nodes, need_links) > self._max_nodes or not self._make_slots(rows):
            self.full = True
            return False
        if need_nodes > nodes or need_links > links:
            nodes = min(max(2 * nodes, need_nodes), self._max_nodes) if need_nodes > nodes else nodes
            links = min(max(2 * links, need_links), self._max_nodes) if need_links > links else links
            self._tree = grow(self._tree, nodes, links)
        return True

    def _make_slots(self, wanted: int) -> bool:
        """Have room for so many evaluations, taking those of leaves if need be."""
        if self.store.make_room(wanted):
            return True
        return bool(release_leaves(self._tree, self.store.arrays)) and self.store.make_room(wanted)


_PACKING = Packing()
_NO_OWNERSHIP = np.zeros((0, 0), np.float32)


def _new_scratch(size: int, seed: int) -> Scratch:
    area = size * size
    scratch = Scratch(
        new_board(size),
        np.empty(2 * MAX_DEPTH, np.int32),
        np.empty(area, np.uint8),
        np.empty(area, np.uint8),
        np.empty(area, np.int16),
        np.empty(1, np.uint64),
    )
    seeded(np.uint64(seed), scratch.random)
    return scratch


def _parameters(settings: SearchSettings, size: int, lead: float) -> Parameters:
    """The settings for the kernels; `lead` is the root's, to play."""
    return Parameters(
        float(settings.c_puct),
        float(settings.c_puct_log),
        float(settings.c_puct_base),
        float(settings.c_puct_stdev),
        float(settings.fpu_reduction),
        float(settings.root_fpu_reduction),
        float(settings.virtual_loss),
        float(settings.score_weight),
        float(settings.score_scale * size),
        float(settings.score_centre * lead),
        float(settings.forced_playouts),
    )
