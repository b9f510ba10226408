"""Counting finished boards, with settlers that agree, disagree, fail or are not there."""

from __future__ import annotations

import pytest

from ponnuki.arena.failures import EngineFailure, Failure
from ponnuki.arena.referee import GtpSettler, Referee, gnugo_settler, parse_settlers, ponnuki_settler, referee_of
from ponnuki.engine.coords import BLACK, WHITE, parse_vertex
from ponnuki.engine.errors import ConfigError
from ponnuki.engine.game import Game

from .conftest import fake_command

# Black holds the left with 4 columns, White the right; one White stone at B3 is dead, however it is looked at.
DIAGRAM = """
. . . X O . .
. . . X O . .
. . . X O . .
. . . X O . .
. O . X O . .
. . . X O . .
. . . X O . .
"""
DEAD = parse_vertex("B3", 7)
MARGIN_BLACK = 28 - 21 - 7.5


def game_from(diagram: str, komi: float = 7.5) -> Game:
    rows = [line.split() for line in diagram.split("\n") if line]
    game = Game(len(rows), komi)
    colours = {"X": BLACK, "O": WHITE}
    game.set_stones([(colours[mark], row * len(rows) + col) for row, line in enumerate(rows)
                     for col, mark in enumerate(line) if mark in colours])
    return game


class Says:
    """A settler that says what it is told to."""

    def __init__(self, name: str, dead: set[int] | EngineFailure) -> None:
        self.name = name
        self._dead = dead

    def dead_stones(self, game: Game) -> frozenset[int]:
        if isinstance(self._dead, EngineFailure):
            raise self._dead
        return frozenset(self._dead)

    def give_up(self) -> None:
        pass

    def close(self) -> None:
        pass


def test_without_a_settler_the_board_is_scored_as_it_stands() -> None:
    settled = Referee().settle(game_from(DIAGRAM))
    assert settled.by is None
    assert settled.dead == frozenset()
    # B3 alive makes Black's area neutral but for its seven stones.
    assert settled.margin_black == 7 - 1 - 21 - 7.5


def test_the_settlers_dead_stones_are_taken_off() -> None:
    settled = Referee([Says("one", {DEAD})]).settle(game_from(DIAGRAM))
    assert (settled.by, settled.dead, settled.margin_black) == ("one", {DEAD}, MARGIN_BLACK)
    assert settled.remarks == ()


def test_a_settler_that_would_count_otherwise_is_reported() -> None:
    settled = Referee([Says("one", {DEAD}), Says("two", set())]).settle(game_from(DIAGRAM))
    assert settled.margin_black == MARGIN_BLACK
    assert settled.remarks == ("two would count Black -22.5 instead of -0.5: "
                               "dead only for it none, alive only for it B3",)


def test_when_the_first_settler_fails_the_next_decides() -> None:
    broken = Says("one", EngineFailure(Failure.CRASH, "gone"))
    settled = Referee([broken, Says("two", {DEAD})]).settle(game_from(DIAGRAM))
    assert (settled.by, settled.margin_black) == ("two", MARGIN_BLACK)
    assert settled.remarks == ("one could not settle (crash: gone)",)


def test_a_settler_that_does_not_know_the_command_cannot_settle() -> None:
    referee = Referee([GtpSettler("fake", fake_command())])
    try:
        settled = referee.settle(game_from(DIAGRAM))
    finally:
        referee.close()
    assert settled.by is None
    assert "fake could not settle (refused" in settled.remarks[0]


@pytest.fixture
def gnugo():
    settler = gnugo_settler()
    if settler is None:
        pytest.skip("GNU Go is not installed")
    yield settler
    settler.close()


def test_gnugo_sees_the_dead_stone(gnugo: GtpSettler) -> None:
    settled = Referee([gnugo]).settle(game_from(DIAGRAM))
    assert (settled.by, settled.dead, settled.margin_black) == ("GNU Go", {DEAD}, MARGIN_BLACK)


def test_gnugo_settles_again_after_it_was_killed(gnugo: GtpSettler) -> None:
    assert gnugo.dead_stones(game_from(DIAGRAM)) == {DEAD}
    gnugo._client.kill()
    assert gnugo.dead_stones(game_from(DIAGRAM)) == {DEAD}


def test_our_own_engine_settles_beside_gnugo(gnugo: GtpSettler) -> None:
    referee = Referee([gnugo, ponnuki_settler()])
    try:
        settled = referee.settle(game_from(DIAGRAM))
    finally:
        referee.close()
    assert (settled.by, settled.dead, settled.margin_black) == ("GNU Go", {DEAD}, MARGIN_BLACK)
    assert settled.remarks == (), "they agree"


def test_settlers_are_chosen_by_name() -> None:
    assert parse_settlers("none") == ()
    assert parse_settlers("Ponnuki, gnugo") == ("ponnuki", "gnugo")
    for wrong in ("", "gnugo,", "gnugo,none", "judge"):
        with pytest.raises(ConfigError, match="unknown settler"):
            parse_settlers(wrong)
    assert [settler.name for settler in referee_of(("ponnuki",))._settlers] == ["ponnuki"]
