"""The search: equal to the reference tree by tree, its limits, its reuse, its symmetries."""

from __future__ import annotations

import random
from dataclasses import asdict, replace

import numpy as np
import pytest

from ponnuki.engine.board import TO_PLAY
from ponnuki.engine.config import Restriction, SearchSettings
from ponnuki.engine.coords import BLACK, WHITE, parse_vertex, vertex
from ponnuki.engine.evaluations import NO_SLOT, EvaluationStore
from ponnuki.engine.evaluator import (
    Evaluation,
    Evaluator,
    EvaluatorInputs,
    EvaluatorOutputs,
    LeafBatch,
    RolloutEvaluator,
    UniformEvaluator,
)
from ponnuki.engine.game import Game
from ponnuki.engine.pool import Pool
from ponnuki.engine.rules import Ko, Rules, Scoring
from ponnuki.engine.search import Search, new_store
from ponnuki.engine.snapshot import SearchSnapshot
from ponnuki.engine.tree import EXPANDED, NEW, ROOT, TERMINAL, links_of
from tests.engine.fakes import EquivariantEvaluator, OpinionEvaluator, opinion, reference_opinion
from tests.reference.go import ReferenceGame
from tests.reference.mcts import Node, PuctSettings, ReferenceSearch

pytestmark = pytest.mark.filterwarnings("ignore:overflow encountered")  # uint64 wraps, where not compiled

RULE_SETS = [Rules(ko=Ko(ko), scoring=Scoring(scoring), suicide=suicide)
             for ko in range(3) for scoring in (0, 1) for suicide in (False, True)]


def rules_name(rules: Rules) -> str:
    return f"{rules.ko.name}-{rules.scoring.name}-{'SUICIDE' if rules.suicide else 'NO_SUICIDE'}".lower()


def puct_settings(settings: SearchSettings) -> PuctSettings:
    fields = asdict(settings)
    return PuctSettings(**{name: fields[name] for name in PuctSettings.__dataclass_fields__})


def both_games(size: int, komi: float, rules: Rules, moves: int, rng: random.Random) -> tuple[Game, ReferenceGame]:
    """The same random game on the engine and on the reference."""
    game, reference = Game(size, komi, rules), ReferenceGame(size, int(rules.ko), rules.suicide)
    for _ in range(moves):
        legal = np.flatnonzero(game.legal_moves()[:-1]).tolist()
        move = rng.choice(legal) if legal and rng.random() > 0.1 else size * size
        game.play(move)
        reference.play(move)
    return game, reference


def run(search: Search, evaluator: Evaluator, playouts: int, batch_size: int) -> None:
    """Step a search to so many visits of the root, as the reference does."""
    pool = Pool(evaluator, batch_size)
    while search.visits < playouts:
        assert pool.step([search], [playouts - search.visits])


def assert_same_tree(search: Search, twin: ReferenceSearch) -> int:
    """Compare all nodes that the roots reach; the number of nodes compared."""
    tree, store = search.tree, search.store.arrays
    pairs: dict[int, Node] = {ROOT: twin.root}
    waiting = [ROOT]
    while waiting:
        index = waiting.pop()
        node = pairs[index]
        assert {NEW: "new", EXPANDED: "expanded", TERMINAL: "terminal"}[int(tree.state[index])] == node.state
        assert tree.visits[index] == node.visits
        assert tree.pending[index] == node.pending == 0
        if node.evaluated:
            for name, tolerance in (("value", 1e-4), ("lead", 1e-2), ("utility", 1e-4), ("utility_square", 1e-4)):
                assert getattr(tree, name)[index] == pytest.approx(getattr(node, name), abs=tolerance), name
        slot = int(tree.slot[index])
        assert (slot == NO_SLOT) == (node.state != "expanded")
        moves = [int(move) for move in store.move[slot, : store.move_count[slot]]] if slot != NO_SLOT else []
        priors = {move: (store.prior[slot, place] / 65535) ** 2 for place, move in enumerate(moves)}
        assert priors == pytest.approx(node.priors, abs=1e-4)
        links = links_of(tree, index)
        assert moves[: len(links)] == list(node.links)
        for link, other in zip(links, node.links.values(), strict=True):
            assert (tree.link_visits[link], tree.link_pending[link]) == (other.visits, other.pending)
            child = int(tree.link_child[link])
            if child in pairs:
                assert pairs[child] is other.child
            else:
                pairs[child] = other.child
                waiting.append(child)
    assert len(set(map(id, pairs.values()))) == len(pairs)
    return len(pairs)


