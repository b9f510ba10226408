"""A fake GTP engine in plain Python: plays at random, and misbehaves as it is told.

    python engine.py [--seed S] [--first] [--pass-after N] [--MISDEED-at N]…

It plays only on empty points next to an empty point, which is always legal but for superko, and passes when there are
none. Of time it takes whole seconds only, as GNU Go does. A misdeed happens at the Nth genmove of the process, counted
from 1 (the match's trial move is the first), or at every one with N = 0.

With --tells it answers three more commands: it takes playouts, and tells of its search. fake-cpu_s answers with CPU
seconds that it pretends to have used: --move-s for each move, --playout-s for each playout and --ponder-s while the
opponent thinks, read off a clock that ticks every hundredth of a second, as those of operating systems do.
"""

import argparse
import random
import sys
import time

LETTERS = "ABCDEFGHJKLMNOPQRSTUVWXYZ"


class Board:
    """Stones, with captures (needed to know what is empty) and no ko."""

    def __init__(self, size):
        self.size = size
        self.stones = {}

    def neighbours(self, point):
        row, col = point
        near = (row - 1, col), (row + 1, col), (row, col - 1), (row, col + 1)
        return [(r, c) for r, c in near if 0 <= r < self.size and 0 <= c < self.size]

    def chain(self, point):
        """The chain at a point and whether it has a liberty."""
        colour, seen, waiting, free = self.stones[point], {point}, [point], False
        while waiting:
            for near in self.neighbours(waiting.pop()):
                if near not in self.stones:
                    free = True
                elif self.stones[near] == colour and near not in seen:
                    seen.add(near)
                    waiting.append(near)
        return seen, free

    def play(self, point, colour):
        self.stones[point] = colour
        for near in self.neighbours(point):
            if self.stones.get(near, colour) != colour:
                chain, free = self.chain(near)
                if not free:
                    for captured in chain:
                        del self.stones[captured]

    def quiet_moves(self, colour):
        """Empty points with an empty neighbour: such a move is legal under any rules, superko apart."""
        points = ((r, c) for r in range(self.size) for c in range(self.size))
        return [p for p in points if p not in self.stones and any(n not in self.stones for n in self.neighbours(p))]


def parse(vertex, size):
    return size - int(vertex[1:]), LETTERS.index(vertex[0].upper())


def text(point, size):
    return f"{LETTERS[point[1]]}{size - point[0]}"


class Engine:
    """The session's state and one method for each command that does something."""

    def __init__(self, options):
        self.options = options
        self.random = random.Random(options.seed)
        self.board = Board(9)
        self.asked = 0
        self.moves = 0
        self.playouts = 100
        self.pretended_s = 0.0
        self.timed = False

    def due(self, misdeed):
        at = getattr(self.options, misdeed)
        return at is not None and at in (0, self.asked)

    def boardsize(self, size):
        if self.options.refuse_size:
            raise ValueError("unacceptable size")
        self.board = Board(int(size))

    def clear_board(self):
        self.board = Board(self.board.size)
        self.moves = 0

    def time_settings(self, *times):
        if len(times) != 3 or not all(map(str.isdigit, times)):
            raise ValueError("not three integers")
        self.timed = True

    def time_left(self, colour, *times):
        if len(times) != 2 or not all(map(str.isdigit, times)):
            raise ValueError("time and stones not two integers")

    def fixed_handicap(self, stones):
        if stones != "2" or self.board.size > 12 or self.board.stones:
            raise ValueError("invalid number of stones")
        near, far = 2, self.board.size - 3
        for point in ((far, near), (near, far)):
            self.board.play(point, "b")

    def play(self, colour, vertex):
        self.moves += 1
        self.pretended_s += self.options.ponder_s
        if vertex.lower() != "pass":
            self.board.play(parse(vertex, self.board.size), colour[0].lower())

    def genmove(self, colour):
        self.asked += 1
        self.misbehave()
        self.moves += 1
        if self.due("resign_at"):
            return "resign"
        if self.due("garbage_at"):
            return "Q77 or so"
        if self.due("illegal_at") and self.board.stones:
            return text(next(iter(self.board.stones)), self.board.size)
        if self.due("refuse_at"):
            raise ValueError("I would rather not")
        moves = self.board.quiet_moves(colour)
        if not moves or self.moves > self.options.pass_after:
            return "pass"
        move = moves[0] if self.options.first else self.random.choice(moves)
        self.board.play(move, colour[0].lower())
        return text(move, self.board.size)

    def misbehave(self):
        if self.due("crash_at"):
            print("fatal: out of luck", file=sys.stderr)
            sys.stderr.flush()
            sys.exit(3)
        if self.due("hang_at"):
            time.sleep(3600)
        if self.due("late_at"):
            time.sleep(self.options.late_s)
        if self.due("shout_at"):  # far more than a pipe holds, on both streams
            print("noise " * 20_000, flush=True)
            print("what a loud engine\n" * 20_000, file=sys.stderr, flush=True)
        if self.due("babble_at"):
            print("= unasked\n", flush=True)
        playouts = min(self.playouts, self.options.timed_playouts) if self.timed else self.playouts
        self.pretended_s += self.options.move_s + playouts * self.options.playout_s
        end = time.process_time() + self.options.burn_s
        while time.process_time() < end:
            pass

    def fake_cpu_s(self):
        return f"{int(self.pretended_s * 100 + 1e-6) / 100:.2f}"

    def kata_set_param(self, name, value):
        if name != "maxPlayouts":
            raise ValueError("unknown parameter")
        self.playouts = int(value)


