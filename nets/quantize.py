"""Static int8 quantisation of an exported net: most convolutions in 8 bits, the rest in float.

Activations are unsigned, weights signed with a scale per output channel ("u8s8"), in the QDQ form that onnxruntime
fuses into integer kernels. The stem, the heads' outputs and the sums along the trunk stay in float. Measured on
ponnuki-a: share of labelled 13x13 and 19x19 positions with float32's first choice, root mean square change of the value
there, and evaluations per CPU second on 19x19 (float32: 280):

    blocks, 7-bit weights      95.0%, 97.0%    0.028, 0.032    685
    blocks, 8-bit weights      95.2%, 95.6%    0.027, 0.027    726
    and heads                  94.7%, 95.6%    0.027, 0.027    771
    and stem                   93.7%, 95.6%    0.052, 0.064    808
    blocks and sums            93.8%, 93.8%    0.030, 0.032    769
    all of these               93.9%, 95.0%    0.053, 0.068    882

(8-bit weights from the second line on.) Sums cost policy, the stem costs value. Against the labels, whole heads cost
1.7 points of top-1 on 13x13 (3,000 positions): logits in 8 bits tie. The heads' pooled convolutions alone cost nothing
(6,000 positions a group, at most 0.1 points of top-1 either way) and gave 3.6% on 19x19.

A ReLU behind such a convolution becomes the lower end of its output's range. With the output rounded before the ReLU
and again behind it, 19x19 took 3% longer, and ponnuki-b's policy loss was 0.001 to 0.004 higher in all four validation
groups (4,000 positions each).

Weights use 7 bits by default: x86 processors without VNNI add pairs of 8-bit products in 16 bits, which overflow
with 8-bit weights (onnxruntime's documentation of quantisation calls this the saturation issue). Checked on an emulated
Haswell, AVX2 without VNNI (`qemu-x86_64 -cpu Haswell`), with 32 positions of 9x9: ponnuki-a with 7-bit weights answers
bit by bit as on a processor with VNNI; with 8-bit weights logits differ by up to 3.5, 0.6 in the root mean square.
tests/nets/test_without_vnni.py does it again wherever qemu is installed.
"""

from __future__ import annotations

import json
import logging
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnxruntime.quantization import CalibrationDataReader, CalibrationMethod, QuantFormat, QuantType, quantize_static

from ponnuki.nets.channels_last import start_channels_last
from ponnuki.nets.config import INT8_PARTS, INT8_ROUNDED_PARTS, INT8_WEIGHT_BITS
from ponnuki.nets.files import load_plain, with_metadata
from ponnuki.records.batches import TrainingBatch, validation_batches
from ponnuki.records.replacing import replace_bytes
from ponnuki.records.sampling import Group


class _Feeds(CalibrationDataReader):
    """Hands the calibration batches to onnxruntime one by one."""

    def __init__(self, batches: Iterable[TrainingBatch], planes: int) -> None:
        self.positions = 0
        self._planes = planes
        self._batches: Iterator[TrainingBatch] = iter(batches)

    def get_next(self) -> dict[str, NDArray[np.float32]] | None:
        batch = next(self._batches, None)
        if batch is None:
            return None
        self.positions += batch.rows
        return {"planes": batch.planes[:, : self._planes], "globals": batch.globals}


def calibration_batches(groups: Iterable[Group], positions: int = 256, rows: int = 16) -> Iterator[TrainingBatch]:
    """A fixed sample of each group's positions; mixed groups show the quantiser what every board size brings."""
    for group in groups:
        yield from validation_batches(group, rows, positions)


def quantize(source: Path, target: Path, batches: Iterable[TrainingBatch], weight_bits: int = INT8_WEIGHT_BITS) -> None:
    """Write the int8 form of the net `source` to `target`, its ranges taken from `batches`.

    Args:
        weight_bits: 7, safe on every processor, or 8.

    Raises:
        WeightsError: `source` is no float net of ours, or its weights are not plain.
    """
    model, metadata = load_plain(source)
    rounded = bool(json.loads(metadata.get("training", "{}")).get("rounded"))
    feeds = _Feeds(batches, input_planes(model))
    with tempfile.TemporaryDirectory() as folder, _QuietRoot():
        path = Path(folder) / "int8.onnx"
        quantize_static(
            model,
            path,
            feeds,
            quant_format=QuantFormat.QDQ,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
            per_channel=True,
            reduce_range=weight_bits == 7,
            calibrate_method=CalibrationMethod.MinMax,
            op_types_to_quantize=["Conv", "Relu", "Add"],
            nodes_to_quantize=int8_nodes(model, rounded),
            extra_options={"CalibMovingAverage": True},  # the mean of the batches' extremes
        )
        quantized = onnx.load(path)
    start_channels_last(quantized)
    said = {"precision": "int8", "quantisation": f"u8s8 QDQ, {weight_bits}-bit weights, {feeds.positions} positions"}
    replace_bytes(target, with_metadata(quantized, metadata | said).SerializeToString())


def int8_nodes(model: onnx.ModelProto, rounded: bool) -> list[str]:
    """Names of the nodes in 8 bits: convolutions, their activations, and the trunk's sums if `rounded`.

    Args:
        rounded: the net was trained to round so; INT8_ROUNDED_PARTS are in 8 bits, too.
    """
    convolutions = int8_convolutions(model, rounded)
    sums = _trunk_sums(model, {node.input[0] for node in convolutions}) if rounded else []
    outputs = {node.output[0] for node in convolutions}
    activations = [node for node in model.graph.node if node.op_type == "Relu" and node.input[0] in outputs]
    return [node.name for node in (*convolutions, *activations, *sums)]


def int8_convolutions(model: onnx.ModelProto, rounded: bool = False) -> list[onnx.NodeProto]:
    """The convolutions in 8 bits; `rounded` as in `int8_nodes`."""
    parts = (*INT8_PARTS, *INT8_ROUNDED_PARTS) if rounded else INT8_PARTS
    convolutions = [node for node in model.graph.node if node.op_type == "Conv"]
    return [node for node in convolutions if any(part in node.input[1] for part in parts)]


def _trunk_sums(model: onnx.ModelProto, readers: set[str]) -> list[onnx.NodeProto]:
    """The additions that lead to `readers`, but for the one that joins planes and globals behind the stem."""
    constants = {tensor.name for tensor in model.graph.initializer}
    stem = next(node for node in model.graph.node if node.op_type == "Conv" and ".stem." in node.input[1])
    readers = set(readers)
    sums = []
    for node in reversed(model.graph.node):
        if node.op_type != "Add" or constants & set(node.input) or stem.output[0] in node.input:
            continue
        if node.output[0] in readers:
            readers |= set(node.input)
            sums.append(node)
    return sums


def input_planes(model: onnx.ModelProto) -> int:
    """How many planes a net takes."""
    planes = next(value for value in model.graph.input if value.name == "planes")
    return planes.type.tensor_type.shape.dim[1].dim_value


class _QuietRoot:
    """Silences the quantiser's advice on the root logger (its pre-processing gains nothing on a folded graph)."""

    def __enter__(self) -> None:
        self._level = logging.getLogger().level
        logging.getLogger().setLevel(logging.ERROR)

    def __exit__(self, *_details: Any) -> None:
        logging.getLogger().setLevel(self._level)
