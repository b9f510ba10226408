"""What ships: every file is whole, says the same as the manifest, has its card, and answers sensibly."""

from itertools import chain
from pathlib import Path

import numpy as np
import pytest

from ponnuki import weights
from ponnuki.engine.coords import BLACK, WHITE, parse_vertex, vertex
from ponnuki.engine.errors import WeightsError
from ponnuki.engine.evaluator import NET_INPUTS, Evaluation, LeafBatch
from ponnuki.engine.game import Game
from ponnuki.nets.ort import OnnxEvaluator
from ponnuki.records.games import GameRecord, ShardBuilder
from ponnuki.records.positions import network_inputs

NAMES = weights.names()


def test_there_is_a_default() -> None:
    assert weights.path_of() is not None
    assert weights.manifest()["default"] in NAMES
    assert weights.path_of("nothing of this name") is None


@pytest.mark.parametrize("name", NAMES)
def test_the_manifest_is_right(name: str) -> None:
    entry = weights.manifest()["nets"][name]
    path = weights.path_of(name)
    assert path is not None
    info = OnnxEvaluator(path).info  # compares the sha256
    assert path.stat().st_size == entry["bytes"]
    assert info["precision"] == entry["precision"]
    assert info["architecture"] == entry["architecture"]
    assert info["board_sizes"] == ",".join(map(str, entry["board_sizes"]))
    card = weights.FOLDER / f"{name.removesuffix('-int8')}.md"
    assert entry["file"] in card.read_text("utf-8")


def test_every_net_in_the_folder_is_in_the_manifest() -> None:
    assert {path.name for path in weights.FOLDER.glob("*.onnx")} == {
        entry["file"] for entry in weights.manifest()["nets"].values()
    }


def test_a_changed_file_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    path = weights.path_of()
    assert path is not None
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    (tmp_path / path.name).write_bytes(content)
    (tmp_path / "manifest.json").write_bytes((weights.FOLDER / "manifest.json").read_bytes())
    monkeypatch.setattr(weights, "FOLDER", tmp_path.resolve())
    with pytest.raises(WeightsError, match=f"{path.name}: damaged"):
        OnnxEvaluator(tmp_path / path.name)


def evaluation_of(game: Game, name: str) -> Evaluation:
    """The net's answer for a position."""
    path = weights.path_of(name)
    assert path is not None
    game.play(game.pass_move)  # a record holds the positions before its moves
    builder = ShardBuilder(game.size, {})
    builder.add(GameRecord.from_game(game, winner=0, ending=0, score_black=float("nan")))
    shard = builder.build()
    inputs = network_inputs(shard, np.array([len(shard.moves) - 1]), np.zeros(1, np.int64))
    batch = LeafBatch(game.size, 1, NET_INPUTS)
    batch.arrays.planes[0], batch.arrays.globals[0] = inputs.planes[0], inputs.globals[0]
    batch.count = 1
    return OnnxEvaluator(path).evaluate(batch)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(("size", "lines"), [(9, {3, 4, 5}), (13, {3, 4, 7}), (19, {3, 4, 5})])
def test_it_opens_on_the_usual_lines(name: str, size: int, lines: set[int]) -> None:
    """The likeliest first move lies on the third to fifth line from the nearest edges, or in the centre."""
    answer = evaluation_of(Game(size), name)
    row, col = divmod(int(answer.policy[0].argmax()), size)
    assert {min(row, size - 1 - row) + 1, min(col, size - 1 - col) + 1} <= lines
    assert abs(answer.value_to_play[0]) < 0.5


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("colour", ["black", "white"])
def test_it_knows_who_is_ahead(name: str, colour: str) -> None:
    """One side has a wall across the board, the other four stones in the corners: seen by either, the wall wins."""
    game = Game(9, komi=0.5)
    walls = ["B5", "D5", "F5", "H5"] if colour == "black" else ["A5", "C5", "E5", "G5"]
    corners = ["A1", "J1", "A9", "J9"]
    moves = zip(walls, corners, strict=True) if colour == "black" else zip(corners, walls, strict=True)
    for text in chain.from_iterable(moves):
        game.play(parse_vertex(text, 9))
    sign = 1 if colour == "black" else -1  # Black is to move
    answer = evaluation_of(game, name)
    assert answer.lead_to_play is not None
    assert answer.ownership_to_play is not None
    assert sign * answer.value_to_play[0] > 0.5
    assert sign * answer.lead_to_play[0] > 3
    assert sign * answer.ownership_to_play[0].mean() > 0.1


@pytest.mark.parametrize("name", NAMES)
def test_it_takes_what_is_in_atari(name: str) -> None:
    """F6 is the last liberty of White's three stones and of Black's five: whoever moves captures."""
    game = Game(9, komi=7.5)
    black = ["C5", "D5", "E5", "F5", "G5", "C7", "D7", "E7", "B6"]
    white = ["C6", "D6", "E6", "C4", "D4", "E4", "F4", "G4", "B5", "H5", "G6"]
    game.set_stones(
        [(BLACK, parse_vertex(text, 9)) for text in black] + [(WHITE, parse_vertex(text, 9)) for text in white]
    )
    policy = evaluation_of(game, name).policy[0]
    assert vertex(int(policy.argmax()), 9) == "F6"
