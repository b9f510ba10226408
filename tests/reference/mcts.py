"""PUCT graph search in plain Python: nodes are objects, links a dict, every descent replays the whole game.

The twin of `ponnuki.engine.search`, written from its docstrings. Leaves are collected, evaluated and applied in three
steps, as there, so that searches with several leaves in flight can be compared too.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from .go import BLACK, ReferenceGame, after_stone, area_margin

Evaluated = tuple[Sequence[float], float, float]
"""Logits of N·N + 1 moves, value and lead to play."""
EvaluateFunction = Callable[[ReferenceGame], Evaluated]


@dataclass(frozen=True)
class PuctSettings:
    """The search's parameters; the names and units of `ponnuki.engine.config.SearchSettings`."""

    c_puct: float
    c_puct_log: float
    c_puct_base: float
    c_puct_stdev: float
    fpu_reduction: float
    root_fpu_reduction: float
    virtual_loss: float
    flight_least: int
    flight_share: float
    score_weight: float
    score_scale: float
    score_centre: float
    policy_temperature: float
    root_policy_temperature: float
    forced_playouts: float
    transpositions: bool
    conservative_pass: bool


@dataclass(eq=False)
class Link:
    """A move from one position to another."""

    child: Node
    visits: int = 0
    pending: int = 0


@dataclass(eq=False)
class Node:
    """A position in the graph; values from the view of the side to play there."""

    priors: dict[int, float] = field(default_factory=dict)
    links: dict[int, Link] = field(default_factory=dict)
    state: str = "new"
    evaluated: bool = False
    raw_value: float = 0.0
    raw_lead: float = 0.0
    pending: int = 0
    value: float = 0.0
    lead: float = 0.0
    utility: float = 0.0
    utility_square: float = 0.0

    @property
    def visits(self) -> int:
        """Its own evaluation and what went through its links."""
        return int(self.evaluated) + sum(link.visits for link in self.links.values())


Path = list[tuple[Node, Link]]


def softmax(logits: Sequence[float], legal: Sequence[bool], temperature: float) -> dict[int, float]:
    """Priors of the legal moves."""
    largest = max(logit for logit, allowed in zip(logits, legal, strict=True) if allowed)
    weights = {move: math.exp((logit - largest) / temperature)
               for move, (logit, allowed) in enumerate(zip(logits, legal, strict=True)) if allowed}
    total = sum(weights.values())
    return {move: weight / total for move, weight in weights.items()}


def sharpened(priors: dict[int, float], temperature: float) -> dict[int, float]:
    """Priors to the power 1 / temperature, made to sum to 1."""
    powers = {move: prior ** (1 / temperature) for move, prior in priors.items()}
    return {move: power / sum(powers.values()) for move, power in powers.items()}


def ko_points(game: ReferenceGame) -> tuple[int, ...]:
    """Where a play would bring back the position before the last move, as simple ko forbids."""
    if len(game.situations) < 2:
        return ()
    before, empty = game.situations[-2][0], [point for point, stone in enumerate(game.stones) if not stone]
    return tuple(p for p in empty if after_stone(game.stones, game.size, game.to_play, p).stones == before)


def passes(game: ReferenceGame) -> int:
    """Passes in a row at the end."""
    moves = [move for _, move in game.moves]
    return next((n for n, move in enumerate(reversed(moves)) if move != game.pass_move), len(moves))


