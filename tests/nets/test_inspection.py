"""Inspecting a net: counts by hand, reach, memory, what onnxruntime ran, and the command."""

import json
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="a net to inspect is made with torch (the extra `train`)")
pytest.importorskip("onnx", reason="inspecting needs onnx (the extra `train`)")
pytest.importorskip("onnxscript", reason="export needs onnxscript (the extra `train`)")

from ponnuki.cli.main import main  # noqa: E402
from ponnuki.engine.errors import WeightsError  # noqa: E402
from ponnuki.engine.evaluator import NET_INPUTS  # noqa: E402
from ponnuki.nets import inspection  # noqa: E402
from ponnuki.nets.cluster import cluster  # noqa: E402
from ponnuki.nets.config import BlockConfig  # noqa: E402
from ponnuki.nets.export import export_onnx, fold_norms  # noqa: E402
from ponnuki.nets.inspection import inspect  # noqa: E402
from ponnuki.nets.model import Net  # noqa: E402
from ponnuki.nets.prune import prune_weights  # noqa: E402
from ponnuki.nets.quantize import quantize  # noqa: E402
from tests.nets.small import random_batch, small_config, small_net  # noqa: E402

BLOCKS = (BlockConfig("residual", 16, 1.0, gpool=True), BlockConfig("inverted", 16, 2.0, kernel=5))


def net_with_biases() -> Net:
    """A net none of whose biases is zero: the exporter leaves such out."""
    net = small_net(small_config(BLOCKS))
    with torch.no_grad():
        for parameter in net.parameters():
            if parameter.ndim == 1:
                parameter.add_(0.01)
    return net


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("inspect")
    paths = {key: folder / f"{key}.onnx" for key in ("float", "int8", "shared", "pruned")}
    export_onnx(net_with_biases(), paths["float"], sizes=[5, 7], training={"data": "none"})
    quantize(paths["float"], paths["int8"], [random_batch(4, 7, seed=1)])
    cluster(paths["float"], paths["shared"], 16)
    prune_weights(paths["float"], paths["pruned"], 0.5)
    return paths


@pytest.fixture(autouse=True)
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inspection, "PROFILED_RUNS", 3)


@pytest.mark.parametrize("kind", ["float", "int8", "shared", "pruned"])
def test_counts_are_those_of_the_model(files: dict[str, Path], kind: str) -> None:
    found = inspect(files[kind], [5, 7])
    folded = fold_norms(net_with_biases())
    assert found.parameters == sum(parameter.numel() for parameter in folded.parameters())
    assert found.file_bytes == files[kind].stat().st_size
    convolutions = [module for module in folded.modules() if isinstance(module, torch.nn.Conv2d)]
    assert len([layer for layer in found.layers if layer.kind == "Conv"]) == len(convolutions)
    for size in (5, 7):
        of_convolutions = sum(module.weight.numel() * size**2 for module in convolutions)
        of_linear = sum(module.weight.numel() for module in folded.modules() if isinstance(module, torch.nn.Linear))
        assert found.macs(size) == of_convolutions + of_linear


@pytest.mark.parametrize("kind", ["float", "pruned"])
def test_reach_is_the_sum_of_the_kernels(files: dict[str, Path], kind: str) -> None:
    found = inspect(files[kind], [5])
    assert found.reach == 1 + 2 + 2  # stem, two 3x3 of the residual block, one 5x5 depthwise
    reaches = {layer.name: layer.reach for layer in found.layers}
    assert reaches["stem.0"] == 1
    assert reaches["blocks.0.project.0"] == 3
    assert reaches["policy_head.pass_logit"] == 0
    assert found.global_pooling == 2 * 3


def test_peak_memory_holds_the_widest_layer_and_grows_with_the_board(files: dict[str, Path]) -> None:
    peaks = inspect(files["float"], [5, 7]).peak_activation_bytes
    planes, trunk, inner = NET_INPUTS.planes, 16, 32
    for size, peak in peaks.items():
        assert 4 * size**2 * (trunk + 2 * inner) <= peak <= 4 * size**2 * (planes + trunk + 4 * inner) + 4000
    assert peaks[7] > peaks[5]


def test_integers_are_told(files: dict[str, Path]) -> None:
    bits = {layer.name: layer.bits for layer in inspect(files["int8"], [5]).layers}
    assert bits["blocks.0.inner.0.0"] == 8
    assert bits["stem.0"] == 32
    assert {layer.bits for layer in inspect(files["shared"], [5]).layers} == {32}


def test_times_are_by_operator_and_by_layer(files: dict[str, Path]) -> None:
    for kind in ("float", "int8"):
        found = inspect(files[kind], [7])
        operators = found.operators[7]
        assert {operator.provider for operator in operators} == {"CPUExecutionProvider"}
        assert all(operator.microseconds >= 0 and operator.nodes >= 1 for operator in operators)
        assert [o.microseconds for o in operators] == sorted((o.microseconds for o in operators), reverse=True)
        names = {layer.name for layer in found.layers}
        assert set(found.layer_microseconds[7]) <= names
        assert len(found.layer_microseconds[7]) > len(names) / 2


def test_what_is_no_net(tmp_path: Path) -> None:
    (tmp_path / "text.onnx").write_text("hello")
    with pytest.raises(WeightsError, match=r"text\.onnx: damaged"):
        inspect(tmp_path / "text.onnx", [9])


def test_the_command(files: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("matplotlib", reason="the picture needs matplotlib (the extra `plots`)")
    picture = tmp_path / "net.png"
    assert main(["inspect", str(files["int8"]), "--size", "5", "7", "--plot", str(picture)]) == 0
    out = capsys.readouterr().out
    assert "multiplications, 7×7" in out
    assert "QLinearConv" in out
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert main(["inspect", str(files["int8"]), "--size", "5", "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert shown["metadata"]["precision"] == "int8"
    assert np.prod(shown["layers"][0]["shape"]) > 0


def test_a_picture_of_no_known_form_is_refused_before_the_timing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("matplotlib", reason="the picture needs matplotlib (the extra `plots`)")
    monkeypatch.setattr("ponnuki.nets.inspection.inspect", lambda *_: pytest.fail("timed"))
    assert main(["inspect", "net.onnx", "--plot", str(tmp_path / "x.foo")]) == 2
    error = capsys.readouterr().err
    assert "x.foo: expected a name that ends in .png, or in one of " in error
    assert error.count("\n") == 1