COMMANDS = ("protocol_version", "name", "version", "list_commands", "boardsize", "clear_board", "komi", "play",
            "genmove", "fixed_handicap", "time_settings", "time_left", "quit", "fake-cpu_s")
MORE_COMMANDS = ("kata-list-params", "kata-set-param", "ponnuki-last_search")
ANSWERS = {"protocol_version": "2", "name": "fake", "version": "1", "kata-list-params": "maxVisits maxPlayouts"}


def reply(engine, command, arguments):
    """The engine's answer to one command."""
    known = COMMANDS + MORE_COMMANDS if engine.options.tells else COMMANDS
    if command not in known:
        return "? unknown command"
    if command == "list_commands":
        return "= " + "\n".join(known)
    if command == "ponnuki-last_search":
        return "= " + engine.options.tells.replace("PLAYOUTS", str(engine.playouts))
    method = command.replace("-", "_")
    if not hasattr(engine, method):
        return f"= {ANSWERS.get(command, '')}"
    try:
        return f"= {getattr(engine, method)(*arguments) or ''}"
    except ValueError as error:
        return f"? {error}"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int)
    parser.add_argument("--first", action="store_true", help="play the first move that there is: deterministic")
    parser.add_argument("--pass-after", type=int, default=10**9, help="pass after so many moves of a game")
    parser.add_argument("--refuse-size", action="store_true")
    parser.add_argument("--late-s", type=float, default=0.5)
    parser.add_argument("--burn-s", type=float, default=0.0, help="CPU seconds to use for each move")
    parser.add_argument("--move-s", type=float, default=0.0, help="CPU seconds to pretend for each move")
    parser.add_argument("--ponder-s", type=float, default=0.0, help="the same for each move of the opponent's")
    parser.add_argument("--playout-s", type=float, default=0.0, help="CPU seconds to pretend for each playout")
    parser.add_argument("--timed-playouts", type=int, default=10**9, help="most playouts that a clock leaves time for")
    parser.add_argument("--move-time", help="does nothing here")
    parser.add_argument("--tells", help="what ponnuki-last_search answers, PLAYOUTS in it being the playouts")
    parser.add_argument("--log", help="append every command to this file")
    for misdeed in ("crash", "hang", "late", "shout", "babble", "garbage", "illegal", "refuse", "resign"):
        parser.add_argument(f"--{misdeed}-at", type=int)
    options = parser.parse_args()
    engine = Engine(options)
    for line in sys.stdin:
        if options.log:
            with open(options.log, "a", encoding="utf-8") as log:
                log.write(line)
        command, *arguments = line.split() or [""]
        print(reply(engine, command, arguments) + "\n", flush=True)
        if command == "quit":
            return


main()
