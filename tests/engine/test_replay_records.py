"""The replay script: finds exactly the moves that a ko rule refuses, set-up and first player respected."""

from __future__ import annotations

from pathlib import Path

import pytest

from ponnuki.engine.coords import BLACK, parse_vertex
from ponnuki.engine.rules import Ko, Rules
from ponnuki.records.games import GameRecord, ShardBuilder
from ponnuki.records.shards import write_shard
from tests.reference.rule_cases import CHOSEI, RuleCase
from tests.scripts.replay_records import replay


def shard_of(path: Path, moves: str) -> Path:
    """A shard of one plain game and one that starts from the eternal-life diagram."""
    stones, size = RuleCase("", CHOSEI, moves).before
    setup = [(colour, point) for point, colour in enumerate(stones) if colour]
    record = GameRecord(size, 7.5, Rules(ko=Ko.SIMPLE), [parse_vertex(text, size) for text in moves.split()],
                        first=BLACK, setup=setup)
    builder = ShardBuilder(size)
    builder.add(GameRecord(size, 7.5, Rules(), [0, 1, 16, 16]))
    builder.add(record)
    write_shard(path, builder.build())
    return path


@pytest.mark.parametrize(("ko", "refused"), [(Ko.SIMPLE, []), (None, []), (Ko.POSITIONAL, [3, 4, 5, 6, 7])])
def test_cycles(tmp_path: Path, capsys: pytest.CaptureFixture[str], ko: Ko | None, refused: list[int]) -> None:
    """Twice round the eternal life: superko refuses what repeats, the fourth move and all the second round."""
    path = shard_of(tmp_path / "games.npz", "A4 A2 A3 A1 A4 A2 A3 A1")
    assert replay(path, ko, suicide=False) == len(refused)
    *lines, summary = capsys.readouterr().out.splitlines()
    assert [line.split("game 1, move ")[1].split()[0] for line in lines] == [str(index) for index in refused]
    assert summary == f"{path}: 2 games, 12 moves, {len(refused)} refused"


def test_an_occupied_point_ends_the_game(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = shard_of(tmp_path / "games.npz", "A4 A4 A2 A4")
    assert replay(path, None, suicide=False) == 1
    assert "game 1, move 1 (A4) refused under simple ko" in capsys.readouterr().out
