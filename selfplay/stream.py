"""Self-play, duels and other tasks of a crew: every idle worker is given something to do, lost ones are replaced."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Generic, TypeVar

from ponnuki.engine.errors import PonnukiError
from ponnuki.selfplay.crew import Crew, Reply
from ponnuki.selfplay.duel import DuelSettings, PairResult
from ponnuki.selfplay.playing import Finished, Unfinished
from ponnuki.selfplay.worker import NetFile

SLICE_S = 2.0
"""Longest call to a worker: how soon it is seen to stop, or to play with a new net."""

REST_S = 120.0
"""Longest wait for all workers to come to rest; one that is silent for longer (its machine is gone) is given up."""

MOST_LOSSES = 10
"""Workers lost one after the other, with nothing done meanwhile, that end the run."""

Say = Callable[[str], None]

Task = TypeVar("Task")


class WorkersLost(PonnukiError):
    """Workers end again and again."""


class _Stream:
    """What all kinds of work share: who was told what, and the losses."""

    def __init__(self, crew: Crew, say: Say) -> None:
        self.crew, self.say = crew, say
        self.losses = 0
        """Workers lost so far."""
        self._in_a_row = 0
        self._told: dict[int, Any] = {}
        """What each worker was last told to work with."""

    def _received(self, timeout_s: float) -> Iterator[Reply]:
        for reply in self.crew.wait(timeout_s):
            if reply.lost is not None:
                self._lost(reply)
            else:
                yield reply

    def _until_rest(self) -> Iterator[None]:
        """Again and again while calls are under way; those that take too long are given up."""
        end = time.monotonic() + REST_S
        while len(idle := self.crew.idle) < self.crew.workers:
            if time.monotonic() > end:
                for worker in set(range(self.crew.workers)) - set(idle):
                    self.say(f"worker {worker} is silent and is given up")
                    self._told.pop(worker, None)
                    self.crew.abandon(worker)
                return
            yield

    def _lost(self, reply: Reply) -> None:
        self._told.pop(reply.worker, None)
        self.losses += 1
        self._in_a_row += 1
        self.say(f"worker {reply.worker} is lost: {reply.lost}; what it was at goes with it, a new one begins")
        if self._in_a_row >= MOST_LOSSES:
            raise WorkersLost(f"{MOST_LOSSES} workers were lost one after the other; the last: {reply.lost}")


class GameStream(_Stream):
    """Games of self-play, as they end. The games in progress stay with the workers while nobody asks."""

    def __init__(self, crew: Crew, say: Say) -> None:
        super().__init__(crew, say)
        self._net: NetFile | None = None
        self._resign_threshold: float | None = None
        self._shared: Any = None
        self.waiting: list[Unfinished] = []
        """Games of an earlier run that nobody goes on with yet."""

    def resume(self, games: Sequence[Unfinished]) -> None:
        """Have the workers go on with games that `pause` gave, before they begin new ones."""
        self.waiting += games

    def pause(self) -> list[Unfinished]:
        """Take the games in progress from the workers, which must be at rest."""
        paused, self.waiting = self.waiting, []
        for worker in list(self._told):
            self.crew.call(worker, "pause")
        for _ in self._until_rest():
            for reply in self._received(SLICE_S):
                paused += reply.value
        return paused

    def use(self, net: NetFile, resign_threshold: float | None = None) -> None:
        """Play on with this net, and with this threshold where there is one."""
        if self._net is None or net.name != self._net.name:
            self._shared = self.crew.share(net)
        self._net, self._resign_threshold = net, resign_threshold

    def poll(self, timeout_s: float = 1.0) -> list[Finished]:
        """Keep all workers playing; the games that have ended.

        Raises:
            WeightsError, ConfigError: the net cannot be used.
            WorkersLost: they end again and again.
        """
        assert self._net is not None
        for worker in self.crew.idle:
            self._go_on(worker)
        return self._finished(timeout_s)

    def drain(self) -> list[Finished]:
        """Let all workers come to rest; the games that have ended."""
        finished: list[Finished] = []
        for _ in self._until_rest():
            finished += self._finished(SLICE_S)
        return finished

    def _go_on(self, worker: int) -> None:
        assert self._net is not None
        message = self._net.name, self._resign_threshold, self.crew.losses(worker)  # a gate may have lost one, too
        if self._told.get(worker) != message:
            self._told[worker] = message
            self.crew.call(worker, "use", self._shared, self._resign_threshold)
        elif self.waiting:
            share = math.ceil(len(self.waiting) / self.crew.workers)
            self.crew.call(worker, "resume", [self.waiting.pop() for _ in range(share)])
        else:
            self.crew.call(worker, "play", SLICE_S)

    def _finished(self, timeout_s: float) -> list[Finished]:
        finished: list[Finished] = []
        for reply in self._received(timeout_s):
            if reply.value:
                finished += reply.value
                self._in_a_row = 0
        return finished


class DuelStream(_Stream):
    """Pairs of games between two nets, begun one after the other for as long as results are asked for."""

    def __init__(
        self, crew: Crew, settings: DuelSettings, nets: tuple[NetFile, NetFile], numbers: Iterator[int], at_once: int,
        say: Say,
    ) -> None:  # fmt: skip
        """Play the pairs of these numbers.

        Args:
            at_once: pairs that a worker plays at once.
        """
        super().__init__(crew, say)
        self._settings, self._numbers, self._at_once = settings, numbers, at_once
        self._shared = crew.share(nets)
        self._pairs: dict[int, set[int]] = {}
        """Numbers of the pairs that each worker plays."""
        self._left_over: list[int] = []
        """Numbers of lost workers' pairs."""

    def poll(self, timeout_s: float = 1.0) -> list[PairResult]:
        """Keep all workers at it; the pairs that have ended. Nothing, and no worker busy, once the numbers are used up.

        Raises:
            WeightsError, ConfigError: a net cannot be used.
            WorkersLost: they end again and again.
        """
        for worker in self.crew.idle:
            self._go_on(worker)
        ended: list[PairResult] = []
        for reply in self._received(timeout_s):
            if isinstance(reply.value, list):
                for result in reply.value:
                    self._pairs[reply.worker].discard(result.number)
                    ended.append(result)
                    self._in_a_row = 0
        return ended

    def drain(self) -> None:
        """Let all workers come to rest; what they were at is forgotten."""
        for _ in self._until_rest():
            list(self._received(SLICE_S))

    def _go_on(self, worker: int) -> None:
        if worker not in self._told:
            self._told[worker] = True
            numbers = self._take(self._at_once)
            self._pairs[worker] = set(numbers)
            self.crew.call(worker, "duel", self._settings, self._shared, numbers)
            return
        if more := self._take(self._at_once - len(self._pairs[worker])):
            self._pairs[worker].update(more)
        elif not self._pairs[worker]:
            return
        self.crew.call(worker, "play_pairs", SLICE_S, more)

    def _take(self, count: int) -> list[int]:
        taken = [self._left_over.pop() for _ in range(min(count, len(self._left_over)))]
        for _ in range(count - len(taken)):
            number = next(self._numbers, None)
            if number is None:
                break
            taken.append(number)
        return taken

    def _lost(self, reply: Reply) -> None:
        self._left_over += sorted(self._pairs.pop(reply.worker, ()), reverse=True)
        super()._lost(reply)


