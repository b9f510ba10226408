"""What a network file is made of: parameters, multiplications, memory, reach, and where onnxruntime spends its time."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import onnx
import onnx.numpy_helper
import onnxruntime
from onnx import shape_inference

from ponnuki.engine.errors import WeightsError
from ponnuki.nets.files import read_metadata
from ponnuki.nets.ort import PROVIDERS, session_options

PROFILED_RUNS = 60
PROFILED_ROWS = 4
"""Positions of one run."""

ITEM_BYTES: dict[int, int] = {
    onnx.TensorProto.UINT8: 1,
    onnx.TensorProto.INT8: 1,
    onnx.TensorProto.INT64: 8,
    onnx.TensorProto.BOOL: 1,
}
"""Bytes of an element; 4 for what is not listed."""


@dataclass(frozen=True)
class Layer:
    """One convolution or linear map."""

    name: str
    kind: str
    """`Conv` or `Gemm`."""
    shape: tuple[int, ...]
    """Of the weights."""
    groups: int
    bits: int
    """Of a weight as it is multiplied."""
    macs: dict[int, int]
    """Multiplications by board size, one position."""
    reach: int
    """Points that its output can look in each direction, global pooling not counted."""


@dataclass(frozen=True)
class Operator:
    """All nodes of one kind, in onnxruntime."""

    name: str
    nodes: int
    microseconds: float
    """A position."""
    provider: str


@dataclass(frozen=True)
class Inspection:
    """Everything about one file."""

    file: str
    file_bytes: int
    metadata: dict[str, str]
    parameters: int
    layers: tuple[Layer, ...]
    peak_activation_bytes: dict[int, int]
    """By board size, one position: the tensors alive at once, at most, if no two nodes were fused."""
    reach: int
    """Points that the policy can look in each direction by convolutions alone."""
    global_pooling: int
    """Nodes that pool the whole board."""
    operators: dict[int, tuple[Operator, ...]]
    """By board size, the slowest first; one thread, batches of PROFILED_ROWS, the profiler's own cost included."""
    layer_microseconds: dict[int, dict[str, float]]
    """By board size: microseconds a position of each node that has a layer's weights."""

    def macs(self, size: int) -> int:
        """Multiplications for a position."""
        return sum(layer.macs[size] for layer in self.layers)

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return asdict(self)


def inspect(path: Path, sizes: Sequence[int]) -> Inspection:
    """Look into a network's file, and run it.

    Args:
        sizes: board sizes to count and to time.

    Raises:
        WeightsError: it is no net of ours, or cannot be run.
    """
    metadata = read_metadata(path)
    model = onnx.load_model_from_string(path.read_bytes())
    graph = _Graph(model)
    reaches = graph.reaches()
    shaped = {size: _shapes(model, size) for size in sizes}
    layers = tuple(
        graph.layer(node, {size: shapes for size, (shapes, _) in shaped.items()}, reaches)
        for node in model.graph.node
        if graph.is_layer(node)
    )
    profiles = {size: _profile(path, size) for size in sizes}
    return Inspection(
        file=path.name,
        file_bytes=path.stat().st_size,
        metadata={key: value for key, value in metadata.items() if key not in ("config", "training", "changes")},
        parameters=sum(int(np.prod(layer.shape)) for layer in layers) + graph.biases(),
        layers=layers,
        peak_activation_bytes={size: _peak_bytes(model, *shapes) for size, shapes in shaped.items()},
        reach=reaches.get("policy", 0),
        global_pooling=graph.poolings(),
        operators={size: operators for size, (operators, _) in profiles.items()},
        layer_microseconds={size: graph.by_layer(nodes) for size, (_, nodes) in profiles.items()},
    )


_DECODED_INPUT = {
    "DequantizeLinear": 0, "Gather": 1, "Cast": 0, "Mul": 0, "Transpose": 0, "Reshape": 0, "ScatterElements": 2,
}  # fmt: skip
"""Nodes that decode weights, and which of their inputs holds these."""


class _Weights(NamedTuple):
    """Weights that are stored in a file."""

    name: str
    """Of the constant."""
    dims: tuple[int, ...]
    """As they are multiplied."""


