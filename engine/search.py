"""The search: PUCT over `engine.tree`, stepped from outside.

A search never runs by itself. ``collect`` descends from the root and puts leaves into a batch, ``apply`` takes their
evaluations, expands and backs up; whoever owns the evaluator calls the two in turn (`engine.pool`). Several batches may
be in flight. ``snapshot`` is all that analysis and records print; ``advance`` moves the root and keeps the subtree.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from ._packed import Packed, Packing
from .board import TO_PLAY, legal_moves, new_board
from .config import Restriction, SearchSettings
from .descent import Scratch, SearchState, Ways, apply_evaluations, collect_leaves
from .evaluations import EvaluationStore
from .evaluator import MAX_DEPTH, Evaluation, LeafBatch
from .features import symmetry_table
from .game import Game
from .gumbel import NO_PLAN, final_scores, make_plan
from .leaf import Needs, bar_moves, position_after, position_of
from .rollout import seeded
from .root import dirichlet, forbidden_moves, prepare_root
from .snapshot import MoveStats, SearchSnapshot, links_of, move_stats
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
    keep_below,
    let_go_of_others,
    release_leaves,
)

__all__ = ["MoveStats", "Search", "SearchSnapshot", "new_store"]

FIRST_NODES = 1024
"""Nodes that a new tree has room for; it grows by doubling."""

NODES_PER_SLOT = 3
"""Most nodes for each evaluation that the memory has room for: a tree near its limit gives up its leaves' policies."""


