"""A self-play worker: many games at once in one thread, their leaves evaluated together.

Games, stores of evaluations and nets stay in the worker; what goes in and out is small and can be pickled, so that a
worker is the same behind a pipe (`selfplay.crew`) and as an actor of a cluster (`selfplay.cluster`).
"""

from __future__ import annotations

import dataclasses
import random
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ponnuki.engine.errors import ConfigError
from ponnuki.engine.evaluations import EvaluationStore
from ponnuki.engine.evaluator import Evaluator
from ponnuki.engine.pool import Pool
from ponnuki.engine.search import Search, new_store
from ponnuki.selfplay.duel import DuelSettings, PairResult, Pairs
from ponnuki.selfplay.playing import Finished, SelfPlayGame, Unfinished
from ponnuki.selfplay.settings import SELF_PLAY_SEARCH, PlaySettings, StartSettings
from ponnuki.selfplay.starts import new_start

if TYPE_CHECKING:
    from ponnuki.nets.ort import OnnxEvaluator


@dataclass(frozen=True)
class NetFile:
    """A net on its way to a worker."""

    name: str
    content: bytes
    """The ONNX file."""


class SelfPlayWorker:
    """Plays games of self-play, and pairs of games between two nets."""

    def __init__(self, starts: StartSettings, settings: PlaySettings, seed: int) -> None:
        self.starts, self.settings = starts, settings
        self._chance = random.Random(seed)
        self._net = ""
        self._pool: Pool | None = None
        self._stores: dict[int, EvaluationStore] = {}
        self._games: dict[int, list[SelfPlayGame]] = {}
        """The games in progress by board size."""
        self._waiting: list[Unfinished] = []
        """Games to go on with before new ones are begun."""
        self._turn = 0
        self._pairs: Pairs | None = None
        self._evaluations = 0
        self.learnt = 0
        """Searches so far whose outcome is learnt from."""

    @property
    def evaluations(self) -> int:
        """New evaluations for self-play so far."""
        return self._evaluations + (self._pool.evaluations if self._pool else 0)

    def use(self, net: NetFile, resign_threshold: float | None = None) -> None:
        """Play on with this net, the games in progress too.

        Args:
            resign_threshold: of games that are yet to begin, if it is not to stay as it is.

        Raises:
            WeightsError: the net cannot be run.
            ConfigError: it was not made for one of the board sizes.
        """
        if resign_threshold is not None:
            self.settings = dataclasses.replace(self.settings, resign_threshold=resign_threshold)
        if net.name == self._net:
            return
        evaluator = load(net)
        check_sizes(evaluator, net.name, list(self.starts.sizes))
        self.use_evaluator(evaluator, net.name)

    def use_evaluator(self, evaluator: Evaluator, name: str) -> None:
        """Play on with this evaluator."""
        self._evaluations = self.evaluations
        self._net, self._pool = name, Pool(evaluator, self.settings.batch_size)
        most = self.settings.evaluations_kept
        self._stores = {size: new_store(size, SELF_PLAY_SEARCH, most) for size in self.starts.sizes}
        for size, games in self._games.items():
            for game in games:
                game.use(self._stores[size])
                game.net = name

    def play(self, seconds: float) -> list[Finished]:
        """Play until the time is up or games have ended, whichever is first; those games."""
        if self._pool is None:
            raise RuntimeError("play() before use()")
        self._pairs = None  # a gate is over, and its nets and evaluations are not wanted any more
        finished: list[Finished] = []
        end = time.monotonic() + seconds
        while not finished and time.monotonic() < end:
            while sum(map(len, self._games.values())) < self.settings.games_at_once:
                self._begin_game()
            sizes = [size for size, games in self._games.items() if games]
            self._turn += 1
            finished += self._step(sizes[self._turn % len(sizes)])
        return finished

    def resume(self, games: Sequence[Unfinished]) -> None:
        """Go on with games that `pause` gave, but for those of board sizes that are not played any more."""
        self._waiting += [game for game in games if game.record.size in self.starts.sizes]

    def pause(self) -> list[Unfinished]:
        """The games in progress, which are forgotten here."""
        paused, self._waiting = self._waiting, []
        for games in self._games.values():
            for game in games:
                paused.append(game.unfinished())
                game.search.release()
        self._games = {}
        return paused

    def measure(self, seconds: float) -> tuple[int, int, float]:
        """Play for a time; the new evaluations, the positions to learn from and the seconds that it took."""
        evaluations, learnt, began = self.evaluations, self.learnt, time.perf_counter()
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            self.play(left)
        return self.evaluations - evaluations, self.learnt - learnt, time.perf_counter() - began

    def duel(self, settings: DuelSettings, nets: tuple[NetFile, NetFile], numbers: Sequence[int]) -> None:
        """Begin pairs of games between two nets; `play_pairs` plays them. Older pairs are forgotten.

        Raises:
            WeightsError: a net cannot be run.
            ConfigError: it was not made for one of the board sizes.
        """
        evaluators = load(nets[0]), load(nets[1])
        for evaluator, net in zip(evaluators, nets, strict=True):
            check_sizes(evaluator, net.name, list(settings.starts.sizes))
        self._pairs = Pairs(settings, evaluators, numbers)

    def play_pairs(self, seconds: float, more: Sequence[int] = ()) -> list[PairResult]:
        """Begin the pairs of more numbers, and play until the time is up or some have ended; those."""
        assert self._pairs is not None
        for number in more:
            self._pairs.add(number)
        return self._pairs.play(seconds)

    def _begin_game(self) -> None:
        """Begin a game, or go on with one that waits."""
        if self._waiting:
            unfinished = self._waiting.pop()
            store = self._stores[unfinished.record.size]
            game = SelfPlayGame.resumed(unfinished, self.starts, self.settings, store, self._chance)
        else:
            start = new_start(self.starts, self._chance)
            game = SelfPlayGame(start, self.starts, self.settings, self._stores[start.game.size], self._chance)
        game.net = self._net
        self._games.setdefault(game.game.size, []).append(game)

    def _step(self, size: int) -> list[Finished]:
        """One batch for some games of a size, and the moves of those whose search is done; all have their turn."""
        assert self._pool is not None
        games = self._games[size]
        together = max(1, self.settings.batch_size // self.settings.leaves_at_once)
        now, self._games[size] = games[:together], games[together:]
        finished: list[Finished] = []
        for game in list(now):
            while is_done(game.search, game.wanted):
                self.learnt += game.full
                ended = game.advance()
                if ended is not None:
                    finished.append(ended)
                    now.remove(game)
                    break
        if now:
            limits = [game.wanted for game in now]
            self._pool.step([game.search for game in now], limits, self.settings.leaves_at_once)
        self._games[size] += now
        return finished


def is_done(search: Search, wanted: int) -> bool:
    """Whether a search has what it is to have, or can have no more."""
    return search.visits > 0 and (wanted <= 0 or search.full)


def load(net: NetFile) -> OnnxEvaluator:
    """An evaluator of one thread.

    Raises:
        WeightsError: the net cannot be run.
    """
    from ponnuki.nets.ort import OnnxEvaluator

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"{net.name}.onnx"
        path.write_bytes(net.content)
        return OnnxEvaluator(path)


def check_sizes(evaluator: Evaluator, name: str, sizes: Sequence[int]) -> None:
    """Raise ConfigError where an evaluator was not made for one of the board sizes."""
    known = evaluator.outputs.sizes
    lacking = [size for size in sizes if known and size not in known]
    if lacking:
        made_for = ", ".join(map(str, known))
        raise ConfigError(f"board size {lacking[0]}: {name} was made for {made_for}")
