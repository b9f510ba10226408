"""A game as it is played: moves, rules, komi, set-up, undo, score.

Kernels are imported when the position is first needed, not before: a GTP session answers its set-up commands while they
still load.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from .coords import BLACK, EMPTY, MAX_SIZE, MIN_SIZE, WHITE, colour_name, opponent, vertex
from .errors import ConfigError, IllegalMoveError
from .rules import HOME_RULES, Rules, Scoring

if TYPE_CHECKING:
    import numpy as np

    from .board import Board


class Game:
    """One game. `moves` and `setup` are read-only to others; change them through the methods."""

    def __init__(self, size: int = 19, komi: float = 7.5, rules: Rules = HOME_RULES) -> None:
        """An empty board.

        Args:
            size: 2 to 25.
            komi: White's, in points.

        Raises:
            ConfigError: the board size is not accepted.
        """
        if not MIN_SIZE <= size <= MAX_SIZE:
            raise ConfigError(f"board size {size}: expected {MIN_SIZE} to {MAX_SIZE}")
        self.size = size
        self.komi = float(komi)
        self.rules = rules
        self.handicap = 0
        """Handicap stones among the set-up, for the compensation."""
        self.setup: list[tuple[int, int]] = []
        """(colour, point) placed before the first move."""
        self.moves: list[tuple[int, int]] = []
        """(colour, move) in order."""
        self._first = BLACK
        self._to_play = BLACK
        self._board: Board | None = None
        self._history: list[int] = []

    @property
    def pass_move(self) -> int:
        """The move that is a pass: size * size."""
        return self.size * self.size

    @property
    def to_play(self) -> int:
        """BLACK or WHITE."""
        return self._to_play

    @to_play.setter
    def to_play(self, colour: int) -> None:
        if colour == self._to_play:
            return
        self._to_play = colour
        self._board = None  # made anew, so that a ko returns with the turn
        if not self.moves:
            self._first = colour

    @property
    def is_over(self) -> bool:
        """Whether the last two moves were passes."""
        return len(self.moves) >= 2 and all(move == self.pass_move for _, move in self.moves[-2:])

    @property
    def last_move(self) -> int | None:
        """The last move, None before the first."""
        return self.moves[-1][1] if self.moves else None

    @property
    def board(self) -> Board:
        """The position for kernels; not to be changed."""
        if self._board is None:
            self._rebuild()
        assert self._board is not None
        return self._board

    @property
    def history(self) -> np.ndarray:
        """uint64: `board.hash_key` of every position since the set-up, the present one last."""
        import numpy as np

        self.board  # noqa: B018 - builds the history with the board
        return np.array(self._history, np.uint64)

    def stones(self) -> np.ndarray:
        """uint8[N, N] of EMPTY, BLACK and WHITE, row 0 at the top."""
        import numpy as np

        from .board import stones_of

        flat = np.empty(self.size * self.size, np.uint8)
        stones_of(self.board, flat)
        return flat.reshape(self.size, self.size)

    def captured(self, colour: int) -> int:
        """Stones of a colour captured so far, suicides included."""
        from .board import CAPTURED

        return int(self.board.info[CAPTURED + colour])

    def is_legal(self, move: int, colour: int | None = None) -> bool:
        """Whether a colour (default: the one to play) may play a point or pass now."""
        from .board import is_legal

        with _Turn(self, colour):
            history = self.history
            return bool(
                is_legal(self.board, history, len(history), int(self.rules.ko), self.rules.suicide, int(move))
            )

    def legal_moves(self, colour: int | None = None) -> np.ndarray:
        """bool[N*N + 1]: the legal moves of a colour (default: the one to play); the pass always is."""
        import numpy as np

        from .board import legal_moves

        out = np.empty(self.size * self.size + 1, np.uint8)
        with _Turn(self, colour):
            history = self.history
            legal_moves(self.board, history, len(history), int(self.rules.ko), self.rules.suicide, out)
        return out.astype(bool)

    def play(self, move: int, colour: int | None = None) -> None:
        """Play a point or pass; a colour may play twice in a row.

        Raises:
            IllegalMoveError: the rules refuse the move; nothing has changed.
        """
        colour = self.to_play if colour is None else colour
        if not self.is_legal(move, colour):
            where = vertex(move, self.size) if 0 <= move <= self.pass_move else str(move)
            raise IllegalMoveError(f"illegal move: {colour_name(colour)} {where}")
        self._turn_to(colour)
        self._play_unchecked(move)
        self.moves.append((colour, int(move)))
        self._to_play = opponent(colour)

    def undo(self) -> tuple[int, int]:
        """Take back the last move and return it as (colour, move); that colour is to play again.

        Raises:
            IllegalMoveError: no move has been played.
        """
        if not self.moves:
            raise IllegalMoveError("cannot undo: no move has been played")
        colour, move = self.moves.pop()
        self._to_play = colour
        self._board = None
        return colour, move

    def set_stones(self, stones: Iterable[tuple[int, int]], to_play: int = BLACK) -> None:
        """Start anew from a position of (colour, point) stones; no move is left to undo.

        Raises:
            IllegalMoveError: a point is named twice or is off the board, or a chain has no liberty.
        """
        stones = [(int(colour), int(point)) for colour, point in stones]
        candidate = Game(self.size, self.komi, self.rules)
        candidate.setup, candidate._first, candidate._to_play = stones, to_play, to_play
        if any(not 0 <= point < self.pass_move for _, point in stones):
            raise IllegalMoveError("illegal position: a stone is off the board")
        candidate._rebuild()
        self.setup, self.moves, self.handicap = stones, [], 0
        self._first = self._to_play = to_play
        self._board, self._history = candidate._board, candidate._history

    def set_handicap(self, points: Iterable[int]) -> None:
        """Start anew with Black handicap stones on the points, White to play.

        Raises:
            IllegalMoveError: as `set_stones`.
        """
        points = list(points)
        self.set_stones([(BLACK, point) for point in points], to_play=WHITE)
        self.handicap = len(points)

    @property
    def total_komi(self) -> float:
        """White's komi with the compensation for handicap stones, in points."""
        return self.komi + self.rules.handicap_points(self.handicap)

    def self_komi(self) -> float:
        """What the side to play is given, in points: the net's komi input (`features.self_komi`)."""
        from .features import self_komi

        self._turn_to(self.to_play)
        return float(self_komi(self.board, self.total_komi, int(self.rules.scoring)))

    def score_black(self, dead: Iterable[int] = ()) -> float:
        """Black's margin in points under the rules in force, dead stones (points) taken off, komi counted."""
        from .scoring import margin_black

        stones = self.stones().reshape(-1)
        prisoners = self.captured(WHITE) - self.captured(BLACK)
        for point in set(dead):
            prisoners += {WHITE: 1, BLACK: -1}.get(int(stones[point]), 0)
            stones[point] = EMPTY
        territory = self.rules.scoring == Scoring.TERRITORY
        margin = margin_black(stones.reshape(self.size, self.size), territory)
        return margin + (prisoners if territory else 0) - self.total_komi

    def copy(self) -> Game:
        """An independent copy."""
        other = Game(self.size, self.komi, self.rules)
        other.handicap, other.setup, other.moves = self.handicap, list(self.setup), list(self.moves)
        other._first, other._to_play = self._first, self._to_play
        return other

    def _rebuild(self) -> None:
        """Make the board from set-up and moves."""
        from .board import hash_key, new_board, set_up

        board = new_board(self.size)
        if not set_up(board, self.setup, self._first):
            raise IllegalMoveError("illegal position: a point is named twice or a chain has no liberty")
        self._board = board
        self._history = [int(hash_key(board, int(self.rules.ko)))]
        for colour, move in self.moves:
            self._turn_to(colour)
            self._play_unchecked(move)
        self._turn_to(self._to_play)

    def _play_unchecked(self, move: int) -> None:
        from .board import hash_key, play

        play(self.board, int(move))
        self._history.append(int(hash_key(self.board, int(self.rules.ko))))

    def _turn_to(self, colour: int) -> None:
        """Give the turn to a colour; a ko does not bind the player who makes two moves in a row."""
        from .board import KO_POINT, TO_PLAY

        board = self.board
        if board.info[TO_PLAY] != colour:
            board.info[TO_PLAY] = colour
            board.info[KO_POINT] = 0


class _Turn:
    """For the time of a question, another colour is to play."""

    def __init__(self, game: Game, colour: int | None) -> None:
        self._info = game.board.info
        self._colour = game.to_play if colour is None else colour

    def __enter__(self) -> None:
        from .board import KO_POINT, TO_PLAY

        self._saved = self._info[TO_PLAY], self._info[KO_POINT]
        if self._info[TO_PLAY] != self._colour:
            self._info[TO_PLAY], self._info[KO_POINT] = self._colour, 0

    def __exit__(self, *_: object) -> None:
        from .board import KO_POINT, TO_PLAY

        self._info[TO_PLAY], self._info[KO_POINT] = self._saved
