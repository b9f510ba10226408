"""Evaluations that a search keeps: priors, value, lead and ownership, in slots that nodes, moves and searches share.

A slot is held by the nodes that were expanded with it. One that nobody holds any more stays as a cache entry, found by
a key of all that the evaluator saw, until its room is needed. So tree and cache are one memory with one bound.

Priors are kept as 16-bit square roots, moves in order of their priors as far as anybody has looked (`order_prior`):
362 moves of 19×19 take 1.4 KB.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ._jit import inlined_kernel, kernel

NO_SLOT = -1
NO_KEY = np.uint64(0)

# Entries of Evaluations.used.
SLOTS, HELD, FREE, HAND = 0, 1, 2, 3

_MIX_1 = np.uint64(0xBF58476D1CE4E5B9)
_MIX_2 = np.uint64(0x94D049BB133111EB)
_STEP = np.uint64(0x9E3779B97F4A7C15)
_SHIFT_30, _SHIFT_27, _SHIFT_31 = np.uint64(30), np.uint64(27), np.uint64(31)

FIRST_SLOTS = 1024
"""Slots that a new store has room for; it grows by doubling."""


class Evaluations(NamedTuple):
    """Arrays over slots; M = N*N + 1."""

    used: np.ndarray  # int64[4]: SLOTS ever used, those HELD by nodes, first FREE one of a list, the eviction's HAND
    key: np.ndarray  # uint64[slots], NO_KEY where it cannot be found
    next: np.ndarray  # int32[slots], the next slot of its bucket or of the free list, NO_SLOT at the end
    bucket: np.ndarray  # int32[power of two], the first slot of each bucket
    holders: np.ndarray  # int32[slots], nodes that use it
    move_count: np.ndarray  # int16[slots], legal moves
    ordered: np.ndarray  # int16[slots], how many of them stand in order of their priors
    move: np.ndarray  # int16[slots, M]
    prior: np.ndarray  # uint16[slots, M], 65535 · √prior
    value: np.ndarray  # float32[slots], to play
    lead: np.ndarray  # float32[slots], to play, points
    lead_stdev: np.ndarray  # float32[slots], points
    ownership: np.ndarray  # int8[slots or 0, N*N], 100 × ownership to play


def allocate_evaluations(slots: int, moves: int, ownership_points: int) -> Evaluations:
    """An empty store of so many slots.

    Args:
        moves: M.
        ownership_points: N*N to keep ownership, 0 not to.
    """
    buckets = 1 << max(4, (slots - 1).bit_length())
    return Evaluations(
        used=np.array([0, 0, NO_SLOT, 0], np.int64),
        key=np.zeros(slots, np.uint64),
        next=np.full(slots, NO_SLOT, np.int32),
        bucket=np.full(buckets, NO_SLOT, np.int32),
        holders=np.zeros(slots, np.int32),
        move_count=np.zeros(slots, np.int16),
        ordered=np.zeros(slots, np.int16),
        move=np.empty((slots, moves), np.int16),
        prior=np.empty((slots, moves), np.uint16),
        value=np.empty(slots, np.float32),
        lead=np.empty(slots, np.float32),
        lead_stdev=np.empty(slots, np.float32),
        ownership=np.empty((slots if ownership_points else 0, ownership_points), np.int8),
    )


def bytes_per_slot(moves: int, ownership_points: int) -> int:
    """Bytes of one slot, its share of the buckets included."""
    return 8 + 4 + 4 + 4 + 2 + 2 + 4 * moves + 4 + 4 + 4 + ownership_points


@inlined_kernel
def mixed(value):
    """A well mixed 64-bit word (the finaliser of SplitMix64, Steele, Lea and Flood 2014)."""
    word = np.uint64(value) + _STEP
    word = (word ^ (word >> _SHIFT_30)) * _MIX_1
    word = (word ^ (word >> _SHIFT_27)) * _MIX_2
    return word ^ (word >> _SHIFT_31)


@inlined_kernel
def prior_of(store, slot, index):
    """The prior of a slot's move, float64."""
    root = np.float64(store.prior[slot, index]) * (1.0 / 65535.0)
    return root * root


