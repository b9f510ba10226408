"""Workers in processes, and what streams make of them when they are lost."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from ponnuki.engine.errors import ConfigError
from ponnuki.selfplay.crew import LocalCrew, Reply, WorkerError, seed_of
from ponnuki.selfplay.duel import DuelSettings, PairResult
from ponnuki.selfplay.settings import StartSettings
from ponnuki.selfplay.stream import MOST_LOSSES, SLICE_S, DuelStream, GameStream, TaskStream, WorkersLost
from ponnuki.selfplay.worker import NetFile


class Counter:
    """A worker for tests."""

    def __init__(self, seed: int) -> None:
        self.seed, self.calls = seed, 0

    def count(self, by: int = 1) -> int:
        self.calls += by
        return self.calls

    def who(self) -> tuple[int, int]:
        return os.getpid(), self.seed

    def fail(self, ours: bool) -> None:
        raise ConfigError("not accepted") if ours else ValueError("a bug")

    def die(self) -> None:
        os._exit(7)


@pytest.fixture(scope="module")
def crew() -> Iterator[LocalCrew]:
    made = LocalCrew(Counter, 2, seed=3)
    yield made
    made.close()


def ask(crew: LocalCrew, worker: int, method: str, *arguments: Any) -> Reply:
    crew.call(worker, method, *arguments)
    while True:
        for reply in crew.wait(5.0):
            return reply


def test_workers_keep_their_state_apart(crew: LocalCrew) -> None:
    assert [ask(crew, 0, "count").value for _ in range(2)] == [1, 2]
    assert ask(crew, 1, "count", 5).value == 5
    first, second = ask(crew, 0, "who").value, ask(crew, 1, "who").value
    assert first[0] != second[0] != os.getpid()
    assert (first[1], second[1]) == (seed_of(3, 0, 0), seed_of(3, 1, 0))


def test_a_busy_worker_is_not_idle(crew: LocalCrew) -> None:
    crew.call(0, "count")
    assert crew.idle == [1]
    assert [reply.worker for reply in crew.wait(5.0)] == [0]
    assert crew.idle == [0, 1]
    assert crew.wait(0.01) == []


def test_errors_of_ours_come_back_as_they_are_and_bugs_as_what_they_are(crew: LocalCrew) -> None:
    with pytest.raises(ConfigError, match=r"^not accepted$"):
        ask(crew, 0, "fail", True)
    with pytest.raises(WorkerError, match="ValueError: a bug"):
        ask(crew, 0, "fail", False)
    assert ask(crew, 0, "count").lost is None


def test_a_worker_that_dies_is_lost_and_made_anew(crew: LocalCrew) -> None:
    before = ask(crew, 1, "who").value
    reply = ask(crew, 1, "die")
    assert reply.lost == "its process ended with exit code 7"
    after = ask(crew, 1, "who").value
    assert after[0] != before[0]
    assert after[1] == seed_of(3, 1, 1) != before[1]
    crew._processes[1].kill()  # type: ignore[union-attr]
    time.sleep(0.2)
    assert ask(crew, 1, "count").lost == "its process ended with exit code -9"
    assert ask(crew, 1, "count").value == 1


def test_a_worker_can_be_given_up_in_the_middle_of_a_call(crew: LocalCrew) -> None:
    crew.call(0, "count")
    crew.abandon(0)
    assert crew.idle == [0, 1]
    assert ask(crew, 0, "count").value == 1


def test_a_signal_to_the_whole_group_leaves_workers_at_work(crew: LocalCrew) -> None:
    """`timeout` and service managers send it to all processes; the crew's owner has the games to take from them."""
    process, _ = ask(crew, 0, "who").value
    for asked in (signal.SIGTERM, signal.SIGINT):
        os.kill(process, asked)
    time.sleep(0.2)
    assert ask(crew, 0, "who").value[0] == process


def test_workers_end_with_their_crew() -> None:
    brief = LocalCrew(Counter, 1)
    process, _ = ask(brief, 0, "who").value
    brief.close()
    with pytest.raises(ProcessLookupError):
        os.kill(process, 0)


@dataclass
class Script:
    """A crew of one that answers as it is told."""

    answers: list[Any]
    workers: int = 1

    def __post_init__(self) -> None:
        self.calls: list[tuple[str, tuple[Any, ...]]] = []
        self.lost = 0
        self._busy = False

    @property
    def idle(self) -> list[int]:
        return [] if self._busy else [0]

    def losses(self, worker: int) -> int:
        return self.lost

    def call(self, worker: int, method: str, *arguments: Any) -> None:
        self.calls.append((method, arguments))
        self._busy = True

    def share(self, value: Any) -> Any:
        return value

    def wait(self, timeout_s: float) -> list[Reply]:
        if not self._busy:
            return []
        self._busy = False
        answer = self.answers.pop(0) if self.answers else None
        self.lost += isinstance(answer, str)
        return [Reply(0, lost=answer) if isinstance(answer, str) else Reply(0, answer)]

    def abandon(self, worker: int) -> None:
        self._busy = False

    def close(self) -> None:
        pass


