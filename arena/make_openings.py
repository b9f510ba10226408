"""Makes a set of balanced openings: the script behind `balanced-9.txt`, `balanced-13.txt` and `balanced-19.txt`.

    python -m ponnuki.arena.make_openings --size 19 --out arena/balanced-19.txt --net NET.onnx

Candidates are a few stones where games begin (a corner each on 13×13 and 19×19, two near the middle on 9×9), to which
GNU Go adds moves. Two judges look at each, Black to play:

1. GNU Go's ``estimate_score``. It counts the board as if nobody were to move (the empty board is 0 before komi), so the
   advantage of the move stands against the komi, and an opening is balanced where the estimate before komi is near 0.
2. A net's win rate, the mean over the eight symmetries of what ``kata-raw-nn`` says, near 50%.

An opening has to pass the first; those that are left are ranked by the second (by the first where there is no net).
The head of the file written says how it was made, and each line what the judges said.
"""

from __future__ import annotations

import argparse
import hashlib
import random
import re
import sys
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from statistics import fmean

from ponnuki.arena.gtp_client import GtpClient
from ponnuki.arena.opening_sets import BALANCED_SIZES, opening_line
from ponnuki.arena.openings import Opening, canonical_form, random_openings
from ponnuki.arena.referee import find_gnugo
from ponnuki.engine.coords import parse_vertex, vertex
from ponnuki.engine.errors import ConfigError
from ponnuki.engine.game import Game

KOMI = 7.5
RULES = "area"

ADDED_MOVES = {9: 2, 13: 4, 19: 4}
"""Moves that GNU Go adds to the stones placed by chance, by board size."""

ESTIMATE_LIMIT = {9: 4.0, 13: 6.0, 19: 8.0}
"""Points by which GNU Go's estimate may differ from an even board, by board size: its estimates are that rough."""

CORNER_POINTS = ((3, 3), (3, 3), (2, 3), (3, 2), (2, 2), (2, 4), (4, 2))
"""Where a corner is opened, as lines from its two edges, 0 the edge; 4-4 as often as the 3-4 points together."""

_WAIT_S = 300.0


@dataclass(frozen=True)
class Judged:
    """An opening with what the judges say, from Black's view, Black to play."""

    opening: Opening
    estimate: float
    """GNU Go's, in points before komi."""
    winrate: float | None = None
    """The net's, 0 to 1."""
    lead: float | None = None
    """The net's, in points, komi counted."""

    @property
    def imbalance(self) -> float:
        """What the openings are ranked by, 0 for a perfect one."""
        return abs(self.estimate) if self.winrate is None else abs(self.winrate - 0.5)

    def line(self, size: int) -> str:
        """The opening as a line of the file."""
        said = f"GNU Go {self.estimate:+.1f}"
        if self.winrate is not None:
            said += f", net {100 * self.winrate:.1f}%"
        if self.lead is not None:
            said += f" {self.lead:+.1f}"
        return f"{opening_line(self.opening, size)}  # {said}"


class Judge:
    """A GTP engine that is shown openings."""

    def __init__(self, command: tuple[str, ...], size: int) -> None:
        self._size = size
        self._client = GtpClient(command)
        self._client.start()
        for line in (f"boardsize {size}", f"komi {KOMI}"):
            self.ask(line)

    def ask(self, command: str) -> str:
        """The text of a reply.

        Raises:
            ConfigError: the engine refuses the command.
            EngineFailure: it failed at it.
        """
        reply = self._client.send(command, _WAIT_S)
        if not reply.ok:
            raise ConfigError(f"{command!r} was answered '? {reply.text}'")
        return reply.text

    def show(self, opening: Opening) -> None:
        """Set up the position after an opening."""
        self.ask("clear_board")
        for number, move in enumerate(opening):
            self.ask(f"play {'white' if number % 2 else 'black'} {vertex(move, self._size)}")

    def close(self) -> None:
        """End the process."""
        self._client.close()


def place_stones(size: int, chance: random.Random) -> Opening:
    """The stones that chance places, Black first: one in each corner, on 9×9 two around the middle."""
    if size == 9:
        return random_openings(9, 1, 2, chance.getrandbits(32))[0]
    points = []
    for top in (True, False):
        for left in (True, False):
            row, col = chance.choice(CORNER_POINTS)
            points.append((row if top else size - 1 - row) * size + (col if left else size - 1 - col))
    chance.shuffle(points)
    return tuple(points)


def continue_with(gnugo: Judge, stones: Opening, moves: int, size: int) -> Opening | None:
    """The stones and so many moves of GNU Go; None where it passes or resigns."""
    gnugo.show(stones)
    opening = list(stones)
    for _ in range(moves):
        answer = gnugo.ask(f"genmove {'white' if len(opening) % 2 else 'black'}").lower()
        if answer in ("pass", "resign"):
            return None
        opening.append(parse_vertex(answer, size))
    return tuple(opening)


