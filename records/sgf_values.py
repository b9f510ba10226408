"""How komi, result and rules are written in the SGF files that are about, read leniently, and how we write them."""

from __future__ import annotations

import math
import re
from typing import NamedTuple

from ponnuki.engine.errors import ConfigError
from ponnuki.engine.rules import HandicapBonus, Ko, Rules, Scoring
from ponnuki.records.format import ENDING_COUNTED, ENDING_RESIGNED, ENDING_UNKNOWN

_NUMBER = re.compile(
    r"(?P<sign>[-+]?)"
    r"(?:(?:(?P<whole>\d{1,6})\s+)?(?P<over>\d{1,6})/(?P<under>[1-9]\d{0,5})"  # 3/4, 1 3/4
    r"|(?P<decimal>\d+(?:[.,]\d+)?|[.,]\d+))"
)
_TOO_LARGE = 1e6
"""No komi, in hundredths, and no margin is so large."""


class Result(NamedTuple):
    """How a game ended."""

    winner: int  # 1 Black, -1 White, 0 drawn or unknown
    ending: int  # one of format.ENDING_...
    score_black: float  # Black's margin in points; NaN where not counted


UNKNOWN_RESULT = Result(0, ENDING_UNKNOWN, math.nan)


def parse_komi(text: str) -> float | None:
    """Komi in points, None where no number stands there; infinite where it is absurd.

    Some servers write hundredths (`650`; hundreds with a decimal point are points), and under Chinese rules the stones
    that change hands, half of the points: `3.75` and `375` are 7.5 points. A quarter gives the latter away, since no
    komi in points has one.
    """
    number = _first_number(text)
    if number is None:
        return None
    hundredths = abs(number) >= 100 and not re.search("[.,]", text)
    return _points(number / 100 if hundredths else number)


def _first_number(text: str) -> float | None:
    match = _NUMBER.search(text)
    if not match:
        return None
    if match["under"]:
        size = int(match["whole"] or 0) + int(match["over"]) / int(match["under"])
    else:
        size = float(match["decimal"].replace(",", "."))
    if size >= _TOO_LARGE:
        size = math.inf
    return -size if match["sign"] == "-" else size


def _points(number: float) -> float:
    """Points, for a number of points or, where it has an odd number of quarters, of stones."""
    return number * 2 if (number * 4) % 2 == 1 else number


def parse_result(text: str) -> Result:
    """The result that RE gives, such as `B+3.5`, `W+R`, `Black + Resign`, `W+T`, `Draw`, `Void`.

    A win on time or by forfeit has a winner and an unknown ending: who was ahead it does not say.
    """
    cleaned = text.strip().lower()
    if cleaned in ("0", "draw", "jigo"):
        return Result(0, ENDING_COUNTED, 0.0)
    match = re.match(r"(b|w)(?:lack|hite)?\s*\+\s*(.*)", cleaned)
    if not match:
        return UNKNOWN_RESULT
    sign = 1 if match[1] == "b" else -1
    if match[2].startswith("r"):
        return Result(sign, ENDING_RESIGNED, math.nan)
    margin = _first_number(match[2])
    if not margin or not 0 < margin < math.inf:
        return Result(sign, ENDING_UNKNOWN, math.nan)
    return Result(sign, ENDING_COUNTED, sign * _points(margin))


def result_text(result: Result) -> str:
    """RE for a result; `?` where it is unknown."""
    if not result.winner:
        return "0" if result.ending == ENDING_COUNTED else "?"
    side = "B+" if result.winner > 0 else "W+"
    if result.ending == ENDING_RESIGNED:
        return side + "R"
    if result.ending == ENDING_COUNTED and not math.isnan(result.score_black):
        return f"{side}{abs(result.score_black):g}"
    return side


_RULE_NAMES = (
    (r"\b(jap|jp\b)", "japanese"), (r"\bkor", "korean"), (r"\b(chin|cn\b)", "chinese"), (r"\baga\b", "aga"),
    (r"\btromp", "tromp-taylor"), (r"\b(new.?zealand|nz\b)", "new-zealand"), (r"\bgoe\b", "goe"),
    (r"\bing\b", "ing"), (r"\bterritory\b", "japanese"), (r"\barea\b", "chinese"),
)  # fmt: skip
"""Patterns of rule names met in SGF files, with our preset; tried in order."""

_KATAGO_RULES = re.compile(
    r"ko(?P<ko>SIMPLE|POSITIONAL|SITUATIONAL)score(?P<scoring>AREA|TERRITORY)tax(?P<tax>NONE|SEKI|ALL)"
    r"sui(?P<suicide>[01])(?:button1)?(?:whb(?P<bonus>0|N-1|N))?(?:fpok1)?"
)
_BONUSES = {None: HandicapBonus.NONE, "0": HandicapBonus.NONE, "N": HandicapBonus.N, "N-1": HandicapBonus.N_MINUS_ONE}


def parse_rules(text: str) -> Rules | None:
    """The rules that RU names, by our presets' names, common spellings or KataGo's notation; None where unknown."""
    if match := _KATAGO_RULES.fullmatch(text.strip()):
        return Rules(
            Ko[match["ko"]], Scoring[match["scoring"]], match["suicide"] == "1", _BONUSES[match["bonus"]], match["tax"]
        )
    try:
        return Rules.preset(text)
    except ConfigError:
        lowered = text.strip().lower()
        return next((Rules.preset(name) for part, name in _RULE_NAMES if re.search(part, lowered)), None)


def rules_text(rules: Rules) -> str:
    """RU for rules: a name where one has the same ko, scoring, suicide and bonus, else KataGo's notation."""
    for name in ("Japanese", "Chinese", "AGA", "NZ", "GOE"):
        preset = parse_rules(name)
        if preset is not None and _essence(preset) == _essence(rules):
            return name
    ko, scoring, suicide, bonus = _essence(rules)
    notation = f"ko{ko.name}score{scoring.name}tax{rules.tax}sui{int(suicide)}"
    return notation + {HandicapBonus.NONE: "", HandicapBonus.N: "whbN", HandicapBonus.N_MINUS_ONE: "whbN-1"}[bonus]


def _essence(rules: Rules) -> tuple[Ko, Scoring, bool, HandicapBonus]:
    """What a game record keeps of the rules."""
    return rules.ko, rules.scoring, rules.suicide, rules.handicap_bonus
