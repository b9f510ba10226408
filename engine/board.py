"""The board as kernels see it: chains, pseudo-liberties, captures, ko, superko, hashing.

A ``Board`` is a NamedTuple of arrays over the bordered board (``engine.coords``). A batch of boards is the same
NamedTuple with a leading axis; ``board_row`` takes one out of it without copying.

Liberties are kept as *pseudo-liberties*: each chain's head holds, over all pairs (stone, adjacent empty point q), their
count, the sum of q and the sum of q², packed into one int64. Two facts follow in constant time: the chain has no
liberty when the count is zero, and it is in atari when all of them are one point, that is when
``count * sum_of_squares == sum * sum`` (the technique of libego; equality in the Cauchy-Schwarz inequality).

Superko is exact and cheap: a move that suicides nothing can only repeat an earlier position if its point held a stone
before, so ``emptied`` marks the points that were ever emptied and only those are checked against the history.

A single-stone suicide changes nothing but the turn; it is refused under every rule set, as KataGo does.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ._jit import inlined_kernel, kernel
from .coords import BLACK, EMPTY, MAX_SIZE, MIN_SIZE, OFF_BOARD, WHITE, bordered, bordered_area
from .errors import ConfigError
from .zobrist import STONE, WHITE_TO_PLAY

# Slots of Board.info.
SIZE = 0
TO_PLAY = 1
KO_POINT = 2
"""Bordered index that simple ko forbids to the player to move, 0 for none."""
PASSES = 3
"""Passes in a row that ended the sequence so far."""
MOVE_COUNT = 4
EMPTY_COUNT = 5
CAPTURED = 6
"""CAPTURED + BLACK and CAPTURED + WHITE: stones of that colour captured so far (slots 7 and 8)."""
STONES_PLAYED = 9
"""STONES_PLAYED + BLACK and + WHITE: stones of that colour put on the board by moves (slots 10 and 11)."""
RECENT = 12
"""RECENT to RECENT + RECENT_MOVES - 1: the last moves, newest first, NO_MOVE before the game began."""
RECENT_MOVES = 5
INFO_LENGTH = RECENT + RECENT_MOVES

NO_MOVE = -1

POSITIONAL, SITUATIONAL, SIMPLE = 0, 1, 2
"""Ko rules, the values of ``engine.rules.Ko``."""

COUNT_BITS = 11
SUM_BITS = 20
COUNT_MASK = (1 << COUNT_BITS) - 1
SUM_MASK = (1 << SUM_BITS) - 1
SQUARES_SHIFT = COUNT_BITS + SUM_BITS
# On 25x25 a chain has at most 1,250 pseudo-liberties at indices below 702: count < 2**11, sum < 2**20, squares < 2**30.


class Board(NamedTuple):
    """One position and what is needed to go on from it. Arrays have ``area = bordered_area(size)`` entries."""

    info: np.ndarray  # int32[INFO_LENGTH], see the slots above
    hash: np.ndarray  # uint64[1], Zobrist hash of the stones
    colour: np.ndarray  # uint8[area], EMPTY, BLACK, WHITE or OFF_BOARD
    head: np.ndarray  # int16[area], head of the chain a stone belongs to
    next_stone: np.ndarray  # int16[area], the chain's stones as a ring
    chain_size: np.ndarray  # int16[area], stones of the chain, valid at heads
    liberties: np.ndarray  # int64[area], packed pseudo-liberties, valid at heads
    empties: np.ndarray  # int16[size * size], the empty points in any order, EMPTY_COUNT of them
    empty_slot: np.ndarray  # int16[area], where an empty point stands in `empties`
    emptied: np.ndarray  # uint8[area], 1 where a stone was ever removed


def allocate_boards(count: int, size: int) -> Board:
    """Uninitialised arrays for a batch of boards (leading axis `count`)."""
    area = bordered_area(size)
    return Board(
        info=np.zeros((count, INFO_LENGTH), np.int32),
        hash=np.zeros((count, 1), np.uint64),
        colour=np.zeros((count, area), np.uint8),
        head=np.zeros((count, area), np.int16),
        next_stone=np.zeros((count, area), np.int16),
        chain_size=np.zeros((count, area), np.int16),
        liberties=np.zeros((count, area), np.int64),
        empties=np.zeros((count, size * size), np.int16),
        empty_slot=np.zeros((count, area), np.int16),
        emptied=np.zeros((count, area), np.uint8),
    )


def new_boards(count: int, size: int) -> Board:
    """A batch of empty boards, Black to play.

    Raises:
        ConfigError: the size is not between 2 and 25.
    """
    if not MIN_SIZE <= size <= MAX_SIZE:
        raise ConfigError(f"board size {size}: expected {MIN_SIZE} to {MAX_SIZE}")
    boards = allocate_boards(count, size)
    for index in range(count):
        clear_board(Board(*(array[index] for array in boards)), size)
    return boards


def new_board(size: int) -> Board:
    """An empty board, Black to play.

    Raises:
        ConfigError: the size is not between 2 and 25.
    """
    return Board(*(array[0] for array in new_boards(1, size)))


@kernel
def board_row(boards, index):
    """One board of a batch, as views. For kernels alone: from Python it would return whole arrays (`_jit.kernel`)."""
    return Board(
        boards.info[index],
        boards.hash[index],
        boards.colour[index],
        boards.head[index],
        boards.next_stone[index],
        boards.chain_size[index],
        boards.liberties[index],
        boards.empties[index],
        boards.empty_slot[index],
        boards.emptied[index],
    )


@kernel
def copy_array(source, target):
    """Copy a one-dimensional array over another of its length (compiles to a memory copy)."""
    for index in range(source.shape[0]):
        target[index] = source[index]


@kernel
def copy_board(source, target):
    """Make `target` equal to `source`; both of one size."""
    copy_array(source.info, target.info)
    target.hash[0] = source.hash[0]
    copy_array(source.colour, target.colour)
    copy_array(source.head, target.head)
    copy_array(source.next_stone, target.next_stone)
    copy_array(source.chain_size, target.chain_size)
    copy_array(source.liberties, target.liberties)
    copy_array(source.empties, target.empties)
    copy_array(source.empty_slot, target.empty_slot)
    copy_array(source.emptied, target.emptied)


@kernel
def clear_board(board, size):
    """Empty the board, Black to play."""
    board.info[:] = 0
    board.info[SIZE] = size
    board.info[TO_PLAY] = BLACK
    board.info[RECENT : RECENT + RECENT_MOVES] = NO_MOVE
    board.hash[0] = np.uint64(0)
    board.colour[:] = OFF_BOARD
    board.emptied[:] = 0
    board.liberties[:] = 0
    board.head[:] = 0
    board.next_stone[:] = 0
    board.chain_size[:] = 0
    board.empty_slot[:] = 0
    for point in range(size * size):
        place = to_bordered(point, size)
        board.colour[place] = EMPTY
        board.empties[point] = place
        board.empty_slot[place] = point
    board.info[EMPTY_COUNT] = size * size


@inlined_kernel
def to_bordered(point, size):
    """`engine.coords.bordered`, compiled."""
    return (point // size + 1) * (size + 1) + point % size + 1


@inlined_kernel
def to_point(place, size):
    """The point at a bordered index: the inverse of `to_bordered`."""
    return (place // (size + 1) - 1) * size + place % (size + 1) - 1


@inlined_kernel
def packed(place):
    """One pseudo-liberty at a bordered index: count 1, sum `place`, squares `place`²."""
    wide = np.int64(place)
    return (wide * wide << SQUARES_SHIFT) | (wide << COUNT_BITS) | np.int64(1)


@inlined_kernel
def only_liberty_is(liberties, place):
    """Whether a chain's packed pseudo-liberties are all at one bordered index."""
    return liberties == (liberties & COUNT_MASK) * packed(place)


