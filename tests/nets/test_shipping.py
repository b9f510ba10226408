"""Shipping a net: its files, a manifest that they agree with, a card with what was measured."""

import hashlib
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="shipping needs torch (the extra `train`)")
pytest.importorskip("onnxscript", reason="export needs onnxscript (the extra `train`)")

from ponnuki import weights  # noqa: E402
from ponnuki.nets import comparison, shipping  # noqa: E402
from ponnuki.nets.checkpoint import load_net, save_net  # noqa: E402
from ponnuki.nets.config import BlockConfig  # noqa: E402
from ponnuki.nets.ort import OnnxEvaluator  # noqa: E402
from ponnuki.records.format import ENDING_STOPPED  # noqa: E402
from ponnuki.records.sampling import find_groups  # noqa: E402
from ponnuki.records.shards import write_shard  # noqa: E402
from tests.nets.small import small_config, small_net  # noqa: E402
from tests.records.random_games import random_shard  # noqa: E402

TRAINING = {
    "data": "random games", "rules": "area scoring", "board_sizes": [5, 7], "steps": 30, "positions": 2400,
    "hours": 0.5, "device": "cpu", "optimizer": "muon", "learning_rate": 0.008, "batch_rows": {"5": 16, "7": 8},
    "shares": {"5x5 labelled": 3.0, "7x7 labelled": 1.0},
}  # fmt: skip


def test_ship(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(comparison, "SPEED_SECONDS", 0.01)
    net = small_net(small_config((BlockConfig("fused", 16, 1.5),)))
    save_net(tmp_path / "run" / "net", net.config, net.state_dict(), TRAINING)
    for size in (5, 7):
        write_shard(tmp_path / f"{size}.npz", random_shard(size, size, labelled=True))
    groups = find_groups([tmp_path / "5.npz", tmp_path / "7.npz"])
    folder = tmp_path / "weights"
    folder.mkdir()
    (folder / "manifest.json").write_text(json.dumps({"default": "old", "nets": {"old": {"file": "old.onnx"}}}))

    monkeypatch.setattr(weights, "FOLDER", folder.resolve())
    shipping.ship(tmp_path / "run" / "net", folder, "small", groups, groups, 10)
    other = small_net(net.config, seed=1)
    save_net(tmp_path / "run" / "net", net.config, other.state_dict(), TRAINING)

    shipped = shipping.ship(tmp_path / "run" / "net", folder, "small", groups, groups, 30)

    manifest = json.loads((folder / "manifest.json").read_text())
    assert set(manifest["nets"]) == {"old", "small", "small-int8"}
    assert manifest["default"] in ("small", "small-int8")
    for name in ("small", "small-int8"):
        content = (folder / manifest["nets"][name]["file"]).read_bytes()
        assert manifest["nets"][name]["sha256"] == hashlib.sha256(content).hexdigest()
        assert manifest["nets"][name]["bytes"] == len(content)
    assert OnnxEvaluator(folder / "small-int8.onnx").info["precision"] == "int8"
    loaded, training = load_net(folder / "small")
    assert training == TRAINING
    assert torch.equal(loaded.stem[0].weight, other.stem[0].weight)
    card = (folder / "small.md").read_text()
    assert card.count(" (default) |") == 1
    assert "30 steps of 16 on 5x5, 8 on 7x7 positions, 2,400 positions in all, 0.50 hours on cpu" in card
    assert "5x5 labelled 75%, 7x7 labelled 25%" in card
    for shipment in shipped:
        assert set(shipment.speeds) == {5, 7}
        assert f"{shipment.figures['7x7 labelled']['top1']:.1%}" in card
    assert manifest["nets"]["small"]["provenance"] == "30 steps on random games"
    assert str(tmp_path) not in card + (folder / "manifest.json").read_text()


def test_a_card_tells_what_was_trained_before_and_the_default_may_stay(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(comparison, "SPEED_SECONDS", 0.01)
    net = small_net(small_config((BlockConfig("fused", 16, 1.5),)))
    before = {"net": "small", "steps": 4000, "positions": 9000, "hours": 1.25}
    training = {**TRAINING, "board_sizes": [5], "before": before, "refitted": "the last layer, on 30 positions"}
    save_net(tmp_path / "net", net.config, net.state_dict(), training)
    write_shard(tmp_path / "5.npz", random_shard(5, 5, labelled=True))
    groups = find_groups([tmp_path / "5.npz"])
    folder = tmp_path / "weights"
    folder.mkdir()
    (folder / "manifest.json").write_text(json.dumps({"default": "old", "nets": {"old": {"file": "old.onnx"}}}))

    shipping.ship(tmp_path / "net", folder, "next", groups, groups, 10, default=False)

    manifest = json.loads((folder / "manifest.json").read_text())
    told = ", from the weights of small after 4,000 steps, 9,000 positions, 1.25 hours"
    assert manifest["default"] == "old"
    assert manifest["nets"]["next-int8"]["provenance"] == "30 steps on random games" + told
    card = (folder / "next.md").read_text()
    assert f"one cycle{told};" in card
    assert "- Fitted once more afterwards: the last layer, on 30 positions.\n" in card
    assert "default" not in card


@pytest.mark.parametrize(
    ("top1", "value_mse", "expected"),
    [(0.50, 0.10, True), (0.496, 0.104, True), (0.494, 0.10, False), (0.50, 0.106, False), (0.6, 0.05, True)],
)
def test_int8_is_the_default_where_it_holds(top1: float, value_mse: float, expected: bool) -> None:
    reference = {"a": {"top1": 0.50, "value_mse": 0.10}, "b": {"top1": 0.3, "value_mse": 0.5}}
    candidate = {**reference, "a": {"top1": top1, "value_mse": value_mse}}
    assert shipping.holds(reference, candidate) == expected


def test_what_a_group_does_not_say_is_left_open(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(comparison, "SPEED_SECONDS", 0.01)
    net = small_net(small_config((BlockConfig("fused", 16, 1.5),)))
    save_net(tmp_path / "net", net.config, net.state_dict(), {**TRAINING, "board_sizes": [5]})
    write_shard(tmp_path / "5.npz", random_shard(5, 5, labelled=True))
    played = random_shard(6, 5, games=2)
    write_shard(tmp_path / "unsure.npz", replace(played, ending=np.full(2, ENDING_STOPPED, np.uint8)))
    groups = find_groups([tmp_path / "5.npz"]), find_groups([tmp_path / "unsure.npz"])
    folder = tmp_path / "weights"
    folder.mkdir()
    monkeypatch.setattr(weights, "FOLDER", folder.resolve())
    shipping.ship(tmp_path / "net", folder, "small", groups[0], groups[1], 10)
    assert " | – | – | – | – |" in (folder / "small.md").read_text()