def gnugo_estimate(gnugo: Judge, opening: Opening) -> float:
    """GNU Go's estimate of Black's points less White's before komi."""
    gnugo.show(opening)
    found = re.match(r"([BW])\+([\d.]+)|0", answer := gnugo.ask("estimate_score"))
    if not found:
        raise ConfigError(f"estimate_score was answered {answer!r}")
    margin = float(found[2] or 0) * (1 if found[1] == "B" else -1)
    return margin + KOMI


def net_opinion(net: Judge, opening: Opening) -> tuple[float, float | None]:
    """Black's win rate and, where the net gives it, lead: the means over all symmetries."""
    net.show(opening)
    said = list(pairwise(net.ask("kata-raw-nn all").split()))
    white_win = [float(value) for key, value in said if key == "whiteWin"]
    white_lead = [float(value) for key, value in said if key == "whiteLead"]
    return 1 - fmean(white_win), -fmean(white_lead) if white_lead else None


def candidates(gnugo: Judge, size: int, count: int, seed: int) -> list[Judged]:
    """Different openings that GNU Go finds balanced, out of `count` that chance and it made."""
    chance = random.Random(f"ponnuki balanced {size} {seed}")
    found: dict[Opening, Judged] = {}
    for _ in range(count):
        opening = continue_with(gnugo, place_stones(size, chance), ADDED_MOVES[size], size)
        if opening is None or canonical_form(opening, size) in found or not _legal(opening, size):
            continue
        estimate = gnugo_estimate(gnugo, opening)
        if abs(estimate) <= ESTIMATE_LIMIT[size]:
            found[canonical_form(opening, size)] = Judged(opening, estimate)
    return list(found.values())


def _legal(opening: Opening, size: int) -> bool:
    game = Game(size, KOMI)
    for move in opening:
        if not game.is_legal(move):
            return False
        game.play(move)
    return True


def with_net(judged: list[Judged], net: Judge) -> list[Judged]:
    """The same openings with the net's opinion."""
    return [Judged(one.opening, one.estimate, *net_opinion(net, one.opening)) for one in judged]


def file_text(args: argparse.Namespace, gnugo_version: str, found: int, kept: list[Judged]) -> str:
    """The file of a set: how it was made, then one opening a line, the best balanced first."""
    net = "no net"
    if args.net:
        net = f"net {args.net.name}, sha256 {hashlib.sha256(args.net.read_bytes()).hexdigest()[:16]}"
    worst = max(one.imbalance for one in kept)
    head = [
        f"{args.size}×{args.size}, Black to play, komi {KOMI}, area rules: one opening a line. By make_openings.py",
        f"--candidates {args.candidates} --keep {args.keep} --seed {args.seed}, with GNU Go {gnugo_version} level "
        f"{args.level} and {net}.",
        f"{found} of the {args.candidates} were different and within {ESTIMATE_LIMIT[args.size]:g} points of even by "
        f"GNU Go's estimate; the {len(kept)} best",
        f"are kept, the last of them {100 * worst:.1f}% from an even win rate by the net." if args.net
        else f"are kept, the last of them {worst:.1f} points from even.",
    ]
    return "".join(f"# {line}\n" for line in head) + "".join(one.line(args.size) + "\n" for one in kept)


def parse_arguments(arguments: list[str] | None = None) -> argparse.Namespace:
    """The command line; --help lists it."""
    parser = argparse.ArgumentParser(prog="python -m ponnuki.arena.make_openings",
                                     description="Make balanced openings.")
    parser.add_argument("--size", type=int, choices=BALANCED_SIZES, required=True)
    parser.add_argument("--out", type=Path, required=True, help="the file to write")
    parser.add_argument("--net", type=Path, help="the second judge's weights; without it, GNU Go judges alone")
    parser.add_argument("--candidates", type=int, default=400)
    parser.add_argument("--keep", type=int, default=60, help="at most this many")
    parser.add_argument("--level", type=int, default=1, help="GNU Go's")
    parser.add_argument("--seed", type=int, default=1)
    return parser.parse_args(arguments)


def main(arguments: list[str] | None = None) -> int:
    """Make one set and write its file."""
    args = parse_arguments(arguments)
    path = find_gnugo()
    if path is None:
        print("GNU Go is not installed", file=sys.stderr)
        return 1
    gnugo = Judge((path, "--mode", "gtp", "--chinese-rules", "--level", str(args.level), "--seed", "1"), args.size)
    judged = candidates(gnugo, args.size, args.candidates, args.seed)
    version = gnugo.ask("version")
    gnugo.close()
    if args.net:
        net = Judge((sys.executable, "-m", "ponnuki.cli.main", "gtp", "--weights", str(args.net), "--rules", RULES),
                    args.size)
        judged = with_net(judged, net)
        net.close()
    kept = sorted(judged, key=lambda one: one.imbalance)[: args.keep]
    args.out.write_text(file_text(args, version, len(judged), kept), "utf-8")
    print(f"{args.out}: {len(kept)} openings of {len(judged)} balanced ones")
    return 0


if __name__ == "__main__":
    sys.exit(main())
