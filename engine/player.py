"""The player: a game, a search that follows it, time, and the choice of the move."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from .choice import choose
from .clock import Clock
from .config import DEFAULT_MOVE_TIME_S, Limits, PlayerSettings, Restriction
from .coords import BLACK
from .ending import Judgement, judge_board, last_word
from .estimate import FinalStatus, final_status, ownership_black
from .evaluations import EvaluationStore
from .evaluator import Evaluator, RolloutEvaluator
from .game import Game
from .handicap import head_start_black
from .pool import Pool
from .rollout_search import RolloutSearch
from .search import Search, SearchSnapshot, new_store
from .searching import Searching
from .timing import Budget, Timekeeper, plan

RESIGN_BEFORE = 0.2
"""No resignation before this many moves a point of the board, …"""

RESIGN_BEFORE_BEHIND = 0.6
"""… or this many by a side that the terms put far behind: it plays for the opponent's mistakes."""

FAR_BEHIND = 10.0
"""Points that are far behind at the start."""

UNSEEN_S = 0.02
"""Seconds of a move that pass on the client's clock before and after ours runs: `time_left` tells whole seconds alone,
and over ten moves in a second of overtime the difference adds up."""

LEAST_THINKING = 0.25
"""Share of a move's time that is thought even if the clock ran long before, while kernels were compiled or loaded."""

MOST_FOR_JUDGING = 0.25
"""Share of a move's time that is kept back for judging the board, at the most: kernels may have been compiled then."""

FULL_TREE_PAUSE_S = 0.02
"""Seconds between two looks at an analysis that cannot go on because its memory is full."""

Watch = Callable[[Searching], None]
"""Looks at a search that is going on; must be quick."""


@dataclass(frozen=True)
class Choice:
    """What a player decided."""

    move: int
    """The move; the one it would have played where it resigns."""
    resign: bool
    snapshot: SearchSnapshot
    time_s: float


