"""Convolutions that round as their 8-bit form: as close to it as float is far, and still learning."""

from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="training needs torch (the extra `train`)")
pytest.importorskip("onnxscript", reason="export needs onnxscript (the extra `train`)")

from ponnuki.nets.blocks import Conv  # noqa: E402
from ponnuki.nets.export import export_onnx  # noqa: E402
from ponnuki.nets.ort import OnnxEvaluator  # noqa: E402
from ponnuki.nets.parallel import SplitBatch  # noqa: E402
from ponnuki.nets.quantize import calibration_batches, int8_convolutions, int8_nodes, quantize  # noqa: E402
from ponnuki.nets.rounding import Rounding  # noqa: E402
from ponnuki.nets.training import LossWeights, freeze_norms, round_as_int8  # noqa: E402
from ponnuki.records.sampling import find_groups  # noqa: E402
from ponnuki.records.shards import write_shard  # noqa: E402
from tests.nets.small import small_config, small_net  # noqa: E402
from tests.records.random_games import random_shard  # noqa: E402


def test_the_rounding_net_is_closer_to_int8_than_float_is(tmp_path: Path) -> None:
    import onnx

    write_shard(tmp_path / "9.npz", random_shard(3, 9, games=8, labelled=True))
    batches = list(calibration_batches(find_groups(tmp_path), 128))
    net = small_net(small_config())
    export_onnx(net, tmp_path / "net.onnx", sizes=[9], training={"rounded": True})
    quantize(tmp_path / "net.onnx", tmp_path / "int8.onnx", batches)
    rounding = small_net(small_config())
    round_as_int8(rounding)
    rounded = [name for name, module in rounding.named_modules() if isinstance(module, Conv) and module.rounding]
    model = onnx.load(tmp_path / "net.onnx")
    assert len(rounded) == len(int8_convolutions(model)) + 1
    kinds = {node.name: node.op_type for node in model.graph.node}
    chosen = [kinds[name] for name in int8_nodes(model, rounded=True)]
    assert chosen.count("Conv") == len(rounded)
    assert chosen.count("Add") == 4 + 2, "blocks that keep their width, and global pooling"
    assert int8_nodes(model, rounded=False) == int8_convolutions(model)
    rounding.train()
    freeze_norms(rounding)
    apart: dict[str, list[float]] = {"float": [], "rounding": []}
    with torch.no_grad():
        for batch in batches:  # the ranges are those of calibration
            rounding(torch.from_numpy(batch.planes), torch.from_numpy(batch.globals))
        rounding.eval()
        for batch in batches:
            answers = OnnxEvaluator(tmp_path / "int8.onnx").evaluate_arrays(batch.planes, batch.globals)
            for name, other in (("float", net), ("rounding", rounding)):
                out = other(torch.from_numpy(batch.planes), torch.from_numpy(batch.globals))
                apart[name].append(float(np.square(out.policy.numpy() - answers.policy).mean()))
    assert np.mean(apart["rounding"]) < 0.4 * np.mean(apart["float"]), apart


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
