"""Stand-ins for what a session needs: a player that plays from a script, an evaluator with known answers, pipes."""

from __future__ import annotations

import io
import threading
from collections.abc import Callable, Iterator, Sequence

import numpy as np

from ponnuki.engine.clock import Clock
from ponnuki.engine.config import PlayerSettings
from ponnuki.engine.coords import parse_vertex
from ponnuki.engine.estimate import FinalStatus
from ponnuki.engine.evaluator import Evaluation, EvaluatorInputs, EvaluatorOutputs, LeafBatch
from ponnuki.engine.game import Game
from ponnuki.engine.player import Choice
from ponnuki.engine.search import MoveStats, SearchSnapshot
from ponnuki.gtp.session import Session
from ponnuki.gtp.table import SessionSettings


class PointEvaluator:
    """Prefers the first point of the planes (in whatever symmetry they are) and gives it to the side to play.

    Value 0.5 and a lead of 3 points for the side to play.
    """

    inputs = EvaluatorInputs(feature_version=1, planes=12, globals=9)
    outputs = EvaluatorOutputs(lead=True, ownership=True)

    def evaluate(self, batch: LeafBatch) -> Evaluation:
        count, size = batch.count, batch.size
        policy = np.zeros((count, size * size + 1), np.float32)
        policy[:, 0] = 2.0
        ownership = np.zeros((count, size, size), np.float32)
        ownership[:, 0, 0] = 1.0
        ones = np.ones(count, np.float32)
        return Evaluation(policy, ones * 0.5, lead_to_play=ones * 3, ownership_to_play=ownership)


class ScriptedPlayer:
    """Answers `genmove` with the next of its vertices, ``resign`` among them; no search, no kernels but the game's."""

    evaluator = PointEvaluator()
    tree_bytes = 0

    def __init__(self, game: Game, script: Iterator[str], dead: Sequence[str] = ()) -> None:
        self.game = game
        self.clock = Clock()
        self._script = script
        self._dead = dead
        self.forgotten = 0
        self.cleared = 0
        self.pondered: list[int] = []
        self.waits_for_interrupt = threading.Event()
        self.interrupted = False

    def genmove(
        self,
        colour: int,
        stop: threading.Event,
        commit: bool = True,
        started: float | None = None,
        watch: object = None,
        restrictions: Sequence[object] = (),
    ) -> Choice:
        self.started = started
        word = next(self._script)
        if word == "wait":
            self.waits_for_interrupt.set()
            self.interrupted = stop.wait(timeout=10)
            word = next(self._script)
        self.game.to_play = colour
        resign = word == "resign"
        move = self.game.pass_move if resign else parse_vertex(word, self.game.size)
        stats = [MoveStats(move, 1, 0.0, 0.0, 1.0, (move,))]
        snapshot = SearchSnapshot(self.game.size, colour, 1, 1, 0.0, 0.0, 0.0, tuple(stats))
        if commit and not resign:
            self.game.play(move, colour)
        return Choice(move, resign, snapshot, 0.0)

    def ponder(self, stop: threading.Event) -> None:
        self.pondered.append(len(self.game.moves))
        if self.game.last_move == self.game.pass_move:
            raise RuntimeError("this fake cannot ponder after a pass")
        assert stop.wait(timeout=10)

    def play(self, move: int, colour: int) -> None:
        self.game.play(move, colour)

    def undo(self) -> None:
        self.game.undo()

    def reset(self, game: Game) -> None:
        self.game = game

    def forget(self) -> None:
        self.forgotten += 1

    def clear_cache(self) -> None:
        self.cleared += 1

    def final_status(self) -> FinalStatus:
        stones = self.game.stones().reshape(-1)
        dead = frozenset(parse_vertex(vertex, self.game.size) for vertex in self._dead)
        return FinalStatus(frozenset(np.flatnonzero(stones).tolist()) - dead, dead, frozenset())

    def final_score_black(self) -> float:
        return self.game.score_black(self.final_status().dead)


class ScriptedBackstage:
    """Hands out scripted players at once and remembers them."""

    def __init__(self, script: str = "", dead: str = "") -> None:
        self._script = iter(script.split())
        self._dead = dead.split()
        self.players: list[ScriptedPlayer] = []
        self.settings: list[PlayerSettings] = []

    def wait_for_kernels(self) -> None:
        pass

    def player(self, game: Game, settings: PlayerSettings) -> ScriptedPlayer:
        self.players.append(ScriptedPlayer(game, self._script, self._dead))
        self.settings.append(settings)
        return self.players[-1]


def chunks(data: bytes, length: int = 1 << 16) -> Callable[[], bytes]:
    """A `read` function for `Session.run` over some bytes, in chunks of a length."""
    stream = io.BytesIO(data)
    return lambda: stream.read(length)


def converse(
    text: str | bytes, backstage: ScriptedBackstage | None = None, settings: SessionSettings | None = None
) -> str:
    """All that a session replies to some input, which is sent in one piece and then ends."""
    data = text if isinstance(text, bytes) else text.encode()
    output = io.BytesIO()
    session = Session(settings or SessionSettings(), backstage or ScriptedBackstage())
    session.run(chunks(data), output)
    return output.getvalue().decode()


def replies(text: str | bytes, **options: object) -> list[str]:
    """The replies of `converse`, one by one and without the blank line that closes each."""
    return converse(text, **options).split("\n\n")[:-1]  # type: ignore[arg-type]
