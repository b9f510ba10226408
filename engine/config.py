"""Settings of the search and of the player: frozen, checked on construction, passed explicitly."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

from .errors import ConfigError

PLAYOUT_KINDS = ("net", "rollout", "mixed")


def check_range(owner: Any, name: str, low: float, high: float) -> None:
    """Raise ConfigError for a setting that is neither None nor from `low` to `high`."""
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
    c_puct_stdev: float = 0.0
    """How much exploration follows the standard deviation of the utility below a node, 0 (not) to 1 (in proportion)."""
    fpu_reduction: float = 0.2
    """First-play urgency: an unvisited child counts as its parent's value less this times the square root of the
    prior already visited; 0 to 2."""
    root_fpu_reduction: float = 0.2
    """The same at the root, 0 to 2."""
    virtual_loss: float = 1.0
    """Lost games that a playout in flight counts for, 0 to 10."""
    flight_least: int = 4
    """Playouts that may be in flight however few the root's visits are (but no more than those), 1 to 1000, …"""
    flight_share: float = 0.03
    """… and as a share of those, 0 to 1: large batches are evaluated faster, but selected with less known."""
    score_weight: float = 0.0
    """Weight of the score in the utility beside the value, 0 to 1: 2/π · atan of the lead beyond `score_centre`."""
    score_scale: float = 0.75
    """Lead, in board widths beyond the centre, that makes half of the score's utility; 0.01 to 10."""
    score_centre: float = 0.8
    """Share of the root's lead that the score's utility takes as its centre, 0 to 1."""
    policy_temperature: float = 1.0
    """Divides the policy's logits, 0.1 to 10."""
    root_policy_temperature: float = 1.0
    """The same at the root, on top of it, 0.1 to 10."""
    root_noise: float = 0.0
    """Share of Dirichlet noise in the root's priors, 0 to 1; self-play uses 0.25."""
    root_noise_concentration: float = 10.83
    """Concentration of that noise, shared by the legal moves, 0.01 to 1e4."""
    forced_playouts: float = 0.0
    """Exploration for self-play, 0 to 100: at the root, a move that has been visited is visited before all others while
    its visits are fewer than the square root of this times its prior times the root's visits. KataGo's k, there 2."""
    gumbel_moves: int = 0
    """Moves that Gumbel selection considers at the root when it knows how many playouts are to come, 1 to 1000; 0: PUCT
    there, too."""
    gumbel_noise: float = 0.0
    """Scale of the Gumbel noise, 0 (none: the best priors) to 1 (as in self-play)."""
    gumbel_scale: float = 1.0
    """c_scale: weight of the value against the prior's logarithm, 0 to 100."""
    random_symmetry: bool = True
    """Whether each evaluation sees the board in a random symmetry."""
    root_symmetries: int = 1
    """Symmetries that a new root's evaluation is averaged over, 1 to 8."""
    transpositions: bool = False
    """Whether orders of moves that lead to one position share its node."""
    cache: bool = False
    """Whether evaluations of a net are found again when their position comes back."""
    keep_ownership: bool = False
    """Whether evaluations' ownership is kept with the nodes (N·N bytes each) for analysis."""
    max_tree_mb: float = 512.0
    """Most memory of tree and evaluations, in megabytes, 1 to 1e6. A tree that reaches it gives up the policies of
    its leaves first; full, it ends the search."""

    def __post_init__(self) -> None:
        """Raises ConfigError for a value out of range."""
        for name, (low, high) in SEARCH_RANGES.items():
            check_range(self, name, low, high)


SEARCH_RANGES: dict[str, tuple[float, float]] = {
    "c_puct": (0, 100),
    "c_puct_log": (0, 100),
    "c_puct_base": (1, 1e9),
    "c_puct_stdev": (0, 1),
    "fpu_reduction": (0, 2),
    "root_fpu_reduction": (0, 2),
    "virtual_loss": (0, 10),
    "flight_least": (1, 1000),
    "flight_share": (0, 1),
    "score_weight": (0, 1),
    "score_scale": (0.01, 10),
    "score_centre": (0, 1),
    "policy_temperature": (0.1, 10),
    "root_policy_temperature": (0.1, 10),
    "root_noise": (0, 1),
    "root_noise_concentration": (0.01, 1e4),
    "forced_playouts": (0, 100),
    "gumbel_moves": (0, 1000),
    "gumbel_noise": (0, 1),
    "gumbel_scale": (0, 100),
    "root_symmetries": (1, 8),
    "max_tree_mb": (1, 1e6),
}
"""What the numbers of SearchSettings may be."""


