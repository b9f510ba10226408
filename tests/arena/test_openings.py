"""Random openings: legal, central, different, and the same for the same seed."""

import pytest

from ponnuki.arena.openings import default_opening_moves, opening_vertices, random_openings
from ponnuki.engine.errors import ConfigError
from ponnuki.engine.game import Game


def line(point: int, size: int) -> int:
    """The line that a point is on, 1 for the edge."""
    row, col = divmod(point, size)
    return 1 + min(row, col, size - 1 - row, size - 1 - col)


@pytest.mark.parametrize("size", [5, 7, 9, 13, 19])
def test_openings_are_legal_and_away_from_the_edge(size: int) -> None:
    for opening in random_openings(size, 20, default_opening_moves(size), seed=1):
        game = Game(size)
        for move in opening:
            game.play(move)
        assert len(set(opening)) == len(opening)
        assert len(opening) % 2 == 0, "Black is to play"
        assert all(line(point, size) >= (3 if size >= 9 else 2) for point in opening)


def test_a_seed_gives_the_same_openings_and_a_longer_list_goes_on() -> None:
    assert random_openings(9, 30, 4, seed=5)[:10] == random_openings(9, 10, 4, seed=5)
    assert random_openings(9, 10, 4, seed=5) != random_openings(9, 10, 4, seed=6)


def test_openings_differ_by_more_than_a_reflection() -> None:
    """On 5×5 there are nine inner points: of two-move openings without contact, up to symmetry, there are eight."""
    def forms(opening: tuple[int, ...]) -> set[tuple[int, ...]]:
        found, points = set(), [divmod(point, 5) for point in opening]
        for _ in range(4):
            points = [(col, 4 - row) for row, col in points]
            found |= {tuple(r * 5 + c for r, c in points), tuple(r * 5 + 4 - c for r, c in points)}
        return found

    first = random_openings(5, 9, 2, seed=0)
    assert not any(forms(a) & forms(b) for i, a in enumerate(first[:8]) for b in first[:i])
    assert any(forms(first[8]) & forms(earlier) for earlier in first[:8]), "all used: they begin again"


def test_too_many_stones_are_refused() -> None:
    with pytest.raises(ConfigError, match="no room"):
        random_openings(5, 1, 20, seed=0)


def test_vertices() -> None:
    assert opening_vertices((0, 80), 9) == ["A9", "J1"]
