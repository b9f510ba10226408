"""Ships a trained net: float and int8 files, trainable state, a model card and an entry in the manifest."""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ponnuki.nets.accuracy import accuracy
from ponnuki.nets.checkpoint import load_net, with_suffix
from ponnuki.nets.comparison import speeds_in_turns
from ponnuki.nets.export import LICENCE, export_onnx
from ponnuki.nets.model import parameter_count
from ponnuki.nets.ort import OnnxEvaluator
from ponnuki.nets.quantize import calibration_batches, quantize
from ponnuki.records.batches import validation_batches
from ponnuki.records.replacing import replace_bytes
from ponnuki.records.sampling import Group

# An int8 net becomes the default if it loses no more than this on any validation group.
TOP1_TOLERANCE = 0.005
VALUE_TOLERANCE = 0.005


@dataclass(frozen=True)
class Shipment:
    """One file that is shipped, with what was measured of it."""

    name: str
    path: Path
    """Where it was measured."""
    figures: dict[str, dict[str, float]]
    """`accuracy` of each validation group by its name."""
    speeds: dict[int, float]
    """Evaluations a second by board size, as `comparison.speeds_in_turns` measures them."""


def ship(
    source: Path, folder: Path, name: str, calibration: Sequence[Group], validation: Sequence[Group], positions: int,
    default: bool = True,
) -> list[Shipment]:  # fmt: skip
    """Write NAME.onnx, NAME-int8.onnx, NAME.safetensors, NAME.toml, NAME.md and the manifest into `folder`.

    Args:
        source: the trained net, NAME.safetensors with NAME.toml.
        positions: of each validation group.
        default: whether the net, int8 where that holds, becomes the manifest's default.
    """
    net, training = load_net(source)
    with tempfile.TemporaryDirectory() as apart:  # an older net of this name stays whole until the new one is measured
        draft = Path(apart)
        files = {name: draft / f"{name}.onnx", f"{name}-int8": draft / f"{name}-int8.onnx"}
        export_onnx(net, files[name], sizes=training["board_sizes"], training=training)
        quantize(files[name], files[f"{name}-int8"], calibration_batches(calibration))
        shipped = measured(files, training["board_sizes"], validation, positions)
        best = shipped[1] if holds(shipped[0].figures, shipped[1].figures) else shipped[0]
        chosen = best.name if default else None
        card = model_card(name, net.config.architecture, parameter_count(net), training, shipped, chosen)
        (draft / f"{name}.md").write_text(card, encoding="utf-8", newline="\n")
        for suffix in (".safetensors", ".toml"):
            shutil.copyfile(with_suffix(source, suffix), draft / f"{name}{suffix}")
        for path in draft.iterdir():
            shutil.copyfile(path, folder / path.name)
        write_manifest(folder, shipped, chosen, training)
    return shipped


def measured(
    files: dict[str, Path], sizes: Sequence[int], validation: Sequence[Group], positions: int
) -> list[Shipment]:
    """Accuracy and speed of files by their nets' names."""
    evaluators = [OnnxEvaluator(path) for path in files.values()]
    speeds = {size: speeds_in_turns(evaluators, size) for size in sizes}
    shipments = []
    for index, (evaluator, (name, path)) in enumerate(zip(evaluators, files.items(), strict=True)):
        figures = {
            group.name: accuracy(evaluator.evaluate_arrays, validation_batches(group, 64, positions))
            for group in validation
        }
        shipments.append(Shipment(name, path, figures, {size: both[index] for size, both in speeds.items()}))
    return shipments


def holds(reference: dict[str, dict[str, float]], candidate: dict[str, dict[str, float]]) -> bool:
    """Whether the candidate's top-1 and value error stay within the tolerances on every group that has them."""
    worse = [
        lost
        for group, figures in reference.items()
        for name, sign, tolerance in (("top1", -1, TOP1_TOLERANCE), ("value_mse", 1, VALUE_TOLERANCE))
        if name in figures and (lost := sign * (candidate[group][name] - figures[name])) > tolerance
    ]
    return not worse


