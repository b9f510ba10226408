"""The work of `ponnuki records` on files and folders."""

import io
import logging
from pathlib import Path

import numpy as np
import pytest

from ponnuki.engine.errors import RecordError
from ponnuki.engine.rules import Rules
from ponnuki.records import progress
from ponnuki.records.commands import check_lines, export_sgf, import_sgf, info_lines
from ponnuki.records.format import ENDING_RESIGNED
from ponnuki.records.games import read_game
from ponnuki.records.shards import read_shard, write_shard
from tests.records.random_games import random_shard, write_random_shards


def test_export_and_import_give_the_same_games(tmp_path: Path) -> None:
    shard = random_shard(0, games=5)
    write_shard(tmp_path / "a.npz", shard)
    assert export_sgf([tmp_path / "a.npz"], tmp_path / "sgf") == 5
    summary = import_sgf([tmp_path / "sgf"], tmp_path / "out", games_per_shard=2)
    assert str(summary) == "5 games in 3 shards, 0 files or games skipped"
    assert [path.name for path in summary.written] == [f"sgf_7x7_{number}.npz" for number in range(3)]
    again = [read_game(part, game) for part in map(read_shard, summary.written) for game in range(part.games)]
    for index, record in enumerate(again):
        original = read_game(shard, index)
        assert (record.moves, record.komi, record.first) == (original.moves, original.komi, original.first)
        assert sorted(record.setup) == sorted(original.setup)


def test_export_refuses_shards_whose_games_would_have_one_name(tmp_path: Path) -> None:
    for folder in ("a", "b"):
        write_shard(tmp_path / folder / "x.npz", random_shard(0, games=1))
    with pytest.raises(RecordError, match="has the name of"):
        export_sgf([tmp_path / "a", tmp_path / "b"], tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_import_sorts_by_size_and_leaves_out_what_cannot_be_kept(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    files = {
        "deep/er/a.sgf": "(;SZ[9]RE[B+R];B[aa];W[bb])(;SZ[13]RE[W+3.5]RU[Chinese];B[aa];W[bb])",
        "illegal.SGF": "(;SZ[9]RE[B+R];B[aa];W[aa])",
        "broken.sgf": "no game",
        "empty.sgf": "(;SZ[9]RE[B+R])",
        "unsure.sgf": "(;SZ[9];B[aa])",
        "infinite.sgf": "(;SZ[9]RE[B+R]KM[" + "9" * 400 + "];B[aa])",
        "notes.txt": "(;SZ[9]RE[B+R];B[aa])",
    }
    for name, text in files.items():
        (tmp_path / "in" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "in" / name).write_text(text)
    rules = Rules.preset("japanese")
    with caplog.at_level(logging.WARNING, "ponnuki.records"):
        summary = import_sgf([tmp_path / "in"], tmp_path / "out", rules=rules, sure_results_only=True)
    assert (summary.games, summary.skipped) == (2, 3)
    assert {path.name for path in summary.written} == {"sgf_9x9_0.npz", "sgf_13x13_0.npz"}
    nine = read_shard(tmp_path / "out" / "sgf_9x9_0.npz")
    assert (nine.scoring.tolist(), nine.ending.tolist(), nine.winner.tolist()) == ([1], [ENDING_RESIGNED], [1])
    assert read_shard(tmp_path / "out" / "sgf_13x13_0.npz").score_black.tolist() == [-3.5]
    assert any("illegal.SGF, game 1 of 1: move 1 (A9) is illegal" in line for line in caplog.messages)
    assert len(caplog.messages) == 3


def test_import_keeps_the_good_games_of_a_collection(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    good, bad = "(;GM[1]SZ[9];B[ee];W[cc])", ["(;GM[1]SZ[9:7];B[ee])", "(;SZ[9];B[zz])", "(;SZ[9];B[aa];AW[bb])"]
    (tmp_path / "many.sgf").write_text(good + "".join(each + good for each in bad))
    summary = import_sgf([tmp_path], tmp_path / "out")
    assert (summary.games, summary.skipped) == (4, 3)
    assert [line.split(": ")[0] for line in caplog.messages] == [
        f"skipped {tmp_path / 'many.sgf'}, game {number} of 7" for number in (2, 4, 6)
    ]


def test_import_overwrites_nothing_and_names_what_is_missing(tmp_path: Path) -> None:
    (tmp_path / "a.sgf").write_text("(;SZ[9];B[aa])")
    import_sgf([tmp_path / "a.sgf"], tmp_path / "out")
    with pytest.raises(RecordError, match=r"sgf_9x9_0\.npz: already there"):
        import_sgf([tmp_path / "a.sgf"], tmp_path / "out")
    with pytest.raises(RecordError, match="no such file or folder"):
        import_sgf([tmp_path / "none"], tmp_path / "out2")
    with pytest.raises(RecordError, match="no SGF files"):
        import_sgf([tmp_path / "out"], tmp_path / "out2")


def test_info_counts_what_shards_hold(tmp_path: Path) -> None:
    write_random_shards(tmp_path, 1, games=3, moves=20, labelled=True)
    header, line, meta = info_lines([tmp_path])
    assert header.split()[:4] == ["shard", "board", "games", "positions"]
    assert line.split()[:7] == ["0.npz", "7", "3", "60", "48", "51", "15"]
    assert "'seed': 0" in meta


def test_check_says_what_is_wrong(tmp_path: Path) -> None:
    sound, damaged, illegal = write_random_shards(tmp_path, 3)
    assert list(check_lines([sound])) == []
    damaged.write_bytes(damaged.read_bytes()[:-10])
    shard = read_shard(illegal)
    shard.moves[shard.start[1] + 5 : shard.start[1] + 7] = 24
    write_shard(illegal, shard)
    lines = list(check_lines([tmp_path]))
    assert len(lines) == 2
    assert lines[0].startswith(f"{damaged}: damaged")
    assert lines[1].startswith(f"{illegal}: game 1: move ")


def test_progress_is_plain_lines_off_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.StringIO()
    monkeypatch.setattr(progress, "LINE_INTERVAL_S", 0.0)
    assert list(progress.with_progress([1, 2], "reading", stream)) == [1, 2]
    assert stream.getvalue().splitlines() == ["reading: 0 of 2", "reading: 1 of 2"]


def test_progress_is_a_bar_on_a_terminal() -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    stream = Terminal()
    assert list(progress.with_progress(np.arange(3).tolist(), "reading", stream)) == [0, 1, 2]
    assert "reading" in stream.getvalue()
