"""Thinking in the opponent's time: the player's search goes on between commands, in a thread of its own.

Every command waits until the thread has stopped, which takes no longer than one batch of the evaluator, so commands
never see a tree that moves.
"""

from __future__ import annotations

import threading
import traceback
from typing import TYPE_CHECKING

from .notices import notice

if TYPE_CHECKING:
    from ponnuki.engine.player import Player


class Ponderer:
    """One player's pondering, started and stopped any number of times."""

    def __init__(self) -> None:
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    @property
    def running(self) -> bool:
        """Whether the search goes on now."""
        return self._thread is not None and self._thread.is_alive()

    def start(self, player: Player) -> None:
        """Let a player think about its game's position until `stop`."""
        self.stop()
        self._stop.clear()
        self._thread = threading.Thread(target=self._ponder, args=(player,), name="gtp-pondering", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End the thinking; returns once it has ended. What was found stays in the player's tree."""
        if self._thread is not None:
            self._stop.set()
            self._thread.join()
            self._thread = None

    def _ponder(self, player: Player) -> None:
        try:
            player.ponder(self._stop)
        except Exception:
            player.forget()
            notice(f"internal error while pondering\n{traceback.format_exc().rstrip()}")
