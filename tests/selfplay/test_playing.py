"""Games of self-play: what they begin from, what is recorded, how they end."""

from __future__ import annotations

import dataclasses
import functools
import random
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from ponnuki.engine.board import TO_PLAY
from ponnuki.engine.coords import BLACK, WHITE
from ponnuki.engine.errors import ConfigError
from ponnuki.engine.evaluator import Evaluation, EvaluatorInputs, EvaluatorOutputs, LeafBatch, RolloutEvaluator
from ponnuki.engine.game import Game
from ponnuki.engine.rules import Rules
from ponnuki.engine.scoring import owners_of
from ponnuki.nets.tables import settings_from
from ponnuki.records.format import (
    ENDING_COUNTED,
    ENDING_MOVE_LIMIT,
    ENDING_RESIGNED,
    TARGET_NONE,
    TARGET_STORED,
)
from ponnuki.records.games import ShardBuilder
from ponnuki.records.legality import illegal_games
from ponnuki.selfplay import unfinished
from ponnuki.selfplay.crew import LocalCrew
from ponnuki.selfplay.playing import Finished
from ponnuki.selfplay.settings import PlaySettings, StartSettings
from ponnuki.selfplay.starts import Start, fair_komi, half_points, new_start
from ponnuki.selfplay.stream import GameStream
from ponnuki.selfplay.worker import SelfPlayWorker

STARTS = StartSettings(sizes={5: 1.0}, komi=24.5, handicap_share=0.0)
PLAY = PlaySettings(visits=24, cheap_visits=6, full_share=0.4, games_at_once=8, resign_threshold=0.0)


class Pessimist:
    """Thinks that the side to play is lost if it is White, and that a point of Black's is worth the board."""

    inputs = EvaluatorInputs(positions=True)
    outputs = EvaluatorOutputs(lead=True)

    def evaluate(self, batch: LeafBatch) -> Evaluation:
        white = np.array([batch.arrays.boards.info[row][TO_PLAY] for row in range(batch.count)]) == WHITE
        values = np.where(white, -0.99, 0.99).astype(np.float32)
        moves = batch.size * batch.size + 1
        logits = np.zeros((batch.count, moves), np.float32)
        logits[:, -1] = -20  # nobody passes
        return Evaluation(logits, values, 10 * values)


def games_of(settings: PlaySettings, count: int, starts: StartSettings = STARTS, evaluator=None) -> list[Finished]:  # type: ignore[no-untyped-def]
    worker = SelfPlayWorker(starts, settings, seed=5)
    worker.use_evaluator(evaluator or RolloutEvaluator(), "test")
    finished: list[Finished] = []
    while len(finished) < count:
        finished += worker.play(5.0)
    return finished


@pytest.fixture(scope="module")
def played() -> list[Finished]:
    return games_of(PLAY, 16)


def test_games_are_legal_and_scored(played: list[Finished]) -> None:
    builder = ShardBuilder(5)
    for finished in played:
        builder.add(finished.record)
    shard = builder.build()
    assert not list(illegal_games(shard))
    for finished in played:
        record = finished.record
        game = record.to_game()
        assert record.ending == ENDING_COUNTED
        assert game.is_over
        assert record.score_black == game.score_black()
        assert record.winner == np.sign(record.score_black)
        assert finished.net == "test"
        assert finished.playouts > 0


def test_every_move_is_labelled_and_full_searches_alone_are_learnt(played: list[Finished]) -> None:
    kinds: Counter[int] = Counter()
    for finished in played:
        record = finished.record
        assert len(record.labels) == len(record.moves)
        for label in record.labels:
            kinds[label.policy_target] += 1
            if label.policy_target == TARGET_STORED:
                assert label.visits >= PLAY.visits
                assert label.policy
                assert label.sample_weight > 0
                assert -1 <= label.value_to_play <= 1
            else:
                assert label.policy_target == TARGET_NONE
                assert label.sample_weight == 0
                assert not label.policy
        learnt = [label.sample_weight for label in record.labels if label.policy_target == TARGET_STORED]
        assert not learnt or np.mean(learnt) == pytest.approx(1, abs=1e-6)
        assert finished.learnt == len(learnt)
    share = kinds[TARGET_STORED] / sum(kinds.values())
    assert 0.25 < share < 0.5


def test_ownership_is_the_final_board_for_the_side_to_move(played: list[Finished]) -> None:
    for finished in played[:4]:
        owners = owners_of(finished.record.to_game().stones()).reshape(-1)
        colour = finished.record.first
        for label in finished.record.labels:
            if label.policy_target == TARGET_STORED:
                assert label.ownership_to_play is not None
                assert ((label.ownership_to_play > 0) == (owners == colour)).all()
            colour = BLACK + WHITE - colour


