"""Handicap placement against the standard's tables."""

import pytest

from ponnuki.engine.coords import BLACK, WHITE, vertex
from ponnuki.engine.game import Game
from ponnuki.engine.handicap import (
    fixed_handicap,
    free_handicap,
    head_start_black,
    max_fixed_handicap,
    max_free_handicap,
)
from ponnuki.engine.rules import Rules


def vertices(points, size):
    return " ".join(vertex(point, size) for point in points)


@pytest.mark.parametrize(
    ("stones", "expected"),
    [
        (2, "D4 Q16"),
        (3, "D4 Q16 D16"),
        (4, "D4 Q16 D16 Q4"),
        (5, "D4 Q16 D16 Q4 K10"),
        (6, "D4 Q16 D16 Q4 D10 Q10"),
        (7, "D4 Q16 D16 Q4 D10 Q10 K10"),
        (8, "D4 Q16 D16 Q4 D10 Q10 K4 K16"),
        (9, "D4 Q16 D16 Q4 D10 Q10 K4 K16 K10"),
    ],
)
def test_fixed_handicap_on_19(stones, expected):
    assert vertices(fixed_handicap(19, stones), 19) == expected


@pytest.mark.parametrize(
    ("size", "stones", "expected"),
    [
        (7, 4, "C3 E5 C5 E3"),
        (8, 4, "C3 F6 C6 F3"),
        (9, 9, "C3 G7 C7 G3 C5 G5 E3 E7 E5"),
        (11, 5, "C3 J9 C9 J3 F6"),
        (12, 4, "C3 K10 C10 K3"),
        (13, 9, "D4 K10 D10 K4 D7 K7 G4 G10 G7"),
        (14, 2, "D4 L11"),
        (18, 4, "D4 P15 D15 P4"),
        (25, 5, "D4 W22 D22 W4 N13"),
    ],
)
def test_fixed_handicap_on_other_sizes(size, stones, expected):
    assert vertices(fixed_handicap(size, stones), size) == expected


def test_most_stones_for_every_size():
    limits = {size: max_fixed_handicap(size) for size in range(2, 26)}
    assert limits == {size: 0 if size < 7 else 9 if size % 2 and size >= 9 else 4 for size in range(2, 26)}


@pytest.mark.parametrize(("size", "stones"), [(6, 2), (7, 5), (8, 5), (9, 1), (9, 10), (19, 0), (19, -1), (18, 9)])
def test_fixed_handicap_refuses(size, stones):
    with pytest.raises(ValueError, match=f"{stones} on {size}x{size}"):
        fixed_handicap(size, stones)


@pytest.mark.parametrize("size", [2, 3, 5, 6, 7, 8, 9, 13])
def test_free_handicap_places_any_number(size):
    for stones in {2, 3, 4, 5, 9, 10, 12, size * size - 1} - set(range(size * size, 20)):
        points = free_handicap(size, stones)
        assert len(set(points)) == stones
        assert all(0 <= point < size * size for point in points)


def test_free_handicap_begins_with_the_star_points():
    assert free_handicap(19, 9) == fixed_handicap(19, 9)
    assert free_handicap(19, 12)[:9] == fixed_handicap(19, 9)
    assert free_handicap(8, 6)[:4] == fixed_handicap(8, 4)


def test_free_handicap_keeps_its_stones_apart_and_off_the_edge():
    points = free_handicap(19, 13)
    rows_and_cols = [divmod(point, 19) for point in points]
    assert all(2 <= place <= 16 for row_and_col in rows_and_cols for place in row_and_col)
    gaps = [abs(a - c) + abs(b - d) for a, b in rows_and_cols for c, d in rows_and_cols if (a, b) != (c, d)]
    assert min(gaps) >= 4


@pytest.mark.parametrize("stones", [1, 81, 0])
def test_free_handicap_refuses(stones):
    assert max_free_handicap(9) == 80
    with pytest.raises(ValueError, match="expected 2 to 80"):
        free_handicap(9, stones)


class TestHeadStart:
    @pytest.mark.parametrize(("komi", "points"), [(7.0, 0), (0.0, 7), (-10.0, 17), (20.0, -13)])
    def test_komi(self, komi, points):
        game = Game(9, komi)
        assert head_start_black(game) == points
        game.play(40)
        game.play(41)
        assert head_start_black(game) == points

    @pytest.mark.parametrize("stones", [2, 4, 9])
    def test_stones_set_up_or_played(self, stones):
        points = fixed_handicap(19, stones)
        placed, played = Game(19, 0.5), Game(19, 0.5)
        placed.set_handicap(points)
        for point in points:
            played.play(point, BLACK)
        for game in (placed, played):
            assert head_start_black(game) == 14 * stones - 7.5
            game.play(0, WHITE)
            game.play(1, BLACK)
            assert head_start_black(game) == 14 * stones - 7.5

    def test_white_begins(self):
        game = Game(19, 0.0)
        game.play(0, WHITE)
        assert head_start_black(game) == -7
        game.play(40, WHITE)
        assert head_start_black(game) == -21

    def test_compensation_for_stones_is_komi(self):
        game = Game(19, 0.5, Rules.preset("chinese"))
        game.set_handicap(fixed_handicap(19, 4))
        assert head_start_black(game) == 4 * 14 - 7 - 0.5 - 4