@inlined_kernel
def in_atari(liberties):
    """Whether packed pseudo-liberties, at least one, are all at one point."""
    count = liberties & COUNT_MASK
    total = (liberties >> COUNT_BITS) & SUM_MASK
    return count > 0 and count * (liberties >> SQUARES_SHIFT) == total * total


@inlined_kernel
def atari_liberty(liberties):
    """The single liberty of a chain in atari, as a bordered index."""
    return ((liberties >> COUNT_BITS) & SUM_MASK) // (liberties & COUNT_MASK)


@inlined_kernel
def remove_chain(board, start):
    """Take a chain off the board and give its points back as liberties. Returns the number of stones."""
    stride = board.info[SIZE] + 1
    colour = board.colour[start]
    keys = STONE[colour]
    place = np.int64(start)
    removed = 0
    while True:
        board.colour[place] = EMPTY
        board.emptied[place] = 1
        slot = board.info[EMPTY_COUNT]
        board.empties[slot] = place
        board.empty_slot[place] = slot
        board.info[EMPTY_COUNT] = slot + 1
        board.hash[0] ^= keys[place]
        liberty = packed(place)
        # Border points have head 0, a slot that no chain uses: adding there is harmless and saves a branch.
        board.liberties[board.head[place - stride]] += liberty
        board.liberties[board.head[place + stride]] += liberty
        board.liberties[board.head[place - 1]] += liberty
        board.liberties[board.head[place + 1]] += liberty
        board.head[place] = 0
        removed += 1
        place = np.int64(board.next_stone[place])
        if place == start:
            break
    board.info[CAPTURED + colour] += removed
    return removed


