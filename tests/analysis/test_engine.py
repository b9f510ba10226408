"""The analysis engine: queries in, replies out, whatever their order, errors told by field."""

import json
import threading
import time
from dataclasses import replace

import numpy as np
import pytest

from ponnuki.analysis.engine import AnalysisEngine
from ponnuki.analysis.query import Defaults, read_query
from ponnuki.engine.config import Limits, PlayerSettings, SearchSettings
from ponnuki.engine.coords import parse_vertex
from ponnuki.engine.evaluator import RolloutEvaluator
from ponnuki.engine.version import VERSION
from tests.engine.fakes import EquivariantEvaluator

DEFAULTS = Defaults(Limits(visits=30), SearchSettings())
SETTINGS = PlayerSettings(batch_size=4)

READ_BY_KATRAIN = {"move", "visits", "winrate", "scoreLead", "scoreMean", "scoreStdev", "prior", "order", "lcb",
                   "utility", "pv", "ownership"}
"""Fields of a move."""


class Desk:
    """An engine, and all that it has replied."""

    def __init__(self, evaluator=None, workers=1, defaults=DEFAULTS):
        self.replies = []
        self._came = threading.Condition()
        found = evaluator or EquivariantEvaluator()
        self.engine = AnalysisEngine(lambda size, settings: (found, settings), SETTINGS, defaults, self._take, workers)

    def _take(self, reply):
        with self._came:
            self.replies.append(json.loads(json.dumps(reply)))
            self._came.notify_all()

    def ask(self, **fields):
        self.engine.handle(json.dumps(fields))

    def wait_for(self, condition, seconds=30):
        with self._came:
            assert self._came.wait_for(lambda: any(map(condition, self.replies)), seconds), self.replies
            return next(filter(condition, self.replies))

    def end(self):
        self.engine.finish()
        return self.replies


def query(identity="q", **changes):
    fields = {"id": identity, "boardXSize": 5, "boardYSize": 5, "rules": "chinese", "komi": 3,
              "moves": [["B", "C3"], ["W", "B2"], ["b", "pass"]]}
    return {name: value for name, value in {**fields, **changes}.items() if value is not None}


def answers(*queries, **options):
    desk = Desk(**options)
    for fields in queries:
        desk.ask(**fields)
    return desk.end()


def test_a_position_is_told_in_katagos_fields():
    (reply,) = answers(query(includePolicy=True, includeOwnership=True, includeOwnershipStdev=True,
                             includeMovesOwnership=True, includePVVisits=True))
    assert (reply["id"], reply["turnNumber"], reply["isDuringSearch"]) == ("q", 3, False)
    root = reply["rootInfo"]
    assert (root["currentPlayer"], root["visits"]) == ("W", 30)
    assert set(root) >= {"winrate", "scoreLead", "utility", "scoreStdev", "scoreSelfplay", "rawWinrate", "rawLead"}
    assert sum(move["visits"] for move in reply["moveInfos"]) == 29
    for order, move in enumerate(reply["moveInfos"]):
        assert set(move) >= {*READ_BY_KATRAIN, "pvVisits"}
        assert move["order"] == order
        assert move["pv"][0] == move["move"]
        assert len(move["ownership"]) == 25
        assert len(move["pvVisits"]) == len(move["pv"])
    assert len(reply["ownership"]) == len(reply["ownershipStdev"]) == 25
    assert len(reply["policy"]) == 26
    assert reply["policy"][parse_vertex("C3", 5)] == -1
    assert sum(prior for prior in reply["policy"] if prior > 0) == pytest.approx(1, abs=0.01)


def test_the_policy_is_the_nets_whatever_the_search_makes_of_it():
    replies = answers(
        query("plain", includePolicy=True),
        query("warm", includePolicy=True, overrideSettings={"rootPolicyTemperature": 3.0}),
    )
    policies = {reply["id"]: reply["policy"] for reply in replies}
    highest = {reply["id"]: max(move["prior"] for move in reply["moveInfos"]) for reply in replies}
    assert policies["warm"] == policies["plain"]
    assert highest["warm"] < highest["plain"]