@inlined_kernel
def bucket_of(store, key):
    """The bucket that a key belongs to."""
    return np.int64(key & np.uint64(store.bucket.shape[0] - 1))


@kernel
def find_slot(store, key):
    """The slot of a key, NO_SLOT if there is none."""
    slot = np.int64(store.bucket[bucket_of(store, key)])
    while slot != NO_SLOT and store.key[slot] != key:
        slot = np.int64(store.next[slot])
    return slot


@kernel
def link_slot(store, slot, key):
    """Make a slot be found by a key."""
    store.key[slot] = key
    if key != NO_KEY:
        bucket = bucket_of(store, key)
        store.next[slot] = store.bucket[bucket]
        store.bucket[bucket] = slot


@kernel
def unlink_slot(store, slot):
    """Make a slot be found no more."""
    if store.key[slot] == NO_KEY:
        return
    bucket = bucket_of(store, store.key[slot])
    before = np.int64(NO_SLOT)
    other = np.int64(store.bucket[bucket])
    while other != slot:
        before = other
        other = np.int64(store.next[other])
    if before == NO_SLOT:
        store.bucket[bucket] = store.next[slot]
    else:
        store.next[before] = store.next[slot]
    store.key[slot] = NO_KEY


@kernel
def take_slot(store):
    """A slot for a new evaluation, held once and without a key: a free one, a new one, or the cache's.

    There must be one that is not held.
    """
    slot = np.int64(store.used[FREE])
    if slot != NO_SLOT:
        store.used[FREE] = store.next[slot]
    elif store.used[SLOTS] < store.key.shape[0]:
        slot = store.used[SLOTS]
        store.used[SLOTS] = slot + 1
        store.key[slot] = NO_KEY
    else:
        slot = store.used[HAND]
        while store.holders[slot] > 0:
            slot = (slot + 1) % store.used[SLOTS]
        store.used[HAND] = (slot + 1) % store.used[SLOTS]
        unlink_slot(store, slot)
    store.holders[slot] = 1
    store.used[HELD] += 1
    return slot


@kernel
def hold_slot(store, slot):
    """One more node uses a slot."""
    if store.holders[slot] == 0:
        store.used[HELD] += 1
    store.holders[slot] += 1


@kernel
def let_go(store, slot):
    """One node fewer uses a slot; what nobody can find any more is free at once."""
    store.holders[slot] -= 1
    if store.holders[slot] == 0:
        store.used[HELD] -= 1
        if store.key[slot] == NO_KEY:
            store.next[slot] = store.used[FREE]
            store.used[FREE] = slot


@inlined_kernel
def swap_entries(store, slot, one, other):
    """Exchange two moves of a slot with their priors."""
    move, prior = store.move[slot, one], store.prior[slot, one]
    store.move[slot, one], store.prior[slot, one] = store.move[slot, other], store.prior[slot, other]
    store.move[slot, other], store.prior[slot, other] = move, prior


@kernel
def order_prior(store, slot, index):
    """Bring the moves up to an index into the order of their priors; the first of equals comes first."""
    for start in range(store.ordered[slot], index + 1):
        best = start
        for other in range(start + 1, store.move_count[slot]):
            if store.prior[slot, other] > store.prior[slot, best]:
                best = other
        if best != start:
            swap_entries(store, slot, start, best)
    store.ordered[slot] = max(store.ordered[slot], index + 1)


