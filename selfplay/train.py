"""The trainer behind `ponnuki train`: game records in, a network out; resumes from its run folder after a kill.

A run folder holds `checkpoint.pt` (everything needed to go on), `latest.safetensors`, `.toml` and `.onnx` (the average
of weights at the last checkpoint but the final one), `tensorboard/`, and at the end the net under its own name.
"""

from __future__ import annotations

import dataclasses
import json
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch

from ponnuki.engine import features
from ponnuki.engine.errors import ConfigError, RecordError
from ponnuki.nets import checkpoint, export, training
from ponnuki.nets.config import NetConfig, preset
from ponnuki.nets.model import Net, channels_last, parameter_count
from ponnuki.nets.optim import WeightAverage, make_optimizer, one_cycle
from ponnuki.nets.parallel import SplitBatch, default_workers
from ponnuki.nets.tables import read_toml
from ponnuki.records.batches import BatchSource, TrainingBatch, validation_batches
from ponnuki.records.sampling import Group, find_groups, split_sources
from ponnuki.selfplay.pictures import sample_boards
from ponnuki.selfplay.progress import RunLog
from ponnuki.selfplay.signals import stopped_by_signals

LATEST = "latest"
"""Name of the net in a run that goes on."""


SAMPLE_BOARDS = 4
"""Positions of each validation group that TensorBoard shows."""


@dataclasses.dataclass(frozen=True)
class TrainSettings:
    """One training run."""

    data: tuple[Path, ...]
    """Shards or folders; `*_valid.npz` among them validate."""
    out: Path
    """The run folder."""
    other_data: tuple[Path, ...] = ()
    """More of them, in groups of their own, whose names end in OTHER."""
    net: str = "phone"
    """A preset's name or a TOML file with a [net] table; unused with `init`."""
    alpha: float = 1.0
    """Width multiplier of a preset."""
    depth: int | None = None
    """Blocks of a preset; None: as many as it has."""
    init: Path | None = None
    """Start from this net (`NAME.safetensors` with `NAME.toml`)."""
    feature_version: int | None = None
    """Version of the net's input; None: the newest, or that of `init`. A later one than `init`'s adds planes to it."""
    name: str = "net"
    """Name of the final net in the run folder."""
    steps: int | None = None
    """Length of the schedule in optimisation steps; or"""
    hours: float | None = None
    """length of the schedule in hours of training, interruptions not counted. The first reached ends the run."""
    batch_size: int = 48
    """Positions a step on 19x19; smaller boards take more, to at most twice as many (docs/studies/optimiser.md)."""
    shares: tuple[tuple[str, float], ...] = ()
    """Share of batches by group ("9x9 labelled"), relative; without any, groups count by their number of positions."""
    optimizer: str = "muon"
    """`muon` or `adamw`."""
    learning_rate: float = 8e-3
    """At the top of the schedule."""
    weight_decay: float = 0.02
    """Per unit of learning rate, decoupled."""
    warm_up: float = 0.03
    """Share of the schedule."""
    average: float = 0.999
    """Decay of the average of weights, per step."""
    freeze_norms_at: float = 0.6
    """Share of the schedule after which BatchNorm keeps its statistics; 1 never.

    Batches hold one board size, so batch statistics are not those of inference: before freezing, a net of 850 steps
    had a value error (MSE) of 0.196 on 9x9 with each batch's own statistics and 0.491 with the running ones. Frozen at
    0.2, near the top of the learning rate, the value loss was still 0.58 against 0.52 before after 180 steps."""
    int8_from: float = 1.0
    """Share of the schedule after which convolutions round as their 8-bit form does; 1 never."""
    loss: training.LossWeights = dataclasses.field(default_factory=training.LossWeights)
    hidden_planes: tuple[int, ...] = ()
    """Input planes that the net does not see, for studies; the file does not know, and plays with them."""
    device: str = "cpu"
    compile: bool = False
    """torch.compile, for a minute of compilation per board size; one worker."""
    autocast: bool | None = None
    """Compute in bfloat16; None: where that is the faster way (`training.prefers_bfloat16`)."""
    workers: int = 0
    """Threads that share a batch on the CPU; 0 takes one per core."""
    seed: int = 0
    checkpoint_minutes: float = 5.0
    valid_positions: int = 2048
    """Validation positions per group at checkpoints."""
    note: str = ""
    """One line on the data, for the net's metadata."""

    def __post_init__(self) -> None:
        if self.steps is None and self.hours is None:
            raise ConfigError("train needs --steps or --hours")
        if self.optimizer not in ("muon", "adamw"):
            raise ConfigError(f"optimizer {self.optimizer!r}: expected muon or adamw")
        if not self.data:
            raise ConfigError("train needs --data: shards or folders of them")