def test_each_turn_that_is_asked_for_is_answered():
    replies = answers(query(analyzeTurns=[0, 2, 3], maxVisits=10))
    assert sorted(reply["turnNumber"] for reply in replies) == [0, 2, 3]
    players = {reply["turnNumber"]: reply["rootInfo"]["currentPlayer"] for reply in replies}
    assert players == {0: "B", 2: "B", 3: "W"}
    assert {reply["rootInfo"]["visits"] for reply in replies} == {10}


@pytest.mark.parametrize(("perspective", "sign"), [("BLACK", -1), ("WHITE", 1), ("SIDETOMOVE", 1)])
def test_whose_figures_are_told(perspective, sign):
    plain, turned = (answers(query(includeOwnership=True, overrideSettings={"reportAnalysisWinratesAs": whose}))[0]
                     for whose in ("WHITE", perspective))
    assert turned["rootInfo"]["utility"] == pytest.approx(sign * plain["rootInfo"]["utility"], abs=1e-5)
    assert turned["rootInfo"]["winrate"] - 0.5 == pytest.approx(sign * (plain["rootInfo"]["winrate"] - 0.5), abs=1e-5)
    assert np.array(turned["ownership"]) == pytest.approx(sign * np.array(plain["ownership"]), abs=1e-4)
    first, second = plain["moveInfos"][0], turned["moveInfos"][0]
    assert second["winrate"] - 0.5 == pytest.approx(sign * (first["winrate"] - 0.5), abs=1e-5)
    assert (first["lcb"] < first["winrate"]) == (plain is not None)
    assert (second["lcb"] < second["winrate"]) == (sign == 1), "the bound is worse for the side to play"


def test_set_up_stones_and_who_begins():
    stones = [["B", "C3"], ["B", "D4"]]
    handicap, told, moved = (answers(query(moves=moves, initialStones=stones, initialPlayer=player))[0]
                             for moves, player in (([], None), ([], "B"), ([["W", "A1"]], None)))
    assert [reply["rootInfo"]["currentPlayer"] for reply in (handicap, told, moved)] == ["W", "B", "B"]
    assert "C3" not in {move["move"] for move in handicap["moveInfos"]}


def test_set_up_black_stones_are_a_handicap_where_white_begins():
    """Chinese rules give White a point for each, as in a record with the same stones."""
    stones, more = [["B", "C3"], ["B", "D4"]], [["W", "A1"]]
    for changes, komi in (
        ({"moves": []}, 5), ({"moves": more}, 5), ({"moves": [["B", "A1"]]}, 3),
        ({"initialPlayer": "B", "moves": []}, 3), ({"initialStones": [*stones, ["W", "A2"]], "moves": more}, 3),
        ({"moves": [], "whiteHandicapBonus": "0"}, 3),
    ):
        fields = query(**{"initialStones": stones, **changes})
        found, unknown = read_query(fields, "q", DEFAULTS)
        assert not unknown
        assert found.position(found.turns[-1]).total_komi == komi


def test_rules_by_name_with_a_space_and_as_an_object():
    rules = {"ko": "SIMPLE", "scoring": "TERRITORY", "tax": "SEKI", "suicide": False, "hasButton": False,
             "whiteHandicapBonus": "0"}
    for value in ("new zealand", "tromp-taylor", "stone_scoring", rules):
        assert answers(query(rules=value))[0].get("error") is None


def test_moves_to_avoid_or_to_allow():
    barred = {"player": "W", "moves": ["D3", "C4"], "untilDepth": 1}
    avoided = answers(query(avoidMoves=[barred]))[0]
    assert not {move["move"] for move in avoided["moveInfos"]} & {"D3", "C4"}
    allowed = answers(query(allowMoves=[barred]))[0]
    assert {move["move"] for move in allowed["moveInfos"]} == {"D3", "C4"}


