"""Workers as actors of a Ray cluster: the same worker, called in the same way, on many machines.

Nets go through Ray's object store, once to each machine; games come back as the calls' results. An actor that dies,
with its process or with its machine, is reported as lost; the next call starts another wherever there is room.
"""

from __future__ import annotations

import contextlib
import logging
import socket
from typing import Any

import ray
from ray.exceptions import RayActorError, RayError

from ponnuki.engine.errors import ConfigError
from ponnuki.selfplay.crew import Factory, Reply, answer, seed_of

REACH_S = 5.0
"""Longest wait for an address to answer; Ray itself tries for minutes."""

LOCAL = "local"
"""Instead of an address: a cluster of this machine alone, which ends with us."""


def _check_reachable(address: str) -> None:
    """Raise ConfigError where nobody listens at a HOST:PORT."""
    host, _, port = address.rpartition(":")
    if not host or not port.isdigit() or "://" in address:
        return
    try:
        socket.create_connection((host, int(port)), REACH_S).close()
    except OSError as error:
        reason = error.strerror or error
        raise ConfigError(f"--ray {address}: no Ray cluster can be reached there: {reason}") from None


class Actor:
    """What runs in the actor's process."""

    def __init__(self, factory: Factory, seed: int) -> None:
        self._worker = factory(seed)

    def call(self, method: str, *arguments: Any) -> tuple[Any, Exception | None]:
        """See `crew.answer`."""
        return answer(self._worker, method, arguments)


class RayCrew:
    """Actors of one core each."""

    def __init__(self, factory: Factory, address: str, workers: int = 0, seed: int = 0) -> None:
        """Join a cluster.

        Args:
            address: `auto`, an address, or `local`.
            workers: 0: one for each core of the cluster.

        Raises:
            ConfigError: there is no cluster at the address.
        """
        _check_reachable(address)
        try:
            ray.init(
                address=None if address == LOCAL else address,
                ignore_reinit_error=True,
                include_dashboard=False,
                log_to_driver=False,
                logging_level=logging.ERROR,
            )
        except (ConnectionError, ValueError, RuntimeError) as error:
            reason = str(error).splitlines()[0]
            raise ConfigError(f"--ray {address}: no Ray cluster can be reached there: {reason}") from None
        cores = int(ray.cluster_resources().get("CPU", 1))
        self._factory, self._seed = ray.put(factory), seed
        self._class = ray.remote(num_cpus=1, max_restarts=0)(Actor)
        self._actors: list[Any] = [None] * (workers or cores)
        self._losses = [0] * len(self._actors)
        self._calls: dict[Any, int] = {}
        """Calls under way, with their workers."""

    @property
    def workers(self) -> int:
        """How many there are."""
        return len(self._actors)

    @property
    def idle(self) -> list[int]:
        """Numbers of the workers that no call is under way to."""
        busy = set(self._calls.values())
        return [worker for worker in range(self.workers) if worker not in busy]

    def losses(self, worker: int) -> int:
        """How many workers of this number were lost."""
        return self._losses[worker]

    def call(self, worker: int, method: str, *arguments: Any) -> None:
        """Begin a call to an idle worker."""
        actor = self._actors[worker] or self._start(worker)
        self._calls[actor.call.remote(method, *arguments)] = worker

    def share(self, value: Any) -> Any:
        """A reference into the object store."""
        return ray.put(value)

    def wait(self, timeout_s: float) -> list[Reply]:
        """The calls that have ended, none where none did in time.

        Raises:
            PonnukiError: what a worker raised.
        """
        if not self._calls:
            return []
        ready, _ = ray.wait(list(self._calls), num_returns=1, timeout=timeout_s)
        return [self._reply(call) for call in ready]

    def abandon(self, worker: int) -> None:
        """Give up a worker and the call that is under way to it."""
        actor = self._forget(worker)
        self._calls = {call: number for call, number in self._calls.items() if number != worker}
        if actor is not None:
            with contextlib.suppress(RayError):
                ray.kill(actor)

    def close(self) -> None:
        """End all workers; what they were at is lost."""
        for worker in range(self.workers):
            self.abandon(worker)
        ray.shutdown()

    def _start(self, worker: int) -> Any:
        seed = seed_of(self._seed, worker, self._losses[worker])
        self._actors[worker] = self._class.remote(self._factory, seed)
        return self._actors[worker]

    def _forget(self, worker: int) -> Any:
        """Take an actor out, if there is one; it."""
        actor, self._actors[worker] = self._actors[worker], None
        self._losses[worker] += actor is not None
        return actor

    def _reply(self, call: Any) -> Reply:
        worker = self._calls.pop(call)
        try:
            value, error = ray.get(call)
        except RayActorError as error:
            self._forget(worker)
            return Reply(worker, lost=" ".join(str(error).split())[:200])
        except RayError as error:  # a lost object, say
            self.abandon(worker)
            return Reply(worker, lost=" ".join(str(error).split())[:200])
        if error is not None:
            raise error
        return Reply(worker, value)
