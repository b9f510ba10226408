"""Speed of simulated games, one thread."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ponnuki.engine.board import new_board
from ponnuki.engine.policy import many_heavy_rollouts, shipped_policy
from ponnuki.engine.rollout import many_light_rollouts

from .timing import rate

BLOCK = 200
"""Rollouts a kernel call: few enough for short measurements on 19×19, many enough to hide the call."""

Play = Callable[[int], int]
"""Plays a block of rollouts from a seed; the moves of all."""


def measure_rollouts(size: int, seconds: float) -> dict[str, Any]:
    """`rollouts_per_s` and `rollout_moves`: light uniform rollouts from the empty board; `heavy_rollouts_per_s`: those
    with knowledge, of `--playout rollout`.

    They fill no own eye, end with two passes and are scored by area; there is no mercy rule.
    """
    start, scratch = new_board(size), new_board(size)
    state, margins = np.empty(1, np.uint64), np.empty(BLOCK, np.int32)
    policy, first = shipped_policy(), np.empty(len(start.colour), np.uint8)

    def light(seed: int) -> int:
        return int(many_light_rollouts(start, scratch, state, BLOCK, np.uint64(seed), margins))

    def heavy(seed: int) -> int:
        return int(many_heavy_rollouts(start, scratch, policy, state, first, BLOCK, np.uint64(seed), margins))

    light_speed, light_moves = _speed_and_moves(light, seconds / 2)
    heavy_speed, _ = _speed_and_moves(heavy, seconds / 2)
    return {"rollouts_per_s": light_speed, "rollout_moves": light_moves, "heavy_rollouts_per_s": heavy_speed}


def _speed_and_moves(play: Play, seconds: float) -> tuple[float, float]:
    """Rollouts a second, and moves of one."""
    done = moves = 0

    def block() -> int:
        nonlocal done, moves
        moves += play(done)
        done += BLOCK
        return BLOCK

    block()
    return rate(block, seconds), moves / done
