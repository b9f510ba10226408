"""The JSON analysis engine: positions of many queries searched side by side, the most urgent first.

Each worker thread takes up to `POSITIONS_AT_ONCE` positions of one board size, whose leaves share batches, and goes on
with whatever is most urgent after each batch: a position of higher priority displaces another, which keeps its tree.
"""

from __future__ import annotations

import json
import threading
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ponnuki.engine.config import PlayerSettings
from ponnuki.engine.evaluator import Evaluator, RolloutEvaluator
from ponnuki.engine.pool import Pool, playouts_left
from ponnuki.engine.rollout_search import RolloutSearch
from ponnuki.engine.search import Search, new_store
from ponnuki.engine.searching import Searching
from ponnuki.engine.version import VERSION

from .query import Defaults, Query, QueryError, read_query
from .report import no_results, report

POSITIONS_AT_ONCE = 8
"""Positions whose leaves one worker puts into its batches."""

Send = Callable[[dict[str, Any]], None]
EvaluatorFor = Callable[[int, PlayerSettings], tuple[Evaluator, PlayerSettings]]


@dataclass(eq=False)
class Job:
    """One position of a query."""

    query: Query
    turn: int
    priority: int
    number: int
    """In order of arrival."""
    search: Searching | None = None
    legal: np.ndarray | None = None
    worker: int | None = None
    """Who has begun it, and goes on with it."""
    began: float = 0.0
    next_report: float = float("inf")
    cancelled: bool = field(default=False)

    @property
    def urgency(self) -> tuple[int, int]:
        """Sorts the most urgent first."""
        return -self.priority, self.number


