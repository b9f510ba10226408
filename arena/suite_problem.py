"""What a problem suite is made of: problems, what an engine made of them, and tasks that put the question."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from ponnuki.arena.failures import EngineFailure, Failure
from ponnuki.arena.suite_engine import SuiteEngine


@dataclass(frozen=True)
class Problem:
    """One question with a known answer."""

    suite: str
    """The file (or folder, or built-in suite) that it is counted under, as the user named it."""
    name: str
    """Its number or file name; unique within the suite in well-made files."""
    wanted: str
    """The accepted answers, for the report."""
    known_failure: bool = False
    """Whether the file says that it is not expected to be solved."""

    def __str__(self) -> str:
        return f"{self.suite}:{self.name}"


class Verdict(StrEnum):
    """What came of a problem, in the terms of GNU Go's regression tests."""

    PASSED = "passed"
    FAILED = "failed"
    UNEXPECTED_PASS = "unexpected pass"
    KNOWN_FAILURE = "known failure"


@dataclass(frozen=True)
class Outcome:
    """What an engine made of a problem."""

    problem: Problem
    passed: bool
    answer: str
    """What it answered; for a problem of several moves all that was played; empty where nothing came."""
    seconds: float = 0.0
    """Wall-clock time until the answer; for several moves their sum."""
    failure: Failure | None = None
    """How the engine failed, where that is why the problem is not solved."""
    detail: str = ""
    """One line on the failure."""

    @classmethod
    def of_failure(cls, problem: Problem, failure: EngineFailure, answer: str = "") -> Outcome:
        """A problem that was not solved because the engine crashed, hung or refused."""
        return cls(problem, False, answer, failure=failure.kind, detail=failure.detail)

    @property
    def verdict(self) -> Verdict:
        """Passed or failed, expected or not."""
        if self.problem.known_failure:
            return Verdict.UNEXPECTED_PASS if self.passed else Verdict.KNOWN_FAILURE
        return Verdict.PASSED if self.passed else Verdict.FAILED


class Task(Protocol):
    """Problems that one engine answers in a row, from a position that the task sets up itself."""

    @property
    def problems(self) -> Sequence[Problem]:
        """The problems, in the order of their outcomes."""

    def solve(self, engine: SuiteEngine) -> list[Outcome]:
        """Put the questions; one outcome for each problem, in their order. Engine failures become outcomes."""
