"""The choice of the move: most visits, the lower confidence bound, chance."""

from __future__ import annotations

import random
from collections import Counter

import pytest

from ponnuki.engine.choice import choose, temperature_at
from ponnuki.engine.config import ChoiceSettings, SearchSettings, settings_of
from ponnuki.engine.errors import ConfigError
from ponnuki.engine.snapshot import MoveStats, SearchSnapshot


def snapshot(*moves: tuple[int, float, float]) -> SearchSnapshot:
    """Of moves 0, 1, ... with (visits, utility, standard error), as many as given, on 19×19."""
    stats = tuple(
        MoveStats(move, visits, utility, 0.0, 0.1, (move,), utility, radius)
        for move, (visits, utility, radius) in enumerate(moves)
    )
    return SearchSnapshot(19, 1, sum(stat.visits for stat in stats) + 1, 100, 0.0, 0.0, 0.0, stats)


@pytest.mark.parametrize(("settings", "move"), [
    (ChoiceSettings(lcb_stdevs=0.0), 0),
    (ChoiceSettings(lcb_stdevs=1.0), 1),
    (ChoiceSettings(lcb_stdevs=10.0), 0),
    (ChoiceSettings(lcb_stdevs=1.0, lcb_share=0.6), 0),
    (ChoiceSettings(lcb_stdevs=1.0, lcb_share=0.01), 2),
])
def test_the_surest_move(settings: ChoiceSettings, move: int) -> None:
    seen = snapshot((100, 0.1, 0.01), (50, 0.2, 0.02), (10, 0.5, 0.05))
    assert choose(seen, settings, 0, random.Random(1)).move == move


def test_temperature_draws_in_proportion_to_visits() -> None:
    seen, chance = snapshot((60, 0, 0), (30, 0, 0), (10, 0, 0)), random.Random(1)
    drawn = Counter(choose(seen, ChoiceSettings(temperature=1.0), 0, chance).move for _ in range(5000))
    assert [drawn[move] / 5000 for move in range(3)] == pytest.approx([0.6, 0.3, 0.1], abs=0.02)
    cold = Counter(choose(seen, ChoiceSettings(temperature=0.5), 0, chance).move for _ in range(5000))
    assert [cold[move] / 5000 for move in range(3)] == pytest.approx([36 / 46, 9 / 46, 1 / 46], abs=0.02)


def test_temperature_falls_with_the_moves() -> None:
    settings = ChoiceSettings(temperature=0.8, halflife=19)
    assert temperature_at(0, 19, settings) == 0.8
    assert temperature_at(38, 19, settings) == pytest.approx(0.2)
    assert temperature_at(9, 9, settings) == pytest.approx(0.4)
    late = {choose(snapshot((60, 0, 0), (59, 0, 0)), settings, 300, random.Random(seed)).move for seed in range(20)}
    assert late == {0}


def test_settings_by_name() -> None:
    assert settings_of("c_puct=2, root_symmetries=8,transpositions=yes") == {
        "c_puct": 2.0, "root_symmetries": 8, "transpositions": True,
    }
    assert settings_of("temperature=0.5", ChoiceSettings) == {"temperature": 0.5}
    assert settings_of("") == {}


@pytest.mark.parametrize(("text", "message"), [
    ("c_put=2", "unknown setting 'c_put': expected one of c_puct, "),
    ("c_puct=much", "c_puct is 'much': expected a number"),
    ("c_puct=-1", "c_puct is -1.0: expected 0 to 100"),
    ("root_symmetries=2.5", "root_symmetries is '2.5': expected a whole number"),
    ("cache=maybe", "cache is 'maybe': expected yes or no"),
    ("cache", "cache is '': expected yes or no"),
])
def test_settings_that_are_not_accepted(text: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        settings_of(text, SearchSettings)
