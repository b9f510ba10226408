"""Problems as SGF trees with right and wrong branches: the engine plays the side to move, the file answers.

Which marks are read:

- ``RIGHT`` or ``CORRECT`` in a comment, in capitals (as on goproblems.com) or as a comment's first word in any case:
  the branch below is right. ``WRONG`` or ``INCORRECT`` likewise: it is wrong.
- ``TE`` (tesuji) on a move: right; ``BM`` (bad move): wrong. They count where no comment of the file says RIGHT.
- ``CHOICE`` in a comment, in capitals: one of several answers that the file may give, chosen by seed. Without it the
  file answers with its first branch.

The nearest mark above a leaf decides; leaves without any are wrong, unless the file has only wrong branches marked.
"""

from __future__ import annotations

import math
import random
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from sgfmill import sgf, sgf_grammar

from ponnuki.arena.failures import EngineFailure
from ponnuki.arena.suite_engine import SuiteEngine
from ponnuki.arena.suite_problem import Outcome, Problem
from ponnuki.engine.coords import BLACK, MAX_SIZE, MIN_SIZE, WHITE, parse_vertex, vertex
from ponnuki.engine.errors import RecordError
from ponnuki.engine.rules import HOME_RULES
from ponnuki.records.games import GameRecord
from ponnuki.records.sgf_values import parse_komi, parse_rules

COLOURS = {"b": BLACK, "w": WHITE}
"""Colours by sgfmill's names."""

_RIGHT = re.compile(r"\b(RIGHT|CORRECT)\b|\A\W*(?i:right|correct)\b")
_WRONG = re.compile(r"\b(WRONG|INCORRECT)\b|\A\W*(?i:wrong|incorrect)\b")
_CHOICE = re.compile(r"\bCHOICE\b")

_MOST_SHOWN = 60


class Branch:
    """A node of a problem's tree: a move and what may follow."""

    def __init__(self, colour: int, move: int, comment: str = "", tesuji: bool = False, bad: bool = False) -> None:
        """A node with its comment, and whether it has TE and BM."""
        self.colour = colour
        self.move = move
        self.said_right = _WRONG.search(comment) is None and _RIGHT.search(comment) is not None
        self.wrong = bad or _WRONG.search(comment) is not None
        self.tesuji = tesuji
        self.choice = _CHOICE.search(comment) is not None
        self.following: list[Branch] = []
        self.right = False
        """Whether a right leaf can be reached from here."""

    def nodes(self) -> Iterator[Branch]:
        """This node and all below it, each before those that follow it."""
        waiting = [self]
        while waiting:  # a line may be longer than Python calls functions
            branch = waiting.pop()
            yield branch
            waiting += reversed(branch.following)

    def reply(self, move: int) -> Branch | None:
        """The branch that a move leads into."""
        return next((branch for branch in self.following if branch.move == move), None)


@dataclass(frozen=True)
class SgfTask:
    """One SGF problem."""

    problem: Problem
    position: GameRecord
    root: Branch
    """Stands for the position; its `colour` is the side that the engine plays."""
    seed: int = 0

    @property
    def problems(self) -> list[Problem]:
        """The one problem."""
        return [self.problem]

    def solve(self, engine: SuiteEngine) -> list[Outcome]:
        """Play the problem through; it is solved when a right leaf is reached."""
        engine.begin_task()
        played: list[str] = []
        try:
            engine.set_position(self.position)
            return [self._play(engine, played)]
        except EngineFailure as failure:
            return [Outcome.of_failure(self.problem, failure, " ".join(played))]

    def _play(self, engine: SuiteEngine, played: list[str]) -> Outcome:
        size, seconds = self.position.size, 0.0
        rng = random.Random(f"{self.seed} {self.problem.name}")
        branch: Branch | None = self.root
        while branch is not None and branch.following and branch.right:
            if branch.following[0].colour == self.root.colour:
                reply = engine.genmove(self.root.colour)
                seconds += reply.seconds
                played.append(reply.text)
                branch = branch.reply(_move(reply.text, size))
            else:
                branch = _answer(branch, rng)
                engine.play(branch.colour, branch.move, size)
                played.append(vertex(branch.move, size))
        passed = branch is not None and branch.right and not branch.following
        return Outcome(self.problem, passed, " ".join(played), seconds)


def _move(text: str, size: int) -> int:
    """An engine's move; -1, which no branch has, for what is no vertex."""
    try:
        return parse_vertex(text, size)
    except ValueError:
        return -1


def _answer(branch: Branch, rng: random.Random) -> Branch:
    """The file's answer: its first branch, or one of those with CHOICE."""
    choices = [following for following in branch.following if following.choice]
    return rng.choice(choices) if choices else branch.following[0]


