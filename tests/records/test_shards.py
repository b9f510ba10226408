"""Shards survive the disk unchanged; damaged, foreign and inconsistent ones are refused by name."""

import json
import logging
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest

from ponnuki.engine.errors import RecordError
from ponnuki.records.format import FORMAT, Shard
from ponnuki.records.shards import iter_shards, read_header, read_shard, shard_paths, write_shard
from tests.records.random_games import random_shard, write_random_shards


def assert_same(one: Shard, other: Shard) -> None:
    """Every field equal, types of arrays included."""
    for entry in fields(Shard):
        left, right = getattr(one, entry.name), getattr(other, entry.name)
        if isinstance(left, np.ndarray):
            assert left.dtype == right.dtype, entry.name
            np.testing.assert_array_equal(left, right, err_msg=entry.name)
        else:
            assert left == right, entry.name


def stored(shard: Shard, **changes: object) -> dict[str, object]:
    """The arrays of a shard as a file holds them, some of them changed; None leaves one out."""
    arrays = {entry.name: getattr(shard, entry.name) for entry in fields(Shard)}
    arrays |= {"format": FORMAT, "meta": json.dumps(shard.meta)} | changes
    return {name: array for name, array in arrays.items() if array is not None}


@pytest.mark.parametrize(
    "options",
    [{"size": 2, "games": 0}, {"size": 9}, {"size": 9, "labelled": True}],
    ids=["empty", "played", "labelled"],
)
def test_a_shard_survives_the_disk(tmp_path: Path, options: dict[str, int]) -> None:
    shard = random_shard(1, **options)  # type: ignore[arg-type]
    path = tmp_path / "new folder" / "shard.npz"
    write_shard(path, shard)
    assert_same(shard, read_shard(path))
    assert [entry.name for entry in path.parent.iterdir()] == ["shard.npz"], "a temporary file was left"


def test_the_minimum_that_the_format_asks_for_is_enough(tmp_path: Path) -> None:
    path = tmp_path / "minimal.npz"
    np.savez(
        path, format=FORMAT, size=np.uint8(9), komi=np.float32([7]), scoring=np.uint8([0]), winner=np.int8([1]),
        ending=np.uint8([2]), score_black=np.float32([np.nan]), length=np.int32([3]), moves=np.uint16([40, 41, 81]),
        unknown_extra=np.arange(3),
    )  # fmt: skip
    shard = read_shard(path)
    assert (shard.games, shard.positions, shard.size) == (1, 3, 9)
    assert shard.ko.tolist() == shard.first.tolist() == shard.setup_len.tolist() == [0]
    assert shard.value_to_play is None
    assert shard.policy_len is None


def test_starts_follow_from_lengths() -> None:
    shard = random_shard(3, games=4, labelled=True)
    assert shard.start.tolist() == [0, *np.cumsum(shard.length).tolist()]
    assert shard.policy_len is not None
    assert shard.ownership_index is not None
    assert shard.entry[-1] == shard.policy_len.sum()
    assert (shard.ownership_row >= 0).sum() == len(shard.ownership_index)
    assert shard.ownership_row[shard.ownership_index[2]] == 2


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"format": None}, "no format"),
        ({"format": "ponnuki-games-9"}, "'ponnuki-games-9', expected 'ponnuki-games-1'"),
        ({"requires_levitation": np.uint8(1)}, "needs requires_levitation"),
        ({"moves": None}, "lacks moves"),
        ({"size": np.uint8(26)}, "size 26, accepted are 2 to 25"),
        ({"komi": np.float32([7.5])}, "komi has shape (1,), expected (6,)"),
        ({"moves": np.zeros(7, np.uint16)}, "moves has shape (7,), expected (240,)"),
        ({"moves": np.full(240, 50, np.uint16)}, "moves has values 50 to 50, accepted are 0 to 49"),
        ({"winner": np.full(6, 2, np.int8)}, "winner has values 2 to 2"),
        ({"winner": np.full(6, 300, np.int32)}, "winner has values outside int8"),
        ({"komi": np.full(6, np.nan, np.float32)}, "komi is not a finite number"),
        ({"value_to_play": np.full(240, 1.5, np.float16)}, "value_to_play has values 1.5 to 1.5"),
        ({"policy_move": None}, "go together, but not all are there"),
        ({"ownership_index": np.full(60, 240, np.int32)}, "ownership_index has values 240 to 240"),
        ({"ownership_to_play": np.zeros((60, 48), np.int8)}, "ownership_to_play has shape (60, 48)"),
        ({"length": np.array(["a"] * 6)}, "length has type"),
        ({"meta": "{"}, "meta is not JSON"),
        ({"sample_weight": np.full(240, np.inf, np.float16)}, "sample_weight has values that are not numbers of 0"),
        ({"lead_to_play": np.full(240, np.inf, np.float16)}, "lead_to_play has infinite values"),
        ({"score_black": np.full(6, -np.inf, np.float32)}, "score_black has infinite values"),
    ],
)
def test_what_is_wrong_with_a_shard_is_said(tmp_path: Path, change: dict[str, object], complaint: str) -> None:
    path = tmp_path / "wrong.npz"
    np.savez(path, **stored(random_shard(0, labelled=True), **change))  # type: ignore[arg-type]
    with pytest.raises(RecordError) as caught:
        read_shard(path)
    assert str(path) in str(caught.value)
    assert complaint in str(caught.value)
    assert "\n" not in str(caught.value)


