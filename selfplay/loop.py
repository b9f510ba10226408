"""The loop behind `ponnuki loop`: self-play, training, gate, and again, for as long as it is let.

Every step can be killed and goes on from what lies in the run's folder: games are written as they end, the trainer has
its checkpoints, the gate keeps every pair, and `state.json` says which step is under way. Where there is time to stop,
the games in progress are kept, too.
"""

from __future__ import annotations

import contextlib
import functools
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from ponnuki.engine.errors import ConfigError, RecordError, WeightsError
from ponnuki.records.sampling import split_sources
from ponnuki.selfplay import unfinished
from ponnuki.selfplay.crew import Crew, Factory, LocalCrew
from ponnuki.selfplay.duel import DuelSettings
from ponnuki.selfplay.gate import GateResult, play_gate
from ponnuki.selfplay.playing import Finished
from ponnuki.selfplay.report import LoopLog
from ponnuki.selfplay.run_folder import RunFolder
from ponnuki.selfplay.run_settings import CrewSettings, RunSettings
from ponnuki.selfplay.run_state import GATE, SELF_PLAY, TRAINING, NetEntry, RunState
from ponnuki.selfplay.store import GameStore
from ponnuki.selfplay.stream import GameStream
from ponnuki.selfplay.worker import NetFile, SelfPlayWorker

RETRY_S = 30.0
"""Wait after a step that failed for a reason that may pass: a full disk, a file that cannot be read."""

SAVE_S = 60.0
"""Time between two savings of the state while games are played."""

ENOUGH_TO_QUANTISE = 200
"""Positions from which the ranges of a net that came without an int8 form are taken."""

ENOUGH_CHECKED = 20
"""Resignations that were played out before the threshold is changed, …"""
MOST_WRONG, FEW_WRONG = 0.05, 0.02
"""… which falls where more than the first share of them was wrong, and rises again where fewer than the second was."""

Result = TypeVar("Result")