OTHER = " (other)"
"""Ends the names of groups of other records."""


class Trainer:
    """A training run: `run` goes on until the schedule's end or a stop, and leaves the run folder complete."""

    def __init__(self, settings: TrainSettings, log: RunLog) -> None:
        self.settings, self.log = settings, log
        self.device = torch.device(settings.device)
        if self.device.type == "cuda" and not torch.cuda.is_available():
            raise ConfigError("--device cuda: torch finds no CUDA device here; accepted: cpu")
        torch.manual_seed(settings.seed)
        train, valid = split_sources(settings.data)
        groups = find_groups(train)
        if settings.other_data:
            others, more_valid = split_sources(settings.other_data)
            groups += find_groups(others, OTHER)
            valid += more_valid
        self.groups = weighted(groups, settings.shares)
        self.valid_groups = find_groups(valid) if valid else []
        self.sizes = sorted({group.size for group in self.groups})
        self.known_sizes = set(self.sizes)
        """Board sizes that the net learnt at any time."""
        self.before: dict[str, Any] = {}
        """Whose weights the run begins with, and all training up to there."""
        rows = {size: batch_rows(settings.batch_size, size) for size in self.sizes}
        self.source = BatchSource(self.groups, rows, settings.seed, threads=1)
        self.net = self._make_net().to(self.device)
        channels_last(self.net)
        self.bfloat16 = training.prefers_bfloat16(self.device.type) if settings.autocast is None else settings.autocast
        self.optimizer = make_optimizer(
            self.net, settings.optimizer, settings.learning_rate, settings.weight_decay, self.bfloat16
        )
        self.average = WeightAverage(self.net, settings.average)
        self.step, self.seen, self.elapsed_s, self.frozen, self.rounding = 0, 0, 0.0, False, False
        self.figures: dict[str, dict[str, float]] = {}
        settings.out.mkdir(parents=True, exist_ok=True)
        if self.checkpoint_path.exists():
            self.resume()

    @property
    def checkpoint_path(self) -> Path:
        return self.settings.out / "checkpoint.pt"

    @property
    def progress(self) -> float:
        """Share of the schedule done, 0..1."""
        settings = self.settings
        by_steps = self.step / settings.steps if settings.steps else 0.0
        by_time = self.elapsed_s / (3600 * settings.hours) if settings.hours else 0.0
        return max(by_steps, by_time)

    def _make_net(self) -> Net:
        if self.settings.init is not None:
            net, before = checkpoint.load_net(self.settings.init)
            self.before = lineage(checkpoint.stem_of(self.settings.init).name, before)
            net = with_features(net, self.settings.feature_version or net.config.feature_version)
            self.known_sizes.update(before.get("board_sizes", ()))
            self.log.say(f"starts from {self.settings.init}")
        else:
            settings = self.settings
            version = settings.feature_version or features.FEATURE_VERSION
            net = Net(net_config(settings.net, settings.alpha, settings.depth, version))
        config = net.config
        if features.PLANES_OF.get(config.feature_version) != config.planes or config.globals != features.GLOBALS:
            raise ConfigError(
                f"the net takes {config.planes} planes of feature version {config.feature_version} and "
                f"{config.globals} globals; the records give versions {' and '.join(map(str, features.PLANES_OF))}"
            )
        return net

    def _gradients(self) -> training.GradientSource:
        settings = self.settings
        workers = settings.workers or default_workers()
        if self.device.type == "cpu" and workers > 1 and not settings.compile:
            return SplitBatch(self.net, workers, self.bfloat16)
        if self.device.type == "cpu":
            torch.set_num_threads(workers)
        forward = torch.compile(self.net, dynamic=False) if settings.compile else self.net
        return training.WholeBatch(forward, self.device, self.bfloat16)

    def run(self, stop: threading.Event) -> bool:
        """Train until the schedule ends (True) or `stop` is set (False); the state is saved either way."""
        self.log.say(self.describe())
        gradients = self._gradients()
        self.net.train()
        if self.frozen:
            training.freeze_norms(self.net)
        batches = hiding(self.source, self.settings.hidden_planes)
        last = saved = time.monotonic()
        while self.progress < 1 and not stop.is_set():
            self._train_step(gradients, next(batches))
            now = time.monotonic()
            self.elapsed_s, last = self.elapsed_s + now - last, now
            if now - saved > 60 * self.settings.checkpoint_minutes:
                self.save(LATEST)
                saved = last = time.monotonic()  # validation and export are no part of the schedule
                self.log.leave_out(last - now)
        finished = self.progress >= 1
        self.save(self.settings.name if finished else LATEST)
        self.log.say("finished" if finished else f"stopped at step {self.step}; run again to go on")
        return finished

    def _train_step(self, gradients: training.GradientSource, batch: TrainingBatch) -> None:
        settings = self.settings
        if not self.frozen and self.progress >= settings.freeze_norms_at:
            self.frozen = True
            training.freeze_norms(self.net)
        if not self.rounding and self.progress >= settings.int8_from:
            self.rounding = True
            training.round_as_int8(self.net)
        rate = settings.learning_rate * one_cycle(self.progress, settings.warm_up)
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        terms = training.train_step(self.net, self.optimizer, gradients, batch, settings.loss)
        self.average.update(self.net)
        self.step += 1
        self.seen += batch.rows
        self.log.step(self.step, self.seen, self.progress, batch.size, batch.rows, rate, terms)

    # ------------------------------------------------------------------------------------- what is kept

    def save(self, name: str) -> None:
        """Checkpoint, validate, write the averaged net as `name`."""
        checkpoint.save_checkpoint(self.checkpoint_path, self.state_dict())
        self.validate()
        self.write_net(name)

    def validate(self) -> None:
        """Measure the averaged net on every validation group; logged, and kept in `figures`."""
        net = self.averaged_net()
        for group in list(self.valid_groups):
            read = validation_batches(group, 256, self.settings.valid_positions)
            try:
                batches = list(hiding(read, self.settings.hidden_planes))
            except RecordError as error:
                self.log.say(f"no validation with {group.name}: {error}")
                self.valid_groups.remove(group)
                continue
            self.figures[group.name] = training.measure(net, batches, self.device)
            self.log.figures(self.step, group.name, self.figures[group.name])
            sample = TrainingBatch(*(array[:SAMPLE_BOARDS] for array in batches[0]))
            answers = training.evaluation(net, sample.planes, sample.globals, self.device)
            self.log.boards(self.step, group.name, sample_boards(sample, answers))

    def averaged_net(self) -> Net:
        """The net that is measured and written: of averaged weights, rounded if the training rounds by now."""
        net = Net(self.net.config).to(self.device)
        net.load_state_dict(self.average.state)
        if self.rounding:
            training.keep_rounded(net)
        return net.eval()

    def write_net(self, name: str) -> None:
        """The averaged weights as safetensors, TOML and ONNX in the run folder."""
        table = self.training_table()
        net = self.averaged_net().cpu()
        checkpoint.save_net(self.settings.out / name, net.config, net.state_dict(), table)
        path = self.settings.out / f"{name}.onnx"
        export.export_onnx(net, path, sizes=sorted(self.known_sizes), training=table)

    def training_table(self) -> dict[str, Any]:
        """What the weights learnt from, for their TOML file and metadata."""
        return {
            "data": self.settings.note or ", ".join(group.name for group in self.groups),
            "rules": "area scoring, positional superko, no suicide",
            "board_sizes": sorted(self.known_sizes),
            "steps": self.step,
            "positions": self.seen,
            "hours": round(self.elapsed_s / 3600, 3),
            "device": self.settings.device,
            "optimizer": self.settings.optimizer,
            "learning_rate": self.settings.learning_rate,
            "rounded": self.rounding,
            "batch_rows": {str(size): batch_rows(self.settings.batch_size, size) for size in self.sizes},
            "shares": {group.name: round(group.weight, 4) for group in self.groups},
            **({"before": self.before} if self.before else {}),
            "validation": {
                name: {key: round(value, 5) for key, value in figures.items()} for name, figures in self.figures.items()
            },
        }

    def state_dict(self) -> dict[str, Any]:
        return {
            "net": self.net.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "average": self.average.state_dict(),
            "source": json.dumps(self.source.state_dict()),
            "config": json.dumps(self.net.config.to_table()),
            "step": self.step,
            "seen": self.seen,
            "elapsed_s": self.elapsed_s,
            "frozen": self.frozen,
            "rounding": self.rounding,
            "rounding_ranges": training.rounding_ranges(self.net),
        }

    def resume(self) -> None:
        """Go on from the run folder's checkpoint.

        Raises:
            ConfigError: it belongs to another net.
        """
        state = checkpoint.load_checkpoint(self.checkpoint_path, self.device)
        if NetConfig.from_table(json.loads(state["config"])) != self.net.config:
            raise ConfigError(f"{self.settings.out}: holds a run of another net; give another --out")
        self.net.load_state_dict(state["net"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.average.load_state_dict(state["average"])
        self.source.load_state_dict(json.loads(state["source"]))
        self.step, self.seen = state["step"], state["seen"]
        self.elapsed_s, self.frozen = state["elapsed_s"], state["frozen"]
        self.rounding = state.get("rounding", False)  # checkpoints before it had none
        if self.rounding:
            training.round_as_int8(self.net)
            training.set_rounding_ranges(self.net, state.get("rounding_ranges", {}))
        self.log.say(f"resumes {self.settings.out} at step {self.step}")

    def describe(self) -> str:
        shares = sum(group.weight for group in self.groups)
        mix = ", ".join(f"{group.name} {group.weight / shares:.0%}" for group in self.groups)
        config = self.net.config
        return f"{config.architecture}, {parameter_count(self.net):,} parameters, on {self.device}; {mix}"


def lineage(name: str, training: Mapping[str, Any]) -> dict[str, Any]:
    """A net that another begins with: its name and all that was trained up to it, in steps, positions and hours.

    Args:
        training: its training table, which may have a lineage of its own.
    """
    earlier = training.get("before", {})
    counts = {key: round(training.get(key, 0) + earlier.get(key, 0), 3) for key in ("steps", "positions", "hours")}
    return {"net": name, **counts}


def hiding(batches: Iterable[TrainingBatch], planes: Sequence[int]) -> Iterator[TrainingBatch]:
    """The batches with these input planes empty."""
    for batch in batches:
        batch.planes[:, list(planes)] = 0
        yield batch


def net_config(
    name: str, alpha: float = 1.0, depth: int | None = None, version: int = features.FEATURE_VERSION
) -> NetConfig:
    """A preset, or the [net] table of a TOML file (the input's version and counts may be left out there).

    Raises:
        ConfigError: there is no such preset, file or feature version, or width or depth are given for a file.
    """
    counts = {"planes": planes_of(version), "globals": features.GLOBALS, "feature_version": version}
    if not name.endswith(".toml"):
        return preset(name, **counts, alpha=alpha, depth=depth)
    if alpha != 1 or depth is not None:
        raise ConfigError(f"--alpha and --depth change presets; {name} says its own")
    return NetConfig.from_table({**counts, **read_toml(Path(name)).get("net", {})})


def planes_of(version: int) -> int:
    """Planes of a feature version; ConfigError for one that there is not."""
    if version not in features.PLANES_OF:
        known = ", ".join(map(str, features.PLANES_OF))
        raise ConfigError(f"--feature-version {version}: accepted are {known}")
    return features.PLANES_OF[version]


def with_features(net: Net, version: int) -> Net:
    """The net for a later feature version: it sees the planes that were added with weights of zero at first.

    Raises:
        ConfigError: there is no such version, or the net's is later.
    """
    config, planes = net.config, planes_of(version)
    if version < config.feature_version:
        raise ConfigError(f"--feature-version {version}: the net to start from has version {config.feature_version}")
    wider = Net(dataclasses.replace(config, planes=planes, feature_version=version))
    state = net.state_dict()
    added = torch.zeros(len(state[STEM]), planes - config.planes, *state[STEM].shape[2:])
    wider.load_state_dict(state | {STEM: torch.cat([state[STEM], added], 1)})
    return wider


STEM = "stem.0.weight"
"""The weights that read the planes, [W, C, 3, 3]."""


def batch_rows(rows_19: int, size: int) -> int:
    """Rows of a batch on `size`: as many points as `rows_19` boards of 19x19 have, at most twice as many rows."""
    return int(rows_19 * min(2.0, max(1.0, 361 / size**2)))


def weighted(groups: Sequence[Group], shares: Sequence[tuple[str, float]]) -> list[Group]:
    """The groups with the shares that are given by name, relative to each other.

    Raises:
        ConfigError: a share names no group, or only some groups are named.
    """
    if not shares:
        return list(groups)
    given = dict(shares)
    names = [group.name for group in groups]
    if unknown := [name for name in given if name not in names]:
        raise ConfigError(f"--share {unknown[0]!r}: expected one of {', '.join(map(repr, names))}")
    if missing := [name for name in names if name not in given]:
        raise ConfigError(f"--share must name every group, 0 leaves one out: {missing[0]!r} is missing")
    return [dataclasses.replace(group, weight=given[group.name]) for group in groups if given[group.name] > 0]


def train(settings: TrainSettings, say: Callable[[str], None] | None = None) -> bool:
    """Run or resume a training run; True when its schedule is done, False when it was stopped before."""
    with RunLog(settings.out, say) as log, stopped_by_signals() as stop:
        return Trainer(settings, log).run(stop)
