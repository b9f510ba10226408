"""GNU Go's regression form: GTP commands, of which numbered ones are questions with the answer in a comment.

    loadsgf games/strategy25.sgf 61
    90 reg_genmove black
    #? [B14|D17]
    100 attack E5
    #? [!0]*

What stands in the brackets is a regular expression for the whole answer, letters in either case; ``|`` separates
alternatives. With ``!`` in front, any other answer is right; ``E5|!F6`` accepts E5 and all but F6. A star marks a
question that is known to be failed, ``&`` one whose answer does not count. See GNU Go's manual, "Test suites".
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from ponnuki.arena.failures import EngineFailure
from ponnuki.arena.suite_engine import SuiteEngine, split_loadsgf
from ponnuki.arena.suite_problem import Outcome, Problem
from ponnuki.engine.errors import RecordError

_NUMBERED = re.compile(r"(\d+)\s+(\S.*)")
_EXPECTED = re.compile(r"#\?\s*\[(.*)\]\s*([*&]*)\s*")
_NEW_POSITION = ("loadsgf", "boardsize")


@dataclass(frozen=True)
class Expectation:
    """Which answers are right."""

    accepted: re.Pattern[str] | None
    """Matches a right answer as a whole; None: only `refused` decides."""
    refused: re.Pattern[str] | None
    """Any answer that this does not match as a whole is right; None: only `accepted` decides."""

    @classmethod
    def parse(cls, text: str) -> Expectation:
        """Read what stands in the brackets.

        Raises:
            ValueError: no regular expression.
        """
        if text.startswith("!"):
            return cls(None, _pattern(text[1:].replace("|!", "|")))
        accepted, _, refused = text.partition("|!")
        return cls(_pattern(accepted), _pattern(refused.replace("|!", "|")) if refused else None)

    def accepts(self, answer: str) -> bool:
        """Whether an answer is right."""
        answer = " ".join(answer.split())
        if self.accepted is not None and self.accepted.fullmatch(answer):
            return True
        return self.refused is not None and not self.refused.fullmatch(answer)


def _pattern(text: str) -> re.Pattern[str]:
    try:
        return re.compile(text, re.IGNORECASE)
    except re.error as error:
        raise ValueError(f"[{text}] is no regular expression: {error}") from None


@dataclass(frozen=True)
class Question:
    """A numbered command with its answer."""

    problem: Problem
    command: str
    expectation: Expectation


@dataclass
class TstTask:
    """The questions about one position of a `.tst` file, with the commands that set it up."""

    steps: list[str | Question] = field(default_factory=list)
    """Set-up commands and questions in the order of the file."""

    @property
    def problems(self) -> list[Problem]:
        """The questions' problems."""
        return [step.problem for step in self.steps if isinstance(step, Question)]

    def solve(self, engine: SuiteEngine) -> list[Outcome]:
        """Put the questions. After a failure the next one begins with the whole set-up in a new process."""
        engine.begin_task()
        set_up: list[str] = []
        outcomes = []
        for step in self.steps:
            if isinstance(step, str):
                set_up.append(step)
                continue
            try:
                engine.prepare(set_up)
                reply = engine.answer(step.command)
            except EngineFailure as failure:
                outcomes.append(Outcome.of_failure(step.problem, failure))
            else:
                passed = step.expectation.accepts(reply.text)
                outcomes.append(Outcome(step.problem, passed, reply.text, reply.seconds))
        return outcomes


def read_tst(path: Path, suite: str) -> list[TstTask]:
    """The tasks of a `.tst` file: one for each position, each with the commands before the file's first position.

    File names in ``loadsgf`` count from the folder of the `.tst` file, or where there is no such file from the folders
    above it in turn (GNU Go's own suites lie beside `games/`).

    Raises:
        RecordError: the file cannot be read, or holds no question; an answer is no regular expression, or belongs to no
            question.
    """
    try:
        lines = path.read_text("utf-8", "replace").splitlines()
    except OSError as error:
        raise RecordError(f"{path}: {error.strerror or error}") from error
    try:
        tasks = _tasks(_steps(lines, suite, path.resolve().parent))
    except ValueError as error:
        raise RecordError(f"{path}: {error}") from None
    if not tasks:
        raise RecordError(f"{path}: no question; expected a numbered command with #? [ANSWER] below it")
    return tasks


def _steps(lines: Iterable[str], suite: str, folder: Path) -> list[str | Question]:
    """Commands and questions; a numbered command without an answer is an ordinary command."""
    steps: list[str | Question] = []
    name = ""
    for number, line in enumerate(lines, 1):
        line = line.strip()
        if line.startswith("#?"):
            if not name or not isinstance(steps[-1], str):
                raise ValueError(f"line {number}: an answer without a numbered command before it")
            steps[-1] = _question(line, number, suite, name, steps[-1]) or steps[-1]
            continue
        command = line.partition("#")[0].strip()
        if not command:
            continue
        found = _NUMBERED.fullmatch(command)
        name, command = found.groups() if found else ("", command)
        if command.split()[0] == "loadsgf":
            command = _with_full_path(command, folder, number)
        steps.append(command)
    return steps


def _question(line: str, number: int, suite: str, name: str, command: str) -> Question | None:
    """The question that a ``#?`` line makes of the command before it; None where the answer does not count."""
    found = _EXPECTED.fullmatch(line)
    if not found:
        raise ValueError(f"line {number}: {line!r} is no answer; expected #? [ANSWER] with * behind a known failure")
    wanted, marks = found.groups()
    if "&" in marks:
        return None
    try:
        expectation = Expectation.parse(wanted)
    except ValueError as error:
        raise ValueError(f"line {number}: {error}") from None
    return Question(Problem(suite, name, wanted, "*" in marks), command, expectation)


def _with_full_path(command: str, folder: Path, number: int) -> str:
    if len(command.split()) < 2:
        raise ValueError(f"line {number}: loadsgf without a file")
    path, move = split_loadsgf(command)
    for start in (folder, *folder.parents):
        if (start / path).is_file():
            path = start / path
            break
    else:
        raise ValueError(f"line {number}: {path} does not exist")
    return f"loadsgf {path}" + (f" {move}" if move is not None else "")


def _tasks(steps: list[str | Question]) -> list[TstTask]:
    """Cut a file into tasks where a new position begins; those without questions are dropped."""
    preamble: list[str | Question] = []
    tasks = [TstTask()]
    for step in steps:
        if isinstance(step, str) and step.split()[0] in _NEW_POSITION:
            if len(tasks) == 1:
                preamble = [command for command in tasks[0].steps if isinstance(command, str)]
            tasks.append(TstTask(list(preamble)))
        tasks[-1].steps.append(step)
    return [task for task in tasks if task.problems]
