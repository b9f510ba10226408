"""From trained weights to the ONNX file that the engine runs: BatchNorm folded, board size and batch left open."""

from __future__ import annotations

import copy
import json
import logging
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import onnx
import torch
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from ponnuki.nets.files import with_metadata
from ponnuki.nets.model import Net
from ponnuki.nets.ort import FORMAT, OUTPUTS
from ponnuki.records.replacing import replace_bytes

OPSET = 18
INPUTS = ("planes", "globals")
LICENCE = "MIT"


class ExportNet(nn.Module):
    """The network as the engine sees it: tanh applied, plain outputs in the order of OUTPUTS."""

    def __init__(self, net: Net) -> None:
        super().__init__()
        self.net = net

    def forward(self, planes: Tensor, globals: Tensor) -> tuple[Tensor, ...]:
        out = self.net(planes, globals)
        return out.policy, out.value, out.lead, out.lead_stdev, out.ownership


def fold_norms(net: Net) -> Net:
    """A copy in inference mode whose BatchNorms are folded into their convolutions; same outputs."""
    folded = copy.deepcopy(net).cpu().float().eval()
    for module in folded.modules():
        if isinstance(module, nn.Sequential):
            _fold_sequence(module)
    for parameter in folded.parameters():
        parameter.data = parameter.data.contiguous()
    return folded


def _fold_sequence(sequence: nn.Sequential) -> None:
    for index in range(len(sequence) - 1):
        conv, norm = sequence[index], sequence[index + 1]
        if isinstance(conv, nn.Conv2d) and isinstance(norm, nn.BatchNorm2d):
            sequence[index] = fuse_conv_bn_eval(conv, norm)
            sequence[index + 1] = nn.Identity()


def metadata(net: Net, sizes: Sequence[int], training: Mapping[str, Any]) -> dict[str, str]:
    """The file's metadata_props; ``training`` may hold "data" (one line), "rules" and more, kept as JSON."""
    config = net.config
    return {
        "format": FORMAT,
        "precision": "float32",
        "architecture": config.architecture,
        "alpha": repr(config.alpha),
        "activation": config.activation,
        "feature_version": str(config.feature_version),
        "board_sizes": ",".join(map(str, sizes)),
        "training_data": str(training.get("data", "unknown")),
        "rules": str(training.get("rules", "area scoring, positional superko, no suicide")),
        "licence": LICENCE,
        "config_sha256": config.sha256(),
        "config": json.dumps(config.to_table(), sort_keys=True),
        "training": json.dumps(dict(training), sort_keys=True),
    }


def export_onnx(net: Net, path: Path, *, sizes: Sequence[int], training: Mapping[str, Any]) -> None:
    """Writes the network to ``path``, whole or not at all.

    ``sizes``: the board sizes that it was trained on, for the metadata; the graph itself takes any.
    """
    model = trace(fold_norms(net))
    with_metadata(model, metadata(net, sizes, training))
    onnx.checker.check_model(model, full_check=True)
    replace_bytes(path, model.SerializeToString())


def trace(net: Net) -> onnx.ModelProto:
    """The graph by torch's exporter, with named inputs, outputs and open axes."""
    example = torch.zeros(2, net.config.planes, 9, 9), torch.zeros(2, net.config.globals)
    batch, side = torch.export.Dim("batch"), torch.export.Dim("side")
    with _quiet():
        program = torch.onnx.export(
            ExportNet(net).eval(),
            example,
            dynamo=True,
            opset_version=OPSET,
            input_names=INPUTS,
            output_names=OUTPUTS,
            dynamic_shapes={"planes": {0: batch, 2: side, 3: side}, "globals": {0: batch}},
            optimize=True,
            verbose=False,
        )
    assert program is not None
    return _plain(program.model_proto)


def _plain(model: onnx.ModelProto) -> onnx.ModelProto:
    """Without the exporter's notes (source lines, module paths), which name the machine it ran on."""
    for node in model.graph.node:
        node.doc_string = ""
        del node.metadata_props[:]
    for value in (*model.graph.value_info, *model.graph.input, *model.graph.output, *model.graph.initializer):
        value.doc_string = ""
        del value.metadata_props[:]
    del model.graph.metadata_props[:]
    return model


class _quiet(warnings.catch_warnings):
    """Silences the exporter's progress and deprecation notes."""

    def __enter__(self) -> Any:
        result = super().__enter__()
        warnings.simplefilter("ignore")
        self._level = logging.getLogger("torch.onnx").level
        logging.getLogger("torch.onnx").setLevel(logging.ERROR)
        return result

    def __exit__(self, *details: Any) -> None:
        logging.getLogger("torch.onnx").setLevel(self._level)
        super().__exit__(*details)