@pytest.mark.parametrize("rules", RULE_SETS, ids=rules_name)
@pytest.mark.parametrize("batch_size", [1, 5])
def test_same_tree_as_the_reference(rules: Rules, batch_size: int) -> None:
    """Random openings on small boards, searched deep enough to end games and to meet superko."""
    rng = random.Random(batch_size)
    compared = 0
    for size, moves, playouts in ((2, 0, 150), (3, 4, 150), (5, 8, 80)):
        game, reference = both_games(size, 1.5, rules, moves, rng)
        search = Search(game)
        twin = ReferenceSearch(reference, 1.5, rules.scoring == Scoring.TERRITORY, puct_settings(search.settings))
        run(search, OpinionEvaluator(), playouts, batch_size)
        twin.run(playouts, batch_size, reference_opinion)
        compared += assert_same_tree(search, twin)
    assert compared > 200


@pytest.mark.parametrize("changed", [
    {"c_puct": 3.0, "c_puct_log": 0.0},
    {"c_puct": 0.3, "c_puct_log": 2.0, "c_puct_base": 20.0},
    {"fpu_reduction": 0.0},
    {"fpu_reduction": 1.5},
    {"virtual_loss": 0.0},
    {"virtual_loss": 4.0},
    {"policy_temperature": 2.5},
    {"root_fpu_reduction": 0.0},
    {"c_puct_stdev": 0.85},
    {"flight_least": 1, "flight_share": 0.1},
    {"flight_least": 2, "flight_share": 1.0},
    {"score_weight": 0.4},
    {"score_weight": 0.4, "score_scale": 0.2, "score_centre": 0.1},
    {"root_policy_temperature": 1.5},
    {"forced_playouts": 2.0},
    {"forced_playouts": 20.0, "root_policy_temperature": 3.0},
    {"transpositions": True},
    {"transpositions": True, "c_puct_stdev": 0.5, "score_weight": 0.3},
], ids=str)
def test_every_setting_means_what_the_reference_says(changed: dict[str, float]) -> None:
    settings = SearchSettings(**changed)  # type: ignore[arg-type]
    game, reference = both_games(5, 0.5, Rules(), 6, random.Random(3))
    search = Search(game, settings)
    twin = ReferenceSearch(reference, 0.5, False, puct_settings(settings))
    run(search, OpinionEvaluator(), 200, 4)
    twin.run(200, 4, reference_opinion)
    assert_same_tree(search, twin)


@pytest.mark.kernels
def test_advance_keeps_the_subtree() -> None:
    """Search, play a move, search on, five times over; the trees stay equal, new moves included."""
    rng = random.Random(1)
    game, reference = both_games(4, 0.5, Rules(), 3, rng)
    search, evaluator = Search(game), OpinionEvaluator()
    twin = ReferenceSearch(reference, 0.5, False, puct_settings(search.settings))
    for turn in range(5):
        run(search, evaluator, 120, 3)
        twin.run(120, 3, reference_opinion)
        assert_same_tree(search, twin)
        stats = search.snapshot().moves
        unvisited = [move for move in twin.root.priors if move not in twin.root.links]
        move = unvisited[0] if turn == 3 and unvisited else stats[0].move
        known = next((stat.visits for stat in stats if stat.move == move), 0)
        search.advance(move)
        twin.advance(move)
        assert search.visits == (known if twin.root.visits else 0)
        assert search.playouts == 0
        assert search.to_play == twin.game.to_play


@pytest.mark.kernels
@pytest.mark.parametrize("conservative", [False, True])
@pytest.mark.parametrize("scoring", list(Scoring))
def test_passes_around_the_root_are_those_of_the_reference(conservative: bool, scoring: Scoring) -> None:
    """Search after a pass, go on after another and after a move, with both meanings of the pass before the root."""
    rng = random.Random(2)
    settings = SearchSettings(conservative_pass=conservative)
    game, reference = both_games(3, 0.5, Rules(scoring=scoring), 4, rng)
    search = Search(game, settings)
    twin = ReferenceSearch(reference, 0.5, scoring == Scoring.TERRITORY, puct_settings(settings))
    for move in (game.pass_move, None, game.pass_move):
        run(search, OpinionEvaluator(), 150, 3)
        twin.run(150, 3, reference_opinion)
        assert_same_tree(search, twin)
        move = search.snapshot().moves[0].move if move is None else move
        search.advance(move)
        twin.advance(move)
        assert search.visits == twin.root.visits
    run(search, OpinionEvaluator(), 150, 3)
    twin.run(150, 3, reference_opinion)
    assert_same_tree(search, twin)