def write_manifest(folder: Path, shipped: Sequence[Shipment], default: str | None, training: dict[str, Any]) -> None:
    """Enter the files into `manifest.json`, keeping the entries of other nets, and the default unless one is given."""
    path = folder / "manifest.json"
    manifest = json.loads(path.read_text("utf-8")) if path.exists() else {"nets": {}}
    if default is not None:
        manifest["default"] = default
    for shipment in shipped:
        info = OnnxEvaluator(shipment.path).info
        content = shipment.path.read_bytes()
        manifest["nets"][shipment.name] = {
            "file": shipment.path.name,
            "sha256": hashlib.sha256(content).hexdigest(),
            "bytes": len(content),
            "architecture": info["architecture"],
            "precision": info["precision"],
            "feature_version": int(info["feature_version"]),
            "board_sizes": training["board_sizes"],
            "provenance": f"{training['steps']} steps on {training['data']}{_begun_with(training)}",
            "licence": info["licence"],
        }
    replace_bytes(path, (json.dumps(manifest, indent=2) + "\n").encode())


def model_card(
    name: str, architecture: str, parameters: int, training: dict[str, Any], shipped: Sequence[Shipment],
    default: str | None,
) -> str:  # fmt: skip
    """The card as Markdown; `default` names the file that plays where none is asked for, if it is one of these."""
    rows = ", ".join(f"{rows} on {size}x{size}" for size, rows in training["batch_rows"].items())
    total = sum(training["shares"].values())
    shares = ", ".join(f"{group} {share / total:.0%}" for group, share in training["shares"].items())
    lines = [
        f"# {name}",
        "",
        f"A policy and value network of {parameters:,} parameters (`{architecture}`) for Go on "
        f"{', '.join(f'{size}x{size}' for size in training['board_sizes'])}, on which it was trained, and all other "
        "sizes.",
        "",
        "| file | precision | size | evaluations a second, one thread, batch 8 |",
        "|---|---|---|---|",
        *(_file_row(shipment, shipment.name == default) for shipment in shipped),
        "",
        "## Training",
        "",
        f"- Data: {training['data']}. The records are not part of this project.",
        f"- Shares of batches: {shares}; all eight symmetries.",
        f"- {training['steps']:,} steps of {rows} positions, {training['positions']:,} positions in all, "
        f"{training['hours']:.2f} hours on {training['device']}; {training['optimizer']}, learning rate "
        f"{training['learning_rate']:g}, one cycle{_begun_with(training)}; an exponential average of the weights is "
        "shipped.",
        *([f"- Fitted once more afterwards: {training['refitted']}."] if "refitted" in training else []),
        f"- Targets: policy, value, lead and ownership under {training['rules']}.",
        f"- `{name}.safetensors` with `{name}.toml` is the trainable state (`ponnuki train --init`).",
        f"- Licence: {LICENCE}.",
        "",
        "## Validation",
        "",
        "Held-back games, a fixed sample of positions as they were played. `labelled` positions are compared with the",
        "labelling network's answer (which repeats its own first choice on another symmetry 77% of the time on 9x9),",
        "`played` positions with the move of a 9-dan player and the winner of the game.",
        "",
        "| positions | net | top-1 | policy loss | value MSE | value MAE | right winner | lead MAE (points) |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for group in shipped[0].figures:
        lines += [_figure_row(group, shipment) for shipment in shipped]
    return "\n".join(lines) + "\n"


def _begun_with(training: dict[str, Any]) -> str:
    """What was trained before, as the end of a sentence."""
    if "before" not in training:
        return ""
    before = training["before"]
    return (
        f", from the weights of {before['net']} after {before['steps']:,} steps, {before['positions']:,} positions, "
        f"{before['hours']:.2f} hours"
    )


def _file_row(shipment: Shipment, default: bool) -> str:
    speeds = ", ".join(f"{size}x{size}: {speed:,.0f}" for size, speed in shipment.speeds.items())
    precision = OnnxEvaluator(shipment.path).info["precision"] + (" (default)" if default else "")
    return f"| `{shipment.path.name}` | {precision} | {shipment.path.stat().st_size / 1e6:.2f} MB | {speeds} |"


def _figure_row(group: str, shipment: Shipment) -> str:
    figures = shipment.figures[group]
    columns = (("top1", ".1%"), ("policy_loss", ".3f"), ("value_mse", ".4f"), ("value_mae", ".4f"), ("sign", ".1%"),
               ("lead_mae", ".2f"))  # fmt: skip
    shown = [format(figures[name], style) if name in figures else "–" for name, style in columns]
    return f"| {group} ({figures['positions']:,.0f}) | {shipment.name} | {' | '.join(shown)} |"
