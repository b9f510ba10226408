"""Queries of the JSON analysis protocol, read and checked.

A line is an object: an action, or a query about some positions of a game. What is wrong with a field is told with the
field's name; a field that we do not know is a warning.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from ponnuki.engine.config import Limits, Restriction, SearchSettings
from ponnuki.engine.coords import BLACK, MAX_SIZE, MIN_SIZE, WHITE, parse_vertex
from ponnuki.engine.errors import ConfigError, IllegalMoveError
from ponnuki.engine.game import Game
from ponnuki.engine.rules import HOME_RULES, Rules

PERSPECTIVES = ("BLACK", "WHITE", "SIDETOMOVE")

COLOURS = {"b": BLACK, "black": BLACK, "w": WHITE, "white": WHITE}

IGNORED_SETTINGS = {
    "wideRootNoise", "analysisWideRootNoise", "rootNumSymmetriesToSample", "playoutDoublingAdvantage",
    "ignorePreRootHistory", "antiMirror", "conservativePass", "preventCleanupPhase", "friendlyPassOk",
}
"""Settings of KataGo that clients send and that we have nothing like; skipped without a word."""


class QueryError(Exception):
    """A line that cannot be answered; `reply` is what the client is sent."""

    def __init__(self, message: str, identity: str | None = None, field: str | None = None) -> None:
        super().__init__(message)
        self.reply: dict[str, Any] = {"error": message}
        if field is not None:
            self.reply["field"] = field
        if identity is not None:
            self.reply["id"] = identity


@dataclass(frozen=True)
class Query:
    """Positions of one game, and what is wanted of each."""

    identity: str
    game: Game
    """The game with all its moves."""
    turns: tuple[int, ...]
    """Numbers of moves after which the position is wanted."""
    limits: Limits
    search: SearchSettings
    perspective: str = "BLACK"
    priority: int = 0
    priorities: tuple[int, ...] = ()
    """One for each turn; empty: `priority` for all."""
    restrictions: tuple[Restriction, ...] = ()
    include_policy: bool = False
    include_ownership: bool = False
    include_ownership_stdev: bool = False
    include_moves_ownership: bool = False
    include_pv_visits: bool = False
    report_every_s: float | None = None
    first_report_s: float | None = None
    pv_length: int = 15

    @property
    def keeps_ownership(self) -> bool:
        """Whether the evaluations' ownership is needed."""
        return self.include_ownership or self.include_ownership_stdev or self.include_moves_ownership

    def position(self, turn: int) -> Game:
        """The game after so many of its moves."""
        game = self.game.copy()
        while len(game.moves) > turn:
            game.undo()
        return game


@dataclass(frozen=True)
class Defaults:
    """What a query leaves open."""

    limits: Limits
    search: SearchSettings
    rules: Rules = HOME_RULES
    perspective: str = "BLACK"


class Reader:
    """Reads one query, field by field, and remembers which fields were known."""

    def __init__(self, fields: dict[str, Any], identity: str) -> None:
        self._fields = fields
        self._identity = identity
        self._used = {"id", "action"}

    def error(self, message: str, field: str) -> QueryError:
        """What to raise for a field."""
        return QueryError(message, self._identity, field)

    def get(self, field: str, kind: Callable[[Any], Any], default: Any, expected: str) -> Any:
        """A field's value as `kind` makes it, which fails for what is not `expected`, of another type perhaps."""
        self._used.add(field)
        value = self._fields.get(field)
        if value is None:
            return default
        try:
            return kind(value)
        except (ValueError, TypeError, KeyError, AttributeError, OverflowError):
            raise self.error(f"Must be {expected}", field) from None

    def unused(self) -> list[str]:
        """Fields that nobody asked for."""
        return [field for field in self._fields if field not in self._used]


def integer(low: int, high: int) -> Callable[[Any], int]:
    """A whole number in a range; true and false are none."""

    def kind(value: Any) -> int:
        if isinstance(value, bool) or int(value) != value or not low <= value <= high:
            raise ValueError
        return int(value)

    return kind