class TaskStream(_Stream, Generic[Task]):
    """Tasks, each a call of its own; those of lost workers are begun again."""

    def __init__(
        self, crew: Crew, method: str, tasks: Sequence[Task], arguments: Callable[[Task], tuple[Any, ...]], say: Say
    ) -> None:
        """Do tasks, in order.

        Args:
            method: the worker's, which does one.
            arguments: what the method is called with; asked for when a worker is free to begin.
        """
        super().__init__(crew, say)
        self._method, self._arguments = method, arguments
        self._waiting = list(reversed(tasks))
        self._under_way: dict[int, Task] = {}

    @property
    def left(self) -> int:
        """Tasks waiting or under way."""
        return len(self._waiting) + len(self._under_way)

    def stop(self) -> None:
        """Begin no further task: those under way are the last."""
        self._waiting.clear()

    def poll(self, timeout_s: float = 1.0) -> list[tuple[Task, Any]]:
        """Keep all workers at it; the tasks that are done, with what came of them.

        Raises:
            PonnukiError: what a worker raised.
            WorkersLost: they end again and again.
        """
        for worker in self.crew.idle[: len(self._waiting)]:
            task = self._under_way[worker] = self._waiting.pop()
            self.crew.call(worker, self._method, *self._arguments(task))
        done = []
        for reply in self._received(timeout_s):
            done.append((self._under_way.pop(reply.worker), reply.value))
            self._in_a_row = 0
        return done

    def _lost(self, reply: Reply) -> None:
        self._waiting.append(self._under_way.pop(reply.worker))
        super()._lost(reply)
