"""The search by rollouts: the tree's sums, RAVE's arithmetic, what it finds, what it keeps and what it reports."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from ponnuki.engine.board import new_board, to_bordered
from ponnuki.engine.config import ConfigError, Limits, PlayerSettings, Restriction, RolloutSettings, SearchSettings
from ponnuki.engine.coords import BLACK, WHITE, parse_vertex
from ponnuki.engine.evaluator import LeafBatch, RolloutEvaluator
from ponnuki.engine.game import Game
from ponnuki.engine.player import Player
from ponnuki.engine.pool import Pool
from ponnuki.engine.rave import EDGES_USED, NO_CHILD, NODES_USED, PASS_PLACE, UNEXPANDED, rave_bytes, select_rave_edge
from ponnuki.engine.rollout import many_light_rollouts, seeded
from ponnuki.engine.rollout_search import RolloutSearch

pytestmark = pytest.mark.filterwarnings("ignore:overflow encountered")  # uint64 wraps, where not compiled


def searched(game: Game, playouts: int, seed: int = 1, **settings: float) -> RolloutSearch:
    """A search after so many playouts."""
    search = RolloutSearch(game, SearchSettings(), RolloutSettings(**settings), seed)  # type: ignore[arg-type]
    Pool(RolloutEvaluator(), 1).run(search, Limits(playouts=playouts))
    return search


def edges_of(search: RolloutSearch, node: int) -> range:
    first = int(search.tree.first_edge[node])
    return range(first, first + int(search.tree.edge_count[node]))


@pytest.mark.parametrize("knowledge", [True, False])
def test_the_sums_of_the_tree_agree(knowledge: bool) -> None:
    """Every playout below a node went through one of its edges, but for those before it had any."""
    search = searched(Game(5, 3.0), 3000, knowledge=knowledge, exploration=0.0 if knowledge else 0.7)
    tree = search.tree
    assert tree.visits[0] == 3000 == search.playouts
    seen = 0
    for node in range(int(tree.used[NODES_USED])):
        edges = edges_of(search, node)
        through = sum(tree.edge_visits[edge] for edge in edges)
        if tree.edge_count[node] != UNEXPANDED:
            assert through <= tree.visits[node] <= through + RolloutSettings().expand_visits
        for edge in edges:
            child = int(tree.child[edge])
            assert (child == NO_CHILD) == (tree.edge_visits[edge] == 0)
            assert tree.edge_visits[edge] <= tree.amaf_visits[edge] <= tree.visits[node]
            assert 0 <= tree.edge_wins[edge] <= tree.edge_visits[edge]
            if child != NO_CHILD:
                assert tree.visits[child] == tree.edge_visits[edge]
                assert tree.wins[child] + tree.edge_wins[edge] == pytest.approx(float(tree.visits[child]), rel=1e-5)
                seen += 1
    assert seen == int(tree.used[NODES_USED]) - 1 > 100


@pytest.mark.kernels
def test_edges_are_the_legal_moves_that_fill_no_own_eye_and_the_pass() -> None:
    game = Game(4, 0.5)
    game.set_stones([(BLACK, point) for point in (1, 4, 5, 2, 6)] + [(WHITE, 15)], BLACK)
    search = searched(game, 10)
    moves = {search._move(edge) for edge in edges_of(search, 0)}
    assert moves == {3, 7, 8, 9, 10, 11, 12, 13, 14, 16}  # not 0, Black's eye


@pytest.mark.kernels
def test_selection_mixes_own_and_amaf_averages_as_the_formula_says() -> None:
    search = searched(Game(5, 3.0), 500, rave_equivalence=200, exploration=0.3)
    tree, parameters = search.tree, search._parameters()
    values = []
    for edge in edges_of(search, 0):
        visits = float(tree.edge_visits[edge] + tree.prior_visits[edge])
        own = float(tree.edge_wins[edge] + tree.prior_wins[edge]) / visits
        amaf = float(tree.amaf_visits[edge])
        beta = amaf / (amaf + visits + amaf * visits / 200) if amaf else 0.0
        mean = float(tree.amaf_wins[edge]) / amaf if amaf else 0.0
        values.append((1 - beta) * own + beta * mean + 0.3 * np.sqrt(np.log(tree.visits[0] + 1) / visits))
    state = np.empty(1, np.uint64)
    seeded(np.uint64(3), state)
    chosen = int(select_rave_edge(tree, np.int64(0), parameters, state)) - int(tree.first_edge[0])
    assert chosen == int(np.argmax(values))


@pytest.mark.parametrize("size", [2, 5, 9])
def test_the_same_seed_gives_the_same_tree(size: int) -> None:
    one, again, other = (searched(Game(size, 0.5), 300, seed) for seed in (1, 1, 2))
    assert one.snapshot().moves == again.snapshot().moves
    assert size == 2 or one.snapshot().moves != other.snapshot().moves
    for a, b in zip(one.tree, again.tree, strict=True):
        assert np.array_equal(a, b)


def test_a_capture_that_decides_is_found() -> None:
    """White's six stones are in atari."""
    game = Game(5, 0.5)
    rows = "X X X X .\nX O O X X\nX O O O .\nX O X X X\n. X . . ."
    stones = [({"X": BLACK, "O": WHITE}[mark], row * 5 + col)
              for row, line in enumerate(rows.split("\n")) for col, mark in enumerate(line.split()) if mark != "."]
    game.set_stones(stones, BLACK)
    assert searched(game, 400).snapshot().moves[0].move == parse_vertex("E3", 5)


