"""Go in plain Python: slow, and by the letter of the rules.

The twin that the engine's kernels are compared with. It shares nothing with them but the numbering of points
(`row * N + col`, row 0 at the top, the pass is `N * N`) and of colours (0 empty, 1 Black, 2 White). A position is a
tuple of N·N colours, never changed; a chain is found by flood fill whenever it is asked for; superko compares whole
positions, not hashes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import product

EMPTY, BLACK, WHITE = 0, 1, 2
COLUMNS = "ABCDEFGHJKLMNOPQRSTUVWXYZ"
SYMBOLS = ".XO"

POSITIONAL, SITUATIONAL, SIMPLE = 0, 1, 2

Stones = tuple[int, ...]


def opponent(colour: int) -> int:
    """The other player."""
    return {BLACK: WHITE, WHITE: BLACK}[colour]


@cache
def neighbours(size: int, point: int) -> tuple[int, ...]:
    """The two, three or four points beside `point`."""
    row, col = divmod(point, size)
    beside = ((row - 1, col), (row + 1, col), (row, col - 1), (row, col + 1))
    return tuple(r * size + c for r, c in beside if 0 <= r < size and 0 <= c < size)


def chain(stones: Stones, size: int, point: int) -> set[int]:
    """The points of one colour joined to `point`; for an empty point, the empty region around it."""
    found, frontier = {point}, [point]
    while frontier:
        for beside in neighbours(size, frontier.pop()):
            if stones[beside] == stones[point] and beside not in found:
                found.add(beside)
                frontier.append(beside)
    return found


def chains(stones: Stones, size: int) -> Iterator[set[int]]:
    """Every chain of stones, once."""
    seen: set[int] = set()
    for point, colour in enumerate(stones):
        if colour != EMPTY and point not in seen:
            found = chain(stones, size, point)
            seen |= found
            yield found


def border(stones: Stones, size: int, points: Iterable[int], colour: int) -> set[int]:
    """The points of `colour` that lie beside any of `points`."""
    return {beside for point in points for beside in neighbours(size, point) if stones[beside] == colour}


def liberties(stones: Stones, size: int, point: int) -> set[int]:
    """The empty points beside the chain at `point`."""
    return border(stones, size, chain(stones, size, point), EMPTY)


def is_legal_position(stones: Stones, size: int) -> bool:
    """Tromp's condition: every chain has a liberty."""
    return all(border(stones, size, found, EMPTY) for found in chains(stones, size))


def count_legal_positions(size: int) -> int:
    """How many of the 3^(N·N) colourings are legal positions."""
    return sum(is_legal_position(stones, size) for stones in product((EMPTY, BLACK, WHITE), repeat=size * size))


def without(stones: Stones, points: Iterable[int]) -> Stones:
    """The position with `points` emptied."""
    emptied = set(points)
    return tuple(EMPTY if point in emptied else colour for point, colour in enumerate(stones))


@dataclass(frozen=True)
class Play:
    """What placing a stone does: the position after it, and which stones left the board."""

    stones: Stones
    captured: frozenset[int]
    own_lost: frozenset[int]


def after_stone(stones: Stones, size: int, colour: int, point: int) -> Play:
    """Place a stone, take the opponent's chains without liberties, then the player's own (suicide)."""
    placed = list(stones)
    placed[point] = colour
    position = tuple(placed)
    captured: set[int] = set()
    for beside in border(position, size, [point], opponent(colour)):
        if not liberties(position, size, beside):
            captured |= chain(position, size, beside)
    if captured:
        return Play(without(position, captured), frozenset(captured), frozenset())
    own_lost = chain(position, size, point) if not liberties(position, size, point) else set()
    return Play(without(position, own_lost) if own_lost else position, frozenset(), frozenset(own_lost))


