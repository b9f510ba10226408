"""Evaluators: what stands behind the search. A batch of leaves goes in, an ``Evaluation`` comes out.

Each evaluator says what it needs (``inputs``) and gives (``outputs``); the search asks for nothing else. Here are the
uniform evaluator (for tests), the rollout evaluator and the mixture of a net with rollouts; the net's own is
``ponnuki.nets.ort``.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple, Protocol

import numpy as np

from ._jit import kernel
from ._packed import Packed, Packing
from .board import PASSES, SIZE, TO_PLAY, Board, allocate_boards, board_row, copy_board, new_board
from .coords import BLACK, EMPTY, WHITE
from .errors import ConfigError
from .features import FEATURE_VERSION, GLOBALS, PLANES_OF, symmetry_steps
from .ladder import Reading, new_reading
from .policy import heavy_rollout, shipped_policy
from .rollout import final_area_margin, is_own_eye, point_owner, seeded

MAX_DEPTH = 1024
"""Moves below the root that a playout may go."""


@dataclass(frozen=True)
class EvaluatorInputs:
    """What an evaluator needs of a leaf."""

    feature_version: int | None = None
    """Version of the planes and globals, None where it needs none."""
    planes: int = 0
    globals: int = 0
    positions: bool = False
    """Whether it needs the boards themselves (rollouts)."""


@dataclass(frozen=True)
class EvaluatorOutputs:
    """Which optional parts of an ``Evaluation`` an evaluator gives."""

    lead: bool = False
    lead_stdev: bool = False
    ownership: bool = False
    uncertainty: bool = False
    sizes: tuple[int, ...] = ()
    """Board sizes it was made for; empty: any."""
    other_sizes: bool = False
    """Whether it may be asked about others, too: it learnt on several, and nothing in it belongs to one of them."""

    def plays(self, size: int) -> bool:
        """Whether a game on this board size is to be left to it."""
        return not self.sizes or size in self.sizes or self.other_sizes


@dataclass
class Evaluation:
    """Answers for a batch of B leaves, all from the side to play's view and in the leaf's symmetry."""

    policy: np.ndarray
    """float32[B, N*N + 1], logits; the last is the pass."""
    value_to_play: np.ndarray
    """float32[B], -1 … 1."""
    lead_to_play: np.ndarray | None = None
    """float32[B], points, komi counted."""
    lead_stdev: np.ndarray | None = None
    """float32[B], points."""
    ownership_to_play: np.ndarray | None = None
    """float32[B, N, N], -1 … 1."""


class LeafArrays(NamedTuple):
    """The arrays of a leaf batch, as kernels see them; one row a leaf."""

    boards: Board  # rows filled where the evaluator needs positions
    legal: np.ndarray  # uint8[capacity, N*N + 1], superko included
    planes: np.ndarray  # float32[capacity, planes, N, N]
    globals: np.ndarray  # float32[capacity, globals]
    symmetry: np.ndarray  # int8[capacity]
    komi: np.ndarray  # float32[capacity], White's, handicap compensation included
    self_komi: np.ndarray  # float32[capacity], see features.self_komi
    rules: np.ndarray  # int8[capacity, 3]: ko, scoring, suicide
    seed: np.ndarray  # uint64[capacity]
    reading: Reading  # room to read ladders in, one for all rows
    # The search's own marks:
    node: np.ndarray  # int32[capacity]
    depth: np.ndarray  # int32[capacity], moves from the root to the leaf
    path: np.ndarray  # int32[capacity, 2 * MAX_DEPTH], node and link of each step
    key: np.ndarray  # uint64[capacity], under which the evaluation is kept


class Needs(NamedTuple):
    """What is to be written into a leaf."""

    planes: bool
    positions: bool


_PACKING = Packing()


class LeafBatch:
    """Room for leaves of one board size on their way to an evaluator; rows ``[:count]`` are filled.

    A leaf carries no superko history: what it forbids is in ``legal``, and rollouts go on under simple ko.
    """

    def __init__(self, size: int, capacity: int, inputs: EvaluatorInputs) -> None:
        """Allocate for what the evaluator needs.

        Args:
            size: board size.
            capacity: most leaves in one batch, at least 1.
        """
        self.size = size
        self.capacity = capacity
        self.inputs = inputs
        self.needs = Needs(inputs.planes > 0, inputs.positions)
        self.count = 0
        self.spans: dict[int, tuple[int, int]] = {}
        """Rows of each search, by its ``id``: [start, stop)."""
        moves = size * size + 1
        self.arrays = LeafArrays(
            boards=allocate_boards(capacity if inputs.positions else 0, size),
            legal=np.zeros((capacity, moves), np.uint8),
            planes=np.zeros((capacity, inputs.planes, size, size), np.float32),
            globals=np.zeros((capacity, inputs.globals), np.float32),
            symmetry=np.zeros(capacity, np.int8),
            komi=np.zeros(capacity, np.float32),
            self_komi=np.zeros(capacity, np.float32),
            rules=np.zeros((capacity, 3), np.int8),
            seed=np.zeros(capacity, np.uint64),
            reading=new_reading(size),
            node=np.zeros(capacity, np.int32),
            depth=np.zeros(capacity, np.int32),
            path=np.zeros((capacity, 2 * MAX_DEPTH), np.int32),
            key=np.zeros(capacity, np.uint64),
        )

    @cached_property
    def packed(self) -> Packed:
        """The arrays, for kernels."""
        return _PACKING.pack(self.arrays)

    @property
    def planes(self) -> np.ndarray:
        """float32[capacity, C, N, N]."""
        return self.arrays.planes

    @property
    def globals(self) -> np.ndarray:
        """float32[capacity, K]."""
        return self.arrays.globals

    @property
    def symmetry(self) -> np.ndarray:
        """int8[capacity]."""
        return self.arrays.symmetry

    def clear(self) -> None:
        """Forget all rows."""
        self.count = 0
        self.spans.clear()


class Evaluator(Protocol):
    """The seam between search and network."""

    @property
    def inputs(self) -> EvaluatorInputs:
        """What it needs of a leaf."""

    @property
    def outputs(self) -> EvaluatorOutputs:
        """What it gives."""

    def evaluate(self, batch: LeafBatch) -> Evaluation:
        """Evaluate rows ``[:batch.count]``. Blocks, releases the GIL, may be called from several threads."""


class UniformEvaluator:
    """The same prior for every move and an even game: for tests of the search."""

    inputs = EvaluatorInputs()
    outputs = EvaluatorOutputs()

    def evaluate(self, batch: LeafBatch) -> Evaluation:
        """Zero logits and values."""
        moves = batch.size * batch.size + 1
        return Evaluation(np.zeros((batch.count, moves), np.float32), np.zeros(batch.count, np.float32))


EYE_LOGIT = -9.0
"""Logit of filling an own eye, against 0 for other points: about one ten-thousandth of their prior."""
PASS_LOGIT = -2.0
"""Logit of a pass in a rollout search, against 0 for other points."""


@kernel
def evaluate_by_rollout(leaves, count, scratch, state, play_policy, first, policy, value, lead, ownership):
    """One rollout with knowledge for each of `count` leaves.

    Args:
        leaves: LeafArrays with boards.
        scratch: a board of their size, overwritten.
        state: uint64[1], overwritten.
        play_policy, first: as of `policy.heavy_rollout`.
        policy: float32[>= count, N*N + 1], written: EYE_LOGIT for own eyes, PASS_LOGIT for the pass, else 0.
        value, lead: float32[>= count], written: the rollout's result and margin for the side to play.
        ownership: float32[>= count, N*N], written: the final owners, ±1 or 0.
    """
    for index in range(count):
        board = board_row(leaves.boards, index)
        size = np.int64(board.info[SIZE])
        colour = np.int64(board.info[TO_PLAY])
        sign = np.float32(1) if colour == BLACK else np.float32(-1)
        base, per_row, per_col = symmetry_steps(np.int64(leaves.symmetry[index]), size)
        copy_board(board, scratch)
        scratch.info[PASSES] = 0  # a finished game is played on: what stands dead on its board is to be found out
        seeded(leaves.seed[index], state)
        heavy_rollout(scratch, play_policy, state, first)
        margin = np.float32(final_area_margin(scratch)) - leaves.komi[index]
        value[index] = sign * np.sign(margin)
        lead[index] = sign * margin
        policy[index, size * size] = np.float32(PASS_LOGIT)
        for row in range(size):
            for col in range(size):
                place = np.int64((row + 1) * (size + 1) + col + 1)
                target = base + row * per_row + col * per_col
                eye = board.colour[place] == EMPTY and is_own_eye(board, place, colour)
                policy[index, target] = np.float32(EYE_LOGIT) if eye else np.float32(0)
                owner = point_owner(scratch, place)
                signed = sign if owner == BLACK else -sign
                ownership[index, target] = signed if owner == BLACK or owner == WHITE else np.float32(0)


class RolloutEvaluator:
    """Playouts in their first meaning: a fast simulated game to the end. Needs no net.

    A search by rollouts alone plays them itself (`engine.rollout_search`); this evaluator serves where positions are
    asked about without a search, and beside a net.
    """

    inputs = EvaluatorInputs(positions=True)
    outputs = EvaluatorOutputs(lead=True, ownership=True)

    def evaluate(self, batch: LeafBatch) -> Evaluation:
        """One rollout a leaf, seeded by the leaf."""
        count, area = batch.count, batch.size * batch.size
        policy = np.empty((count, area + 1), np.float32)
        value = np.empty(count, np.float32)
        lead = np.empty(count, np.float32)
        ownership = np.empty((count, area), np.float32)
        state = np.empty(1, np.uint64)
        scratch = new_board(batch.size)
        first = np.empty(len(scratch.colour), np.uint8)
        evaluate_by_rollout(
            batch.arrays, count, scratch, state, shipped_policy(), first, policy, value, lead, ownership
        )
        shape = (count, batch.size, batch.size)
        return Evaluation(policy, value, lead_to_play=lead, ownership_to_play=ownership.reshape(shape))


class MixedEvaluator:
    """Playouts in their second meaning: a net's value and a rollout's result, weighted; all else from the net.

    AlphaGo mixed them in this way (Silver et al., "Mastering the game of Go with deep neural networks and tree
    search", 2016): ``(1 - mixing) * value + mixing * result``.
    """

    def __init__(self, net: Evaluator, mixing: float = 0.5) -> None:
        """Mix a net's evaluations with rollouts.

        Args:
            mixing: weight of the rollout's result, 0 … 1.

        Raises:
            ConfigError: `mixing` is out of range.
        """
        if not 0.0 <= mixing <= 1.0:
            raise ConfigError(f"mixing {mixing}: expected 0 to 1")
        self._net = net
        self._rollouts = RolloutEvaluator()
        self._mixing = np.float32(mixing)
        self.inputs = EvaluatorInputs(net.inputs.feature_version, net.inputs.planes, net.inputs.globals, positions=True)
        self.outputs = net.outputs

    def evaluate(self, batch: LeafBatch) -> Evaluation:
        """The net's evaluation with the rollouts' results mixed into the value."""
        evaluation = self._net.evaluate(batch)
        results = self._rollouts.evaluate(batch).value_to_play
        evaluation.value_to_play = (1 - self._mixing) * evaluation.value_to_play + self._mixing * results
        return evaluation


def net_inputs(version: int) -> EvaluatorInputs:
    """What a net of a feature version needs."""
    return EvaluatorInputs(version, PLANES_OF[version], GLOBALS)


NET_INPUTS = net_inputs(FEATURE_VERSION)
"""What a net of the newest feature version needs."""
