"""The network's input planes and globals in plain Python, from the table in `ponnuki.engine.features`, version 2."""

from __future__ import annotations

import math

from ponnuki.engine.ladder import NODES

from .go import BLACK, EMPTY, SIMPLE, SITUATIONAL, ReferenceGame, after_stone, border, liberties, opponent
from .ladder import LadderReading, TooLong

FEATURE_VERSION = 2
PLANES, GLOBALS = 14, 9

Plane = list[list[float]]


def rotated(row: int, col: int, size: int, symmetry: int) -> tuple[int, int]:
    """Where a point appears: bit 0 turns the rows round, bit 1 the columns, bit 2 then exchanges the two."""
    if symmetry & 1:
        row = size - 1 - row
    if symmetry & 2:
        col = size - 1 - col
    return (col, row) if symmetry & 4 else (row, col)


def is_forbidden_by_ko(game: ReferenceGame, point: int) -> bool:
    """Whether only ko or superko keeps the side to play from an empty point."""
    if game.stones[point] != EMPTY or game.is_legal(point):
        return False
    lost = after_stone(game.stones, game.size, game.to_play, point).own_lost
    return not lost or (game.suicide and len(lost) > 1)


def point_features(game: ReferenceGame, point: int) -> list[float]:
    """The PLANES numbers of one point; NaN where they are not known."""
    own, colour = game.to_play, game.stones[point]
    free = len(liberties(game.stones, game.size, point)) if colour != EMPTY else 0
    recent = [move for _, move in game.moves[-5:][::-1]]
    recent += [-1] * (5 - len(recent))
    return [float(answer) for answer in (
        True,
        colour == own,
        colour == opponent(own),
        free == 1,
        free == 2,
        free == 3,
        is_forbidden_by_ko(game, point),
        *(move == point for move in recent),
        *known_ladder_features(game, point),
    )]


def known_ladder_features(game: ReferenceGame, point: int) -> tuple[float, float]:
    """`ladder_features`, or NaN where ladders are longer than the engine reads: there its order decides."""
    try:
        doomed, begins = ladder_features(game, point)
    except TooLong:
        return math.nan, math.nan
    return float(doomed), float(begins)


def ladder_features(game: ReferenceGame, point: int) -> tuple[bool, bool]:
    """Whether a ladder takes the stone there, and whether the side to play begins one there."""
    stones, size = game.stones, game.size
    reading = LadderReading(stones, size, NODES)
    if stones[point] == EMPTY:
        begins = False
        for beside in border(stones, size, [point], opponent(game.to_play)):
            begins |= len(liberties(stones, size, beside)) == 2 and reading.attack_works(beside, point)
        return False, begins
    free = liberties(stones, size, point)
    if len(free) == 1:
        return reading.is_lost(point), False
    return len(free) == 2 and any(reading.attack_works(point, attack) for attack in free), False


def planes(game: ReferenceGame, symmetry: int) -> list[Plane]:
    """float[PLANES][N][N], in a symmetry."""
    size = game.size
    out = [[[0.0] * size for _ in range(size)] for _ in range(PLANES)]
    for point in range(size * size):
        row, col = rotated(*divmod(point, size), size, symmetry)
        for plane, value in zip(out, point_features(game, point), strict=True):
            plane[row][col] = value
    return out


def self_komi(game: ReferenceGame, komi: float, territory: bool) -> float:
    """What the side to play is given: its komi and, under territory scoring, its prisoners less its losses."""
    own = game.to_play
    prisoners = game.captured(opponent(own)) - game.captured(own) if territory else 0
    return prisoners + (-komi if own == BLACK else komi)


def parity_wave(komi: float, size: int) -> float:
    """A triangle wave of period 2: +½ half a point above an even (odd boards: odd) komi, −½ half a point below."""
    distance = abs((komi - (size % 2) - 0.5 + 1) % 2 - 1)
    return 0.5 - distance


def globals_of(game: ReferenceGame, komi: float, territory: bool) -> list[float]:
    """float[GLOBALS]; `komi` is White's with any compensation."""
    given = self_komi(game, komi, territory)
    passed = [move == game.pass_move for _, move in game.moves[-2:]]
    passed = [False] * (2 - len(passed)) + passed
    return [
        given / 15,
        float(territory),
        float(game.ko == SIMPLE),
        float(game.ko == SITUATIONAL),
        float(game.suicide),
        float(passed[1]),
        float(passed[0]),
        0.0 if territory else parity_wave(given, game.size),
        (game.size - 13) / 6,
    ]
