"""Shared weights: few values a convolution, the same answers nearly, smaller files, still ours."""

import json
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="a net to share weights in is made with torch (the extra `train`)")
onnx = pytest.importorskip("onnx", reason="sharing weights needs onnx (the extra `train`)")
pytest.importorskip("onnxscript", reason="export needs onnxscript (the extra `train`)")

from ponnuki.cli.main import main  # noqa: E402
from ponnuki.engine.errors import ConfigError, WeightsError  # noqa: E402
from ponnuki.nets import comparison  # noqa: E402
from ponnuki.nets.cluster import cluster, shared_values  # noqa: E402
from ponnuki.nets.config import BlockConfig  # noqa: E402
from ponnuki.nets.export import export_onnx  # noqa: E402
from ponnuki.nets.ort import OnnxEvaluator  # noqa: E402
from ponnuki.records.shards import write_shard  # noqa: E402
from tests.nets.small import random_inputs, small_config, small_net  # noqa: E402
from tests.records.random_games import random_shard  # noqa: E402

BLOCKS = (BlockConfig("residual", 16, 1.0, gpool=True), BlockConfig("residual", 16, 1.0))


@pytest.fixture(scope="module")
def net_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("cluster") / "net.onnx"
    export_onnx(small_net(small_config(BLOCKS)), path, sizes=[5, 7], training={"data": "none"})
    return path


@pytest.fixture
def data(tmp_path: Path) -> Path:
    for name in ("5x5", "5x5_valid"):
        write_shard(tmp_path / f"{name}.npz", random_shard(len(name), 5, labelled=True))
    return tmp_path


@pytest.mark.parametrize("values", [2, 8, 100])
def test_shared_values_are_the_means_of_what_they_stand_for(values: int) -> None:
    weights = np.random.default_rng(1).normal(size=(8, 8, 3, 3)).astype(np.float32)
    codes, centres = shared_values(weights, values, seed=0)
    assert codes.shape == weights.shape
    for code in range(values):
        np.testing.assert_allclose(centres[code], weights[codes == code].mean(), atol=1e-4)
    assert ((weights - centres[codes]) ** 2).mean() < 0.75 / values


@pytest.mark.parametrize(("values", "tensors", "closeness"), [(256, 4, 0.05), (16, 6, 0.7)])
def test_answers_stay_and_files_shrink(
    net_file: Path, tmp_path: Path, values: int, tensors: int, closeness: float
) -> None:
    target = tmp_path / "shared.onnx"
    assert cluster(net_file, target, values) == tensors
    inputs = random_inputs(4, 7, seed=5)
    exact = OnnxEvaluator(net_file).evaluate_arrays(*inputs)
    shared = OnnxEvaluator(target).evaluate_arrays(*inputs)
    assert 0 < abs(shared.policy - exact.policy).mean() < closeness * exact.policy.std()
    assert target.stat().st_size < net_file.stat().st_size
    assert f"at most {values} values" in OnnxEvaluator(target).info["clustering"]


def test_fewer_values_make_smaller_files(net_file: Path, tmp_path: Path) -> None:
    sizes = []
    for values in (256, 16):
        cluster(net_file, tmp_path / "shared.onnx", values)
        sizes.append((tmp_path / "shared.onnx").stat().st_size)
    assert sizes[1] < sizes[0]


def test_a_channel_of_zeros_stays_one(tmp_path: Path) -> None:
    net = small_net(small_config(BLOCKS))
    with torch.no_grad():
        net.blocks[0].inner[0][0].weight[3] = 0
        net.blocks[0].inner[0][1].running_mean[3] = 0
    export_onnx(net, tmp_path / "net.onnx", sizes=[5], training={})
    cluster(tmp_path / "net.onnx", tmp_path / "shared.onnx", 16)
    answer = OnnxEvaluator(tmp_path / "shared.onnx").evaluate_arrays(*random_inputs(2, 5, seed=1))
    assert np.isfinite(answer.policy).all()


def test_what_is_not_accepted(net_file: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="1 shared values: expected 2 to 256"):
        cluster(net_file, tmp_path / "x.onnx", 1)
    cluster(net_file, tmp_path / "shared.onnx")
    with pytest.raises(WeightsError, match="expected a float32 net with all its weights, none of them shared"):
        cluster(tmp_path / "shared.onnx", tmp_path / "x.onnx")
    assert not (tmp_path / "x.onnx").exists()


@pytest.mark.parametrize(("command", "ending"), [("quantize", "int8"), ("cluster", "shared")])
def test_commands_measure_what_they_change(
    net_file: Path,
    data: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    command: str,
    ending: str,
) -> None:
    monkeypatch.setattr(comparison, "SPEED_SECONDS", 0.01)
    source = data / "small.onnx"
    source.write_bytes(net_file.read_bytes())
    assert main([command, str(source), "--data", str(data), "--positions", "16"]) == 0
    out = capsys.readouterr().out
    assert "top1, 5x5 labelled" in out
    target = data / f"small-{ending}.onnx"
    (entry,) = json.loads(OnnxEvaluator(target).info["changes"])
    assert entry["what"].startswith(f"{command}: ")
    assert abs(entry["bytes"][1] - target.stat().st_size) < 2000
    assert entry["bytes"][0] == source.stat().st_size
    assert set(entry["evaluations_per_s"]) == {"5", "7"}
    assert all(0 <= share <= 1 for share in entry["5x5 labelled"]["top1"])
    assert source.read_bytes() == net_file.read_bytes()
    assert not list(data.glob("*.draft"))


def test_a_command_does_not_overwrite_its_net(net_file: Path, data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["cluster", str(net_file), "--data", str(data), "--out", str(net_file)]) == 2
    assert "is the net itself" in capsys.readouterr().err


def test_what_learns_nothing_wants_no_training_records(
    net_file: Path, data: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(comparison, "SPEED_SECONDS", 0.01)
    options = ["--data", str(data / "5x5_valid.npz"), "--positions", "16", "--out", str(data / "x.onnx")]
    assert main(["cluster", str(net_file), *options]) == 0
    assert "top1, 5x5 labelled" in capsys.readouterr().out
    assert main(["quantize", str(net_file), *options]) == 2
    assert "no shards (*.npz) to learn from" in capsys.readouterr().err
