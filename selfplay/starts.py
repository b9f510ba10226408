"""What a game of self-play begins from: size, rules, komi, handicap, and how many moves the policy makes alone."""

from __future__ import annotations

import math
import random
from dataclasses import dataclass

from ponnuki.engine.game import Game
from ponnuki.engine.handicap import fixed_handicap, max_fixed_handicap
from ponnuki.engine.rules import Rules
from ponnuki.selfplay.settings import StartSettings

WIDE = 10.0
"""How much wider than usual the komi of some games is drawn."""


@dataclass(frozen=True)
class Start:
    """A game that is about to begin."""

    game: Game
    opening_moves: int
    """Moves to draw from the net's policy before any search."""
    fair_komi: bool
    """Whether the komi is to be moved by what the net thinks the opening is worth; then it is an offset from that."""


def new_start(settings: StartSettings, chance: random.Random) -> Start:
    """Draw one."""
    size = _drawn(dict(settings.sizes), chance)
    rules = Rules.preset(_drawn(dict(settings.rules), chance))
    stdev = settings.komi_stdev * (WIDE if chance.random() < settings.wide_komi_share else 1.0)
    fair = chance.random() < settings.fair_komi_share
    game = Game(size, half_points(settings.komi + chance.gauss(0, stdev)), rules)
    most = min(settings.most_handicap, max_fixed_handicap(size))
    if chance.random() < settings.handicap_share and most > 1:
        game.set_handicap(fixed_handicap(size, chance.randint(2, most)))
    mean = settings.opening_moves * size * size
    return Start(game, int(chance.expovariate(1 / mean)) if mean > 0 else 0, fair)


def half_points(komi: float) -> float:
    """The nearest komi that leaves no drawn games."""
    return math.floor(komi) + 0.5


def fair_komi(start: Start, settings: StartSettings, lead_black: float) -> float:
    """The komi that takes Black's lead away, moved by as much as the drawn one lies from its mean."""
    area = start.game.size**2
    fair = start.game.komi + lead_black + (start.game.komi - settings.komi)
    return half_points(max(-area, min(area, fair)))


def _drawn(shares: dict, chance: random.Random):  # type: ignore[no-untyped-def, type-arg]
    return chance.choices(list(shares), list(shares.values()))[0]