class Player:
    """Plays one game at a time; one move is thought about at a time."""

    def __init__(self, game: Game, evaluator: Evaluator, settings: PlayerSettings | None = None) -> None:
        """Play a game with an evaluator.

        Args:
            game: followed and changed by `play`, `undo` and `genmove`.
        """
        self.settings = settings or PlayerSettings()
        self.clock = Clock()
        self._random = random.Random(self.settings.seed)
        self._bad_moves = {1: 0, 2: 0}
        self._judging_s = 0.0
        """What judging the board took at the last move, 0 where it was not judged: the next one keeps as much back."""
        self.game = game
        self.set_evaluator(evaluator)

    @property
    def evaluator(self) -> Evaluator:
        """What values the leaves."""
        return self._pool.evaluator

    def set_evaluator(self, evaluator: Evaluator) -> None:
        """Think with another evaluator from now on; the tree is forgotten."""
        alone = isinstance(evaluator, RolloutEvaluator)  # its search plays by itself, in one thread
        self._pool = Pool(evaluator, self.settings.leaves_at_once, 1 if alone else self.settings.threads)
        self._search: Searching | None = None
        self._store: EvaluationStore | None = None

    def set_settings(self, settings: PlayerSettings) -> None:
        """Use other settings from now on; the tree is forgotten."""
        self.settings = settings
        self.set_evaluator(self._pool.evaluator)

    def reset(self, game: Game) -> None:
        """Go over to another game; clocks and chance start anew, so that a seeded game repeats."""
        self.game = game
        self._random = random.Random(self.settings.seed)
        self.forget()
        if self.settings.seed is not None:
            self.clear_cache()
        self.clock.reset()
        self._bad_moves = {1: 0, 2: 0}

    @property
    def tree_bytes(self) -> int:
        """Bytes of the tree and the evaluations it holds, 0 where there is none."""
        return self._search.tree_bytes if self._search is not None else 0

    def forget(self) -> None:
        """Drop the tree, for instance because rules, komi or position were changed from outside."""
        if self._search is not None and self._search.in_flight:
            self.clear_cache()  # an evaluator failed in the middle of a batch
        elif self._search is not None:
            self._search.release()
        self._search = None

    def clear_cache(self) -> None:
        """Drop the tree and all evaluations."""
        self._search = None
        self._store = None

    def play(self, move: int, colour: int | None = None) -> None:
        """Play a move in the game; the tree follows where it can.

        Raises:
            IllegalMoveError: the rules refuse the move; nothing has changed.
        """
        follows = colour is None or colour == self.game.to_play
        self.game.play(move, colour)
        if self._search is not None and follows and self.settings.reuse_tree:
            self._search.advance(move)
        else:
            self.forget()

    def undo(self) -> None:
        """Take back the last move.

        Raises:
            IllegalMoveError: there is none.
        """
        self.game.undo()
        self.forget()

    def genmove(
        self,
        colour: int | None = None,
        stop: threading.Event | None = None,
        commit: bool = True,
        started: float | None = None,
        watch: Watch | None = None,
        restrictions: Sequence[Restriction] = (),
    ) -> Choice:
        """Think, choose, and play the move unless it is a resignation.

        Args:
            colour: who moves, by default the side to play.
            stop: ends the search at once when set.
            commit: False leaves the game as it is.
            started: `time.monotonic()` when the clock began to run, by default now.
            watch: called with the search between batches.
            restrictions: moves that are not looked at; what is found under them is not kept.
        """
        started = time.monotonic() if started is None else started
        turn = self.game.to_play
        colour = turn if colour is None else colour
        self._give_turn(colour)
        try:
            search = self._search_under(restrictions)
            keeper = self._timekeeper(colour, started)

            def is_over() -> bool:
                if watch is not None and search.visits:
                    watch(search)
                return (stop is not None and stop.is_set()) or (keeper is not None and keeper.is_over(search))

            self._pool.run(search, self.settings.limits, is_over)
            snapshot = search.snapshot()
            move = self._chosen_move(snapshot, restrictions)
        except BaseException:
            self._back_out(turn)
            raise
        spent = time.monotonic() - started
        if commit:
            self.clock.spend(colour, spent + UNSEEN_S)
        ends = move == self.game.pass_move == self.game.last_move  # the count decides, which may know better
        resign = commit and self._should_resign(colour, snapshot) and not ends
        if restrictions:
            self.forget()
        if commit and not resign:
            self.play(move)
        else:
            self._give_turn(turn)
        return Choice(move, resign, snapshot, spent)

    def analyze(
        self, colour: int, stop: threading.Event, watch: Watch, restrictions: Sequence[Restriction] = ()
    ) -> SearchSnapshot:
        """Search for a colour until `stop` is set; the game stays as it is. Returns what was found.

        Args:
            watch: called with the search between batches, and again and again where the tree's memory is full.
            restrictions: moves that are not looked at; what is found under them is not kept.
        """
        turn = self.game.to_play
        self._give_turn(colour)
        try:
            search = self._search_under(restrictions)

            def is_over() -> bool:
                watch(search)
                return stop.is_set()

            self._pool.run(search, Limits(), is_over)
            while not stop.wait(FULL_TREE_PAUSE_S):
                watch(search)
            snapshot = search.snapshot()
        except BaseException:
            self._back_out(turn)
            raise
        if restrictions:
            self.forget()
        self._give_turn(turn)
        return snapshot

    def keep_ownership(self) -> None:
        """Keep the evaluations' ownership from now on, which snapshots then tell; what was searched is forgotten."""
        settings = self.settings
        if not settings.search.keep_ownership:
            self.settings = replace(settings, search=replace(settings.search, keep_ownership=True))
            self.forget()
            self.clear_cache()

    def ponder(self, stop: threading.Event) -> None:
        """Search the present position until `stop` is set or the tree's memory is full; nothing is chosen or played.

        What is found helps the next `genmove` if the move it answers was among those looked at.
        """
        self._pool.run(self._current_search(), Limits(), stop.is_set)

    def _give_turn(self, colour: int) -> None:
        """Let a colour play next, in the game and in the search."""
        if colour != self.game.to_play:
            self.game.to_play = colour
            self.forget()

    def _back_out(self, turn: int) -> None:
        """Leave a search that failed in the middle: nothing of it is used, the turn is as it was."""
        self.forget()
        self._give_turn(turn)

    def final_status(self) -> FinalStatus:
        """Which stones are alive, dead and in seki if the game ended here."""
        return final_status(self.game.stones(), self.ownership_black())

    def ownership_black(self) -> np.ndarray:
        """float32[N, N], + for Black: by the evaluator where it gives ownership, else by rollouts."""
        evaluator = self.evaluator if self.evaluator.outputs.ownership else RolloutEvaluator()
        return ownership_black(self.game, evaluator, self.settings.seed or 0)

    def final_score_black(self) -> float:
        """Black's margin with dead stones taken off, komi counted."""
        return self.game.score_black(self.final_status().dead)

    def _current_search(self) -> Searching:
        if self._search is None:
            self._search = self._new_search()
        else:
            self._search.playouts = 0
        return self._search

    def _search_under(self, restrictions: Sequence[Restriction]) -> Searching:
        """The search of the present position: the one at hand, or a new one where restrictions are to hold in it."""
        if restrictions:
            self.forget()
            self._search = self._new_search(restrictions)
        return self._current_search()

    def _new_search(self, restrictions: Sequence[Restriction] = ()) -> Searching:
        """RAVE where rollouts stand alone, else PUCT over the evaluator's answers."""
        settings, seed = self.settings, self._random.getrandbits(63)
        if isinstance(self.evaluator, RolloutEvaluator):
            return RolloutSearch(self.game, settings.search, settings.rollouts, seed, restrictions)
        if self._store is None or self._store.size != self.game.size:
            self._store = new_store(self.game.size, settings.search)
        return Search(self.game, settings.search, seed, self._store, restrictions)

    def _timekeeper(self, colour: int, started: float) -> Timekeeper | None:
        """What ends the search in time: by the clock or the setting, whichever is tighter; None without either."""
        settings, limits, timing = self.settings, self.settings.limits, self.settings.timing
        if settings.choice.temperature:
            timing = replace(timing, early_stop=False)  # every visit counts where moves are drawn by them
        moves_played = len(self.game.moves)
        budget = plan(self.clock, colour, moves_played, self.game.size, timing, limits.move_time_s)
        if budget is None and limits.unlimited:
            budget = Budget(DEFAULT_MOVE_TIME_S, DEFAULT_MOVE_TIME_S)
        if budget is None:
            return None
        overhead_s = settings.move_overhead_s + min(self._judging_s, MOST_FOR_JUDGING * budget.soft_s)
        keeper = Timekeeper(budget, started, overhead_s, timing)
        keeper.not_before(time.monotonic() + LEAST_THINKING * max(0.0, budget.soft_s - overhead_s))
        return keeper

    def _chosen_move(self, snapshot: SearchSnapshot, restrictions: Sequence[Restriction]) -> int:
        """The search's choice, unless counting the board knows better and that is not barred."""
        settings, self._judging_s = self.settings, 0.0
        if snapshot.moves:
            chosen = choose(snapshot, settings.choice, len(self.game.moves), self._random).move
        else:
            chosen = self._best_prior()
        better = last_word(self.game, snapshot, chosen, self._judge, conservative=settings.search.conservative_pass)
        return chosen if any(each.bars(snapshot.to_play, better) for each in restrictions) else better

    def _best_prior(self) -> int:
        """The choice of the policy alone: a search of one visit has no child yet."""
        assert self._search is not None
        priors = self._search.priors()
        return int(priors.argmax()) if priors.any() else self.game.pass_move

    def _judge(self) -> Judgement:
        """Who owns what, for the decisions at the end of a game."""
        began = time.monotonic()
        judgement = judge_board(self.game.stones(), self.ownership_black())
        self._judging_s = time.monotonic() - began
        return judgement

    def _should_resign(self, colour: int, snapshot: SearchSnapshot) -> bool:
        """Whether the win rate has been too low for long enough."""
        settings = self.settings
        behind = not self.evaluator.outputs.lead or snapshot.lead_to_play <= -settings.resign_lead
        hopeless = behind and snapshot.winrate < settings.resign_threshold
        self._bad_moves[colour] = self._bad_moves[colour] + 1 if hopeless else 0
        head_start = head_start_black(self.game) * (1 if colour == BLACK else -1)
        patience = RESIGN_BEFORE_BEHIND if head_start <= -FAR_BEHIND else RESIGN_BEFORE
        early = len(self.game.moves) < patience * self.game.size**2
        return not early and self._bad_moves[colour] >= self.settings.resign_moves
