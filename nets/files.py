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
        model = onnx.load(path, load_external_data=False)
    except OSError as error:
        raise WeightsError(f"{path}: {error.strerror or error}") from None
    except DecodeError:
        raise WeightsError(f"{path}: damaged, or not an ONNX file") from None
    metadata = {prop.key: prop.value for prop in model.metadata_props}
    if not metadata.get("format", "").startswith("ponnuki-net-"):
        raise WeightsError(f"{path}: not a ponnuki net (its metadata has no format)")
    return metadata


def with_metadata(model: onnx.ModelProto, metadata: Mapping[str, str]) -> onnx.ModelProto:
    """The model itself, signed as ours and with exactly this metadata."""
    model.producer_name, model.producer_version, model.doc_string = "ponnuki", "", ""
    onnx.helper.set_model_props(model, dict(metadata))
    return model
