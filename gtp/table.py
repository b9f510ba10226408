"""The table a session plays at: the game, the clock, the settings, and the player, who may still be on the way.

The game can be set up before kernels and net are there. What asks for the position waits for the kernels; what asks for
a move waits for the evaluators too.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from ponnuki.engine.clock import Clock
from ponnuki.engine.config import PlayerSettings
from ponnuki.engine.game import Game
from ponnuki.engine.rules import HOME_RULES, Rules

from .pondering import Ponderer
from .summaries import search_summary

if TYPE_CHECKING:
    from ponnuki.engine.config import Restriction
    from ponnuki.engine.player import Choice, Player, Watch


@dataclass(frozen=True)
class SessionSettings:
    """What a session starts with."""

    player: PlayerSettings = field(default_factory=PlayerSettings)
    rules: Rules = HOME_RULES
    size: int = 19
    """Board size until the client says another, 2 to 25."""
    komi: float | None = None
    """White's, in points; None: what is customary under the rules."""
    log: Path | None = None
    """File to which the traffic is appended, with times."""


class Backstage(Protocol):
    """Where players come from; both calls may wait for what is still loading."""

    def wait_for_kernels(self) -> None:
        """Return once positions can be asked about."""

    def player(self, game: Game, settings: PlayerSettings) -> Player:
        """A player for a game.

        Raises:
            PonnukiError: none can be had; the message says why.
        """


class Table:
    """One game at a time. Commands read `game` and change it through the methods, which keep the player in step."""

    def __init__(
        self, settings: SessionSettings, backstage: Backstage, note: Callable[[str], None] = lambda text: None
    ) -> None:
        """Begin a game.

        Args:
            note: takes lines for the log.
        """
        rules = settings.rules
        komi = rules.default_komi if settings.komi is None else settings.komi
        self._backstage = backstage
        self.note = note
        self._player: Player | None = None
        self.settings = settings.player
        self.clock = Clock()
        self.game = Game(settings.size, komi, rules)
        self._ponderer = Ponderer()
        self._opponent_thinks = False
        self.last_choice: Choice | None = None
        """The last move that `choose` came to in this game under its present terms, None before the first."""

    @property
    def player(self) -> Player:
        """The player of this game; the first call waits until kernels and net are loaded."""
        if self._player is None:
            self._player = self._backstage.player(self.game, self.settings)
            self._player.clock = self.clock
        return self._player

    def wait_for_kernels(self) -> None:
        """Return once the position can be asked about."""
        self._backstage.wait_for_kernels()

    def rest(self) -> None:
        """Stop pondering for a command."""
        self._ponderer.stop()

    def think_on(self) -> None:
        """Ponder, if that is wanted and the opponent is to answer a move of ours."""
        if self._opponent_thinks and self._player is not None and self.settings.ponder and self.settings.reuse_tree:
            self._ponderer.start(self._player)

    def stop_pondering(self) -> None:
        """Do not ponder until we have moved again."""
        self._opponent_thinks = False

    @property
    def pondering(self) -> bool:
        """Whether the player thinks now."""
        return self._ponderer.running

    def new_game(self, size: int) -> None:
        """An empty board, with komi, rules and time settings as they are; clocks and chance begin anew."""
        self.clock.reset()
        self.change_game(Game(size, self.game.komi, self.game.rules))
        if self._player is not None:
            self._player.reset(self.game)

    def change_game(self, game: Game) -> None:
        """Take another game, or the same one under other terms; what was searched is forgotten."""
        self.stop_pondering()
        self.last_choice = None
        if game.size != self.game.size:
            self._player = None  # another size may call for another evaluator
        elif self._player is not None:
            self._player.game = game
            self._player.forget()
        self.game = game

    def place_handicap(self, points: Sequence[int]) -> None:
        """Put Black's handicap stones on the empty board.

        Raises:
            IllegalMoveError: the stones cannot stand there.
        """
        self.wait_for_kernels()
        changed = self.game.copy()
        changed.set_handicap(points)
        self.change_game(changed)

    def play(self, colour: int, move: int) -> None:
        """Play a move.

        Raises:
            IllegalMoveError: the rules refuse it; nothing has changed.
        """
        self.wait_for_kernels()
        self.stop_pondering()
        if self._player is None:
            self.game.play(move, colour)
        else:
            self._player.play(move, colour)

    def undo(self) -> None:
        """Take back the last move.

        Raises:
            IllegalMoveError: there is none.
        """
        self.stop_pondering()
        if self._player is None:
            self.game.undo()
        else:
            self._player.undo()

    def analyze(
        self, colour: int, stop: threading.Event, watch: Watch, restrictions: Sequence[Restriction] = ()
    ) -> None:
        """Search for a colour until `stop` is set; `watch` sees the search between batches."""
        started = time.monotonic()
        found = self.player.analyze(colour, stop, watch, restrictions)
        self.note(search_summary("analysed", found, time.monotonic() - started, self.player.tree_bytes))

    def choose(
        self,
        colour: int,
        interrupt: threading.Event,
        *,
        commit: bool,
        watch: Watch | None = None,
        restrictions: Sequence[Restriction] = (),
    ) -> Choice:
        """Our move for a colour, played where `commit` is set and it is no resignation.

        What the player takes to arrive is thinking time: the clock runs.
        """
        started, to_play = time.monotonic(), self.game.to_play
        choice = self.player.genmove(
            colour, stop=interrupt, commit=commit, started=started, watch=watch, restrictions=restrictions
        )
        self.last_choice = choice
        self.note(search_summary("chose", choice.snapshot, choice.time_s, self.player.tree_bytes))
        self._opponent_thinks = commit and not choice.resign and not self.game.is_over
        if not commit and self.game.to_play != to_play:
            self.game.to_play = to_play
            self.player.forget()
        return choice

    def configure(self, settings: PlayerSettings) -> None:
        """Play on with other settings; the next move is searched afresh."""
        self.settings = settings
        self._player = None
        self.stop_pondering()

    def clear_cache(self) -> None:
        """Drop what was searched, and all evaluations."""
        if self._player is not None:
            self._player.clear_cache()

    def forget_search(self) -> None:
        """Drop what was searched."""
        if self._player is not None:
            self._player.forget()
