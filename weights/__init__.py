"""Shipped networks, each with its model card, and `manifest.json`: which is the default, sha256, sizes, provenance.

    {"default": "NAME", "nets": {"NAME": {"file": "NAME.onnx", "sha256": …, "bytes": …, …}}}
"""

import json
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).resolve().parent


def manifest() -> dict[str, Any]:
    """The manifest, as read from its file."""
    return json.loads((FOLDER / "manifest.json").read_text("utf-8"))


def names() -> list[str]:
    """The names of the shipped networks."""
    return list(manifest()["nets"])


def path_of(name: str | None = None) -> Path:
    """The ONNX file of the shipped network `name`, or of the default one.

    Raises:
        KeyError: there is no shipped network of that name.
    """
    listed = manifest()
    return FOLDER / listed["nets"][name or listed["default"]]["file"]