NET = NetFile("a", b"")


def test_a_new_worker_is_told_the_net_again() -> None:
    lines: list[str] = []
    crew = Script([None, [], "gone", None, []])
    stream = GameStream(crew, lines.append)
    stream.use(NET, 0.02)
    for _ in range(5):
        stream.poll()
    assert [method for method, _ in crew.calls] == ["use", "play", "play", "use", "play"]
    assert crew.calls[0][1] == (NET, 0.02)
    assert lines == ["worker 0 is lost: gone; what it was at goes with it, a new one begins"]
    stream.use(NET, 0.01)
    stream.poll()
    assert crew.calls[-1] == ("use", (NET, 0.01))


def test_a_worker_that_a_gate_lost_is_told_the_net_again() -> None:
    crew = Script([None, [], None, "gone", None, []])
    games = GameStream(crew, lambda line: None)
    games.use(NET)
    for _ in range(2):
        games.poll()
    settings = DuelSettings(StartSettings(sizes={5: 1.0}))
    gate = DuelStream(crew, settings, (NET, NET), iter(range(3)), 2, lambda line: None)
    for _ in range(2):
        gate.poll()
    for _ in range(2):
        games.poll()
    assert [method for method, _ in crew.calls] == ["use", "play", "duel", "play_pairs", "use", "play"]


def test_games_in_progress_go_to_the_workers_and_come_back() -> None:
    """Before new ones are begun; those that nobody was given yet come back with the others."""
    games: Any = ["first", "second"]
    crew = Script([None, None, [], ["third"]])
    stream = GameStream(crew, lambda line: None)
    stream.resume(games)
    stream.use(NET)
    for _ in range(3):
        stream.poll()
    assert crew.calls[1:] == [("resume", (["second", "first"],)), ("play", (SLICE_S,))]
    stream.drain()
    stream.resume(games)
    assert stream.pause() == ["first", "second", "third"]
    assert crew.calls[3:] == [("pause", ())]


def test_workers_that_are_lost_again_and_again_end_the_run() -> None:
    stream = GameStream(Script(["gone"] * MOST_LOSSES), lambda line: None)
    stream.use(NET)
    for _ in range(MOST_LOSSES - 1):
        stream.poll()
    with pytest.raises(WorkersLost, match="gone"):
        stream.poll()


def test_pairs_of_a_lost_worker_are_played_by_the_next() -> None:
    crew = Script([None, [PairResult(1, 1.0, 5, 40)], "gone", None, [PairResult(0, 2.0, 5, 30)]])
    settings = DuelSettings(StartSettings(sizes={5: 1.0}))
    stream = DuelStream(crew, settings, (NET, NET), iter(range(3)), 2, lambda line: None)
    ended = [result for _ in range(5) for result in stream.poll()]
    assert [result.number for result in ended] == [1, 0]
    duels = [arguments[2] for method, arguments in crew.calls if method == "duel"]
    assert duels == [[0, 1], [0, 2]]


def test_no_pairs_are_begun_once_the_numbers_are_used_up() -> None:
    crew = Script([None, [PairResult(0, 2.0, 5, 30)]])
    stream = DuelStream(crew, DuelSettings(StartSettings()), (NET, NET), iter(range(1)), 2, lambda line: None)
    for _ in range(4):
        stream.poll()
    assert [method for method, _ in crew.calls] == ["duel", "play_pairs"]


def test_a_lost_worker_s_task_is_begun_again_before_the_others() -> None:
    crew = Script(["gone", ["A"], "gone", "gone", ["B"]])
    stream = TaskStream(crew, "do", ["a", "b", "c"], lambda task: (task, 1), lambda line: None)
    done = [pair for _ in range(5) for pair in stream.poll()]
    assert done == [("a", ["A"]), ("b", ["B"])]
    assert crew.calls == [("do", (task, 1)) for task in ("a", "a", "b", "b", "b")]
    assert stream.left == 1


def test_tasks_under_way_are_the_last_after_a_stop() -> None:
    class Later(Script):
        def wait(self, timeout_s: float) -> list[Reply]:
            return [] if timeout_s == 0 else super().wait(timeout_s)

    stream = TaskStream(Later([1]), "do", ["a", "b"], lambda task: (task,), lambda line: None)
    assert stream.poll(0) == []
    stream.stop()
    assert stream.left == 1
    assert stream.poll() == [("a", 1)]
    assert stream.left == 0
