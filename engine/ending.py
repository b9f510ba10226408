"""The end of a game: when to pass, what must be captured first, which moves would only spoil.

The search decides moves; here the last word is spoken where counting knows better than a net that has seen few finished
boards. What a pass brings is what the rules in force say (`Count`): under Tromp-Taylor rules the board as it stands,
dead stones and all; under rules by which players agree on dead stones, the board without them. A conservative count
takes the lesser of the two under Tromp-Taylor rules as well: an opponent who passes while our dead stones stand holds
them for dead, and so may the referee.

Approximations: dead stones are what the evaluator's ownership says, chain by chain, and there is no encore, so under
territory scoring a disputed group is not played out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from .coords import BLACK, EMPTY, opponent
from .estimate import FinalStatus, chain_at, final_status, is_self_atari, liberties, neighbours, stuck_chains
from .game import Game
from .rules import Scoring
from .scoring import owners_of
from .snapshot import MoveStats, SearchSnapshot

SURE = 0.85
"""Ownership, 0 to 1, from which on a point counts as decided.

On 9x9 boards of which 95% was settled, the labels said less than 0.5 of none of the points to which ponnuki-b and
ponnuki-c gave 0.85 to 0.88 (ponnuki-b-watch: 0.6%), and of 0.2 to 1.8% of those with 0.8 to 0.85.
"""

HOPELESS = -0.9
"""Value to play below which a finished board is passed although it is lost."""


@dataclass(frozen=True)
class Judgement:
    """What the evaluator says of a board."""

    ownership_black: np.ndarray
    """float32[N, N], -1 … 1."""
    status: FinalStatus
    seki: frozenset[int]
    """Stones around points that neither side can enter, the evaluator being unsure of them."""


def judge_board(stones: np.ndarray, ownership_black: np.ndarray) -> Judgement:
    """The judgement that follows from who owns what: `stones` uint8[N, N], `ownership_black` float32[N, N]."""
    stuck = stuck_chains(stones.reshape(-1), ownership_black.reshape(-1), stones.shape[0])
    return Judgement(ownership_black, final_status(stones, ownership_black), frozenset(stuck))


Judge = Callable[[], Judgement]
"""Judges the present board; called only where it matters, since it costs evaluations."""


def margin_to_play(game: Game, colour: int, dead: Iterable[int] = ()) -> float:
    """A colour's margin in points, the dead stones taken off."""
    score = game.score_black(dead)
    return score if colour == BLACK else -score


def stands_as_it_is(game: Game) -> bool:
    """Whether the rules count the final board with all its stones: area scoring without agreement on dead ones."""
    return game.rules.scoring == Scoring.AREA and not game.rules.friendly_pass_ok


@dataclass(frozen=True)
class Count:
    """What a colour's margin would be if the game ended now."""

    game: Game
    colour: int
    judge: Judge
    conservative: bool
    """Whether a board that counts as it stands must be won without dead stones too."""

    def margin(self) -> float:
        """In points, by the rules in force."""
        if not stands_as_it_is(self.game):
            return self.agreed()
        standing = margin_to_play(self.game, self.colour)
        return min(standing, self.agreed()) if self.conservative and standing > 0 else standing

    def agreed(self) -> float:
        """In points, with dead stones taken off."""
        return margin_to_play(self.game, self.colour, self.judgement.status.dead)

    @cached_property
    def judgement(self) -> Judgement:
        """Who owns what; evaluated once, and only where it is asked for."""
        return self.judge()


def fills_own_eye(game: Game, move: int, colour: int) -> bool:
    """Whether a move fills a point all of whose neighbours are own stones, none of their chains being in atari."""
    stones = game.stones().reshape(-1)
    near = list(neighbours(move, game.size))
    if any(stones[point] != colour for point in near):
        return False
    return all(len(liberties(stones, point, game.size)) > 1 for point in near)


def undecided(game: Game, judgement: Judgement) -> int:
    """Points that may still change hands: empty ones of unsure ownership, and chains of unsure life (all their stones).

    Empty points that nobody can make his are among them, so a count that leads by more is sure. Stones in seki stay.
    """
    stones = game.stones().reshape(-1)
    sure = np.abs(judgement.ownership_black.reshape(-1)) >= SURE
    sure[list(judgement.seki)] = True
    empty = int(np.count_nonzero(~sure & (stones == EMPTY)))
    unsure_chains: set[int] = set()
    for point in np.flatnonzero(~sure & (stones != EMPTY)).tolist():
        if point not in unsure_chains:
            chain = chain_at(stones, point, game.size)
            if abs(float(np.mean(judgement.ownership_black.reshape(-1)[list(chain)]))) < SURE:
                unsure_chains |= chain
    return empty + 2 * len(unsure_chains)


def is_pointless(game: Game, move: int, judgement: Judgement) -> bool:
    """Whether a move is played where everything is decided: into somebody's sure territory, or into a seki."""
    owned = abs(float(judgement.ownership_black.reshape(-1)[move])) >= SURE
    return owned or any(near in judgement.seki for near in neighbours(move, game.size))


