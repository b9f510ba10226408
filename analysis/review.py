"""Review of a game: all its positions searched, and what each move lost."""

from __future__ import annotations

import queue
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from ponnuki.engine.config import Limits, PlayerSettings, SearchSettings
from ponnuki.engine.coords import BLACK, parse_vertex, vertex
from ponnuki.engine.errors import IllegalMoveError, PonnukiError
from ponnuki.engine.game import Game
from ponnuki.records.games import GameRecord
from ponnuki.records.sgf import PlayedMove

from .engine import AnalysisEngine, EvaluatorFor
from .query import Defaults, Query


@dataclass(frozen=True)
class Candidate:
    """A move that was looked at; win rate and lead are Black's."""

    move: int
    visits: int
    winrate: float
    lead: float
    pv: tuple[int, ...]
    """The principal variation, this move first."""


@dataclass(frozen=True)
class Assessment:
    """What was found in a position."""

    visits: int
    candidates: tuple[Candidate, ...]
    """The one that would be played first."""

    @property
    def winrate(self) -> float:
        """Black's, 0 to 1, with best play."""
        return self.candidates[0].winrate

    @property
    def lead(self) -> float:
        """Black's, in points, komi counted."""
        return self.candidates[0].lead


@dataclass(frozen=True)
class MoveReview:
    """A move of the game, and what it did."""

    number: int
    """From 1."""
    node: int
    """Where it stands in the file's main line."""
    colour: int
    move: int
    before: Assessment
    after: Assessment | None
    """None where the move ended the game."""

    @property
    def place(self) -> int | None:
        """Which of the candidates it was, from 0; None if it was not among them."""
        moves = [candidate.move for candidate in self.before.candidates]
        return moves.index(self.move) if self.move in moves else None

    @property
    def points_lost(self) -> float:
        """Points that the move lost against the best one, at least 0; none for the move that would be played."""
        return max(0.0, self._change(lambda found: found.lead))

    @property
    def winrate_lost(self) -> float:
        """Likewise, of the win rate, 0 to 1."""
        return max(0.0, self._change(lambda found: found.winrate))

    def _change(self, figure: Callable[[Assessment], float]) -> float:
        if self.after is None or self.place == 0:
            return 0.0
        sign = 1 if self.colour == BLACK else -1
        return sign * (figure(self.before) - figure(self.after))


def better_than_played(move: MoveReview) -> list[Candidate]:
    """The candidates that lead by more than the position after the move, in their order."""
    if move.after is None:
        return []
    sign = 1 if move.colour == BLACK else -1
    return [
        candidate
        for candidate in move.before.candidates
        if candidate.move != move.move and sign * (candidate.lead - move.after.lead) > 0
    ]


@dataclass(frozen=True)
class GameReview:
    """All moves of a game."""

    size: int
    start: Assessment | None
    """Of the position before the first move, None for a game without moves."""
    moves: tuple[MoveReview, ...]


@dataclass(frozen=True)
class Step:
    """A move of the file in the game that is searched."""

    played: PlayedMove
    turn: int
    """Moves in the game before it; a pass that stands between two moves of one colour is one."""


def played_game(record: GameRecord, moves: Sequence[PlayedMove]) -> tuple[Game, list[Step], str | None]:
    """A record's game with its moves, as far as the rules allow, and what they refuse, as a line."""
    game = record.start()
    if moves and not game.moves:
        game.to_play = moves[0].colour
    steps: list[Step] = []
    for number, played in enumerate(moves, 1):
        try:
            if game.to_play != played.colour:
                game.play(game.pass_move)
            step = Step(played, len(game.moves))
            game.play(played.move)
        except IllegalMoveError as error:
            return game, steps, f"move {number}: {error}; the review ends before it"
        steps.append(step)
    return game, steps, None


class Reviewer:
    """Searches the positions of games with one engine."""

    def __init__(self, evaluator_for: EvaluatorFor, settings: PlayerSettings, visits: int) -> None:
        """Search each position to so many visits.

        Args:
            evaluator_for: as for `AnalysisEngine`.
            settings: threads, batch size, search and choice of the move.
        """
        self._replies: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
        self._limits = Limits(visits=visits)
        self._search: SearchSettings = settings.search
        defaults = Defaults(self._limits, settings.search)
        self._engine = AnalysisEngine(evaluator_for, settings, defaults, self._replies.put, settings.threads)

    def search(self, game: Game, turns: Sequence[int]) -> Iterator[tuple[int, Assessment]]:
        """Search the positions after so many of a game's moves; each is yielded with its turn when it is done.

        Raises:
            PonnukiError: the search failed.
        """
        self._engine.submit(Query("review", game, tuple(turns), self._limits, self._search, pv_length=64))
        for _ in turns:
            reply = self._replies.get()
            if "error" in reply:
                raise PonnukiError(reply["error"])
            yield reply["turnNumber"], _assessment(reply, game.size)

    def close(self) -> None:
        """End the engine's threads."""
        self._engine.finish()


def turns_of(game: Game, steps: Sequence[Step]) -> list[int]:
    """The positions of a game that a review needs: before and after each move, but not after its end."""
    wanted = {turn for step in steps for turn in (step.turn, step.turn + 1)}
    return sorted(turn for turn in wanted if turn < len(game.moves) or not game.is_over)


def reviewed(game: Game, steps: Sequence[Step], found: dict[int, Assessment]) -> GameReview:
    """The review of a game whose positions have been searched."""
    moves = tuple(
        MoveReview(number, step.played.node, step.played.colour, step.played.move,
                   found[step.turn], found.get(step.turn + 1))
        for number, step in enumerate(steps, 1)
    )
    return GameReview(game.size, found[steps[0].turn] if steps else None, moves)


def _assessment(reply: dict[str, Any], size: int) -> Assessment:
    """A reply of the engine."""
    candidates = tuple(
        Candidate(parse_vertex(info["move"], size), info["visits"], info["winrate"], info["scoreLead"],
                  tuple(parse_vertex(move, size) for move in info["pv"]))
        for info in reply["moveInfos"]
    )
    if not candidates:
        raise PonnukiError(f"nothing was found in the position after move {reply['turnNumber']}")
    return Assessment(reply["rootInfo"]["visits"], candidates)


def move_table(review: GameReview) -> list[dict[str, Any]]:
    """The review as plain values, a dict a move, for JSON."""
    return [
        {
            "move": move.number,
            "colour": "B" if move.colour == BLACK else "W",
            "vertex": vertex(move.move, review.size),
            "winrate_black": move.after.winrate if move.after else None,
            "lead_black": move.after.lead if move.after else None,
            "points_lost": round(move.points_lost, 3),
            "winrate_lost": round(move.winrate_lost, 4),
            "place": move.place,
            "best": vertex(move.before.candidates[0].move, review.size),
            "pv": [vertex(point, review.size) for point in move.before.candidates[0].pv],
            "visits": move.before.visits,
        }
        for move in review.moves
    ]
