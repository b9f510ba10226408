"""What commands do beyond their reply: clocks, rules, files, the player's settings and its tree."""

import json
import threading
import time

import pytest

from ponnuki.engine.config import Limits, PlayerSettings
from ponnuki.engine.coords import BLACK, WHITE
from ponnuki.engine.rules import Ko, Rules, Scoring
from ponnuki.gtp.commands import handlers
from ponnuki.gtp.protocol import Dispatcher, GtpError, parse_line
from ponnuki.gtp.table import SessionSettings, Table

from .fakes import ScriptedBackstage, replies


class Desk:
    """A table and its commands, for asking one thing after the other."""

    def __init__(self, script="", dead="", settings=None):
        self.backstage = ScriptedBackstage(script, dead)
        self.table = Table(settings or SessionSettings(size=9), self.backstage)
        self._dispatcher = Dispatcher(handlers(self.table))

    def __call__(self, line):
        return self._dispatcher.answer(parse_line(line)).text.removesuffix("\n\n")

    def budget_s(self, colour=BLACK):
        return self.table.clock.budget_s(colour, len(self.table.game.moves), self.table.game.size)


EXPECTED = {
    "protocol_version", "name", "version", "known_command", "list_commands", "quit", "boardsize", "clear_board",
    "komi", "fixed_handicap", "place_free_handicap", "set_free_handicap", "play", "genmove", "undo",
    "time_settings", "time_left", "final_score", "final_status_list", "loadsgf", "reg_genmove", "showboard",
    "printsgf", "rectangular_boardsize", "kgs-rules", "kgs-time_settings", "kgs-genmove_cleanup", "kgs-game_over",
    "kata-set-rules", "kata-get-rules", "kata-set-rule", "kata-list_time_settings", "kata-time_settings",
    "kata-raw-nn", "kata-get-param", "kata-set-param", "kata-list-params", "set_position", "clear_cache", "stop",
    "lz-analyze", "kata-analyze", "lz-genmove_analyze", "kata-genmove_analyze", "kata-search_analyze",
    "kata-search_analyze_cancellable", "gogui-play_sequence", "gogui-setup", "gogui-setup_player",
    "gogui-interrupt", "gogui-analyze_commands",
}


def test_every_command_that_clients_expect_is_listed():
    names = Desk()("list_commands").removeprefix("= ").split("\n")
    assert set(names) >= EXPECTED


def test_every_gogui_analyze_command_works():
    desk = Desk()
    for line in desk("gogui-analyze_commands").removeprefix("= ").split("\n"):
        kind, label, command = line.split("/")
        assert kind in ("string", "hstring", "plist", "none")
        assert label
        assert desk(command).startswith("=")


@pytest.mark.parametrize(
    ("line", "system", "budget_s"),
    [
        ("time_settings 0 0 0", "none", None),
        ("time_settings 0 30 0", "none", None),
        ("time_settings 300 30 0", "none", None),
        ("time_settings 0 10 2", "canadian", 5.0),
        ("kgs-time_settings none", "none", None),
        ("kgs-time_settings byoyomi 0 7 3", "byoyomi", 7.0),
        ("kgs-time_settings canadian 0 100 25", "canadian", 4.0),
        ("kata-time_settings none", "none", None),
        ("kata-time_settings canadian 0 0.5 1", "canadian", 0.5),
    ],
)
def test_time_settings_bound_the_next_move(line, system, budget_s):
    desk = Desk()
    assert desk(line) == "="
    assert desk.table.clock.system == system
    assert desk.budget_s() == budget_s


@pytest.mark.parametrize(
    "line", ["time_settings 60 0 0", "kgs-time_settings absolute 60", "kata-time_settings absolute 60"]
)
def test_absolute_time_is_spread_over_the_game(line):
    desk = Desk()
    assert desk(line) == "="
    assert desk.table.clock.system == "absolute"
    assert 1 < desk.budget_s() < 10


def test_fischer_time_allows_about_the_increment_once_the_main_time_is_used_up():
    desk = Desk()
    assert desk("kata-time_settings fischer 600 10") == "="
    assert desk("time_left b 12 0") == "="
    assert 4 < desk.budget_s(BLACK) < 12 < desk.budget_s(WHITE)


