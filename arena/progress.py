"""How a running match shows itself: a progress bar on a terminal, plain lines anywhere else."""

from __future__ import annotations

import sys
from typing import Protocol, TextIO

from ponnuki.arena.match_log import GameRecord
from ponnuki.arena.summary import Summary


class MatchDisplay(Protocol):
    """Told what happens; called from one thread at a time."""

    def begin(self, summary: Summary) -> None:
        """The match begins, or goes on from the games that were finished before."""

    def message(self, text: str) -> None:
        """Show one line."""

    def game_finished(self, record: GameRecord, summary: Summary) -> None:
        """Show a finished game and where the match now stands."""

    def close(self) -> None:
        """The match is over or stopped."""


class Silent:
    """Shows nothing."""

    def begin(self, summary: Summary) -> None:
        """Show nothing."""

    def message(self, text: str) -> None:
        """Drop the line."""

    def game_finished(self, record: GameRecord, summary: Summary) -> None:
        """Show nothing."""

    def close(self) -> None:
        """Nothing to end."""


class PlainLines:
    """One line for each game."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def begin(self, summary: Summary) -> None:
        """Say what was resumed, if anything was."""
        if summary.records:
            self.message(_resumed(summary))

    def message(self, text: str) -> None:
        """Write the line."""
        print(text, file=self._stream, flush=True)

    def game_finished(self, record: GameRecord, summary: Summary) -> None:
        """Write the result and the score so far."""
        self.message(f"{game_line(record, summary)}; A: {summary.headline()}")

    def close(self) -> None:
        """Nothing to end."""


class ProgressBar:
    """A bar with the score beside it; failures stay above it as lines."""

    def __init__(self, stream: TextIO) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        self._progress = Progress(TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(),
                                  TimeRemainingColumn(), console=Console(file=stream))
        self._task = self._progress.add_task("A: no games yet", total=None)

    def begin(self, summary: Summary) -> None:
        """Show the bar, set to what is finished already."""
        self._progress.start()  # not before: who is refused a match keeps their cursor
        if summary.records:
            self.message(_resumed(summary))
        self._show(summary)

    def message(self, text: str) -> None:
        """Write the line above the bar."""
        self._progress.console.print(text, markup=False, highlight=False)

    def game_finished(self, record: GameRecord, summary: Summary) -> None:
        """Move the bar on."""
        if record.fault is not None:
            self.message(f"{game_line(record, summary)}: {record.detail}")
        self._show(summary)

    def close(self) -> None:
        """Leave the terminal as it was."""
        self._progress.stop()

    def _show(self, summary: Summary) -> None:
        self._progress.update(self._task, completed=len(summary.records), total=summary.games_wanted,
                              description=f"A: {summary.brief()}")


class PoolLines:
    """A pool's display: its lines and tables, and for each pairing what suits the stream."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = sys.stderr if stream is None else stream

    def message(self, text: str) -> None:
        """Write a line or a table."""
        print(text, file=self._stream, flush=True)

    def match(self) -> MatchDisplay:
        """A bar or plain lines for the next pairing."""
        return display_for(self._stream)


def display_for(stream: TextIO | None = None) -> MatchDisplay:
    """What suits the stream, stderr by default."""
    stream = sys.stderr if stream is None else stream
    return ProgressBar(stream) if stream.isatty() else PlainLines(stream)


def _resumed(summary: Summary) -> str:
    return f"resumed: {len(summary.records)} of {summary.games_wanted} games were already played"


def game_line(record: GameRecord, summary: Summary) -> str:
    """A finished game in one line."""
    black, white = (summary.contestants[side].name for side in (record.black, record.white))
    return f"game {record.game}: {black} (B) against {white} (W): {record.result} by {record.ending}, " \
           f"{record.moves} moves"
