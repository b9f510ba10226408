"""Pairs of games between two nets: one opening, played twice with the colours swapped, many pairs at once.

For the gate, which has to compare two nets a few hundred times as cheaply as self-play goes. `ponnuki match` compares
whole engines, over GTP.
"""

from __future__ import annotations

import random
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from ponnuki.engine.choice import surest_move
from ponnuki.engine.config import ChoiceSettings, SearchSettings
from ponnuki.engine.coords import BLACK, WHITE, opponent
from ponnuki.engine.evaluations import EvaluationStore
from ponnuki.engine.evaluator import Evaluator
from ponnuki.engine.game import Game
from ponnuki.engine.pool import Pool
from ponnuki.engine.search import Search, new_store
from ponnuki.selfplay.settings import KEPT_FOR_EACH, SELF_PLAY_SEARCH, StartSettings
from ponnuki.selfplay.starts import Start, fair_komi, new_start

LEAVES_AT_ONCE = 4
"""Playouts of one game in a batch."""

BATCH = 32
"""Most leaves evaluated together."""

CHOICE = ChoiceSettings()


@dataclass(frozen=True)
class DuelSettings:
    """How pairs are played."""

    starts: StartSettings
    """Openings; their komi is made fair by the mean of both nets' opinions where it is made fair."""
    visits: int = 100
    """Of each move's search, 1 to 1e6."""
    searches: tuple[SearchSettings, SearchSettings] = (SELF_PLAY_SEARCH, SELF_PLAY_SEARCH)
    """Of either net."""
    resign_threshold: float = 0.02
    """A game is over when the win rate of the side to play is below this, 0 (never) to 0.5, …"""
    resign_moves: int = 3
    """… in so many own moves in a row."""
    move_limit: float = 3.0
    """Moves after which a game is counted as it stands, in boards full of stones."""
    seed: int = 0
    """Of all chance; a pair is played from the seed and its number alone."""


@dataclass(frozen=True)
class PairResult:
    """A pair that has been played."""

    number: int
    points: float
    """Of the first net: 0 to 2, a draw being ½ a game."""
    size: int
    moves: int
    """Of both games."""


@dataclass
class _DuelGame:
    """One game of a pair."""

    game: Game
    first_colour: int
    """The first net's colour."""
    searches: tuple[Search, Search]
    low: dict[int, int] = field(default_factory=lambda: {BLACK: 0, WHITE: 0})
    points: float | None = None
    """Of the first net, once the game is over."""

    @property
    def turn(self) -> int:
        """Which of the two nets is to play: 0 or 1."""
        return 0 if self.game.to_play == self.first_colour else 1

    @property
    def search(self) -> Search:
        """Of the side to play."""
        return self.searches[self.turn]


