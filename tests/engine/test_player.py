"""The player: limits, time, reuse of the tree, the choice of the move, resignation, whole games."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from ponnuki.engine import player as player_module
from ponnuki.engine import timing as timing_module
from ponnuki.engine.config import DEFAULT_MOVE_TIME_S, Limits, PlayerSettings, Restriction, SearchSettings, TimeSettings
from ponnuki.engine.coords import BLACK, WHITE, parse_vertex
from ponnuki.engine.errors import ConfigError, IllegalMoveError
from ponnuki.engine.evaluator import (
    Evaluation,
    Evaluator,
    EvaluatorInputs,
    EvaluatorOutputs,
    LeafBatch,
    MixedEvaluator,
    RolloutEvaluator,
    UniformEvaluator,
)
from ponnuki.engine.game import Game
from ponnuki.engine.player import UNSEEN_S, Player
from ponnuki.engine.rules import PRESETS, Rules, Scoring
from tests.engine.fakes import EquivariantEvaluator, OpinionEvaluator
from tests.reference.go import parse_diagram

EVEN = TimeSettings(early_stop=False, middle_game=0, extension=1)
"""The same time for every move."""
QUICK = PlayerSettings(limits=Limits(playouts=20), batch_size=4, seed=1, resign_threshold=0.0, timing=EVEN)


class CertainEvaluator:
    """Black wins every position with `value_black`, and the policy likes the pass least."""

    inputs = EvaluatorInputs(positions=True)
    outputs = EvaluatorOutputs()

    def __init__(self, value_black: float) -> None:
        self.value_black = value_black

    def evaluate(self, batch: LeafBatch) -> Evaluation:
        policy = np.zeros((batch.count, batch.size**2 + 1), np.float32)
        policy[:, -1] = -5
        signs = np.where(batch.arrays.boards.info[: batch.count, 1] == BLACK, 1, -1)
        return Evaluation(policy, (self.value_black * signs).astype(np.float32))


@pytest.fixture
def clock_s(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """A clock that stands still: its one entry is the time, for tests to move on."""
    now = [1000.0]

    class FrozenTime:
        @staticmethod
        def monotonic() -> float:
            return now[0]

    monkeypatch.setattr(player_module, "time", FrozenTime)
    monkeypatch.setattr(timing_module, "time", FrozenTime)
    return now


# Limits


@pytest.mark.parametrize("batch_size", [1, 3, 8])
def test_playout_limit(batch_size: int) -> None:
    player = Player(Game(5), OpinionEvaluator(), replace(QUICK, limits=Limits(playouts=37), batch_size=batch_size))
    assert player.genmove(commit=False).snapshot.playouts == 37
    again = player.genmove(commit=False).snapshot
    assert (again.playouts, again.visits) == (37, 74)


def test_visit_limit_counts_the_reused_tree() -> None:
    player = Player(Game(5), OpinionEvaluator(), replace(QUICK, limits=Limits(visits=50)))
    first = player.genmove(commit=False).snapshot
    assert (first.playouts, first.visits) == (50, 50)
    again = player.genmove(commit=False).snapshot
    assert (again.playouts, again.visits) == (0, 50)


def test_the_first_limit_met_ends_the_search() -> None:
    for limits in (Limits(playouts=30, visits=500), Limits(playouts=500, visits=30)):
        player = Player(Game(5), OpinionEvaluator(), replace(QUICK, limits=limits))
        assert player.genmove().snapshot.visits == 30


@pytest.mark.parametrize(("limits", "budget_s"), [
    (Limits(move_time_s=3.0), 3.0),
    (Limits(), DEFAULT_MOVE_TIME_S),
])
def test_time_limit(clock_s: list[float], limits: Limits, budget_s: float) -> None:
    """An evaluation takes a tenth of a second of the frozen clock: only the overhead is left over."""

    def take_time(batch: LeafBatch) -> None:
        clock_s[0] += 0.1

    evaluator = OpinionEvaluator(before=take_time)
    player = Player(Game(5), evaluator, replace(QUICK, limits=limits, batch_size=1, move_overhead_s=0.25))
    choice = player.genmove()
    assert evaluator.calls == pytest.approx((budget_s - 0.25) / 0.1, abs=1)
    assert budget_s - 0.25 - 0.1 <= choice.time_s < budget_s, "half an evaluation early rather than late"


def test_a_clock_limits_too_and_is_charged(clock_s: list[float]) -> None:
    def take_time(batch: LeafBatch) -> None:
        clock_s[0] += 0.1

    player = Player(Game(5), OpinionEvaluator(before=take_time), replace(QUICK, limits=Limits(), batch_size=1))
    player.clock.set_absolute(40)
    budget_s = player.clock.budget_s(BLACK, 0, 5)
    choice = player.genmove()
    assert budget_s is not None
    assert budget_s - 0.1 <= choice.time_s < budget_s + 0.1
    left_s = player.clock.budget_s(BLACK, 0, 5)
    assert left_s == pytest.approx(budget_s * (40 - choice.time_s - UNSEEN_S) / 40)
    assert player.clock.budget_s(WHITE, 0, 5) == budget_s


def test_a_quarter_of_the_time_is_thought_however_long_loading_took(clock_s: list[float]) -> None:
    """The very first move waits for kernels to compile; it must not be played unsearched for that."""

    def take_time(batch: LeafBatch) -> None:
        clock_s[0] += 0.1

    evaluator = OpinionEvaluator(before=take_time)
    settings = replace(QUICK, limits=Limits(move_time_s=4.0), batch_size=1, move_overhead_s=0.0)
    began_s = clock_s[0]
    clock_s[0] += 90.0
    Player(Game(5), evaluator, settings).genmove(started=began_s)
    assert evaluator.calls == pytest.approx(10, abs=1)


def test_time_is_kept_back_for_judging_the_board(clock_s: list[float]) -> None:
    """After a pass the board is judged when the search is over: the second such move allows for it."""

    class Slow(EquivariantEvaluator):
        def evaluate(self, batch: LeafBatch) -> Evaluation:
            judges = batch.count == 8
            clock_s[0] += 0.1 if judges else 0.01
            return super().evaluate(batch)

    game = Game(5, 0.5, PRESETS["japanese"])
    game.play(parse_vertex("C3", 5))
    game.play(game.pass_move)
    settings = replace(QUICK, limits=Limits(move_time_s=1.0), move_overhead_s=0.05)
    player = Player(game, Slow(), settings)
    first, second = (player.genmove(commit=False).time_s for _ in range(2))
    assert first == pytest.approx(1.05, abs=0.03)
    assert second == pytest.approx(0.95, abs=0.03)


def test_a_move_that_is_only_asked_for_costs_no_clock(clock_s: list[float]) -> None:
    def take_time(batch: LeafBatch) -> None:
        clock_s[0] += 0.1

    player = Player(Game(5), OpinionEvaluator(before=take_time), replace(QUICK, limits=Limits(), batch_size=1))
    player.clock.set_absolute(40)
    before_s = player.clock.budget_s(BLACK, 0, 5)
    player.genmove(commit=False)
    assert player.clock.budget_s(BLACK, 0, 5) == before_s


def test_no_time_left_still_gives_a_move(clock_s: list[float]) -> None:
    player = Player(Game(5), OpinionEvaluator(), replace(QUICK, limits=Limits()))
    player.clock.set_absolute(0)
    choice = player.genmove()
    assert choice.snapshot.visits >= 1
    assert player.game.moves == [(BLACK, choice.move)]


def test_stop_ends_the_search_at_once() -> None:
    stop = threading.Event()

    def stop_at_ten(batch: LeafBatch) -> None:
        if evaluator.calls == 9:
            stop.set()

    evaluator = OpinionEvaluator(before=stop_at_ten)
    player = Player(Game(5), evaluator, replace(QUICK, limits=Limits(visits=10**9), batch_size=1))
    choice = player.genmove(stop=stop)
    assert evaluator.calls == 10
    assert len(player.game.moves) == 1
    assert choice.snapshot.visits == 10


def test_a_stop_already_set_gives_the_policys_move() -> None:
    stop = threading.Event()
    stop.set()
    player = Player(Game(5), OpinionEvaluator(), replace(QUICK, limits=Limits(visits=10**9)))
    choice = player.genmove(stop=stop)
    assert choice.snapshot.visits == 1
    assert player.game.moves == [(BLACK, choice.move)]


def test_one_playout_plays_the_largest_legal_prior() -> None:
    game = Game(3)
    for text in ("A3", "B3", "C3"):
        game.play(parse_vertex(text, 3))

    class Wishful(UniformEvaluator):
        def evaluate(self, batch: LeafBatch) -> Evaluation:
            evaluation = super().evaluate(batch)
            evaluation.policy[:, 0] = 9  # A3, occupied
            evaluation.policy[:, parse_vertex("B1", 3)] = 5
            return evaluation

    player = Player(game, Wishful(), replace(QUICK, limits=Limits(playouts=1)))
    assert player.genmove().move == parse_vertex("B1", 3)


# The tree between moves


def test_the_tree_is_kept_over_both_sides_moves() -> None:
    evaluator = OpinionEvaluator()
    player = Player(Game(5), evaluator, replace(QUICK, limits=Limits(visits=300)))
    choice = player.genmove()
    reply = choice.snapshot.moves[0].pv[1]
    player.play(reply)
    before = evaluator.leaves
    snapshot = player.genmove(commit=False).snapshot
    assert snapshot.visits == 300
    assert 0 < snapshot.playouts < 300
    assert evaluator.leaves - before <= snapshot.playouts


def test_the_tree_is_not_kept_where_that_is_not_wanted() -> None:
    player = Player(Game(5), OpinionEvaluator(), replace(QUICK, limits=Limits(visits=300), reuse_tree=False))
    choice = player.genmove()
    player.play(choice.snapshot.moves[0].pv[1])
    assert player.genmove(commit=False).snapshot.playouts == 300


def test_a_reused_tree_is_of_the_right_position() -> None:
    """Moves out of turn, undo and a changed game must not leave an old tree behind."""
    player = Player(Game(5), OpinionEvaluator(), QUICK)

    def assert_fresh() -> None:
        fresh = Player(player.game.copy(), OpinionEvaluator(), QUICK).genmove(commit=False).snapshot
        found = player.genmove(commit=False).snapshot
        assert found.to_play == fresh.to_play == player.game.to_play
        assert found.raw_value_to_play == fresh.raw_value_to_play
        assert {s.move for s in found.moves} <= set(np.flatnonzero(player.game.legal_moves()).tolist())

    player.genmove()
    assert_fresh()
    player.play(0 if player.game.is_legal(0) else 1)
    assert_fresh()
    player.play(12 if player.game.is_legal(12) else 13, WHITE)
    player.play(7 if player.game.is_legal(7) else 8, WHITE)
    assert_fresh()
    player.undo()
    assert_fresh()
    player.genmove(colour=player.game.to_play % 2 + 1)
    assert_fresh()
    player.reset(Game(5))
    assert_fresh()


def test_the_cache_outlives_the_tree() -> None:
    """Taking moves back forgets the tree; the evaluations are found again, until the cache is cleared."""
    evaluator = EquivariantEvaluator()
    settings = PlayerSettings(
        limits=Limits(playouts=60), batch_size=1, search=SearchSettings(cache=True, random_symmetry=False)
    )
    player = Player(Game(5, 0.5), evaluator, settings)
    first = player.genmove(commit=False)
    seen = evaluator.leaves
    assert seen > 50
    player.play(0)
    player.undo()
    again = player.genmove(commit=False)
    assert evaluator.leaves == seen
    assert again.snapshot.moves == first.snapshot.moves
    player.clear_cache()
    player.genmove(commit=False)
    assert evaluator.leaves == 2 * seen


def test_an_illegal_move_changes_nothing() -> None:
    player = Player(Game(5), OpinionEvaluator(), QUICK)
    move = player.genmove().move
    visits = player.genmove(commit=False).snapshot.visits
    with pytest.raises(IllegalMoveError):
        player.play(move)
    assert len(player.game.moves) == 1
    assert player.genmove(commit=False).snapshot.visits == visits + 20


# Chance


@pytest.mark.parametrize("evaluator", [OpinionEvaluator(), RolloutEvaluator(), MixedEvaluator(OpinionEvaluator())],
                         ids=lambda evaluator: type(evaluator).__name__)
def test_the_same_seed_plays_the_same_game(evaluator: Evaluator) -> None:
    def moves(seed: int) -> list[tuple[int, int]]:
        player = Player(Game(5), evaluator, replace(QUICK, seed=seed))
        for _ in range(12):
            player.genmove()
        return player.game.moves

    assert moves(3) == moves(3)
    if not isinstance(evaluator, OpinionEvaluator):
        assert moves(3) != moves(4)


# The choice


def test_genmove_for_the_other_colour() -> None:
    player = Player(Game(5), OpinionEvaluator(), QUICK)
    choice = player.genmove(WHITE)
    assert player.game.moves == [(WHITE, choice.move)]
    assert choice.snapshot.to_play == WHITE
    assert player.game.to_play == BLACK


def test_commit_false_leaves_the_game_alone() -> None:
    player = Player(Game(5), OpinionEvaluator(), QUICK)
    choice = player.genmove(commit=False)
    assert player.game.moves == []
    assert choice.move == choice.snapshot.moves[0].move


def test_thinking_for_the_other_colour_leaves_turn_and_ko_alone() -> None:
    game = Game(3, rules=PRESETS["chinese"])
    game.set_stones([(WHITE, 3), (BLACK, 4), (WHITE, 7), (BLACK, 8)])
    game.play(parse_vertex("A1", 3))
    player = Player(game, OpinionEvaluator(), QUICK)
    before = game.legal_moves()
    assert player.genmove(BLACK, commit=False).snapshot.to_play == BLACK
    assert game.to_play == WHITE
    assert not game.is_legal(parse_vertex("B1", 3))
    assert np.array_equal(game.legal_moves(), before)
    assert player.genmove(commit=False).snapshot.to_play == WHITE
    assert np.array_equal(player.game.legal_moves(), before)


def owned_by_black(komi: float, rules: Rules) -> Player:
    """Black's stone alone on the board, White has passed, and the evaluator thinks that Black is lost."""
    game = Game(5, komi, rules)
    game.play(parse_vertex("C3", 5))
    game.play(game.pass_move)
    return Player(game, CertainEvaluator(-0.9), replace(QUICK, limits=Limits(playouts=2)))