def read_sgf_problems(path: Path, suite: str, seed: int = 0) -> list[SgfTask]:
    """The problems of an SGF file, one for each game of a collection.

    Raises:
        RecordError: the file is no SGF, or a problem in it has no moves, no right branch, or no position that we know.
    """
    try:
        trees = sgf_grammar.parse_sgf_collection(path.read_bytes())
        tasks = []
        for number, tree in enumerate(trees, 1):
            name = path.stem if len(trees) == 1 else f"{path.stem}.{number}"
            tasks.append(_task(sgf.Sgf_game.from_coarse_game_tree(tree), Problem(suite, name, "a right branch"), seed))
    except OSError as error:
        raise RecordError(f"{path}: {error.strerror or error}") from error
    except ValueError as error:
        raise RecordError(f"{path}: {error}") from None
    return tasks


def _task(game: sgf.Sgf_game, problem: Problem, seed: int) -> SgfTask:
    size = game.get_size()
    if not MIN_SIZE <= size <= MAX_SIZE:
        raise ValueError(f"board size {size}: expected {MIN_SIZE} to {MAX_SIZE}")
    node, setup = game.get_root(), dict[int, int]()
    _set_up(node, size, setup)
    while len(node) == 1 and _move_in(node[0], size)[0] is None:
        node = node[0]
        _set_up(node, size, setup)
    firsts = [COLOURS[colour] for child in node if (colour := _move_in(child, size)[0]) is not None]
    if not firsts or len(set(firsts)) > 1 or len(firsts) != len(node):
        raise ValueError("a problem begins with moves of one colour")
    root = _tree(node, size, firsts[0])
    _mark_leaves(root)
    if not root.right:
        raise ValueError("no branch is marked right (RIGHT or CORRECT in a comment, or TE), nor any wrong")
    rules, komi = (game.get_root().get_raw(name).decode("latin-1") if game.get_root().has_property(name) else ""
                   for name in ("RU", "KM"))
    points = parse_komi(komi) or 0.0
    if math.isinf(points):
        raise ValueError(f"KM[{_shortened(komi)}]: expected a number of points")
    position = GameRecord(size, points, parse_rules(rules) or HOME_RULES, [], root.colour,
                          [(colour, point) for point, colour in setup.items()])
    return SgfTask(problem, position, root, seed)


def _set_up(node: sgf.Tree_node, size: int, setup: dict[int, int]) -> None:
    """Add a node's stones to `setup`, colours by point."""
    try:
        black, white, empty = node.get_setup_stones()
    except ValueError:
        raise ValueError(f"{_written(node, 'AB', 'AW', 'AE')}: expected points of a {size}x{size} board") from None
    for colour, points in ((COLOURS["b"], black), (COLOURS["w"], white)):
        for row, col in points:
            setup[(size - 1 - row) * size + col] = colour
    for row, col in empty:
        setup.pop((size - 1 - row) * size + col, None)


def _tree(start: sgf.Tree_node, size: int, colour: int) -> Branch:
    """What follows a node, as a tree of branches below one that stands for the node."""
    root = Branch(colour, -1)
    waiting = [(start, root)]
    while waiting:
        node, branch = waiting.pop()
        branch.following = [_branch(child, size) for child in node]
        waiting += zip(node, branch.following, strict=True)
    for branch in reversed(list(root.nodes())):
        branch.choice = branch.choice or any(following.choice for following in branch.following)
    return root


def _move_in(node: sgf.Tree_node, size: int) -> tuple[str | None, tuple[int, int] | None]:
    """Colour and point of a node's move, by sgfmill's names; no colour where there is none."""
    try:
        colour, point = node.get_move()
    except ValueError:
        raise ValueError(f"{_written(node, 'B', 'W')}: expected a point of a {size}x{size} board") from None
    return colour, point


def _written(node: sgf.Tree_node, *names: str) -> str:
    """What stands in the file for those of a node's properties."""
    values = (f"{name}[{raw.decode('latin-1')}]" for name in names if node.has_property(name)
              for raw in node.get_raw_list(name))
    return _shortened(" ".join(values))


def _shortened(text: str) -> str:
    return text if len(text) <= _MOST_SHOWN else f"{text[:_MOST_SHOWN]}…"


def _branch(node: sgf.Tree_node, size: int) -> Branch:
    """A node without what follows."""
    colour, point = _move_in(node, size)
    if colour is None:
        raise ValueError("a node without a move among the moves of a problem")
    move = size * size if point is None else (size - 1 - point[0]) * size + point[1]
    comment = node.get_raw("C").decode("latin-1") if node.has_property("C") else ""
    return Branch(COLOURS[colour], move, comment, node.has_property("TE"), node.has_property("BM"))


def _mark_leaves(root: Branch) -> None:
    """Set `right` throughout the tree, as the head of this file says."""
    nodes = list(root.nodes())
    by_comment = any(branch.said_right for branch in nodes)
    by_property = not by_comment and any(branch.tesuji for branch in nodes)
    unmarked = not by_comment and not by_property and any(branch.wrong for branch in nodes)

    root.right = unmarked
    for branch in nodes:  # the nearest mark above, downwards ...
        if branch.wrong:
            branch.right = False
        elif branch.said_right or (by_property and branch.tesuji):
            branch.right = True
        for following in branch.following:
            following.right = branch.right
    for branch in reversed(nodes):  # ... and from the leaves upwards, whether a right one can be reached
        if branch.following:
            branch.right = any(following.right for following in branch.following)