@pytest.mark.kernels
def test_a_golden_search() -> None:
    """One whole search pinned, so that a change of the formula shows even where the reference changes with it."""
    game = Game(3, 0.5)
    game.play(parse_vertex("B2", 3))
    search = Search(game)
    run(search, OpinionEvaluator(), 100, 2)
    snapshot = search.snapshot()
    assert {vertex(stats.move, 3): stats.visits for stats in snapshot.moves} == {
        "A2": 54, "C1": 15, "B1": 8, "B3": 8, "C3": 7, "C2": 5, "A3": 1, "pass": 1,
    }
    assert snapshot.value_to_play == pytest.approx(-0.00346, abs=1e-5)
    assert [vertex(move, 3) for move in snapshot.moves[0].pv] == ["A2", "C2", "B3", "C3", "A3", "C1", "pass", "B1"]


def test_the_snapshot_adds_up() -> None:
    game, _ = both_games(5, 0.5, Rules(), 6, random.Random(4))
    search = Search(game)
    run(search, OpinionEvaluator(), 300, 4)
    snapshot = search.snapshot(max_pv=6)
    assert (snapshot.size, snapshot.to_play, snapshot.visits, snapshot.playouts) == (5, 1, 300, 300)
    assert sum(stats.visits for stats in snapshot.moves) == 299
    total = sum(stats.visits * stats.value_to_play for stats in snapshot.moves) + snapshot.raw_value_to_play
    assert snapshot.value_to_play == pytest.approx(total / 300, abs=1e-6)
    assert [stats.visits for stats in snapshot.moves] == sorted((s.visits for s in snapshot.moves), reverse=True)
    assert sum(stats.prior for stats in snapshot.moves) <= 1 + 1e-6
    for stats in snapshot.moves:
        assert stats.pv[0] == stats.move
        assert len(stats.pv) <= 6
        follower = game.copy()
        for move in stats.pv:
            follower.play(move)  # raises for an illegal variation
        assert stats.winrate == (1 + stats.value_to_play) / 2
    priors = search.priors()
    assert priors.sum() == pytest.approx(1, abs=1e-5)
    assert np.array_equal(priors > 0, game.legal_moves())


@pytest.mark.kernels
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_symmetries_do_not_change_an_equivariant_opinion(seed: int) -> None:
    """Policy and ownership come back from the symmetry they were asked in: the same tree with and without."""
    game, _ = both_games(5, 0.5, Rules(), 7, random.Random(seed))
    snapshots = []
    for random_symmetry in (False, True):
        search = Search(game, SearchSettings(random_symmetry=random_symmetry, keep_ownership=True), seed=seed)
        run(search, EquivariantEvaluator(), 150, 4)
        snapshots.append(search.snapshot())
    plain, turned = snapshots
    assert [(s.move, s.visits, s.pv) for s in plain.moves] == [(s.move, s.visits, s.pv) for s in turned.moves]
    assert plain.value_to_play == pytest.approx(turned.value_to_play, abs=1e-5)
    assert plain.ownership_to_play is not None
    assert plain.ownership_to_play == pytest.approx(turned.ownership_to_play, abs=0.011)
    assert np.abs(plain.ownership_to_play).max() > 0.2


