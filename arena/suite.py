"""Problem suites: read them, put them to an engine in several processes at once, compare two engines."""

from __future__ import annotations

import contextlib
import queue
import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ponnuki.arena.contestant import Contestant
from ponnuki.arena.failures import EngineFailure
from ponnuki.arena.suite_engine import SuiteEngine, SuitePatience
from ponnuki.arena.suite_problem import Outcome, Task
from ponnuki.arena.suite_sgf import read_sgf_problems
from ponnuki.arena.suite_tst import read_tst
from ponnuki.engine.errors import ConfigError

BUILTIN = "builtin"
"""Names the suites that come with ponnuki: `builtin` all of them, `builtin:KIND` one."""

FOLDER = Path(__file__).resolve().parent / "suites"

_JOIN_S = 0.2


def builtin_names() -> list[str]:
    """The kinds of the built-in suites."""
    return sorted(path.stem for path in FOLDER.glob("*.tst"))


def read_suites(names: Iterable[str], seed: int = 0) -> list[Task]:
    """The tasks of several suites: `.tst` files, SGF files, folders of SGF files, built-in ones.

    Args:
        seed: chooses between the answers of an SGF problem.

    Raises:
        ConfigError: there is no such suite, or it is of another type.
        RecordError: a file cannot be read.
    """
    return [task for name in names for path, label in _files(name) for task in _read(path, label, seed)]


def _files(name: str) -> list[tuple[Path, str]]:
    """The files that a suite's name stands for, each with the name it is counted under."""
    head, _, kind = name.partition(":")
    if head == BUILTIN:
        kinds = builtin_names()
        if kind and kind not in kinds:
            raise ConfigError(f"no built-in suite {kind!r}: there are {', '.join(kinds)}")
        return [(FOLDER / f"{each}.tst", f"{BUILTIN}:{each}") for each in ([kind] if kind else kinds)]
    path = Path(name)
    if path.is_dir():
        found = sorted(file for file in path.glob("*") if file.suffix.lower() == ".sgf" and file.is_file())
        if not found:
            raise ConfigError(f"no .sgf files in {name}")
        return [(file, name) for file in found]
    return [(path, name)]


def _read(path: Path, label: str, seed: int) -> Sequence[Task]:
    suffix = path.suffix.lower()
    if suffix == ".tst":
        return read_tst(path, label)
    if suffix == ".sgf":
        return read_sgf_problems(path, label, seed)
    raise ConfigError(f"{label}: a suite is a .tst file, an .sgf file, a folder of .sgf files, builtin or builtin:KIND")


@dataclass(frozen=True)
class SuiteSettings:
    """How problems are put."""

    processes: int = 1
    """Engine processes at a time."""
    patience: SuitePatience = field(default_factory=SuitePatience)
    """How long an engine may take."""

    def __post_init__(self) -> None:
        if self.processes < 1:
            raise ConfigError(f"{self.processes} processes: expected 1 or more")


def run_suite(contestant: Contestant, tasks: Sequence[Task], settings: SuiteSettings,
              told: Callable[[Outcome], None] | None = None) -> list[Outcome]:
    """Put all problems to an engine; one outcome each, in the order of the tasks.

    A crash or a hang fails the problem that was put, and the engine is started again for the next.

    Args:
        told: called with every outcome as it comes, from one thread at a time.

    Raises:
        ConfigError: the engine cannot be started at all.
        KeyboardInterrupt: the user stopped it.
    """
    return _Run(contestant, tasks, settings, told or (lambda outcome: None)).run()


def try_engine(contestant: Contestant, settings: SuiteSettings) -> None:
    """Start an engine and end it again.

    Raises:
        ConfigError: it cannot be started.
    """
    engine = SuiteEngine(contestant, settings.patience)
    try:
        _start(engine)
    finally:
        engine.close()


def _start(engine: SuiteEngine) -> None:
    """Start an engine, to learn of a wrong command line before all problems fail by it."""
    try:
        engine.ensure_started()
    except EngineFailure as failure:
        raise ConfigError(f"{engine.contestant.name} cannot be put problems: {failure}") from failure


class _Run:
    """Worker threads, each with an engine of its own, that take tasks from one queue."""

    def __init__(self, contestant: Contestant, tasks: Sequence[Task], settings: SuiteSettings,
                 told: Callable[[Outcome], None]) -> None:
        self._tasks = tasks
        self._told = told
        self._results: dict[int, list[Outcome]] = {}
        self._waiting: queue.SimpleQueue[int] = queue.SimpleQueue()
        for number in range(len(tasks)):
            self._waiting.put(number)
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._bugs: list[BaseException] = []
        self._engines = [SuiteEngine(contestant, settings.patience)
                         for _ in range(min(settings.processes, len(tasks)))]
        self._threads = [threading.Thread(target=self._work, args=(engine,), daemon=True) for engine in self._engines]

    def run(self) -> list[Outcome]:
        """See `run_suite`."""
        try:
            if self._engines:
                _start(self._engines[0])
            for thread in self._threads:
                thread.start()
            for thread in self._threads:
                while thread.is_alive():  # join without a timeout would not hear Ctrl-C on Windows
                    thread.join(_JOIN_S)
        finally:
            self._stop.set()
            for engine in self._engines:
                engine.kill()
            for thread in self._threads:
                if thread.ident is not None:
                    thread.join()
        if self._bugs:
            raise self._bugs[0]
        return [outcome for number in range(len(self._tasks)) for outcome in self._results[number]]

    def _work(self, engine: SuiteEngine) -> None:
        try:
            with contextlib.suppress(queue.Empty):
                while not self._stop.is_set():
                    self._solve(self._waiting.get_nowait(), engine)
            engine.close()
        except BaseException as error:
            self._bugs.append(error)
            self._stop.set()

    def _solve(self, number: int, engine: SuiteEngine) -> None:
        outcomes = self._tasks[number].solve(engine)
        with self._lock:
            if self._stop.is_set():  # an engine that was killed on our way out has not failed
                return
            self._results[number] = outcomes
            for outcome in outcomes:
                self._told(outcome)