def settings_of(text: str, kind: type[Any] = SearchSettings) -> dict[str, Any]:
    """Read ``NAME=VALUE,NAME=VALUE`` into fields of a settings class, by the types of its defaults.

    Raises:
        ConfigError: a name or a value is not one of the class's.
    """
    defaults = {item.name: item.default for item in fields(kind)}
    found: dict[str, Any] = {}
    for part in filter(None, text.split(",")):
        name, _, value = (piece.strip() for piece in part.partition("="))
        if name not in defaults:
            raise ConfigError(f"unknown setting {name!r}: expected one of {', '.join(defaults)}")
        found[name] = _converted(name, value, type(defaults[name]))
    kind(**found)
    return found


def _converted(name: str, text: str, kind: type[Any]) -> Any:
    if kind is bool:
        if text.lower() not in ("yes", "no", "true", "false"):
            raise ConfigError(f"{name} is {text!r}: expected yes or no")
        return text.lower() in ("yes", "true")
    try:
        return kind(text)
    except ValueError:
        raise ConfigError(f"{name} is {text!r}: expected {'a whole number' if kind is int else 'a number'}") from None


@dataclass(frozen=True)
class RolloutSettings:
    """How the tree is searched where rollouts stand in for a net (`engine.rave`)."""

    rave_equivalence: float = 3500.0
    """Playouts of a move at which its own average weighs as much as that of all moves as first, 1 to 1e9."""
    exploration: float = 0.0
    """Weight of UCB's exploration beside RAVE, 0 to 10."""
    expand_visits: int = 8
    """Playouts of a node before its moves are looked at, 1 to 1e6."""
    score_share: float = 0.02
    """Share of the score in a rollout's result, 0 to 1; the rest is the win."""
    prior_even: float = 10.0
    """Virtual playouts, half of them won, that each move begins with; 0.01 to 1e4."""
    prior_policy: float = 8.0
    """Virtual wins for each e-fold of the weight that the rollouts' policy gives a move, 0 to 1e4."""
    prior_near: float = 12.0
    """Virtual wins of a move beside the last one; fewer farther off; 0 to 1e4."""

    def __post_init__(self) -> None:
        """Raises ConfigError for a value out of range."""
        check_range(self, "rave_equivalence", 1, 1e9)
        check_range(self, "exploration", 0, 10)
        check_range(self, "expand_visits", 1, 10**6)
        check_range(self, "score_share", 0, 1)
        check_range(self, "prior_even", 0.01, 1e4)
        check_range(self, "prior_policy", 0, 1e4)
        check_range(self, "prior_near", 0, 1e4)


@dataclass(frozen=True)
class ChoiceSettings:
    """How the move is chosen when the search has ended."""

    lcb_stdevs: float = 5.0
    """Standard errors that a move's lower confidence bound lies below its utility, 0 to 20; 0: most visits win."""
    lcb_share: float = 0.15
    """Visits that a move needs to be chosen by its bound, as a share of the most visited one's, 0 to 1."""
    temperature: float = 0.0
    """Chance at the start of the game, 0 to 10: a move is drawn with probability ∝ visits^(1 / temperature)."""
    halflife: float = 19.0
    """Moves in which the temperature halves, on 19×19; in proportion to the width on others; 0.01 to 1e6."""

    def __post_init__(self) -> None:
        """Raises ConfigError for a value out of range."""
        check_range(self, "lcb_stdevs", 0, 20)
        check_range(self, "lcb_share", 0, 1)
        check_range(self, "temperature", 0, 10)
        check_range(self, "halflife", 0.01, 1e6)


