"""A review written into the game's own SGF: win rates, leads, mistakes and better variations.

What is written into each node of the main line:

    SBKV  Black's win rate in percent, of which Sabaki draws its graph
    V     Black's lead in points (the standard's value of a node)
    C     the same in words, behind a comment that is there already
    DO, BM  doubtful and bad moves, by the points that they lost, unless somebody has judged the move before

Better moves stand as variations beside a doubtful or bad one. What an earlier review wrote is replaced.
"""

from __future__ import annotations

from typing import Any

from sgfmill import sgf

from ponnuki.engine.coords import BLACK, opponent, vertex
from ponnuki.engine.errors import RecordError
from ponnuki.engine.version import VERSION
from ponnuki.records.sgf import sgfmill_point

from .review import Assessment, Candidate, GameReview, MoveReview, better_than_played
from .thresholds import Thresholds

MARK = "(ponnuki"
"""What our part of a comment begins with."""

JUDGEMENTS = ("BM", "DO", "IT", "TE")
"""The standard allows one of them in a node."""


WORDS = {"DO": "doubtful move", "BM": "bad move"}
"""Our judgements, and how our comments tell of them."""


def annotated(tree: Any, review: GameReview, thresholds: Thresholds) -> bytes:
    """The SGF of one game with its review.

    Args:
        tree: the game, from `records.sgf.parse_trees`.

    Raises:
        RecordError: sgfmill cannot write the game back.
    """
    try:
        game = sgf.Sgf_game.from_coarse_game_tree(tree)
        nodes = game.get_main_sequence()
        _forget_earlier(nodes)
        if review.start is not None and review.moves[0].node > 0:
            _annotate(nodes[review.moves[0].node - 1], review.start, [])
        for move in review.moves:
            _annotate_move(nodes[move.node], move, review.size, thresholds)
        data: bytes = game.serialise()
    except ValueError as error:
        raise RecordError(f"cannot be annotated: {error}") from None
    return data


def _forget_earlier(nodes: list[Any]) -> None:
    for node in nodes:
        comment = _comment(node)
        before, marked, ours = comment.partition(MARK.encode())
        if marked:
            _set_comment(node, before.rstrip())
            for name in ("SBKV", "V", *(name for name, words in WORDS.items() if words.encode() in ours)):
                if node.has_property(name):
                    node.unset(name)
        for child in list(node)[1:]:
            if _comment(child).startswith(MARK.encode()):
                child.delete()


def _comment(node: Any) -> bytes:
    raw: bytes = node.get_raw("C") if node.has_property("C") else b""
    return raw


def _set_comment(node: Any, comment: bytes) -> None:
    if comment:
        node.set_raw("C", comment)
    elif node.has_property("C"):
        node.unset("C")


def _annotate_move(node: Any, move: MoveReview, size: int, thresholds: Thresholds) -> None:
    lost = move.points_lost
    lines = []
    if move.place == 0:
        lines.append("the move that would be played")
    elif move.after is not None:
        place = "not looked at" if move.place is None else f"candidate {move.place + 1}"
        lines.append(f"{place}; lost {lost:.1f} points and {100 * move.winrate_lost:.1f}% of the win rate")
    if lost >= thresholds.doubtful:
        best = move.before.candidates[0]
        lines.append(f"better: {vertex(best.move, size)} ({_figures(best.winrate, best.lead)})")
        if not any(node.has_property(name) for name in JUDGEMENTS):
            judgement = "BM" if lost >= thresholds.bad else "DO"
            node.set(judgement, 1)
            lines.append(WORDS[judgement])
        for candidate in better_than_played(move)[: thresholds.variations]:
            _add_variation(node.parent, candidate, move.colour, size, thresholds.pv_moves)
    if move.after is not None:
        _annotate(node, move.after, lines)


def _annotate(node: Any, found: Assessment, lines: list[str]) -> None:
    node.set("V", round(found.lead, 2))
    _tell(node, found, lines)


def _tell(node: Any, found: Assessment | Candidate, lines: list[str]) -> None:
    """Write a win rate for Sabaki's graph, and figures and lines behind the comment that is there."""
    node.set_raw("SBKV", f"{100 * found.winrate:.2f}".encode())
    told = [f"{MARK} {VERSION}, {found.visits} visits) {_figures(found.winrate, found.lead)}", *lines]
    before = _comment(node)
    _set_comment(node, (before + b"\n\n" if before else b"") + "\n".join(told).encode())


def _figures(winrate: float, lead: float) -> str:
    """Both sides' view in one: the leader's points, Black's win rate."""
    return f"Black {100 * winrate:.1f}%, {'B' if lead >= 0 else 'W'}+{abs(lead):.1f}"


def _add_variation(parent: Any, candidate: Candidate, colour: int, size: int, moves: int) -> None:
    node = parent
    for index, move in enumerate(candidate.pv[:moves]):
        node = node.new_child()
        side = colour if index % 2 == 0 else opponent(colour)
        node.set_move("b" if side == BLACK else "w", sgfmill_point(move, size))
        if index == 0:
            _tell(node, candidate, [])