class Pairs:
    """The pairs that one worker plays at once."""

    def __init__(self, settings: DuelSettings, evaluators: tuple[Evaluator, Evaluator], numbers: Sequence[int]) -> None:
        """Begin the pairs of these numbers; there are never more at once."""
        self.settings = settings
        self._pools = Pool(evaluators[0], BATCH), Pool(evaluators[1], BATCH)
        self._evaluations_kept = KEPT_FOR_EACH * 2 * len(numbers) * settings.visits
        self._stores: dict[tuple[int, int], EvaluationStore] = {}
        """By net and board size."""
        self._pairs: dict[int, tuple[_DuelGame, _DuelGame]] = {}
        self._turn = 0
        for number in numbers:
            self.add(number)

    def __len__(self) -> int:
        """Pairs in progress."""
        return len(self._pairs)

    def add(self, number: int) -> None:
        """Begin one more pair."""
        chance = random.Random(f"{self.settings.seed}/{number}")
        start = new_start(self.settings.starts, chance)
        game = self._opening(start, number % 2, chance)
        self._pairs[number] = (self._begin(game, BLACK, chance), self._begin(game, WHITE, chance))

    def play(self, seconds: float) -> list[PairResult]:
        """Play until the time is up or pairs have ended; those."""
        ended: list[PairResult] = []
        end = time.monotonic() + seconds
        while self._pairs and not ended and time.monotonic() < end:
            self._step()
            for number, pair in list(self._pairs.items()):
                if pair[0].points is not None and pair[1].points is not None:
                    moves = sum(len(duel.game.moves) for duel in pair)
                    size = pair[0].game.size
                    ended.append(PairResult(number, pair[0].points + pair[1].points, size, moves))
                    del self._pairs[number]
        return ended

    # -------------------------------------------------------------------------------------------- begin

    def _opening(self, start: Start, net: int, chance: random.Random) -> Game:
        """A game with its opening moves drawn from a net's policy, and its komi."""
        game = start.game
        for _ in range(start.opening_moves):
            search = self._looked_at(game, net, chance)
            priors = search.priors()[:-1].tolist()
            search.release()
            if sum(priors) > 0:
                game.play(chance.choices(range(len(priors)), priors)[0])
        if start.fair_komi:
            leads = []
            for either in (0, 1):
                search = self._looked_at(game, either, chance)
                leads.append(search.snapshot(1).raw_lead_to_play)
                search.release()
            lead = sum(leads) / 2
            game.komi = fair_komi(start, self.settings.starts, lead if game.to_play == BLACK else -lead)
        return game

    def _looked_at(self, game: Game, net: int, chance: random.Random) -> Search:
        """A search with its root evaluated."""
        search = Search(game, self.settings.searches[net], chance.getrandbits(62), self._store(net, game.size))
        while not search.visits:
            self._pools[net].step([search], [1])
        return search

    def _begin(self, opening: Game, first_colour: int, chance: random.Random) -> _DuelGame:
        game = opening.copy()
        searches = tuple(
            Search(game, settings, chance.getrandbits(62), self._store(net, game.size))
            for net, settings in enumerate(self.settings.searches)
        )
        return _DuelGame(game, first_colour, (searches[0], searches[1]))

    def _store(self, net: int, size: int) -> EvaluationStore:
        if (net, size) not in self._stores:
            self._stores[net, size] = new_store(size, self.settings.searches[net], self._evaluations_kept)
        return self._stores[net, size]

    # --------------------------------------------------------------------------------------------- play

    def _step(self) -> None:
        """One batch for a net and a board size, and the moves of searches that are done."""
        waiting: dict[tuple[int, int], list[_DuelGame]] = {}
        for pair in self._pairs.values():
            for duel in pair:
                while duel.points is None and duel.search.visits and self._wanted(duel) <= 0:
                    self._move(duel)
                if duel.points is None:
                    waiting.setdefault((duel.turn, duel.game.size), []).append(duel)
        if not waiting:
            return
        self._turn += 1
        net, size = sorted(waiting)[self._turn % len(waiting)]
        duels = waiting[net, size]
        for at in range(0, len(duels), BATCH // LEAVES_AT_ONCE):
            together = duels[at : at + BATCH // LEAVES_AT_ONCE]
            limits = [self._wanted(duel) for duel in together]
            self._pools[net].step([duel.search for duel in together], limits, LEAVES_AT_ONCE)

    def _wanted(self, duel: _DuelGame) -> int:
        return 0 if duel.search.full else self.settings.visits - duel.search.visits

    def _move(self, duel: _DuelGame) -> None:
        """Play the move of a search that is done, in both trees; note the end of the game."""
        game, colour, settings = duel.game, duel.game.to_play, self.settings
        snapshot = duel.search.snapshot(1)
        duel.low[colour] = duel.low[colour] + 1 if snapshot.winrate < settings.resign_threshold else 0
        if duel.low[colour] >= settings.resign_moves:
            self._end(duel, opponent(colour))
            return
        move = surest_move(snapshot, CHOICE).move if snapshot.moves else game.pass_move
        game.play(move)
        for search in duel.searches:
            search.advance(move)
        if game.is_over or len(game.moves) >= settings.move_limit * game.size**2:
            score = game.score_black()
            self._end(duel, BLACK if score > 0 else WHITE if score < 0 else None)

    def _end(self, duel: _DuelGame, winner: int | None) -> None:
        duel.points = 0.5 if winner is None else float(winner == duel.first_colour)
        for search in duel.searches:
            search.release()
