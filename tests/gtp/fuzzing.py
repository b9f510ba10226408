"""A fuzzer for GTP sessions: lines of real sessions, mutated as words and as bytes, through a whole session.

    python -m tests.gtp.fuzzing --commands 200000 --seed 1

Every round takes pieces of the sessions in `sessions/`, spoils some of their lines, and sends them to a session with a
real search, in chunks of any length. Each request must get one well-formed reply with its id, in order, none may be an
internal error, and a round must end in time. Prints what went wrong with the input that brought it about, and exits
with 1; the input is to become a line in `sessions/` then.
"""

from __future__ import annotations

import argparse
import contextlib
import faulthandler
import io
import os
import random
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace

from ponnuki.engine.config import Limits, PlayerSettings, SearchSettings
from ponnuki.gtp.commands import handlers
from ponnuki.gtp.protocol import Dispatcher, parse_line
from ponnuki.gtp.session import Session
from ponnuki.gtp.table import SessionSettings, Table

from .replay import SESSIONS, expected_replies, faults, read_session
from .test_analysis import Backstage

ROUND_S = 60.0
"""A round that takes longer hangs."""

SETTINGS = SessionSettings(
    PlayerSettings(limits=Limits(playouts=4, move_time_s=1.0), search=SearchSettings(max_tree_mb=4.0), seed=1), size=5
)

COMMANDS = sorted({*Dispatcher(handlers(Table(SETTINGS, Backstage()))).names} - {"quit"})

WORDS = """
    b w black WHITE A1 B2 C3 D4 e5 pass PASS resign T19 Z26 I1 A0 A99999999999 0 1 2 3 5 7 9 19 25 26 -1 1e9 1e400 nan
    inf -inf 0.5 6.5 ² Ｄ４ alive dead seki none absolute byoyomi canadian fischer chinese japanese tromp-taylor aga new
    zealand ko suicide true false SIMPLE maxVisits maxTime playout rollout mixing resignThreshold all interval minmoves
    maxmoves avoid allow rootInfo ownership ownershipStdev movesOwnership pvVisits A1,B2 pass,C3 , {} {"ko":1} [] " / .
""".split()  # noqa: SIM905


def harmless(line: str) -> str:
    """A line without what would write files of any name, or lift the limits of a search."""
    request = parse_line(line)
    if request is None:
        return line
    first = request.arguments[0].lower() if request.arguments else ""
    if request.name == "printsgf" and first:
        return "printsgf"
    if request.name == "kata-set-param" and first.startswith(("max", "num")):
        return f"kata-set-param {request.arguments[0]} 3"
    return line


def spoiled(line: str, chance: random.Random) -> bytes:
    """A line with words changed, added or gone, or with some bytes changed."""
    words = line.split(" ")
    for _ in range(chance.choice((0, 1, 1, 2))):
        place = chance.randrange(len(words) + 1)
        kind = chance.random()
        if kind < 0.4 or not words:
            words.insert(place, chance.choice(WORDS))
        elif kind < 0.7:
            words[min(place, len(words) - 1)] = chance.choice(WORDS if place else COMMANDS)
        else:
            del words[min(place, len(words) - 1)]
    data = bytearray(harmless(" ".join(words)).encode("utf-8", "surrogateescape"))
    if chance.random() < 0.15:
        for _ in range(chance.randint(1, 3)):
            place = chance.randrange(len(data) + 1)
            data[place : place + chance.randint(0, 2)] = chance.randbytes(chance.randint(0, 3))
        text = bytes(data).decode("utf-8", "surrogateescape")
        return b"\n".join(harmless(part).encode("utf-8", "surrogateescape") for part in text.split("\n"))
    return bytes(data)


def conversation(chance: random.Random, corpus: list[list[str]], most: int = 40) -> bytes:
    """Some lines of a session in their order, spoiled here and there, between lines of others and invented ones."""
    lines = list(chance.choice(corpus))
    start = chance.randrange(len(lines))
    sent: list[bytes] = []
    for line in lines[start : start + most]:
        kind = chance.random()
        if kind < 0.1:
            sent.append(spoiled(f"{chance.choice(COMMANDS)} {chance.choice(WORDS)} {chance.choice(WORDS)}", chance))
        elif kind < 0.2:
            sent.append(harmless(chance.choice(chance.choice(corpus))).encode())
        sent.append(spoiled(line, chance) if chance.random() < 0.4 else harmless(line).encode())
    if chance.random() < 0.2:
        sent.append(b"quit")
    newline = chance.choice((b"\n", b"\n", b"\r\n"))
    return newline.join(sent) + (newline if chance.random() < 0.8 else b"")


def in_chunks(data: bytes, chance: random.Random) -> Callable[[], bytes]:
    """A function that reads some bytes of `data` at a time: lines, with time for an analysis, or any pieces."""
    by_line = chance.random() < 0.5

    def pieces() -> Iterator[bytes]:
        position = 0
        while position < len(data):
            line_end = data.find(b"\n", position) + 1 or len(data)
            end = line_end if by_line else position + chance.choice((1, 7, 40, 400, len(data)))
            yield data[position:end]
            if b"analyze" in data[position:end] and by_line:
                time.sleep(chance.choice((0, 0.02, 0.05)))
            position = end

    generator = pieces()
    return lambda: next(generator, b"")


def run_round(data: bytes, chance: random.Random, settings: SessionSettings = SETTINGS) -> list[str]:
    """What is wrong with the replies to some input; a session of its own answers it."""
    output = io.BytesIO()
    faulthandler.dump_traceback_later(ROUND_S, exit=True)
    with contextlib.redirect_stderr(io.StringIO()) as told:
        Session(settings, Backstage()).run(in_chunks(data, chance), output)
    faulthandler.cancel_dump_traceback_later()
    found = faults(data, output.getvalue())
    if "Traceback" in told.getvalue():
        found.append(told.getvalue())
    return found


def fuzz(commands: int, seed: int, say: Callable[[str], None] = lambda text: None) -> list[tuple[bytes, list[str]]]:
    """Send so many commands. Returns the inputs that were not answered as they should be, and what was wrong."""
    chance = random.Random(seed)
    corpus = [[line.text for line in read_session(path) if line.text and line.text != "quit"] for path in SESSIONS]
    failures: list[tuple[bytes, list[str]]] = []
    sent = shown = 0
    while sent < commands and len(failures) < 10:
        data = conversation(chance, corpus)
        player = replace(SETTINGS.player, ponder=chance.random() < 0.2, threads=chance.choice((1, 1, 2)))
        found = run_round(data, chance, replace(SETTINGS, player=player))
        sent += len(expected_replies(data))
        if found:
            failures.append((data, found))
        if sent - shown >= 5000:
            shown = sent
            say(f"{sent} commands, {len(failures)} failures, {threading.active_count()} threads")
    return failures


def main() -> int:
    """Fuzz from the command line."""
    parser = argparse.ArgumentParser(description="Fuzz the GTP session.")
    parser.add_argument("--commands", type=int, default=200_000)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)  # a file name that slips through is written here
        failures = fuzz(args.commands, args.seed, lambda text: print(text, flush=True))
        os.chdir("/")
    for data, found in failures:
        print(repr(data), *found, sep="\n", file=sys.stderr)
    print(f"{args.commands} commands or more, {len(failures)} failures")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
