"""A generation's new net: trained from the one before on the replay window, exported and quantised. Imports torch."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from ponnuki import weights
from ponnuki.nets import checkpoint
from ponnuki.nets.export import export_onnx
from ponnuki.nets.model import Net
from ponnuki.nets.quantize import calibration_batches, quantize
from ponnuki.records.replacing import replace_bytes
from ponnuki.records.sampling import Group, find_groups, split_sources
from ponnuki.selfplay.progress import RunLog
from ponnuki.selfplay.run_folder import RunFolder
from ponnuki.selfplay.run_settings import NetSettings, TrainingSettings
from ponnuki.selfplay.train import OTHER, Trainer, TrainSettings, batch_rows, net_config

FROZEN_FROM = 0.5
"""Share of a training after which BatchNorm keeps its statistics."""

AVERAGED = 8
"""The average of weights looks back over about one in so many of a training's steps."""


@dataclass(frozen=True)
class Lesson:
    """What a net is trained on, and for how long."""

    files: tuple[Path, ...]
    other_files: tuple[Path, ...]
    """Records from elsewhere."""
    shares: tuple[tuple[str, float], ...]
    """By group; none: by their positions."""
    steps: int


def make_lesson(window: Sequence[Path], settings: TrainingSettings) -> Lesson:
    """The window with the other records mixed in, and as many steps as the reuse asks for.

    Raises:
        RecordError: nothing can be read.
        ConfigError: other records are not there.
    """
    own = find_groups(window)
    other_files = records_in(settings.data) if settings.data_share > 0 else []
    others = find_groups(other_files, OTHER) if other_files else []
    share = settings.data_share if others else 0.0
    weights = _shares(own, 1 - share) | _shares(others, share)
    rows = sum(weights[g.name] * batch_rows(settings.batch_size, g.size) for g in (*own, *others))
    steps = max(1, round(settings.reuse * settings.new_positions / (rows * (1 - share))))
    return Lesson(tuple(window), tuple(other_files), tuple(weights.items()), steps)


def records_in(sources: Sequence[str]) -> list[Path]:
    """The records to learn from among files and folders, none where there are no sources.

    Raises:
        ConfigError: a source is missing, or holds nothing.
    """
    return split_sources([Path(source) for source in sources])[0] if sources else []


def _shares(groups: Sequence[Group], total: float) -> dict[str, float]:
    positions = sum(group.weight for group in groups)
    return {group.name: total * group.weight / positions for group in groups if positions}


def first_net(folder: RunFolder, name: str, settings: NetSettings, sizes: Sequence[int], seed: int) -> None:
    """Write the net that a run begins with: random weights, or those of another net.

    Raises:
        WeightsError: the other net cannot be read.
        ConfigError: the architecture is not known.
    """
    if settings.init == "zero":
        torch.manual_seed(seed)
        net = Net(net_config(settings.net, settings.alpha, settings.depth or None))
        training: dict[str, Any] = {"data": "none: random weights", "board_sizes": list(sizes)}
    else:
        net, training = checkpoint.load_net(trained(settings.init))
        training = {**training, "board_sizes": sorted({*training.get("board_sizes", ()), *sizes})}
    checkpoint.save_net(folder.net(name), net.config, net.state_dict(), training)
    export(folder, name)


def export(folder: RunFolder, name: str) -> None:
    """Write a net's ONNX file from its weights."""
    net, training = checkpoint.load_net(folder.net(name))
    export_onnx(net.eval(), folder.playable(name, "float32"), sizes=training["board_sizes"], training=training)


def trained(name: str) -> Path:
    """The stem of a trained net's files: a shipped one by its name, or a path."""
    shipped = weights.FOLDER / name.removesuffix("-int8")
    return shipped if checkpoint.with_suffix(shipped, ".safetensors").exists() else Path(name)


def train(
    folder: RunFolder, generation: int, name: str, source: Path, lesson: Lesson, settings: TrainingSettings,
    seed: int, stop: threading.Event, say: Callable[[str], None] | None,
) -> bool:  # fmt: skip
    """Train, or go on training, a net from `source`; False if `stop` was set before the end.

    At the end the net's files lie among the run's nets, the ONNX file last.
    """
    out = folder.training(generation)
    run = TrainSettings(
        data=lesson.files,
        other_data=lesson.other_files,
        shares=lesson.shares,
        out=out,
        init=source,
        name=name,
        steps=lesson.steps,
        batch_size=settings.batch_size,
        learning_rate=settings.learning_rate,
        weight_decay=settings.weight_decay,
        warm_up=settings.warm_up,
        average=1 - min(0.1, AVERAGED / lesson.steps),
        freeze_norms_at=FROZEN_FROM,
        device=settings.device,
        workers=settings.workers,
        seed=seed,
        note=f"self-play, generation {generation}",
    )
    with RunLog(out, say) as log:
        if not Trainer(run, log).run(stop):
            return False
    for suffix in (".safetensors", ".toml", ".onnx"):
        replace_bytes(folder.nets / f"{name}{suffix}", (out / f"{name}{suffix}").read_bytes())
    return True


def quantized(folder: RunFolder, name: str, window: Sequence[Path]) -> None:
    """Write the int8 form of a net, its ranges taken from the newest games of each size."""
    groups = find_groups(window)
    quantize(folder.playable(name, "float32"), folder.playable(name, "int8"), calibration_batches(groups))


def clear_training(folder: RunFolder, generation: int) -> None:
    """Remove what a finished training needs no more; its TensorBoard events stay."""
    for path in folder.training(generation).glob("*"):
        if path.is_file():
            path.unlink(missing_ok=True)