def test_targets_name_legal_moves(played: list[Finished]) -> None:
    record = played[0].record
    game = Game(5, record.komi, record.rules)
    for move, label in zip(record.moves, record.labels, strict=True):
        legal = game.legal_moves()
        assert all(legal[target] for target, _ in label.policy)
        game.play(move)


def test_a_hopeless_side_resigns() -> None:
    settings = PlaySettings(visits=8, cheap_visits=4, resign_threshold=0.05, resign_moves=2, play_on_share=0.0)
    starts = StartSettings(sizes={5: 1.0}, opening_moves=0.0, handicap_share=0.0, fair_komi_share=0.0)
    finished = games_of(settings, 3, starts, Pessimist())
    for game in finished:
        assert game.record.ending == ENDING_RESIGNED
        assert game.record.winner == 1
        assert len(game.record.moves) == 3  # Black, White, Black, and White has seen enough
        assert len(game.record.labels) == 3
        assert all(label.ownership_to_play is None for label in game.record.labels)
        assert not game.checked


def test_a_share_of_the_games_is_played_on_to_check_resignation() -> None:
    settings = PlaySettings(visits=4, cheap_visits=2, resign_threshold=0.05, play_on_share=1.0, move_limit=20.0)
    for game in games_of(settings, 6):
        assert game.record.ending in (ENDING_COUNTED, ENDING_MOVE_LIMIT)
    wrong = PlaySettings(visits=4, cheap_visits=2, resign_threshold=0.05, play_on_share=1.0, move_limit=0.5)
    game = games_of(wrong, 1, evaluator=Pessimist())[0]
    assert game.record.ending == ENDING_MOVE_LIMIT
    assert game.record.winner == 0
    assert not game.checked  # without an end nobody knows who was right


def test_gumbel_selection_can_stand_in_for_noise() -> None:
    settings = PlaySettings(visits=16, cheap_visits=4, full_share=1.0, gumbel_moves=8, resign_threshold=0.0)
    game = games_of(settings, 1)[0]
    full = [label for label in game.record.labels if label.policy_target == TARGET_STORED]
    assert full
    assert all(len(label.policy) > 8 for label in full[:3])  # moves not visited have their share, too


def test_a_new_net_goes_on_with_the_games() -> None:
    worker = SelfPlayWorker(STARTS, PLAY, seed=1)
    worker.use_evaluator(RolloutEvaluator(), "old")
    worker.play(0.2)
    before = {id(game) for games in worker._games.values() for game in games}
    worker.use_evaluator(RolloutEvaluator(), "new")
    assert {id(game) for games in worker._games.values() for game in games} == before
    finished: list[Finished] = []
    while not finished:
        finished = worker.play(5.0)
    assert {game.net for game in finished} == {"new"}


# ------------------------------------------------------------------------------------------------- starts


def test_games_in_progress_are_kept_on_disk_and_gone_on_with(tmp_path: Path) -> None:
    """All of a worker's games, with labels, komi and counters; the file is gone once they have been taken."""
    starts = dataclasses.replace(STARTS, sizes={5: 0.5, 4: 0.5}, opening_moves=0.2, handicap_share=0.3)
    settings = dataclasses.replace(PLAY, visits=60, cheap_visits=40)
    first = SelfPlayWorker(starts, settings, seed=1)
    first.use_evaluator(RolloutEvaluator(), "test")
    ended = first.play(0.5)
    paused = first.pause()
    assert len(paused) == settings.games_at_once - len(ended)
    assert sum(len(game.record.moves) for game in paused) > 10
    assert first.pause() == []

    unfinished.keep(tmp_path, paused)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["4x4.unfinished", "5x5.unfinished"]
    taken = unfinished.take(tmp_path)
    assert not list(tmp_path.iterdir())
    paused.sort(key=lambda game: game.record.size)
    for old, new in zip(paused, taken, strict=True):
        assert new.progress == old.progress
        assert new.record.moves == old.record.moves
        assert new.record.komi == old.record.komi
        assert new.record.setup == old.record.setup
        assert [label.policy for label in new.record.labels] == [list(label.policy) for label in old.record.labels]
        assert [label.visits for label in new.record.labels] == [label.visits for label in old.record.labels]

    second = SelfPlayWorker(starts, settings, seed=2)
    second.use_evaluator(RolloutEvaluator(), "test")
    second.resume(taken)
    begun = {(game.record.size, tuple(game.record.moves)) for game in taken if len(game.record.moves) > 3}
    assert begun
    while begun:
        for game in second.play(5.0):
            record = game.record
            assert len(record.labels) == len(record.moves)
            shard = ShardBuilder(record.size)
            shard.add(record)
            assert not list(illegal_games(shard.build()))
            begun -= {(size, moves) for size, moves in begun
                      if size == record.size and tuple(record.moves[: len(moves)]) == moves}
    assert second.pause()