def new_store(size: int, settings: SearchSettings) -> EvaluationStore:
    """A store of evaluations of the size that the settings allow, for one search or for several that share it."""
    store = EvaluationStore(size, 2, settings.keep_ownership, settings.cache)
    per_slot = store.slot_bytes + NODES_PER_SLOT * bytes_per_node()
    store.max_slots = max(2, int(settings.max_tree_mb * 1e6 / per_slot))
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
        self._budget: int | None = None
        self._plan = NO_PLAN
        self._parameters = _parameters(self.settings, self.size, 0.0)
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
        room = min(batch.capacity - batch.count, self.most_in_flight - self.in_flight)
        if room <= 0 or not self._make_room(room):
            return 0
        inputs = batch.inputs
        needs = Needs(inputs.planes > 0, inputs.positions, self.settings.random_symmetry and inputs.planes > 0)
        added, finished, full = collect_leaves(
            self._packed(),
            batch.packed,
            self._ways(inputs.positions),
            needs,
            batch.count,
            room if limit is None else min(room, limit),
            room,
        )
        self.full = bool(full)
        self.playouts += finished
        self.in_flight += added
        self.store.in_flight += added
        if added:
            batch.spans[id(self)] = (batch.count, batch.count + added)
            batch.count += added
        return int(added)

    def apply(self, batch: LeafBatch, evaluation: Evaluation) -> None:
        """Take the evaluations of this search's rows of a batch."""
        start, stop = batch.spans[id(self)]
        lead = evaluation.lead_to_play
        lead_stdev = evaluation.lead_stdev
        ownership = evaluation.ownership_to_play
        new_root = self._tree.state[ROOT] != EXPANDED
        self.playouts += apply_evaluations(
            self._packed(),
            batch.packed,
            start,
            stop,
            evaluation.policy,
            evaluation.value_to_play,
            np.zeros(stop, np.float32) if lead is None else lead,
            np.zeros(stop, np.float32) if lead_stdev is None else lead_stdev,
            _NO_OWNERSHIP if ownership is None else ownership.reshape(len(ownership), -1),
            symmetry_table(self.size),
            self.settings.policy_temperature,
        )
        self.in_flight -= stop - start
        self.store.in_flight -= stop - start
        if new_root and self._tree.state[ROOT] == EXPANDED:
            self._begin()

    def expect(self, playouts: int | None) -> None:
        """Say how many playouts are to come, None if nobody knows: Gumbel selection plans with it.

        No batch may be in flight.
        """
        self._budget = playouts
        self._plan = NO_PLAN
        if self._tree.state[ROOT] == EXPANDED:
            self._make_plan(own_slot=False)

    def advance(self, move: int, settings: SearchSettings | None = None) -> None:
        """Play a move at the root and keep what is known below it; playouts count from 0 again.

        The move must be legal, and no batch in flight.

        Args:
            settings: in force from now on; by default the old ones. `keep_ownership` and `cache` are the store's.
        """
        if self.in_flight:
            raise RuntimeError("advance() while evaluations are in flight")
        self.settings = settings or self.settings
        self._plain_priors = None
        child = NO_NODE if self._position.barred_until.max() > 1 else self._child(move)
        self._position = position_after(self._position, move)
        self._budget, self._plan = None, NO_PLAN
        self.playouts = 0
        self.full = False
        old = self._tree
        kept = allocate_tree(len(old.state), len(old.link_child))
        new_index = np.full(self._nodes_used, NO_NODE, np.int32)
        if child != NO_NODE and old.state[child] == EXPANDED:
            keep_below(old, child, kept, np.empty(self._nodes_used, np.int32), new_index)
        let_go_of_others(old, self.store.arrays, new_index)
        self._tree = kept
        if kept.state[ROOT] == EXPANDED:
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
        moves = []
        for index, link in enumerate(links_of(tree, ROOT)):
            if tree.link_visits[link]:
                stats = move_stats(tree, self.store.arrays, index, link, max_pv)
                if lead_stdev or moves_ownership:
                    nodes = below.below(int(tree.link_child[link]))
                    spread = below.lead_stdev(nodes) if lead_stdev else 0.0
                    owned = -below.ownership(nodes)[0] if moves_ownership and self.store.keeps_ownership else None
                    stats = replace(stats, lead_stdev=spread, ownership_to_play=owned)
                moves.append(stats)
        moves.sort(key=lambda stats: (-stats.visits, -stats.value_to_play, stats.move))
        moves = self._planned_first(moves)
        root = below.below(ROOT) if self.visits and (lead_stdev or self.store.keeps_ownership) else None
        ownership, stdev = below.ownership(root) if root and self.store.keeps_ownership else (None, None)
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
            ):
                return pack
        self._pack = _PACKING.pack(
            SearchState(self._tree, arrays, self._position, self._scratch, self._parameters, self._plan)
        )
        return self._pack

    @property
    def _nodes_used(self) -> int:
        return int(self._tree.used[NODES_USED])

    def _ways(self, positions: bool) -> Ways:
        """The ways of a descent for an evaluator that sees planes, or positions: those may be judged by chance."""
        settings = self.settings
        symmetries = 1 if positions else settings.root_symmetries
        barred = len(self._position.barred) > 0  # its evaluations are of no use elsewhere
        return Ways(settings.transpositions, self.store.shared and not positions and not barred, symmetries)

    def _begin(self) -> None:
        """Prepare a root that has just been evaluated or arrived at."""
        lead = float(self._tree.lead[ROOT])
        self._parameters = _parameters(self.settings, self.size, lead)
        if self.settings.score_weight:
            average_all(self._tree, np.empty(self._nodes_used, np.int32), self._parameters)
        settings = self.settings
        plain = settings.root_noise == 0 and settings.root_policy_temperature == 1
        self._plain_priors = None if plain else self.priors()
        own_slot = not plain or forbidden_moves(self._tree, self.store.arrays, self._allowed_moves()) > 0
        if own_slot:
            self._prepare_root(settings.root_policy_temperature, settings.root_noise)
        self._make_plan(own_slot)

    def _prepare_root(self, temperature: float, noise_weight: float) -> None:
        """Give the root a slot of its own, with its allowed moves and such priors."""
        if not self._make_slots(1):
            return
        allowed = self._allowed_moves()
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
            self._prepare_root(1.0, 0.0)
        noise = settings.gumbel_noise * self._noise.gumbel(size=self.size * self.size + 1)
        self._plan = make_plan(
            self._tree, self.store.arrays, noise, settings.gumbel_moves, self._budget, settings.gumbel_scale
        )

    def _allowed_moves(self) -> np.ndarray:
        """uint8[M]: the root's legal moves, less those that are barred."""
        position = self._position
        legal = np.empty(self.size * self.size + 1, np.uint8)
        legal_moves(position.board, position.history, position.history_length, position.ko, position.suicide, legal)
        bar_moves(legal, position, self.to_play, 0)
        return legal

    def _child(self, move: int) -> int:
        slot = int(self._tree.slot[ROOT])
        for index, link in enumerate(links_of(self._tree, ROOT)):
            if self.store.arrays.move[slot, index] == move:
                return int(self._tree.link_child[link])
        return NO_NODE

    def _make_room(self, playouts: int) -> bool:
        """Have room for so many more playouts; False where the limit forbids it."""
        nodes, links = len(self._tree.state), len(self._tree.link_child)
        used = self._tree.used.tolist()
        need_nodes, need_links = used[NODES_USED] + playouts, used[LINKS_USED] + playouts
        if max(need_nodes, need_links) > self._max_nodes or not self._make_slots(playouts):
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
