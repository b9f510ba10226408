"""Convolutions that round as their 8-bit form: where it rounds, in steps as large, and still learning."""

from pathlib import Path

import pytest

torch = pytest.importorskip("torch", reason="training needs torch (the extra `train`)")
onnx = pytest.importorskip("onnx", reason="quantisation needs onnx (the extra `train`)")
pytest.importorskip("onnxscript", reason="export needs onnxscript (the extra `train`)")

from ponnuki.nets.blocks import Conv  # noqa: E402
from ponnuki.nets.export import export_onnx  # noqa: E402
from ponnuki.nets.parallel import SplitBatch  # noqa: E402
from ponnuki.nets.quantize import calibration_batches, int8_nodes, quantize  # noqa: E402
from ponnuki.nets.rounding import Rounding  # noqa: E402
from ponnuki.nets.training import LossWeights, freeze_norms, round_as_int8  # noqa: E402
from ponnuki.records.sampling import find_groups  # noqa: E402
from ponnuki.records.shards import write_shard  # noqa: E402
from tests.nets.small import small_config, small_net  # noqa: E402
from tests.records.random_games import random_shard  # noqa: E402


def test_training_rounds_where_and_as_the_file_does(tmp_path: Path) -> None:
    write_shard(tmp_path / "9.npz", random_shard(3, 9, games=8, labelled=True))
    batches = list(calibration_batches(find_groups(tmp_path), 128))
    export_onnx(small_net(small_config()), tmp_path / "net.onnx", sizes=[9], training={"rounded": True})
    quantize(tmp_path / "net.onnx", tmp_path / "int8.onnx", batches)
    rounding = small_net(small_config())
    round_as_int8(rounding)
    rounded = {name: m.rounding for name, m in rounding.named_modules() if isinstance(m, Conv) and m.rounding}
    model = onnx.load(tmp_path / "net.onnx")
    kinds = {node.name: node.op_type for node in model.graph.node}
    chosen = [kinds[name] for name in int8_nodes(model, rounded=True)]
    plain = [kinds[name] for name in int8_nodes(model, rounded=False)]
    assert chosen.count("Conv") == len(rounded) == plain.count("Conv") + 2, "the stem, and the policy head's points"
    assert chosen.count("Relu") == plain.count("Relu") > 0
    assert chosen.count("Add") == 4 + 2, "blocks that keep their width, and global pooling"
    assert plain.count("Add") == 0
    rounding.train()
    freeze_norms(rounding)
    with torch.no_grad():
        for batch in batches * 20:  # a moving average, near the calibration's mean
            rounding(torch.from_numpy(batch.planes), torch.from_numpy(batch.globals))
    scales = input_scales(onnx.load(tmp_path / "int8.onnx"))
    assert {f"net.{name}.weight" for name in rounded} == set(scales)
    for name, ours in rounded.items():
        assert ours.scale == pytest.approx(scales[f"net.{name}.weight"], rel=0.1), name


def input_scales(model: "onnx.ModelProto") -> dict[str, float]:
    """The scale of each 8-bit convolution's input, by the name of its weights in the float net."""
    constants = {tensor.name: onnx.numpy_helper.to_array(tensor) for tensor in model.graph.initializer}
    made_by = {name: node for node in model.graph.node for name in node.output}
    scales = {}
    for node in model.graph.node:
        weight = made_by.get(node.input[1]) if node.op_type == "Conv" else None
        if weight is not None:
            scales[weight.input[0].removesuffix("_quantized")] = float(constants[made_by[node.input[0]].input[1]])
    return scales


def test_gradients_pass() -> None:
    net = small_net().train()
    round_as_int8(net)
    planes, globals_ = torch.randn(4, net.config.planes, 7, 7), torch.randn(4, net.config.globals)
    net(planes, globals_).policy.logsumexp(1).sum().backward()
    silent = [name for name, p in net.blocks.named_parameters() if p.grad is None or not p.grad.abs().sum() > 0]
    assert not silent


def test_weights_take_as_many_values_as_their_bits_say() -> None:
    weight = torch.randn(3, 4, 3, 3)
    rounded = Rounding(3).weights(weight)
    for channel, original in zip(rounded, weight, strict=True):
        steps = channel / (original.abs().max() / 4)
        assert torch.allclose(steps, steps.round(), atol=1e-5)
        assert steps.abs().max() == pytest.approx(4)
    assert (rounded - weight).abs().max() <= weight.abs().max() / 8 + 1e-6


def test_inputs_take_256_values_and_zero_is_one_of_them() -> None:
    rounding, x = Rounding(7), torch.randn(2, 3, 9, 9)
    rounded = rounding.inputs(x, training=True)
    assert len(rounded.unique()) <= 256
    assert (rounded - x).abs().max() <= (x.max() - x.min()) / 255
    assert rounding.inputs(torch.zeros(1, 1, 3, 3), training=False).abs().max() == 0
    wide = 100 * x
    assert rounding.inputs(wide, training=False).max() <= x.max() * 1.01, "ranges move in training alone"


def test_replicas_round_when_the_net_does(tmp_path: Path) -> None:
    write_shard(tmp_path / "5.npz", random_shard(3, 5, games=2, labelled=True))
    (batch, *_) = calibration_batches(find_groups(tmp_path), 16)
    net = small_net().train()
    split = SplitBatch(net, 2, autocast=False)
    round_as_int8(net)
    split.backward(batch, LossWeights())
    replica = split._replicas[1]
    pairs = list(zip(net.modules(), replica.modules(), strict=True))
    assert any(isinstance(module, Conv) and module.rounding for module, _ in pairs)
    for module, other in pairs:
        if isinstance(module, Conv):
            assert isinstance(other, Conv)
            assert (module.rounding is None) == (other.rounding is None)
            assert module.rounding is None or module.rounding is not other.rounding
