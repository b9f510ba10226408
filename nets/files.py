"""What the tools on ONNX files share: their metadata."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import onnx
from google.protobuf.message import DecodeError  # type: ignore[import-untyped]

from ponnuki.engine.errors import WeightsError


def read_metadata(path: Path) -> dict[str, str]:
    """The metadata_props of a net.

    Raises:
        WeightsError: the file is missing, damaged or no net of ours.
    """
    try:
        model = onnx.load_model_from_string(path.read_bytes())  # `onnx.load` would go by the ending of the name
    except OSError as error:
        raise WeightsError(f"{path}: {error.strerror or error}") from None
    except DecodeError:
        raise WeightsError(f"{path}: damaged, or not an ONNX file") from None
    metadata = {prop.key: prop.value for prop in model.metadata_props}
    if not metadata.get("format", "").startswith("ponnuki-net-"):
        raise WeightsError(f"{path}: not a ponnuki net (its metadata has no format)")
    return metadata


def load_plain(path: Path) -> tuple[onnx.ModelProto, dict[str, str]]:
    """A net in float with all its weights as they were trained, which the tools start from, and its metadata.

    Raises:
        WeightsError: as `read_metadata`, or the net is quantised, clustered or pruned of weights.
    """
    metadata = read_metadata(path)
    precision = metadata.get("precision", "float32")
    changed = [name for name in ("clustering", "pruning") if name in metadata]
    if precision != "float32" or changed:
        found = f"{precision} already" if precision != "float32" else f"changed by {changed[0]} already"
        raise WeightsError(f"{path}: is {found}; expected a float32 net with all its weights, none of them shared")
    return onnx.load_model_from_string(path.read_bytes()), metadata


def with_metadata(model: onnx.ModelProto, metadata: Mapping[str, str]) -> onnx.ModelProto:
    """The model itself, signed as ours and with exactly this metadata."""
    model.producer_name, model.producer_version, model.doc_string = "ponnuki", "", ""
    onnx.helper.set_model_props(model, dict(metadata))
    return model
