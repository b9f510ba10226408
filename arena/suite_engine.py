"""An engine that answers problems: started when needed and after failures, with what it lacks made up for.

Suites use commands that not every engine has. For an engine without ``loadsgf`` the position is set up stone by stone,
``reg_genmove`` becomes ``genmove`` and ``undo``, and GNU Go's ``gg_genmove``, ``trymove`` and ``popgo`` become
``reg_genmove``, ``play`` and ``undo``.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ponnuki.arena.contestant import Contestant
from ponnuki.arena.failures import NEEDS_RESTART, EngineFailure, Failure
from ponnuki.arena.gtp_client import GtpClient, Reply
from ponnuki.engine.coords import colour_name, opponent, vertex
from ponnuki.engine.errors import RecordError
from ponnuki.records.games import GameRecord
from ponnuki.records.sgf import parse_sgf, to_sgf

SUBSTITUTES = {"gg_genmove": "reg_genmove", "trymove": "play", "popgo": "undo"}
"""Commands of GNU Go's and what an engine without them is asked instead."""

POSITION_COMMANDS = frozenset({
    "boardsize", "clear_board", "komi", "fixed_handicap", "place_free_handicap", "set_free_handicap", "play", "undo",
    "genmove", "loadsgf", "black", "white", "trymove", "popgo", "gg-undo",
})
"""Set-up commands that have to work: after a refusal the question would be put in another position."""


@dataclass(frozen=True)
class SuitePatience:
    """How long an engine may take, in seconds of wall-clock time."""

    answer_s: float = 120.0
    """For any reply."""
    start_s: float = 300.0
    """For a reply up to a new process's first answer: it may load a net or compile."""


