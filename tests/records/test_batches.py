"""Batches: every position once an epoch, reproducible, resumable, mixed by weight."""

import json
from collections import Counter
from dataclasses import replace
from itertools import islice
from pathlib import Path
from threading import active_count

import numpy as np
import pytest

from ponnuki.engine.errors import ConfigError, RecordError
from ponnuki.records.batches import BatchSource, TrainingBatch, validation_batches
from ponnuki.records.positions import network_inputs
from ponnuki.records.sampling import Group, GroupSampler, find_groups
from ponnuki.records.shards import read_shard, write_shard
from tests.records.random_games import random_shard, write_random_shards


@pytest.fixture
def groups(tmp_path: Path) -> list[Group]:
    """Played and labelled games on 7x7, and played ones on 5x5."""
    for name, count, options in (("a", 3, {}), ("b", 2, {"labelled": True}), ("c", 1, {"size": 5})):
        (tmp_path / name).mkdir()
        for path in write_random_shards(tmp_path / name, count, games=2, moves=20, **options):  # type: ignore[arg-type]
            path.rename(tmp_path / f"{name}{path.name}")
    return find_groups(sorted(tmp_path.glob("*.npz")))


def take(source: BatchSource, count: int) -> list[TrainingBatch]:
    """The next batches; threads are stopped."""
    batches = iter(source)
    taken = list(islice(batches, count))
    batches.close()  # type: ignore[attr-defined]
    return taken


def assert_equal(one: list[TrainingBatch], other: list[TrainingBatch]) -> None:
    assert len(one) == len(other)
    for left, right in zip(one, other, strict=True):
        for name, array, twin in zip(TrainingBatch._fields, left, right, strict=True):
            np.testing.assert_array_equal(array, twin, err_msg=name)


def test_shards_are_grouped_by_board_size_and_kind(groups: list[Group]) -> None:
    found = [(group.name, group.size, len(group.paths), group.weight) for group in groups]
    assert found == [("5x5 played", 5, 1, 40), ("7x7 labelled", 7, 2, 80), ("7x7 played", 7, 3, 120)]


def test_an_epoch_draws_every_position_once_in_another_order_each_time(groups: list[Group]) -> None:
    sampler = GroupSampler(groups[2], seed=1, memory_mb=1)
    epochs = []
    for _ in range(2):
        drawn = [(shard.meta["seed"], int(p)) for _ in range(12) for shard, ps in sampler.take(10) for p in ps]
        assert sorted(drawn) == [(seed, position) for seed in range(3) for position in range(40)]
        epochs.append(drawn)
    assert epochs[0] != epochs[1]
    assert len({seed for seed, _ in epochs[0][:20]}) == 3, "the shards of a part are not mixed"


def test_a_group_beyond_its_memory_is_drawn_part_by_part(groups: list[Group]) -> None:
    sampler = GroupSampler(groups[2], seed=1, memory_mb=0)  # one shard at a time
    first = [shard.meta["seed"] for _ in range(4) for shard, _ in sampler.take(10)]
    rest = [(shard.meta["seed"], int(p)) for _ in range(8) for shard, ps in sampler.take(10) for p in ps]
    assert len(set(first)) == 1
    assert len(set(rest)) == 80
    assert {seed for seed, _ in rest} == {0, 1, 2} - set(first)


def test_a_batch_is_of_one_size_and_its_rows_are_shared_by_weight(groups: list[Group]) -> None:
    weights = {"5x5 played": 1.0, "7x7 labelled": 0.5, "7x7 played": 1.5}
    weighted = [replace(group, weight=weights[group.name]) for group in groups]
    batches = take(BatchSource(weighted, {5: 8, 7: 40}, seed=3), 150)
    sizes = Counter(batch.size for batch in batches)
    assert 30 < sizes[5] < 72  # a third of 150
    assert {(batch.size, batch.rows) for batch in batches} == {(5, 8), (7, 40)}
    labelled = sum(int((batch.ownership_weight > 0).sum()) for batch in batches if batch.size == 7)
    share = labelled / (40 * sizes[7])
    assert 0.25 * 0.2 < share < 0.25 * 0.3, "a quarter of the rows is labelled, a quarter of those has ownership"


def test_batches_depend_on_the_seed_alone(groups: list[Group]) -> None:
    serial = take(BatchSource(groups, 16, seed=5, prefetch=0), 20)
    assert_equal(serial, take(BatchSource(groups, 16, seed=5, prefetch=6, threads=3), 20))
    other = take(BatchSource(groups, 16, seed=6), 20)
    assert any(
        a.planes.shape != b.planes.shape or (a.planes != b.planes).any() for a, b in zip(serial, other, strict=True)
    )


