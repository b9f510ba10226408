"""Ladder problems: found by a ladder reader on random boards, kept where GNU Go agrees in every way it can be asked."""

from __future__ import annotations

import random
import re
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numba
import numpy as np

from ponnuki.arena.failures import EngineFailure
from ponnuki.arena.gtp_client import GtpClient

from .board import BLACK, CELLS, EMPTY, POINTS, STEPS, STRIDE, WHITE, empty_board, gather, place
from .check import GNUGO_OPTIONS, vertex
from .positions import canonical, chains
from .solver import Position

SHORTEST = 5
"""Plies, from the first atari to the capture, that a ladder has at least."""
SEEDS = 3
LEAST_SWING = 8.0
"""Points by GNU Go's estimate between the right move and a pass."""


@numba.njit(cache=True)
def _liberties(stones, target, out, found, mark, counter):
    """The liberties of a chain, at most three, into `out`; returns how many there are (3 for more)."""
    counter[0] += 1
    count, _ = gather(stones, target, found, mark, counter[0])
    total = 0
    for index in range(count):
        for step in STEPS:
            cell = found[index] + step
            if stones[cell] == EMPTY and mark[cell] != counter[0]:
                mark[cell] = counter[0]
                if total < 3:
                    out[total] = cell
                total += 1
                if total == 3:
                    return 3
    return total


@numba.njit  # not cached: numba cannot load functions that call each other, and crashes
def ladder(boards, depth, target, work, counter):
    """Plies until `target`, which has two liberties, is taken by ataris alone; 0 where it is not. Attacker to play.

    Args:
        boards: int8[depths, CELLS], row `depth` is the position; deeper rows are overwritten.
        work: int64[3, CELLS] scratch; counter: int64[1].
    """
    if depth + 3 >= boards.shape[0]:
        return 0
    out = np.empty(3, np.int64)
    count = _liberties(boards[depth], target, out, work[0], work[1], counter)
    if count == 1:
        return 1
    if count != 2:
        return 0
    for index in range(2):
        plies = after_atari(boards, depth, target, out[index], work, counter)
        if plies:
            return plies + 1
    return 0


@numba.njit  # not cached: numba cannot load functions that call each other, and crashes
def after_atari(boards, depth, target, move, work, counter):
    """Plies until `target` is taken after the attacker's atari at `move`; 0 where it gets away, or `move` is illegal.

    The defender may extend, or take any chain of the attacker's beside the target that is in atari.
    """
    attacker = 3 - boards[depth, target]
    boards[depth + 1] = boards[depth]
    _, captured, ko = place(boards[depth + 1], move, attacker, work[0], work[1], counter)
    if captured < 0:
        return 0
    out = np.empty(3, np.int64)
    count = _liberties(boards[depth + 1], target, out, work[0], work[1], counter)
    if count != 1:
        return 0
    replies = np.empty(90, np.int64)
    replies[0], total = out[0], 1
    counter[0] += 1
    size, _ = gather(boards[depth + 1], target, work[0], work[1], counter[0])
    chain = work[0, :size].copy()
    for index in range(size):
        for step in STEPS:
            cell = chain[index] + step
            if boards[depth + 1, cell] == attacker and total < 88:
                if _liberties(boards[depth + 1], cell, out, work[0], work[1], counter) == 1 and out[0] != ko:
                    replies[total] = out[0]
                    total += 1
    longest = 1
    for index in range(total):
        boards[depth + 2] = boards[depth + 1]
        _, captured, _ = place(boards[depth + 2], replies[index], 3 - attacker, work[0], work[1], counter)
        if captured < 0:
            continue
        plies = ladder(boards, depth + 2, target, work, counter)
        if plies == 0:
            return 0
        longest = max(longest, plies + 1)
    return longest


@dataclass(frozen=True)
class LadderProblem:
    """A ladder that works from one side only."""

    position: Position
    target: int
    answer: int
    plies: int
    komi: float = 7.0
    swing: float = 0.0


def candidates(seed: int) -> Iterator[LadderProblem]:
    """Random boards, no chain in atari, with one chain of two liberties that exactly one of the two ataris takes."""
    boards, work, counter = np.zeros((90, CELLS), np.int8), np.zeros((3, CELLS), np.int64), np.zeros(1, np.int64)
    attempt = 0
    while True:
        rng = random.Random(f"ladder {seed} {attempt}")
        attempt += 1
        stones = _random_board(rng)
        if stones is None:
            continue
        attacker = rng.choice((BLACK, WHITE))
        found = []
        for points, _ in chains(stones):
            if stones[points[0]] == attacker:
                continue
            out = np.empty(3, np.int64)
            if _liberties(stones, points[0], out, work[0], work[1], counter) == 2:
                boards[0] = stones
                plies = [int(after_atari(boards, 0, points[0], out[i], work, counter)) for i in range(2)]
                if any(plies):
                    found.append((points[0], [int(cell) for cell in out[:2]], plies))
        if len(found) == 1 and min(found[0][2]) == 0 and max(found[0][2]) >= SHORTEST:
            target, ataris, plies = found[0]
            answer = ataris[plies.index(max(plies))]
            yield LadderProblem(Position(stones, attacker), target, answer, max(plies) + 1)