class ReferenceGame:
    """A game with its whole history. `situations` holds (stones, side to move) from the start to now.

    Ko rules: simple ko forbids a play that brings back the position before the opponent's last move; positional
    superko one that brings back any earlier position; situational superko one that brings back an earlier position
    with the same side to move. A pass is always legal. Suicide of a single stone changes nothing on the board and is
    never legal, as in Tromp-Taylor; suicide of several stones is legal where the rules have suicide.
    """

    def __init__(self, size: int, ko: int = POSITIONAL, suicide: bool = False,
                 stones: Stones | None = None, to_play: int = BLACK) -> None:
        self.size, self.ko, self.suicide = size, ko, suicide
        self.moves: list[tuple[int, int]] = []
        self.lost: list[tuple[int, int]] = []  # (colour of the stones that left the board, how many), one a move
        self.situations: list[tuple[Stones, int]] = [(stones or (EMPTY,) * (size * size), to_play)]
        self._remember()

    def _remember(self) -> None:
        self._positions = {stones for stones, _ in self.situations}
        self._situations = set(self.situations)

    @property
    def pass_move(self) -> int:
        return self.size * self.size

    @property
    def stones(self) -> Stones:
        return self.situations[-1][0]

    @property
    def to_play(self) -> int:
        return self.situations[-1][1]

    def is_legal(self, move: int) -> bool:
        """May the side to move play `move`?"""
        if move == self.pass_move:
            return True
        if self.stones[move] != EMPTY:
            return False
        play = after_stone(self.stones, self.size, self.to_play, move)
        if play.own_lost and (len(play.own_lost) == 1 or not self.suicide):
            return False
        return not self._repeats(play.stones)

    def _repeats(self, stones: Stones) -> bool:
        if self.ko == SIMPLE:
            return len(self.situations) > 1 and stones == self.situations[-2][0]
        if self.ko == SITUATIONAL:
            return (stones, opponent(self.to_play)) in self._situations
        return stones in self._positions

    def legal_moves(self) -> list[bool]:
        """N·N + 1 answers, the pass last."""
        return [self.is_legal(move) for move in range(self.pass_move + 1)]

    def play(self, move: int) -> int:
        """Play without asking for legality; the number of the opponent's stones taken."""
        colour, captured, own_lost, stones = self.to_play, 0, 0, self.stones
        if move != self.pass_move:
            play = after_stone(stones, self.size, colour, move)
            captured, own_lost, stones = len(play.captured), len(play.own_lost), play.stones
        self.moves.append((colour, move))
        self.lost.append((colour, own_lost) if own_lost else (opponent(colour), captured))
        self.situations.append((stones, opponent(colour)))
        self._positions.add(stones)
        self._situations.add(self.situations[-1])
        return captured

    def undo(self) -> None:
        """Take the last move back."""
        self.moves.pop()
        self.lost.pop()
        self.situations.pop()
        self._remember()

    def copy(self) -> ReferenceGame:
        """An independent game with the same moves behind it."""
        other = ReferenceGame(self.size, self.ko, self.suicide)
        other.moves, other.lost, other.situations = list(self.moves), list(self.lost), list(self.situations)
        other._remember()
        return other

    def captured(self, colour: int) -> int:
        """Stones of `colour` that have left the board, by capture or suicide."""
        return sum(count for lost_colour, count in self.lost if lost_colour == colour)

    @property
    def is_over(self) -> bool:
        """Two passes in a row."""
        return len(self.moves) >= 2 and all(move == self.pass_move for _, move in self.moves[-2:])


def zobrist_hash(stones: Stones, size: int, keys: Sequence[Sequence[int]]) -> int:
    """The xor of the keys of all stones, from scratch; `keys[colour][(row + 1) * (size + 1) + col + 1]`."""
    result = 0
    for point, colour in enumerate(stones):
        if colour != EMPTY:
            row, col = divmod(point, size)
            result ^= int(keys[colour][(row + 1) * (size + 1) + col + 1])
    return result


def owner_of_region(stones: Stones, size: int, region: set[int]) -> int:
    """The only colour beside an empty region, or 0 where it is both or neither."""
    beside = {colour for colour in (BLACK, WHITE) if border(stones, size, region, colour)}
    return beside.pop() if len(beside) == 1 else EMPTY


def territory(stones: Stones, size: int) -> dict[int, set[int]]:
    """The empty points that belong to each colour: the regions that touch that colour alone."""
    owned: dict[int, set[int]] = {EMPTY: set(), BLACK: set(), WHITE: set()}
    for point, colour in enumerate(stones):
        if colour == EMPTY:
            owned[owner_of_region(stones, size, chain(stones, size, point))].add(point)
    return owned


def area_margin(stones: Stones, size: int, dead: Iterable[int] = ()) -> int:
    """Black's stones and territory less White's, once `dead` stones are taken off. No komi."""
    alive = without(stones, dead)
    owned = territory(alive, size)
    black, white = (len(owned[colour]) + alive.count(colour) for colour in (BLACK, WHITE))
    return black - white


def territory_margin(stones: Stones, size: int, black_lost: int, white_lost: int, dead: Iterable[int] = ()) -> int:
    """Black's territory and prisoners less White's, `dead` stones made prisoners. No komi.

    `black_lost`, `white_lost`: stones of that colour captured in play.
    """
    removed = set(dead)
    owned = territory(without(stones, removed), size)
    black_lost += sum(stones[point] == BLACK for point in removed)
    white_lost += sum(stones[point] == WHITE for point in removed)
    return len(owned[BLACK]) + white_lost - len(owned[WHITE]) - black_lost


def parse_diagram(text: str) -> tuple[Stones, int]:
    """`X` Black, `O` White, `.` empty, one line a row, the top row first -> (stones, size)."""
    rows = [line.split() if " " in line.strip() else list(line.strip()) for line in text.strip().splitlines()]
    if any(len(row) != len(rows) for row in rows):
        raise ValueError(f"a diagram must be square, this one has rows of {[len(row) for row in rows]}")
    return tuple(SYMBOLS.index(symbol) for row in rows for symbol in row), len(rows)


def diagram(stones: Iterable[int], size: int) -> str:
    """The diagram that `parse_diagram` reads, without blanks."""
    symbols = "".join(SYMBOLS[colour] for colour in stones)
    return "\n".join(symbols[row * size:(row + 1) * size] for row in range(size))


def point_of(vertex: str, size: int) -> int:
    """`D4` -> its point, `pass` -> N·N. Test tables only: the text is trusted."""
    if vertex.lower() == "pass":
        return size * size
    return (size - int(vertex[1:])) * size + COLUMNS.index(vertex[0].upper())


def vertex_of(move: int, size: int) -> str:
    """The move's GTP name."""
    if move == size * size:
        return "pass"
    row, col = divmod(move, size)
    return f"{COLUMNS[col]}{size - row}"
