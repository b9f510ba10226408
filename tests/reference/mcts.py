"""PUCT tree search in plain Python: nodes are objects, children a dict, every descent replays the whole game.

The twin of `ponnuki.engine.search`, written from its docstrings. Leaves are collected, evaluated and applied in three
steps, as there, so that searches with several leaves in flight can be compared too.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from .go import BLACK, ReferenceGame, area_margin

Evaluated = tuple[Sequence[float], float, float]
"""Logits of N·N + 1 moves, value and lead to play."""
EvaluateFunction = Callable[[ReferenceGame], Evaluated]


@dataclass(frozen=True)
class PuctSettings:
    """The search's parameters; the names and units of `ponnuki.engine.config.SearchSettings`."""

    c_puct: float
    c_puct_log: float
    c_puct_base: float
    fpu_reduction: float
    virtual_loss: float
    policy_temperature: float


@dataclass(eq=False)
class Node:
    """A position in the tree; values from the view of the side to play there."""

    parent: Node | None = None
    priors: dict[int, float] = field(default_factory=dict)
    children: dict[int, Node] = field(default_factory=dict)
    state: str = "new"
    visits: int = 0
    pending: int = 0
    value_sum: float = 0.0
    lead_sum: float = 0.0
    ended: tuple[float, float] = (0.0, 0.0)

    def path(self) -> list[Node]:
        """This node, its parent and so on up to the root."""
        return [self, *(self.parent.path() if self.parent else [])]


def puct(node: Node, move: int, settings: PuctSettings) -> float:
    """The score of one move: q(child) + c(n) · prior · √n / (1 + visits(child)).

    A playout in flight is a visit, and `virtual_loss` lost games. An unvisited child counts as the node's mean value
    less fpu_reduction · √(prior already visited).
    """
    visits = node.visits + node.pending
    base = settings.c_puct_base
    weight = settings.c_puct + settings.c_puct_log * math.log((visits + base) / base)
    child = node.children.get(move)
    if child is None:
        visited = sum(node.priors[opened] for opened in node.children)
        q, tried = node.value_sum / max(1, node.visits) - settings.fpu_reduction * math.sqrt(visited), 0
    else:
        lost, tried = child.pending * settings.virtual_loss, child.visits + child.pending
        games = child.visits + lost
        q = (-child.value_sum - lost) / games if games else 0.0
    return q + weight * math.sqrt(visits) * node.priors[move] / (1 + tried)


def softmax(logits: Sequence[float], legal: Sequence[bool], temperature: float) -> dict[int, float]:
    """Priors of the legal moves."""
    largest = max(logit for logit, allowed in zip(logits, legal, strict=True) if allowed)
    weights = {move: math.exp((logit - largest) / temperature)
               for move, (logit, allowed) in enumerate(zip(logits, legal, strict=True)) if allowed}
    total = sum(weights.values())
    return {move: weight / total for move, weight in weights.items()}


class ReferenceSearch:
    """The search of one position. `komi` is White's, compensation included."""

    def __init__(self, game: ReferenceGame, komi: float, territory: bool, settings: PuctSettings) -> None:
        self.game, self.komi, self.territory, self.settings = game.copy(), komi, territory, settings
        self.root = Node()

    def descend(self) -> tuple[Node, ReferenceGame]:
        """Follow the best moves to a node that has no children yet, opening it if need be; it is then pending."""
        node, game = self.root, self.game.copy()
        node.pending += 1
        while node.state == "expanded":
            opened, unopened = list(node.children), [move for move in node.priors if move not in node.children]
            choices = opened + sorted(unopened, key=lambda move: -node.priors[move])[:1]
            move = max(choices, key=lambda move: puct(node, move, self.settings))
            game.play(move)
            node = node.children.setdefault(move, Node(node))
            node.pending += 1
        return node, game

    def back_up(self, leaf: Node, value: float, lead: float) -> None:
        """Count a playout on the way up, the sign turning at each step."""
        for node in leaf.path():
            node.pending -= 1
            node.visits += 1
            node.value_sum += value
            node.lead_sum += lead
            value, lead = -value, -lead

    def collect(self, limit: int) -> list[tuple[Node, ReferenceGame]]:
        """Up to `limit` playouts: finished games are backed up at once, meeting a leaf in flight ends the call."""
        leaves: list[tuple[Node, ReferenceGame]] = []
        for _ in range(limit):
            node, game = self.descend()
            if node.state == "awaiting":
                for above in node.path():
                    above.pending -= 1
                break
            if node is not self.root and game.is_over and not self.territory and node.state == "new":
                margin = area_margin(game.stones, game.size) - self.komi
                to_play = margin if game.to_play == BLACK else -margin
                node.state, node.ended = "terminal", ((to_play > 0) - (to_play < 0), to_play)
            if node.state == "terminal":
                self.back_up(node, *node.ended)
                continue
            node.state = "awaiting"
            leaves.append((node, game))
        return leaves

    def apply(self, leaves: list[tuple[Node, ReferenceGame]], evaluate: EvaluateFunction) -> None:
        """Evaluate and expand leaves; under territory scoring a finished game ends with its evaluation."""
        for node, game in leaves:
            logits, value, lead = evaluate(game)
            if node is not self.root and game.is_over:
                node.state, node.ended = "terminal", (value, lead)
            else:
                node.state = "expanded"
                node.priors = softmax(logits, game.legal_moves(), self.settings.policy_temperature)
            self.back_up(node, value, lead)

    def run(self, playouts: int, batch_size: int, evaluate: EvaluateFunction) -> None:
        """Search until so many playouts are done."""
        while self.root.visits < playouts:
            self.apply(self.collect(min(batch_size, playouts - self.root.visits)), evaluate)

    def advance(self, move: int) -> None:
        """Play a move and keep what is known below it."""
        self.game.play(move)
        kept = self.root.children.get(move)
        self.root = kept if kept is not None and kept.state == "expanded" else Node()
        self.root.parent = None
