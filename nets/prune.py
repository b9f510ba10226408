"""Pruning: whole channels, which saves time, or single weights, which saves bytes.

*Channels* are taken out of the inner layers of the blocks of a trained net: a narrower net of the same family comes
out, which `ponnuki train --init` can train on. A channel's importance is how far its activation can swing (the root of
γ² + β² of the BatchNorm behind it) times the norm of the weights that read it; H. Li et al., "Pruning Filters for
Efficient ConvNets" (2017), with BatchNorm's scale as in Z. Liu et al., "Learning Efficient Convolutional Networks
through Network Slimming" (2017). All blocks' channels compete, each relative to its block's mean.

*Weights* of the least magnitude, relative to their output channel's, become zero in an exported file, and are left out
of it: each convolution keeps the values of its other weights and, in 8 bits, the gaps between their places. onnxruntime
puts them together once, when it loads the file. Their time stays the same.
"""

from __future__ import annotations

import dataclasses
import itertools
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from torch import Tensor, nn

from ponnuki.engine.errors import ConfigError
from ponnuki.nets.blocks import Block
from ponnuki.nets.config import CHANNEL_STEP
from ponnuki.nets.files import load_plain, with_metadata
from ponnuki.nets.model import Net
from ponnuki.nets.quantize import int8_convolutions
from ponnuki.records.replacing import replace_bytes

LARGEST_GAP = 255
"""Places from one kept weight to the next that 8 bits can say; a zero is kept where there are more."""

LEAST_SAVING = 0.1
"""A tensor that would not shrink by this share stays as it is."""


def prune_channels(net: Net, share: float) -> Net:
    """A net without the least important inner channels.

    Args:
        share: of all blocks' inner channels, above 0 and below 1; each block keeps a multiple of 8, at least 8.

    Raises:
        ConfigError: `share` is out of range, or so small that no block loses 8 channels.
    """
    _check_share(share)
    blocks = [block for block in net.blocks if isinstance(block, Block)]
    importance = [channel_importance(block) for block in blocks]
    threshold = torch.quantile(torch.cat(importance), share)
    kept = [_kept(scores, int((scores > threshold).sum())) for scores in importance]
    if all(len(indices) == len(scores) for indices, scores in zip(kept, importance, strict=True)):
        raise ConfigError(f"--share {share:g}: too little to take {CHANNEL_STEP} channels out of any block")
    config = net.config
    narrower = dataclasses.replace(
        config,
        blocks=tuple(
            dataclasses.replace(block, expansion=len(indices) / (config.alpha * block.channels))
            for block, indices in zip(config.blocks, kept, strict=True)
        ),
    )
    pruned = Net(narrower)
    for index, (old, new) in enumerate(zip(blocks, pruned.blocks, strict=True)):
        new.load_state_dict(_narrowed(old, new, kept[index]))
    rest = {name: tensor for name, tensor in net.state_dict().items() if not name.startswith("blocks.")}
    pruned.load_state_dict(rest, strict=False)
    return pruned.eval()


def channel_importance(block: Block) -> Tensor:
    """float32[E]: of a block's inner channels, 1 on average."""
    scale, shift = _last_norm(block)
    readers = _readers(block)
    swing = torch.sqrt(scale**2 + shift**2)
    scores = swing * readers.pow(2).sum((0, 2, 3)).sqrt()
    return scores / scores.mean().clamp(min=1e-12)


def _last_norm(block: Block) -> tuple[Tensor, Tensor]:
    """float32[E] each: γ and β of the BatchNorm that the inner channels come out of."""
    norms = [module for module in block.inner.modules() if isinstance(module, nn.BatchNorm2d)]
    return norms[-1].weight.detach(), norms[-1].bias.detach()


def _readers(block: Block) -> Tensor:
    """float32[C, E, k, k]: the weights that read the inner channels."""
    convolution = block.project[0]
    assert isinstance(convolution, nn.Conv2d)
    return convolution.weight.detach()


def _mean_activation(block: Block) -> Tensor:
    """float32[E]: the inner channels' means after ReLU, β Φ(β/γ) + γ φ(β/γ), if what BatchNorm gives is normal."""
    scale, shift = _last_norm(block)
    scale = scale.abs().clamp(min=1e-6)
    normal = torch.distributions.Normal(0.0, 1.0)
    ratio = shift / scale
    return shift * normal.cdf(ratio) + scale * normal.log_prob(ratio).exp()


def _kept(scores: Tensor, wanted: int) -> Tensor:
    """The indices of the best channels, in order: `wanted`, rounded to a multiple of CHANNEL_STEP."""
    count = min(len(scores), max(CHANNEL_STEP, round(wanted / CHANNEL_STEP) * CHANNEL_STEP))
    return scores.topk(count).indices.sort().values


