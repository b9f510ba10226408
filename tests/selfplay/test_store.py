"""Games on disk: written one by one, put together, and whole after every kind of accident."""

from __future__ import annotations

import logging
from pathlib import Path

import numpy as np
import pytest

from ponnuki.engine.errors import ConfigError, RecordError
from ponnuki.records.format import TARGET_STORED
from ponnuki.records.shards import read_shard
from ponnuki.selfplay import store as store_module
from ponnuki.selfplay.playing import Finished
from ponnuki.selfplay.store import NEW, GameStore
from ponnuki.selfplay.window import WindowSettings
from tests.records.random_games import random_record


def finished(seed: int, size: int = 5) -> Finished:
    record = random_record(np.random.default_rng(seed), size, labelled=True)
    return Finished(record, f"net-{seed % 2}", playouts=100, checked=seed % 3 == 0, wrongly=seed % 6 == 0)


@pytest.fixture
def few_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store_module, "GAMES_TOGETHER", 4)


def learnt(games: list[Finished]) -> int:
    return sum(game.learnt for game in games)


@pytest.mark.usefixtures("few_together")
def test_games_are_written_at_once_and_put_together_later(tmp_path: Path) -> None:
    store, games = GameStore(tmp_path), [finished(seed) for seed in range(10)]
    for count, game in enumerate(games, 1):
        store.add(1, game)
        assert GameStore(tmp_path).games() == count
    store.gather(1)
    assert sorted(p.name for p in (tmp_path / "0001").glob("*.npz")) == ["5x5-00001.npz", "5x5-00002.npz"]
    assert len(list((tmp_path / "0001" / NEW).glob("*.npz"))) == 2
    store.gather(1, all_of_them=True)
    assert not list((tmp_path / "0001" / NEW).glob("*.npz"))
    for opened in (store, GameStore(tmp_path)):
        assert (opened.games(), opened.positions()) == (10, learnt(games))
    metas = [read_shard(path).meta for path in sorted((tmp_path / "0001").glob("*.npz"))]
    assert sum(meta["playouts"] for meta in metas) == 1000
    assert sum(meta["resignations_checked"] for meta in metas) == 4
    assert sum(meta["resignations_wrong"] for meta in metas) == 2
    assert metas[0]["nets"] == ["net-0", "net-1"]


@pytest.mark.usefixtures("few_together")
def test_a_kill_between_putting_together_and_removing_leaves_no_game_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = GameStore(tmp_path)
    for seed in range(4):
        store.add(1, finished(seed))
    with monkeypatch.context() as patch:
        patch.setattr(Path, "unlink", lambda *args, **options: None)  # as if killed before anything was removed
        store.gather(1)
    assert len(list((tmp_path / "0001" / NEW).glob("*.npz"))) == 4
    assert GameStore(tmp_path).games() == 4
    assert not list((tmp_path / "0001" / NEW).glob("*.npz"))


def test_half_a_file_is_removed_and_a_damaged_one_is_set_aside(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    store = GameStore(tmp_path)
    for seed in range(3):
        store.add(2, finished(seed))
    files = sorted((tmp_path / "0002" / NEW).glob("*.npz"))
    files[0].write_bytes(files[0].read_bytes()[:100])
    (tmp_path / "0002" / NEW / ".x.npz.1.tmp").write_bytes(b"half")
    with caplog.at_level(logging.WARNING, "ponnuki.selfplay"):
        opened = GameStore(tmp_path)
    assert opened.games() == 2
    assert "set aside" in caplog.text
    assert files[0].with_name(files[0].name + ".damaged").exists()
    assert not list(tmp_path.glob("**/*.tmp"))


def test_a_file_damaged_while_the_run_goes_on_costs_its_game_alone(tmp_path: Path) -> None:
    store = GameStore(tmp_path)
    for seed in range(3):
        store.add(1, finished(seed))
    victim = next(iter((tmp_path / "0001" / NEW).glob("*.npz")))
    victim.write_bytes(b"nothing")
    store.gather(1, all_of_them=True)
    assert store.games() == GameStore(tmp_path).games() == 2


def test_a_game_that_cannot_be_written_is_not_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = GameStore(tmp_path)

    def full(*args: object, **options: object) -> None:
        raise RecordError("x.npz: cannot be written: No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(store_module, "write_shard", full)
        with pytest.raises(RecordError, match="No space left"):
            store.add(1, finished(1))
    assert store.games() == 0
    store.add(1, finished(1))
    assert store.games() == 1


def test_the_window_takes_the_newest_files(tmp_path: Path) -> None:
    store = GameStore(tmp_path)
    for generation in (1, 2, 3):
        store.add(generation, finished(generation))
        store.gather(generation, all_of_them=True)
    newest = tmp_path / "0003" / "5x5-00001.npz"
    assert store.window(1) == [newest]
    assert store.window(learnt([finished(3)]) + 1) == [newest, tmp_path / "0002" / "5x5-00001.npz"]
    assert len(store.window(10**6)) == 3


def test_a_reader_changes_nothing(tmp_path: Path) -> None:
    store = GameStore(tmp_path)
    store.add(1, finished(1))
    damaged = tmp_path / "0001" / "5x5-00009.npz"
    damaged.write_bytes(b"x")
    assert GameStore(tmp_path, mend=False).games() == 1
    assert damaged.exists()


def test_labels_come_back_as_they_were(tmp_path: Path) -> None:
    store, game = GameStore(tmp_path), finished(7)
    store.add(1, game)
    store.gather(1, all_of_them=True)
    shard = read_shard(tmp_path / "0001" / "5x5-00001.npz")
    assert shard.moves.tolist() == game.record.moves
    assert int((shard.policy_target == TARGET_STORED).sum()) == game.learnt


def test_the_window_grows_more_slowly_than_the_run() -> None:
    window = WindowSettings(start=1000, exponent=0.75, growth=0.4)
    assert [window.positions(n) for n in (0, 500, 1000)] == [0, 500, 1000]
    sizes = [window.positions(n) for n in (1000, 2000, 4000, 16_000, 256_000)]
    assert sizes == sorted(sizes)
    assert sizes[-1] == int(1000 * (1 + 0.4 * (256**0.75 - 1) / 0.75))
    shares = [size / n for size, n in zip(sizes, (1000, 2000, 4000, 16_000, 256_000), strict=True)]
    assert shares == sorted(shares, reverse=True)
    with pytest.raises(ConfigError, match="exponent is 2"):
        WindowSettings(exponent=2)