@pytest.mark.kernels
@pytest.mark.parametrize("transpositions", [False, True])
def test_the_leads_spread_is_that_of_the_evaluations_and_their_own(transpositions: bool) -> None:
    """Of a tree: from the own leads of all its nodes, from one view, each with a standard deviation of three points."""

    class Unsure(OpinionEvaluator):
        def evaluate(self, batch: LeafBatch) -> Evaluation:
            evaluation = super().evaluate(batch)
            return replace(evaluation, lead_stdev=np.full(batch.count, 3.0, np.float32))

    search = Search(Game(5, 0.5), SearchSettings(transpositions=transpositions), seed=2)
    run(search, Unsure(), 400, 4)
    snapshot = search.snapshot(lead_stdev=True)
    if not transpositions:
        tree = search.tree
        leads, level, sign = [], [ROOT], 1
        while level:
            leads += [sign * float(tree.raw_lead[node]) for node in level]
            level = [int(tree.link_child[link]) for node in level for link in links_of(tree, node)]
            sign = -sign
        assert len(leads) == 400
        assert snapshot.lead_stdev == pytest.approx(np.sqrt(np.var(leads) + 9), rel=1e-4)
    mean_square = sum(stats.visits * (stats.lead_stdev**2 + stats.lead_to_play**2) for stats in snapshot.moves)
    mean_square = (mean_square + snapshot.raw_lead_to_play**2 + 9) / 400
    assert snapshot.lead_stdev == pytest.approx(np.sqrt(mean_square - snapshot.lead_to_play**2), rel=1e-3)
    assert min(stats.lead_stdev for stats in snapshot.moves) == pytest.approx(3, abs=1e-3)
    assert search.snapshot().lead_stdev == 0, "only where it is asked for"


@pytest.mark.kernels
def test_ownership_of_moves_adds_up_to_that_of_the_root() -> None:
    game, _ = both_games(5, 0.5, Rules(), 7, random.Random(1))
    search = Search(game, SearchSettings(keep_ownership=True), seed=1)
    run(search, EquivariantEvaluator(), 1, 1)
    own = search.snapshot().ownership_to_play
    run(search, EquivariantEvaluator(), 300, 4)
    snapshot = search.snapshot(moves_ownership=True)
    total = own + sum(stats.visits * stats.ownership_to_play for stats in snapshot.moves)
    assert snapshot.ownership_to_play == pytest.approx(total / 300, abs=1e-3)
    assert snapshot.ownership_stdev is not None
    assert 0 < snapshot.ownership_stdev.max() <= 1
    assert search.snapshot().moves[0].ownership_to_play is None


def test_ended_games_do_not_blur_the_ownership() -> None:
    """Where much of a search ends in two passes: they are not evaluated, and say nothing against what is sure."""

    class Sure(UniformEvaluator):
        outputs = EvaluatorOutputs(ownership=True)
        inputs = EvaluatorInputs(positions=True)

        def evaluate(self, batch: LeafBatch) -> Evaluation:
            policy = np.zeros((batch.count, batch.size**2 + 1), np.float32)
            policy[:, -1] = 3
            sign = np.where(batch.arrays.boards.info[: batch.count, TO_PLAY] == BLACK, 1, -1).astype(np.float32)
            owned = np.ones((batch.count, batch.size, batch.size), np.float32) * sign[:, None, None]
            return Evaluation(policy, np.zeros(batch.count, np.float32), ownership_to_play=owned)

    game = Game(5, 24.0)
    game.play(12)
    game.play(game.pass_move)
    search = Search(game, SearchSettings(keep_ownership=True), seed=1)
    run(search, Sure(), 200, 4)
    snapshot = search.snapshot(moves_ownership=True)
    passed = next(stats for stats in snapshot.moves if stats.move == game.pass_move)
    assert passed.visits > 50
    assert snapshot.ownership_to_play == pytest.approx(1.0, abs=1e-4)
    assert snapshot.ownership_stdev == pytest.approx(0.0, abs=0.02)
    for stats in snapshot.moves:
        assert stats.ownership_to_play == pytest.approx(1.0, abs=1e-4)


def test_leaves_are_shown_in_different_symmetries() -> None:
    seen: set[int] = set()

    class Watcher(EquivariantEvaluator):
        def evaluate(self, batch: LeafBatch) -> Evaluation:
            seen.update(batch.symmetry[: batch.count].tolist())
            return super().evaluate(batch)

    game, _ = both_games(5, 0.5, Rules(), 7, random.Random(1))
    run(Search(game, seed=1), Watcher(), 200, 4)
    assert seen == set(range(8))


def small_store(size: int, slots: int, settings: SearchSettings | None = None) -> EvaluationStore:
    """A store with room for so few evaluations."""
    settings = settings or SearchSettings()
    return EvaluationStore(size, slots, settings.keep_ownership, settings.cache)


