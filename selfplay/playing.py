"""One game of self-play in progress: stepped from outside like its search, a game record at its end."""

from __future__ import annotations

import random
from dataclasses import dataclass, field

import numpy as np

from ponnuki.engine.choice import FULL_BOARD, LEAST_TEMPERATURE
from ponnuki.engine.config import SearchSettings
from ponnuki.engine.coords import BLACK, WHITE, opponent
from ponnuki.engine.evaluations import EvaluationStore
from ponnuki.engine.scoring import owners_of
from ponnuki.engine.search import Search
from ponnuki.engine.snapshot import SearchSnapshot
from ponnuki.records.format import (
    ENDING_COUNTED,
    ENDING_MOVE_LIMIT,
    ENDING_RESIGNED,
    TARGET_NONE,
    TARGET_STORED,
)
from ponnuki.records.games import GameRecord, MoveLabels
from ponnuki.selfplay.labels import improved_policy, policy_entries, pruned_visits, sample_weights, surprise
from ponnuki.selfplay.settings import PlaySettings, StartSettings
from ponnuki.selfplay.starts import Start, fair_komi

_FULL_WEIGHT = 100
"""Of a point that is somebody's, on disk."""


@dataclass(frozen=True)
class Finished:
    """A game that has ended, and what is counted about it."""

    record: GameRecord
    net: str
    """The net that played its last move."""
    playouts: int
    checked: bool = False
    """Whether somebody would have resigned and the game was played to the end …"""
    wrongly: bool = False
    """… and won by who would have resigned."""

    @property
    def learnt(self) -> int:
        """Positions that are learnt from."""
        return sum(label.policy_target == TARGET_STORED for label in self.record.labels)


@dataclass
class Resignation:
    """Who would resign, and whether it counts."""

    allowed: bool
    low: dict[int, int] = field(default_factory=lambda: {BLACK: 0, WHITE: 0})
    """Own moves in a row with too low a win rate."""
    colour: int | None = None
    """Who has seen enough."""


@dataclass
class Progress:
    """What there is to know of a game in progress beside its moves and their labels."""

    opening_left: int
    """Moves that are still to be drawn from the net's policy."""
    fair_komi_due: bool
    """Whether the komi is still to be made fair, after those."""
    resignation: Resignation
    surprises: list[float] = field(default_factory=list)
    """Of the positions that are learnt from."""
    playouts: int = 0


@dataclass(frozen=True)
class Unfinished:
    """A game in progress without its search, to be gone on with elsewhere or later."""

    record: GameRecord
    """With the labels so far."""
    progress: Progress


