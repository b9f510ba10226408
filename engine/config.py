"""Settings of the search and of the player: frozen, checked on construction, passed explicitly."""

from __future__ import annotations

from dataclasses import MISSING, dataclass, fields
from typing import Annotated, Any

from .errors import ConfigError
from .ranges import SHARE, Range, Ranged

PLAYOUT_KINDS = ("net", "rollout", "mixed")


@dataclass(frozen=True)
class SearchSettings(Ranged):
    """How the tree is searched."""

    c_puct: Annotated[float, Range(0, 100)] = 1.1
    """Weight of exploration in PUCT at few visits."""
    c_puct_log: Annotated[float, Range(0, 100)] = 0.45
    """Growth of that weight with log((visits + c_puct_base) / c_puct_base)."""
    c_puct_base: Annotated[float, Range(1, 1e9)] = 500.0
    """Visits at which the growth sets in. The three follow KataGo's published defaults."""
    c_puct_stdev: Annotated[float, SHARE] = 0.0
    """How much exploration follows the standard deviation of the utility below a node, 0 (not) to 1 (in proportion)."""
    fpu_reduction: Annotated[float, Range(0, 2)] = 0.2
    """First-play urgency: an unvisited child counts as its parent's value less this times the square root of the
    prior already visited."""
    root_fpu_reduction: Annotated[float, Range(0, 2)] = 0.2
    """The same at the root."""
    virtual_loss: Annotated[float, Range(0, 10)] = 1.0
    """Lost games that a playout in flight counts for."""
    flight_least: Annotated[int, Range(1, 1000)] = 4
    """Playouts that may be in flight however few the root's visits are (but no more than those), …"""
    flight_share: Annotated[float, SHARE] = 0.03
    """… and as a share of those: large batches are evaluated faster, but selected with less known."""
    score_weight: Annotated[float, SHARE] = 0.0
    """Weight of the score in the utility beside the value: 2/π · atan of the lead beyond `score_centre`."""
    score_scale: Annotated[float, Range(0.01, 10)] = 0.75
    """Lead, in board widths beyond the centre, that makes half of the score's utility."""
    score_centre: Annotated[float, SHARE] = 0.8
    """Share of the root's lead that the score's utility takes as its centre."""
    policy_temperature: Annotated[float, Range(0.1, 10)] = 1.0
    """Divides the policy's logits."""
    root_policy_temperature: Annotated[float, Range(0.1, 10)] = 1.0
    """The same at the root, on top of it."""
    root_noise: Annotated[float, SHARE] = 0.0
    """Share of Dirichlet noise in the root's priors; self-play uses 0.25."""
    root_noise_concentration: Annotated[float, Range(0.01, 1e4)] = 10.83
    """Concentration of that noise, shared by the legal moves."""
    forced_playouts: Annotated[float, Range(0, 100)] = 0.0
    """Exploration for self-play: at the root, a move that has been visited is visited before all others while
    its visits are fewer than the square root of this times its prior times the root's visits. KataGo's k, there 2."""
    gumbel_moves: Annotated[int, Range(0, 1000)] = 0
    """Moves that Gumbel selection considers at the root when it knows how many playouts are to come; 0: PUCT
    there, too."""
    gumbel_noise: Annotated[float, SHARE] = 0.0
    """Scale of the Gumbel noise, 0 (none: the best priors) to 1 (as in self-play)."""
    gumbel_scale: Annotated[float, Range(0, 100)] = 1.0
    """c_scale: weight of the value against the prior's logarithm."""
    random_symmetry: bool = True
    """Whether each evaluation sees the board in a random symmetry."""
    root_symmetries: Annotated[int, Range(1, 8)] = 1
    """Symmetries that a new root's evaluation is averaged over."""
    transpositions: bool = False
    """Whether orders of moves that lead to one position share its node."""
    cache: bool = False
    """Whether evaluations of a net are found again when their position comes back."""
    conservative_pass: bool = True
    """Whether a pass that answers the opponent's pass counts as the end of the game only where the board is won without
    dead stones too: who passes while they stand holds them for dead. Self-play, where nobody agrees on anything,
    counts the board as it stands."""
    keep_ownership: bool = False
    """Whether evaluations' ownership is kept with the nodes (N·N bytes each) for analysis."""
    max_tree_mb: Annotated[float, Range(1, 1e6)] = 512.0
    """Most memory of tree and evaluations, in megabytes. A tree that reaches it gives up the policies of
    its leaves first; full, it ends the search."""


def settings_of(text: str, kind: type[Any] = SearchSettings) -> dict[str, Any]:
    """Read ``NAME=VALUE,NAME=VALUE`` into fields of a settings class, by the types of its defaults.

    Tables, which have no plain default, cannot be given so.

    Raises:
        ConfigError: a name or a value is not one of the class's.
    """
    defaults = {item.name: item.default for item in fields(kind) if item.default is not MISSING}
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
class RolloutSettings(Ranged):
    """How the tree is searched where rollouts stand in for a net (`engine.rave`)."""

    rave_equivalence: Annotated[float, Range(1, 1e9)] = 3500.0
    """Playouts of a move at which its own average weighs as much as that of all moves as first."""
    exploration: Annotated[float, Range(0, 10)] = 0.0
    """Weight of UCB's exploration beside RAVE."""
    expand_visits: Annotated[int, Range(1, 10**6)] = 8
    """Playouts of a node before its moves are looked at."""
    score_share: Annotated[float, SHARE] = 0.02
    """Share of the score in a rollout's result; the rest is the win."""
    prior_even: Annotated[float, Range(0.01, 1e4)] = 10.0
    """Virtual playouts, half of them won, that each move begins with."""
    prior_policy: Annotated[float, Range(0, 1e4)] = 8.0
    """Virtual wins for each e-fold of the weight that the rollouts' policy gives a move."""
    prior_near: Annotated[float, Range(0, 1e4)] = 12.0
    """Virtual wins of a move beside the last one; fewer farther off."""
    knowledge: bool = True
    """Whether rollouts know patterns and tactics; otherwise their moves are uniformly random, but for own eyes, and
    RAVE counts the tree's moves alone."""


