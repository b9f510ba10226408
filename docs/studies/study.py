"""Run a study: the same data and steps for several nets, compared at their int8 speed.

    python docs/studies/study.py docs/studies/blocks.toml --data RECORDS --out DIR

A study is a TOML file: what is common to all runs, and the variants, each with what is different:

    title = "…"
    seeds = [1, 2, 3]
    train = { steps = 1500, batch_size = 96 }           fields of `TrainSettings`
    speed_size = 9                                       board on which evaluations are timed

    [[variant]]
    name = "residual 6×64"
    net = { stem_channels = 64, blocks = [{ kind = "residual", channels = 64, expansion = 1.0, repeat = 6 }] }
    train = { optimizer = "adamw" }
    seeds = [1]                                          if it is not run with all; the first always is

Runs that are finished are not run again; a run that was stopped goes on. The records named `*_valid.npz` measure: the
int8 net's accuracy by group. At the end the int8 nets of the first seed are timed in turns; leave the machine alone
then. The outcome goes to DIR/results.json and DIR/speeds.json, and from there into a table (Markdown, on standard
output) and a picture beside the TOML file.
"""

from __future__ import annotations

import argparse
import json
import statistics
import threading
import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from ponnuki.nets.accuracy import accuracy
from ponnuki.nets.comparison import speeds_in_turns
from ponnuki.nets.model import Net, parameter_count
from ponnuki.nets.ort import OnnxEvaluator
from ponnuki.nets.quantize import calibration_batches, quantize
from ponnuki.nets.tables import write_toml
from ponnuki.records.batches import validation_batches
from ponnuki.records.sampling import find_groups, split_sources
from ponnuki.selfplay.progress import RunLog
from ponnuki.selfplay.train import Trainer, TrainSettings, hiding, net_config

FIGURES = ("top1", "policy_loss", "value_mse", "ownership_mse")
POSITIONS = 4000


def main() -> None:
    """Parse the command line, run what is missing, write table and picture."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("study", type=Path, metavar="STUDY.toml")
    parser.add_argument("--data", type=Path, nargs="+", required=True)
    parser.add_argument("--out", type=Path, required=True, metavar="DIR")
    parser.add_argument("--workers", type=int, default=0, help="threads of the training; 0: one a core")
    args = parser.parse_args()
    study = tomllib.loads(args.study.read_text("utf-8"))
    results: list[dict[str, Any]] = []
    for seed in study["seeds"]:
        for variant in study["variant"]:
            if seed not in variant.get("seeds", study["seeds"]):
                continue
            folder = args.out / slug(variant["name"]) / str(seed)
            done = folder / "result.json"
            if not done.exists():
                result = run(study, variant, seed, args.data, folder, args.workers)
                done.write_text(json.dumps(result), "utf-8")
            results.append(json.loads(done.read_text("utf-8")))
    (args.out / "results.json").write_text(json.dumps(results, indent=1), "utf-8")
    if not (args.out / "speeds.json").exists():
        (args.out / "speeds.json").write_text(json.dumps(time_in_turns(study, args.out)), "utf-8")
    speeds = json.loads((args.out / "speeds.json").read_text("utf-8"))
    print_table(study, results, speeds)
    draw(study, results, speeds, args.study.with_suffix(".png"))


def time_in_turns(study: dict[str, Any], out: Path) -> dict[str, float]:
    """Evaluations a second of each variant's int8 net on one thread, measured in turns."""
    names = [variant["name"] for variant in study["variant"]]
    nets = [OnnxEvaluator(out / slug(name) / str(study["seeds"][0]) / "net-int8.onnx") for name in names]
    return dict(zip(names, speeds_in_turns(nets, study["speed_size"]), strict=True))


