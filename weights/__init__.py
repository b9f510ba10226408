"""Shipped networks, each with its model card, and `manifest.json`: which is the default, sha256, sizes, provenance.

    {"default": "NAME", "nets": {"NAME": {"file": "NAME.onnx", "sha256": …, "bytes": …, …}}}
"""

import json
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).resolve().parent


def manifest() -> dict[str, Any]:
    """The manifest, as read from its file; a copy without networks has none."""
    path = FOLDER / "manifest.json"
    return json.loads(path.read_text("utf-8")) if path.exists() else {"default": None, "nets": {}}


def names() -> list[str]:
    """The names of the shipped networks."""
    return list(manifest()["nets"])


def sha256_of(path: Path) -> str | None:
    """The manifest's sha256 of a shipped file, None for a file that is not one."""
    if path.resolve().parent != FOLDER:
        return None
    return next((net["sha256"] for net in manifest()["nets"].values() if net["file"] == path.name), None)


def path_of(name: str | None = None) -> Path | None:
    """The ONNX file of the shipped network `name`, or of the default one; None if there is none."""
    listed = manifest()
    net = listed["nets"].get(name or listed["default"])
    return FOLDER / net["file"] if net else None