@dataclass(frozen=True)
class ChoiceSettings(Ranged):
    """How the move is chosen when the search has ended."""

    lcb_stdevs: Annotated[float, Range(0, 20)] = 5.0
    """Standard errors that a move's lower confidence bound lies below its utility; 0: most visits win."""
    lcb_share: Annotated[float, SHARE] = 0.15
    """Visits that a move needs to be chosen by its bound, as a share of the most visited one's."""
    temperature: Annotated[float, Range(0, 10)] = 0.0
    """Chance at the start of the game: a move is drawn with probability ∝ visits^(1 / temperature)."""
    halflife: Annotated[float, Range(0.01, 1e6)] = 19.0
    """Moves in which the temperature halves, on 19×19; in proportion to the width on others."""


@dataclass(frozen=True)
class TimeSettings(Ranged):
    """How a move's time is decided."""

    early_stop: bool = True
    """Whether a search limited by time ends once no playout that still fits in can change the choice."""
    middle_game: Annotated[float, SHARE] = 0.5
    """How much more time the middle game gets than an even share would give it."""
    extension: Annotated[float, Range(1, 10)] = 2.5
    """How often its planned time an unclear position may take where the clock allows it."""
    close_share: Annotated[float, SHARE] = 0.6
    """Visits that make a second move close, as a share of the best one's, 0 to 1 …"""
    close_utility: Annotated[float, Range(0, 2)] = 0.02
    """… if its utility is at most so far below."""


@dataclass(frozen=True)
class Restriction:
    """Moves that a colour may not play in the tree, for its first few moves of a variation."""

    colour: int
    moves: frozenset[int]
    until_depth: int
    """Moves from the root, both colours counted, before which it holds; 1 is the root alone."""
    allow: bool = False
    """Whether `moves` are the only ones allowed instead."""

    def bars(self, colour: int, move: int) -> bool:
        """Whether a move may not be played at the root."""
        return self.colour == colour and self.until_depth > 0 and (move in self.moves) != self.allow


@dataclass(frozen=True)
class Limits(Ranged):
    """When a search ends: whichever comes first; None is no limit."""

    playouts: Annotated[int | None, Range(1, 10**12)] = None
    """Playouts that this move's search adds, at least 1."""
    visits: Annotated[int | None, Range(1, 10**12)] = None
    """Visits of the root, the reused tree's included, at least 1."""
    move_time_s: Annotated[float | None, Range(0.001, 10**9)] = None
    """Seconds for a move, above 0."""

    @property
    def unlimited(self) -> bool:
        """Whether nothing would end a search."""
        return all(getattr(self, item.name) is None for item in fields(self))


NET_BATCH = 8
"""Leaves evaluated together where the user says nothing: on 9×9 a net is 16% faster with 8 than with 2, on 19×19 1%."""

DEFAULT_MOVE_TIME_S = 2.0
"""Seconds a move where the user gave no limit and the client no clock (Sabaki need not send any)."""


@dataclass(frozen=True)
class PlayerSettings(Ranged):
    """How a player thinks and chooses."""

    limits: Limits = Limits()
    search: SearchSettings = SearchSettings()
    rollouts: RolloutSettings = RolloutSettings()
    choice: ChoiceSettings = ChoiceSettings()
    timing: TimeSettings = TimeSettings()
    playout: str = "net"
    """What a playout is: net, rollout or mixed."""
    mixing: Annotated[float, SHARE] = 0.5
    """Weight of the rollout in a mixed playout."""
    threads: Annotated[int, Range(1, 256)] = 1
    """Threads that evaluate batches side by side."""
    provider: str = "cpu"
    """What runs the net: one of onnxruntime's execution providers, as `nets.ort` calls them."""
    batch_size: Annotated[int | None, Range(1, 256)] = None
    """Most leaves evaluated together; None: a default for the kind of playout."""
    seed: Annotated[int | None, Range(0, 2**63 - 1)] = None
    """Seed of all chance; None: a new one each time."""
    reuse_tree: bool = True
    """Whether the part of the tree below the moves played is kept."""
    ponder: bool = False
    """Whether the search goes on in the opponent's time."""
    resign_threshold: Annotated[float, Range(0, 0.5)] = 0.02
    """Resign when the win rate is below this (0: never), …"""
    resign_moves: Annotated[int, Range(1, 100)] = 3
    """… in this many own moves in a row, …"""
    resign_lead: Annotated[float, Range(0, 1000)] = 0.5
    """… and at least so many points behind."""
    move_overhead_s: Annotated[float, Range(0, 10)] = 0.05
    """Seconds kept back of every time limit for what is not search."""

    def __post_init__(self) -> None:
        """Raises ConfigError for a value out of range."""
        super().__post_init__()
        if self.playout not in PLAYOUT_KINDS:
            raise ConfigError(f"playout is {self.playout!r}: expected one of {', '.join(PLAYOUT_KINDS)}")

    @property
    def leaves_at_once(self) -> int:
        """The batch size in force, for each thread."""
        return NET_BATCH if self.batch_size is None else self.batch_size