class ReferenceSearch:
    """The search of one position. `komi` is White's, compensation included."""

    def __init__(self, game: ReferenceGame, komi: float, territory: bool, settings: PuctSettings) -> None:
        self.game, self.komi, self.territory, self.settings = game.copy(), komi, territory, settings
        self.root = Node()
        self.centre = 0.0
        self.shared: dict[object, Node] = {}
        self.in_flight = 0

    def weight(self, node: Node) -> float:
        """c(n) · √n, with the factor for the standard deviation of the utility."""
        s, n = self.settings, node.visits + node.pending
        c = s.c_puct + s.c_puct_log * math.log((n + s.c_puct_base) / s.c_puct_base)
        variance = max(0.0, node.utility_square - node.utility**2)
        stdev = math.sqrt((variance * node.visits + 0.4**2 * 2) / max(1, node.visits + 2 - 1))
        return c * (1 + s.c_puct_stdev * (stdev / 0.4 - 1)) * math.sqrt(n)

    def puct(self, node: Node, move: int) -> float:
        """The score of one move: q(child) + weight · prior / (1 + visits of the link)."""
        link = node.links.get(move)
        if link is None:
            visited = sum(node.priors[opened] for opened in node.links)
            reduction = self.settings.root_fpu_reduction if node is self.root else self.settings.fpu_reduction
            return node.utility - reduction * math.sqrt(visited) + self.weight(node) * node.priors[move]
        if node is self.root and link.visits and self.settings.forced_playouts:
            forced = math.sqrt(self.settings.forced_playouts * node.priors[move] * node.visits)
            if link.visits + link.pending < forced:
                return 1e9 + node.priors[move]
        lost = link.pending * self.settings.virtual_loss
        games = link.visits + lost
        q = (-link.child.utility * link.visits - lost) / games if games else -link.child.utility
        return q + self.weight(node) * node.priors[move] / (1 + link.visits + link.pending)

    def key(self, node: Node, game: ReferenceGame) -> object:
        """What makes two paths lead to one node."""
        if not self.settings.transpositions:
            return object()
        lost = game.lost if self.territory else []
        prisoners = sum(number if colour == BLACK else -number for colour, number in lost)
        return game.stones, game.to_play, ko_points(game), passes(game), len(game.moves), prisoners

    def descend(self) -> tuple[Node, Path, ReferenceGame, bool]:
        """Follow the best moves to a node to be evaluated, opening it if need be; the path is then pending.

        The last item says whether the node is known from another path, by more visits than its link has had.
        """
        node, game, path = self.root, self.game.copy(), []
        node.pending += 1
        while node.state == "expanded":
            unopened = sorted((move for move in node.priors if move not in node.links), key=lambda m: -node.priors[m])
            move = max([*node.links, *unopened[:1]], key=lambda move: self.puct(node, move))
            game.play(move)
            if move not in node.links:
                node.links[move] = Link(self.shared.setdefault(self.key(node, game), Node()))
            link = node.links[move]
            path.append((node, link))
            node = link.child
            node.pending += 1
            known = link.visits + link.pending
            link.pending += 1
            if self.settings.transpositions and node.state == "expanded" and node.visits > known:
                return node, path, game, True
        return node, path, game, False

    def utility(self, value: float, lead: float, centre: float) -> float:
        """Value, and the score beyond the centre on an arcus tangens."""
        scale = self.settings.score_scale * self.game.size
        return value + self.settings.score_weight * 2 / math.pi * math.atan((lead - centre) / scale)

    def average(self, node: Node, distance: int) -> None:
        """The means of a node: its own evaluation, and each child's as often as it was visited from here."""
        own = self.utility(node.raw_value, node.raw_lead, self.centre if distance % 2 == 0 else -self.centre)
        links = list(node.links.values())
        total = 1 + sum(link.visits for link in links)
        node.value = (node.raw_value - sum(link.visits * link.child.value for link in links)) / total
        node.lead = (node.raw_lead - sum(link.visits * link.child.lead for link in links)) / total
        node.utility = (own - sum(link.visits * link.child.utility for link in links)) / total
        node.utility_square = (own**2 + sum(link.visits * link.child.utility_square for link in links)) / total

    def average_all(self, node: Node, distance: int) -> None:
        """All means below a node anew."""
        for link in node.links.values():
            if link.child.evaluated:
                self.average_all(link.child, distance + 1)
        self.average(node, distance)

    def settle(self, node: Node, value: float, lead: float, distance: int) -> None:
        """A node's own evaluation."""
        node.raw_value, node.raw_lead, node.evaluated = value, lead, True
        self.average(node, distance)

    def back_up(self, leaf: Node, path: Path) -> None:
        """Count a playout on the way up."""
        leaf.pending -= 1
        for distance, (node, link) in reversed(list(enumerate(path))):
            node.pending -= 1
            link.pending -= 1
            link.visits += 1
            self.average(node, distance)

    def collect(self, limit: int) -> list[tuple[Node, Path, ReferenceGame]]:
        """Up to `limit` playouts: finished games are backed up at once, meeting a leaf in flight ends the call."""
        leaves: list[tuple[Node, Path, ReferenceGame]] = []
        visits = self.root.visits
        least = min(self.settings.flight_least, visits) if visits else 1
        limit = min(limit, max(least, int(self.settings.flight_share * visits)))
        for _ in range(limit):
            node, path, game, known = self.descend()
            if node.state == "awaiting":
                leaf_path = [(above, link) for above, link in path]
                node.pending -= 1
                for above, link in leaf_path:
                    above.pending -= 1
                    link.pending -= 1
                break
            if self.ends(path, game) and not self.territory and node.state == "new":
                margin = area_margin(game.stones, game.size) - self.komi
                to_play = margin if game.to_play == BLACK else -margin
                self.settle(node, (to_play > 0) - (to_play < 0), to_play, len(path))
                node.state = "terminal"
            if known or node.state == "terminal":
                self.back_up(node, path)
                continue
            node.state = "awaiting"
            leaves.append((node, path, game))
        return leaves

    def ends(self, path: Path, game: ReferenceGame) -> bool:
        """Whether the game is over at the end of a path; one pass before the root may not count."""
        return len(path) >= (2 if self.settings.conservative_pass else 1) and game.is_over

    def apply(self, leaves: list[tuple[Node, Path, ReferenceGame]], evaluate: EvaluateFunction) -> None:
        """Evaluate and expand leaves; under territory scoring a finished game ends with its evaluation."""
        for node, path, game in leaves:
            logits, value, lead = evaluate(game)
            self.settle(node, value, lead, len(path))
            self.back_up(node, path)
            node.state = "terminal" if self.ends(path, game) else "expanded"
            if node.state == "expanded":
                node.priors = softmax(logits, game.legal_moves(), self.settings.policy_temperature)
            if not path:
                self.begin()

    def begin(self) -> None:
        """Prepare a root that has just been evaluated or arrived at."""
        self.centre = self.settings.score_centre * self.root.lead
        self.average_all(self.root, 0)
        self.root.priors = sharpened(self.root.priors, self.settings.root_policy_temperature)

    def run(self, playouts: int, batch_size: int, evaluate: EvaluateFunction) -> None:
        """Search until so many playouts are done."""
        while self.root.visits < playouts:
            self.apply(self.collect(min(batch_size, playouts - self.root.visits)), evaluate)

    def advance(self, move: int) -> None:
        """Play a move and keep what is known below it."""
        self.game.play(move)
        dropped = self.settings.conservative_pass and move == self.game.size**2
        kept = None if dropped else self.root.links.get(move)
        self.root = kept.child if kept is not None and kept.child.state == "expanded" else Node()
        self.shared = {key: node for key, node in self.shared.items() if node in self._below(self.root)}
        if self.root.state == "expanded":
            self.begin()

    def _below(self, node: Node) -> set[Node]:
        """All nodes below a node."""
        found, waiting = set(), [node]
        while waiting:
            for link in waiting.pop().links.values():
                if link.child not in found:
                    found.add(link.child)
                    waiting.append(link.child)
        return found
