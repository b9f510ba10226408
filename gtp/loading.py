"""Loading in the background: kernels, onnxruntime, the net. And which evaluator plays on which board.

A failure to load is no end of the session. Weights that cannot be read, and board sizes that the net does not play on,
are told in one line on stderr, and rollouts play instead: a board program shows an engine that refuses every move as
broken, in the midst of someone's game, while one that plays on, and says how, can be mended at leisure.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from ponnuki.engine.config import PlayerSettings
from ponnuki.engine.errors import PonnukiError, WeightsError
from ponnuki.engine.game import Game

from .notices import notice
from .protocol import GtpError

if TYPE_CHECKING:
    from ponnuki.engine.evaluator import Evaluator
    from ponnuki.engine.player import Player

EvaluatorFor = Callable[[int, PlayerSettings], "tuple[Evaluator, PlayerSettings]"]
"""For a board size and the settings that are wished for: an evaluator, and the settings that go with it."""

LoadEvaluators = Callable[[], EvaluatorFor]
"""Loads what evaluators need; runs in the background thread, after the kernels' modules are imported."""


class Loader:
    """Loads in a thread of its own, and makes players once that is done."""

    def __init__(self, load_evaluators: LoadEvaluators) -> None:
        self._load_evaluators = load_evaluators
        self._kernels_imported = threading.Event()
        self._evaluator_for: EvaluatorFor | None = None
        self._failure: Exception | None = None
        self._thread = threading.Thread(target=self._load, name="gtp-loading", daemon=True)

    def start(self) -> None:
        """Begin to load."""
        self._thread.start()

    def _load(self) -> None:
        try:
            import ponnuki.engine.player  # noqa: F401 - all that a game and a search need

            self._kernels_imported.set()
            self._evaluator_for = self._load_evaluators()
        except Exception as error:
            self._failure = error
            notice(f"loading failed: {type(error).__name__}: {error}")
        finally:
            self._kernels_imported.set()

    def wait_for_kernels(self) -> None:
        """Return once positions can be asked about; importing in two threads at once would be asking for trouble."""
        self._kernels_imported.wait()

    def evaluator(self, size: int, settings: PlayerSettings) -> tuple[Evaluator, PlayerSettings]:
        """The evaluator for a board size, as soon as all is loaded, and the settings that go with it.

        Raises:
            GtpError: loading failed, or there is no evaluator for these settings.
        """
        self._thread.join()
        if self._evaluator_for is None:
            raise GtpError(f"the engine could not be loaded: {self._failure}")
        try:
            return self._evaluator_for(size, settings)
        except PonnukiError as error:
            raise GtpError(str(error)) from None

    def player(self, game: Game, settings: PlayerSettings) -> Player:
        """A player for a game, as soon as all is loaded.

        Raises:
            GtpError: loading failed, or there is no evaluator for these settings.
        """
        evaluator, settings = self.evaluator(game.size, settings)
        from ponnuki.engine.player import Player

        return Player(game, evaluator, settings)


class Evaluators:
    """The evaluators of a session: the net, loaded once, rollouts, and both together."""

    def __init__(self, weights: Path | None) -> None:
        """Play with a net's file; None: there is none, and that has been said."""
        self._weights = weights
        self._nets: list[Evaluator | None] = []
        """The net, once it was asked for."""
        self._told: set[str] = set()
        self._warm: set[str] = set()
        """Kinds of playouts whose kernels are loaded."""

    def __call__(self, size: int, settings: PlayerSettings) -> tuple[Evaluator, PlayerSettings]:
        """The evaluator for a board size and settings, rollouts where the net cannot be had; its kernels are loaded.

        The very first time on a machine they are compiled, which stderr announces: silence would be taken for a crash.
        """
        evaluator, settings = self._chosen(size, settings)
        self._warm_up(settings.playout)
        return evaluator, settings

    def _chosen(self, size: int, settings: PlayerSettings) -> tuple[Evaluator, PlayerSettings]:
        from ponnuki.engine.evaluator import MixedEvaluator, RolloutEvaluator

        net = None if settings.playout == "rollout" else self._net(settings)
        if net is not None and not net.outputs.plays(size):
            sizes = ", ".join(map(str, net.outputs.sizes))
            self._tell(f"the net was made for board sizes {sizes}, not {size}: playing by rollouts")
            net = None
        if net is None:
            return RolloutEvaluator(), replace(settings, playout="rollout")
        return (MixedEvaluator(net, settings.mixing) if settings.playout == "mixed" else net), settings

    def _warm_up(self, playout: str) -> None:
        from ponnuki.engine._jit import cache_is_cold
        from ponnuki.engine.warmup import warm_up

        if playout in self._warm:
            return
        cold, started = cache_is_cold(playout), time.monotonic()
        if cold:
            notice("compiling for this machine, once; this can take a minute or two")
        warm_up(playout)
        if cold:
            notice(f"compiled in {time.monotonic() - started:.0f} s")
        self._warm.add(playout)

    def _net(self, settings: PlayerSettings) -> Evaluator | None:
        if not self._nets:
            self._nets.append(self._load_net(settings))
        return self._nets[0]

    def _load_net(self, settings: PlayerSettings) -> Evaluator | None:
        """The net, one thread a call: threads of the search evaluate batches side by side (`engine.pool`)."""
        if self._weights is None:
            return None
        from ponnuki.nets.ort import OnnxEvaluator

        try:
            return OnnxEvaluator(self._weights, provider=settings.provider)
        except WeightsError as error:
            self._tell(f"{error}: playing by rollouts")
            return None

    def _tell(self, text: str) -> None:
        """Say something once in a session."""
        if text not in self._told:
            self._told.add(text)
            notice(text)


def load_evaluators(weights: Path | None, size: int, settings: PlayerSettings) -> EvaluatorFor:
    """Load net and kernels, so that the first move need not wait for them.

    Args:
        weights: the net's file, None for none.
        size: the board size that is to be expected.
        settings: say whether a net is wanted, and its threads.
    """
    evaluators = Evaluators(weights)
    evaluators(size, settings)
    return evaluators
