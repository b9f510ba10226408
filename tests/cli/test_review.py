"""`ponnuki review` as a command: files in, files out, one line for what is not accepted."""

import json

import pytest
from sgfmill import sgf

from ponnuki.cli.main import main

GAME = b"(;SZ[5]KM[0]PB[Aoki]RU[tromp-taylor];B[cc];W[bb];B[bc];W[cb])"


@pytest.fixture
def game(tmp_path):
    path = tmp_path / "game.sgf"
    path.write_bytes(GAME)
    return path


def test_a_game_is_annotated_beside_it(game, tmp_path, capsys):
    figures = tmp_path / "figures.json"
    assert main(["review", str(game), "--visits", "4", "--json", str(figures), "--seed", "1"]) == 0
    out = capsys.readouterr().out
    assert "Black (Aoki)" in out
    assert "written to" in out
    nodes = sgf.Sgf_game.from_bytes((tmp_path / "game-reviewed.sgf").read_bytes()).get_main_sequence()
    assert all(node.has_property("SBKV") for node in nodes)
    assert [row["vertex"] for row in json.loads(figures.read_text())] == ["C3", "B4", "B3", "C4"]
    assert game.read_bytes() == GAME


def test_a_game_of_a_collection_under_other_rules(tmp_path, capsys):
    path = tmp_path / "two.sgf"
    path.write_bytes(GAME + b"(;SZ[5]KM[0];B[aa];W[aa])")
    options = ["--number", "2", "--rules", "japanese", "--komi", "6.5", "--visits", "4", "--out"]
    assert main(["review", str(path), *options, str(tmp_path / "out.sgf")]) == 0
    assert "move 2: " in capsys.readouterr().err
    assert len(sgf.Sgf_game.from_bytes((tmp_path / "out.sgf").read_bytes()).get_main_sequence()) == 3


def test_a_place_that_cannot_be_written_is_noticed_before_the_search(game, tmp_path, monkeypatch, capsys):
    from ponnuki.cli import parsing, review

    monkeypatch.setattr(review, "_review", lambda *_: pytest.fail("searched"))
    with monkeypatch.context() as read_only:
        read_only.setattr(parsing.os, "access", lambda *_: False)
        assert main(["review", str(game)]) == 2
    assert "game-reviewed.sgf': nothing can be written in " in capsys.readouterr().err
    (tmp_path / "game-reviewed.sgf").mkdir()
    assert main(["review", str(game)]) == 2
    assert "game-reviewed.sgf' is a folder; expected the name of a file; --out says" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("content", "options", "code", "said"),
    [
        (None, [], 2, "game.sgf: No such file"),
        (b"no game", [], 1, "not an SGF file"),
        (GAME, ["--number", "2"], 2, "--number 2: "),
        (GAME, ["--rules", "house"], 2, "unknown rules 'house'"),
        (GAME, ["--weights", "absent.onnx"], 1, "absent.onnx"),
        (b"(;SZ[30])", [], 1, "board size 30"),
    ],
)
def test_mistakes_get_one_line(tmp_path, monkeypatch, capsys, content, options, code, said):
    monkeypatch.chdir(tmp_path)
    if content is not None:
        (tmp_path / "game.sgf").write_bytes(content)
    assert main(["review", "game.sgf", *options]) == code
    captured = capsys.readouterr()
    assert captured.out == ""
    notices = ("compil", "the net was made for")
    lines = [line for line in captured.err.splitlines() if not any(notice in line for notice in notices)]
    assert len(lines) == 1
    assert said in lines[0]
    assert not list(tmp_path.glob("*reviewed*"))
