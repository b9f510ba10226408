"""`ponnuki relabel`: searches of recorded positions, the hard ones above all, and on from where it was stopped."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch")

from ponnuki.engine.errors import ConfigError
from ponnuki.engine.rules import Rules, Scoring
from ponnuki.records.format import TARGET_STORED
from ponnuki.records.games import GameRecord
from ponnuki.records.sampling import find_groups
from ponnuki.records.shards import read_shard, write_shard
from ponnuki.records.targets import gather_targets, trainable_positions
from ponnuki.selfplay import relabel
from ponnuki.selfplay.crew import Reply
from ponnuki.selfplay.relabel import Relabeller, RelabelSettings, divergence, draw, positions_of
from ponnuki.selfplay.report import LoopLog
from ponnuki.selfplay.stream import WorkersLost
from ponnuki.selfplay.worker import NetFile
from tests.records.random_games import random_shard

VISITS = 12


def command(*arguments: object) -> subprocess.CompletedProcess[str]:
    words = [sys.executable, "-m", "ponnuki.cli.main", "relabel", *map(str, arguments)]
    return subprocess.run(words, capture_output=True, text=True, env=os.environ | {"NO_COLOR": "1"})


def test_labels_are_those_of_searches_and_stand_for_themselves(net: Path, tmp_path: Path) -> None:
    source = tmp_path / "games.npz"
    shard = random_shard(4, 5, games=6, labelled=True)
    write_shard(source, shard)
    options = ["--weights", net, "--out", tmp_path / "out", "--visits", VISITS, "--share", 0.5, "--workers", 1]
    done = command(source, *options)
    assert done.returncode == 0, done.stderr
    (path,) = (tmp_path / "out").glob("*.npz")
    found = read_shard(path)
    assert found.relabelled
    assert (found.meta["source"], found.meta["visits"]) == ("games.npz", VISITS)
    searched = np.flatnonzero(found.policy_target == TARGET_STORED)
    assert np.array_equal(trainable_positions(found), searched)
    assert 0 < len(searched) <= round(0.5 * len(trainable_positions(shard)))
    assert found.visits is not None
    assert (found.visits[searched] >= VISITS).all()
    assert not np.isnan(found.value_to_play[searched]).any()
    assert np.isnan(np.delete(found.value_to_play, searched)).all()
    targets = gather_targets(found, searched, np.zeros(len(searched), np.int64))
    assert np.array_equal(targets.value_target, found.value_to_play[searched].astype(np.float32))
    assert targets.policy_weight.tolist() == targets.ownership_weight.tolist() == [1.0] * len(searched)
    assert [group.name for group in find_groups(tmp_path / "out")] == ["5x5 relabelled"]
    assert find_groups(tmp_path / "out")[0].weight == len(searched)


class InThisProcess:
    """A crew of one worker that answers at once; it loses as many calls as it is told to."""

    workers = 1

    def __init__(self, worker: Relabeller, losses: int = 0) -> None:
        self._worker, self._losses = worker, losses
        self._replies: list[Reply] = []
        self.calls = 0

    @property
    def idle(self) -> list[int]:
        return [] if self._replies else [0]

    def call(self, worker: int, method: str, *arguments: Any) -> None:
        self.calls += 1
        if self.calls <= self._losses:
            self._replies.append(Reply(worker, lost="gone"))
        else:
            self._replies.append(Reply(worker, getattr(self._worker, method)(*arguments)))

    def share(self, value: Any) -> Any:
        return value

    def wait(self, timeout_s: float) -> list[Reply]:
        replies, self._replies = self._replies, []
        return replies

    def abandon(self, worker: int) -> None: ...

    def close(self) -> None: ...


def run(crew: InThisProcess, net: Path, source: Path, out: Path, settings: RelabelSettings) -> tuple[int, int]:
    with LoopLog(out / "log", out / "tensorboard") as log:
        searched_with = NetFile("small", net.read_bytes())
        return relabel.relabel(crew, searched_with, [source], out, settings, threading.Event(), log)


def test_what_is_there_is_not_made_again(net: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = RelabelSettings(visits=VISITS, share=1.0, seed=3)
    source, out = tmp_path / "games.npz", tmp_path / "out"
    write_shard(source, random_shard(5, 5, games=6, labelled=True))
    monkeypatch.setattr(relabel, "POSITIONS_A_FILE", 60)
    chunks = relabel.chunks_of([source], out, settings)
    assert [chunk.low for chunk in chunks] == [0, *(chunk.high for chunk in chunks[:-1])]
    assert chunks[-1].high == 6
    assert len(chunks) > 1
    worker = Relabeller(NetFile("small", net.read_bytes()), settings, 0)
    crew = InThisProcess(worker, losses=2)
    assert run(crew, net, source, out, settings) == (len(chunks), len(chunks))
    assert crew.calls == len(chunks) + 2
    assert "worker 0 is lost: gone" in (out / "log").read_text()
    before = read_shard(chunks[1].target)
    chunks[1].target.unlink()
    crew = InThisProcess(worker)
    assert run(crew, net, source, out, settings) == (len(chunks), len(chunks))
    assert crew.calls == 1
    after = read_shard(chunks[1].target)
    assert np.array_equal(after.policy_weight, before.policy_weight), "a chunk's seed decides what becomes of it"
    assert np.array_equal(after.value_to_play, before.value_to_play, equal_nan=True)
    other = RelabelSettings(visits=VISITS, share=0.5, seed=3)
    with pytest.raises(ConfigError, match=r"out: has labels with share = 1\.0, not 0\.5; go on with that, or give"):
        run(crew, net, source, out, other)


def test_workers_that_are_lost_again_and_again_end_the_run(net: Path, tmp_path: Path) -> None:
    settings = RelabelSettings(visits=VISITS)
    write_shard(tmp_path / "games.npz", random_shard(5, 5, games=2))
    crew = InThisProcess(Relabeller(NetFile("small", net.read_bytes()), settings, 0), losses=99)
    with pytest.raises(WorkersLost, match="10 workers were lost one after the other; the last: gone"):
        run(crew, net, tmp_path / "games.npz", tmp_path / "out", settings)


def test_games_that_have_ended_or_that_the_rules_refuse_are_left_there() -> None:
    ended = GameRecord(5, 7.5, Rules(), [12, 25, 25, 6])
    refused = GameRecord(5, 7.5, Rules(), [12, 12, 6])
    found = [(game, move) for game, move, _ in positions_of([ended, refused], [[0, 1, 2, 3], [1, 2]])]
    assert found == [(0, 0), (0, 1), (0, 2), (1, 1)]


def test_the_rules_asked_for_are_searched_and_recorded(net: Path) -> None:
    settings = RelabelSettings(visits=2, share=1.0, rules="area")
    game = GameRecord(5, 6.5, Rules(scoring=Scoring.TERRITORY), [12, 6, 8])
    (labelled,) = Relabeller(NetFile("small", net.read_bytes()), settings, 0).label([game], 1)
    assert labelled.rules == Rules.preset("area")
    assert [label.policy_target for label in labelled.labels] == [TARGET_STORED] * 3


def test_hard_positions_are_drawn_more_often() -> None:
    surprises = np.array([0.0] * 50 + [1.0] * 40 + [4.0] * 10)
    times = np.zeros(100)
    for seed in range(400):
        drawn = draw(surprises, 10, 0.5, np.random.default_rng(seed))
        assert len(set(drawn.tolist())) == 10
        times[drawn] += 1
    easy, middle, hard = times[:50].mean(), times[50:90].mean(), times[90:].mean()
    assert easy > 0
    assert middle > 1.5 * easy
    assert hard > 2 * middle
    assert sorted(draw(surprises, 100, 1.0, np.random.default_rng(0)).tolist()) == list(range(100))
    assert len(draw(np.zeros(7), 3, 1.0, np.random.default_rng(0))) == 3


def test_divergence() -> None:
    target = np.array([[0.5, 0.5, 0.0], [0.0, 1.0, 0.0], [0.25, 0.25, 0.5]], np.float32)
    logits = np.log(np.array([[0.5, 0.5, 1e-9], [0.2, 0.5, 0.3], [0.25, 0.25, 0.5]])) + 3
    assert divergence(target, logits) == pytest.approx([0, np.log(2), 0], abs=1e-6)


def test_labels_are_not_searched_again(net: Path, tmp_path: Path) -> None:
    """Where they go to a folder below the records."""
    write_shard(tmp_path / "games.npz", random_shard(1, 5, games=1))
    options = ["--weights", net, "--out", tmp_path / "labels", "--visits", 2, "--workers", 1]
    for _ in range(2):
        done = command(tmp_path, *options)
        assert done.returncode == 0, done.stderr
        assert [path.name for path in (tmp_path / "labels").glob("*.npz")] == ["games-00000.npz"]


@pytest.mark.parametrize(("arguments", "complaint"), [
    (("--share", "0"), "--share"),
    (("--rules", "martian"), "unknown rules 'martian'"),
    (("--visits", "1"), "--visits"),
])  # fmt: skip
def test_wrong_use_is_one_line(net: Path, tmp_path: Path, arguments: tuple[str, ...], complaint: str) -> None:
    write_shard(tmp_path / "games.npz", random_shard(1, 5, games=1))
    done = command(tmp_path / "games.npz", "--weights", net, "--out", tmp_path / "out", *arguments)
    assert done.returncode == 2
    assert complaint in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_a_net_of_other_sizes_is_refused(net: Path, tmp_path: Path) -> None:
    write_shard(tmp_path / "games.npz", random_shard(1, 6, games=1))
    done = command(tmp_path / "games.npz", "--weights", net, "--out", tmp_path / "out", "--workers", 1)
    assert done.returncode == 2
    assert "board size 6: small was made for 5, 7" in done.stderr
