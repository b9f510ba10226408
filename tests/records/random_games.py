"""Random games for the tests of records: legal, with captures, passes, set-up stones and labels."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ponnuki.engine.game import Game
from ponnuki.engine.rules import HandicapBonus, Ko, Rules, Scoring
from ponnuki.records.format import ENDING_COUNTED, ENDING_RESIGNED, ENDING_STOPPED, TARGET_NONE, TARGET_STORED, Shard
from ponnuki.records.games import GameRecord, MoveLabels, ShardBuilder
from ponnuki.records.shards import write_shard

RULE_SETS = (
    Rules(),
    Rules(scoring=Scoring.TERRITORY, ko=Ko.SIMPLE),
    Rules(ko=Ko.SITUATIONAL, suicide=True),
    Rules(handicap_bonus=HandicapBonus.N_MINUS_ONE),
)


def random_record(rng: np.random.Generator, size: int, moves: int = 40, labelled: bool = False) -> GameRecord:
    """A game of random legal moves (one in ten a pass), handicap in one of three, and a result of some kind."""
    rules = RULE_SETS[rng.integers(len(RULE_SETS))]
    game = Game(size, komi=float(rng.integers(-5, 20)) / 2, rules=rules)
    if rng.random() < 1 / 3:
        game.set_handicap(rng.choice(size * size, 3, replace=False).tolist())
    for _ in range(moves):
        legal = np.flatnonzero(game.legal_moves()[:-1])
        passes = not len(legal) or rng.random() < 0.1
        game.play(game.pass_move if passes else int(rng.choice(legal)))
    ending = int(rng.choice([ENDING_COUNTED, ENDING_RESIGNED, ENDING_STOPPED]))
    score = game.score_black() if ending == ENDING_COUNTED else float("nan")
    winner = int(np.sign(score)) if ending == ENDING_COUNTED else int(rng.choice([-1, 1]))
    labels = [random_labels(rng, size, index) for index in range(moves)] if labelled else []
    return GameRecord.from_game(game, winner=winner, ending=ending, score_black=score, labels=labels)


def random_labels(rng: np.random.Generator, size: int, index: int) -> MoveLabels:
    """Labels with all kinds of gaps; values that float16 holds exactly."""
    area = size * size
    labels = MoveLabels(raw_value_to_play=0.25, sample_weight=1.5)
    if index % 5 != 0:
        labels.value_to_play = float(rng.integers(-64, 65)) / 64
        labels.lead_to_play = float(rng.integers(-40, 41)) / 4
    moves = rng.choice(area + 1, 5 if index % 7 else 0, replace=False).tolist()
    labels.policy = [(move, int(rng.integers(1, 1000))) for move in moves]
    labels.policy_target = TARGET_STORED if labels.policy else TARGET_NONE
    if index % 4 == 1:
        labels.ownership_to_play = rng.integers(-100, 101, area).astype(np.int8)
    return labels


def random_shard(seed: int, size: int = 7, games: int = 6, labelled: bool = False, moves: int = 40) -> Shard:
    """Random games as a shard."""
    rng = np.random.default_rng(seed)
    builder = ShardBuilder(size, {"seed": seed})
    for _ in range(games):
        builder.add(random_record(rng, size, moves=moves, labelled=labelled))
    return builder.build()


def write_random_shards(folder: Path, count: int, **options: int | bool) -> list[Path]:
    """Write random shards `0.npz`, `1.npz`, ... and return their paths."""
    paths = [folder / f"{number}.npz" for number in range(count)]
    for seed, path in enumerate(paths):
        write_shard(path, random_shard(seed, **options))  # type: ignore[arg-type]
    return paths