def capturing_move(game: Game, snapshot: SearchSnapshot, colour: int, judgement: Judgement) -> int | None:
    """A move against the opponent's dead stones: the most visited on one of their liberties, or any that is legal.

    None where there are no dead stones that could be taken.
    """
    stones = game.stones().reshape(-1)
    dead = [point for point in judgement.status.dead if stones[point] == opponent(colour)]
    wanted = {liberty for point in dead for liberty in liberties(stones, point, game.size) if game.is_legal(liberty)}
    searched = [stats.move for stats in snapshot.moves if stats.move in wanted]
    if searched:
        return searched[0]
    return min((move for move in wanted if not fills_own_eye(game, move, colour)), default=None)


def last_word(game: Game, snapshot: SearchSnapshot, chosen: int, judge: Judge, *, conservative: bool) -> int:
    """The move to play instead of the search's choice; the choice itself nearly always.

    - After the opponent's pass, a pass that wins by the count is played.
    - A pass that would lose by the count because dead stones still stand is put off: they are captured. Nor is a lost
      game passed while something is open.
    - A pass that wins by the count gives way to a point that is still open where area is counted, if the search found
      that it costs nothing.
    - A move into decided territory gives way to a pass if the count wins whatever is still open, or if the game is lost
      and nothing is open.
    - An own eye is not filled; the search's next choice is played, or a pass.

    Args:
        chosen: the search's choice: a move of the snapshot, or the policy's where no move was searched.
        conservative: whether a board that counts as it stands must be won without dead stones too (see `Count`).
    """
    colour, pass_move = snapshot.to_play, game.pass_move
    count = Count(game, colour, judge, conservative)
    if game.last_move == pass_move and count.margin() > 0:
        return pass_move
    if chosen == pass_move:
        return _instead_of_a_pass(count, snapshot)
    if not _may_be_pointless(game, chosen):
        return chosen
    judgement = count.judgement
    if is_pointless(game, chosen, judgement) and _may_pass(count, snapshot):
        return pass_move
    if not fills_own_eye(game, chosen, colour):
        return chosen
    others = (stats.move for stats in snapshot.moves if stats.move != chosen)
    return next((move for move in others if move == pass_move or not fills_own_eye(game, move, colour)), pass_move)


def _instead_of_a_pass(count: Count, snapshot: SearchSnapshot) -> int:
    """The pass, unless something may still be had.

    If it loses by the count: dead stones to capture, open points. If it wins: a point of area that costs nothing.
    """
    game, colour = count.game, count.colour
    if count.margin() > 0:
        return _last_point(count, snapshot)
    judgement = count.judgement
    if stands_as_it_is(game) and count.agreed() > 0:
        capture = capturing_move(game, snapshot, colour, judgement)
        return game.pass_move if capture is None else capture
    if not undecided(game, judgement):
        return game.pass_move
    searched = (stats.move for stats in snapshot.moves if stats.move != game.pass_move)
    return next((move for move in searched if _is_of_use(game, move, colour, judgement)), game.pass_move)


def _last_point(count: Count, snapshot: SearchSnapshot) -> int:
    """A move where something is open that the search found no worse than the pass; the pass if there is none.

    Only where area is counted: there a point that nobody owns yet is worth one.
    """
    game = count.game
    if game.rules.scoring != Scoring.AREA:
        return game.pass_move
    passed = next((stats for stats in snapshot.moves if stats.move == game.pass_move), None)
    if passed is None:  # the policy alone chose it
        return game.pass_move
    no_worse = (stats.move for stats in snapshot.moves if stats.move != game.pass_move
                and stats.visits >= SEARCHED and stats.value_to_play >= passed.value_to_play)
    return next((move for move in no_worse if _is_of_use(game, move, count.colour, count.judgement)), game.pass_move)


def _is_of_use(game: Game, move: int, colour: int, judgement: Judgement) -> bool:
    """Whether a move is played where something is open, and gives nothing away."""
    if is_pointless(game, move, judgement) or fills_own_eye(game, move, colour):
        return False
    return not is_self_atari(game.stones().reshape(-1), move, colour, game.size)


def _may_be_pointless(game: Game, move: int) -> bool:
    """A cheap test first: a move into a region that touches one colour alone, or one that puts itself in atari."""
    stones = game.stones()
    if owners_of(stones).reshape(-1)[move] != EMPTY:
        return True
    return is_self_atari(stones.reshape(-1), move, game.to_play, game.size)


def _may_pass(count: Count, snapshot: SearchSnapshot) -> bool:
    """Whether the count wins by more than is still open, or the game is lost with nothing open.

    A search that has looked at the pass must not know better, unless territory is counted: the nets learn from games
    counted by area, and think that a pass loses a point where it wins one.
    """
    area = count.game.rules.scoring == Scoring.AREA
    passed = next((stats for stats in snapshot.moves if stats.move == count.game.pass_move), None)
    if area and passed is not None and _loses_something(passed, snapshot):
        return False
    margin = count.margin()
    open_points = undecided(count.game, count.judgement)
    if margin > 0:
        return margin > open_points
    return open_points == 0 and snapshot.value_to_play < HOPELESS


SEARCHED = 4
"""Visits from which on a move's value is believed."""

PASS_COST = 0.25
"""Value, of 2, by which a pass may look worse than the best move and still be played."""


def _loses_something(passed: MoveStats, snapshot: SearchSnapshot) -> bool:
    """Whether the search found that a pass loses the game or a part of it."""
    best = snapshot.moves[0]
    return passed.visits >= SEARCHED and passed.value_to_play < best.value_to_play - PASS_COST
