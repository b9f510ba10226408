"""The folder of a run of the loop: where everything lies, and the lock that keeps a second loop out."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import filelock

from ponnuki.engine.errors import ConfigError


class RunFolder:
    """Paths of a run:

        run.toml                 settings
        state.json               where it stands
        loop.log                 what it said
        nets/NAME.onnx, NAME-int8.onnx, NAME.safetensors, NAME.toml
        games/GENERATION/…       see `selfplay.store`
        unfinished/…             see `selfplay.unfinished`
        train/GENERATION/        the training under way, see `selfplay.train`
        gate/NAME.jsonl          the gate's pairs, a line each
        tensorboard/
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.settings = path / "run.toml"
        self.state = path / "state.json"
        self.log = path / "loop.log"
        self.nets = path / "nets"
        self.games = path / "games"
        self.unfinished = path / "unfinished"
        self.tensorboard = path / "tensorboard"

    def net(self, name: str) -> Path:
        """Stem of a net's files."""
        return self.nets / name

    def playable(self, name: str, precision: str) -> Path:
        """The file that plays."""
        return self.nets / (f"{name}-int8.onnx" if precision == "int8" else f"{name}.onnx")

    def training(self, generation: int) -> Path:
        """Run folder of a generation's training."""
        return self.path / "train" / f"{generation:04d}"

    def gate(self, name: str) -> Path:
        """The pairs of a net's gate."""
        return self.path / "gate" / f"{name}.jsonl"

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Keep other loops out; the system lets go of the lock even if we are killed.

        Raises:
            ConfigError: a loop is at work in the folder.
        """
        self.path.mkdir(parents=True, exist_ok=True)
        lock = filelock.FileLock(self.path / "lock")
        try:
            lock.acquire(timeout=0)
        except filelock.Timeout:
            raise ConfigError(f"{self.path}: another loop is at work here; stop it, or name another folder") from None
        try:
            yield
        finally:
            lock.release()