def test_a_full_tree_ends_the_search() -> None:
    """Leaves give up their policies first, so there are more nodes than evaluations; then nodes run out, too."""
    search = Search(Game(5), store=small_store(5, 20))
    pool = Pool(OpinionEvaluator(), 4)
    while not search.full:
        pool.step([search])
    nodes = int(search.tree.used[0])
    assert 20 < nodes <= 60
    assert search.store.held <= 20
    assert search.visits >= nodes - 4
    assert pool.step([search]) == 0
    search.advance(search.snapshot().moves[0].move)
    assert not search.full
    assert pool.step([search]) > 0


@pytest.mark.kernels
def test_evaluations_are_released_once_nobody_needs_them() -> None:
    """What a search holds is what its expanded nodes hold, after searching, moving on and letting go."""
    search = Search(Game(4, 0.5), SearchSettings(transpositions=True, root_noise=0.2), seed=3)
    for _ in range(4):
        run(search, OpinionEvaluator(), search.visits + 150, 3)
        used = int(search.tree.used[0])
        slots = search.tree.slot[:used][search.tree.state[:used] == EXPANDED].tolist()
        assert len(set(slots)) == len(slots) == search.store.held
        assert (search.store.arrays.holders[slots] == 1).all()
        search.advance(search.snapshot().moves[0].move)
    search.release()
    assert search.store.held == 0


@pytest.mark.kernels
def test_without_its_tree_a_search_goes_on_as_a_new_one() -> None:
    """Nothing of the old tree is left, nor of the settings before, and its evaluations are let go."""
    game, settings = Game(4, 0.5), SearchSettings(c_puct=2.0, root_policy_temperature=1.2)
    search = Search(game, SearchSettings(), seed=3)
    for _ in range(3):  # the second time, the tree's arrays are used again
        run(search, OpinionEvaluator(), search.visits + 60, 3)
        move = search.snapshot().moves[0].move
        game.play(move)
        search.advance(move, settings, keep_tree=False)
        assert (search.visits, search.playouts, search.store.held) == (0, 0, 0)
        fresh = Search(game, settings)
        for each in (search, fresh):
            run(each, OpinionEvaluator(), 60, 3)
        assert search.snapshot().moves == fresh.snapshot().moves
        assert search.priors() == pytest.approx(fresh.priors())


@pytest.mark.kernels
def test_transpositions_share_nodes() -> None:
    """The same playouts reach the same positions with fewer evaluations, and the variations stay legal."""
    game = Game(3, 0.5)
    evaluators = OpinionEvaluator(), OpinionEvaluator()
    for transpositions, evaluator in zip((False, True), evaluators, strict=True):
        search = Search(game, SearchSettings(transpositions=transpositions))
        run(search, evaluator, 1500, 1)
        for stats in search.snapshot().moves:
            follower = game.copy()
            for move in stats.pv:
                follower.play(move)
    assert evaluators[1].leaves < 0.97 * evaluators[0].leaves


def searched(game: Game, settings: SearchSettings, store: EvaluationStore | None = None) -> tuple[Search, int]:
    """A search of 150 playouts and the evaluations that it took."""
    search, evaluator = Search(game, settings, store=store), EquivariantEvaluator()
    run(search, evaluator, 150, 1)
    return search, evaluator.leaves


def figures(search: Search) -> list[tuple[int, int, float]]:
    return [(stats.move, stats.visits, stats.value_to_play) for stats in search.snapshot().moves]


@pytest.mark.kernels
def test_a_second_search_finds_the_first_ones_evaluations() -> None:
    """Undo and look again: the same tree without the evaluator, unless komi or the last moves differ."""
    game, _ = both_games(5, 0.5, Rules(), 6, random.Random(8))
    settings = SearchSettings(cache=True, random_symmetry=False)
    store = new_store(5, settings)
    first, evaluations = searched(game, settings, store)
    wanted = figures(first)
    assert evaluations > 100
    first.release()
    again, evaluations = searched(game, settings, store)
    assert evaluations == 0
    assert figures(again) == wanted
    other = game.copy()
    other.komi = 1.5
    assert searched(other, settings, store)[1] > 100


class LeadingEvaluator(EquivariantEvaluator):
    """Says besides how many points ahead it thinks a side is."""

    def evaluate(self, batch: LeafBatch) -> Evaluation:
        evaluation = super().evaluate(batch)
        evaluation.lead_to_play = np.round(5 * np.arctanh(0.99 * evaluation.value_to_play), 2)
        return evaluation


