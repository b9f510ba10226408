"""The network's input planes and globals in plain Python, from the table in `ponnuki.engine.features`, version 1."""

from __future__ import annotations

from .go import BLACK, EMPTY, SIMPLE, SITUATIONAL, ReferenceGame, after_stone, liberties, opponent

FEATURE_VERSION = 1
PLANES, GLOBALS = 12, 9

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
    """The PLANES numbers of one point."""
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
    )]


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
