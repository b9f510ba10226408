"""int8 files: close to the float net, integers where they should be, still ours."""

from pathlib import Path

import numpy as np
import onnxruntime
import pytest

torch = pytest.importorskip("torch", reason="a net to quantise is made with torch (the extra `train`)")
onnx = pytest.importorskip("onnx", reason="quantisation needs onnx (the extra `train`)")
pytest.importorskip("onnxscript", reason="export needs onnxscript (the extra `train`)")

from ponnuki.engine.errors import WeightsError  # noqa: E402
from ponnuki.nets.cluster import cluster  # noqa: E402
from ponnuki.nets.config import BlockConfig  # noqa: E402
from ponnuki.nets.export import export_onnx  # noqa: E402
from ponnuki.nets.ort import OnnxEvaluator, session_options  # noqa: E402
from ponnuki.nets.prune import prune_weights  # noqa: E402
from ponnuki.nets.quantize import INT8_PARTS, quantize  # noqa: E402
from tests.nets.small import random_batch, random_inputs, small_config, small_net  # noqa: E402

BLOCKS = (BlockConfig("fused", 16, 2.0, gpool=True), BlockConfig("inverted", 16, 2.0))
BATCHES = [random_batch(4, size, seed=size) for size in (7, 9, 13)]


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("quantize")
    paths = {key: folder / f"{key}.onnx" for key in ("float", "7", "8")}
    export_onnx(small_net(small_config(BLOCKS)), paths["float"], sizes=[7, 9], training={"data": "none"})
    for bits in (7, 8):
        quantize(paths["float"], paths[str(bits)], BATCHES, weight_bits=bits)
    return paths


@pytest.mark.parametrize("bits", ["7", "8"])
@pytest.mark.parametrize("size", [7, 9, 19])
def test_int8_answers_nearly_as_float_does(files: dict[str, Path], bits: str, size: int) -> None:
    inputs = random_inputs(4, size, seed=5)
    exact = OnnxEvaluator(files["float"]).evaluate_arrays(*inputs)
    rounded = OnnxEvaluator(files[bits]).evaluate_arrays(*inputs)
    for ours, theirs in ((rounded.policy, exact.policy), (rounded.ownership_to_play, exact.ownership_to_play)):
        assert ours is not None
        assert theirs is not None
        assert 0 < abs(ours - theirs).mean() < 0.1 * theirs.std()
    np.testing.assert_allclose(rounded.value_to_play, exact.value_to_play, atol=0.05)


def test_the_trunk_and_pooled_heads_are_integers(files: dict[str, Path]) -> None:
    graph = onnx.load(files["7"]).graph
    made_by = {name: node for node in graph.node for name in node.output}
    weights = {node.input[1] for node in graph.node if node.op_type == "Conv"}
    integer = {name for name in weights if name in made_by}
    assert all(made_by[name].op_type == "DequantizeLinear" for name in integer)
    assert len(integer) == 7  # fused has two convolutions, inverted three, each head one
    assert not any(part in name for name in weights - integer for part in INT8_PARTS)


def test_the_layout_changes_no_answer_and_spares_transpositions(
    files: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ponnuki.nets.quantize.start_channels_last", lambda model: None)
    quantize(files["float"], tmp_path / "first.onnx", BATCHES)
    inputs = random_inputs(4, 9, seed=5)
    as_shipped = OnnxEvaluator(files["7"]).evaluate_arrays(*inputs)
    channels_first = OnnxEvaluator(tmp_path / "first.onnx").evaluate_arrays(*inputs)
    np.testing.assert_array_equal(as_shipped.policy, channels_first.policy)
    np.testing.assert_array_equal(as_shipped.value_to_play, channels_first.value_to_play)
    np.testing.assert_array_equal(as_shipped.ownership_to_play, channels_first.ownership_to_play)
    assert transpositions(files["7"], tmp_path) < transpositions(tmp_path / "first.onnx", tmp_path)


def transpositions(path: Path, folder: Path) -> int:
    """How many are left when onnxruntime has optimised a net."""
    options = session_options(threads=1)
    options.optimized_model_filepath = str(folder / "optimised.onnx")
    onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    graph = onnx.load(folder / "optimised.onnx").graph
    return sum(node.op_type == "Transpose" for node in graph.node)


def test_activations_are_the_lower_ends_of_ranges(files: dict[str, Path]) -> None:
    graph = onnx.load(files["7"]).graph
    made_by = {name: node for node in graph.node for name in node.output}
    left = [node for node in graph.node if node.op_type == "Relu"]
    assert left, "the sums of the policy head, the hidden layer of the value's"
    assert not any(made_by[node.input[0]].op_type == "DequantizeLinear" for node in left)


@pytest.mark.parametrize(("bits", "limit"), [("7", 64), ("8", 127)])
def test_weights_use_their_bits(files: dict[str, Path], bits: str, limit: int) -> None:
    stored = [onnx.numpy_helper.to_array(tensor) for tensor in onnx.load(files[bits]).graph.initializer]
    weights = [array for array in stored if array.dtype == np.int8 and array.ndim == 4]
    assert len(weights) == 7
    assert all(abs(array.astype(int)).max() == limit for array in weights)


def test_metadata_survives_and_says_int8(files: dict[str, Path]) -> None:
    info, before = OnnxEvaluator(files["7"]).info, OnnxEvaluator(files["float"]).info
    assert before["precision"] == "float32"
    assert info["precision"] == "int8"
    assert info["quantisation"] == "u8s8 QDQ, 7-bit weights, 12 positions"
    assert {key: info[key] for key in before if key != "precision"} == {
        key: value for key, value in before.items() if key != "precision"
    }


def test_wrong_sources_are_named(files: dict[str, Path], tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match=r"7\.onnx: is int8 already"):
        quantize(files["7"], tmp_path / "x.onnx", BATCHES)
    cluster(files["float"], tmp_path / "shared.onnx")
    prune_weights(files["float"], tmp_path / "pruned.onnx", 0.5)
    for name, change in (("shared", "clustering"), ("pruned", "pruning")):
        with pytest.raises(WeightsError, match=rf"{name}\.onnx: is changed by {change} already"):
            quantize(tmp_path / f"{name}.onnx", tmp_path / "x.onnx", BATCHES)
    with pytest.raises(WeightsError, match=r"none\.onnx: No such file"):
        quantize(tmp_path / "none.onnx", tmp_path / "x.onnx", BATCHES)
    (tmp_path / "text.onnx").write_text("hello")
    with pytest.raises(WeightsError, match=r"text\.onnx: "):
        quantize(tmp_path / "text.onnx", tmp_path / "x.onnx", BATCHES)
    assert not (tmp_path / "x.onnx").exists()