@pytest.mark.kernels
@pytest.mark.parametrize(
    "settings",
    [
        SearchSettings(root_noise=0.25, root_policy_temperature=1.1, forced_playouts=2.0),
        SearchSettings(gumbel_moves=8, gumbel_noise=1.0),
        SearchSettings(score_weight=0.5, score_centre=1.0, score_scale=0.3),
    ],
    ids=["noise", "gumbel", "score"],
)
@pytest.mark.parametrize("anew", [True, False], ids=["anew", "advanced"])
def test_a_root_that_the_store_knows_is_prepared_like_any_other(settings: SearchSettings, anew: bool) -> None:
    """In self-play nearly every root was a leaf of the search before: noise, plan and score are no less due to it."""
    settings = replace(settings, cache=True, random_symmetry=False)
    plain = SearchSettings(cache=True, random_symmetry=False)
    game, _ = both_games(5, 0.5, Rules(), 6, random.Random(8))
    pool = Pool(LeadingEvaluator(), 1)
    store = new_store(5, settings)
    before = Search(game, plain, 3, store)
    while before.visits < 60:
        pool.step([before])
    move = before.snapshot().moves[0].move
    game.play(move)
    evaluator = LeadingEvaluator()
    known = Search(game, settings, 3, store) if anew else before
    if not anew:
        known.advance(move, settings, keep_tree=False)
    known.expect(50)
    run(known, evaluator, 1, 1)
    assert evaluator.leaves == 0

    new = Search(game, settings, 3, new_store(5, settings))
    new.expect(50)
    run(new, evaluator, 1, 1)
    assert evaluator.leaves == 1
    assert (known.priors() == new.priors()).all()
    assert (known.plain_priors() == new.plain_priors()).all()
    for search in (known, new):
        run(search, evaluator, 50, 1)
    assert known.snapshot() == new.snapshot()
    assert known.snapshot() != ordinary(game, plain)


def ordinary(game: Game, settings: SearchSettings) -> SearchSnapshot:
    """What as many playouts say without what is asked for at the root."""
    search = Search(game, settings, 3, new_store(5, settings))
    run(search, LeadingEvaluator(), 50, 1)
    return search.snapshot()


@pytest.mark.kernels
def test_a_cache_that_is_full_lets_its_oldest_go() -> None:
    """Searches one after the other in a store for half of one's evaluations: the newest are found again."""
    settings = SearchSettings(cache=True, random_symmetry=False, max_tree_mb=512)
    store = small_store(5, 80, settings)
    for seed in range(4):
        game, _ = both_games(5, 0.5, Rules(), 6, random.Random(seed))
        search, evaluator = Search(game, settings, store=store), EquivariantEvaluator()
        run(search, evaluator, 60, 1)
        wanted, evaluations = figures(search), evaluator.leaves
        search.release()
        assert store.held == 0
        search, evaluator = Search(game, settings, store=store), EquivariantEvaluator()
        run(search, evaluator, 60, 1)
        assert figures(search) == wanted
        assert evaluator.leaves == 0 < evaluations
        search.release()
        assert int(store.arrays.used[0]) <= 80


@pytest.mark.kernels
def test_the_root_in_all_symmetries_is_the_mean_of_them() -> None:
    class Skewed(EquivariantEvaluator):
        """Says another value and policy in each symmetry."""

        def evaluate(self, batch: LeafBatch) -> Evaluation:
            evaluation = super().evaluate(batch)
            evaluation.value_to_play = (batch.symmetry[: batch.count] / 10).astype(np.float32)
            evaluation.policy = np.zeros_like(evaluation.policy)
            evaluation.policy[:, 0] = 3.0
            return evaluation

    search = Search(Game(5), SearchSettings(root_symmetries=8))
    pool = Pool(Skewed(), 8)
    assert pool.step([search]) == 1
    assert search.visits == search.playouts == 1
    assert search.snapshot().value_to_play == pytest.approx(0.35, abs=1e-6)
    priors = search.priors()[:-1].reshape(5, 5)
    corners = [priors[0, 0], priors[0, 4], priors[4, 0], priors[4, 4]]
    assert corners == pytest.approx([corners[0]] * 4, abs=1e-4)
    assert min(corners) > 3 * priors[2, 2]
    assert priors.sum() + search.priors()[-1] == pytest.approx(1, abs=2e-3)
    assert pool.step([search]) > 0