def test_partial_reports_come_while_a_position_is_searched_and_terminate_ends_it():
    desk = Desk()
    desk.ask(**query("long", maxVisits=10**7, reportDuringSearchEvery=0.05))
    desk.wait_for(lambda reply: reply["isDuringSearch"] and reply["rootInfo"]["visits"] > 20)
    desk.ask(id="t", action="terminate", terminateId="long")
    last = desk.wait_for(lambda reply: reply.get("id") == "long" and not reply["isDuringSearch"])
    assert last["rootInfo"]["visits"] > 20
    assert {"id": "t", "action": "terminate", "terminateId": "long"} in desk.replies
    desk.end()


def test_what_had_not_begun_is_given_up_without_results():
    desk = Desk()
    desk.ask(**query("first", maxVisits=10**7))
    desk.ask(**query("second", analyzeTurns=[0, 1], boardXSize=7, boardYSize=7, maxVisits=10**7))
    desk.ask(id="all", action="terminate_all")
    replies = desk.end()
    ended = [reply for reply in replies if reply["id"] == "second"]
    assert sorted(reply["turnNumber"] for reply in ended) == [0, 1]
    assert all(reply["noResults"] for reply in ended)
    assert [reply["id"] for reply in replies].count("first") == 1


def test_only_the_turns_named_are_terminated():
    desk = Desk()
    desk.ask(**query(analyzeTurns=[0, 1], maxVisits=10**7))
    desk.ask(id="t", action="terminate", terminateId="q", turnNumbers=[1])
    desk.wait_for(lambda reply: reply.get("turnNumber") == 1)
    assert not [reply for reply in desk.replies if reply.get("turnNumber") == 0]
    desk.ask(id="u", action="terminate_all")
    desk.end()


def test_the_urgent_comes_first():
    desk = Desk()
    desk.ask(**query("slow", maxVisits=10**7))
    for index in range(12):
        desk.ask(**query(f"low{index}", maxVisits=3000, priority=1))
    desk.ask(**query("urgent", maxVisits=20, priority=5))
    desk.wait_for(lambda reply: reply["id"] == "urgent")
    assert desk.replies[0]["id"] == "urgent"
    desk.ask(id="t", action="terminate_all")
    desk.end()


def test_priorities_of_turns():
    replies = answers(query(analyzeTurns=[0, 1, 2, 3], priorities=[0, 1, 2, 3], maxVisits=5))
    assert len(replies) == 4
    (error,) = answers(query(analyzeTurns=[0, 1], priorities=[1]))
    assert error["field"] == "priorities"


def test_a_limit_of_time():
    started = time.monotonic()
    (reply,) = answers(query(maxVisits=10**7, overrideSettings={"maxTime": 0.3}))
    assert reply["rootInfo"]["visits"] > 1
    assert time.monotonic() - started < 10


@pytest.mark.parametrize("workers", [1, 3])
def test_many_positions_are_all_answered_once(workers):
    queries = [query(f"q{index}", boardXSize=size, boardYSize=size, analyzeTurns=[0, 1, 2, 3], maxVisits=15)
               for index, size in enumerate([5, 7, 5, 9, 7] * 3)]
    replies = answers(*queries, workers=workers)
    told = sorted((reply["id"], reply["turnNumber"]) for reply in replies)
    assert told == sorted((fields["id"], turn) for fields in queries for turn in range(4))
    assert {reply["rootInfo"]["visits"] for reply in replies} == {15}


def test_without_a_net():
    (reply,) = answers(query(maxVisits=200, includeOwnership=True), evaluator=RolloutEvaluator())
    assert reply["rootInfo"]["visits"] == 200
    assert len(reply["ownership"]) == 25


def test_actions():
    replies = answers({"id": "v", "action": "query_version"}, {"id": "c", "action": "clear_cache"},
                      {"id": "m", "action": "query_models"})
    assert replies[0] == {"id": "v", "action": "query_version", "version": VERSION, "git_hash": ""}
    assert replies[1] == {"id": "c", "action": "clear_cache"}
    assert replies[2]["models"][0]["maxBatchSize"] == 4