class AnalysisEngine:
    """Answers lines of queries; replies go to a function, from several threads, one at a time."""

    def __init__(
        self,
        evaluator_for: EvaluatorFor,
        settings: PlayerSettings,
        defaults: Defaults,
        send: Send,
        workers: int = 1,
        note: Callable[[str], None] = lambda text: None,
    ) -> None:
        """Start with so many worker threads.

        Args:
            evaluator_for: an evaluator for a board size, and the settings that go with it; asked by the workers.
            settings: batch size and choice of the move.
            note: takes lines for the log, from the workers.
        """
        self.note = note
        self._evaluator_for = evaluator_for
        self._settings = settings
        self._defaults = defaults
        self._send = send
        self._sending = threading.Lock()
        self._turn = threading.Condition()
        self._jobs: list[Job] = []
        self._arrivals = 0
        self._closing = False
        self._caches_dropped = 0
        self._threads = [
            threading.Thread(target=_Worker(self, index).run, name=f"analysis-{index}", daemon=True)
            for index in range(workers)
        ]
        for thread in self._threads:
            thread.start()

    def handle(self, line: str) -> None:
        """Answer one line: at once, or when its positions have been searched."""
        if not line.strip():
            return
        try:
            self._take(line)
        except QueryError as error:
            self.reply(error.reply)
        except Exception as error:  # a bug costs this line's answer, and not those under way
            traceback.print_exc()
            self.reply({"error": f"internal error: {error}"})

    def finish(self) -> None:
        """Wait until everything asked for is answered, then end the workers."""
        with self._turn:
            self._closing = True
            self._turn.notify_all()
        for thread in self._threads:
            thread.join()

    def reply(self, message: dict[str, Any]) -> None:
        """Send one reply."""
        with self._sending:
            self._send(message)

    def _take(self, line: str) -> None:
        try:
            fields = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise QueryError(f"Could not parse input line as json: {error}") from None
        if not isinstance(fields, dict):
            raise QueryError("Must be a json object")
        identity = fields.get("id")
        if not isinstance(identity, str):
            raise QueryError("Must be a string, in every query", field="id")
        if "action" in fields:
            self._act(fields, identity)
            return
        query, unused = read_query(fields, identity, self._defaults)
        for name in unused:
            self.reply({"warning": "Unexpected or unused field", "field": name, "id": identity})
        self.submit(query)

    def submit(self, query: Query) -> None:
        """Have the positions of a query searched."""
        with self._turn:
            for place, turn in enumerate(query.turns):
                priority = query.priorities[place] if query.priorities else query.priority
                self._jobs.append(Job(query, turn, priority, self._arrivals))
                self._arrivals += 1
            self._turn.notify_all()

    def _act(self, fields: dict[str, Any], identity: str) -> None:
        action = fields["action"]
        if action == "query_version":
            self.reply({**fields, "version": VERSION, "git_hash": ""})
        elif action == "query_models":
            self.reply({**fields, "models": [self.model()]})
        elif action == "clear_cache":
            with self._turn:
                self._caches_dropped += 1
            self.reply(fields)
        elif action in ("terminate", "terminate_all"):
            self._terminate(fields, identity, everything=action == "terminate_all")
        else:
            known = "query_version, query_models, clear_cache, terminate, terminate_all"
            raise QueryError(f"'action' field must be one of {known}", identity, "action")

    def _terminate(self, fields: dict[str, Any], identity: str, *, everything: bool) -> None:
        target, turns = fields.get("terminateId"), fields.get("turnNumbers")
        if not everything and not isinstance(target, str):
            raise QueryError("Requests to terminate must have a string 'terminateId' field", identity, "terminateId")
        if turns is not None and not (isinstance(turns, list) and all(isinstance(turn, int) for turn in turns)):
            raise QueryError("Must be a list of integers", identity, "turnNumbers")
        with self._turn:
            for job in self._jobs:
                if (everything or job.query.identity == target) and (turns is None or job.turn in turns):
                    job.cancelled = True
            self._turn.notify_all()
        self.reply(fields)

    def model(self) -> dict[str, Any]:
        """What `query_models` tells of the evaluator."""
        evaluator, settings = self._evaluator_for(19, self._settings)
        info: dict[str, str] = getattr(evaluator, "info", {})
        path = getattr(evaluator, "path", None)
        name = path.stem if path else settings.playout
        return {"name": name, "internalName": name, "maxBatchSize": settings.leaves_at_once,
                "usesHumanSLProfile": False, "version": int(info.get("feature_version", 0)), "usingFP16": "false"}

    def next_jobs(self, worker: int) -> list[Job]:
        """The most urgent positions for a worker, of one board size; waits for some. Empty: there will be no more."""
        with self._turn:
            while True:
                free = sorted((job for job in self._jobs if job.worker in (None, worker)), key=lambda job: job.urgency)
                if free:
                    size = free[0].query.game.size
                    chosen = [job for job in free if job.query.game.size == size][:POSITIONS_AT_ONCE]
                    for job in chosen:
                        job.worker = worker
                    return chosen
                if self._closing and not self._jobs:
                    return []
                if self._closing and all(job.worker not in (None, worker) for job in self._jobs):
                    return []
                self._turn.wait()

    def done(self, job: Job) -> None:
        """Strike a position off the list."""
        with self._turn:
            self._jobs.remove(job)
            self._turn.notify_all()

    def is_waiting(self, job: Job) -> bool:
        """Whether a position is on the list still."""
        with self._turn:
            return job in self._jobs

    @property
    def caches_dropped(self) -> int:
        """How often the caches were to be cleared."""
        with self._turn:
            return self._caches_dropped

    def evaluator_for(self, size: int) -> tuple[Evaluator, PlayerSettings]:
        """The evaluator for a board size."""
        return self._evaluator_for(size, self._settings)