@kernel
def write_priors(store, slot, legal, logits, order, temperature):
    """Write a slot's moves with softmax priors. Returns the number of legal moves.

    Args:
        legal: uint8[M].
        logits: float32[M], in the leaf's symmetry.
        order: int16[N*N], where the leaf's symmetry put each point (`features.symmetry_table`).
        temperature: divides the logits.
    """
    moves = legal.shape[0]
    count = 0
    largest = np.float32(-np.inf)
    for move in range(moves):
        if legal[move]:
            logit = logits[order[move]] if move < moves - 1 else logits[move]
            largest = max(largest, logit)
            store.move[slot, count] = move
            count += 1
    total = 0.0
    scale = 1.0 / temperature
    for index in range(count):
        played = store.move[slot, index]
        logit = logits[order[played]] if played < moves - 1 else logits[played]
        total += np.exp((np.float64(logit) - np.float64(largest)) * scale)
    halved = 0.5 * scale
    factor = 65535.0 / np.sqrt(max(total, 1e-300))
    for index in range(count):
        played = store.move[slot, index]
        logit = logits[order[played]] if played < moves - 1 else logits[played]
        # √(e^x / total) = e^(x/2) / √total
        store.prior[slot, index] = np.uint16(np.exp((np.float64(logit) - np.float64(largest)) * halved) * factor + 0.5)
    store.move_count[slot] = count
    store.ordered[slot] = 0
    return count


class EvaluationStore:
    """The evaluations of one board size, for one search or for many that one thread steps.

    It grows by doubling up to `max_slots`; then what no node holds gives way.
    """

    def __init__(self, size: int, max_slots: int, keep_ownership: bool = False, shared: bool = False) -> None:
        """An empty store.

        Args:
            size: board size.
            max_slots: most evaluations kept, at least 2.
            keep_ownership: whether ownership is kept with them.
            shared: whether evaluations are found again by key.
        """
        self.size = size
        self.max_slots = max_slots
        self.shared = shared
        self.in_flight = 0
        """Evaluations under way, for which room is kept."""
        self._points = size * size if keep_ownership else 0
        self.arrays = allocate_evaluations(min(FIRST_SLOTS, max_slots), size * size + 1, self._points)

    @property
    def keeps_ownership(self) -> bool:
        """Whether ownership is kept."""
        return self._points > 0

    @property
    def slot_bytes(self) -> int:
        """Bytes of one evaluation."""
        return bytes_per_slot(self.size * self.size + 1, self._points)

    @property
    def held(self) -> int:
        """Evaluations that nodes hold."""
        return int(self.arrays.used[HELD])

    def make_room(self, wanted: int) -> bool:
        """Have slots for so many evaluations beyond those in flight; False where the limit forbids it."""
        used = self.arrays.used.tolist()
        needed = used[HELD] + self.in_flight + wanted
        if needed > self.max_slots:
            return False
        capacity = len(self.arrays.key)
        full = used[SLOTS] + self.in_flight + wanted > capacity
        if full and capacity < self.max_slots and (needed > capacity or self.shared):
            self._grow(min(max(2 * capacity, needed), self.max_slots))
        return True

    def clear(self) -> None:
        """Forget what no node holds."""
        arrays = self.arrays
        for slot in range(int(arrays.used[SLOTS])):
            if arrays.holders[slot] == 0 and arrays.key[slot] != NO_KEY:
                unlink_slot(arrays, slot)
                arrays.next[slot] = arrays.used[FREE]
                arrays.used[FREE] = slot

    def _grow(self, slots: int) -> None:
        old = self.arrays
        new = allocate_evaluations(slots, self.size * self.size + 1, self._points)
        used = int(old.used[SLOTS])
        new.used[:] = old.used
        for name, source, target in zip(Evaluations._fields, old, new, strict=True):
            if name not in ("used", "bucket", "next") and len(source):
                target[:used] = source[:used]
        free = old.key[:used] == NO_KEY
        new.next[:used][free] = old.next[:used][free]
        rebuild_buckets(new)
        self.arrays = new


@kernel
def rebuild_buckets(store):
    """Put every slot that has a key into its bucket."""
    for slot in range(store.used[SLOTS]):
        if store.key[slot] != NO_KEY:
            link_slot(store, slot, store.key[slot])
