"""SGF to game records and back: main line only, no comments, files that are a little wrong included."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from sgfmill import sgf, sgf_grammar

from ponnuki.engine.coords import BLACK, MAX_SIZE, MIN_SIZE, WHITE
from ponnuki.engine.errors import RecordError
from ponnuki.engine.handicap import fixed_handicap
from ponnuki.engine.rules import HOME_RULES, Rules
from ponnuki.engine.version import VERSION
from ponnuki.records.format import TARGET_NONE, TARGET_PLAYED
from ponnuki.records.games import GameRecord, MoveLabels, alternating
from ponnuki.records.sgf_values import (
    Result,
    parse_komi,
    parse_result,
    parse_rules,
    result_text,
    rules_text,
)

Node = dict[str, list[bytes]]
"""A node's properties with their raw values, as sgfmill's grammar gives them."""

Stones = list[tuple[int, int]]
"""(colour, point) of stones."""


class PlayedMove(NamedTuple):
    """A move of a main line."""

    node: int
    """Which node of the line it stands in, from 0."""
    colour: int
    move: int


_MISSING_ENDS = (b"", b")", b"])", b"))", b"]))")
"""What is tried at the end of a file that was cut short."""

_LAST_TT_SIZE = 19
"""Up to this board size, `tt` is a pass (SGF FF[3]); beyond, it is a point."""


def parse_sgf(data: bytes, default_rules: Rules = HOME_RULES, default_komi: float = 0.0) -> list[GameRecord]:
    """The games of an SGF file, which may be a collection. Moves are not checked for legality.

    Args:
        data: the file. What stands before, between and after the games is passed over, and brackets that are missing
            at the end are supplied.
        default_rules: for games that do not name rules we know.
        default_komi: for games that do not tell theirs; old ones had none.

    Raises:
        RecordError: no SGF, or a game that is not Go, not square, too large, or has set-up in its midst.
    """
    return [record_from_nodes(nodes, default_rules, default_komi) for nodes in split_collection(data)]


def split_collection(data: bytes) -> list[list[Node]]:
    """The main line of each game in an SGF file, one dict of raw properties a node.

    Raises:
        RecordError: no SGF.
    """
    return [main_line(tree) for tree in parse_trees(data)]


def parse_trees(data: bytes) -> list[sgf_grammar.Coarse_game_tree]:
    """The games of an SGF file with all their variations, in sgfmill's form.

    Raises:
        RecordError: no SGF.
    """
    problem = ""
    for end in _MISSING_ENDS:
        try:
            trees: list[sgf_grammar.Coarse_game_tree] = sgf_grammar.parse_sgf_collection(data + end)
        except ValueError as error:
            problem = problem or str(error)
        else:
            return trees
    raise RecordError(f"not an SGF file: {problem}")


def main_line(tree: sgf_grammar.Coarse_game_tree) -> list[Node]:
    """The raw properties of each node of a game's main line."""
    return list(sgf_grammar.main_sequence_iter(tree))


def record_from_nodes(
    nodes: list[Node], default_rules: Rules = HOME_RULES, default_komi: float = 0.0
) -> GameRecord:
    """The record of one game's main line (see `parse_sgf`)."""
    return record_and_moves(nodes, default_rules, default_komi)[0]


def record_and_moves(
    nodes: list[Node], default_rules: Rules = HOME_RULES, default_komi: float = 0.0
) -> tuple[GameRecord, list[PlayedMove]]:
    """The record of one game's main line, and where its moves stand.

    The record has a pass more wherever a colour moves twice in a row, from which nothing is learnt, and the list has
    no handicap stones that were written as moves.
    """
    root = nodes[0]
    if (kind := _text(root, "GM")) not in ("", "1"):
        raise RecordError(f"not a game of Go (GM[{kind}])")
    size = _size(root)
    setup, moves = _stones_and_moves(nodes, size)
    setup, moves = _handicap_as_setup(_text(root, "HA"), size, setup, moves)
    only_black = bool(setup) and all(colour == BLACK for colour, _ in setup)
    to_play = {"b": BLACK, "w": WHITE}.get(_text(root, "PL").lower()[:1], WHITE if only_black else BLACK)
    first, flat, filled = alternating([(move.colour, move.move) for move in moves], size * size, to_play)
    result = parse_result(_text(root, "RE"))
    rules = parse_rules(_text(root, "RU")) or default_rules
    komi = parse_komi(_text(root, "KM"))
    komi = default_komi if komi is None else komi
    if math.isinf(komi):
        raise RecordError(f"komi {_text(root, 'KM')[:20]!r} is no number of points")
    labels = [MoveLabels(policy_target=TARGET_NONE if index in filled else TARGET_PLAYED) for index in range(len(flat))]
    return GameRecord(size, komi, rules, flat, first, setup, *result, labels if filled else []), moves


def _text(node: Node, name: str) -> str:
    """A property's first value as text, empty where there is none."""
    return node.get(name, [b""])[0].decode("utf-8", "replace").strip()


def _size(root: Node) -> int:
    text = _text(root, "SZ") or "19"
    sides = [side.strip() for side in text.split(":")]
    if not all(map(_is_small_number, sides)) or len(set(sides)) != 1:
        raise RecordError(f"board size {text!r}: expected a square board of {MIN_SIZE} to {MAX_SIZE}")
    size = int(sides[0])
    if not MIN_SIZE <= size <= MAX_SIZE:
        raise RecordError(f"board size {size}: expected {MIN_SIZE} to {MAX_SIZE}")
    return size