def _narrowed(old: Block, new: nn.Module, kept: Tensor) -> dict[str, Tensor]:
    """A block's tensors, cut to those of its narrower form."""
    state, target = old.state_dict(), new.state_dict()
    middle = len(_last_norm(old)[0])
    hidden = next((state[name].shape[0] for name in state if name.endswith(".down.weight")), 0)
    wide: dict[int, Tensor] = {}
    if hidden:  # squeeze-and-excitation's own channels: those with the largest weights
        gate = next(state[name] for name in state if name.endswith(".down.weight"))
        smaller = next(target[name].shape[0] for name in target if name.endswith(".down.weight"))
        wide[hidden] = gate.norm(dim=1).topk(smaller).indices.sort().values
    wide[3 * middle] = torch.cat([kept + part * middle for part in range(3)])  # global pooling's three statistics
    wide[middle] = kept
    cut: dict[str, Tensor] = {}
    for name, tensor in state.items():
        for dimension, size in enumerate(target[name].shape):
            if tensor.shape[dimension] != size:
                tensor = tensor.index_select(dimension, wide[tensor.shape[dimension]])
        cut[name] = tensor
    gone = torch.ones(middle, dtype=torch.bool)
    gone[kept] = False
    lost = (_readers(old).sum((2, 3)) * (_mean_activation(old) * gone)).sum(1)
    cut["project.1.running_mean"] = cut["project.1.running_mean"] - lost  # what they added on average stays
    return cut


def prune_weights(source: Path, target: Path, share: float) -> float:
    """Write the float net `source` to `target` without the smallest of its convolutions' weights.

    Args:
        share: of all these weights, above 0 and below 1.

    Returns:
        the share that is gone.

    Raises:
        WeightsError: `source` is no float net of ours, or its weights are not plain.
        ConfigError: `share` is out of range.
    """
    _check_share(share)
    model, metadata = load_plain(source)
    graph = model.graph
    used = {node.input[1] for node in int8_convolutions(model)}
    tensors = [tensor for tensor in graph.initializer if tensor.name in used]
    arrays = {tensor.name: numpy_helper.to_array(tensor) for tensor in tensors}
    relative = {name: np.abs(array) / _root_mean_square(array) for name, array in arrays.items()}
    threshold = np.quantile(np.concatenate([values.reshape(-1) for values in relative.values()]), share)
    gone = 0
    for tensor in tensors:
        array = np.where(relative[tensor.name] > threshold, arrays[tensor.name], np.float32(0))
        gone += int(array.size - np.count_nonzero(array))
        graph.initializer.remove(tensor)
        for node in reversed(_sparse(graph, tensor.name, array)):
            graph.node.insert(0, node)
    done = gone / sum(array.size for array in arrays.values())
    said = {"pruning": f"magnitude, {done:.0%} of the convolutions' weights"}
    replace_bytes(target, with_metadata(model, metadata | said).SerializeToString())
    return done


def _sparse(graph: onnx.GraphProto, name: str, array: NDArray[np.float32]) -> list[onnx.NodeProto]:
    """Store a tensor by its weights that are not zero; the nodes that put it together again."""
    flat = array.reshape(-1)
    places = with_stepping_stones(np.flatnonzero(flat))
    gaps = np.diff(places, prepend=-1)
    if 5 * len(places) > (1 - LEAST_SAVING) * 4 * flat.size:
        graph.initializer.append(numpy_helper.from_array(array, name))
        return []
    constants: dict[str, NDArray[Any]] = {
        "gaps": gaps.astype(np.uint8), "kept": flat[places], "axis": np.array(0, np.int64),
        "one": np.array(1, np.int64), "length": np.array([flat.size], np.int64),
        "shape": np.array(array.shape, np.int64),
    }  # fmt: skip
    for part, value in constants.items():
        graph.initializer.append(numpy_helper.from_array(value, f"{name}.{part}"))
    zero = helper.make_tensor("value", TensorProto.FLOAT, [1], [0.0])
    steps: list[tuple[str, list[str], str, dict[str, Any]]] = [
        ("Cast", ["gaps"], "steps", {"to": TensorProto.INT64}),
        ("CumSum", ["steps", "axis"], "counted", {}),
        ("Sub", ["counted", "one"], "places", {}),
        ("ConstantOfShape", ["length"], "zeros", {"value": zero}),
        ("ScatterElements", ["zeros", "places", "kept"], "flat", {}),
    ]
    nodes = [
        helper.make_node(kind, [f"{name}.{part}" for part in inputs], [f"{name}.{output}"], **attributes)
        for kind, inputs, output, attributes in steps
    ]
    return [*nodes, helper.make_node("Reshape", [f"{name}.flat", f"{name}.shape"], [name])]


def with_stepping_stones(places: NDArray[np.int64]) -> NDArray[np.int64]:
    """Places in order, with more of them in between wherever two are farther apart than LARGEST_GAP."""
    bounds = np.concatenate([[-1], places])
    stones = [
        np.arange(low + LARGEST_GAP, high, LARGEST_GAP)
        for low, high in itertools.pairwise(bounds)
        if high - low > LARGEST_GAP
    ]
    return np.sort(np.concatenate([places, *stones])).astype(np.int64)


def _root_mean_square(array: NDArray[np.float32]) -> NDArray[np.float32]:
    """[O, 1, 1, 1] of each output channel."""
    return np.sqrt(np.square(array).mean((1, 2, 3), keepdims=True)) + np.float32(1e-12)


def _check_share(share: float) -> None:
    if not 0 < share < 1:
        raise ConfigError(f"--share {share:g}: expected more than 0 and less than 1")
