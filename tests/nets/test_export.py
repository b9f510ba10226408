"""The ONNX file: the same answers as torch on every board size, metadata, nothing left of BatchNorm."""

import json
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="export needs torch (the extra `train`)")
onnx = pytest.importorskip("onnx", reason="export needs onnx (the extra `train`)")
pytest.importorskip("onnxscript", reason="export needs onnxscript (the extra `train`)")

from ponnuki.engine.evaluator import NET_INPUTS  # noqa: E402
from ponnuki.nets import export  # noqa: E402
from ponnuki.nets.checkpoint import load_net, save_net  # noqa: E402
from ponnuki.nets.config import BlockConfig, NetConfig  # noqa: E402
from ponnuki.nets.ort import OnnxEvaluator  # noqa: E402
from tests.nets.small import random_inputs, small_config, small_net  # noqa: E402

TRAINING = {"data": "none", "rules": "area scoring", "steps": 3}


@pytest.fixture(scope="module", params=[{}, {"activation": "hardswish"}, {"heads": "dense"}], ids=str)
def exported(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory):
    """A net of every kind of block, and its file."""
    net = small_net(small_config(**request.param))
    path = tmp_path_factory.mktemp("export") / "net.onnx"
    export.export_onnx(net, path, sizes=[9, 13], training=TRAINING)
    return net, path


@pytest.mark.parametrize("size", [7, 9, 13, 19])
@pytest.mark.parametrize("rows", [1, 3])
def test_onnxruntime_answers_as_torch_does(exported, size: int, rows: int) -> None:
    net, path = exported
    planes, globals_ = random_inputs(rows, size)
    with torch.no_grad():
        out = net(torch.from_numpy(planes), torch.from_numpy(globals_))
    answer = OnnxEvaluator(path).evaluate_arrays(planes, globals_)
    pairs = [
        (answer.policy, out.policy),
        (answer.value_to_play, out.value),
        (answer.lead_to_play, out.lead),
        (answer.lead_stdev, out.lead_stdev),
        (answer.ownership_to_play, out.ownership),
    ]
    for ours, theirs in pairs:
        assert ours is not None
        assert ours.dtype == np.float32
        assert ours.shape == theirs.shape
        np.testing.assert_allclose(ours, theirs.numpy(), rtol=0, atol=1e-4)


def test_folding_leaves_no_norm_and_the_same_answers(exported) -> None:
    net, path = exported
    operators = {node.op_type for node in onnx.load(path).graph.node}
    assert "BatchNormalization" not in operators
    assert "Conv" in operators
    assert any(isinstance(module, torch.nn.BatchNorm2d) for module in net.modules()), "the net itself is left alone"


def test_axes_are_open_and_named(exported) -> None:
    _, path = exported
    graph = onnx.load(path).graph
    shapes = {
        value.name: [dim.dim_param or dim.dim_value for dim in value.type.tensor_type.shape.dim]
        for value in (*graph.input, *graph.output)
    }
    assert shapes["planes"] == ["batch", NET_INPUTS.planes, "side", "side"]
    assert shapes["globals"] == ["batch", 9]
    assert list(shapes)[2:] == list(export.OUTPUTS)
    assert shapes["value"] == ["batch"]
    assert shapes["ownership"] == ["batch", "side", "side"]


def test_metadata(exported) -> None:
    net, path = exported
    info = OnnxEvaluator(path).info
    assert info["architecture"] == net.config.architecture
    assert (info["alpha"], info["board_sizes"]) == ("1.0", "9,13")
    assert info["feature_version"] == str(NET_INPUTS.feature_version)
    assert (info["training_data"], info["licence"]) == ("none", "MIT")
    assert info["config_sha256"] == net.config.sha256()
    assert NetConfig.from_table(json.loads(info["config"])) == net.config
    assert json.loads(info["training"]) == TRAINING


def test_the_file_names_nothing_of_the_machine(exported) -> None:
    _, path = exported
    content = path.read_bytes()
    for word in (b"site-packages", b"File ", b".py", str(Path.home()).encode() + b"/"):
        assert word not in content


def test_safetensors_and_toml_give_the_net_back(tmp_path: Path) -> None:
    net = small_net(small_config((BlockConfig("inverted", 16, 2.0, se=True),), alpha=0.5))
    save_net(tmp_path / "net-0.3", net.config, net.state_dict(), TRAINING)
    for name in ("net-0.3", "net-0.3.safetensors", "net-0.3.toml"):
        loaded, training = load_net(tmp_path / name)
        assert training == TRAINING
        assert loaded.config == net.config
        weights = loaded.state_dict()
        assert all(torch.equal(tensor, weights[name]) for name, tensor in net.state_dict().items())