def _random_board(rng: random.Random) -> np.ndarray | None:
    """Random legal moves, as many by each side, stones on contact preferred; None where a chain is in atari."""
    stones, scratch, counter = empty_board(), np.zeros((2, CELLS), np.int64), np.zeros(1, np.int64)
    colour = BLACK
    for _ in range(rng.randint(14, 30)):
        tries = [int(p) for p in rng.sample(list(POINTS), 6) if stones[p] == EMPTY]
        if not tries:
            continue
        inner = [p for p in tries if 2 <= p // STRIDE <= 8 and 2 <= p % STRIDE <= 8] or tries
        move = max(inner, key=lambda p: (sum(stones[c] in (BLACK, WHITE) for c in p + STEPS), p))
        place(stones, move, colour, scratch[0], scratch[1], counter)
        colour = 3 - colour
    out = np.empty(3, np.int64)
    for points, _ in chains(stones):
        if _liberties(stones, points[0], out, scratch[0], scratch[1], counter) < 2:
            return None
    return stones


class Judge:
    """GNU Go, asked about ladders."""

    def __init__(self, gnugo: str) -> None:
        self._clients = []
        for seed in range(1, SEEDS + 1):
            client = GtpClient((gnugo, *GNUGO_OPTIONS, "--seed", str(seed)))
            client.start()
            self._clients.append(client)

    def close(self) -> None:
        """End the processes."""
        for client in self._clients:
            client.close()

    def confirm(self, problem: LadderProblem) -> LadderProblem | None:
        """The problem with its komi, or None where GNU Go does not agree.

        Asked are: `attack`, which must name the answer and promise the capture; `does_attack` for every other point,
        which must fail; `estimate_score` after the answer and after a pass, between which the komi is put; and the
        move itself, at level 10 with several seeds.
        """
        try:
            self._show(self._clients[0], problem)
            if not self._alone_attacks(problem):
                return None
            problem = self._with_komi(problem)
            if problem.swing < LEAST_SWING or abs(problem.komi - 7) > 14:
                return None
            return problem if all(self._plays(client, problem) for client in self._clients) else None
        except EngineFailure:
            for client in self._clients:
                client.start()
            return None

    def _alone_attacks(self, problem: LadderProblem) -> bool:
        ask = self._clients[0]
        if ask.send(f"attack {vertex(problem.target)}", 60).text != f"1 {vertex(problem.answer)}":
            return False
        others = [int(p) for p in POINTS if problem.position.stones[p] == EMPTY and p != problem.answer]
        return all(ask.send(f"does_attack {vertex(p)} {vertex(problem.target)}", 60).text == "0" for p in others)

    def _with_komi(self, problem: LadderProblem) -> LadderProblem:
        ask = self._clients[0]
        after_pass = self._estimate(ask)
        ask.send(f"play {_colour(problem.position.to_play)} {vertex(problem.answer)}", 60)
        after_answer = self._estimate(ask)
        ask.send("undo", 60)
        gain = (after_answer - after_pass) * (1 if problem.position.to_play == BLACK else -1)
        return replace(problem, swing=gain, komi=round((after_answer + after_pass) / 2) + 0.5)

    @staticmethod
    def _estimate(ask: GtpClient) -> float:
        """Black's lead without komi as GNU Go sees it."""
        found = re.match(r"([BW])\+([\d.]+)", ask.send("estimate_score", 60).text)
        return (float(found[2]) if found[1] == "B" else -float(found[2])) if found else 0.0

    def _plays(self, client: GtpClient, problem: LadderProblem) -> bool:
        self._show(client, problem)
        colour = _colour(problem.position.to_play)
        return client.send(f"reg_genmove {colour}", 60).text.upper() == vertex(problem.answer).upper()

    @staticmethod
    def _show(client: GtpClient, problem: LadderProblem) -> None:
        client.send("boardsize 9", 60)
        client.send("clear_board", 60)
        client.send("komi 0" if not problem.swing else f"komi {problem.komi}", 60)
        for point in POINTS:
            if problem.position.stones[point] != EMPTY:
                client.send(f"play {_colour(problem.position.stones[point])} {vertex(int(point))}", 60)


def _colour(colour: int) -> str:
    return "black" if colour == BLACK else "white"


def find_ladders(count: int, seed: int, gnugo: str) -> list[LadderProblem]:
    """The first `count` ladders that GNU Go confirms; of equal boards one, and no more than 6 of 10 for a colour."""
    judge, seen, colours, found = Judge(gnugo), set[bytes](), Counter[int](), list[LadderProblem]()
    for number, candidate in enumerate(candidates(seed)):
        form = canonical(candidate.position)
        if form in seen or colours[candidate.position.to_play] >= count * 6 // 10:
            continue
        problem = judge.confirm(candidate)
        if problem is None:
            continue
        seen.add(form)
        colours[candidate.position.to_play] += 1
        found.append(problem)
        print(f"ladder: {len(found)} of {count} problems from {number + 1} candidates", file=sys.stderr, flush=True)
        if len(found) == count:
            break
    judge.close()
    return found
