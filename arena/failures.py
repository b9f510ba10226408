"""How an engine can fail in a match, as one exception that says which of the ways it was."""

from __future__ import annotations

from enum import StrEnum

from ponnuki.engine.errors import PonnukiError


class Failure(StrEnum):
    """The ways in which an engine loses a game other than on the board."""

    START = "start"
    """The process could not be started."""
    CRASH = "crash"
    """The process ended, or closed its output, before it answered."""
    HANG = "hang"
    """No answer within the time the referee waits."""
    GARBAGE = "garbage"
    """An answer that is no GTP reply, or no vertex where one was asked for."""
    REFUSED = "refused"
    """A ``?`` reply to a command that has to work (set-up, a legal move, genmove)."""
    ILLEGAL = "illegal move"
    """A move that the match's rules forbid."""
    TIME = "time"
    """A move that came after the clock, tolerance included, had run out."""


#: After these the process is gone or out of step, so the next game needs a new one.
NEEDS_RESTART = frozenset({Failure.START, Failure.CRASH, Failure.HANG, Failure.GARBAGE})


class EngineFailure(PonnukiError):
    """An engine did something that costs it the game.

    Attributes:
        kind: which way it failed.
        detail: one line for the report: the command, what came back, the last line of stderr.
    """

    def __init__(self, kind: Failure, detail: str) -> None:
        super().__init__(f"{kind}: {detail}")
        self.kind = kind
        self.detail = detail