@pytest.mark.parametrize("prefetch", [0, 5])
def test_a_source_goes_on_from_its_saved_state(groups: list[Group], prefetch: int) -> None:
    whole = take(BatchSource(groups, 16, seed=5), 30)
    source = BatchSource(groups, 16, seed=5, prefetch=prefetch)
    take(source, 13)
    state = json.loads(json.dumps(source.state_dict()))
    resumed = BatchSource(groups, 16, seed=5, prefetch=prefetch)
    resumed.load_state_dict(state)
    assert_equal(take(resumed, 17), whole[13:])
    assert_equal(take(source, 17), whole[13:])  # iterating again goes on as well


def test_a_group_whose_shards_have_changed_begins_a_new_epoch(
    groups: list[Group], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    source = BatchSource(groups[2:], 16, seed=5)
    take(source, 2)
    write_shard(tmp_path / "a9.npz", random_shard(9, games=2, moves=20))
    changed = replace(groups[2], paths=(*groups[2].paths, tmp_path / "a9.npz"))
    resumed = BatchSource([changed], 16, seed=5)
    resumed.load_state_dict(source.state_dict())
    assert "7x7 played: the shards have changed" in caplog.text
    assert resumed.state_dict()["groups"]["7x7 played"]["place"] == [1, 0, 0]
    assert len(take(resumed, 3)) == 3


def test_symmetry_none_shows_positions_as_they_were_played(groups: list[Group]) -> None:
    """A batch as large as the group is the whole group, in order."""
    shard = read_shard(groups[0].paths[0])
    as_played = network_inputs(shard, np.arange(40), np.zeros(40, np.int64)).planes
    for batch in take(BatchSource(groups[:1], 40, seed=1, symmetry="none"), 2):
        np.testing.assert_array_equal(batch.planes, as_played)
    (turned,) = take(BatchSource(groups[:1], 40, seed=1), 1)
    changed = (turned.planes != as_played).any(axis=(1, 2, 3))
    assert 15 < changed.sum() < 40
    np.testing.assert_array_equal(turned.planes.sum(axis=(2, 3)), as_played.sum(axis=(2, 3)))


def test_no_thread_is_left_when_iteration_ends(groups: list[Group]) -> None:
    before = active_count()
    take(BatchSource(groups, 16, seed=5, threads=3), 4)
    assert active_count() == before


def test_validation_batches_are_the_same_at_every_call(groups: list[Group]) -> None:
    first = list(validation_batches(groups[2], 32, limit=100))
    assert [batch.rows for batch in first] == [32, 32, 32, 4]
    assert_equal(first, list(validation_batches(groups[2], 32, limit=100)))
    whole = list(validation_batches(groups[2], 50))
    assert sum(batch.rows for batch in whole) == 120
    assert len(np.unique(np.concatenate([batch.planes for batch in whole]).reshape(120, -1), axis=0)) > 100


def test_a_shard_damaged_in_the_meantime_is_passed_over(groups: list[Group], caplog: pytest.LogCaptureFixture) -> None:
    source = BatchSource(groups[2:], 16, seed=5)
    groups[2].paths[1].write_bytes(b"overwritten")
    assert sum(batch.rows for batch in take(source, 10)) == 160
    assert str(groups[2].paths[1]) in caplog.text


def test_a_shard_gone_in_the_meantime_is_passed_over(groups: list[Group], caplog: pytest.LogCaptureFixture) -> None:
    source = BatchSource(groups[2:], 16, seed=5)
    groups[2].paths[1].unlink()
    assert sum(batch.rows for batch in take(source, 10)) == 160
    assert sum(batch.rows for batch in validation_batches(groups[2], 50)) < 120
    assert f"skipped {groups[2].paths[1]}: no such file" in caplog.text


def test_shards_without_any_target_are_refused_instead_of_searched_for_ever(tmp_path: Path) -> None:
    shard = random_shard(0, games=1, moves=4)
    write_shard(tmp_path / "none.npz", replace(shard, policy_target=np.zeros(4, np.uint8), ending=np.uint8([3])))
    with pytest.raises(RecordError, match="'7x7 played' has no position with a target"):
        take(BatchSource(find_groups(tmp_path), 16, seed=5), 1)


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ({"batch_size": {5: 8}}, "batch size for board size 7"),
        ({"batch_size": 0}, "batch size for board size 5"),
        ({"symmetry": "mirror"}, "symmetry 'mirror'"),
        ({"threads": 0}, "threads and memory_mb"),
        ({"seed": -1}, "prefetch and seed"),
    ],
)
def test_wrong_options_are_refused(groups: list[Group], options: dict[str, object], complaint: str) -> None:
    with pytest.raises(ConfigError, match=complaint):
        BatchSource(groups, **{"batch_size": 8, "seed": 0, **options})  # type: ignore[arg-type]


def test_groups_must_have_weight_and_names_of_their_own(groups: list[Group]) -> None:
    with pytest.raises(ConfigError, match="positive weight"):
        BatchSource([replace(groups[0], weight=0)], 8, 0)
    with pytest.raises(ConfigError, match="share a name"):
        BatchSource([groups[0], groups[0]], 8, 0)
