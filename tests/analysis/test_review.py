"""Reviews: which positions are searched, what a move is said to have lost, and what is written into the SGF."""

import re

import numpy as np
import pytest
from sgfmill import sgf

from ponnuki.analysis.annotate import Thresholds, annotated
from ponnuki.analysis.review import (
    Assessment,
    Candidate,
    MoveReview,
    Reviewer,
    better_than_played,
    move_table,
    played_game,
    reviewed,
    turns_of,
)
from ponnuki.engine.config import PlayerSettings
from ponnuki.engine.coords import BLACK, WHITE
from ponnuki.engine.errors import PonnukiError
from ponnuki.engine.evaluator import Evaluation
from ponnuki.records.sgf import main_line, parse_trees, record_and_moves
from tests.engine.fakes import EquivariantEvaluator

GAME = (b"(;SZ[5]KM[3]PB[Aoki]C[friendly];B[cc];W[bb]C[hm\\] so](;B[cb];W[bc];B[bd]LB[bd:1](;W[ad])(;W[be]C[or]))"
        b"(;B[ca]))")


class Coarse:
    """Sees nothing but who has more stones in the upper half."""

    inputs = EquivariantEvaluator.inputs
    outputs = EquivariantEvaluator.outputs

    def evaluate(self, batch):
        planes = batch.planes[: batch.count]
        value = np.tanh((planes[:, 1, :2] - planes[:, 2, :2]).sum((1, 2)) / 3)
        return Evaluation(np.zeros((batch.count, batch.size**2 + 1), np.float32), value.astype(np.float32),
                          (10 * value).astype(np.float32))


def review_of(data, evaluator=None, visits=30):
    """The tree of a file's first game, its review, and what the rules refused."""
    tree = parse_trees(data)[0]
    game, steps, refused = played_game(*record_and_moves(main_line(tree)))
    found = evaluator or EquivariantEvaluator()
    reviewer = Reviewer(lambda size, settings: (found, settings), PlayerSettings(threads=2), visits)
    assessments = dict(reviewer.search(game, turns_of(game, steps)))
    reviewer.close()
    return tree, reviewed(game, steps, assessments), refused


def assessment(lead, *others, winrate=0.5):
    """A position in which Black leads so much with the best move, 0, and with moves 1, 2, …"""
    leads = [lead, *others]
    return Assessment(10, tuple(Candidate(move, 5, winrate, value, (move,)) for move, value in enumerate(leads)))


def test_every_position_is_searched_to_the_visits_that_were_asked_for():
    _, review, refused = review_of(GAME, visits=25)
    assert refused is None
    assert [(move.number, move.node, move.colour) for move in review.moves] == [
        (1, 1, BLACK), (2, 2, WHITE), (3, 3, BLACK), (4, 4, WHITE), (5, 5, BLACK), (6, 6, WHITE)]  # fmt: skip
    for earlier, later in zip(review.moves, review.moves[1:], strict=False):
        assert earlier.after == later.before
    assert all(move.before.visits >= 25 for move in review.moves)
    assert review.start == review.moves[0].before


@pytest.mark.parametrize(
    ("colour", "move", "after", "lost"),
    [
        (BLACK, 1, 2.0, 4.0),
        (BLACK, 1, 7.5, 0.0),
        (BLACK, 0, 2.0, 0.0),
        (WHITE, 1, 8.0, 2.0),
        (WHITE, 24, 5.0, 0.0),
    ],
)
def test_points_lost_are_the_mover_s_against_the_best_move(colour, move, after, lost):
    found = MoveReview(1, 1, colour, move, assessment(6.0, 5.0), assessment(after))
    assert found.points_lost == pytest.approx(lost)
    assert found.place == (None if move == 24 else move)


def test_win_rate_lost():
    found = MoveReview(1, 1, WHITE, 1, assessment(0, 1, winrate=0.4), assessment(0, winrate=0.75))
    assert found.winrate_lost == pytest.approx(0.35)


def test_a_move_that_ends_the_game_loses_nothing():
    _, review, _ = review_of(b"(;SZ[5];B[cc];W[];B[])")
    assert review.moves[-1].after is None
    assert review.moves[-1].points_lost == 0


def test_better_moves_lead_by_more_than_the_game_did():
    found = MoveReview(1, 1, WHITE, 2, assessment(-4.0, 1.0, 2.0, 9.0), assessment(3.0))
    assert [candidate.move for candidate in better_than_played(found)] == [0, 1]


def test_the_tree_stays_and_says_more():
    tree, review, _ = review_of(GAME, Coarse())
    text = annotated(tree, review, Thresholds(doubtful=0.0, bad=1.0, variations=1, pv_moves=3))
    nodes = sgf.Sgf_game.from_bytes(text).get_main_sequence()
    assert nodes[0].get("C").startswith("friendly\n\n(ponnuki")
    assert nodes[2].get("C").startswith("hm] so\n\n(ponnuki")
    assert nodes[5].get("LB")
    assert [child.get_move() for child in nodes[2]][:2] == [("b", (3, 2)), ("b", (4, 2))]
    assert [child.get("C") for child in nodes[5]][1] == "or"
    for node, move in zip(nodes[1:], review.moves, strict=True):
        assert float(node.get_raw("SBKV")) == pytest.approx(100 * move.after.winrate, abs=0.01)
        assert node.get("V") == pytest.approx(move.after.lead, abs=0.01)
        assert f"{100 * move.after.winrate:.1f}%" in node.get("C")