@pytest.mark.kernels
def test_only_the_moves_allowed_are_looked_at() -> None:
    search = Search(Game(5, 0.5), restrictions=[Restriction(BLACK, frozenset({3, 7, 12}), 1, allow=True)])
    run(search, OpinionEvaluator(), 100, 3)
    assert {stats.move for stats in search.snapshot().moves} == {3, 7, 12}
    assert search.priors().sum() == pytest.approx(search.priors()[[3, 7, 12]].sum(), abs=1e-6)
    search.advance(7)
    run(search, OpinionEvaluator(), search.visits + 200, 3)
    assert {stats.move for stats in search.snapshot().moves} - {3, 7, 12}, "the next root is free again"


@pytest.mark.kernels
def test_moves_are_barred_for_a_colour_down_to_a_depth() -> None:
    """Black may not take the centre in the first three moves of a variation, White not the corner in the first two."""
    barred = [Restriction(BLACK, frozenset({12}), 3), Restriction(WHITE, frozenset({0, 24}), 2)]
    search = Search(Game(5, 0.5), restrictions=barred)
    run(search, OpinionEvaluator(), 1500, 3)
    tree, store = search.tree, search.store.arrays
    seen: dict[int, set[int]] = {depth: set() for depth in range(8)}
    level = [ROOT]
    for depth in range(5):
        below = []
        for node in level:
            for place, link in enumerate(links_of(tree, node)):
                seen[depth].add(int(store.move[tree.slot[node], place]))
                below.append(int(tree.link_child[link]))
        level = below
    assert 12 not in seen[0] | seen[2]
    assert 12 in seen[1]
    assert not seen[1] & {0, 24}
    assert 0 in seen[0] | seen[2]
    assert seen[3] & {0, 24}
    assert 12 in seen[4]
    search.advance(7)
    assert search.visits == 0, "what was found under restrictions is of no use without them"


@pytest.mark.kernels
def test_restrictions_that_leave_nothing_are_lifted() -> None:
    search = Search(Game(2, 0.5), restrictions=[Restriction(BLACK, frozenset(range(5)), 1)])
    run(search, OpinionEvaluator(), 50, 1)
    assert len(search.snapshot().moves) > 1


@pytest.mark.kernels
def test_noise_changes_priors_at_the_root_alone() -> None:
    settings = SearchSettings(root_noise=0.5)
    searches = [Search(Game(5), chosen, seed=1) for chosen in (SearchSettings(), settings, settings)]
    for search in searches:
        run(search, OpinionEvaluator(), 1, 1)
    plain, noisy, again = (search.priors() for search in searches)
    assert noisy.sum() == pytest.approx(1, abs=1e-3)
    assert np.abs(noisy - plain).sum() > 0.2
    assert np.array_equal(noisy, again)
    assert (noisy > 0.45 * plain).all()


@pytest.mark.kernels
def test_superko_rules_the_moves_at_the_root() -> None:
    """Nodes are shared by paths with other histories; moves at the root are the legal ones of the game's own."""
    rng = random.Random(12)
    for seed in range(6):
        game, _ = both_games(2, 0.5, Rules(), 4, rng)
        search = Search(game, SearchSettings(transpositions=True), seed=seed)
        for _ in range(8):
            run(search, OpinionEvaluator(), search.visits + 60, 2)
            stats = search.snapshot().moves
            assert all(game.is_legal(stat.move) for stat in stats)
            move = rng.choice(stats).move
            game.play(move)
            search.advance(move)


def test_the_tree_grows_beyond_its_first_room() -> None:
    """The same search in a tree that had to grow as in the reference's, on a board where 1,024 nodes do not suffice."""
    search = Search(Game(3, 0.5))
    run(search, OpinionEvaluator(), 3000, 1)
    twin = ReferenceSearch(ReferenceGame(3), 0.5, False, puct_settings(search.settings))
    twin.run(3000, 1, reference_opinion)
    assert assert_same_tree(search, twin) > 1024