def test_time_left_counts_for_its_colour_alone_and_until_the_next_game():
    desk = Desk()
    desk("time_settings 600 30 5")
    before = desk.budget_s(WHITE)
    desk("time_left b 10 2")
    assert (desk.budget_s(BLACK), desk.budget_s(WHITE)) == (5.0, before)
    desk("time_left b -1 1")
    assert desk.budget_s(BLACK) == 0.0
    desk("clear_board")
    assert desk.budget_s(BLACK) == before


def test_the_player_shares_the_clock_on_every_board():
    desk = Desk("A1 A1")
    desk("time_settings 0 10 1")
    desk("genmove b")
    desk("boardsize 5")
    desk("time_settings 0 4 1")
    desk("genmove b")
    assert [player.clock is desk.table.clock for player in desk.backstage.players] == [True, True]


def test_komi_in_the_midst_of_a_game_leaves_moves_and_clock():
    desk = Desk("C3")
    desk("time_settings 600 0 0")
    desk("genmove b")
    desk("time_left w 5 0")
    desk("komi 3.5")
    assert (desk.table.game.komi, len(desk.table.game.moves)) == (3.5, 1)
    assert desk.budget_s(WHITE) < 5
    (player,) = desk.backstage.players
    assert player.game is desk.table.game
    assert player.forgotten == 1
    desk("komi 3.5")
    assert player.forgotten == 1


def test_another_board_size_gets_another_player():
    desk = Desk("C3 C3 C3")
    desk("genmove b")
    desk("clear_board")
    desk("genmove b")
    assert len(desk.backstage.players) == 1
    desk("boardsize 13")
    desk("genmove b")
    assert [player.game.size for player in desk.backstage.players] == [9, 13]


def test_rules_start_as_the_settings_say_and_survive_a_new_game():
    desk = Desk(settings=SessionSettings(rules=Rules.preset("japanese")))
    assert desk("get_komi") == "= 6.5"
    for line in ("boardsize 9", "clear_board"):
        assert desk(line) == "="
        assert desk.table.game.rules.scoring == Scoring.TERRITORY


def test_rules_are_json_that_reads_back():
    desk = Desk()
    for name in ("tromp-taylor", "chinese", "japanese", "korean", "aga", "new zealand", "ing", "stone_scoring"):
        assert desk(f"kata-set-rules {name}") == "="
        text = desk("kata-get-rules").removeprefix("= ")
        assert Rules.parse(json.loads(text)) == Rules.preset(name)


def test_rules_change_what_is_legal_without_touching_the_board():
    desk = Desk()
    desk("set_position b A1 w A2 w B2 w C1")
    desk("play b J9")
    desk("play w J1")
    assert desk("play b B1").startswith("? illegal move")
    assert desk("kata-set-rule suicide true") == "="
    assert len(desk.table.game.moves) == 2
    assert desk("play b B1") == "="


def test_simple_ko_allows_what_superko_forbids():
    desk = Desk()
    assert desk.table.game.rules.ko == Ko.POSITIONAL
    desk("boardsize 2")
    for move in ("b A1", "w B1", "b A2", "w B2", "b A1", "w A2"):
        assert desk(f"play {move}") == "="
    assert desk("play b A1").startswith("? illegal move")
    desk("kata-set-rule ko SIMPLE")
    assert desk("play b A1") == "="


def test_approximated_rules_are_told_once_each_time_they_come_into_force(capsys):
    desk = Desk()
    desk("kata-set-rules japanese")
    desk("kata-set-rules japanese")
    desk("clear_board")
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == len(Rules.preset("japanese").approximations)
    assert all(line.startswith("ponnuki: under these rules ") for line in lines)


def test_handicap_counts_for_the_compensation():
    desk = Desk()
    desk("kata-set-rules chinese")
    desk("fixed_handicap 3")
    assert (desk.table.game.handicap, desk.table.game.to_play) == (3, WHITE)
    assert desk.table.game.total_komi == desk.table.game.komi + 3


def test_parameters_reach_the_player():
    desk = Desk("C3 C3")
    desk("genmove b")
    for line in ("maxVisits 50", "maxTime 0.5", "maxPlayouts 7", "resignThreshold -1", "playout mixed", "mixing 1"):
        assert desk(f"kata-set-param {line}") == "="
    desk("genmove w")
    assert desk.backstage.settings == [
        PlayerSettings(),
        PlayerSettings(Limits(7, 50, 0.5), resign_threshold=0.0, playout="mixed", mixing=1.0),
    ]