def test_unknown_fields_are_warned_of_and_the_rest_is_answered():
    replies = answers(query(colour="red", overrideSettings={"magic": 1, "wideRootNoise": 0.04}))
    warned = [reply["field"] for reply in replies if "warning" in reply]
    assert warned == ["colour", "overrideSettings.magic"]
    assert "rootInfo" in replies[-1]


@pytest.mark.parametrize(("changes", "field"), [
    ({"moves": None}, "moves"),
    ({"moves": [["B", "Z9"]]}, "moves"),
    ({"moves": [["B"]]}, "moves"),
    ({"moves": [["B", "C3"], ["W", "C3"]]}, "moves"),
    ({"boardXSize": 99}, "boardXSize"),
    ({"boardXSize": True}, "boardXSize"),
    ({"boardYSize": 6}, "boardYSize"),
    ({"boardXSize": None}, "boardXSize"),
    ({"rules": "martian"}, "rules"),
    ({"komi": "much"}, "komi"),
    ({"komi": 1e9}, "komi"),
    ({"initialStones": [["B", "pass"]]}, "initialStones"),
    ({"initialStones": [["B", "C3"], ["W", "C3"]], "moves": []}, "initialStones"),
    ({"initialPlayer": "green"}, "initialPlayer"),
    ({"analyzeTurns": [9]}, "analyzeTurns"),
    ({"analyzeTurns": []}, "analyzeTurns"),
    ({"maxVisits": 0}, "maxVisits"),
    ({"includePolicy": "yes"}, "includePolicy"),
    ({"reportDuringSearchEvery": -1}, "reportDuringSearchEvery"),
    ({"avoidMoves": [{"player": "B"}]}, "avoidMoves"),
    ({"avoidMoves": [], "allowMoves": []}, "allowMoves"),
    ({"overrideSettings": {"maxTime": "long"}}, "overrideSettings.maxTime"),
    ({"overrideSettings": {"reportAnalysisWinratesAs": "GREEN"}}, "overrideSettings.reportAnalysisWinratesAs"),
    ({"overrideSettings": {"cpuctExploration": 1e9}}, "overrideSettings.cpuctExploration"),
    ({"priority": 1.5}, "priority"),
    ({"moves": [[1, "C3"]]}, "moves"),
    ({"moves": [["B", 4]]}, "moves"),
    ({"initialPlayer": 5}, "initialPlayer"),
    ({"maxVisits": float("inf")}, "maxVisits"),
    ({"avoidMoves": [{"player": 3, "moves": ["C3"], "untilDepth": 1}]}, "avoidMoves"),
    ({"overrideSettings": {"cpuctExploration": 10**400}}, "overrideSettings.cpuctExploration"),
])
def test_what_is_wrong_is_told_with_its_field(changes, field):
    (reply,) = answers(query(**changes))
    assert reply["error"]
    assert (reply["field"], reply["id"]) == (field, "q")


@pytest.mark.parametrize(("line", "field"), [
    ("nonsense", None), ("[1]", None), ('{"id": 5}', "id"), ("{}", "id"), ('{"id": "x", "action": "dance"}', "action"),
    ('{"id": "x", "action": "terminate"}', "terminateId"), ("[" * 100000, None),
])
def test_lines_that_are_no_queries(line, field):
    desk = Desk()
    desk.engine.handle(line)
    desk.engine.handle("   ")
    (reply,) = desk.end()
    assert "error" in reply
    assert reply.get("field") == field


def test_a_failing_evaluator_is_told_and_the_next_query_is_answered(capsys):
    class Fragile(EquivariantEvaluator):
        broken = True

        def evaluate(self, batch):
            if self.broken:
                raise RuntimeError("out of order")
            return super().evaluate(batch)

    evaluator = Fragile()
    desk = Desk(evaluator)
    desk.ask(**query("first"))
    assert "out of order" in desk.wait_for(lambda reply: "error" in reply)["error"]
    evaluator.broken = False
    desk.ask(**query("second"))
    desk.wait_for(lambda reply: reply["id"] == "second" and "rootInfo" in reply)
    desk.end()
    assert "out of order" in capsys.readouterr().err


