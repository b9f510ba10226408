"""Weight sharing: a convolution's weights become a few shared values and an index for each weight, for small files.

The values are the centres of k-means over one tensor's weights (Han et al. 2016, "Deep Compression", section 3), after
each output channel was divided by its root mean square: folded BatchNorms have made some channels many times larger
than others. In the ONNX file the indices, of 4 bits where 16 values or fewer are shared and else of 8, are cast,
gathered from the values and scaled; onnxruntime folds all that when it loads the file, so the net runs as fast as
before. The convolutions are those that `quantize` puts in 8 bits; with the stem among them the value's error grew by 6%
even with 256 values.

Measured on ponnuki-a, without any training afterwards, on 2,000 labelled positions of 9x9 and of 19x19:

    values        top-1              value MSE          bytes
    all         67.1%, 50.8%      0.068, 0.177      2,235,327
    256         67.0%, 50.4%      0.068, 0.177        780,375
    64          65.6%, 50.3%      0.072, 0.182        766,532
    16          64.6%, 48.9%      0.237, 0.614        639,489
    8           60.4%, 44.6%      0.167, 0.548        514,655

So 256 values cost nothing, and far fewer want training with shared values, which there is none of yet.
"""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from scipy.cluster.vq import kmeans2

from ponnuki.engine.errors import ConfigError
from ponnuki.nets.files import load_plain, with_metadata
from ponnuki.nets.quantize import int8_convolutions
from ponnuki.records.replacing import replace_bytes

MOST_VALUES = 256
FOUR_BIT_VALUES = 16
FOUR_BIT_OPSET, FOUR_BIT_IR = 21, 10
"""The versions of ONNX that have 4-bit integers."""

LEAST_WEIGHTS_A_VALUE = 4
"""A tensor with fewer weights for each shared value stays as it is."""

ITERATIONS = 30

TINY = 1e-12
"""Keeps a channel of zeros from being divided by zero."""


def cluster(source: Path, target: Path, values: int = 256, seed: int = 0) -> int:
    """Write the float net `source` to `target` with at most so many different weights in each convolution.

    Returns:
        how many tensors share values now.

    Raises:
        WeightsError: `source` is no float net of ours, or its weights are not plain.
        ConfigError: `values` is not 2 to 256.
    """
    if not 2 <= values <= MOST_VALUES:
        raise ConfigError(f"{values} shared values: expected 2 to {MOST_VALUES}")
    model, metadata = load_plain(source)
    graph = model.graph
    used = {node.input[1] for node in int8_convolutions(model)}
    tensors = [tensor for tensor in graph.initializer if tensor.name in used]
    nodes, shared = [], 0
    for tensor in tensors:
        weights = numpy_helper.to_array(tensor)
        if weights.size < LEAST_WEIGHTS_A_VALUE * values:
            continue
        scale = np.sqrt(np.square(weights).mean((1, 2, 3), keepdims=True)) + TINY
        codes, centres = shared_values(weights / scale, values, seed)
        graph.initializer.remove(tensor)
        graph.initializer.append(_indices(f"{tensor.name}.codes", codes, values))
        graph.initializer.append(numpy_helper.from_array(centres, f"{tensor.name}.values"))
        places, gathered = f"{tensor.name}.places", f"{tensor.name}.unscaled"
        nodes.append(helper.make_node("Cast", [f"{tensor.name}.codes"], [places], to=TensorProto.INT32))
        graph.initializer.append(numpy_helper.from_array(scale.astype(np.float32), f"{tensor.name}.scale"))
        nodes.append(helper.make_node("Gather", [f"{tensor.name}.values", places], [gathered]))
        nodes.append(helper.make_node("Mul", [gathered, f"{tensor.name}.scale"], [tensor.name]))
        shared += 1
    for node in reversed(nodes):
        graph.node.insert(0, node)
    if values <= FOUR_BIT_VALUES and shared:
        model.ir_version = max(model.ir_version, FOUR_BIT_IR)
        for opset in model.opset_import:
            if opset.domain in ("", "ai.onnx"):
                opset.version = max(opset.version, FOUR_BIT_OPSET)
    said = {"clustering": f"k-means, at most {values} values a convolution, {shared} convolutions"}
    replace_bytes(target, with_metadata(model, metadata | said).SerializeToString())
    return shared


def shared_values(
    weights: NDArray[np.float32], values: int, seed: int
) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """Codes uint8 of the shape of the weights, and the shared values float32[values] that they stand for.

    k-means starts from quantiles, which represent the many small weights and the few large ones alike.
    """
    flat = weights.reshape(-1, 1).astype(np.float64)
    start = np.quantile(flat, (np.arange(values) + 0.5) / values)[:, None]
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "One of the clusters is empty")  # it keeps its value, which nothing uses
        centres, codes = kmeans2(flat, start, iter=ITERATIONS, minit="matrix", missing="warn", seed=seed)
    return codes.astype(np.uint8).reshape(weights.shape), centres[:, 0].astype(np.float32)


def _indices(name: str, codes: NDArray[np.uint8], values: int) -> onnx.TensorProto:
    if values <= FOUR_BIT_VALUES:
        return helper.make_tensor(name, TensorProto.UINT4, codes.shape, codes.reshape(-1).tolist())
    return numpy_helper.from_array(codes, name)
