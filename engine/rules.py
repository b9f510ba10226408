"""Rule sets: what they are called, what they mean, and KataGo's JSON form of them.

A rule set is ko rule, scoring, suicide and the compensation for handicap stones. What else the names stand for is
approximated, and said so in ``Rules.approximations``:

* Territory scoring counts surrounded points and prisoners on the final board; there is no encore, seki points count
  (``tax`` "SEKI" is not applied) and dead stones are settled by the net or by agreement.
* Group tax (stone scoring) and the button are read and shown but do not change the score.
* Under simple ko a position may recur without end; such a game ends by passes or a move limit, never as "no result".
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import IntEnum
from typing import Any

from .errors import ConfigError


class Ko(IntEnum):
    """Which repetitions are forbidden."""

    POSITIONAL = 0
    SITUATIONAL = 1
    SIMPLE = 2


class Scoring(IntEnum):
    """What is counted at the end."""

    AREA = 0
    TERRITORY = 1


class HandicapBonus(IntEnum):
    """Points that White is given for N handicap stones, under area scoring."""

    NONE = 0
    N = 1
    N_MINUS_ONE = 2


TAXES = ("NONE", "SEKI", "ALL")


@dataclass(frozen=True)
class Rules:
    """One rule set. Frozen; ``dataclasses.replace`` makes variants."""

    ko: Ko = Ko.POSITIONAL
    scoring: Scoring = Scoring.AREA
    suicide: bool = False
    """Whether several own stones may be removed by a move; a single stone's suicide never is allowed."""
    handicap_bonus: HandicapBonus = HandicapBonus.NONE
    tax: str = "NONE"
    """KataGo's group tax: NONE, SEKI or ALL. Kept for clients, not applied."""
    has_button: bool = False
    """Kept for clients, not applied."""
    friendly_pass_ok: bool = False
    """Kept for clients: whether passing before dead stones are captured is safe."""

    @staticmethod
    def preset(name: str) -> Rules:
        """The rule set of a name; case, spaces, ``_`` and ``-`` do not matter.

        Raises:
            ConfigError: an unknown name; the message lists the known ones.
        """
        key = _normalised(name)
        for known, rules in PRESETS.items():
            if _normalised(known) == key:
                return rules
        raise ConfigError(f"unknown rules {name!r}: expected one of {', '.join(PRESETS)}")

    @staticmethod
    def parse(value: str | Mapping[str, Any]) -> Rules:
        """A preset's name, or KataGo's rules object as a mapping or as its JSON text.

        Raises:
            ConfigError: an unknown name, key or value.
        """
        if not isinstance(value, str):
            return _from_mapping(value)
        if value.lstrip().startswith("{"):
            try:
                decoded = json.loads(value)
            except json.JSONDecodeError as error:
                raise ConfigError(f"rules {value!r} are not valid JSON: {error}") from None
            return _from_mapping(decoded)
        return Rules.preset(value)

    @property
    def name(self) -> str | None:
        """Name of the preset that equals these rules, None if there is none."""
        return next((name for name, rules in PRESETS.items() if rules == self), None)

    @property
    def default_komi(self) -> float:
        """The komi that is customary under these rules on 19×19."""
        return 6.5 if self.scoring == Scoring.TERRITORY else 7.5

    def handicap_points(self, stones: int) -> float:
        """Points that White is given for Black's handicap stones."""
        if self.scoring == Scoring.TERRITORY or stones < 2:
            return 0.0
        return {HandicapBonus.NONE: 0.0, HandicapBonus.N: float(stones), HandicapBonus.N_MINUS_ONE: stones - 1.0}[
            self.handicap_bonus
        ]

    def to_json(self) -> dict[str, Any]:
        """KataGo's rules object."""
        return {
            "ko": self.ko.name,
            "scoring": self.scoring.name,
            "tax": self.tax,
            "suicide": self.suicide,
            "hasButton": self.has_button,
            "whiteHandicapBonus": _BONUS_NAMES[self.handicap_bonus],
            "friendlyPassOk": self.friendly_pass_ok,
        }

    def changed(self, key: str, value: Any) -> Rules:
        """These rules with one of KataGo's keys changed, given as a value or as text (``kata-set-rule``)."""
        return _from_mapping({**self.to_json(), key: _from_text(value)})

    @property
    def approximations(self) -> list[str]:
        """What these rules say and this engine does not do, one sentence each."""
        notes = []
        if self.tax != "NONE":
            notes.append(f"group tax {self.tax} is not applied to the score")
        if self.has_button:
            notes.append("the button is not played for")
        if self.scoring == Scoring.TERRITORY:
            notes.append("territory is counted on the final board; there is no encore")
        return notes


_BONUS_NAMES = {HandicapBonus.NONE: "0", HandicapBonus.N: "N", HandicapBonus.N_MINUS_ONE: "N-1"}

_CHINESE = Rules(ko=Ko.SIMPLE, handicap_bonus=HandicapBonus.N, friendly_pass_ok=True)
_JAPANESE = Rules(ko=Ko.SIMPLE, scoring=Scoring.TERRITORY, tax="SEKI", friendly_pass_ok=True)