@inlined_kernel
def merge_chains(board, one, other):
    """Join two chains, given by their heads; the larger one's head stays. Returns that head."""
    if board.chain_size[one] < board.chain_size[other]:
        one, other = other, one
    place = other
    while True:
        board.head[place] = one
        place = np.int64(board.next_stone[place])
        if place == other:
            break
    after_one = board.next_stone[one]
    board.next_stone[one] = board.next_stone[other]
    board.next_stone[other] = after_one
    board.chain_size[one] += board.chain_size[other]
    board.liberties[one] += board.liberties[other]
    return one


@inlined_kernel
def put_down(board, place, colour):
    """Make an empty bordered index a stone and a chain of its own; liberties are the caller's."""
    last = board.info[EMPTY_COUNT] - 1
    moved = board.empties[last]
    slot = board.empty_slot[place]
    board.empties[slot] = moved
    board.empty_slot[moved] = slot
    board.info[EMPTY_COUNT] = last
    board.colour[place] = colour
    board.head[place] = place
    board.next_stone[place] = place
    board.chain_size[place] = 1
    board.hash[0] ^= STONE[colour, place]


@inlined_kernel
def place_stone(board, place, colour):
    """Put a stone on an empty bordered index: captures, suicide, hash, ko. The move is not checked.

    Returns the number of opposing stones captured; the ko point is set or cleared.
    """
    stride = board.info[SIZE] + 1
    put_down(board, place, colour)
    taken = packed(place)
    enemy = 3 - colour
    own_liberties = np.int64(0)
    touches_own = False
    touches_enemy = False
    for step in (-stride, stride, -1, 1):
        near = place + step
        near_colour = board.colour[near]
        if near_colour == EMPTY:
            own_liberties += packed(near)
        elif near_colour == colour:
            board.liberties[board.head[near]] -= taken
            touches_own = True
        elif near_colour == enemy:
            board.liberties[board.head[near]] -= taken
            touches_enemy = True
    board.liberties[place] = own_liberties
    head = place
    if touches_own:
        for step in (-stride, stride, -1, 1):
            near = place + step
            if board.colour[near] == colour:
                near_head = np.int64(board.head[near])
                if near_head != head:
                    head = merge_chains(board, head, near_head)
    captured = 0
    board.info[KO_POINT] = 0
    if touches_enemy:
        for step in (-stride, stride, -1, 1):
            near = place + step
            if board.colour[near] == enemy and board.liberties[board.head[near]] == 0:
                captured += remove_chain(board, near)
                taken_at = near
        if captured == 1 and board.chain_size[head] == 1 and board.liberties[head] & COUNT_MASK == 1:
            board.info[KO_POINT] = taken_at
    if captured == 0 and board.liberties[head] == 0:
        remove_chain(board, place)
    return captured


