"""Settings of the search and of the player: frozen, checked on construction, passed explicitly."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

from .errors import ConfigError

PLAYOUT_KINDS = ("net", "rollout", "mixed")


def _check_range(owner: Any, name: str, low: float, high: float) -> None:
    value = getattr(owner, name)
    if value is not None and not low <= value <= high:
        raise ConfigError(f"{name} is {value}: expected {low:g} to {high:g}")


@dataclass(frozen=True)
class SearchSettings:
    """How the tree is searched."""

    c_puct: float = 1.1
    """Weight of exploration in PUCT at few visits, 0 to 100."""
    c_puct_log: float = 0.45
    """Growth of that weight with log((visits + c_puct_base) / c_puct_base), 0 to 100."""
    c_puct_base: float = 500.0
    """Visits at which the growth sets in, 1 to 1e9. The three follow KataGo's published defaults."""
    fpu_reduction: float = 0.2
    """First-play urgency: an unvisited child counts as its parent's value less this times the square root of the
    prior already visited; 0 to 2."""
    virtual_loss: float = 1.0
    """Lost games that a playout in flight counts for, 0 to 10."""
    policy_temperature: float = 1.0
    """Divides the policy's logits, 0.1 to 10."""
    random_symmetry: bool = True
    """Whether each evaluation sees the board in a random symmetry."""
    keep_ownership: bool = False
    """Whether evaluations' ownership is kept with the nodes (N·N bytes each) for analysis."""
    max_nodes: int = 2_000_000
    """Most nodes of a tree, 2 to 1e9; a full tree ends the search."""

    def __post_init__(self) -> None:
        """Raises ConfigError for a value out of range."""
        _check_range(self, "c_puct", 0, 100)
        _check_range(self, "c_puct_log", 0, 100)
        _check_range(self, "c_puct_base", 1, 1e9)
        _check_range(self, "fpu_reduction", 0, 2)
        _check_range(self, "virtual_loss", 0, 10)
        _check_range(self, "policy_temperature", 0.1, 10)
        _check_range(self, "max_nodes", 2, 10**9)


@dataclass(frozen=True)
class Limits:
    """When a search ends: whichever comes first; None is no limit."""

    playouts: int | None = None
    """Playouts that this move's search adds, at least 1."""
    visits: int | None = None
    """Visits of the root, the reused tree's included, at least 1."""
    move_time_s: float | None = None
    """Seconds for a move, above 0."""

    def __post_init__(self) -> None:
        """Raises ConfigError for a value out of range."""
        _check_range(self, "playouts", 1, 10**12)
        _check_range(self, "visits", 1, 10**12)
        _check_range(self, "move_time_s", 0.001, 10**9)

    @property
    def unlimited(self) -> bool:
        """Whether nothing would end a search."""
        return all(getattr(self, item.name) is None for item in fields(self))


DEFAULT_MOVE_TIME_S = 2.0
"""Seconds a move where the user gave no limit and the client no clock (Sabaki need not send any)."""


@dataclass(frozen=True)
class PlayerSettings:
    """How a player thinks and chooses."""

    limits: Limits = Limits()
    search: SearchSettings = SearchSettings()
    playout: str = "net"
    """What a playout is: net, rollout or mixed."""
    mixing: float = 0.5
    """Weight of the rollout in a mixed playout, 0 to 1."""
    threads: int = 1
    """Threads of the evaluator, 1 to 256."""
    batch_size: int | None = None
    """Most leaves evaluated together, 1 to 256; None: a default for the kind of playout and the threads."""
    seed: int | None = None
    """Seed of all chance, 0 to 2**63 - 1; None: a new one each time."""
    reuse_tree: bool = True
    """Whether the part of the tree below the moves played is kept."""
    resign_threshold: float = 0.02
    """Resign when the win rate is below this, 0 (never) to 0.5, …"""
    resign_moves: int = 3
    """… in this many own moves in a row, 1 to 100."""
    move_overhead_s: float = 0.05
    """Seconds kept back of every time limit for what is not search, 0 to 10."""

    def __post_init__(self) -> None:
        """Raises ConfigError for a value out of range."""
        if self.playout not in PLAYOUT_KINDS:
            raise ConfigError(f"playout is {self.playout!r}: expected one of {', '.join(PLAYOUT_KINDS)}")
        _check_range(self, "mixing", 0, 1)
        _check_range(self, "threads", 1, 256)
        _check_range(self, "batch_size", 1, 256)
        _check_range(self, "seed", 0, 2**63 - 1)
        _check_range(self, "resign_threshold", 0, 0.5)
        _check_range(self, "resign_moves", 1, 100)
        _check_range(self, "move_overhead_s", 0, 10)

    @property
    def leaves_at_once(self) -> int:
        """The batch size in force: rollouts are cheap and want many, nets are as fast with few."""
        if self.batch_size is not None:
            return self.batch_size
        return 16 if self.playout == "rollout" else 4 * self.threads
