"""A game as gogui-twogtp has it played: its commands, in its order, to a process for each side.

What it sends was read in GoGui's sources (classes TwoGtp and Program): at the start ``protocol_version``, ``name``,
``version`` and ``list_commands``; before a game board size, komi, time settings; then ``genmove`` to one side and
``play`` to the other until two passes or a resignation; at the end ``final_score`` and ``cputime`` (where the list has
it) to each side, and ``quit``. An error reply to any of them spoils the game.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator

import pytest

from ponnuki.arena.gtp_client import GtpClient

COMMAND = (sys.executable, "-m", "ponnuki.cli.main", "gtp", "--playout", "rollout", "--playouts", "8", "--seed", "1")
SIZE = 5
WAIT_S = 240.0


class Program:
    """One side, as GoGui knows it."""

    def __init__(self) -> None:
        self.client = GtpClient(COMMAND)
        self.client.start()

    def __call__(self, command: str) -> str:
        reply = self.client.send(command, WAIT_S)
        assert reply.ok, f"{command}: {reply.text}"
        return reply.text


@pytest.fixture
def programs() -> Iterator[dict[str, Program]]:
    both = {"b": Program(), "w": Program()}
    yield both
    for program in both.values():
        program.client.close()


def play_game(programs: dict[str, Program]) -> list[str]:
    """A game from the set-up to two passes or a resignation; the moves."""
    for program in programs.values():
        for command in (f"boardsize {SIZE}", "clear_board", "komi 6.5", "time_settings 600 0 0"):
            assert program(command) == ""
    moves: list[str] = []
    while moves[-2:] not in (["PASS", "PASS"], ["pass", "pass"]) and moves[-1:] != ["resign"]:
        colour, other = ("b", "w") if len(moves) % 2 == 0 else ("w", "b")
        moves.append(programs[colour](f"genmove {colour}"))
        if moves[-1] != "resign":
            assert programs[other](f"play {colour} {moves[-1]}") == ""
        assert len(moves) < 4 * SIZE * SIZE
    return moves


def test_both_sides_of_gogui_twogtp(programs: dict[str, Program]) -> None:
    for program in programs.values():
        assert program("protocol_version") == "2"
        assert program("name") == "ponnuki"
        assert re.fullmatch(r"\d+\.\d+\.\d+\S*", program("version"))
        listed = program("list_commands").split("\n")
        assert {"boardsize", "clear_board", "komi", "genmove", "play", "time_settings", "final_score", "cputime",
                "gogui-interrupt", "quit"} <= set(listed)
    for _ in range(2):
        moves = play_game(programs)
        assert len(moves) > 4
        spent = [float(program("cputime")) for program in programs.values()]
        assert min(spent) > 0
        if moves[-1] != "resign":
            scores = [program("final_score") for program in programs.values()]
            assert all(re.fullmatch(r"0|[BW]\+\d+(\.\d+)?", score) for score in scores)
            assert scores[0] == scores[1]
    for program in programs.values():
        assert program("quit") == ""