def run(
    study: dict[str, Any], variant: dict[str, Any], seed: int, data: list[Path], folder: Path, workers: int
) -> dict[str, Any]:
    """Train, export, quantise and measure one variant with one seed."""
    folder.mkdir(parents=True, exist_ok=True)
    given = {**study["train"], **variant.get("train", {}), "seed": seed, "workers": workers, "name": "net"}
    if "net" in variant:
        write_toml(folder / "config.toml", {"net": net_table(variant["net"])})
        given["net"] = str(folder / "config.toml")
    given["hidden_planes"] = tuple(given.get("hidden_planes", ()))
    settings = TrainSettings(
        data=tuple(data), out=folder, checkpoint_minutes=60.0, valid_positions=16,
        note="a study", **given,
    )  # fmt: skip
    with RunLog(folder, lambda line: None) as log:
        Trainer(settings, log).run(threading.Event())
    train, valid = split_sources(data)
    quantize(folder / "net.onnx", folder / "net-int8.onnx", calibration_batches(find_groups(train)))
    evaluator = OnnxEvaluator(folder / "net-int8.onnx")
    result: dict[str, Any] = {
        "variant": variant["name"], "seed": seed,
        "parameters": parameter_count(Net(net_config(settings.net))),
    }  # fmt: skip
    for group in find_groups(valid):
        figures = accuracy(
            evaluator.evaluate_arrays, hiding(validation_batches(group, 64, POSITIONS), settings.hidden_planes)
        )
        result[group.name] = {name: figures[name] for name in FIGURES if name in figures}
    print(json.dumps(result), flush=True)
    return result


def net_table(table: dict[str, Any]) -> dict[str, Any]:
    """A net's table with each block as often as its `repeat` says."""
    blocks = [
        {name: value for name, value in block.items() if name != "repeat"}
        for block in table["blocks"]
        for _ in range(block.get("repeat", 1))
    ]
    return {**{name: value for name, value in table.items() if name != "blocks"}, "blocks": blocks}


def slug(name: str) -> str:
    """A folder's name."""
    return "".join(letter if letter.isalnum() else "-" for letter in name)


def by_variant(names: Iterable[str], results: list[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    """The results of each variant."""
    return {name: [result for result in results if result["variant"] == name] for name in names}


def print_table(study: dict[str, Any], results: list[dict[str, Any]], speeds: dict[str, float]) -> None:
    """The study as Markdown."""
    groups = [name for name in results[0] if isinstance(results[0][name], dict)]
    size = study["speed_size"]
    heads = [f"{group}: {figure}" for group in groups for figure in FIGURES]
    print(f"| variant | parameters | int8 evaluations a second, {size}×{size} |", " | ".join(heads), "|")
    print("|---" * (3 + len(heads)) + "|")
    for name, runs in by_variant(speeds, results).items():
        cells = []
        for group in groups:
            for figure in FIGURES:
                values = [run[group][figure] for run in runs if figure in run[group]]
                if not values:
                    cells.append("–")
                    continue
                form = ".1%" if figure == "top1" else ".4f"
                mean = f"{statistics.mean(values):{form}}"
                cells.append(f"{mean} ± {statistics.stdev(values):{form}}" if len(values) > 1 else mean)
        print(f"| {name} | {runs[0]['parameters']:,} | {speeds[name]:,.0f} |", " | ".join(cells), "|")


def draw(study: dict[str, Any], results: list[dict[str, Any]], speeds: dict[str, float], path: Path) -> None:
    """Top-1 and value error of each variant, a dot a seed and a bar for the mean: against the time of an evaluation, or
    one below the other where all are the same net."""
    size = study["speed_size"]
    group = next(name for name in results[0] if name.startswith(f"{size}x{size} "))
    same_net = "net" in study["train"]
    figure = Figure(figsize=(10, 1.2 + 0.4 * len(speeds)) if same_net else (10, 5), layout="constrained")
    for axes, name in zip(figure.subplots(1, 2, sharey=same_net), ("top1", "value_mse"), strict=True):
        for index, (variant, runs) in enumerate(by_variant(speeds, results).items()):
            values = [run[group][name] for run in runs]
            if same_net:
                axes.plot(values, [variant] * len(values), "o", color="0.7", markersize=4)
                axes.plot([statistics.mean(values)], [variant], "|", color="#1f4e79", markersize=14)
                continue
            microseconds = 1e6 / speeds[variant]
            axes.plot([microseconds] * len(values), values, "o", color=f"C{index}", markersize=4, alpha=0.4)
            axes.plot([microseconds], [statistics.mean(values)], "_", color=f"C{index}", markersize=16,
                      markeredgewidth=2, label=variant)  # fmt: skip
        axes.set_title({"top1": "top-1", "value_mse": "value error"}[name] + f", {group}", loc="left")
        axes.spines[["top", "right"]].set_visible(False)
        if not same_net:
            axes.set_xlabel(f"µs an int8 evaluation, {size}×{size}, one thread")
    if same_net:
        figure.axes[0].invert_yaxis()
    else:
        figure.legend(*figure.axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=2, frameon=False)
    figure.savefig(path, dpi=120)


if __name__ == "__main__":
    main()