def _is_small_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 3


def _stones_and_moves(nodes: Iterable[Node], size: int) -> tuple[Stones, list[PlayedMove]]:
    """The stones set up before the first move, and the moves."""
    setup: dict[int, int] = {}
    moves: list[PlayedMove] = []
    for index, node in enumerate(nodes):
        if any(name in node for name in ("AB", "AW", "AE")):
            if moves:
                raise RecordError(f"stones are set up after move {len(moves)}")
            _add_setup(node, size, setup)
        for name, colour in (("B", BLACK), ("W", WHITE)):
            for value in node.get(name, [])[:1]:
                moves.append(PlayedMove(index, colour, _move(value, size)))
    return [(colour, point) for point, colour in setup.items()], moves


def _add_setup(node: Node, size: int, setup: dict[int, int]) -> None:
    for name, colour in (("AB", BLACK), ("AW", WHITE)):
        for value in node.get(name, []):
            for point in _points(value, size):
                setup[point] = colour
    for value in node.get("AE", []):
        for point in _points(value, size):
            setup.pop(point, None)


def _points(value: bytes, size: int) -> list[int]:
    """A point, or the rectangle of a compressed list (`aa:cc`); none for an empty value."""
    if not value.strip():
        return []
    first, _, last = value.strip().partition(b":")
    top, left = divmod(_point(first, size), size)
    bottom, right = divmod(_point(last or first, size), size)
    rows, cols = sorted((top, bottom)), sorted((left, right))
    return [row * size + col for row in range(rows[0], rows[1] + 1) for col in range(cols[0], cols[1] + 1)]


def _move(value: bytes, size: int) -> int:
    """A point or a pass (an empty value, and `tt` on boards up to 19x19)."""
    cleaned = value.strip().lower()
    if not cleaned or (cleaned == b"tt" and size <= _LAST_TT_SIZE):
        return size * size
    return _point(value, size)


def _point(value: bytes, size: int) -> int:
    col, row = (letter - ord("a") for letter in value.strip().lower().ljust(2)[:2])
    if len(value.strip()) != 2 or not (0 <= col < size and 0 <= row < size):
        raise RecordError(f"{value.decode('ascii', 'replace')!r} is no point of a {size}x{size} board")
    return row * size + col


def _handicap_as_setup(
    handicap: str, size: int, setup: Stones, moves: list[PlayedMove]
) -> tuple[Stones, list[PlayedMove]]:
    """Make a set-up of handicap stones that AB does not place: Black's first moves, or GTP's fixed placement.

    The latter only where White moves first, or nobody: where Black plays on, HA names stones that were never there.

    Raises:
        RecordError: HA promises more stones than there is a fixed placement for, and none are set up or played.
    """
    count = int(handicap) if _is_small_number(handicap) else 0
    if count < 2 or setup:
        return setup, moves
    used = _handicap_moves(moves, count, size * size)
    if used:
        return [(BLACK, stone.move) for stone in moves[:used] if stone.colour == BLACK], moves[used:]
    if moves and moves[0].colour == BLACK:
        return setup, moves
    try:
        return [(BLACK, point) for point in fixed_handicap(size, count)], moves
    except ValueError as error:
        raise RecordError(f"handicap without stones: {error}") from None


def _handicap_moves(moves: Sequence[PlayedMove], count: int, pass_move: int) -> int:
    """How many of the first moves place `count` handicap stones, White passing in between or not; 0 if they do not."""
    stones = 0
    for index, (_, colour, move) in enumerate(moves):
        if (colour == BLACK) == (move == pass_move):
            return 0
        stones += colour == BLACK
        if stones == count:
            return index + 1
    return 0


def to_sgf(record: GameRecord, moves: Iterable[tuple[int, int]] | None = None, **root_values: Any) -> bytes:
    """A record as SGF (FF[4], UTF-8): what `parse_sgf` reads, the labels left out.

    Args:
        record: the game.
        moves: its moves as (colour, move), where a colour played several in a row; by default the record's, in which
            a pass stands between those.
        root_values: further root properties by name, as sgfmill takes them, such as ``PB="Shusaku"``.
    """
    game = sgf.Sgf_game(record.size, encoding="UTF-8")
    root = game.get_root()
    root.set("AP", ("ponnuki", VERSION))
    root.set_raw("KM", (f"{record.komi:.1f}" if record.komi.is_integer() else f"{record.komi:g}").encode())
    root.set("RU", rules_text(record.rules))
    root.set("RE", result_text(Result(record.winner, record.ending, record.score_black)))
    if record.setup:
        stones = {colour: [sgfmill_point(p, record.size) for c, p in record.setup if c == colour] for colour in (1, 2)}
        root.set_setup_stones(stones[BLACK], stones[WHITE])
    if record.setup or record.first == WHITE:
        root.set("PL", "b" if record.first == BLACK else "w")
    if record.handicap:
        root.set("HA", record.handicap)
    for name, value in root_values.items():
        root.set(name, value)
    for colour, move in record.coloured_moves() if moves is None else moves:
        game.extend_main_sequence().set_move("b" if colour == BLACK else "w", sgfmill_point(move, record.size))
    data: bytes = game.serialise()
    return data


def sgfmill_point(move: int, size: int) -> tuple[int, int] | None:
    """sgfmill counts rows from the bottom; a pass is None."""
    return None if move == size * size else (size - 1 - move // size, move % size)
