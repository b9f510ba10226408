"""What a run of the loop does, as one TOML file that stays in the run's folder."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

from ponnuki.arena.sprt import Sprt
from ponnuki.engine.errors import ConfigError
from ponnuki.engine.ranges import Range, Ranged
from ponnuki.nets.tables import read_toml, settings_from, to_table, write_toml
from ponnuki.selfplay.settings import PlaySettings, StartSettings
from ponnuki.selfplay.window import WindowSettings

PRECISIONS = ("int8", "float32")


@dataclass(frozen=True)
class NetSettings(Ranged):
    """The net, and what it begins as."""

    init: str = "zero"
    """`zero`: random weights, or those that `data` teaches; else a trained net: NAME.safetensors with NAME.toml."""
    net: str = "phone"
    """Preset or TOML file of the architecture; unused where `init` names a net."""
    alpha: float = 1.0
    """Width multiplier of a preset."""
    depth: Annotated[int, Range(0)] = 0
    """Blocks of a preset; 0: its own number."""
    data: tuple[str, ...] = ()
    """Records that a net from zero learns from before the first game: imported games, say."""
    data_steps: Annotated[int, Range(1)] = 2000
    """Steps of that."""
    precision: str = "int8"
    """What self-play and the gate run: int8, or float32."""

    def __post_init__(self) -> None:
        """Raises ConfigError for a value out of range."""
        super().__post_init__()
        if self.precision not in PRECISIONS:
            raise ConfigError(f"precision is {self.precision!r}: expected {' or '.join(PRECISIONS)}")


@dataclass(frozen=True)
class TrainingSettings(Ranged):
    """How each generation's net is trained."""

    new_positions: Annotated[int, Range(1)] = 10_000
    """Positions to learn from that are played before each training."""
    reuse: Annotated[float, Range(0, above=True)] = 4.0
    """How often a position is learnt from on average while it is in the window."""
    batch_size: Annotated[int, Range(1)] = 48
    """Positions a step on 19×19, up to twice as many on smaller boards."""
    learning_rate: Annotated[float, Range(0, above=True)] = 0.003
    """At the top of each training's schedule."""
    weight_decay: float = 0.02
    warm_up: float = 0.05
    """Share of each training's steps."""
    data: tuple[str, ...] = ()
    """Other records that are mixed in, …"""
    data_share: float = 0.25
    """… and their share of the batches, 0 to 1."""
    workers: int = 0
    """Threads; 0: one a core."""
    device: str = "cpu"
    """cpu or cuda."""

    def __post_init__(self) -> None:
        """Raises ConfigError for a value out of range."""
        super().__post_init__()
        if not 0 <= self.data_share < 1:
            raise ConfigError(f"data_share is {self.data_share}: expected 0 to less than 1")


@dataclass(frozen=True)
class GateSettings(Ranged):
    """The match that a new net has to win before it plays."""

    enabled: bool = True
    """Without a gate every new net plays."""
    elo0: float = 0.0
    """Sequential test: the gate closes when the new net is likelier this much stronger than …"""
    elo1: float = 40.0
    """… this much; it opens in the other case."""
    error: float = 0.05
    """Chance of each mistake, above 0 to less than 0.5."""
    pairs: Annotated[int, Range(1)] = 100
    """Most pairs of games; a test undecided then opens the gate for more than half of the points."""
    visits: Annotated[int, Range(2)] = 60
    """Of each move."""
    pairs_at_once: Annotated[int, Range(1)] = 8
    """That a worker plays."""

    def __post_init__(self) -> None:
        """Raises ConfigError for a value out of range."""
        super().__post_init__()
        _ = self.test

    @property
    def test(self) -> Sprt:
        """The sequential test."""
        return Sprt(self.elo0, self.elo1, self.error, self.error)


@dataclass(frozen=True)
class CrewSettings(Ranged):
    """Who plays."""

    workers: Annotated[int, Range(0)] = 0
    """Processes, or actors of a cluster; 0: one a core."""
    ray: str = ""
    """A cluster: `auto`, or its address; empty: this machine alone."""
    overlap: bool = False
    """Whether self-play goes on while a net is trained: for clusters, whose workers are not the trainer's cores."""
    seed: Annotated[int, Range(0)] = 0


@dataclass(frozen=True)
class RunSettings:
    """All of a run."""

    start: StartSettings = field(default_factory=StartSettings)
    play: PlaySettings = field(default_factory=PlaySettings)
    net: NetSettings = field(default_factory=NetSettings)
    window: WindowSettings = field(default_factory=WindowSettings)
    train: TrainingSettings = field(default_factory=TrainingSettings)
    gate: GateSettings = field(default_factory=GateSettings)
    crew: CrewSettings = field(default_factory=CrewSettings)

    @classmethod
    def from_tables(cls, tables: Mapping[str, Any], where: str) -> RunSettings:
        """Settings from TOML tables of these names; what is left out keeps its default.

        Raises:
            ConfigError: an unknown name, or a value that is not accepted.
        """
        kinds = {item.name: item.default_factory for item in dataclasses.fields(cls)}
        for name, table in tables.items():
            if name not in kinds or not isinstance(table, Mapping):
                raise ConfigError(f"{where}: [{name}] is not known; tables are {', '.join(f'[{k}]' for k in kinds)}")
        parts: dict[str, Any] = {
            name: settings_from(kind, tables.get(name, {}), f"{where} [{name}]")  # type: ignore[arg-type]
            for name, kind in kinds.items()
        }
        return cls(**parts)

    @classmethod
    def read(cls, path: Path) -> RunSettings:
        """Settings from a TOML file.

        Raises:
            ConfigError: it is missing or not accepted.
        """
        return cls.from_tables(read_toml(path), str(path))

    def write(self, path: Path) -> None:
        """Write them all to a TOML file."""
        write_toml(path, {item.name: to_table(getattr(self, item.name)) for item in dataclasses.fields(self)})
