"""Mid-game positions to measure on: as the evaluator itself would play them, with chance."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ponnuki.engine.evaluator import Evaluator, LeafBatch
from ponnuki.engine.game import Game
from ponnuki.engine.search import Search

PROGRESS = 0.3
"""Moves played, as a share of the board's points."""


class Sampler(NamedTuple):
    """Games that are sampled together, and what their moves come from."""

    evaluator: Evaluator
    batch: LeafBatch
    chance: np.random.Generator


def mid_games(evaluator: Evaluator, size: int, count: int, seed: int = 1) -> list[Game]:
    """`count` games of `PROGRESS · N²` moves drawn from the evaluator's priors; the same for the same seed."""
    sampler = Sampler(evaluator, LeafBatch(size, 1, evaluator.inputs), np.random.default_rng(seed))
    return [_sampled_game(sampler, size) for _ in range(count)]


def _sampled_game(sampler: Sampler, size: int) -> Game:
    game = Game(size)
    search = Search(game)
    for _ in range(int(PROGRESS * size * size)):
        sampler.batch.clear()
        search.collect(sampler.batch)
        search.apply(sampler.batch, sampler.evaluator.evaluate(sampler.batch))
        priors = search.priors().astype(np.float64)
        priors[game.pass_move] = 0.0
        if not priors.any():
            break
        move = int(sampler.chance.choice(len(priors), p=priors / priors.sum()))
        game.play(move)
        search.advance(move)
    return game
