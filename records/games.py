"""One game record in Python's terms, and building shards from games one by one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ponnuki.engine.coords import BLACK, WHITE, opponent
from ponnuki.engine.errors import RecordError
from ponnuki.engine.game import Game
from ponnuki.engine.rules import HandicapBonus, Ko, Rules, Scoring
from ponnuki.records.format import ENDING_UNKNOWN, PER_POSITION, TARGET_PLAYED, Shard, policy_kind, validate

NAN = float("nan")


@dataclass
class MoveLabels:
    """What is known of the position before one move, from the side to move's view."""

    value_to_play: float = NAN
    """-1..1, NaN where unknown."""
    lead_to_play: float = NAN
    """Points, komi counted; NaN where unknown."""
    policy: Sequence[tuple[int, int]] = ()
    """(move, weight 0..65535), not normalised: visits, say."""
    policy_target: int = TARGET_PLAYED
    """`format.TARGET_...`: what a net is to learn here."""
    ownership_to_play: NDArray[np.int8] | None = None
    """int8[N*N], 100 x ownership."""
    visits: int = 0
    raw_value_to_play: float = NAN
    """The net's own value, without search."""
    sample_weight: float = 1.0


@dataclass
class GameRecord:
    """One game: what it started from, its moves, its result and, where there are any, labels.

    `moves` alternate in colour from `first`; `alternating` makes such a list from moves in any order of colours.
    """

    size: int
    komi: float
    rules: Rules
    moves: list[int]
    first: int = BLACK
    """BLACK or WHITE."""
    setup: list[tuple[int, int]] = field(default_factory=list)
    """(colour, point) placed before the first move."""
    winner: int = 0
    """1 Black, -1 White, 0 drawn or unknown."""
    ending: int = ENDING_UNKNOWN
    """One of `format.ENDING_...`."""
    score_black: float = NAN
    """Black's margin in points, komi counted; NaN where not counted."""
    labels: list[MoveLabels] = field(default_factory=list)
    """One for each move, or none at all."""

    @classmethod
    def from_game(cls, game: Game, **result: Any) -> GameRecord:
        """The record of a game as it was played; `result`: winner, ending, score_black, labels."""
        first, moves, _ = alternating(game.moves, game.pass_move, game.to_play)
        return cls(game.size, game.komi, game.rules, moves, first, list(game.setup), **result)

    def start(self) -> Game:
        """The game before its first move.

        Raises:
            IllegalMoveError: the rules refuse the set-up.
        """
        game = Game(self.size, self.komi, self.rules)
        if self.handicap:
            game.set_handicap([point for _, point in self.setup])
        else:
            game.set_stones(self.setup, self.first)
        return game

    def to_game(self) -> Game:
        """The game at its end.

        Raises:
            IllegalMoveError: the rules refuse a move or the set-up.
        """
        game = self.start()
        for move in self.moves:
            game.play(move)
        return game

    def coloured_moves(self) -> list[tuple[int, int]]:
        """(colour, move) of all moves."""
        colours = self.first, opponent(self.first)
        return [(colours[index % 2], move) for index, move in enumerate(self.moves)]

    @property
    def handicap(self) -> int:
        """Handicap stones: the set-up's where it is all Black, two stones or more, and White plays first; else 0."""
        only_black = all(colour == BLACK for colour, _ in self.setup)
        return len(self.setup) if only_black and self.first == WHITE and len(self.setup) >= 2 else 0


def alternating(
    moves: Iterable[tuple[int, int]], pass_move: int, first_if_empty: int = BLACK
) -> tuple[int, list[int], set[int]]:
    """The first colour, a list of moves that alternate, and where in it passes stand between moves of one colour."""
    first, to_play = first_if_empty, None
    flat: list[int] = []
    filled: set[int] = set()
    for colour, move in moves:
        if to_play is None:
            first = to_play = colour
        if colour != to_play:
            filled.add(len(flat))
            flat.append(pass_move)
        flat.append(move)
        to_play = opponent(colour)
    return first, flat, filled