@kernel
def play(board, move):
    """Play a move (point or pass) for the side to play, unchecked. Returns the opposing stones captured."""
    size = np.int64(board.info[SIZE])
    colour = np.int64(board.info[TO_PLAY])
    captured = 0
    if move == size * size:
        board.info[KO_POINT] = 0
        board.info[PASSES] += 1
    else:
        captured = place_stone(board, to_bordered(move, size), colour)
        board.info[PASSES] = 0
        board.info[STONES_PLAYED + colour] += 1
    for slot in range(RECENT + RECENT_MOVES - 1, RECENT, -1):
        board.info[slot] = board.info[slot - 1]
    board.info[RECENT] = move
    board.info[TO_PLAY] = 3 - colour
    board.info[MOVE_COUNT] += 1
    return captured


@kernel
def hash_key(board, ko_rule):
    """What goes into the history for the superko rules: the position, with the side to play if situational."""
    if ko_rule == SITUATIONAL and board.info[TO_PLAY] == WHITE:
        return board.hash[0] ^ WHITE_TO_PLAY
    return board.hash[0]


@kernel
def chain_hash(board, start):
    """Xor of the keys of a chain's stones."""
    keys = STONE[board.colour[start]]
    result = np.uint64(0)
    place = np.int64(start)
    while True:
        result ^= keys[place]
        place = np.int64(board.next_stone[place])
        if place == start:
            return result


@kernel
def hash_after(board, place, colour, suicide):
    """Position hash after a stone at `place` and its captures, without playing it.

    `suicide`: whether the move is one, so that the stones removed are the mover's.
    """
    stride = board.info[SIZE] + 1
    removed_colour = colour if suicide else 3 - colour
    result = board.hash[0]
    if not suicide:
        result ^= STONE[colour, place]
    seen = (np.int64(0), np.int64(0), np.int64(0))
    for step in (-stride, stride, -1, 1):
        near = place + step
        if board.colour[near] == removed_colour:
            head = np.int64(board.head[near])
            if head != seen[0] and head != seen[1] and head != seen[2]:
                if only_liberty_is(board.liberties[head], place):
                    result ^= chain_hash(board, near)
                seen = (head, seen[0], seen[1])
    return result


LEGAL, ILLEGAL, SUICIDE = 1, 0, 2


@inlined_kernel
def touches_empty(board, place):
    """Whether a neighbour of a bordered index is empty: a stone there is legal but for ko, and fills no eye."""
    stride = board.info[SIZE] + 1
    for step in (-stride, stride, -1, 1):
        if board.colour[place + step] == EMPTY:
            return True
    return False


@inlined_kernel
def placement_kind(board, place, colour):
    """LEGAL, ILLEGAL or SUICIDE (of several stones) for a stone at a bordered index; superko is not looked at."""
    if board.colour[place] != EMPTY or place == board.info[KO_POINT]:
        return ILLEGAL
    if touches_empty(board, place):
        return LEGAL
    stride = board.info[SIZE] + 1
    kind = ILLEGAL
    for step in (-stride, stride, -1, 1):
        near = place + step
        near_colour = board.colour[near]
        if near_colour != OFF_BOARD:
            only_here = only_liberty_is(board.liberties[board.head[near]], place)
            if only_here != (near_colour == colour):
                return LEGAL
            if near_colour == colour:
                kind = SUICIDE
    return kind


@kernel
def occurred(key, history, history_length):
    """Whether a key is among the first `history_length` entries of the history."""
    for index in range(history_length - 1, -1, -1):
        if history[index] == key:
            return True
    return False