class _Graph:
    """A model's nodes and constants, by name."""

    def __init__(self, model: onnx.ModelProto) -> None:
        self._nodes = list(model.graph.node)
        self._made_by = {name: node for node in self._nodes for name in node.output}
        self._constants = {tensor.name: tensor for tensor in model.graph.initializer}

    def weights(self, name: str) -> _Weights | None:
        """The constant that a tensor comes from, through nodes that only decode it."""
        dims: tuple[int, ...] = ()
        while name not in self._constants:
            node = self._made_by.get(name)
            if node is None or node.op_type not in _DECODED_INPUT:
                return None
            if node.op_type == "Reshape" and node.input[1] in self._constants:
                dims = tuple(onnx.numpy_helper.to_array(self._constants[node.input[1]]).tolist())
            name = node.input[_DECODED_INPUT[node.op_type]]
        known = bool(dims) and min(dims) > 0
        return _Weights(name, dims if known else tuple(self._constants[name].dims))

    def is_layer(self, node: onnx.NodeProto) -> bool:
        """Whether a node multiplies by weights."""
        return node.op_type in ("Conv", "Gemm", "MatMul") and self.weights(node.input[1]) is not None

    def layer(
        self, node: onnx.NodeProto, shapes: dict[int, dict[str, tuple[int, ...]]], reaches: dict[str, int]
    ) -> Layer:
        """What a node multiplies."""
        weights = self.weights(node.input[1])
        assert weights is not None
        dims = weights.dims
        kind = "Conv" if node.op_type == "Conv" else "Gemm"
        macs = {}
        for size, of in shapes.items():
            points = int(np.prod(of[node.output[0]][2:])) if kind == "Conv" else 1
            macs[size] = int(np.prod(dims)) * points
        integer = weights.name not in node.input and self._made_by[node.input[1]].op_type == "DequantizeLinear"
        groups = int(_attribute(node, "group", 1))
        return Layer(_plain_name(weights.name), kind, dims, groups, 8 if integer else 32, macs, reaches[node.output[0]])

    def biases(self) -> int:
        """Parameters of biases, those among them that are added by a node of their own."""
        names = [node.input[2] for node in self._nodes if self.is_layer(node) and len(node.input) > 2]
        names += [name for node in self._nodes if node.op_type == "Add" for name in node.input]
        found = [self.weights(name) for name in names if self._is_constant(name)]
        return sum(int(np.prod(each.dims)) for each in found if each is not None and each.dims)

    def _is_constant(self, name: str) -> bool:
        """Whether a tensor is a constant, or one decoded."""
        node = self._made_by.get(name)
        return name in self._constants or (
            node is not None and node.op_type == "DequantizeLinear" and node.input[0] in self._constants
        )

    def poolings(self) -> int:
        """Nodes that take a mean or maximum over the board."""
        return sum(node.op_type in ("ReduceMean", "ReduceMax", "GlobalAveragePool") for node in self._nodes)

    def reaches(self) -> dict[str, int]:
        """By tensor: how far it looks from a point; what comes out of a pooling looks nowhere by itself."""
        reach: dict[str, int] = {}
        for node in self._nodes:
            far = max((reach.get(name, 0) for name in node.input), default=0)
            if node.op_type in ("ReduceMean", "ReduceMax", "GlobalAveragePool", "Gemm", "MatMul", "Shape"):
                far = 0
            elif node.op_type == "Conv":
                weights = self.weights(node.input[1])
                far += weights.dims[2] // 2 if weights is not None else 0
            for name in node.output:
                reach[name] = far
        return reach

    def by_layer(self, times: dict[str, float]) -> dict[str, float]:
        """Microseconds by the name of the layer's weights.

        onnxruntime runs a node under its own name, or where it has changed or fused it, under that of its output or of
        the activation's behind it.
        """
        found: dict[str, float] = {}
        for node in self._nodes:
            if self.is_layer(node):
                weights = self.weights(node.input[1])
                assert weights is not None
                names = [node.name, f"fused {node.name}", node.output[0], *self._activated(node.output[0])]
                if spent := [times[name] for name in names if name in times]:
                    found[_plain_name(weights.name)] = spent[0]
        return found

    def _activated(self, name: str) -> list[str]:
        """The outputs of activations of a tensor."""
        return [node.output[0] for node in self._nodes if node.op_type in ("Relu", "HardSwish") and name in node.input]


def _plain_name(name: str) -> str:
    """A weight's name without what tools have put around it."""
    for ending in ("_quantized", ".codes", ".kept", ".weight"):
        name = name.removesuffix(ending)
    return name.removeprefix("net.")