@dataclass(frozen=True)
class TimeSettings:
    """How a move's time is decided."""

    early_stop: bool = True
    """Whether a search limited by time ends once no playout that still fits in can change the choice."""
    middle_game: float = 0.5
    """How much more time the middle game gets than an even share would give it, 0 to 1."""
    extension: float = 2.5
    """How often its planned time an unclear position may take where the clock allows it, 1 to 10."""
    close_share: float = 0.6
    """Visits that make a second move close, as a share of the best one's, 0 to 1 …"""
    close_utility: float = 0.02
    """… if its utility is at most so far below, 0 to 2."""

    def __post_init__(self) -> None:
        """Raises ConfigError for a value out of range."""
        check_range(self, "middle_game", 0, 1)
        check_range(self, "extension", 1, 10)
        check_range(self, "close_share", 0, 1)
        check_range(self, "close_utility", 0, 2)


@dataclass(frozen=True)
class Restriction:
    """Moves that a colour may not play in the tree, for its first few moves of a variation."""

    colour: int
    moves: frozenset[int]
    until_depth: int
    """Moves from the root, both colours counted, before which it holds; 1 is the root alone."""
    allow: bool = False
    """Whether `moves` are the only ones allowed instead."""


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
        check_range(self, "playouts", 1, 10**12)
        check_range(self, "visits", 1, 10**12)
        check_range(self, "move_time_s", 0.001, 10**9)

    @property
    def unlimited(self) -> bool:
        """Whether nothing would end a search."""
        return all(getattr(self, item.name) is None for item in fields(self))


NET_BATCH = 8
"""Leaves evaluated together where the user says nothing: on 9×9 a net is 16% faster with 8 than with 2, on 19×19 1%."""

DEFAULT_MOVE_TIME_S = 2.0
"""Seconds a move where the user gave no limit and the client no clock (Sabaki need not send any)."""


@dataclass(frozen=True)
class PlayerSettings:
    """How a player thinks and chooses."""

    limits: Limits = Limits()
    search: SearchSettings = SearchSettings()
    rollouts: RolloutSettings = RolloutSettings()
    choice: ChoiceSettings = ChoiceSettings()
    timing: TimeSettings = TimeSettings()
    playout: str = "net"
    """What a playout is: net, rollout or mixed."""
    mixing: float = 0.5
    """Weight of the rollout in a mixed playout, 0 to 1."""
    threads: int = 1
    """Threads that evaluate batches side by side, 1 to 256."""
    provider: str = "cpu"
    """What runs the net: one of onnxruntime's execution providers, as `nets.ort` calls them."""
    batch_size: int | None = None
    """Most leaves evaluated together, 1 to 256; None: a default for the kind of playout."""
    seed: int | None = None
    """Seed of all chance, 0 to 2**63 - 1; None: a new one each time."""
    reuse_tree: bool = True
    """Whether the part of the tree below the moves played is kept."""
    ponder: bool = False
    """Whether the search goes on in the opponent's time."""
    resign_threshold: float = 0.02
    """Resign when the win rate is below this, 0 (never) to 0.5, …"""
    resign_moves: int = 3
    """… in this many own moves in a row, 1 to 100, …"""
    resign_lead: float = 0.5
    """… and at least so many points behind, 0 to 1000."""
    move_overhead_s: float = 0.05
    """Seconds kept back of every time limit for what is not search, 0 to 10."""

    def __post_init__(self) -> None:
        """Raises ConfigError for a value out of range."""
        if self.playout not in PLAYOUT_KINDS:
            raise ConfigError(f"playout is {self.playout!r}: expected one of {', '.join(PLAYOUT_KINDS)}")
        check_range(self, "mixing", 0, 1)
        check_range(self, "threads", 1, 256)
        check_range(self, "batch_size", 1, 256)
        check_range(self, "seed", 0, 2**63 - 1)
        check_range(self, "resign_threshold", 0, 0.5)
        check_range(self, "resign_moves", 1, 100)
        check_range(self, "resign_lead", 0, 1000)
        check_range(self, "move_overhead_s", 0, 10)

    @property
    def leaves_at_once(self) -> int:
        """The batch size in force, for each thread."""
        return NET_BATCH if self.batch_size is None else self.batch_size
