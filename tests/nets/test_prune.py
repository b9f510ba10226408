"""Pruning: narrower nets of the family, files without the smallest weights."""

import json
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="a net to prune is made with torch (the extra `train`)")
onnx = pytest.importorskip("onnx", reason="pruning needs onnx (the extra `train`)")
pytest.importorskip("onnxscript", reason="export needs onnxscript (the extra `train`)")

from ponnuki.cli.main import main  # noqa: E402
from ponnuki.engine.errors import ConfigError, WeightsError  # noqa: E402
from ponnuki.nets import comparison  # noqa: E402
from ponnuki.nets.checkpoint import load_net, save_net  # noqa: E402
from ponnuki.nets.config import BlockConfig  # noqa: E402
from ponnuki.nets.export import export_onnx  # noqa: E402
from ponnuki.nets.model import parameter_count  # noqa: E402
from ponnuki.nets.ort import OnnxEvaluator  # noqa: E402
from ponnuki.nets.prune import (  # noqa: E402
    LARGEST_GAP,
    channel_importance,
    prune_channels,
    prune_weights,
    with_stepping_stones,
)
from ponnuki.records.shards import write_shard  # noqa: E402
from tests.nets.small import random_inputs, small_config, small_net  # noqa: E402
from tests.records.random_games import random_shard  # noqa: E402

KINDS = ("fused", "residual", "inverted", "extra_dw", "convnext")


def one_block(kind: str, **options: object):  # type: ignore[no-untyped-def]
    return small_net(small_config((BlockConfig(kind, 16, 2.0, **options),)))  # type: ignore[arg-type]


def silence(block, channels: list[int]) -> None:  # type: ignore[no-untyped-def]
    """Let nothing read some inner channels of a block."""
    with torch.no_grad():
        block.project[0].weight[:, channels] = 0
        if block.pool_bias is not None:
            middle = block.project[0].weight.shape[1]
            for part in range(3):
                block.pool_bias.weight[:, [channel + part * middle for channel in channels]] = 0


@pytest.mark.parametrize("gpool", [False, True])
@pytest.mark.parametrize("kind", KINDS)
def test_channels_that_nothing_reads_go_and_nothing_changes(kind: str, gpool: bool) -> None:
    net = one_block(kind, gpool=gpool)
    silent = [1, 2, 5, 8, 13, 20, 30, 31]
    silence(net.blocks[0], silent)
    assert sorted(channel_importance(net.blocks[0]).argsort()[:8].tolist()) == silent
    pruned = prune_channels(net, 0.25)
    assert pruned.config.blocks[0].expansion == 1.5
    assert parameter_count(pruned) < parameter_count(net)
    inputs = [torch.from_numpy(array) for array in random_inputs(3, 7)]
    with torch.no_grad():
        for before, after in zip(net(*inputs), pruned(*inputs), strict=True):
            torch.testing.assert_close(before, after, atol=1e-4, rtol=1e-4)


def test_squeeze_and_excitation_is_narrowed_with_its_channels() -> None:
    net = one_block("inverted", se=True)
    pruned = prune_channels(net, 0.25)
    inputs = [torch.from_numpy(array) for array in random_inputs(2, 5)]
    with torch.no_grad():
        assert all(torch.isfinite(answer).all() for answer in pruned(*inputs))


def test_what_the_lost_channels_added_on_average_stays() -> None:
    """A channel that is always the same can go without a trace, but at the edge of the board."""
    net = one_block("fused")
    norm = net.blocks[0].inner[0][1]
    with torch.no_grad():
        norm.weight[:8] = 0  # always β
        norm.bias[:8] = 0.3
        net.blocks[0].project[0].weight[:, :8] *= 0.2  # the least important ones
    pruned = prune_channels(net, 0.25)
    inputs = [torch.from_numpy(array) for array in random_inputs(3, 7)]
    with torch.no_grad():
        for before, after in zip(net(*inputs), pruned(*inputs), strict=True):
            torch.testing.assert_close(before, after, atol=1e-3, rtol=1e-3)


def test_blocks_lose_what_they_need_least() -> None:
    net = small_net(small_config((BlockConfig("fused", 16, 2.0), BlockConfig("fused", 16, 2.0))))
    silence(net.blocks[0], list(range(24)))
    pruned = prune_channels(net, 0.375)
    assert [round(block.expansion * 16) for block in pruned.config.blocks] == [8, 32]


def test_shares_that_are_not_accepted() -> None:
    net = one_block("fused")
    for share in (0.0, 1.0):
        with pytest.raises(ConfigError, match="expected more than 0 and less than 1"):
            prune_channels(net, share)
    with pytest.raises(ConfigError, match="too little to take 8 channels out"):
        prune_channels(net, 0.05)
    assert prune_channels(net, 0.99).config.blocks[0].expansion == 0.5  # 8 channels stay


# ------------------------------------------------------------------------------------------------- weights


@pytest.fixture(scope="module")
def net_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("prune") / "net.onnx"
    blocks = (BlockConfig("residual", 16, 1.0, gpool=True), BlockConfig("residual", 16, 1.0))
    export_onnx(small_net(small_config(blocks)), path, sizes=[5, 7], training={"data": "none"})
    return path


def dense_weights(path: Path, names: list[str]) -> dict[str, np.ndarray]:
    """Convolutions' weights as onnxruntime puts them together."""
    import onnxruntime

    model = onnx.load(path)
    for name in names:
        model.graph.output.append(onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, None))
    session = onnxruntime.InferenceSession(model.SerializeToString())
    planes, globals_ = random_inputs(1, 5)
    return dict(zip(names, session.run(names, {"planes": planes, "globals": globals_}), strict=True))