def test_what_is_reported() -> None:
    search = searched(Game(9, 7.0), 2000)
    snapshot = search.snapshot(max_pv=5)
    assert snapshot.visits == snapshot.playouts == 2000
    assert sum(stats.visits for stats in snapshot.moves) == 2000
    assert all(one.visits >= other.visits for one, other in pairwise(snapshot.moves))
    assert all(1 <= len(stats.pv) <= 5 and len(stats.pv) == len(stats.pv_visits) for stats in snapshot.moves)
    assert -1 < snapshot.value_to_play < 1
    mean_lead = sum(stats.lead_to_play * stats.visits for stats in snapshot.moves) / 2000
    assert snapshot.lead_to_play == pytest.approx(mean_lead, abs=0.01)
    assert search.priors().sum() == pytest.approx(1, abs=1e-5)
    assert snapshot.ownership_to_play is not None
    # The lead is the area less komi, but for the few points that a rollout leaves to nobody.
    assert snapshot.ownership_to_play.sum() - 7.0 == pytest.approx(snapshot.lead_to_play, abs=0.5)
    visits, utilities = search.root_visits()
    assert visits.sum() == 2000
    assert abs(utilities).max() <= 1


def test_the_tree_follows_a_move() -> None:
    search = searched(Game(5, 3.0), 2000)
    best = search.snapshot().moves[0]
    before = search.tree_bytes
    search.advance(best.move)
    after = search.snapshot()
    assert search.visits == best.visits
    assert after.value_to_play == pytest.approx(-best.value_to_play, abs=1e-5)
    assert after.to_play == WHITE
    assert [stats.move for stats in after.moves[:1]] == list(best.pv[1:2])
    assert search.playouts == 0
    assert search.tree_bytes < before
    search.collect(LeafBatch(5, 1, RolloutEvaluator.inputs), 10)
    assert search.visits == best.visits + 10


def test_a_kept_root_has_its_moves_after_one_playout() -> None:
    """A move that was tried a few times leads to a node without moves of its own yet."""
    search = searched(Game(9), 100)
    rare = search.snapshot().moves[-1]
    assert 0 < rare.visits < 8
    search.advance(rare.move)
    search.collect(LeafBatch(9, 1, RolloutEvaluator.inputs), 1)
    assert sum(stats.visits for stats in search.snapshot().moves) == 1
    assert search.priors().sum() == pytest.approx(1, abs=1e-5)


def test_long_searches_go_on_counting() -> None:
    """Past the 16.7 million visits that float32 counts to."""
    search = searched(Game(5, 3.0), 500)
    edges = slice(0, int(search.tree.edge_count[0]))
    search.tree.edge_visits[edges] = search.tree.amaf_visits[edges] = 2.0**24
    search.tree.edge_wins[edges] = search.tree.amaf_wins[edges] = 2.0**23
    before = search.playouts
    search.collect(LeafBatch(5, 1, RolloutEvaluator.inputs), 200)
    added = search.playouts - before
    assert added > 0
    assert search.tree.edge_visits[edges].sum() == 2.0**24 * int(search.tree.edge_count[0]) + added