def test_a_pass_that_wins_is_played() -> None:
    """By the count of the board as it stands, whatever the search thinks; not one that loses or draws."""
    passing = 25
    assert owned_by_black(24.5, Rules()).genmove().move == passing
    assert owned_by_black(25.0, Rules()).genmove().move != passing
    assert owned_by_black(25.5, Rules()).genmove().move != passing


def test_a_pass_that_wins_is_not_played_where_it_is_barred() -> None:
    no_pass = Restriction(BLACK, frozenset({25}), 1)
    assert owned_by_black(24.5, Rules()).genmove(restrictions=[no_pass]).move != 25
    only_here = Restriction(BLACK, frozenset({0}), 1, allow=True)
    assert owned_by_black(24.5, Rules()).genmove(restrictions=[only_here]).move == 0
    not_whites = Restriction(WHITE, frozenset({25}), 1)
    assert owned_by_black(24.5, Rules()).genmove(restrictions=[not_whites]).move == 25


def test_a_game_that_the_count_wins_is_not_resigned(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(player_module, "RESIGN_BEFORE_BEHIND", 0.0)
    for komi, resigns in ((24.5, False), (25.5, True)):
        player = owned_by_black(komi, Rules())
        player.set_settings(replace(player.settings, resign_threshold=0.1, resign_moves=1))
        choice = player.genmove()
        assert choice.resign == resigns
        assert (choice.move == 25) != resigns


@pytest.mark.parametrize(("value_black", "colour"), [(-0.99, BLACK), (0.99, WHITE)])
def test_resignation_after_some_hopeless_moves(value_black: float, colour: int) -> None:
    settings = replace(QUICK, resign_threshold=0.05, resign_moves=3)
    player = Player(Game(5), CertainEvaluator(value_black), settings)
    resigned_at = None
    for _ in range(20):
        to_play, before = player.game.to_play, list(player.game.moves)
        choice = player.genmove()
        if choice.resign:
            resigned_at = len(before)
            assert to_play == colour
            assert player.game.moves == before, "a resignation is no move"
            break
    assert resigned_at is not None
    assert resigned_at >= 5, "no resignation in the opening"


@pytest.mark.parametrize(("value_black", "threshold"), [(-0.99, 0.0), (-0.85, 0.05), (0.99, 0.05)])
def test_no_resignation_without_need(value_black: float, threshold: float) -> None:
    """Never at threshold 0, nor above the threshold, nor by the side that wins."""
    player = Player(Game(5), CertainEvaluator(value_black), replace(QUICK, resign_threshold=threshold))
    for _ in range(8):
        assert not player.genmove(BLACK).resign


@pytest.mark.parametrize("terms", ["komi", "stones"])
def test_no_resignation_for_long_by_the_side_that_the_terms_put_behind(terms: str) -> None:
    """Black's side of the same game resigns as early as ever."""
    resigned_at = {}
    for value_black in (0.99, -0.99):
        game = Game(7, -10.5 if terms == "komi" else 0.5)
        if terms == "stones":
            game.set_handicap([16, 32])
        settings = replace(QUICK, resign_threshold=0.05, resign_moves=1)
        player = Player(game, CertainEvaluator(value_black), settings)
        while not player.genmove().resign:
            pass
        resigned_at[player.game.to_play] = len(game.moves)
    assert resigned_at[BLACK] in (10, 11)
    assert resigned_at[WHITE] in (30, 31)


def test_hopeless_moves_must_follow_each_other() -> None:
    evaluator = CertainEvaluator(-0.99)
    player = Player(Game(5), evaluator, replace(QUICK, resign_threshold=0.05, resign_moves=2, reuse_tree=False))
    for index in range(12):
        evaluator.value_black = -0.99 if index % 2 else 0.0
        assert not player.genmove(BLACK).resign


# Whole games


def evaluator_of(kind: str) -> Evaluator:
    net = OpinionEvaluator()
    return {"net": net, "rollout": RolloutEvaluator(), "mixed": MixedEvaluator(net)}[kind]


@pytest.mark.parametrize("rules", ["tromp-taylor", "area", "chinese", "japanese", "new-zealand"])
@pytest.mark.parametrize("kind", ["net", "rollout", "mixed"])
def test_whole_games_are_legal_and_end(kind: str, rules: str) -> None:
    """Both sides to two passes; `Game.play` refuses what is not legal, so every move was."""
    game = Game(4, 0.5, PRESETS[rules])
    settings = replace(QUICK, limits=Limits(playouts=40), playout=kind, batch_size=5)
    player = Player(game, evaluator_of(kind), settings)
    while not game.is_over and len(game.moves) < 400:
        player.genmove()
    assert game.is_over
    assert isinstance(player.final_score_black(), float)


@pytest.mark.parametrize("size", [2, 3, 7, 25])
def test_other_sizes(size: int) -> None:
    player = Player(Game(size, 0.5), RolloutEvaluator(), replace(QUICK, playout="rollout"))
    for _ in range(6):
        player.genmove()
    assert len(player.game.moves) == 6


def test_handicap_game_begins_with_white() -> None:
    game = Game(9, 0.5, PRESETS["chinese"])
    game.set_handicap([parse_vertex(text, 9) for text in ("C3", "G7", "G3")])
    player = Player(game, OpinionEvaluator(), QUICK)
    choice = player.genmove()
    assert choice.snapshot.to_play == WHITE
    assert game.moves == [(WHITE, choice.move)]


@pytest.mark.parametrize("colour", [BLACK, WHITE])
@pytest.mark.parametrize("kind", ["rollout", "mixed"])
def test_rollouts_find_the_vital_point(colour: int, kind: str) -> None:
    """Three points in a row inside White's group decide the game: the middle one kills, or makes two eyes."""
    stones, size = parse_diagram("XXX..\nOOX..\n.OX..\n.OX..\n.OX..")
    game = Game(size, 12.5)
    game.set_stones([(stone, point) for point, stone in enumerate(stones) if stone], colour)
    evaluator = RolloutEvaluator() if kind == "rollout" else MixedEvaluator(UniformEvaluator())
    player = Player(game, evaluator, replace(QUICK, limits=Limits(playouts=1500), playout=kind))
    assert player.genmove().move == parse_vertex("A2", 5)


def test_final_score_takes_dead_stones_off() -> None:
    """A white stone deep inside Black's board is dead by the rollouts, under both ways of counting."""
    stones, size = parse_diagram(".X.X.XX\nXXXXXXX\nXXXXXXX\nX.....X\nX..O..X\nX.....X\nXXXXXXX")
    for scoring, expected in ((Scoring.AREA, 49), (Scoring.TERRITORY, 18 + 1)):
        game = Game(size, 0.0, Rules(scoring=scoring))
        game.set_stones([(colour, point) for point, colour in enumerate(stones) if colour])
        player = Player(game, RolloutEvaluator(), QUICK)
        for _ in range(3):  # two passes end the game, and change nothing in this
            assert player.final_status().dead == {parse_vertex("D3", 7)}
            assert player.final_score_black() == expected
            player.play(game.pass_move)


@pytest.mark.parametrize("kind", ["rollout", "mixed", "net"])
def test_a_move_after_the_end_of_a_game(kind: str) -> None:
    """A client may ask for one after two passes: a legal move, and an analysis with moves."""
    game = Game(5)
    for vertex in ("A5", "C3", "pass", "pass"):
        game.play(parse_vertex(vertex, 5))
    evaluator = {"rollout": RolloutEvaluator(), "mixed": MixedEvaluator(UniformEvaluator()), "net": UniformEvaluator()}
    player = Player(game, evaluator[kind], replace(QUICK, limits=Limits(playouts=200)))
    choice = player.genmove()
    assert not choice.resign
    assert choice.snapshot.moves
    assert sum(stats.visits for stats in choice.snapshot.moves) >= 190


def test_a_seed_may_be_as_large_as_the_options_accept() -> None:
    player = Player(Game(5), RolloutEvaluator(), replace(QUICK, seed=2**63 - 1))
    assert player.ownership_black().shape == (5, 5)


def test_a_failing_evaluator_leaves_the_player_as_it_was() -> None:
    class Failing(OpinionEvaluator):
        fails = False

        def evaluate(self, batch: LeafBatch) -> Evaluation:
            if self.fails:
                raise MemoryError("no room")
            return super().evaluate(batch)

    evaluator = Failing()
    player = Player(Game(5), evaluator, QUICK)
    player.play(parse_vertex("C3", 5))
    turn = player.game.to_play
    barred = Restriction(turn, frozenset({0}), 1)
    asks: list[Callable[[], object]] = [
        player.genmove, lambda: player.genmove(3 - turn), lambda: player.genmove(restrictions=[barred]),
        lambda: player.analyze(3 - turn, threading.Event(), lambda search: None),
    ]
    for ask in asks:
        evaluator.fails = True
        with pytest.raises(MemoryError):
            ask()
        assert player.game.to_play == turn
        evaluator.fails = False
        assert sum(stats.visits for stats in player.genmove(commit=False).snapshot.moves) == 19
    player.play(parse_vertex("C4", 5))
    assert len(player.game.moves) == 2


# Settings


@pytest.mark.parametrize(("make", "message"), [
    (lambda: Limits(playouts=0), "playouts is 0: expected 1 to"),
    (lambda: Limits(visits=-1), "visits is -1"),
    (lambda: Limits(move_time_s=0), "move_time_s is 0"),
    (lambda: SearchSettings(c_puct=-1), "c_puct is -1: expected 0 to 100"),
    (lambda: SearchSettings(policy_temperature=0), "policy_temperature is 0"),
    (lambda: SearchSettings(max_tree_mb=0), "max_tree_mb is 0: expected 1 to"),
    (lambda: SearchSettings(fpu_reduction=float("nan")), "fpu_reduction is nan"),
    (lambda: PlayerSettings(playout="random"), "playout is 'random': expected one of net, rollout, mixed"),
    (lambda: PlayerSettings(mixing=2), "mixing is 2: expected 0 to 1"),
    (lambda: PlayerSettings(threads=0), "threads is 0"),
    (lambda: PlayerSettings(seed=-1), "seed is -1"),
    (lambda: PlayerSettings(batch_size=0), "batch_size is 0"),
    (lambda: PlayerSettings(resign_threshold=0.6), "resign_threshold is 0.6: expected 0 to 0.5"),
])
def test_settings_out_of_range(make, message: str) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(ConfigError, match=message):
        make()