class SuiteEngine:
    """One engine process, for one thread; `kill` from any."""

    def __init__(self, contestant: Contestant, patience: SuitePatience) -> None:
        """Prepare an engine without starting it."""
        self.contestant = contestant
        self._patience = patience
        self._client = GtpClient(contestant.command)
        self._commands: frozenset[str] = frozenset()
        self._warm = False
        self._ended = False
        self._prepared: list[str] = []

    def begin_task(self) -> None:
        """Forget what was set up before."""
        self._prepared = []

    def prepare(self, commands: Sequence[str]) -> None:
        """Send the set-up commands of a task that this process has not had yet: after a restart, all of them.

        Raises:
            EngineFailure: the engine failed, or refused a command without which the position is another.
        """
        self.ensure_started()
        for command in commands[len(self._prepared):]:
            self._set_up(command)
            self._prepared.append(command)

    def answer(self, command: str) -> Reply:
        """Put a question and return the reply, which leaves the position as it was where the command does.

        Raises:
            EngineFailure: the engine failed, or refused the command.
        """
        self.ensure_started()
        name, *words = self._translated(command).split()
        if name == "reg_genmove" and not self._knows(name):
            reply = self.expect(f"genmove {' '.join(words)}")
            if reply.text.strip().lower() != "resign":
                self._take_back()
        else:
            reply = self.expect(" ".join([name, *words]))
        self._warm = True
        return reply

    def _take_back(self) -> None:
        """Undo the engine's move. Where that fails, the board is cleared, and the next question begins with the set-up.

        Raises:
            EngineFailure: the engine failed, or refused.
        """
        try:
            self.expect("undo")
        except EngineFailure:
            self._prepared = []
            if self._client.running:
                try:
                    self.expect("clear_board")
                except EngineFailure:
                    self._client.kill()
            raise

    def genmove(self, colour: int) -> Reply:
        """Let the engine play a move of a colour.

        Raises:
            EngineFailure: the engine failed, or refused.
        """
        reply = self.expect(f"genmove {colour_name(colour)}")
        self._warm = True
        return reply

    def play(self, colour: int, move: int, size: int) -> None:
        """Tell the engine a move.

        Raises:
            EngineFailure: the engine failed, or refused.
        """
        self.expect(f"play {colour_name(colour)} {vertex(move, size)}")

    def set_position(self, record: GameRecord) -> None:
        """Set up the end of a game record.

        Raises:
            EngineFailure: the engine failed, or refused a command.
        """
        self.ensure_started()
        if not self._knows("loadsgf"):
            self._set_up_by_hand(record)
            return
        with tempfile.TemporaryDirectory(prefix="ponnuki-") as folder:
            path = Path(folder) / "position.sgf"
            path.write_bytes(to_sgf(record))
            if _has_space(path):
                self._set_up_by_hand(record)
            else:
                self.expect(f"loadsgf {path}")

    def expect(self, command: str) -> Reply:
        """Send a command that has to work.

        Raises:
            EngineFailure: the engine failed, or refused.
        """
        reply = self._send(command)
        if not reply.ok:
            raise EngineFailure(Failure.REFUSED, f"{command!r} was answered '? {reply.text}'")
        return reply

    def ensure_started(self) -> None:
        """Start the process where there is none.

        Raises:
            EngineFailure: it does not start or does not answer.
        """
        if self._ended:
            raise EngineFailure(Failure.CRASH, "it was ended")
        if not self._client.running:
            self._prepared, self._warm = [], False
            self._client.start()
            self._commands = frozenset(self.expect("list_commands").text.split())

    def kill(self) -> None:
        """End the process at once, for good."""
        self._ended = True
        self._client.kill()

    def close(self) -> None:
        """Ask the engine to quit, and see that it does."""
        self._client.close()

    def _knows(self, name: str) -> bool:
        return name in self._commands

    def _translated(self, command: str) -> str:
        """A command with its name replaced where the engine does not know it and there is a substitute."""
        name, _, rest = command.partition(" ")
        if not self._knows(name) and name in SUBSTITUTES:
            return f"{SUBSTITUTES[name]} {rest}".rstrip()
        return command

    def _set_up(self, command: str) -> None:
        name = command.split()[0]
        if name == "loadsgf":
            self._load(command)
            return
        reply = self._send(self._translated(command))
        if not reply.ok and name in POSITION_COMMANDS:
            raise EngineFailure(Failure.REFUSED, f"{command!r} was answered '? {reply.text}'")

    def _load(self, command: str) -> None:
        """``loadsgf PATH [N]``; by hand for an engine without it, and for a path that holds a space."""
        path, number = split_loadsgf(command)
        if self._knows("loadsgf") and not _has_space(path):
            self.expect(f"loadsgf {path}" + (f" {number}" if number is not None else ""))
            return
        try:
            record = parse_sgf(path.read_bytes())[0]
        except (RecordError, OSError) as error:
            raise EngineFailure(Failure.REFUSED, f"cannot load {path}: {error}") from None
        if number is not None:
            record.moves = record.moves[: max(0, number - 1)]
        self._set_up_by_hand(record)

    def _set_up_by_hand(self, record: GameRecord) -> None:
        """Set up a record's last position with the commands that every engine has.

        Stones that are set up go down as moves: whatever their order, none is without a liberty meanwhile.
        """
        for command in (f"boardsize {record.size}", "clear_board", f"komi {record.komi:g}"):
            self.expect(command)
        for colour, point in record.setup:
            self.play(colour, point, record.size)
        colour = record.first
        for move in record.moves:
            self.play(colour, move, record.size)
            colour = opponent(colour)

    def _send(self, command: str) -> Reply:
        patience_s = self._patience.answer_s if self._warm else self._patience.start_s
        try:
            return self._client.send(command, patience_s)
        except EngineFailure as failure:
            if failure.kind in NEEDS_RESTART:
                self._client.kill()
            raise


def split_loadsgf(command: str) -> tuple[Path, int | None]:
    """The file and the move number of a ``loadsgf`` command; the file's name may hold spaces."""
    rest = command.split(None, 1)[1].strip()
    head, _, last = rest.rpartition(" ")
    if head and last.isascii() and last.isdigit():
        return Path(head.strip()), int(last)
    return Path(rest), None


def _has_space(path: Path) -> bool:
    """Engines split their arguments at spaces; there are no quotes in GTP."""
    return any(letter.isspace() for letter in str(path))
