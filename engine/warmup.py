"""Compile or load every kernel that a player needs, before it is needed."""

from __future__ import annotations

import numpy as np

from ._jit import mark_cache_warm
from .config import Limits, PlayerSettings, SearchSettings
from .evaluator import (
    Evaluation,
    Evaluator,
    EvaluatorInputs,
    EvaluatorOutputs,
    LeafBatch,
    MixedEvaluator,
    RolloutEvaluator,
)
from .features import GLOBALS, PLANES
from .game import Game
from .player import Player
from .rules import PRESETS


class _Blank:
    """Needs what a net needs, and knows nothing."""

    inputs = EvaluatorInputs(planes=PLANES, globals=GLOBALS)
    outputs = EvaluatorOutputs(lead=True, ownership=True)

    def evaluate(self, batch: LeafBatch) -> Evaluation:
        count, size = batch.count, batch.size
        zeros = np.zeros(count, np.float32)
        policy = np.zeros((count, size * size + 1), np.float32)
        return Evaluation(policy, zeros, zeros, ownership_to_play=np.zeros((count, size, size), np.float32))


def warm_up(playout: str) -> None:
    """Play a few moves on a small board with every kernel that a kind of playout needs; then the cache is warm."""
    net = _Blank()
    evaluators: dict[str, Evaluator] = {"net": net, "mixed": MixedEvaluator(net), "rollout": RolloutEvaluator()}
    search = SearchSettings(keep_ownership=True)
    settings = PlayerSettings(limits=Limits(playouts=100), search=search, batch_size=2, seed=1)
    player = Player(Game(3), evaluators[playout], settings)
    for _ in range(3):
        player.genmove()
    player.play(player.game.pass_move)
    player.final_score_black()
    player.undo()
    counted = Game(3, rules=PRESETS["japanese"])
    counted.set_handicap([0, 8])
    counted.legal_moves()
    counted.score_black()
    mark_cache_warm(playout)