def number(low: float, high: float) -> Callable[[Any], float]:
    """A number in a range; true and false are none."""

    def kind(value: Any) -> float:
        if isinstance(value, (bool, str)) or not low <= value <= high:
            raise ValueError
        return float(value)

    return kind


def truth(value: Any) -> bool:
    """true or false."""
    if not isinstance(value, bool):
        raise ValueError
    return value


def read_query(fields: dict[str, Any], identity: str, defaults: Defaults) -> tuple[Query, list[str]]:
    """A query, and the fields in it that we do not know.

    Raises:
        QueryError: a field is missing or not accepted.
    """
    reader = Reader(fields, identity)
    game = _game(reader, fields, defaults)
    turns = _turns(reader, len(game.moves))
    settings, perspective, max_time, skipped = _overrides(reader, defaults)
    visits = reader.get("maxVisits", integer(1, 10**12), defaults.limits.visits, "an integer from 1 to 1e12")
    priorities = reader.get("priorities", lambda values: tuple(map(integer(-(2**31), 2**31), values)), (), "integers")
    if priorities and len(priorities) != len(turns):
        raise reader.error("Must be as many as analyzeTurns", "priorities")
    query = Query(
        identity=identity,
        game=game,
        turns=turns,
        limits=replace(defaults.limits, visits=visits, move_time_s=max_time or defaults.limits.move_time_s),
        search=settings,
        perspective=perspective,
        priority=reader.get("priority", integer(-(2**31), 2**31), 0, "an integer"),
        priorities=priorities,
        restrictions=_restrictions(reader, fields, game.size),
        include_policy=_flag(reader, "includePolicy"),
        include_ownership=_flag(reader, "includeOwnership"),
        include_ownership_stdev=_flag(reader, "includeOwnershipStdev"),
        include_moves_ownership=_flag(reader, "includeMovesOwnership"),
        include_pv_visits=_flag(reader, "includePVVisits"),
        report_every_s=reader.get("reportDuringSearchEvery", number(0.001, 1e6), None, "a number of seconds"),
        first_report_s=reader.get("firstReportDuringSearchAfter", number(0.001, 1e6), None, "a number of seconds"),
        pv_length=reader.get("analysisPVLen", integer(1, 1000), 15, "an integer from 1 to 1000"),
    )
    query = replace(query, search=replace(query.search, keep_ownership=query.keeps_ownership))
    return query, [*reader.unused(), *skipped]


def _flag(reader: Reader, field: str) -> bool:
    return bool(reader.get(field, truth, False, "true or false"))


def _game(reader: Reader, fields: dict[str, Any], defaults: Defaults) -> Game:
    """The game of a query, with set-up stones and all moves."""
    for field in ("moves", "boardXSize", "boardYSize"):
        if field not in fields:
            raise reader.error("Missing; every query needs moves, rules, boardXSize and boardYSize", field)
    sizes = f"an integer from {MIN_SIZE} to {MAX_SIZE}"
    size = reader.get("boardXSize", integer(MIN_SIZE, MAX_SIZE), None, sizes)
    if reader.get("boardYSize", integer(MIN_SIZE, MAX_SIZE), None, sizes) != size:
        raise reader.error(f"Must be equal to boardXSize {size}: boards are square here", "boardYSize")
    rules = _rules(reader, defaults)
    komi = reader.get("komi", number(-1000, 1000), rules.default_komi, "a number from -1000 to 1000")
    game = Game(size, komi, rules)
    pairs = f"a list of [colour, vertex] on a board of {size}x{size}"
    stones = reader.get("initialStones", lambda value: _pairs(value, size, stones=True), [], pairs)
    moves = reader.get("moves", lambda value: _pairs(value, size, stones=False), [], pairs)
    player = reader.get("initialPlayer", lambda value: COLOURS[value.lower()], None, "B or W")
    first = player or (moves[0][0] if moves else WHITE if stones and {c for c, _ in stones} == {BLACK} else BLACK)
    colours = [colour for colour, _ in stones]
    try:
        if first == WHITE and len(stones) > 1 and WHITE not in colours:  # as in an SGF: these are handicap stones
            game.set_handicap(point for _, point in stones)
        else:
            game.set_stones(stones, first)
    except (IllegalMoveError, ConfigError) as error:
        raise reader.error(f"Illegal initial position: {error}", "initialStones") from None
    for index, (colour, move) in enumerate(moves):
        try:
            game.play(move, colour)
        except IllegalMoveError as error:
            raise reader.error(f"Illegal move {index}: {error}", "moves") from None
    if not moves:
        game.to_play = first
    return game


