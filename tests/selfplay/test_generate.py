"""`ponnuki selfplay`: games into a folder, on and on."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("torch")

from ponnuki.records.games import read_game
from ponnuki.records.shards import iter_shards


def selfplay(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "ponnuki.cli.main", "selfplay", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, env=os.environ | {"NO_COLOR": "1"})


def test_games_of_several_sizes_and_on_from_there(net: Path, tmp_path: Path) -> None:
    options = ["--weights", net, "--out", tmp_path, "--size", "5=0.7,7=0.3", "--visits", 8, "--cheap-visits", 4,
               "--workers", 1, "--play", "games_at_once=4,full_share=0.5,move_limit=2"]  # fmt: skip
    done = selfplay(*options, "--games", 6)
    assert done.returncode == 0, done.stderr
    shards = [shard for _, shard in iter_shards(tmp_path / "0000")]
    first = sum(shard.games for shard in shards)
    assert first >= 6
    done = selfplay(*options, "--games", first + 4, "--seed", 2)
    assert done.returncode == 0, done.stderr
    shards = [shard for _, shard in iter_shards(tmp_path / "0000")]
    assert sum(shard.games for shard in shards) >= first + 4
    assert {shard.size for shard in shards} == {5, 7}
    assert all(shard.meta["nets"] == ["small"] for shard in shards)
    assert f"games, {sum(int((s.policy_target > 0).sum()) for s in shards)} positions to learn from" in done.stderr


def test_what_games_begin_from(net: Path, tmp_path: Path) -> None:
    start = "komi=20.5,komi_stdev=0,wide_komi_share=0,fair_komi_share=0,handicap_share=1,most_handicap=2"
    done = selfplay("--weights", net, "--out", tmp_path, "--size", 7, "--games", 2, "--workers", 1, "--visits", 8,
                    "--cheap-visits", 4, "--start", start, "--play", "games_at_once=2")  # fmt: skip
    assert done.returncode == 0, done.stderr
    games = [read_game(shard, game) for _, shard in iter_shards(tmp_path / "0000") for game in range(shard.games)]
    assert {game.komi for game in games} == {20.5}
    assert all(len(game.setup) == 2 for game in games)


@pytest.mark.parametrize(("arguments", "complaint"), [
    (("--size", "5,nine"), "'nine' is not accepted"),
    (("--size", "5=x"), "'5=x' is not accepted: expected N or N=SHARE"),
    (("--play", "visit=3"), "unknown setting 'visit'"),
    (("--start", "handicap_share=2"), "handicap_share is 2.0: expected"),
    (("--start", "sizes=9"), "unknown setting 'sizes'"),
    (("--size", "9", "--workers", "1"), "board size 9: small was made for 5, 7"),
    (("--ray", "127.0.0.1:1"), "no Ray cluster can be reached there"),
])  # fmt: skip
def test_wrong_use_is_one_line(net: Path, tmp_path: Path, arguments: tuple[str, ...], complaint: str) -> None:
    if "--ray" in arguments:
        pytest.importorskip("ray")
    done = selfplay("--weights", net, "--out", tmp_path / "games", "--games", 2, *arguments)
    assert done.returncode == 2
    assert complaint in done.stderr
    assert len(done.stderr.splitlines()) == 1
