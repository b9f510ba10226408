"""Compile or load every kernel that a player needs, before it is needed."""

from __future__ import annotations

from ._jit import mark_cache_warm
from .config import Limits, PlayerSettings, SearchSettings
from .evaluator import Evaluation, EvaluatorInputs, EvaluatorOutputs, LeafBatch, RolloutEvaluator
from .features import GLOBALS, PLANES
from .game import Game
from .player import Player
from .rules import PRESETS


class _PlanesAndRollouts:
    """Needs all that a leaf can carry, and answers by rollouts."""

    inputs = EvaluatorInputs(planes=PLANES, globals=GLOBALS, positions=True)
    outputs = EvaluatorOutputs(lead=True, ownership=True)

    def evaluate(self, batch: LeafBatch) -> Evaluation:
        return RolloutEvaluator().evaluate(batch)


def warm_up() -> None:
    """Play a few moves on a small board with every kernel; afterwards the cache counts as warm."""
    search = SearchSettings(keep_ownership=True)
    settings = PlayerSettings(limits=Limits(playouts=8), search=search, batch_size=2, seed=1)
    player = Player(Game(3), _PlanesAndRollouts(), settings)
    for _ in range(3):
        player.genmove()
    player.play(player.game.pass_move)
    player.final_score_black()
    player.undo()
    counted = Game(3, rules=PRESETS["japanese"])
    counted.set_handicap([0, 8])
    counted.legal_moves()
    counted.score_black()
    mark_cache_warm()
