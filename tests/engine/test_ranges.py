"""Ranges beside the fields that they hold for."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Annotated

import pytest

from ponnuki.engine.errors import ConfigError
from ponnuki.engine.ranges import SHARE, Range, Ranged


@dataclass(frozen=True)
class Settings(Ranged):
    share: Annotated[float, SHARE] = 0.5
    count: Annotated[int | None, Range(1)] = None
    rate: Annotated[float, Range(0, above=True)] = 1.0
    part: Annotated[float, Range(0, 2, above=True)] = 1.0
    free: float = -1.0


@dataclass(frozen=True)
class More(Settings):
    depth: Annotated[int, Range(0, 3)] = 0

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.depth == 2:
            raise ConfigError("depth is 2: expected another")


def test_what_is_accepted() -> None:
    for values in ({}, {"share": 0}, {"share": 1}, {"count": 1}, {"count": 10**9}, {"part": 2}, {"free": math.inf}):
        Settings(**values)
    More(share=1, depth=3)


@pytest.mark.parametrize(("kind", "values", "complaint"), [
    (Settings, {"share": 1.5}, "share is 1.5: expected 0 to 1"),
    (Settings, {"share": math.nan}, "share is nan: expected 0 to 1"),
    (Settings, {"count": 0}, "count is 0: expected 1 or more"),
    (Settings, {"rate": 0}, "rate is 0: expected more than 0"),
    (Settings, {"part": 0}, "part is 0: expected more than 0, at most 2"),
    (Settings, {"part": 3}, "part is 3: expected more than 0, at most 2"),
    (More, {"share": -1}, "share is -1: expected 0 to 1"),
    (More, {"depth": 4}, "depth is 4: expected 0 to 3"),
    (More, {"depth": 2}, "depth is 2: expected another"),
])  # fmt: skip
def test_what_is_refused(kind: type[Settings], values: dict[str, float], complaint: str) -> None:
    with pytest.raises(ConfigError) as raised:
        kind(**values)
    assert str(raised.value) == complaint
