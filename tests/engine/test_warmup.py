"""The warm-up: afterwards a player compiles nothing more, whatever it is asked for."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numba
import pytest

SCRIPT = """
import sys
from dataclasses import replace

import numba

from ponnuki.engine.config import Limits, PlayerSettings, SearchSettings
from ponnuki.engine.evaluator import MixedEvaluator, RolloutEvaluator
from ponnuki.engine.game import Game
from ponnuki.engine.player import Player
from ponnuki.engine.rules import PRESETS
from ponnuki.engine.warmup import warm_up
from tests.engine.fakes import EquivariantEvaluator


def compiled():
    return {
        f"{module.__name__}.{name}": len(value.signatures)
        for module in list(sys.modules.values()) if module.__name__.startswith("ponnuki.engine.")
        for name, value in vars(module).items() if isinstance(value, numba.core.dispatcher.Dispatcher)
    }


net = EquivariantEvaluator()
for playout, evaluator in (("net", net), ("mixed", MixedEvaluator(net)), ("rollout", RolloutEvaluator())):
    warm_up(playout)
    before = compiled()
    for rules in ("tromp-taylor", "japanese", "aga"):
        for keep_ownership in (False, True):
            game = Game(5, 0.5, PRESETS[rules])
            game.set_handicap([6, 18])
            settings = PlayerSettings(Limits(visits=40), SearchSettings(keep_ownership=keep_ownership), seed=1)
            player = Player(game, evaluator, settings)
            for _ in range(3):
                player.genmove()
            player.play(game.pass_move)
            player.genmove()
            player.undo()
            game.legal_moves()
            player.final_status()
            player.final_score_black()
    late = {name: count for name, count in compiled().items() if count != before.get(name, 0)}
    assert not late, f"compiled after the warm-up for {playout}: {late}"
print(sum(before.values()), "kernels")
"""


@pytest.mark.skipif(bool(numba.config.DISABLE_JIT), reason="nothing is compiled")
def test_nothing_is_compiled_after_the_warm_up() -> None:
    done = subprocess.run([sys.executable, "-c", SCRIPT], cwd=Path(__file__).parents[2], timeout=280, check=False,
                          capture_output=True, text=True, encoding="utf-8")
    assert done.returncode == 0, done.stderr
    assert int(done.stdout.split()[0]) > 20


LITERALS = """
import sys

import numba

from ponnuki.engine.warmup import warm_up

warm_up("net")
warm_up("rollout")
kernels = [
    value for module in list(sys.modules.values()) if module.__name__.startswith("ponnuki.engine.")
    for value in vars(module).values() if isinstance(value, numba.core.dispatcher.Dispatcher)
]
signatures = [
    (kernel.__name__, str(signature))
    for kernel in set(kernels) for signature in (*kernel.signatures, *kernel.for_kernels.signatures)
]
print(len(signatures), *sorted({name for name, signature in signatures if "Literal" in signature}))
"""


@pytest.mark.slow
@pytest.mark.skipif(bool(numba.config.DISABLE_JIT), reason="nothing is compiled")
def test_no_kernel_is_compiled_for_a_constant_beside_others(tmp_path: Path) -> None:
    """A bare constant handed to a kernel, ``depth = 0`` say, has it compiled once more, at a fifth of a cold start."""
    done = subprocess.run([sys.executable, "-c", LITERALS], cwd=Path(__file__).parents[2], timeout=280, check=False,
                          capture_output=True, text=True, encoding="utf-8",
                          env=os.environ | {"PONNUKI_CACHE_DIR": str(tmp_path)})
    assert done.returncode == 0, done.stderr
    count, *names = done.stdout.split()
    assert int(count) > 120, "a cold start sees all kernels"
    assert names == []