class _Worker:
    """Searches positions, batch by batch."""

    def __init__(self, engine: AnalysisEngine, index: int) -> None:
        self._engine = engine
        self._index = index
        self._pools: dict[int, tuple[Pool, PlayerSettings]] = {}
        self._stores: dict[tuple[int, bool], Any] = {}
        self._caches_dropped = 0

    def run(self) -> None:
        while jobs := self._engine.next_jobs(self._index):
            try:
                self._step(jobs)
            except Exception as error:
                traceback.print_exc()
                self._stores.clear()
                for job in jobs:
                    if self._engine.is_waiting(job):  # not answered in this step already
                        self._engine.reply({"error": f"internal error: {error}", "id": job.query.identity})
                        self._engine.done(job)

    def _step(self, jobs: list[Job]) -> None:
        """One batch for some positions of one size, and the replies that are due."""
        pool, settings = self._pool(jobs[0].query.game.size)
        if self._caches_dropped != self._engine.caches_dropped:
            self._caches_dropped = self._engine.caches_dropped
            self._stores.clear()
        running = []
        for job in jobs:
            if job.search is None and not job.cancelled:
                self._begin(job, settings)
            if job.cancelled or self._is_over(job):
                self._end(job, settings)
            else:
                running.append(job)
        if not running:
            return
        searches = [job.search for job in running if job.search is not None]
        pool.step(searches, [playouts_left(job.search, job.query.limits) for job in running if job.search is not None])
        for job in running:
            if time.monotonic() >= job.next_report and job.search is not None and job.search.visits:
                self._engine.reply(self._report(job, settings, during_search=True))
                job.next_report = time.monotonic() + (job.query.report_every_s or float("inf"))
            if self._is_over(job):
                self._end(job, settings)

    def _pool(self, size: int) -> tuple[Pool, PlayerSettings]:
        if size not in self._pools:
            evaluator, settings = self._engine.evaluator_for(size)
            self._pools[size] = Pool(evaluator, settings.leaves_at_once), settings
        return self._pools[size]

    def _begin(self, job: Job, settings: PlayerSettings) -> None:
        query, pool = job.query, self._pool(job.query.game.size)[0]
        game = query.position(job.turn)
        job.legal = game.legal_moves()
        if isinstance(pool.evaluator, RolloutEvaluator):
            job.search = RolloutSearch(game, query.search, settings.rollouts, job.number, query.restrictions)
        else:
            key = game.size, query.keeps_ownership
            if key not in self._stores:
                self._stores[key] = new_store(game.size, query.search)
            job.search = Search(game, query.search, job.number, self._stores[key], query.restrictions)
        job.began = time.monotonic()
        first = query.first_report_s or query.report_every_s
        if first is not None:
            job.next_report = job.began + first

    def _is_over(self, job: Job) -> bool:
        search, limits = job.search, job.query.limits
        assert search is not None
        if search.full or not search.visits:
            return search.full
        late = limits.move_time_s is not None and time.monotonic() >= job.began + limits.move_time_s
        return late or playouts_left(search, limits) == 0

    def _end(self, job: Job, settings: PlayerSettings) -> None:
        """Answer for a position, finished or given up, and let go of its tree."""
        if job.search is None or not job.search.visits:
            self._engine.reply(no_results(job.query, job.turn))
        else:
            self._engine.reply(self._report(job, settings, during_search=False))
            seconds, search = time.monotonic() - job.began, job.search
            self._engine.note(f"{job.query.identity} turn {job.turn}: {search.playouts} playouts, {search.visits} "
                              f"visits in {seconds:.3f} s beside others, {search.tree_bytes / 1e6:.1f} MB")
        if job.search is not None:
            job.search.release()
        self._engine.done(job)

    def _report(self, job: Job, settings: PlayerSettings, *, during_search: bool) -> dict[str, Any]:
        search, query = job.search, job.query
        assert search is not None
        assert job.legal is not None
        snapshot = search.snapshot(query.pv_length, lead_stdev=True, moves_ownership=query.include_moves_ownership)
        policy = np.where(job.legal, search.plain_priors(), np.float32(-1))
        return report(query, job.turn, snapshot, policy, settings.choice, during_search=during_search)