@kernel
def legal_at(board, history, history_length, ko_rule, suicide, place):
    """Whether the side to play may put a stone at a bordered index under all the rules."""
    colour = np.int64(board.info[TO_PLAY])
    kind = placement_kind(board, place, colour)
    if kind == ILLEGAL or (kind == SUICIDE and not suicide):
        return False
    if ko_rule == SIMPLE or (kind == LEGAL and board.emptied[place] == 0):
        return True
    key = hash_after(board, place, colour, kind == SUICIDE)
    if ko_rule == SITUATIONAL and colour == BLACK:
        key ^= WHITE_TO_PLAY
    return not occurred(key, history, history_length)


@kernel
def is_legal(board, history, history_length, ko_rule, suicide, move):
    """Whether a move (point or pass) is legal for the side to play.

    Args:
        history: uint64[>= history_length], `hash_key` of every position since the game began, the present one included.
        ko_rule: POSITIONAL, SITUATIONAL or SIMPLE.
        suicide: whether a suicide of several stones is allowed.
        move: 0 … size * size; anything else is illegal.
    """
    size = np.int64(board.info[SIZE])
    if move == size * size:
        return True
    if move < 0 or move > size * size:
        return False
    return legal_at(board, history, history_length, ko_rule, suicide, to_bordered(move, size))


@kernel
def legal_moves(board, history, history_length, ko_rule, suicide, out):
    """Write 1 for each legal move of the side to play, 0 elsewhere, into uint8[size * size + 1]; pass is legal."""
    size = board.info[SIZE]
    out[size * size] = 1
    for row in range(size):
        for col in range(size):
            place = np.int64((row + 1) * (size + 1) + col + 1)
            out[row * size + col] = legal_at(board, history, history_length, ko_rule, suicide, place)


@kernel
def stones_of(board, out):
    """Write the stones, EMPTY, BLACK or WHITE, into uint8[size * size]."""
    size = board.info[SIZE]
    for row in range(size):
        start = (row + 1) * (size + 1) + 1
        for col in range(size):
            out[row * size + col] = board.colour[start + col]


@kernel
def replay(board, moves, count, ko_rule, history):
    """Play `count` moves of one array, colours alternating, and append each new `hash_key` to the history.

    ``history[k]`` receives the key after move k + 1; ``history[0]`` is left alone (the starting position's).
    """
    for index in range(count):
        play(board, np.int64(moves[index]))
        history[index + 1] = hash_key(board, ko_rule)


def set_up(board: Board, stones: list[tuple[int, int]], to_play: int) -> bool:
    """Clear the board and place (colour, point) stones on it, without captures.

    Returns whether the set-up is a legal position: no point named twice, every chain with a liberty.
    """
    size = int(board.info[SIZE])
    clear_board(board, size)
    for colour, point in stones:
        place = bordered(point, size)
        if board.colour[place] != EMPTY:
            return False
        add_setup_stone(board, np.int64(place), np.int64(colour))
    board.info[TO_PLAY] = to_play
    return bool(all_chains_have_liberties(board))


@kernel
def add_setup_stone(board, place, colour):
    """Place a stone without captures; a chain may be left without liberties."""
    stride = board.info[SIZE] + 1
    put_down(board, place, colour)
    own_liberties = np.int64(0)
    for step in (-stride, stride, -1, 1):
        near = place + step
        if board.colour[near] == EMPTY:
            own_liberties += packed(near)
        elif board.colour[near] != OFF_BOARD:
            board.liberties[board.head[near]] -= packed(place)
    board.liberties[place] = own_liberties
    head = place
    for step in (-stride, stride, -1, 1):
        near = place + step
        if board.colour[near] == colour and board.head[near] != head:
            head = merge_chains(board, head, np.int64(board.head[near]))


@kernel
def all_chains_have_liberties(board):
    """Whether the position is legal in Tromp's sense."""
    for place in range(board.colour.shape[0]):
        colour = board.colour[place]
        if (colour == BLACK or colour == WHITE) and board.liberties[board.head[place]] == 0:
            return False
    return True
