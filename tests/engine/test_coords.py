"""Vertices, points and the bordered board."""

from __future__ import annotations

import pytest

from ponnuki.engine.coords import (
    BLACK,
    COLUMNS,
    WHITE,
    bordered,
    bordered_area,
    colour_name,
    opponent,
    parse_vertex,
    vertex,
)


@pytest.mark.parametrize(("text", "size", "move"), [
    ("A1", 19, 18 * 19), ("A19", 19, 0), ("T1", 19, 360), ("T19", 19, 18), ("K10", 19, 180), ("J1", 9, 80),
    ("H1", 9, 79), ("Z25", 25, 24), ("A1", 2, 2), ("B2", 2, 1), ("pass", 9, 81), ("PASS", 2, 4),
    ("d4", 9, 48), ("  D4 ", 9, 48), ("Pass", 19, 361),
])
def test_parse_vertex(text: str, size: int, move: int) -> None:
    assert parse_vertex(text, size) == move


@pytest.mark.parametrize("text", [
    "", " ", "I5", "i5", "K1", "A0", "A10", "A-1", "A1.0", "A", "5", "AA1", "A 1", "A1 B2", "A+1", "A²", "A\u0661",
    "resign", "pas", "\u0410" + "1",
])
def test_vertices_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"invalid vertex .*: expected A1 to J9 \(no column I\) or pass") as caught:
        parse_vertex(text, 9)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("size", range(2, 26))
def test_vertex_and_parse_vertex_are_inverse(size: int) -> None:
    texts = [vertex(move, size) for move in range(size * size + 1)]
    assert len(set(texts)) == size * size + 1
    assert [parse_vertex(text, size) for text in texts] == list(range(size * size + 1))


def test_column_i_does_not_exist() -> None:
    assert "I" not in COLUMNS
    assert len(COLUMNS) == 25


@pytest.mark.parametrize("size", [2, 19, 25])
def test_bordered_board_keeps_neighbours_apart(size: int) -> None:
    """Points beside each other are one step apart; past every edge lies an index that is no point."""
    places = [bordered(point, size) for point in range(size * size)]
    assert len(set(places)) == size * size
    stride = bordered(size, size) - bordered(0, size)
    assert all(0 <= place + step < bordered_area(size)
               for place in places for step in (-stride - 1, -stride + 1, stride - 1, stride + 1))
    for point, place in enumerate(places):
        row, col = divmod(point, size)
        assert (place - 1 in places) == (col > 0)
        assert (place + 1 in places) == (col < size - 1)
        assert (place - stride in places) == (row > 0)
        assert (place + stride in places) == (row < size - 1)


def test_colours() -> None:
    assert (opponent(BLACK), opponent(WHITE)) == (WHITE, BLACK)
    assert (colour_name(BLACK), colour_name(WHITE)) == ("black", "white")
