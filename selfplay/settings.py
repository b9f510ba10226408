"""Settings of self-play: frozen, checked on construction, read from TOML tables."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from ponnuki.engine.config import SearchSettings, check_range
from ponnuki.engine.coords import MAX_SIZE, MIN_SIZE
from ponnuki.engine.rules import Rules, Scoring
from ponnuki.nets.tables import require

SELF_PLAY_SEARCH = SearchSettings(cache=True)
"""What self-play searches with, but for exploration at the root. The cache knows what cheap searches evaluated."""


@dataclass(frozen=True)
class StartSettings:
    """What new games begin from."""

    sizes: Mapping[int, float] = field(default_factory=lambda: {9: 1.0})
    """Board sizes, each with its share of the games."""
    rules: Mapping[str, float] = field(default_factory=lambda: {"area": 0.6, "tromp-taylor": 0.2, "chinese": 0.2})
    """Names of rule sets with area scoring, each with its share of the games."""
    komi: float = 7.0
    """Mean of White's komi where it is not made fair; drawn values are halves."""
    komi_stdev: float = 1.0
    """Points, 0 to 100."""
    wide_komi_share: float = 0.05
    """Share of the games with ten times that deviation, 0 to 1."""
    fair_komi_share: float = 0.5
    """Share of the games whose komi is moved by what the net thinks the opening is worth, 0 to 1."""
    handicap_share: float = 0.05
    """Share of the games with handicap stones, 0 to 1; their komi is made fair as often as that of others."""
    most_handicap: int = 4
    """Handicap stones, 2 to this many, 2 to 9."""
    opening_moves: float = 0.04
    """Mean number of moves drawn from the net's policy at the start, as a share of the board's points, 0 to 1."""

    def __post_init__(self) -> None:
        """Raises ConfigError for a value out of range."""
        object.__setattr__(self, "sizes", {int(size): float(share) for size, share in self.sizes.items()})
        for size in self.sizes:
            require(MIN_SIZE <= size <= MAX_SIZE, f"sizes: {size} is no board size; expected {MIN_SIZE} to {MAX_SIZE}")
        for name in self.rules:
            require(
                Rules.preset(name).scoring == Scoring.AREA, f"rules: {name!r} count territory; self-play wants area"
            )
        for name in ("sizes", "rules"):
            shares = getattr(self, name).values()
            require(all(share >= 0 for share in shares) and sum(shares) > 0, f"{name}: expected shares above 0")
        check_range(self, "komi", -400, 400)
        check_range(self, "komi_stdev", 0, 100)
        check_range(self, "wide_komi_share", 0, 1)
        check_range(self, "fair_komi_share", 0, 1)
        check_range(self, "handicap_share", 0, 1)
        check_range(self, "most_handicap", 2, 9)
        check_range(self, "opening_moves", 0, 1)


@dataclass(frozen=True)
class PlaySettings:
    """How the moves of self-play are searched and chosen, and what is recorded of them."""

    visits: int = 200
    """Visits of a full search, whose outcome is learnt from; 2 to 1e6."""
    cheap_visits: int = 40
    """Visits of the other searches, 1 to 1e6."""
    full_share: float = 0.25
    """Share of the moves that are searched in full (playout cap randomisation), 0 to 1."""
    root_noise: float = 0.25
    """Share of Dirichlet noise in the root's priors of a full search, 0 to 1."""
    root_policy_temperature: float = 1.1
    """Flattens the root's priors of a full search, 0.1 to 10."""
    forced_playouts: float = 2.0
    """KataGo's k: visits that noise is given at the root, taken out of the targets again; 0 to 100."""
    gumbel_moves: int = 0
    """Full searches by Gumbel selection among so many moves, 1 to 1000; 0: PUCT with noise."""
    gumbel_scale: float = 0.1
    """Weight of the value against the prior in Gumbel selection and in its targets, 0 to 100."""
    temperature: float = 0.8
    """At the first move, 0 to 10; a move is drawn with probability ∝ visits^(1 / temperature)."""
    last_temperature: float = 0.2
    """What the temperature falls to, 0 to 10."""
    halflife: float = 19.0
    """Moves in which it falls halfway, on 19×19; in proportion to the width on others; 0.01 to 1e6."""
    resign_threshold: float = 0.03
    """Resign when the win rate is below this, 0 (never) to 0.5, …"""
    resign_moves: int = 3
    """… in this many own moves in a row, 1 to 100."""
    play_on_share: float = 0.1
    """Share of the games that are played to the end all the same, to see how often resigning was wrong, 0 to 1."""
    surprise_share: float = 0.5
    """Share of the weight within a game that goes by how much the search changed the net's policy, 0 to 1."""
    move_limit: float = 3.0
    """Moves after which a game is broken off, in boards full of stones; 0.5 to 100."""
    batch_size: int = 32
    """Most leaves evaluated together, 1 to 1024."""
    leaves_at_once: int = 4
    """Playouts of one game in a batch, 1 to 64."""
    games_at_once: int = 32
    """Games that a worker plays at once, 1 to 1024."""

    def __post_init__(self) -> None:
        """Raises ConfigError for a value out of range."""
        check_range(self, "visits", 2, 10**6)
        check_range(self, "cheap_visits", 1, 10**6)
        check_range(self, "full_share", 0, 1)
        check_range(self, "temperature", 0, 10)
        check_range(self, "last_temperature", 0, 10)
        check_range(self, "halflife", 0.01, 1e6)
        check_range(self, "resign_threshold", 0, 0.5)
        check_range(self, "resign_moves", 1, 100)
        check_range(self, "play_on_share", 0, 1)
        check_range(self, "surprise_share", 0, 1)
        check_range(self, "move_limit", 0.5, 100)
        check_range(self, "leaves_at_once", 1, 64)
        check_range(self, "batch_size", 1, 1024)
        check_range(self, "games_at_once", 1, 1024)
        _ = self.full_search  # checks the rest

    @cached_property
    def full_search(self) -> SearchSettings:
        """Of a search that is learnt from."""
        if self.gumbel_moves:
            return dataclasses.replace(SELF_PLAY_SEARCH, gumbel_moves=self.gumbel_moves, gumbel_noise=1.0,
                                       gumbel_scale=self.gumbel_scale)  # fmt: skip
        return dataclasses.replace(
            SELF_PLAY_SEARCH,
            root_noise=self.root_noise,
            root_policy_temperature=self.root_policy_temperature,
            forced_playouts=self.forced_playouts,
        )

    @property
    def cheap_search(self) -> SearchSettings:
        """Of a search that only finds the next move."""
        return SELF_PLAY_SEARCH