def test_mistakes_are_marked_and_what_is_better_is_shown():
    data = b"(;SZ[5]KM[0];B[aa];W[ab];B[ee];W[ba];B[ed])"  # Black leaves the upper half, where all the value is
    tree, review, _ = review_of(data, Coarse(), visits=60)
    nodes = sgf.Sgf_game.from_bytes(annotated(tree, review, Thresholds(1.0, 100.0, 2, 3))).get_main_sequence()
    lost = [move.points_lost for move in review.moves]
    assert max(lost[2], lost[4]) >= 1.0
    for node, move in zip(nodes[1:], review.moves, strict=True):
        assert node.has_property("DO") == (move.points_lost >= 1.0) == ("doubtful move" in node.get("C"))
        variations = list(node.parent)[1:]
        assert len(variations) == (min(2, len(better_than_played(move))) if move.points_lost >= 1.0 else 0)
        for variation, candidate in zip(variations, better_than_played(move), strict=False):
            assert variation.get_move()[0] == ("b" if move.colour == BLACK else "w")
            assert variation.has_property("SBKV")
            length = 1
            while list(variation):
                variation = variation[0]
                length += 1
            assert length == min(3, len(candidate.pv))


def test_bad_moves_and_those_that_somebody_judged_before():
    tree, review, _ = review_of(b"(;SZ[5]KM[0];B[aa];W[ab];B[ee]TE[1];W[ba];B[ed])", Coarse(), visits=60)
    nodes = sgf.Sgf_game.from_bytes(annotated(tree, review, Thresholds(0.01, 0.02, 1, 3))).get_main_sequence()
    marks = [node.has_property("BM") for node in nodes[1:]]
    assert marks == [move.points_lost >= 0.02 and not node.has_property("TE")
                     for move, node in zip(review.moves, nodes[1:], strict=True)]  # fmt: skip
    assert nodes[3].has_property("TE")
    assert any(marks)


def test_a_second_review_replaces_the_first():
    tree, review, _ = review_of(GAME, Coarse())
    first = annotated(tree, review, Thresholds(0.01, 0.5, 2, 4))
    tree, again, _ = review_of(first, Coarse())
    assert annotated(tree, again, Thresholds(0.01, 0.5, 2, 4)) == first
    plain = annotated(parse_trees(first)[0], again, Thresholds(1000.0, 1000.0, 2, 4))
    assert b"doubtful" not in plain
    assert b"BM" not in plain
    assert plain.count(b"(;") == GAME.count(b"(;")


@pytest.mark.parametrize(
    ("data", "moves"),
    [
        (b"(;SZ[9]HA[2]AB[cc][gg]KM[0];W[ee];B[ce])", [(WHITE, 40), (BLACK, 38)]),
        (b"(;SZ[9]HA[2]KM[0];B[cc];B[gg];W[ee];B[ce])", [(WHITE, 40), (BLACK, 38)]),
        (b"(;SZ[5];B[cc];B[bb];W[dd])", [(BLACK, 12), (BLACK, 6), (WHITE, 18)]),
        (b"(;SZ[5];W[cc];B[bb])", [(WHITE, 12), (BLACK, 6)]),
        (b"(;SZ[5]B[cc];W[bb])", [(BLACK, 12), (WHITE, 6)]),
        (b"(;SZ[5])", []),
    ],
)
def test_games_of_all_kinds(data, moves):
    tree, review, refused = review_of(data, visits=8)
    assert refused is None
    assert [(move.colour, move.move) for move in review.moves] == moves
    nodes = sgf.Sgf_game.from_bytes(annotated(tree, review, Thresholds())).get_main_sequence()
    for move in review.moves:
        assert nodes[move.node].has_property("SBKV")
    assert sum(node.has_property("SBKV") for node in nodes) == len(moves) + (bool(moves) and review.moves[0].node > 0)


def test_a_move_against_the_rules_ends_the_review():
    _, review, refused = review_of(b"(;SZ[5];B[cc];W[cc];B[aa])", visits=8)
    assert [move.move for move in review.moves] == [12]
    assert re.match(r"move 2: .*; the review ends before it", refused)


def test_a_failing_evaluator_is_told():
    class Broken(EquivariantEvaluator):
        def evaluate(self, batch):
            raise ArithmeticError("no opinion")

    with pytest.raises(PonnukiError, match="no opinion"):
        review_of(GAME, Broken())


def test_comments_in_another_charset_are_left_as_they_are():
    data = "(;SZ[5]CA[Shift_JIS];B[cc]C[黒の一手])".encode("shift_jis")
    tree, review, _ = review_of(data, visits=8)
    assert "黒の一手\n\n(ponnuki".encode("shift_jis") in annotated(tree, review, Thresholds())


def test_figures_for_machines():
    _, review, _ = review_of(GAME, visits=8)
    table = move_table(review)
    assert [row["vertex"] for row in table] == ["C3", "B4", "C4", "B3", "B2", "A2"]
    assert [row["colour"] for row in table] == list("BWBWBW")
    assert all(row["points_lost"] >= 0 and row["visits"] >= 8 and row["best"] == row["pv"][0] for row in table)
