"""Workers that run elsewhere, and the calls that are under way to them.

A crew knows nothing of Go: it holds a number of workers, each an object made by the same factory, calls their methods
one call at a time each, and hands back what came of it. `LocalCrew` runs them as processes of this machine; the crew
of a cluster is `selfplay.cluster.RayCrew`. A worker that dies is reported as lost; the next call to it makes a new one.
"""

from __future__ import annotations

import atexit
import contextlib
import multiprocessing
import multiprocessing.connection
import pickle
import signal
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from typing import Any, Protocol

import numpy as np

from ponnuki.engine.errors import PonnukiError

Factory = Callable[[int], Any]
"""Makes a worker, given a seed; can be pickled."""


@dataclass(frozen=True)
class Reply:
    """What came of a call."""

    worker: int
    value: Any = None
    lost: str | None = None
    """Why the worker is lost, where it is."""


class WorkerError(PonnukiError):
    """A worker raised an error that is no error of ours."""


class Crew(Protocol):
    """See the module."""

    @property
    def workers(self) -> int:
        """How many there are."""

    @property
    def idle(self) -> list[int]:
        """Numbers of the workers that no call is under way to."""

    def losses(self, worker: int) -> int:
        """How many workers of this number were lost: where it grows, a new one knows nothing of earlier calls."""

    def call(self, worker: int, method: str, *arguments: Any) -> None:
        """Begin a call to an idle worker."""

    def share(self, value: Any) -> Any:
        """What to pass to `call` in place of a large value that many workers are given."""

    def wait(self, timeout_s: float) -> list[Reply]:
        """The calls that have ended, none where none did in time.

        Raises:
            PonnukiError: what a worker raised.
        """

    def abandon(self, worker: int) -> None:
        """Give up a worker and the call that is under way to it."""

    def close(self) -> None:
        """End all workers."""


class LocalCrew:
    """Workers as processes of this machine, one thread each."""

    def __init__(self, factory: Factory, workers: int, seed: int = 0) -> None:
        self._factory, self._seed = factory, seed
        self._context = multiprocessing.get_context("spawn")
        self._ends: list[Connection | None] = [None] * workers
        self._processes: list[BaseProcess | None] = [None] * workers
        self._losses = [0] * workers
        self._busy: set[int] = set()
        atexit.register(self.close)  # before multiprocessing waits for workers that no SIGTERM ends

    @property
    def workers(self) -> int:
        """How many there are."""
        return len(self._ends)

    @property
    def idle(self) -> list[int]:
        """Numbers of the workers that no call is under way to."""
        return [worker for worker in range(self.workers) if worker not in self._busy]

    def losses(self, worker: int) -> int:
        """How many workers of this number were lost."""
        return self._losses[worker]

    def call(self, worker: int, method: str, *arguments: Any) -> None:
        """Begin a call to an idle worker."""
        end = self._ends[worker] or self._start(worker)
        self._busy.add(worker)
        with contextlib.suppress(OSError):  # it has died: `wait` finds out
            end.send((method, arguments))

    def share(self, value: Any) -> Any:
        """The value itself: a pipe carries it once for each worker."""
        return value

    def wait(self, timeout_s: float) -> list[Reply]:
        """The calls that have ended, none where none did in time."""
        ends = {self._ends[worker]: worker for worker in self._busy}
        ready = multiprocessing.connection.wait([end for end in ends if end is not None], timeout_s)
        return [self._reply(ends[end]) for end in ready]  # type: ignore[index]

    def abandon(self, worker: int) -> None:
        """Give up a worker and the call that is under way to it."""
        self._stop(worker)
        self._busy.discard(worker)

    def close(self) -> None:
        """End all workers; what they were at is lost."""
        atexit.unregister(self.close)
        for worker in range(self.workers):
            self.abandon(worker)

    def _start(self, worker: int) -> Connection:
        ours, theirs = self._context.Pipe()
        seed = seed_of(self._seed, worker, self._losses[worker])
        process = self._context.Process(
            target=serve, args=(theirs, self._factory, seed), name=f"ponnuki-worker-{worker}", daemon=True
        )
        process.start()
        theirs.close()
        self._ends[worker], self._processes[worker] = ours, process
        return ours

    def _stop(self, worker: int) -> None:
        end, process = self._ends[worker], self._processes[worker]
        if end is not None:
            end.close()
        if process is not None:
            process.kill()  # it keeps nothing, and may be at a call that takes long
            process.join()
            self._losses[worker] += 1
        self._ends[worker] = self._processes[worker] = None

    def _reply(self, worker: int) -> Reply:
        end = self._ends[worker]
        assert end is not None
        self._busy.discard(worker)
        try:
            value, error = end.recv()
        except (EOFError, OSError, pickle.UnpicklingError):
            process = self._processes[worker]
            self._stop(worker)
            code = process.exitcode if process is not None else None
            return Reply(worker, lost=f"its process ended with exit code {code}")
        if error is not None:
            raise error
        return Reply(worker, value)


def seed_of(seed: int, worker: int, losses: int) -> int:
    """The seed of a worker that was lost so many times before: a new one does not play the lost one's games again."""
    return int(np.random.SeedSequence((seed, worker, losses)).generate_state(1, np.uint64)[0] >> np.uint64(2))


def answer(worker: Any, method: str, arguments: Sequence[Any]) -> tuple[Any, Exception | None]:
    """The value of a worker's method, or the error that it raised."""
    try:
        return getattr(worker, method)(*arguments), None
    except PonnukiError as error:
        return None, error
    except Exception as error:
        return None, WorkerError(f"a worker failed: {type(error).__name__}: {error}\n{traceback.format_exc()}")


def serve(end: Connection, factory: Factory, seed: int) -> None:
    """The life of a worker's process: calls come in, values or errors go out, until the other end is closed."""
    for asked in (signal.SIGINT, signal.SIGTERM):  # often sent to all processes of a group; the crew's keeps the work
        signal.signal(asked, signal.SIG_IGN)
    worker = factory(seed)
    while True:
        try:
            method, arguments = end.recv()
        except (EOFError, OSError):
            return
        try:
            end.send(answer(worker, method, arguments))
        except OSError:
            return
