"""Ranges of settings, written beside the fields that they hold for: ``visits: Annotated[int, Range(1, 1000)] = 8``."""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass
from typing import get_type_hints

from .errors import ConfigError


@dataclass(frozen=True)
class Range:
    """Numbers that a setting may be."""

    low: float
    high: float = math.inf
    above: bool = False
    """Whether `low` itself is left out."""

    def __contains__(self, value: float) -> bool:
        return self.low <= value <= self.high and not (self.above and value == self.low)

    def __str__(self) -> str:
        if self.high == math.inf:
            return f"more than {self.low:g}" if self.above else f"{self.low:g} or more"
        return f"more than {self.low:g}, at most {self.high:g}" if self.above else f"{self.low:g} to {self.high:g}"


SHARE = Range(0, 1)
"""Of a whole."""


class Ranged:
    """Base of settings, dataclasses, whose numbers are checked on construction."""

    def __post_init__(self) -> None:
        """Raises ConfigError for a value out of its range; None is in every range."""
        for name, accepted in _ranges_of(type(self)).items():  # type: ignore[arg-type]  # mypy: a class is hashable
            value = getattr(self, name)
            if value is not None and value not in accepted:
                raise ConfigError(f"{name} is {value}: expected {accepted}")


@functools.cache
def _ranges_of(kind: type[Ranged]) -> dict[str, Range]:
    """The ranges of a class's fields, by name."""
    return {
        name: note
        for name, hint in get_type_hints(kind, include_extras=True).items()
        for note in getattr(hint, "__metadata__", ())
        if isinstance(note, Range)
    }
