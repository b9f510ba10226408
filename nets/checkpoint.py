"""Networks on disk: `NAME.safetensors` with `NAME.toml` (what ships), and full checkpoints (what a run resumes)."""

from __future__ import annotations

import pickle
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import safetensors
import safetensors.torch
import torch
from torch import Tensor

from ponnuki.engine.errors import ConfigError, WeightsError
from ponnuki.nets.config import NetConfig
from ponnuki.nets.model import Net
from ponnuki.nets.tables import read_toml, write_toml
from ponnuki.records.replacing import replacing


def save_net(stem: Path, config: NetConfig, state: Mapping[str, Tensor], training: Mapping[str, Any]) -> None:
    """Writes ``stem``.safetensors and ``stem``.toml, each whole or not at all.

    ``training`` says what the weights learnt from; it ends up in the ONNX file's metadata and in model cards.
    """
    stem.parent.mkdir(parents=True, exist_ok=True)
    tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in state.items()}
    weights = with_suffix(stem, ".safetensors")
    with replacing(weights) as temporary:
        safetensors.torch.save_file(tensors, str(temporary))
    write_toml(with_suffix(stem, ".toml"), {"net": config.to_table(), "training": training})


def load_net(name: Path) -> tuple[Net, dict[str, Any]]:
    """The network saved under ``name`` (the stem, or either file) and its training table.

    Raises WeightsError, naming the file, for one that is missing, damaged or does not fit its config.
    """
    stem = stem_of(name)
    weights, description = with_suffix(stem, ".safetensors"), with_suffix(stem, ".toml")
    try:
        tables = read_toml(description)
        net = Net(NetConfig.from_table(tables.get("net", {})))
    except ConfigError as error:
        raise WeightsError(str(error) if str(description) in str(error) else f"{description}: {error}") from None
    training = tables.get("training", {})
    if not isinstance(training, dict):
        raise WeightsError(f"{description}: training: {training!r} is no table")
    try:
        net.load_state_dict(safetensors.torch.load_file(str(weights)))
    except FileNotFoundError:
        raise WeightsError(f"{weights}: no such file") from None
    except (safetensors.SafetensorError, RuntimeError, OSError) as error:
        reason = str(error).splitlines()[0]
        raise WeightsError(f"{weights}: damaged, or not what {description.name} describes: {reason}") from None
    return net, training


def stem_of(name: Path) -> Path:
    """The stem of a saved network that was named by it or by either of its files; a stem may have dots in it."""
    return name.with_suffix("") if name.suffix in (".toml", ".safetensors") else name


def with_suffix(stem: Path, suffix: str) -> Path:
    """``stem`` plus ``suffix``: Path.with_suffix would cut a version such as `net-0.3`."""
    return stem.with_name(stem.name + suffix)


def save_checkpoint(path: Path, state: Mapping[str, Any]) -> None:
    """Writes a run's full state; a kill meanwhile leaves the previous one."""
    with replacing(path) as temporary:
        torch.save(dict(state), temporary)


def load_checkpoint(path: Path, device: torch.device) -> dict[str, Any]:
    """Raises WeightsError for a file that is damaged."""
    try:
        return torch.load(path, map_location=device, weights_only=True)
    except (RuntimeError, OSError, EOFError, pickle.UnpicklingError, KeyError, ValueError) as error:
        reason = next(iter(str(error).splitlines()), type(error).__name__)
        raise WeightsError(f"{path}: damaged checkpoint: {reason}") from None
