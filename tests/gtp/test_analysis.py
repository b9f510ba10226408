"""Analysis: what clients may ask for, what the lines say, when they come and when they end."""

import io
import re
import threading
import time

import numpy as np
import pytest

from ponnuki.engine.config import ChoiceSettings, Limits, PlayerSettings, Restriction, SearchSettings, TimeSettings
from ponnuki.engine.coords import BLACK, WHITE
from ponnuki.engine.evaluator import UniformEvaluator
from ponnuki.engine.game import Game
from ponnuki.engine.player import Player
from ponnuki.engine.pool import Pool
from ponnuki.engine.search import Search
from ponnuki.gtp.analysis_arguments import AnalysisRequest, parse_analysis
from ponnuki.gtp.analysis_lines import shown_moves
from ponnuki.gtp.commands import handlers
from ponnuki.gtp.protocol import Dispatcher, GtpError, parse_line
from ponnuki.gtp.session import Session
from ponnuki.gtp.table import SessionSettings, Table
from tests.engine.fakes import EquivariantEvaluator

FLOAT = r"-?\d+\.\d+"
KATA_MOVE = re.compile(
    rf"info move ([A-Z]\d+|pass) visits (\d+) edgeVisits \d+ utility {FLOAT} winrate ({FLOAT}) scoreMean {FLOAT} "
    rf"scoreStdev {FLOAT} scoreLead {FLOAT} scoreSelfplay {FLOAT} prior {FLOAT} lcb {FLOAT} utilityLcb {FLOAT} "
    rf"weight {FLOAT} order (\d+) pv((?: (?:[A-Z]\d+|pass))+)"
)
LEELA_MOVE = re.compile(
    r"info move ([A-Z]\d+|pass) visits (\d+) winrate (\d+) prior (\d+) lcb (\d+) order (\d+) "
    r"pv((?: (?:[A-Z]\d+|pass))+)"
)


class Backstage:
    """Players with an evaluator of tests, on small boards."""

    def __init__(self):
        self.players = []

    def wait_for_kernels(self):
        pass

    def player(self, game, settings):
        self.players.append(Player(game, EquivariantEvaluator(), settings))
        return self.players[-1]


SETTINGS = SessionSettings(PlayerSettings(limits=Limits(playouts=60), seed=1, resign_threshold=0.0), size=5)


class Client:
    """A session that is talked to line by line, as over a pipe."""

    def __init__(self, settings=SETTINGS):
        self.backstage = Backstage()
        self.session = Session(settings, self.backstage)
        self._input = []
        self._wake = threading.Condition()
        self._output = io.BytesIO()
        self._thread = threading.Thread(target=self.session.run, args=(self._read, self), daemon=True)
        self._thread.start()

    def _read(self):
        with self._wake:
            self._wake.wait_for(lambda: self._input)
            return self._input.pop(0)

    def send(self, text):
        with self._wake:
            self._input.append(text.encode())
            self._wake.notify_all()

    def write(self, data):
        with self._wake:
            self._output.write(data)
            self._wake.notify_all()

    def flush(self):
        pass

    @property
    def text(self):
        return self._output.getvalue().decode()

    def wait_for(self, condition, seconds=20.0):
        with self._wake:
            assert self._wake.wait_for(lambda: condition(self.text), seconds), self.text
        return self.text

    def end(self):
        self.send("")
        self._thread.join(20)
        assert not self._thread.is_alive()
        return self.text


class Desk:
    """A table and its commands; a request may be superseded beforehand."""

    def __init__(self, settings=SETTINGS):
        self.table = Table(settings, Backstage())
        self._dispatcher = Dispatcher(handlers(self.table))

    def __call__(self, line, *, superseded_after=None):
        request = parse_line(line)
        if superseded_after is not None:
            threading.Timer(superseded_after, request.superseded.set).start()
        return self._dispatcher.answer(request).text


@pytest.fixture(scope="module", autouse=True)
def _warm():
    """Compile what an analysis needs, so that times are times of thinking."""
    desk = Desk()
    desk("kata-genmove_analyze b 1 ownership true")
    desk("kata-analyze 1 movesOwnership true", superseded_after=0.1)


def request_of(line, **options):
    return parse_analysis(parse_line(line), BLACK, 9, **{"katago": True, **options})


@pytest.mark.parametrize(("line", "expected"), [
    ("kata-analyze", AnalysisRequest(BLACK)),
    ("kata-analyze w", AnalysisRequest(WHITE)),
    ("kata-analyze 50", AnalysisRequest(BLACK, 0.5)),
    ("kata-analyze White 20", AnalysisRequest(WHITE, 0.2)),
    ("kata-analyze b interval 30", AnalysisRequest(BLACK, 0.3)),
    ("kata-analyze 0", AnalysisRequest(BLACK, 0.01)),
    ("kata-analyze 10 rootInfo true PVVISITS true ownership false",
     AnalysisRequest(BLACK, 0.1, root_info=True, pv_visits=True)),
    ("kata-analyze minmoves 3 maxmoves 5", AnalysisRequest(BLACK, None, 3, 5)),
    ("lz-analyze 10 avoid b A1,pass 2 avoid w C3 4", AnalysisRequest(BLACK, 0.1, restrictions=(
        Restriction(BLACK, frozenset({72, 81}), 2), Restriction(WHITE, frozenset({56}), 4)))),
    ("lz-analyze allow w d4 1", AnalysisRequest(BLACK, restrictions=(
        Restriction(WHITE, frozenset({48}), 1, allow=True),))),
])
def test_arguments(line, expected):
    assert request_of(line) == expected