def test_a_failure_after_an_answer_is_no_second_answer(capsys):
    """Of two positions in one batch the first is answered, then the evaluator fails; the worker goes on."""

    class Fragile(EquivariantEvaluator):
        job, broken = None, False

        def evaluate(self, batch):
            if self.broken:
                raise RuntimeError("out of order")
            if self.job is not None:  # the next step answers for it and evaluates for the other one
                self.job.cancelled = self.broken = True
            return super().evaluate(batch)

    evaluator = Fragile()
    desk = Desk(evaluator)
    for name in ("long", "longer"):
        desk.ask(**query(name, maxVisits=10**6, reportDuringSearchEvery=0.01))
    desk.wait_for(lambda reply: reply["id"] == "long")
    evaluator.job = next(job for job in desk.engine._jobs if job.query.identity == "long")
    desk.wait_for(lambda reply: reply.get("error") and reply["id"] == "longer")
    evaluator.job, evaluator.broken = None, False
    desk.ask(**query("after"))
    desk.wait_for(lambda reply: reply["id"] == "after" and "rootInfo" in reply)
    replies = desk.end()
    assert not any("error" in reply for reply in replies if reply["id"] == "long")
    assert "out of order" in capsys.readouterr().err


def test_a_bug_costs_the_answer_to_its_line_alone(monkeypatch, capsys):
    desk = Desk()
    desk.ask(**query("before", maxVisits=10**6))
    with monkeypatch.context() as patched:
        patched.setattr(desk.engine, "_take", lambda line: 1 / 0)
        desk.engine.handle("{}")
    assert "internal error: division by zero" in desk.wait_for(lambda reply: "error" in reply)["error"]
    desk.ask(id="end", action="terminate", terminateId="before")
    desk.wait_for(lambda reply: reply.get("id") == "before")
    desk.end()
    assert "ZeroDivisionError" in capsys.readouterr().err


def test_katrains_own_query():
    """As KaTrain sends it for a position of a game, and for pondering."""
    fields = {
        "rules": "japanese", "priority": -1000000, "analyzeTurns": [2], "maxVisits": 25, "komi": 6.5, "boardXSize": 9,
        "boardYSize": 9, "includeOwnership": True, "includeMovesOwnership": True, "includePolicy": True,
        "initialStones": [["B", "C3"], ["B", "G7"]], "initialPlayer": "W", "moves": [["W", "E5"], ["B", "E3"]],
        "overrideSettings": {"reportAnalysisWinratesAs": "BLACK", "wideRootNoise": 0.04}, "id": "QUERY:1",
    }
    ponder = {**fields, "id": "QUERY:2", "maxVisits": 10000000, "reportDuringSearchEvery": 0.1,
              "overrideSettings": {**fields["overrideSettings"], "maxTime": 600}}
    desk = Desk()
    desk.ask(**fields)
    desk.ask(**ponder)
    reply = desk.wait_for(lambda reply: reply["id"] == "QUERY:1")
    for name in ("visits", "winrate", "scoreLead", "utility", "currentPlayer"):
        assert name in reply["rootInfo"]
    assert set(reply["moveInfos"][0]) >= READ_BY_KATRAIN
    assert len(reply["ownership"]) == 81
    assert len(reply["policy"]) == 82
    desk.wait_for(lambda reply: reply["id"] == "QUERY:2" and reply["isDuringSearch"])
    desk.ask(id="t", action="terminate", terminateId="QUERY:2")
    desk.wait_for(lambda reply: reply["id"] == "QUERY:2" and not reply["isDuringSearch"])
    desk.end()


def test_defaults_of_the_command_line():
    defaults = replace(DEFAULTS, limits=Limits(visits=7), perspective="SIDETOMOVE")
    (reply,) = answers(query(), defaults=defaults)
    assert reply["rootInfo"]["visits"] == 7