class Loop:
    """One run, in a folder that is locked already."""

    def __init__(self, folder: RunFolder, settings: RunSettings, log: LoopLog, stop: threading.Event) -> None:
        """Open a run, or begin it.

        Args:
            stop: set by the caller to end `run` at the next opportunity.

        Raises:
            ConfigError: records to learn from are not there.
        """
        self.folder, self.settings, self.log, self.stop = folder, settings, log, stop
        for sources in (settings.net.data, settings.train.data):
            if sources:
                split_sources([Path(source) for source in sources])
        self.store = GameStore(folder.games)
        self.state = RunState.load(folder.state) if folder.state.exists() else RunState()
        self._unwritten: list[Finished] = []
        """Games that have ended and could not be written yet."""
        self._since = time.monotonic()

    def run(self, generations: int | None = None, hours: float | None = None) -> None:
        """Go on until `stop` is set, so many more generations are complete, or so many more hours have gone by."""
        last = None if generations is None else self.state.generation + generations
        end = None if hours is None else self.state.hours_in_all + hours
        if not self.state.champion and not self._begin():
            return
        crew = make_crew(self.settings.crew, functools.partial(SelfPlayWorker, self.settings.start, self.settings.play))
        try:
            stream = GameStream(crew, self.log.say)
            with unfinished.gone_on_with(self.folder.unfinished, stream):
                while not (self.stop.is_set() or self._done(last, end)):
                    self._step(crew, stream)
            paused = stream.pause()
            self._surely(lambda: unfinished.keep(self.folder.unfinished, paused))
        finally:
            crew.close()
            self._write_games()
            self._spend()
            self._save()

    # -------------------------------------------------------------------------------------------- steps

    def _done(self, generations: int | None, hours: float | None) -> bool:
        """Whether the run has come to so many generations or hours, counted from its beginning."""
        complete = generations is not None and self.state.generation >= generations
        return complete or (hours is not None and self.state.hours_in_all >= hours)

    def _step(self, crew: Crew, stream: GameStream) -> None:
        """Go on with the step that the run is at, to its end or until `stop` is set."""
        self._since = time.monotonic()
        self._check_nets()
        steps = {SELF_PLAY: self._self_play, TRAINING: self._training, GATE: self._gate}
        steps[self.state.phase](crew, stream)
        self.log.end_progress()

    def _begin(self) -> bool:
        """Make the first net; False if `stop` was set before it was there."""
        from ponnuki.selfplay import candidate

        settings, name = self.settings.net, net_name(0)
        sizes = sorted(self.settings.start.sizes)
        if settings.data and settings.init == "zero":
            seed = self.settings.crew.seed
            candidate.first_net(self.folder, "random", settings, sizes, seed)
            lesson = candidate.Lesson(tuple(candidate.records_in(settings.data)), (), (), settings.data_steps)
            source = self.folder.net("random")
            if not candidate.train(
                self.folder, 0, name, source, lesson, self.settings.train, seed, self.stop, self._training_say
            ):
                return False
            if settings.precision == "int8":
                candidate.quantized(self.folder, name, lesson.files)
            candidate.clear_training(self.folder, 0)
        else:
            candidate.first_net(self.folder, name, settings, sizes, self.settings.crew.seed)
        self.state.champion = self.state.latest = name
        self.state.nets = [NetEntry(name, 0, True, 0, 0, 0.0)]
        self._save()
        self.log.say(f"begins with {name}: {'random weights' if settings.init == 'zero' else settings.init}")
        return True

    def _self_play(self, crew: Crew, stream: GameStream) -> None:
        """Play until there are enough new positions."""
        generation, target = self.state.generation, self.settings.train.new_positions
        self._use_champion(stream)
        began, before = time.monotonic(), self.store.positions(generation)
        saved = began
        while not self.stop.is_set() and (done := self.store.positions(generation)) < target:
            self._take(stream.poll())
            self._quantise_champion(stream)
            rate = 3600 * (done - before) / max(1.0, time.monotonic() - began)
            what = f"generation {generation}: self-play by {self.state.champion}, {self.store.games(generation)} games"
            self.log.progress(f"{what}, {done} of {target} positions, {rate:,.0f} an hour", done, target)
            if time.monotonic() - saved > SAVE_S:
                self._spend()
                self._save()
                saved = time.monotonic()
        self._take(stream.drain())
        self._spend()
        if self.stop.is_set():
            return
        self._surely(lambda: self.store.gather(generation, all_of_them=True))
        self._adapt_resignation()
        self._go_to(TRAINING)

    def _training(self, crew: Crew, stream: GameStream) -> None:
        """Train the next net on the window."""
        from ponnuki.selfplay import candidate

        generation, name = self.state.generation, net_name(self.state.generation)
        window = self.store.window(self.settings.window.positions(self.store.positions()))
        lesson = self._surely(lambda: candidate.make_lesson(window, self.settings.train))
        if lesson is None:
            return
        self.log.say(f"generation {generation}: trains {name} from {self.state.latest} for {lesson.steps} steps")
        with _Meanwhile(self._keep_playing if self.settings.crew.overlap else None, stream):
            finished = candidate.train(
                self.folder, generation, name, self.folder.net(self.state.latest), lesson, self.settings.train,
                self.settings.crew.seed + generation, self.stop, self._training_say,
            )  # fmt: skip
        if finished and self.settings.net.precision == "int8":
            self._surely(lambda: candidate.quantized(self.folder, name, window))
        self._spend()
        if finished and not self.stop.is_set():
            self.state.latest = name
            self._go_to(GATE)
            candidate.clear_training(self.folder, generation)

    def _gate(self, crew: Crew, stream: GameStream) -> None:
        """Let the new net meet the champion, and play from now on if it wins."""
        settings, name = self.settings, net_name(self.state.generation)
        result = GateResult(0, 0.0, 0.0, True)
        if settings.gate.enabled:
            nets = self._net_file(name), self._net_file(self.state.champion)
            seed = settings.crew.seed + self.state.generation
            duel = DuelSettings(settings.start, settings.gate.visits, move_limit=settings.play.move_limit, seed=seed)
            played = self._surely(
                lambda: play_gate(
                    crew, self.folder.gate(name), nets, duel, settings.gate, self.stop, self.log.say, self._show_gate
                )
            )
            if played is None or played.accepted is None:
                self._spend()
                return
            result = played
        self._spend()
        self._decide(name, result)

    def _decide(self, name: str, result: GateResult) -> None:
        """Note what came of the gate; the next generation begins."""
        state = self.state
        entry = NetEntry(
            name, state.generation, bool(result.accepted), self.store.games(), self.store.positions(),
            round(state.hours_in_all, 4), state.champion if result.pairs else None, result.pairs, result.points,
        )  # fmt: skip
        state.nets.append(entry)
        games = 2 * result.pairs
        said = f"{result.points:g} of {games} points against {state.champion}" if games else "no gate"
        self.log.say(f"{name}: {said}: {'plays from now on' if result.accepted else 'does not pass'}")
        if result.accepted:
            state.champion = name
        state.generation += 1
        self._go_to(SELF_PLAY)
        self.log.scalars(entry.generation, self._figures(entry))

    # ------------------------------------------------------------------------------------------ details

    def _figures(self, entry: NetEntry) -> dict[str, float]:
        """What TensorBoard gets of a generation."""
        figures = {
            "loop/games": entry.games, "loop/positions": entry.positions, "loop/hours": entry.hours,
            "loop/window": self.settings.window.positions(entry.positions), "gate/accepted": float(entry.accepted),
        }  # fmt: skip
        if entry.pairs:
            figures["gate/points"] = entry.points / (2 * entry.pairs)
        if (ratings := self.state.ratings()) is not None:
            figures["loop/elo"] = ratings[self.state.champion].elo
        return {name: float(value) for name, value in figures.items()}

    def _check_nets(self) -> None:
        """Make again what can be made again of the nets in use; where one is lost, the last one left takes its place.

        A net that is lost before its gate was decided is trained again. Pairs of a gate do not count for other nets
        than those that played them.

        Raises:
            WeightsError: no net is left.
        """
        if self.state.phase == GATE and not self._has_net(name := net_name(self.state.generation)):
            self.log.say(f"{name}: its files are gone; it is trained again")
            self._forget_gate()
            self._go_to(TRAINING)
        for role in ("champion", "latest"):
            name = getattr(self.state, role)
            if self._has_net(name):
                continue
            others = [net.name for net in reversed(self.state.nets) if net.accepted and self._has_net(net.name)]
            if not others:
                raise WeightsError(f"{self.folder.net(name)}.safetensors, .toml: gone, and no earlier net is left")
            self.log.say(f"{name}: its files are gone; {others[0]} takes its place")
            setattr(self.state, role, others[0])
            if role == "champion":
                self._forget_gate()

    def _forget_gate(self) -> None:
        gate = self.folder.gate(net_name(self.state.generation))
        self._surely(lambda: gate.unlink(missing_ok=True))

    def _has_net(self, name: str) -> bool:
        """Whether a net's files are there, the ONNX file made again if need be."""
        stem = self.folder.net(name)
        if not all(stem.with_name(stem.name + suffix).exists() for suffix in (".safetensors", ".toml")):
            return False
        path = self.folder.playable(name, "float32")
        if not path.exists():
            from ponnuki.selfplay import candidate

            candidate.export(self.folder, name)
            self.log.say(f"{path}: gone; made again")
        return True

    def _use_champion(self, stream: GameStream) -> None:
        stream.use(self._net_file(self.state.champion), self.state.resign_threshold)

    def _net_file(self, name: str) -> NetFile:
        """What workers are given of a net: its int8 form where there is one and it is wanted."""
        path = self.folder.playable(name, self.settings.net.precision)
        if not path.exists():
            path = self.folder.playable(name, "float32")
        content = self._surely(path.read_bytes)
        return NetFile(path.stem, content or b"")

    def _quantise_champion(self, stream: GameStream) -> None:
        """Give a first net that came without an int8 form one, as soon as there are games to take its ranges from."""
        wanted = self.folder.playable(self.state.champion, self.settings.net.precision)
        if wanted.exists() or self.store.positions() < ENOUGH_TO_QUANTISE:
            return
        from ponnuki.selfplay import candidate

        window = self.store.window(self.store.positions())
        self._surely(lambda: candidate.quantized(self.folder, self.state.champion, window))
        self._use_champion(stream)

    def _take(self, finished: list[Finished]) -> None:
        """Keep games that have ended."""
        for game in finished:
            self.state.playouts += game.playouts
            self.state.resignations_checked += game.checked
            self.state.resignations_wrong += game.wrongly
        self._unwritten += finished
        self._surely(self._write_games)
        self._surely(lambda: self.store.gather(self.state.generation))

    def _write_games(self) -> None:
        """Games that end after a generation's self-play belong to the next one."""
        generation = self.state.generation + (self.state.phase != SELF_PLAY)
        while self._unwritten:
            self.store.add(generation, self._unwritten[0])
            del self._unwritten[0]

    def _keep_playing(self, stream: GameStream, over: threading.Event) -> None:
        """Self-play beside the training, for the generation to come."""
        while not over.is_set() and not self.stop.is_set():
            self._unwritten += stream.poll()
            with contextlib.suppress(OSError, RecordError):  # tried again with the next games
                self._write_games()
        self._unwritten += stream.drain()

    def _adapt_resignation(self) -> None:
        state, most = self.state, self.settings.play.resign_threshold
        if state.resignations_checked < ENOUGH_CHECKED or not most:
            return
        wrong = state.resignations_wrong / state.resignations_checked
        now = most if state.resign_threshold is None else state.resign_threshold
        changed = now / 2 if wrong > MOST_WRONG else min(most, 1.5 * now) if wrong < FEW_WRONG else now
        said = f"{state.resignations_wrong} of {state.resignations_checked} resignations would have been wrong"
        self.log.say(f"{said}; they now need a win rate below {changed:.2%}")
        state.resign_threshold, state.resignations_checked, state.resignations_wrong = changed, 0, 0

    def _show_gate(self, result: GateResult) -> None:
        bounds = self.settings.gate.test.bounds
        share = f", {result.points / (2 * result.pairs):.1%}" if result.pairs else ""
        what = f"gate: {2 * result.pairs} games{share}, LLR {result.llr:+.2f} ({bounds[0]:.2f} … {bounds[1]:.2f})"
        self.log.progress(what, result.pairs, self.settings.gate.pairs)

    @property
    def _training_say(self) -> Callable[[str], None] | None:
        """Where the trainer's lines go; None lets it show a bar of its own."""
        return None if self.log.terminal else self.log.say

    def _go_to(self, phase: str) -> None:
        self.state.phase = phase
        self._save()

    def _spend(self) -> None:
        """Count the time since the last call for the present phase."""
        now = time.monotonic()
        self.state.hours[self.state.phase] += (now - self._since) / 3600
        self._since = now

    def _save(self) -> None:
        self._surely(lambda: self.state.save(self.folder.state))

    def _surely(self, action: Callable[[], Result]) -> Result | None:
        """Do what may fail for reasons that pass, again and again; None if `stop` was set before it worked."""
        while True:
            try:
                return action()
            except (OSError, RecordError) as error:
                self.log.say(f"{error}; tries again in {RETRY_S:g} s")
                if self.stop.wait(RETRY_S):
                    return None