@pytest.mark.parametrize(("line", "message"), [
    ("kata-analyze -5", "syntax error: interval -5 is negative"),
    ("kata-analyze interval", "syntax error: interval needs a value"),
    ("kata-analyze interval soon", "syntax error: interval soon is not a number"),
    ("kata-analyze 5 rootInfo perhaps", "syntax error: rootInfo is perhaps: expected true or false"),
    ("kata-analyze 5 minmoves -1", "syntax error: minmoves -1 is negative"),
    ("kata-analyze 5 avoid b Z9 3", "invalid color or coordinate: invalid vertex 'Z9'"),
    ("kata-analyze 5 avoid x A1 3", "invalid color or coordinate: x is not a color"),
    ("kata-analyze 5 avoid b A1", "syntax error: avoid needs a value"),
    ("kata-analyze 5 avoid b A1 0", "syntax error: usage: avoid COLOR VERTEX,VERTEX,... UNTILDEPTH"),
    ("kata-analyze allow b A1 1 allow b A2 1", "syntax error: allow can be given once"),
    ("kata-analyze 5 noise 0.1", "syntax error: unknown option noise: expected one of interval, minmoves, maxmoves"),
])
def test_bad_arguments_are_named(line, message):
    with pytest.raises(GtpError, match=re.escape(message)):
        request_of(line)


def test_leela_zeros_form_has_no_flags():
    with pytest.raises(GtpError, match="unknown option rootInfo"):
        request_of("lz-analyze rootInfo true", katago=False)


def test_bad_arguments_are_a_failure_reply_and_no_stream():
    assert Desk()("7 kata-analyze 5 noise 1").startswith("?7 syntax error: unknown option noise")


def test_katagos_lines():
    text = Desk()("3 kata-analyze b 2 rootInfo true ownership true ownershipStdev true", superseded_after=0.5)
    header, *lines, empty, end = text.split("\n")
    assert (header, empty, end) == ("=3", "", "")
    assert len(lines) >= 3
    visits = []
    for line in lines:
        moves, _, rest = line.partition(" rootInfo ")
        found = KATA_MOVE.findall(moves)
        assert " ".join(match[0] for match in KATA_MOVE.finditer(moves)) == moves, "nothing in between"
        assert [int(order) for *_, order, _ in found] == list(range(len(found)))
        assert all(pv.split()[0] == move for move, *_, pv in found)
        root, _, owned = rest.partition(" ownership ")
        values = dict(zip(*[iter(root.split())] * 2, strict=True))
        assert int(values["visits"]) == 1 + sum(int(count) for _, count, *_ in found)
        ownership, _, stdev = owned.partition(" ownershipStdev ")
        assert len(ownership.split()) == len(stdev.split()) == 25
        assert all(-1 <= float(value) <= 1 for value in ownership.split())
        visits.append(int(values["visits"]))
    assert visits == sorted(visits)
    assert visits[-1] > visits[0]


def test_leela_zeros_lines():
    line = Desk()("lz-analyze 2", superseded_after=0.4).split("\n")[-3]
    found = LEELA_MOVE.findall(line)
    assert " ".join(match[0] for match in LEELA_MOVE.finditer(line)) == line
    assert all(0 <= int(figure) <= 10000 for _, _, *figures, _, _ in found for figure in figures)


def test_variations_visits_and_ownership_of_each_move():
    line = Desk()("kata-analyze 2 pvVisits true movesOwnership true", superseded_after=0.4).split("\n")[-3]
    for part in line.split("info ")[1:]:
        pv = part.partition(" pv ")[2].partition(" pvVisits ")
        visits, _, owned = pv[2].partition(" movesOwnership ")
        assert len(pv[0].split()) == len(visits.split())
        assert len(owned.split()) == 25
        assert visits.split()[0] == part.split()[3]


def test_more_moves_or_fewer():
    desk = Desk()
    assert len(KATA_MOVE.findall(desk("kata-analyze 1 minmoves 26", superseded_after=0.15).split("\n")[1])) == 26
    line = desk("kata-analyze 1 maxmoves 2", superseded_after=0.2).split("\n")[1]
    assert len(KATA_MOVE.findall(line)) == 2