def test_every_parameter_can_be_read_and_written_back():
    desk = Desk()
    for name in desk("kata-list-params").removeprefix("= ").split():
        value = desk(f"kata-get-param {name}").removeprefix("= ")
        assert desk(f"kata-set-param {name} {value}") == "="
    assert desk.table.settings == PlayerSettings()


def test_clear_cache_forgets_all_evaluations():
    desk = Desk("C3")
    desk("genmove b")
    desk("clear_cache")
    assert desk.backstage.players[0].cleared == 1


def test_cleanup_captures_dead_stones_before_it_passes():
    desk = Desk("pass pass", dead="A1 B1")
    desk("boardsize 5")
    desk("gogui-play_sequence b A2 w A1 b B2 w B1 b E5")
    assert desk("genmove w") == "= pass"
    assert desk("kgs-genmove_cleanup b") == "= C1"
    assert desk.table.game.captured(WHITE) == 2


def test_cleanup_passes_when_nothing_of_the_opponents_is_dead():
    desk = Desk("pass", dead="A1")
    desk("play b A1")
    assert desk("kgs-genmove_cleanup b") == "= pass"
    assert len(desk.table.game.moves) == 2


def test_interrupt_reaches_the_player():
    desk = Desk("wait C3")
    request = parse_line("genmove b")
    done = []
    thread = threading.Thread(target=lambda: done.append(desk._dispatcher.answer(request).text))
    thread.start()
    while not desk.backstage.players:
        pass
    assert desk.backstage.players[0].waits_for_interrupt.wait(10)
    request.interrupt.set()
    thread.join(10)
    assert done == ["= C3\n\n"]
    assert desk.backstage.players[0].interrupted


def test_waiting_for_the_player_is_thinking_time():
    class Slow(ScriptedBackstage):
        def player(self, game, settings):
            self.arrived = time.monotonic()
            return super().player(game, settings)

    backstage = Slow("C3 D4")
    replies("boardsize 9\ngenmove b\n", backstage=backstage)
    (player,) = backstage.players
    assert player.started <= backstage.arrived


def test_a_move_that_is_only_asked_for_changes_nothing():
    desk = Desk("C3 D4")
    desk("play b E5")
    desk("gogui-setup_player w")
    assert desk("reg_genmove b") == "= C3"
    assert (desk.table.game.to_play, len(desk.table.game.moves)) == (WHITE, 1)
    assert desk.backstage.players[0].forgotten == 1


