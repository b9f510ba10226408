"""Rule sets: names, KataGo's objects, what each preset means."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from ponnuki.engine.errors import ConfigError
from ponnuki.engine.rules import HOME_RULES, PRESETS, HandicapBonus, Ko, Rules, Scoring

NAMES_THAT_CLIENTS_SEND = [
    "tromp-taylor", "chinese", "japanese", "korean", "aga", "new zealand", "ing", "stone_scoring", "chinese-ogs",
    "chinese-kgs", "bga", "french", "aga-button", "ancient-area", "ancient-territory", "goe",
]


@pytest.mark.parametrize("name", NAMES_THAT_CLIENTS_SEND)
def test_names_ignore_case_and_separators(name: str) -> None:
    rules = Rules.preset(name)
    bare = name.replace("-", "").replace("_", "").replace(" ", "")
    for variant in (name.upper(), name.title(), bare, name.replace("-", "_"), name.replace(" ", "-"), f" {name} "):
        assert Rules.preset(variant) == rules
        assert Rules.parse(variant) == rules


@pytest.mark.parametrize("name", ["", "chess", "tromp", "japanese2", "chinese;", "area!"])
def test_unknown_names_list_the_known(name: str) -> None:
    with pytest.raises(ConfigError, match=r"unknown rules .*: expected one of .*tromp-taylor.*japanese.*new-zealand"):
        Rules.parse(name)


@pytest.mark.parametrize(("name", "ko", "scoring", "suicide", "bonus"), [
    ("tromp-taylor", Ko.POSITIONAL, Scoring.AREA, True, HandicapBonus.NONE),
    ("chinese", Ko.SIMPLE, Scoring.AREA, False, HandicapBonus.N),
    ("japanese", Ko.SIMPLE, Scoring.TERRITORY, False, HandicapBonus.NONE),
    ("korean", Ko.SIMPLE, Scoring.TERRITORY, False, HandicapBonus.NONE),
    ("aga", Ko.SITUATIONAL, Scoring.AREA, False, HandicapBonus.N_MINUS_ONE),
    ("new zealand", Ko.SITUATIONAL, Scoring.AREA, True, HandicapBonus.NONE),
    ("ing", Ko.SITUATIONAL, Scoring.AREA, True, HandicapBonus.N),
    ("area", Ko.POSITIONAL, Scoring.AREA, False, HandicapBonus.NONE),
])
def test_presets(name: str, ko: Ko, scoring: Scoring, suicide: bool, bonus: HandicapBonus) -> None:
    rules = Rules.preset(name)
    assert (rules.ko, rules.scoring, rules.suicide, rules.handicap_bonus) == (ko, scoring, suicide, bonus)


def test_home_rules_are_the_designs() -> None:
    assert HOME_RULES == Rules() == Rules(Ko.POSITIONAL, Scoring.AREA, suicide=False)


@pytest.mark.parametrize("name", PRESETS)
def test_round_trip_through_katagos_object(name: str) -> None:
    rules = PRESETS[name]
    text = json.dumps(rules.to_json())
    assert Rules.parse(text) == rules
    assert Rules.parse(json.loads(text)) == rules
    assert rules.name is not None
    assert PRESETS[rules.name] == rules


def test_an_object_as_katrain_sends_it() -> None:
    rules = Rules.parse({"ko": "SITUATIONAL", "scoring": "AREA", "tax": "ALL", "suicide": False, "hasButton": True,
                         "whiteHandicapBonus": "N-1"})
    assert rules == Rules(ko=Ko.SITUATIONAL, tax="ALL", has_button=True, handicap_bonus=HandicapBonus.N_MINUS_ONE)
    assert rules.name is None
    assert Rules.parse('{"koRule": "simple", "scoringRule": "territory"}') == Rules(Ko.SIMPLE, Scoring.TERRITORY)


@pytest.mark.parametrize(("value", "message"), [
    ({"ko": "NONE"}, "rule ko is 'NONE': expected one of SIMPLE, POSITIONAL, SITUATIONAL"),
    ({"suicide": "yes"}, "rule suicide is 'yes': expected true or false"),
    ({"suicide": 1}, "expected true or false"),
    ({"whiteHandicapBonus": "2"}, "expected one of 0, N, N-1"),
    ({"kö": "SIMPLE"}, "unknown rule 'kö': expected one of ko"),
    ("{", "not valid JSON"),
    ("{}x", "not valid JSON"),
    ([1], "expected a name or an object"),
    (None, "expected a name or an object"),
    ({"ko": None}, "expected one of"),
])
def test_bad_objects_get_one_clear_line(value: object, message: str) -> None:
    with pytest.raises(ConfigError, match=message) as caught:
        Rules.parse(value)  # type: ignore[arg-type]
    assert "\n" not in str(caught.value)


def test_changing_one_rule_keeps_the_rest() -> None:
    rules = Rules.preset("chinese")
    assert rules.changed("ko", "POSITIONAL") == replace(rules, ko=Ko.POSITIONAL)
    assert rules.changed("suicide", "true") == rules.changed("suicide", True) == replace(rules, suicide=True)
    assert rules.changed("friendlyPassOk", "FALSE") == replace(rules, friendly_pass_ok=False)
    with pytest.raises(ConfigError, match="expected one of"):
        rules.changed("scoring", "moonlight")


def test_handicap_points() -> None:
    for bonus, points in ((HandicapBonus.NONE, 0), (HandicapBonus.N, 4), (HandicapBonus.N_MINUS_ONE, 3)):
        assert Rules(handicap_bonus=bonus).handicap_points(4) == points
        assert Rules(handicap_bonus=bonus).handicap_points(1) == 0
        assert Rules(scoring=Scoring.TERRITORY, handicap_bonus=bonus).handicap_points(4) == 0


def test_what_is_approximated_is_said() -> None:
    assert Rules.preset("tromp-taylor").approximations == []
    assert any("SEKI" in note for note in Rules.preset("japanese").approximations)
    assert any("encore" in note for note in Rules.preset("japanese").approximations)
    assert any("button" in note for note in Rules.preset("aga-button").approximations)


def test_default_komi() -> None:
    assert Rules.preset("japanese").default_komi == 6.5
    assert Rules.preset("chinese").default_komi == 7.5