def test_no_moves_are_no_empty_lines():
    desk = Desk()
    assert desk("lz-analyze 1 maxmoves 0", superseded_after=0.1) == "=\n\n"
    said = desk("kata-analyze 1 maxmoves 0 ownership true", superseded_after=0.2)
    assert said.startswith("=\nownership ")
    assert said.index("\n\n") == len(said) - 2


def test_moves_without_visits_are_told_by_their_priors_with_the_root_s_figures():
    search = Search(Game(5))
    Pool(EquivariantEvaluator(), 1).run(search, Limits(visits=4))
    snapshot, priors = search.snapshot(), search.priors()
    shown = shown_moves(snapshot, priors, AnalysisRequest(BLACK, min_moves=10), ChoiceSettings())
    unvisited = [stats for stats in shown if not stats.visits]
    assert len(shown) == 10
    assert len(unvisited) >= 7
    assert [stats.prior for stats in unvisited] == sorted((stats.prior for stats in unvisited), reverse=True)
    assert {stats.winrate for stats in unvisited} == {snapshot.winrate}
    assert min(stats.prior for stats in unvisited) >= max(np.delete(priors, [stats.move for stats in shown]))


def test_avoided_moves_are_not_looked_at_and_the_next_analysis_is_free_of_that():
    desk = Desk()
    line = desk("kata-analyze 1 allow b A1,B2 1", superseded_after=0.3).split("\n")[-3]
    assert {move for move, *_ in KATA_MOVE.findall(line)} == {"A1", "B2"}
    line = desk("kata-analyze 1", superseded_after=0.3).split("\n")[-3]
    assert len(KATA_MOVE.findall(line)) > 2


def test_an_analysis_leaves_the_game_and_the_turn_as_they_were():
    desk = Desk()
    desk("play b C3")
    desk("kata-analyze b 1", superseded_after=0.1)
    assert desk.table.game.to_play == WHITE
    assert len(desk.table.game.moves) == 1


@pytest.mark.parametrize("family", ["lz", "kata"])
def test_genmove_analyze_plays(family):
    desk = Desk(SessionSettings(PlayerSettings(Limits(move_time_s=0.3), seed=1, resign_threshold=0.0), size=5))
    text = desk(f"5 {family}-genmove_analyze b 5")
    header, *lines, played, empty, end = text.split("\n")
    assert (header, empty, end) == ("=5", "", "")
    assert lines
    assert all(line.startswith("info move ") for line in lines)
    assert re.fullmatch(r"play [A-Z]\d|play pass", played)
    assert len(desk.table.game.moves) == 1


def test_search_analyze_does_not_play():
    desk = Desk()
    text = desk("kata-search_analyze b")
    assert re.fullmatch(r"=\nplay ([A-Z]\d|pass)\n\n", text)
    assert desk.table.game.moves == []


def test_a_cancelled_search_tells_no_move():
    settings = PlayerSettings(Limits(move_time_s=20), seed=1, timing=TimeSettings(early_stop=False))
    desk = Desk(SessionSettings(settings, size=5))
    started = time.monotonic()
    assert "\nplay" not in desk("kata-search_analyze_cancellable b 10", superseded_after=0.2)
    assert time.monotonic() - started < 5
    assert "\nplay" in Desk()("kata-search_analyze_cancellable b 10")


@pytest.mark.parametrize("ending", ["name\n", "\n", "# a comment\n"])
def test_the_next_line_ends_an_analysis(ending):
    """Whatever it is: the reply is closed by one blank line, and then the line's own reply comes."""
    client = Client()
    client.send("kata-analyze 1\n")
    client.wait_for(lambda text: text.count("info move") > 20)
    client.send(ending)
    client.wait_for(lambda text: text.endswith("\n\n"))
    text = client.end()
    assert text.startswith("=\ninfo move ")
    assert text.endswith("\n\n= ponnuki\n\n" if ending == "name\n" else "\n\n")
    assert text.count("\n\n") == (2 if ending == "name\n" else 1)


def test_the_end_of_the_input_ends_an_analysis():
    client = Client()
    client.send("kata-analyze 1\n")
    client.wait_for(lambda text: "info move" in text)
    assert client.end().endswith("\n\n")


def test_pipelined_commands_end_an_analysis_before_it_begins():
    client = Client()
    client.send("1 kata-analyze 1\n2 name\n3 lz-analyze 1\n4 version\n")
    client.wait_for(lambda text: "=4" in text)
    replies = client.end().split("\n\n")
    assert [reply[:2] for reply in replies[:-1]] == ["=1", "=2", "=3", "=4"]


def test_an_analysis_that_fills_its_memory_goes_on_reporting():
    settings = PlayerSettings(search=SearchSettings(max_tree_mb=1))
    player = Player(Game(9, 0.5), UniformEvaluator(), settings)
    stop, seen = threading.Event(), []

    def watch(search):
        seen.append(search.full)
        if seen.count(True) > 3:
            stop.set()

    player.analyze(BLACK, stop, watch)
    assert seen.count(True) > 3