class SelfPlayGame:
    """A game whose both sides are one net."""

    def __init__(
        self, start: Start, starts: StartSettings, settings: PlaySettings, store: EvaluationStore, chance: random.Random
    ) -> None:
        """Begin a game; evaluations go to the store, which games of its size share."""
        self.game = start.game
        self.net = ""
        """Name of the net that plays, for the record."""
        self._start, self._starts, self._settings, self._chance, self._store = start, starts, settings, chance, store
        resignation = Resignation(chance.random() >= settings.play_on_share)
        self._progress = Progress(start.opening_moves, start.fair_komi, resignation)
        self._labels: list[MoveLabels] = []
        self._limit = int(settings.move_limit * start.game.size**2)
        self._full = False
        self.search: Search = self._search_anew()

    @classmethod
    def resumed(
        cls,
        unfinished: Unfinished,
        starts: StartSettings,
        settings: PlaySettings,
        store: EvaluationStore,
        chance: random.Random,
    ) -> SelfPlayGame:
        """Go on with a game that `unfinished` gave; its move is searched from the beginning."""
        progress = unfinished.progress
        start = Start(unfinished.record.to_game(), progress.opening_left, progress.fair_komi_due)
        game = cls(start, starts, settings, store, chance)
        game._progress, game._labels = progress, list(unfinished.record.labels)
        return game

    def unfinished(self) -> Unfinished:
        """The game as it stands."""
        return Unfinished(GameRecord.from_game(self.game, labels=list(self._labels)), self._progress)

    @property
    def wanted(self) -> int:
        """Playouts until the search is done."""
        return max(0, self._visits - self.search.visits)

    @property
    def full(self) -> bool:
        """Whether the search's outcome will be learnt from."""
        return self._full

    def use(self, store: EvaluationStore) -> None:
        """Search on with evaluations of another net, kept in another store."""
        self._store = store
        self.search = self._search_anew(self.search)

    def advance(self) -> Finished | None:
        """Go on with a search that is done: play its move. Returns the game where that ended it."""
        if self._prelude():
            return None
        snapshot = self.search.snapshot(1)
        move = self._record(snapshot)
        self._progress.playouts += self.search.playouts
        if self._gives_up(snapshot):
            self._labels.pop()
            return self._finished(ENDING_RESIGNED)
        self._play(move)
        if self.game.is_over:
            return self._finished(ENDING_COUNTED)
        if len(self.game.moves) >= self._limit:
            return self._finished(ENDING_MOVE_LIMIT)
        return None

    # ---------------------------------------------------------------------------------------- the opening

    @property
    def _visits(self) -> int:
        if self._progress.opening_left or self._progress.fair_komi_due:
            return 1
        return self._settings.visits if self._full else self._settings.cheap_visits

    def _prelude(self) -> bool:
        """Play an opening move, or make the komi fair; False where the opening is over."""
        if self._progress.opening_left:
            self._progress.opening_left -= 1
            priors = self.search.priors()[:-1]  # a pass is no opening move
            if priors.sum() > 0:
                self._labels.append(MoveLabels(policy_target=TARGET_NONE, sample_weight=0.0))
                self.game.play(self._chance.choices(range(len(priors)), priors.tolist())[0])
            self.search = self._search_anew(self.search)
            return True
        if self._progress.fair_komi_due:
            self._progress.fair_komi_due = False
            lead = self.search.snapshot(1).raw_lead_to_play
            self.game.komi = fair_komi(self._start, self._starts, lead if self.game.to_play == BLACK else -lead)
            self.search = self._search_anew(self.search)
            return True
        return False

    # ------------------------------------------------------------------------------------------ the moves

    def _search_anew(self, old: Search | None = None) -> Search:
        """A search of the position as it is, full or cheap by chance."""
        if old is not None:
            old.release()
        self._draw_kind()
        search = Search(self.game, self._search_settings, self._chance.getrandbits(62), self._store)
        self._expect(search)
        return search

    @property
    def _search_settings(self) -> SearchSettings:
        return self._settings.full_search if self._full else self._settings.cheap_search

    def _expect(self, search: Search) -> None:
        if self._full:
            search.expect(self._settings.visits)

    def _draw_kind(self) -> None:
        opening = self._progress.opening_left > 0 or self._progress.fair_komi_due
        self._full = not opening and self._chance.random() < self._settings.full_share

    def _play(self, move: int) -> None:
        """Play a move. A full search begins a tree of its own, so that noise and forced playouts have their whole
        effect (the store knows most evaluations again); a cheap one goes on with what there is."""
        self.game.play(move)
        self._draw_kind()
        self.search.advance(move, self._search_settings, keep_tree=not self._full)
        self._expect(self.search)

    def _record(self, snapshot: SearchSnapshot) -> int:
        """Label the position, and choose its move."""
        labels = MoveLabels(
            value_to_play=snapshot.value_to_play,
            lead_to_play=snapshot.lead_to_play,
            policy_target=TARGET_NONE,
            visits=snapshot.visits,
            raw_value_to_play=snapshot.raw_value_to_play,
            sample_weight=0.0,
        )
        self._labels.append(labels)
        if not self._full:
            return self._drawn({stats.move: float(stats.visits) for stats in snapshot.moves})
        priors = self.search.plain_priors()
        settings = self._settings.full_search
        if self._settings.gumbel_moves:
            entries = policy_entries(improved_policy(snapshot, priors, settings))
            move = snapshot.moves[0].move  # its own noise is the chance that the opening needs
        else:
            visits = {move: float(count) for move, count in pruned_visits(snapshot, settings).items()}
            entries = policy_entries(visits)
            move = self._drawn(visits)
        labels.policy, labels.policy_target, labels.sample_weight = entries, TARGET_STORED, 1.0
        self._progress.surprises.append(surprise(entries, priors))
        return move

    def _drawn(self, weights: dict[int, float]) -> int:
        """A move with probability ∝ weight^(1 / temperature)."""
        settings = self._settings
        halvings = len(self.game.moves) / (settings.halflife * self.game.size / FULL_BOARD)
        warmth = settings.temperature - settings.last_temperature
        temperature = settings.last_temperature + warmth * 0.5**halvings
        most = max(weights.values())
        if temperature < LEAST_TEMPERATURE:
            return next(move for move, weight in weights.items() if weight == most)
        powers = [(weight / most) ** (1 / temperature) for weight in weights.values()]
        return self._chance.choices(list(weights), powers)[0]

    # -------------------------------------------------------------------------------------------- the end

    def _gives_up(self, snapshot: SearchSnapshot) -> bool:
        """Whether the side to play resigns; note it where it only would."""
        colour, state, settings = self.game.to_play, self._progress.resignation, self._settings
        hopeless = snapshot.winrate < settings.resign_threshold
        state.low[colour] = state.low[colour] + 1 if hopeless else 0
        if state.low[colour] < settings.resign_moves or state.colour is not None:
            return False
        state.colour = colour
        return state.allowed

    def _finished(self, ending: int) -> Finished:
        record = GameRecord.from_game(self.game, ending=ending, labels=self._labels)
        resigned = self._progress.resignation.colour
        if ending == ENDING_RESIGNED:
            assert resigned is not None
            record.winner = _winner(opponent(resigned))
        elif ending == ENDING_COUNTED:
            record.score_black = self.game.score_black()
            record.winner = int(np.sign(record.score_black))
            self._label_ownership(record)
        learnt = [label for label in record.labels if label.policy_target == TARGET_STORED]
        weights = sample_weights(self._progress.surprises[: len(learnt)], self._settings.surprise_share)
        for label, weight in zip(learnt, weights, strict=True):
            label.sample_weight = weight
        checked = resigned is not None and ending == ENDING_COUNTED
        wrongly = checked and resigned is not None and record.winner == _winner(resigned)
        self.search.release()
        return Finished(record, self.net, self._progress.playouts, checked, wrongly)

    def _label_ownership(self, record: GameRecord) -> None:
        """The final owners, for the positions that are learnt from."""
        owners = owners_of(self.game.stones()).reshape(-1)
        black = _FULL_WEIGHT * ((owners == BLACK).astype(np.int8) - (owners == WHITE).astype(np.int8))
        colour = record.first
        for label in record.labels:
            if label.policy_target == TARGET_STORED:
                label.ownership_to_play = black if colour == BLACK else -black
            colour = opponent(colour)


def _winner(colour: int) -> int:
    return 1 if colour == BLACK else -1
