"""Gumbel selection at the root: a few moves, chosen by prior (and chance), visited by sequential halving.

After I. Danihelka et al., "Policy improvement by planning with Gumbel" (2022): of the moves with the largest
g + log prior, g drawn from a Gumbel distribution, all get the same number of visits, then the better half, and so on,
until the budget of playouts is spent; moves compete by g + log prior + σ(q).
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from ._jit import kernel
from .evaluations import Evaluations
from .tree import NO_LINK, ROOT, Tree, links_of, select

VISITS_OFFSET = 50.0
"""c_visit of the paper: σ(q) = (c_visit + most visits of a move) · c_scale · q, with q from 0 to 1."""


class Plan(NamedTuple):
    """What the kernels need; without a plan all arrays are empty. Moves go by their place in the root's slot."""

    visits: np.ndarray  # int32[budget], how many visits the move to be visited next should have had
    base: np.ndarray  # int32[places], visits that its link had when the plan was made
    score: np.ndarray  # float64[places], g + log prior; -inf: not a candidate
    scale: float  # c_scale


NO_PLAN = Plan(np.zeros(0, np.int32), np.zeros(0, np.int32), np.zeros(0), 0.0)


def considered_visits(candidates: int, budget: int) -> np.ndarray:
    """int32[budget]: the visits that the next move has had, playout by playout, under sequential halving.

    Each phase gives all remaining candidates the same number of visits, budget / (phases · candidates) and at least
    one; then half of them go, down to two. (mctx's `get_sequence_of_considered_visits` is the same sequence.)
    """
    if candidates <= 1:
        return np.arange(budget, dtype=np.int32)
    phases = math.ceil(math.log2(candidates))
    sequence: list[int] = []
    had, remaining = 0, candidates
    while len(sequence) < budget:
        for _ in range(max(1, budget // (phases * remaining))):
            sequence += [had] * remaining
            had += 1
        remaining = max(2, remaining // 2)
    return np.array(sequence[:budget], np.int32)


def make_plan(
    tree: Tree, store: Evaluations, noise: np.ndarray, candidates: int, budget: int, scale: float
) -> Plan:
    """Choose the candidates of an expanded root and bring those without a link to the front of the moves without one.

    The root's slot must be its own, since its moves change their order.

    Args:
        noise: float64[N*N + 1], g by move.
    """
    slot, opened = int(tree.slot[ROOT]), int(tree.opened[ROOT])
    count = int(store.move_count[slot])
    moves, priors = store.move[slot, :count], store.prior[slot, :count]
    score = noise[moves] + 2 * np.log(np.maximum(priors, 1) / 65535.0)
    order = np.concatenate([np.arange(opened), opened + np.argsort(-score[opened:], kind="stable")])
    moves[:], priors[:], score = moves[order], priors[order], score[order]
    store.ordered[slot] = count
    chosen = np.argsort(-score, kind="stable")[:candidates]
    places = int(chosen.max()) + 1
    own = np.full(places, -np.inf)
    own[chosen] = score[chosen]
    base = np.zeros(places, np.int32)
    visits = tree.link_visits[links_of(tree, ROOT)][:places]
    base[: len(visits)] = visits
    return Plan(considered_visits(len(chosen), budget), base, own, scale)


def final_scores(tree: Tree, plan: Plan) -> dict[int, tuple[int, float]]:
    """For each candidate's place: its visits by the plan and g + log prior + σ(q); the best of both is played."""
    links = links_of(tree, ROOT)[: len(plan.base)]
    fresh = [int(tree.link_visits[link]) - int(plan.base[place]) for place, link in enumerate(links)]
    scale = (VISITS_OFFSET + max(fresh, default=0)) * plan.scale
    return {
        place: (fresh[place], plan.score[place] + scale * 0.5 * (1.0 - float(tree.utility[tree.link_child[link]])))
        for place, link in enumerate(links)
        if plan.score[place] > -np.inf and tree.link_visits[link]
    }


@kernel
def planned_move(tree, store, plan, parameters):
    """The root's next move by the plan, as `tree.select` returns it; by PUCT once the plan is spent."""
    opened = np.int64(tree.opened[ROOT])
    done = np.int64(0)
    most = np.int64(0)
    link = np.int64(tree.first_link[ROOT])
    for index in range(min(opened, plan.base.shape[0])):
        fresh = np.int64(tree.link_visits[link]) + np.int64(tree.link_pending[link]) - plan.base[index]
        done += fresh
        most = max(most, fresh)
        link = np.int64(tree.link_next[link])
    if done >= plan.visits.shape[0]:
        return select(tree, store, np.int64(ROOT), parameters)
    scale = (VISITS_OFFSET + np.float64(most)) * plan.scale
    best_index = -1
    best_link = np.int64(NO_LINK)
    best_score = -np.inf
    best_gap = np.int64(1 << 30)
    link = np.int64(tree.first_link[ROOT])
    for index in range(min(opened + 1, plan.base.shape[0])):
        fresh = np.int64(0)
        utility = np.float64(tree.utility[ROOT])
        if index < opened:
            fresh = np.int64(tree.link_visits[link]) + np.int64(tree.link_pending[link]) - plan.base[index]
            if tree.link_visits[link] > 0:
                utility = -np.float64(tree.utility[tree.link_child[link]])
        # Playouts in flight may have left no move with exactly the planned visits: the nearest then.
        gap = abs(fresh - np.int64(plan.visits[done]))
        score = plan.score[index] + scale * 0.5 * (utility + 1.0)
        if plan.score[index] > -np.inf and (gap < best_gap or (gap == best_gap and score > best_score)):
            best_index, best_link, best_score, best_gap = index, link, score, gap
            if index == opened:
                best_link = np.int64(NO_LINK)
        if index < opened:
            link = np.int64(tree.link_next[link])
    if best_index < 0:
        return select(tree, store, np.int64(ROOT), parameters)
    return best_index, best_link
