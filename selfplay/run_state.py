"""Where a run stands: one small JSON file, replaced as a whole at every step."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ponnuki.arena.ratings import Meeting, Ratings, rate
from ponnuki.engine.errors import RecordError
from ponnuki.records.replacing import replace_bytes

FORMAT = "ponnuki-loop-1"

SELF_PLAY, TRAINING, GATE = "self-play", "training", "gate"
PHASES = SELF_PLAY, TRAINING, GATE


@dataclass
class NetEntry:
    """A net of the run."""

    name: str
    generation: int
    accepted: bool
    games: int
    """Of self-play before it was made."""
    positions: int
    """To learn from, before it was made."""
    hours: float
    """Of the run, when it was accepted or not."""
    opponent: str | None = None
    """Whom it met in the gate …"""
    pairs: int = 0
    points: float = 0.0
    """… and what it made of twice as many games."""


@dataclass
class RunState:
    """All that a run has to remember beside its files."""

    generation: int = 1
    """The one under way; the first net is of generation 0."""
    phase: str = SELF_PLAY
    champion: str = ""
    """The net that plays."""
    latest: str = ""
    """The net that the next one is trained from."""
    nets: list[NetEntry] = field(default_factory=list)
    hours: dict[str, float] = field(default_factory=lambda: dict.fromkeys(PHASES, 0.0))
    """Spent so far, by phase."""
    resign_threshold: float | None = None
    """The one in force; None: as the settings say."""
    resignations_checked: int = 0
    resignations_wrong: int = 0
    """Since the threshold was last changed."""
    playouts: int = 0
    """Of finished games."""

    @property
    def hours_in_all(self) -> float:
        """Spent so far."""
        return sum(self.hours.values())

    def ratings(self) -> Ratings | None:
        """Elo of the nets, the first one's being 0; None before the first gate."""
        meetings = [
            Meeting(net.name, net.opponent, net.points, 2 * net.pairs)
            for net in self.nets
            if net.opponent is not None and net.pairs
        ]
        if not meetings:
            return None
        return rate(meetings, anchor=next((n.name for n in self.nets if n.opponent is None), None))

    def save(self, path: Path) -> None:
        """Replace the file.

        Raises:
            OSError: it cannot be written; the old one stays.
        """
        table = {"format": FORMAT, **dataclasses.asdict(self)}
        replace_bytes(path, (json.dumps(table, indent=1) + "\n").encode())

    @classmethod
    def load(cls, path: Path) -> RunState:
        """Read the file.

        Raises:
            RecordError: it is missing, damaged or of another version.
        """
        try:
            table: dict[str, Any] = json.loads(path.read_text("utf-8"))
            if table.pop("format") != FORMAT:
                raise RecordError(f"{path}: not of the format {FORMAT}")
            nets = [NetEntry(**net) for net in table.pop("nets")]
            return cls(nets=nets, **table)
        except OSError as error:
            raise RecordError(f"{path}: {error.strerror or error}") from None
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise RecordError(f"{path}: damaged: {error}") from None