def test_the_smallest_weights_are_zero_and_the_others_as_they_were(net_file: Path, tmp_path: Path) -> None:
    target = tmp_path / "pruned.onnx"
    assert prune_weights(net_file, target, 0.6) == pytest.approx(0.6, abs=0.01)
    before = {t.name: onnx.numpy_helper.to_array(t) for t in onnx.load(net_file).graph.initializer}
    missing = sorted(set(before) - {t.name for t in onnx.load(target).graph.initializer})
    assert len(missing) >= 4
    relative = []
    for name, after in dense_weights(target, missing).items():
        kept = after != 0
        np.testing.assert_array_equal(after[kept], before[name][kept])
        size = np.abs(before[name]) / np.sqrt(np.square(before[name]).mean((1, 2, 3), keepdims=True))
        relative.append((size[~kept].max(), size[kept].min()))
    assert max(gone for gone, _ in relative) <= min(kept for _, kept in relative)
    assert target.stat().st_size < net_file.stat().st_size
    assert OnnxEvaluator(target).info["pruning"] == "magnitude, 60% of the convolutions' weights"


def test_nearly_all_weights_can_go(net_file: Path, tmp_path: Path) -> None:
    prune_weights(net_file, tmp_path / "pruned.onnx", 0.995)
    answer = OnnxEvaluator(tmp_path / "pruned.onnx").evaluate_arrays(*random_inputs(2, 5))
    assert np.isfinite(answer.policy).all()


def test_a_share_that_saves_nothing_leaves_the_weights_where_they_were(net_file: Path, tmp_path: Path) -> None:
    prune_weights(net_file, tmp_path / "pruned.onnx", 0.1)
    assert not [node for node in onnx.load(tmp_path / "pruned.onnx").graph.node if node.op_type == "ScatterElements"]


def test_stepping_stones() -> None:
    places = with_stepping_stones(np.array([3, 4, 900]))
    assert {3, 4, 900} <= set(places.tolist())
    assert np.diff(places, prepend=-1).max() <= LARGEST_GAP
    assert with_stepping_stones(np.array([254, 509])).tolist() == [254, 509]


def test_what_cannot_be_pruned(net_file: Path, tmp_path: Path) -> None:
    prune_weights(net_file, tmp_path / "a.onnx", 0.5)
    with pytest.raises(WeightsError, match="expected a float32 net with all its weights"):
        prune_weights(tmp_path / "a.onnx", tmp_path / "b.onnx", 0.5)
    assert not (tmp_path / "b.onnx").exists()


# ------------------------------------------------------------------------------------------------- command


@pytest.fixture
def data(tmp_path: Path) -> Path:
    for name in ("5x5", "5x5_valid"):
        write_shard(tmp_path / f"{name}.npz", random_shard(len(name), 5, labelled=True))
    return tmp_path


def test_the_command_makes_a_net_to_train_on(
    data: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(comparison, "SPEED_SECONDS", 0.01)
    net = one_block("residual")
    save_net(data / "net", net.config, net.state_dict(), {"board_sizes": [5, 7], "data": "none"})
    options = ["--data", str(data), "--positions", "16"]
    assert main(["prune", str(data / "net"), "--share", "0.5", *options]) == 0
    assert "became residual-1x16-16" in " ".join(capsys.readouterr().out.split())
    pruned, training = load_net(data / "net-pruned")
    assert pruned.config.architecture == "residual-1x16-16"
    assert training["pruning"].startswith("channels: residual-1x16-32 became")
    evaluator = OnnxEvaluator(data / "net-pruned.onnx")
    (entry,) = json.loads(evaluator.info["changes"])
    assert entry["bytes"][1] < entry["bytes"][0]
    planes, globals_ = random_inputs(2, 5)
    with torch.no_grad():
        expected = pruned.eval()(torch.from_numpy(planes), torch.from_numpy(globals_)).policy.numpy()
    np.testing.assert_allclose(evaluator.evaluate_arrays(planes, globals_).policy, expected, atol=1e-4)
    assert main(["prune", str(data / "net"), "--out", str(data / "x"), *options]) == 2
    assert "expected a name that ends in .onnx" in capsys.readouterr().err
    before = [(data / f"net{suffix}").read_bytes() for suffix in (".safetensors", ".toml")]
    assert main(["prune", str(data / "net"), "--out", str(data / "net.onnx"), *options]) == 2
    assert "would replace the trained net" in capsys.readouterr().err
    assert [(data / f"net{suffix}").read_bytes() for suffix in (".safetensors", ".toml")] == before


def test_the_command_takes_weights_out_of_a_file(
    net_file: Path, data: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(comparison, "SPEED_SECONDS", 0.01)
    out = data / "small.onnx"
    arguments = ["prune", str(net_file), "--what", "weights", "--share", "0.7", "--out", str(out), "--data", str(data)]
    assert main([*arguments, "--positions", "16"]) == 0
    assert "prune: 70% of the convolutions' weights" in capsys.readouterr().out
    assert out.stat().st_size < net_file.stat().st_size


def test_a_net_that_names_no_board_sizes_is_refused(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    net = one_block("residual")
    save_net(data / "net", net.config, net.state_dict(), {"data": "none"})
    assert main(["prune", str(data / "net.toml"), "--data", str(data)]) == 2
    assert f"{data / 'net'}.toml does not say for which board sizes" in capsys.readouterr().err