class ShardBuilder:
    """Collects games of one board size into a shard."""

    def __init__(self, size: int, meta: dict[str, Any] | None = None) -> None:
        self.size = size
        self.meta = meta or {}
        self._games: list[GameRecord] = []

    def __len__(self) -> int:
        """Games so far."""
        return len(self._games)

    def add(self, game: GameRecord) -> None:
        """Add a game.

        Raises:
            RecordError: it is of another board size, or has labels for some of its moves only.
        """
        if game.size != self.size:
            raise RecordError(f"a game on {game.size}x{game.size} in a shard of {self.size}x{self.size} games")
        if game.labels and len(game.labels) != len(game.moves):
            raise RecordError(f"a game of {len(game.moves)} moves with {len(game.labels)} labels")
        self._games.append(game)

    def build(self) -> Shard:
        """The games as a shard; arrays of labels are left out where they say nothing.

        Raises:
            RecordError: a value lies outside the format's range.
        """
        games = self._games
        rules = [game.rules for game in games]
        setup = [stone for game in games for stone in game.setup]
        shard = Shard(
            size=self.size,
            komi=np.array([game.komi for game in games], np.float32),
            scoring=np.array([rule.scoring for rule in rules], np.uint8),
            ko=np.array([rule.ko for rule in rules], np.uint8),
            suicide=np.array([rule.suicide for rule in rules], np.uint8),
            handicap_bonus=np.array([rule.handicap_bonus for rule in rules], np.uint8),
            winner=np.array([game.winner for game in games], np.int8),
            ending=np.array([game.ending for game in games], np.uint8),
            score_black=np.array([game.score_black for game in games], np.float32),
            length=np.array([len(game.moves) for game in games], np.int32),
            moves=_uint16([move for game in games for move in game.moves], "move"),
            first=np.array([game.first == WHITE for game in games], np.uint8),
            setup_len=np.array([len(game.setup) for game in games], np.uint16),
            setup_point=_uint16([point for _, point in setup], "set-up point"),
            setup_colour=np.array([colour == WHITE for colour, _ in setup], np.uint8),
            meta=self.meta,
            **(self._label_arrays() if any(game.labels for game in games) else {}),
        )
        validate(shard)
        return shard

    def _label_arrays(self) -> dict[str, Any]:
        none = MoveLabels()
        labels = [label for game in self._games for label in (game.labels or [none] * len(game.moves))]
        lengths = [len(label.policy) for label in labels]
        entries = [entry for label in labels for entry in label.policy]
        owned = [index for index, label in enumerate(labels) if label.ownership_to_play is not None]
        arrays: dict[str, Any] = {
            "value_to_play": np.array([label.value_to_play for label in labels], np.float16),
            "lead_to_play": np.array([label.lead_to_play for label in labels], np.float16),
            "policy_len": np.array(lengths, np.uint8 if max(lengths, default=0) < 256 else np.uint16),
            "policy_move": _uint16([move for move, _ in entries], "policy move"),
            "policy_weight": _uint16([weight for _, weight in entries], "policy weight"),
            "policy_target": np.array([label.policy_target for label in labels], np.uint8),
            "raw_value_to_play": np.array([label.raw_value_to_play for label in labels], np.float16),
            "sample_weight": np.array([label.sample_weight for label in labels], np.float16),
        }
        if any(label.visits for label in labels):  # games that were searched
            arrays["visits"] = np.array([label.visits for label in labels], np.uint32)
        if owned:
            arrays["ownership_index"] = np.array(owned, np.int32)
            arrays["ownership_to_play"] = np.array([labels[index].ownership_to_play for index in owned], np.int8)
        silent = {name for name in _NUMBERS if np.isnan(arrays[name]).all()}
        silent |= set() if entries else {"policy_len", "policy_move", "policy_weight"}
        silent |= {"sample_weight"} if (arrays["sample_weight"] == 1).all() else set()
        return {name: array for name, array in arrays.items() if name not in silent}


_LABELS = (*(set(PER_POSITION) - {"moves"}), "policy_len", "ownership_index")
"""Arrays by which a shard has labels."""

_NUMBERS = ("value_to_play", "lead_to_play", "raw_value_to_play")
"""Labels of positions that are NaN where they are not known."""


def _uint16(values: list[int], what: str) -> NDArray[np.uint16]:
    if values and not (min(values) >= 0 and max(values) <= np.iinfo(np.uint16).max):
        raise RecordError(f"{what} {min(values)} or {max(values)} outside 0 to 65535")
    return np.array(values, np.uint16)


def read_game(shard: Shard, index: int) -> GameRecord:
    """Game number `index` of a shard, with its labels where the shard has any."""
    moves = slice(int(shard.start[index]), int(shard.start[index + 1]))
    stones = slice(int(shard.setup_start[index]), int(shard.setup_start[index + 1]))
    rules = Rules(
        ko=Ko(int(shard.ko[index])),
        scoring=Scoring(int(shard.scoring[index])),
        suicide=bool(shard.suicide[index]),
        handicap_bonus=HandicapBonus(int(shard.handicap_bonus[index])),
    )
    colours = (shard.setup_colour[stones] + np.uint8(BLACK)).tolist()
    labelled = any(getattr(shard, name) is not None for name in _LABELS)
    return GameRecord(
        size=shard.size,
        komi=float(shard.komi[index]),
        rules=rules,
        moves=shard.moves[moves].tolist(),
        first=WHITE if shard.first[index] else BLACK,
        setup=list(zip(colours, shard.setup_point[stones].tolist(), strict=True)),
        winner=int(shard.winner[index]),
        ending=int(shard.ending[index]),
        score_black=float(shard.score_black[index]),
        labels=[_read_labels(shard, position) for position in range(moves.start, moves.stop)] if labelled else [],
    )


def _read_labels(shard: Shard, position: int) -> MoveLabels:
    labels = MoveLabels()
    for name in ("value_to_play", "lead_to_play", "visits", "raw_value_to_play", "sample_weight"):
        array = getattr(shard, name)
        if array is not None:
            setattr(labels, name, array[position].item())
    entries = slice(int(shard.entry[position]), int(shard.entry[position + 1]))
    if shard.policy_move is not None and shard.policy_weight is not None:
        moves, weights = shard.policy_move[entries], shard.policy_weight[entries]
        labels.policy = list(zip(moves.tolist(), weights.tolist(), strict=True))
    labels.policy_target = int(policy_kind(shard, np.array([position]))[0])
    row = shard.ownership_row[position]
    if shard.ownership_to_play is not None and row >= 0:
        labels.ownership_to_play = shard.ownership_to_play[row]
    return labels