def _attribute(node: onnx.NodeProto, name: str, default: Any) -> Any:
    return next((onnx.helper.get_attribute_value(item) for item in node.attribute if item.name == name), default)


def _shapes(model: onnx.ModelProto, size: int) -> tuple[dict[str, tuple[int, ...]], dict[str, int]]:
    """Shapes and element types of all tensors for one position of a board size."""
    fixed = onnx.ModelProto()
    fixed.CopyFrom(model)
    for value in fixed.graph.input:
        dims = value.type.tensor_type.shape.dim
        for index, dim in enumerate(dims):
            if dim.dim_param or not dim.dim_value:
                dim.Clear()
                dim.dim_value = 1 if index == 0 else size
    del fixed.graph.value_info[:]
    for value in fixed.graph.output:
        value.type.tensor_type.ClearField("shape")
    inferred = shape_inference.infer_shapes(fixed, data_prop=True)
    shapes, types = {}, {}
    for value in (*inferred.graph.value_info, *inferred.graph.output, *inferred.graph.input):
        tensor = value.type.tensor_type
        shapes[value.name] = tuple(dim.dim_value or 1 for dim in tensor.shape.dim)
        types[value.name] = tensor.elem_type
    return shapes, types


def _peak_bytes(model: onnx.ModelProto, shapes: dict[str, tuple[int, ...]], types: dict[str, int]) -> int:
    """Most bytes of tensors alive at once when the nodes run in their order; constants are not counted."""
    last_use: dict[str, int] = {}
    for index, node in enumerate(model.graph.node):
        for name in node.input:
            last_use[name] = index
    outputs = {value.name for value in model.graph.output}

    def size_of(name: str) -> int:
        return int(np.prod(shapes[name], dtype=np.int64)) * ITEM_BYTES.get(int(types[name]), 4) if name in shapes else 0

    alive = sum(size_of(value.name) for value in model.graph.input)
    peak = alive
    constants = {tensor.name for tensor in model.graph.initializer}
    varying = {value.name for value in model.graph.input}
    for index, node in enumerate(model.graph.node):
        if not any(name in varying for name in node.input):
            constants.update(node.output)
            continue
        varying.update(node.output)
        alive += sum(size_of(name) for name in node.output)
        peak = max(peak, alive)
        for name in {*node.input, *node.output}:
            if name in varying and name not in outputs and last_use.get(name, index) == index:
                alive -= size_of(name)
    return peak


def _profile(path: Path, size: int) -> tuple[tuple[Operator, ...], dict[str, float]]:
    """Time by kind of node, and by node, as onnxruntime's profiler has it."""
    options = session_options(1)
    options.enable_profiling = True
    chance = np.random.default_rng(0)
    with tempfile.TemporaryDirectory() as folder:
        options.profile_file_prefix = str(Path(folder) / "profile")
        try:
            session = onnxruntime.InferenceSession(path, options, providers=[PROVIDERS["cpu"]])
            channels = {value.name: value.shape[1] for value in session.get_inputs()}
            planes = (chance.random((PROFILED_ROWS, channels["planes"], size, size)) < 0.2).astype(np.float32)
            feeds = {"planes": planes, "globals": np.zeros((PROFILED_ROWS, channels["globals"]), np.float32)}
            for _ in range(PROFILED_RUNS):
                session.run(None, feeds)
            events = json.loads(Path(session.end_profiling()).read_text("utf-8"))
        except Exception as error:  # onnxruntime's exceptions share no base but this
            raise WeightsError(f"{path}: cannot be run: {error}") from None
    share = 1 / (PROFILED_RUNS * PROFILED_ROWS)
    kinds: dict[str, list[float]] = {}
    providers: dict[str, str] = {}
    nodes: dict[str, float] = {}
    for event in events:
        kind = event.get("args", {}).get("op_name")
        if event.get("cat") != "Node" or kind is None:
            continue
        kinds.setdefault(kind, []).append(event["dur"] * share)
        providers[kind] = event["args"].get("provider", "")
        name = event["name"].removesuffix("_kernel_time").partition("_token_")[0].removesuffix("_nchwc")
        nodes[name] = nodes.get(name, 0.0) + event["dur"] * share
    operators = [
        Operator(kind, len(times) // PROFILED_RUNS, sum(times), providers[kind]) for kind, times in kinds.items()
    ]
    return tuple(sorted(operators, key=lambda operator: -operator.microseconds)), nodes