def _rules(reader: Reader, defaults: Defaults) -> Rules:
    def kind(value: Any) -> Rules:
        try:
            return Rules.parse(value)
        except ConfigError as error:
            raise reader.error(f"Could not parse rules: {error}", "rules") from None

    rules: Rules = reader.get("rules", kind, defaults.rules, "a name of rules or an object")
    bonus = reader.get("whiteHandicapBonus", str, None, "0, N or N-1")
    if bonus is None:
        return rules
    try:
        return rules.changed("whiteHandicapBonus", bonus)
    except ConfigError as error:
        raise reader.error(str(error), "whiteHandicapBonus") from None


def _pairs(value: Any, size: int, *, stones: bool) -> list[tuple[int, int]]:
    found = [(COLOURS[colour.lower()], parse_vertex(vertex, size)) for colour, vertex in value]
    if stones and any(move == size * size for _, move in found):
        raise ValueError
    return found


def _turns(reader: Reader, moves: int) -> tuple[int, ...]:
    expected = f"a list of integers from 0 to {moves}, the number of moves"
    turns = reader.get("analyzeTurns", lambda value: tuple(map(integer(0, moves), value)), (moves,), expected)
    if not turns:
        raise reader.error(f"Must be {expected}, at least one", "analyzeTurns")
    return tuple(turns)


def _restrictions(reader: Reader, fields: dict[str, Any], size: int) -> tuple[Restriction, ...]:
    if fields.get("avoidMoves") is not None and fields.get("allowMoves") is not None:
        raise reader.error("Cannot be given together with avoidMoves", "allowMoves")
    found: list[Restriction] = []
    for field, allow in (("avoidMoves", False), ("allowMoves", True)):
        def kind(value: Any, allow: bool = allow) -> list[Restriction]:
            return [Restriction(COLOURS[item["player"].lower()],
                                frozenset(parse_vertex(vertex, size) for vertex in item["moves"]),
                                integer(1, 10**6)(item["untilDepth"]), allow) for item in value]

        found += reader.get(field, kind, [], "a list of objects with player, moves and untilDepth")
    return tuple(found)


def _overrides(reader: Reader, defaults: Defaults) -> tuple[SearchSettings, str, float | None, list[str]]:
    """What ``overrideSettings`` changes: search settings, perspective, time; and the names that we do not know."""
    given = reader.get("overrideSettings", dict, {}, "an object")
    settings, perspective, max_time, skipped = defaults.search, defaults.perspective, None, []
    names = {"cpuctExploration": "c_puct", "cpuctExplorationLog": "c_puct_log", "fpuReductionMax": "fpu_reduction",
             "rootFpuReductionMax": "root_fpu_reduction", "rootPolicyTemperature": "root_policy_temperature"}
    for name, value in given.items():
        field = f"overrideSettings.{name}"
        try:
            if name == "reportAnalysisWinratesAs":
                perspective = PERSPECTIVES[PERSPECTIVES.index(str(value).upper())]
            elif name == "maxTime":
                max_time = number(0.001, 1e9)(value)
            elif name in names:
                changed: dict[str, Any] = {names[name]: float(value)}
                settings = replace(settings, **changed)
            elif name not in IGNORED_SETTINGS:
                skipped.append(field)
        except (ValueError, TypeError, OverflowError):
            raise reader.error(f"Value {value!r} is not accepted", field) from None
        except ConfigError as error:
            raise reader.error(str(error), field) from None
    return settings, perspective, max_time, skipped