def test_games_of_a_size_that_is_no_longer_played_are_let_go() -> None:
    first = SelfPlayWorker(STARTS, PLAY, seed=1)
    first.use_evaluator(RolloutEvaluator(), "test")
    first.play(0.01)
    second = SelfPlayWorker(dataclasses.replace(STARTS, sizes={4: 1.0}), PLAY, seed=1)
    second.resume(first.pause())
    assert second.pause() == []


def test_games_in_progress_that_cannot_be_read_are_warned_of(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "9x9.unfinished").write_bytes(b"nothing")
    assert unfinished.take(tmp_path) == []
    assert "9x9.unfinished: the games in progress cannot be read" in caplog.text
    assert (tmp_path / "9x9.unfinished.damaged").read_bytes() == b"nothing"


def test_games_in_progress_go_back_where_they_cannot_be_gone_on_with(tmp_path: Path) -> None:
    worker = SelfPlayWorker(STARTS, PLAY, seed=1)
    worker.use_evaluator(RolloutEvaluator(), "test")
    worker.play(0.01)
    unfinished.keep(tmp_path, worker.pause())
    stream = GameStream(LocalCrew(functools.partial(SelfPlayWorker, STARTS, PLAY), 1), lambda line: None)

    def fail() -> None:
        with unfinished.gone_on_with(tmp_path, stream):
            assert not list(tmp_path.iterdir())
            raise ConfigError("the net was not made for this size")

    with pytest.raises(ConfigError):
        fail()
    assert len(unfinished.take(tmp_path)) == PLAY.games_at_once


def test_starts_come_in_the_stated_proportions() -> None:
    settings = StartSettings(
        sizes={9: 3.0, 13: 1.0}, rules={"area": 1.0, "aga": 1.0}, handicap_share=0.25, komi=7.0, opening_moves=0.04
    )
    chance = random.Random(1)
    starts = [new_start(settings, chance) for _ in range(2000)]
    assert np.mean([start.game.size == 9 for start in starts]) == pytest.approx(0.75, abs=0.04)
    assert np.mean([start.game.rules == Rules.preset("aga") for start in starts]) == pytest.approx(0.5, abs=0.05)
    assert np.mean([start.game.handicap > 0 for start in starts]) == pytest.approx(0.25, abs=0.04)
    assert all(start.game.komi % 1 == 0.5 for start in starts)
    nine = [start.opening_moves for start in starts if start.game.size == 9]
    assert np.mean(nine) == pytest.approx(0.04 * 81 - 0.5, abs=0.4)  # the mean of an exponential, rounded down


def test_half_points_leave_no_draws() -> None:
    assert [half_points(k) for k in (7.0, 7.4, 7.5, 6.99, -0.2)] == [7.5, 7.5, 7.5, 6.5, -0.5]


def test_a_fair_komi_takes_the_lead_away() -> None:
    settings = StartSettings(sizes={5: 1.0}, komi=7.0)
    start = Start(Game(5, 7.5, Rules()), 0, True)
    assert fair_komi(start, settings, 10.2) == 18.5  # 7.5 + 10.2, and the 0.5 that were drawn beyond the mean
    assert abs(fair_komi(start, settings, 1000.0)) == 25.5


# ----------------------------------------------------------------------------------------------- settings


@pytest.mark.parametrize(("kind", "table", "complaint"), [
    (PlaySettings, {"visit": 3}, "unknown setting 'visit'"),
    (PlaySettings, {"visits": 1}, "visits is 1: expected 2"),
    (PlaySettings, {"visits": 2.5}, "visits is 2.5: expected a whole number"),
    (PlaySettings, {"full_share": True}, "full_share is True: expected a number"),
    (PlaySettings, {"root_noise": 2.0}, "root_noise is 2.0: expected 0 to 1"),
    (StartSettings, {"sizes": {"1": 1.0}}, "1 is no board size"),
    (StartSettings, {"sizes": {"nine": 1.0}}, "expected a table of numbers"),
    (StartSettings, {"sizes": {"9": 0.0}}, "sizes: expected shares above 0"),
    (StartSettings, {"rules": {"japanese": 1.0}}, "'japanese' count territory"),
    (StartSettings, {"rules": {"chess": 1.0}}, "unknown rules 'chess'"),
])  # fmt: skip
def test_what_is_not_accepted_is_said(kind: type, table: dict[str, object], complaint: str) -> None:
    with pytest.raises(ConfigError) as caught:
        settings_from(kind, table, "run.toml [x]")
    assert complaint in str(caught.value)
    assert str(caught.value).startswith("run.toml [x]")


def test_the_score_counts_in_all_searches() -> None:
    """With the value alone the winner of a decided game leaves dead stones, which the targets then call alive."""
    settings = PlaySettings(score_weight=0.3)
    assert (settings.full_search.score_weight, settings.cheap_search.score_weight) == (0.3, 0.3)
    assert PlaySettings(gumbel_moves=8).full_search.score_weight == PlaySettings().score_weight > 0
    with pytest.raises(ConfigError, match="score_weight"):
        PlaySettings(score_weight=1.5)
