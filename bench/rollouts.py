"""Speed of simulated games, one thread."""

from __future__ import annotations

from typing import Any

import numpy as np

from ponnuki.engine.board import new_board
from ponnuki.engine.rollout import many_light_rollouts

from .timing import rate

BLOCK = 200
"""Rollouts a kernel call: few enough for short measurements on 19×19, many enough to hide the call."""


def measure_rollouts(size: int, seconds: float) -> dict[str, Any]:
    """`rollouts_per_s` and `rollout_moves`: light uniform rollouts from the empty board.

    They fill no own eye, end with two passes and are scored by area; there is no mercy rule.
    """
    start, scratch = new_board(size), new_board(size)
    state, margins = np.empty(1, np.uint64), np.empty(BLOCK, np.int32)
    done = moves = 0

    def block() -> int:
        nonlocal done, moves
        moves += many_light_rollouts(start, scratch, state, BLOCK, np.uint64(done), margins)
        done += BLOCK
        return BLOCK

    block()
    speed = rate(block, seconds)
    return {"rollouts_per_s": speed, "rollout_moves": moves / done}
