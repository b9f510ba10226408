"""Settings of self-play: frozen, checked on construction, read from TOML tables."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Annotated

from ponnuki.engine.config import SearchSettings
from ponnuki.engine.coords import MAX_SIZE, MIN_SIZE
from ponnuki.engine.ranges import SHARE, Range, Ranged
from ponnuki.engine.rules import Rules, Scoring
from ponnuki.nets.tables import require

SELF_PLAY_SEARCH = SearchSettings(cache=True, conservative_pass=False)
"""What self-play searches with, but for exploration at the root and the score's weight. The cache knows what cheap
searches evaluated; two passes end the game, whoever held what for dead."""


KEPT_FOR_EACH = 8
"""Evaluations that games played together keep for each visit of a search: those in use, and several times as many that
may be found again."""


@dataclass(frozen=True)
class StartSettings(Ranged):
    """What new games begin from."""

    sizes: Mapping[int, float] = field(default_factory=lambda: {9: 1.0})
    """Board sizes, each with its share of the games."""
    rules: Mapping[str, float] = field(default_factory=lambda: {"area": 0.6, "tromp-taylor": 0.2, "chinese": 0.2})
    """Names of rule sets with area scoring, each with its share of the games."""
    komi: Annotated[float, Range(-400, 400)] = 7.0
    """Mean of White's komi where it is not made fair; drawn values are halves."""
    komi_stdev: Annotated[float, Range(0, 100)] = 1.0
    """Points."""
    wide_komi_share: Annotated[float, SHARE] = 0.05
    """Share of the games with ten times that deviation."""
    fair_komi_share: Annotated[float, SHARE] = 0.5
    """Share of the games whose komi is moved by what the net thinks the opening is worth."""
    handicap_share: Annotated[float, SHARE] = 0.05
    """Share of the games with handicap stones; their komi is made fair as often as that of others."""
    most_handicap: Annotated[int, Range(2, 9)] = 4
    """Handicap stones, 2 to this many."""
    opening_moves: Annotated[float, SHARE] = 0.04
    """Mean number of moves drawn from the net's policy at the start, as a share of the board's points."""

    def __post_init__(self) -> None:
        """Raises ConfigError for a value out of range."""
        super().__post_init__()
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


@dataclass(frozen=True)
class PlaySettings(Ranged):
    """How the moves of self-play are searched and chosen, and what is recorded of them."""

    visits: Annotated[int, Range(2, 10**6)] = 200
    """Visits of a full search, whose outcome is learnt from."""
    cheap_visits: Annotated[int, Range(2, 10**6)] = 40
    """Visits of the other searches."""
    full_share: Annotated[float, SHARE] = 0.25
    """Share of the moves that are searched in full (playout cap randomisation)."""
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
    score_weight: float = 0.25
    """Weight of the score in the utility of all searches, beside the value; 0 to 1. Without it moves mean nothing once
    a game is decided, dead stones are left, and what is learnt of owners and leads is wrong (docs/selfplay.md)."""
    temperature: Annotated[float, Range(0, 10)] = 0.8
    """At the first move; a move is drawn with probability ∝ visits^(1 / temperature)."""
    last_temperature: Annotated[float, Range(0, 10)] = 0.2
    """What the temperature falls to."""
    halflife: Annotated[float, Range(0.01, 1e6)] = 19.0
    """Moves in which it falls halfway, on 19×19; in proportion to the width on others."""
    resign_threshold: Annotated[float, Range(0, 0.5)] = 0.03
    """Resign when the win rate is below this (0: never), …"""
    resign_moves: Annotated[int, Range(1, 100)] = 3
    """… in this many own moves in a row."""
    play_on_share: Annotated[float, SHARE] = 0.1
    """Share of the games that are played to the end all the same, to see how often resigning was wrong."""
    surprise_share: Annotated[float, SHARE] = 0.5
    """Share of the weight within a game that goes by how much the search changed the net's policy."""
    move_limit: Annotated[float, Range(0.5, 100)] = 3.0
    """Moves after which a game is broken off, in boards full of stones."""
    batch_size: Annotated[int, Range(1, 1024)] = 32
    """Most leaves evaluated together."""
    leaves_at_once: Annotated[int, Range(1, 64)] = 4
    """Playouts of one game in a batch."""
    games_at_once: Annotated[int, Range(1, 1024)] = 32
    """Games that a worker plays at once."""

    def __post_init__(self) -> None:
        """Raises ConfigError for a value out of range."""
        super().__post_init__()
        _ = self.full_search  # checks the rest

    @property
    def evaluations_kept(self) -> int:
        """Most evaluations in a worker's memory, for each board size."""
        return KEPT_FOR_EACH * self.games_at_once * max(self.visits, self.cheap_visits)

    @cached_property
    def full_search(self) -> SearchSettings:
        """Of a search that is learnt from. No move's first visit is put off at its root where there is noise to try
        them (D. Wu, "Accelerating Self-Play Learning in Go", 2020, section 2)."""
        if self.gumbel_moves:
            return dataclasses.replace(self.cheap_search, gumbel_moves=self.gumbel_moves, gumbel_noise=1.0,
                                       gumbel_scale=self.gumbel_scale)  # fmt: skip
        return dataclasses.replace(
            self.cheap_search,
            root_fpu_reduction=0.0,
            root_noise=self.root_noise,
            root_policy_temperature=self.root_policy_temperature,
            forced_playouts=self.forced_playouts,
        )

    @cached_property
    def cheap_search(self) -> SearchSettings:
        """Of a search that only finds the next move."""
        return dataclasses.replace(SELF_PLAY_SEARCH, score_weight=self.score_weight)