def test_nothing_is_unpickled(tmp_path: Path) -> None:
    path = tmp_path / "pickle.npz"
    np.savez(path, **stored(random_shard(0), moves=np.array([print], dtype=object)))  # type: ignore[arg-type]
    with pytest.raises(RecordError, match="damaged or not a shard: no array of plain numbers"):
        read_shard(path)


@pytest.mark.parametrize("change", [{"meta": "{"}, {"size": np.int8(-9)}, {"length": np.int32([-2])}])
def test_what_is_wrong_with_a_header_is_said_with_the_file(tmp_path: Path, change: dict[str, object]) -> None:
    np.savez(tmp_path / "wrong.npz", **stored(random_shard(0), **change))  # type: ignore[arg-type]
    with pytest.raises(RecordError, match=r"wrong\.npz: damaged or not a shard: "):
        read_header(tmp_path / "wrong.npz")


def test_a_shard_that_is_named_twice_counts_once(tmp_path: Path) -> None:
    write_shard(tmp_path / "a.npz", random_shard(0))
    write_shard(tmp_path / "b.npz", random_shard(1))
    again = tmp_path / "sub" / ".." / "b.npz"
    (tmp_path / "sub").mkdir()
    assert [path.name for path in shard_paths([tmp_path, again])] == ["a.npz", "b.npz"]


def test_a_damaged_shard_is_refused_or_reads_as_it_was_written(tmp_path: Path) -> None:
    shard = random_shard(0, games=2, moves=20)
    write_shard(tmp_path / "sound.npz", shard)
    sound = (tmp_path / "sound.npz").read_bytes()
    damaged, rng, refusals = tmp_path / "damaged.npz", np.random.default_rng(0), []
    for trial in range(150):
        data = bytearray(sound)
        if trial % 3:
            data[rng.integers(len(data))] ^= 1 << rng.integers(8)
        else:
            del data[rng.integers(len(data)) :]
        damaged.write_bytes(data)
        try:
            assert_same(read_shard(damaged), shard)
        except RecordError as error:
            refusals.append(str(error))
    assert len(refusals) > 100
    assert all(message.startswith(str(damaged)) and "\n" not in message for message in refusals)


@pytest.mark.parametrize("content", [b"", b"not a zip", b"\x93NUMPY rubbish"])
def test_other_files_are_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "other.npz"
    path.write_bytes(content)
    for read in (read_shard, read_header):
        with pytest.raises(RecordError, match=r"other\.npz: "):
            read(path)


def test_a_bare_array_is_refused(tmp_path: Path) -> None:
    with (tmp_path / "bare.npz").open("wb") as file:
        np.save(file, np.arange(3))
    with pytest.raises(RecordError, match=r"not an \.npz archive"):
        read_shard(tmp_path / "bare.npz")


def test_missing_places_are_named(tmp_path: Path) -> None:
    with pytest.raises(RecordError, match="no such file"):
        read_shard(tmp_path / "none.npz")
    with pytest.raises(RecordError, match="no such file or folder"):
        shard_paths(tmp_path / "none")
    with pytest.raises(RecordError, match=r"no \*\.npz shards in this folder"):
        shard_paths([tmp_path])


def test_an_inconsistent_shard_is_not_written(tmp_path: Path) -> None:
    shard = replace(random_shard(0), komi=np.zeros(2, np.float32))
    with pytest.raises(RecordError, match="not written: komi has shape"):
        write_shard(tmp_path / "wrong.npz", shard)
    assert not list(tmp_path.iterdir())


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(RecordError, match="cannot be written"):
        write_shard(tmp_path / "file" / "shard.npz", random_shard(0))


def test_iteration_skips_a_damaged_shard_with_one_line(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    paths = write_random_shards(tmp_path, 3, games=2)
    paths[1].write_bytes(paths[1].read_bytes()[:200])
    (tmp_path / ".0.npz.77.tmp").write_bytes(b"half a shard of a writer that was killed")
    with caplog.at_level(logging.WARNING, "ponnuki.records"):
        read = [path for path, _ in iter_shards(tmp_path)]
    assert read == [paths[0], paths[2]]
    assert len(caplog.messages) == 1
    assert str(paths[1]) in caplog.messages[0]


def test_the_header_tells_what_the_shard_holds(tmp_path: Path) -> None:
    played, labelled = tmp_path / "played.npz", tmp_path / "labelled.npz"
    write_shard(played, random_shard(0))
    write_shard(labelled, random_shard(0, labelled=True))
    header = read_header(played)
    assert (header.size, header.games, header.positions, header.labelled) == (7, 6, 240, False)
    assert read_header(labelled).labelled
    assert read_header(labelled).memory_bytes > header.memory_bytes > 2 * 240