class _Meanwhile:
    """Around work of this thread: something else goes on in another."""

    def __init__(self, action: Callable[[GameStream, threading.Event], None] | None, stream: GameStream) -> None:
        self._over = threading.Event()
        self._failure: BaseException | None = None
        self._thread = threading.Thread(target=self._run, args=(action, stream), daemon=True) if action else None

    def _run(self, action: Callable[[GameStream, threading.Event], None], stream: GameStream) -> None:
        try:
            action(stream, self._over)
        except BaseException as failure:
            self._failure = failure

    def __enter__(self) -> None:
        if self._thread is not None:
            self._thread.start()

    def __exit__(self, *details: object) -> None:
        self._over.set()
        if self._thread is not None:
            self._thread.join()
        if self._failure is not None and details[0] is None:
            raise self._failure


def net_name(generation: int) -> str:
    """The net that a generation makes; the first net is of generation 0."""
    return f"net-{generation:04d}"


def make_crew(settings: CrewSettings, factory: Factory) -> Crew:
    """The workers that the settings ask for.

    Raises:
        ConfigError: the cluster cannot be reached.
    """
    if settings.ray:
        from ponnuki.selfplay.cluster import RayCrew

        return RayCrew(factory, settings.ray, settings.workers, settings.seed)
    return LocalCrew(factory, settings.workers or os.cpu_count() or 1, settings.seed)


def open_run(folder: RunFolder, given: RunSettings | None) -> RunSettings:
    """The settings of a run: those it was begun with; for a new one those given, which are written down.

    Raises:
        ConfigError: the run has other settings, or those in its file are not accepted.
    """
    if folder.settings.exists():
        own = RunSettings.read(folder.settings)
        if given is not None and given != own:
            raise ConfigError(f"{folder.path}: the run has settings of its own; change {folder.settings} instead")
        return own
    settings = given or RunSettings()
    folder.path.mkdir(parents=True, exist_ok=True)
    settings.write(folder.settings)
    return settings