PRESETS: dict[str, Rules] = {
    "tromp-taylor": Rules(suicide=True),
    "area": Rules(),
    "chinese": _CHINESE,
    "chinese-ogs": replace(_CHINESE, ko=Ko.POSITIONAL),
    "chinese-kgs": replace(_CHINESE, ko=Ko.POSITIONAL),
    "japanese": _JAPANESE,
    "korean": _JAPANESE,
    "territory": _JAPANESE,
    "stone-scoring": Rules(ko=Ko.SIMPLE, tax="ALL", friendly_pass_ok=True),
    "ancient-area": Rules(ko=Ko.SIMPLE, tax="ALL", friendly_pass_ok=True),
    "ancient-territory": Rules(ko=Ko.SIMPLE, scoring=Scoring.TERRITORY, tax="ALL", friendly_pass_ok=True),
    "aga": Rules(ko=Ko.SITUATIONAL, handicap_bonus=HandicapBonus.N_MINUS_ONE, friendly_pass_ok=True),
    "bga": Rules(ko=Ko.SITUATIONAL, handicap_bonus=HandicapBonus.N_MINUS_ONE, friendly_pass_ok=True),
    "french": Rules(ko=Ko.SITUATIONAL, handicap_bonus=HandicapBonus.N_MINUS_ONE, friendly_pass_ok=True),
    "new-zealand": Rules(ko=Ko.SITUATIONAL, suicide=True, friendly_pass_ok=True),
    "ing": Rules(ko=Ko.SITUATIONAL, suicide=True, handicap_bonus=HandicapBonus.N, friendly_pass_ok=True),
    "goe": Rules(ko=Ko.SITUATIONAL, suicide=True, handicap_bonus=HandicapBonus.N, friendly_pass_ok=True),
    "aga-button": Rules(
        ko=Ko.SITUATIONAL, handicap_bonus=HandicapBonus.N_MINUS_ONE, has_button=True, friendly_pass_ok=True
    ),
}
"""Names that Sabaki, KaTrain, GoGui and KataGo send. "area" is the home rule set: area scoring, positional superko,
no suicide."""

HOME_RULES = PRESETS["area"]


def _normalised(name: str) -> str:
    return "".join(letter for letter in name.lower() if letter not in " _-")


def _from_text(value: Any) -> Any:
    """``true`` and ``false`` as booleans; anything else as it is."""
    lowered = value.lower() if isinstance(value, str) else None
    return {"true": True, "false": False}.get(lowered, value) if lowered is not None else value


def _choice(key: str, value: Any, accepted: Mapping[str, Any]) -> Any:
    text = str(value).upper()
    if text not in accepted:
        raise ConfigError(f"rule {key} is {value!r}: expected one of {', '.join(accepted)}")
    return accepted[text]


def _flag(key: str, value: Any) -> bool:
    if not isinstance(value, bool):
        raise ConfigError(f"rule {key} is {value!r}: expected true or false")
    return value


_KO_NAMES = {"SIMPLE": Ko.SIMPLE, "POSITIONAL": Ko.POSITIONAL, "SITUATIONAL": Ko.SITUATIONAL}
_SCORING_NAMES = {"AREA": Scoring.AREA, "TERRITORY": Scoring.TERRITORY}
_BONUS_VALUES = {
    "0": HandicapBonus.NONE,
    "N": HandicapBonus.N,
    "N-1": HandicapBonus.N_MINUS_ONE,
}
_TAX_VALUES = {tax: tax for tax in TAXES}

_READERS: dict[str, tuple[str, Any]] = {
    "ko": ("ko", lambda key, value: _choice(key, value, _KO_NAMES)),
    "koRule": ("ko", lambda key, value: _choice(key, value, _KO_NAMES)),
    "scoring": ("scoring", lambda key, value: _choice(key, value, _SCORING_NAMES)),
    "scoringRule": ("scoring", lambda key, value: _choice(key, value, _SCORING_NAMES)),
    "tax": ("tax", lambda key, value: _choice(key, value, _TAX_VALUES)),
    "taxRule": ("tax", lambda key, value: _choice(key, value, _TAX_VALUES)),
    "suicide": ("suicide", _flag),
    "multiStoneSuicideLegal": ("suicide", _flag),
    "hasButton": ("has_button", _flag),
    "friendlyPassOk": ("friendly_pass_ok", _flag),
    "whiteHandicapBonus": ("handicap_bonus", lambda key, value: _choice(key, value, _BONUS_VALUES)),
}
"""KataGo's keys, long and short, with the field that each sets and how its value is read."""


def _from_mapping(values: Any) -> Rules:
    if not isinstance(values, Mapping):
        raise ConfigError(f"rules {values!r}: expected a name or an object")
    fields: dict[str, Any] = {}
    for key, value in values.items():
        if key not in _READERS:
            raise ConfigError(f"unknown rule {key!r}: expected one of {', '.join(_READERS)}")
        field, read = _READERS[key]
        fields[field] = read(key, value)
    return Rules(**fields)