def test_a_full_tree_goes_on_from_its_leaves() -> None:
    search = RolloutSearch(Game(9), SearchSettings(max_tree_mb=1), RolloutSettings(expand_visits=1), 1)
    Pool(RolloutEvaluator(), 1).run(search, Limits(playouts=4000))
    assert search.visits == 4000
    assert search.tree_bytes < 1.4e6
    node, edge = rave_bytes(search.tree)
    assert len(search.tree.place) * edge + len(search.tree.visits) * node < 1.5e6
    assert int(search.tree.used[EDGES_USED]) <= len(search.tree.place)


@pytest.mark.kernels
def test_ended_games_are_counted_with_all_stones() -> None:
    """After a pass, passing ends the game: with the board as it is Black leads."""
    game = Game(3, 0.5)
    game.set_stones([(BLACK, 4)], WHITE)
    game.play(game.pass_move)
    search = searched(game, 3000, exploration=1.0)
    passed = next(stats for stats in search.snapshot().moves if stats.move == game.pass_move)
    assert passed.lead_to_play == 8.5
    assert passed.winrate > 0.98
    assert int(search.tree.place[int(search.tree.first_edge[0]) + int(search.tree.edge_count[0]) - 1]) == PASS_PLACE


@pytest.mark.kernels
def test_restrictions_hold_at_the_root() -> None:
    only = [Restriction(BLACK, frozenset({3, 12}), 1, allow=True)]
    search = RolloutSearch(Game(5), rollouts=RolloutSettings(exploration=1.0), seed=1, restrictions=only)
    Pool(RolloutEvaluator(), 1).run(search, Limits(playouts=200))
    assert {stats.move for stats in search.snapshot().moves} == {3, 12}
    search.advance(12)
    Pool(RolloutEvaluator(), 1).run(search, Limits(playouts=200))
    assert len(search.snapshot().moves) > 5


@pytest.mark.parametrize("knowledge", [True, False])
def test_without_knowledge_rollouts_are_uniform(knowledge: bool) -> None:
    """The lead of a move that is a leaf is the mean of light rollouts from there; with knowledge it is not."""
    game = Game(7, 0.5)
    for vertex in ("D4", "C4", "A1", "D3", "A7", "E4"):
        game.play(parse_vertex(vertex, 7))
    rollouts = RolloutSettings(expand_visits=10**6, knowledge=knowledge)
    search = RolloutSearch(game, SearchSettings(), rollouts, 1)
    Pool(RolloutEvaluator(), 1).run(search, Limits(playouts=6000))
    most = max(search.snapshot().moves, key=lambda stats: stats.visits)
    game.play(most.move)
    margins = np.empty(6000, np.int32)
    many_light_rollouts(game.board, new_board(7), np.empty(1, np.uint64), 6000, np.uint64(7), margins)
    error = float(margins.std()) * np.sqrt(1 / 6000 + 1 / most.visits)
    away = abs(most.lead_to_play - (margins.mean() - 0.5))
    assert away > 10 * error if knowledge else away < 4 * error


def test_the_player_uses_it_for_rollouts() -> None:
    settings = PlayerSettings(limits=Limits(playouts=50), playout="rollout", seed=1, resign_threshold=0.0)
    game = Game(5, 0.5)
    player = Player(game, RolloutEvaluator(), settings)
    while not game.is_over and len(game.moves) < 100:
        assert player.genmove().snapshot.playouts == 50
    assert game.is_over
    assert to_bordered(0, 5) == 7


@pytest.mark.parametrize(("settings", "message"), [
    ({"expand_visits": 0}, "expand_visits is 0: expected 1 to 1e\\+06"),
    ({"score_share": 2}, "score_share is 2: expected 0 to 1"),
    ({"prior_even": 0}, "prior_even is 0: expected 0.01 to 10000"),
])
def test_settings_are_checked(settings: dict[str, float], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        RolloutSettings(**settings)  # type: ignore[arg-type]
