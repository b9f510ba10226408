"""Fake engines and referees for the arena's tests."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from ponnuki.arena.contestant import Contestant
from ponnuki.arena.timecontrol import TimeControl

FAKE = Path(__file__).parent / "fakes" / "engine.py"


def fake_command(*options: str) -> tuple[str, ...]:
    """Command line of a fake engine (see fakes/engine.py)."""
    return (sys.executable, "-S", str(FAKE), *options)


@pytest.fixture
def fake() -> Callable[..., Contestant]:
    """Makes a contestant of a fake engine: its name, then its options."""

    def make(name: str, *options: str, time: str = "none") -> Contestant:
        return Contestant(name, fake_command(*options), TimeControl.parse(time))

    return make