@pytest.mark.kernels
def test_two_batches_in_flight() -> None:
    """Leaves of a second batch are others than the first's, and applying in either order counts all of them."""
    game, _ = both_games(5, 0.5, Rules(), 6, random.Random(5))
    search, evaluator = Search(game, SearchSettings(flight_share=0.5)), OpinionEvaluator()
    run(search, evaluator, 20, 4)
    batches = [LeafBatch(5, 4, evaluator.inputs) for _ in range(2)]
    collected = [search.collect(batch) for batch in batches]
    assert all(collected)
    nodes = [set(batch.arrays.node[: batch.count].tolist()) for batch in batches]
    assert not nodes[0] & nodes[1]
    with pytest.raises(RuntimeError, match="in flight"):
        search.advance(game.pass_move)
    for batch in reversed(batches):
        search.apply(batch, evaluator.evaluate(batch))
    assert search.visits == 20 + sum(collected)
    assert search.tree.pending[: search.tree.used[0]].max() == 0


@pytest.mark.parametrize(("komi", "value"), [(0.5, 1.0), (9.0, 0.0), (9.5, -1.0)])
def test_a_second_pass_is_worth_the_count(komi: float, value: float) -> None:
    """Black owns the board and White has passed: Black's pass is won, drawn or lost by komi, whatever the evaluator."""
    game = Game(3, komi)
    game.play(parse_vertex("B2", 3))
    game.play(game.pass_move)
    search = Search(game, SearchSettings(conservative_pass=False))
    run(search, UniformEvaluator(), 200, 2)
    stats = next(stats for stats in search.snapshot().moves if stats.move == game.pass_move)
    assert (stats.value_to_play, stats.lead_to_play, stats.pv) == (value, 9 - komi, (game.pass_move,))
    best = search.snapshot().moves[0]
    assert (best.move == game.pass_move) == (value > 0)
    search.advance(game.pass_move)
    assert search.visits == 0, "nothing is known below a finished game"


@pytest.mark.kernels
def test_a_pass_before_the_root_is_not_half_of_an_ending() -> None:
    """After the opponent's pass, a pass is a move like others; two passes within the tree end the game all the same.

    White's pass may mean that a stone is held for dead. A tree from before the pass, in which it was one of two, goes.
    """
    game = Game(3, 0.5)
    game.play(parse_vertex("B2", 3))
    search = Search(game)
    run(search, UniformEvaluator(), 400, 2)
    game.play(game.pass_move)
    search.advance(game.pass_move)
    assert search.visits == 0
    run(search, UniformEvaluator(), 400, 2)
    stats = next(stats for stats in search.snapshot().moves if stats.move == game.pass_move)
    assert len(stats.pv) > 1
    assert -1 < stats.value_to_play < 1
    assert TERMINAL in search.tree.state[: search.tree.used[0]]


@pytest.mark.kernels
def test_under_territory_scoring_the_evaluator_settles_a_finished_game() -> None:
    game = Game(3, 0.5, Rules(scoring=Scoring.TERRITORY))
    game.play(parse_vertex("B2", 3))
    game.play(game.pass_move)
    search, evaluator = Search(game), OpinionEvaluator()
    run(search, evaluator, 100, 1)
    stats = next(stats for stats in search.snapshot().moves if stats.move == game.pass_move)
    game.play(game.pass_move)
    stones = tuple(game.stones().reshape(-1).tolist())
    assert stats.value_to_play == pytest.approx(-opinion(stones, game.to_play)[1], abs=1e-6)
    assert stats.pv == (game.pass_move,)


def test_a_search_from_a_finished_game_still_finds_moves() -> None:
    """A client may ask for a move after two passes."""
    game = Game(3, 0.5)
    game.play(game.pass_move)
    game.play(game.pass_move)
    search = Search(game)
    run(search, OpinionEvaluator(), 50, 4)
    assert search.snapshot().moves[0].visits > 0


def test_the_search_leaves_the_game_alone() -> None:
    game, _ = both_games(5, 0.5, Rules(), 6, random.Random(2))
    before = [array.copy() for array in game.board]
    search = Search(game)
    run(search, OpinionEvaluator(), 50, 4)
    search.advance(search.snapshot().moves[0].move)
    assert all(np.array_equal(array, kept) for array, kept in zip(game.board, before, strict=True))


def test_the_same_seed_gives_the_same_search() -> None:
    """Rollouts take their chance from the search's seed alone."""
    game = Game(5, 0.5)

    def seeded(seed: int) -> list[tuple[int, int, float]]:
        search = Search(game, seed=seed)
        run(search, RolloutEvaluator(), 150, 8)
        return figures(search)

    assert seeded(7) == seeded(7)
    assert seeded(7) != seeded(8)