class TestSgf:
    """loadsgf and printsgf."""

    @pytest.fixture
    def file(self, tmp_path):
        path = tmp_path / "a game.sgf"
        path.write_text("(;GM[1]FF[4]SZ[9]KM[5.5]RU[Japanese];B[dd];W[ff];B[];W[cc](;B[ee])(;B[aa]))")
        return path

    def test_whole_game(self, file):
        desk = Desk()
        assert desk(f"loadsgf {file}") == "="
        game = desk.table.game
        assert (game.size, game.komi, game.rules.scoring) == (9, 5.5, Scoring.TERRITORY)
        assert game.moves == [(BLACK, 30), (WHITE, 50), (BLACK, 81), (WHITE, 20), (BLACK, 40)]
        assert game.to_play == WHITE

    @pytest.mark.parametrize(("number", "moves"), [(1, 0), (2, 1), (5, 4), (6, 5), (99, 5), (0, 0)])
    def test_move_number_is_that_of_the_next_move(self, file, number, moves):
        desk = Desk()
        assert desk(f"loadsgf {file} {number}") == "="
        assert len(desk.table.game.moves) == moves
        assert desk.table.game.to_play == (WHITE if moves % 2 else BLACK)

    def test_moves_can_be_taken_back(self, file):
        desk = Desk()
        desk(f"loadsgf {file}")
        assert [desk("undo")[:1] for _ in range(6)] == ["="] * 5 + ["?"]

    def test_handicap_and_set_up(self, tmp_path):
        path = tmp_path / "handicap.sgf"
        path.write_text("(;SZ[13]HA[2]AB[dd][jj]KM[0.5];W[jd])")
        desk = Desk()
        assert desk(f"loadsgf {path}") == "="
        assert (desk.table.game.handicap, desk.table.game.moves) == (2, [(WHITE, 3 * 13 + 9)])

    @pytest.mark.parametrize(("told", "komi"), [("", 4.5), ("KM[0]", 0.0), ("KM[]", 4.5), ("KM[6.5]", 6.5)])
    def test_present_rules_and_komi_where_the_file_names_none(self, tmp_path, told, komi):
        path = tmp_path / "plain.sgf"
        path.write_text(f"(;SZ[9]{told};B[dd])")
        desk = Desk()
        desk("kata-set-rules aga")
        desk("komi 4.5")
        assert desk(f"loadsgf {path}") == "="
        assert (desk.table.game.rules, desk.table.game.komi) == (Rules.preset("aga"), komi)

    @pytest.mark.parametrize(
        ("content", "reason"),
        [
            (None, "cannot load file: No such file"),
            (b"", "cannot load file: not an SGF file"),
            (b"\x00\xff garbage", "cannot load file: not an SGF file"),
            (b"(;SZ[99])", "cannot load file: board size 99"),
            (b"(;SZ[9];B[dd];W[dd])", "cannot load file: illegal move"),
            (b"(;GM[2])", "cannot load file: not a game of Go"),
        ],
    )
    def test_failures_leave_the_game_alone(self, tmp_path, content, reason):
        path = tmp_path / "bad.sgf"
        if content is not None:
            path.write_bytes(content)
        desk = Desk()
        desk("play b C3")
        assert desk(f"loadsgf {path}").startswith("? " + reason)
        assert len(desk.table.game.moves) == 1

    def test_a_directory_is_no_file(self, tmp_path):
        assert Desk()(f"loadsgf {tmp_path}").startswith("? cannot load file: ")

    @pytest.mark.parametrize(
        "lines",
        [
            [],
            ["play b C3", "play w pass", "play b A1"],
            ["play b C3", "play b D4", "play w pass", "play w A1", "play w B1"],
            ["fixed_handicap 3", "play w E5"],
            ["set_position b A1 w B2", "gogui-setup_player w", "play w C3"],
            ["komi -3.5", "kata-set-rules japanese", "play b D4"],
        ],
        ids=["empty", "moves", "turns", "handicap", "position", "terms"],
    )
    def test_what_is_printed_loads_again(self, tmp_path, lines):
        desk = Desk()
        for line in lines:
            assert desk(line).startswith("=")
        reply = desk("printsgf")
        assert reply.startswith("= (;")
        assert "" not in reply.split("\n")
        path = tmp_path / "printed.sgf"
        path.write_text(reply.removeprefix("= "), "utf-8")
        copy = Desk()
        assert copy(f"loadsgf {path}") == "="
        for field in ("size", "komi", "rules", "handicap", "moves", "to_play"):
            assert getattr(copy.table.game, field) == getattr(desk.table.game, field)
        assert (copy.table.game.stones() == desk.table.game.stones()).all()

    def test_print_into_a_file(self, tmp_path):
        desk = Desk()
        desk("play b C3")
        path = tmp_path / "out put.sgf"
        assert desk(f"printsgf {path}") == "="
        assert ";B[cg]" in path.read_text("utf-8")
        assert desk(f"printsgf {tmp_path}").startswith("? cannot write")


def test_raw_evaluation_in_all_symmetries_maps_back_to_the_board():
    desk = Desk()
    desk("boardsize 3")
    desk("play b B2")
    blocks = desk("kata-raw-nn all").removeprefix("= ").split("symmetry ")[1:]
    corners = []
    for number, block in enumerate(blocks):
        lines = block.split("\n")
        assert lines[0] == str(number)
        policy = " ".join(lines[lines.index("policy") + 1 :][:3]).split()
        ownership = " ".join(lines[lines.index("whiteOwnership") + 1 :][:3]).split()
        assert policy[4] == "NAN"
        assert sum(float(value) for value in policy if value != "NAN") + float(
            lines[lines.index("policy") + 4].split()[1]
        ) == pytest.approx(1, abs=1e-5)
        best = max(range(9), key=lambda point: -1 if policy[point] == "NAN" else float(policy[point]))
        assert ownership.index("1.000000") == best
        corners.append(best)
    assert corners == [0, 6, 2, 8, 0, 6, 2, 8]


def test_a_player_that_cannot_be_had_is_a_failure_of_the_command_alone():
    class Broken(ScriptedBackstage):
        def player(self, game, settings):
            raise GtpError("the engine could not be loaded: no numba")

    answers = replies("genmove b\nplay b D4\nfinal_score\nkata-raw-nn 0\nundo\n", backstage=Broken())
    failure = "? the engine could not be loaded: no numba"
    assert answers == [failure, "=", failure, failure, "="]
