"""Pools: the file, the schedule, resuming, ratings, and `ponnuki rate` as a user runs it."""

from __future__ import annotations

import json
import os
import shlex
from pathlib import Path

import pytest

from ponnuki.arena.contestant import Contestant
from ponnuki.arena.match_log import GameRecord
from ponnuki.arena.pool import SilentPool, play_pool
from ponnuki.arena.pool_file import read_pool
from ponnuki.arena.pool_summary import PoolSummary
from ponnuki.arena.ratings import Meeting, rate
from ponnuki.arena.referee import Referee
from ponnuki.arena.summary import Summary
from ponnuki.arena.timecontrol import TimeControl
from ponnuki.cli.main import main
from ponnuki.engine.errors import ConfigError

from .conftest import fake_command

POSIX = pytest.mark.skipif(os.name == "nt", reason="quotes the commands as POSIX shells do")


def engine(name: str, *options: str, more: str = "") -> str:
    """An [[engine]] table of a fake engine."""
    return f"[[engine]]\nname = '{name}'\ncommand = \"\"\"{shlex.join(fake_command(*options))}\"\"\"\n{more}\n"


def pool_file(folder: Path, head: str, *engines: str) -> Path:
    path = folder / "pool.toml"
    path.write_text("\n".join([head, *engines]), "utf-8")
    return path


SMALL = "size = 5\ngames = 4\nsettlers = 'none'\nkomi = 0.5\nopening-moves = 0"
STRONG = ("--seed", "1")
WEAK = ("--pass-after", "0")
GIVES_UP = ("--resign-at", "0")


@POSIX
def test_everybody_plays_everybody_and_is_rated(tmp_path: Path) -> None:
    path = pool_file(tmp_path, f"{SMALL}\nanchor = 'weak'\nanchor-elo = 500", engine("strong", *STRONG),
                     engine("weak", *WEAK), engine("none", *GIVES_UP))
    summary = play_pool(read_pool(path), referee=Referee)
    assert [(m.first, m.second, m.points, m.games) for m in summary.meetings] == [
        ("strong", "weak", 4.0, 4), ("strong", "none", 4.0, 4), ("weak", "none", 4.0, 4)]
    assert summary.order() == ["strong", "weak", "none"]
    ratings = summary.ratings
    assert ratings is not None
    assert (ratings["weak"].elo, ratings["weak"].stdev) == (500, 0)
    assert ratings["strong"].elo > 600 > 400 > ratings["none"].elo
    assert ratings.ratings == rate(summary.meetings, "weak", 500).ratings
    assert summary.between("none", "strong") == (0.0, 4)
    assert summary.between("strong", "none") == (4.0, 4)


@POSIX
def test_in_a_gauntlet_challengers_meet_the_others_only(tmp_path: Path) -> None:
    path = pool_file(tmp_path, f"{SMALL}\nschedule = 'gauntlet'", engine("a", *WEAK),
                     engine("new", *STRONG, more="challenger = true"), engine("b", *GIVES_UP),
                     engine("newer", *STRONG, more="challenger = true"))
    assert read_pool(path).pairings == (("new", "a"), ("new", "b"), ("newer", "a"), ("newer", "b"))


@POSIX
def test_a_pool_goes_on_where_it_stopped_and_grows(tmp_path: Path) -> None:
    log = tmp_path / "commands"
    strong, weak = engine("strong", *STRONG, "--log", str(log)), engine("Weak one", *WEAK)

    def play(*engines: str) -> PoolSummary:
        return play_pool(read_pool(pool_file(tmp_path, SMALL, *engines)), tmp_path / "out", referee=Referee)

    first = play(strong, weak)
    assert (tmp_path / "out" / "strong--weak-one" / "games.jsonl").exists()
    asked = log.read_text("utf-8").count("clear_board")
    again = play(strong, weak)
    assert again.meetings == first.meetings
    assert log.read_text("utf-8").count("clear_board") == asked, "nothing was played twice"
    grown = play(strong, weak, engine("third", *GIVES_UP))
    assert grown.meetings[0] == first.meetings[0]
    assert len(grown.meetings) == 3
    with pytest.raises(ConfigError, match="other settings: B is"):
        play(strong, engine("Weak one", *GIVES_UP))


@POSIX
def test_games_are_found_again_when_the_tables_or_the_schedule_change_order(tmp_path: Path) -> None:
    log = tmp_path / "commands"
    strong, weak = engine("strong", *STRONG, "--log", str(log)), engine("weak", *WEAK)
    challenger = engine("weak", *WEAK, more="challenger = true")

    def play(head: str, *engines: str, out: str = "out") -> PoolSummary:
        return play_pool(read_pool(pool_file(tmp_path, f"{SMALL}\n{head}", *engines)), tmp_path / out, referee=Referee)

    first = play("", strong, weak)
    asked = log.read_text("utf-8")
    for head, *engines in (("", weak, strong), ("schedule = 'gauntlet'", strong, challenger)):
        again = play(f"anchor = 'strong'\n{head}", *engines)
        assert again.between("strong", "weak") == first.between("strong", "weak") == (4.0, 4)
        assert again.ratings == first.ratings
    assert log.read_text("utf-8") == asked, "nothing was played twice"
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["strong--weak"]
    longer = play("", weak, strong).matches[0]
    assert [longer.contestants[side].name for side in "AB"] == ["strong", "weak"]


@POSIX
def test_of_two_folders_of_one_pairing_the_fuller_counts(tmp_path: Path) -> None:
    told = list[str]()

    class Listener(SilentPool):
        def message(self, text: str) -> None:
            told.append(text)

    strong, weak = engine("strong", *STRONG), engine("weak", *WEAK)
    out = tmp_path / "out"
    play_pool(read_pool(pool_file(tmp_path, SMALL, strong, weak)), out, referee=Referee)
    (out / "strong--weak").rename(tmp_path / "aside")
    play_pool(read_pool(pool_file(tmp_path, SMALL.replace("games = 4", "games = 2"), weak, strong)), out,
              referee=Referee)
    (tmp_path / "aside").rename(out / "strong--weak")
    before = (out / "weak--strong" / "games.jsonl").read_bytes()
    summary = play_pool(read_pool(pool_file(tmp_path, SMALL, weak, strong)), out, Listener(), Referee)
    assert summary.between("strong", "weak") == (4.0, 4)
    assert "weak and strong have games in strong--weak and in weak--strong: those in strong--weak count" in told
    assert (out / "weak--strong" / "games.jsonl").read_bytes() == before


@POSIX
def test_a_folder_that_another_pairing_names_is_not_taken(tmp_path: Path) -> None:
    """The folder of a against b--c, and that of a--b against c turned round, have one name."""
    engines = [engine("a", *WEAK), engine("b--c", *WEAK)]
    out = tmp_path / "out"
    play_pool(read_pool(pool_file(tmp_path, SMALL, *engines)), out, referee=Referee)
    engines = [engine("c", *WEAK), engine("a--b", *WEAK), engine("a", *WEAK), engine("b--c", *WEAK)]
    pool = read_pool(pool_file(tmp_path, SMALL, *engines))
    summary = play_pool(pool, out, referee=Referee)
    assert [(meeting.first, meeting.second) for meeting in summary.meetings] == list(pool.pairings)


@POSIX
def test_names_that_would_share_a_folder_are_refused(tmp_path: Path) -> None:
    path = pool_file(tmp_path, SMALL, engine("x", *WEAK), engine("a b", *WEAK), engine("a?b", *WEAK))
    with pytest.raises(ConfigError, match="differ too little"):
        play_pool(read_pool(path), tmp_path / "out")


@POSIX
def test_engines_are_read_with_their_clocks_options_and_playouts(tmp_path: Path) -> None:
    (tmp_path / "my net.onnx").touch()
    net = "[[engine]]\nname = 'net'\nweights = 'my net.onnx'\noptions = '--c-puct 2'\nplayouts = 50\ntime = '1/move'\n"
    pool = read_pool(pool_file(tmp_path, f"{SMALL}\ntime = '60'\nequal-cpu = 'fake'", net, engine("fake")))
    ours, fake = pool.engines
    assert ours.command[-7:] == ("gtp", "--weights", str(tmp_path / "my net.onnx"), "--c-puct", "2", "--move-time", "1")
    assert (ours.playouts, ours.time, ours.sends_clock) == (50, TimeControl(0, 1, 1), False)
    assert (fake.playouts, fake.time, fake.sends_clock) == (None, TimeControl(60), True)
    assert (pool.anchor, pool.equal_cpu, pool.settlers) == ("net", "fake", ())
    assert (pool.settings.size, pool.settings.games, pool.settings.opening_moves) == (5, 4, 0)


def test_a_net_in_a_command_lies_beside_the_file_or_where_we_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pools, here = tmp_path / "pools", tmp_path / "here"
    for net in (pools / "both.onnx", here / "both.onnx", pools / "beside.onnx", here / "here.onnx"):
        net.parent.mkdir(exist_ok=True)
        net.touch()
    monkeypatch.chdir(here)

    def net_of(command: str) -> Path | None:
        table = f"[[engine]]\nname = 'net'\ncommand = '{command}'"
        found = read_pool(pool_file(pools, "", table, "[[engine]]\nname = 'b'\ncommand = 'x'")).engines[0]
        assert found.options == ("--playouts", "5")
        return found.weights

    assert net_of("both.onnx --playouts 5") == pools / "both.onnx"
    assert net_of("beside.onnx --playouts 5") == pools / "beside.onnx"
    assert net_of("here.onnx --playouts 5") == Path("here.onnx")
    with pytest.raises(ConfigError, match=r"pools.gone\.onnx' does not exist"):
        net_of("gone.onnx --playouts 5")


WRONG = {
    "size = 5\nkomy = 1": "unknown key 'komy'; accepted: anchor,",
    "size = '5'": "key 'size': '5' is not accepted: expected int",
    "games = true": "key 'games': True is not accepted: expected int",
    "games = 3": "3 games: expected an even number",
    "schedule = 'knockout'": "schedule 'knockout': expected round-robin or gauntlet",
    "schedule = 'gauntlet'": "a gauntlet needs engines with challenger = true",
    "anchor = 'c'": "anchor 'c' is no engine of the pool: a, b",
    "equal-cpu = 0": "equal CPU time '0': expected seconds a move above 0, or one of a, b",
    "settlers = 'x'": "unknown settler 'x'",
    "time = 'soon'": "bad time 'soon'",
    "size = ": "not a TOML file",
    "opening-moves = -2": "opening moves -2: expected 0 or more",
    "hang = -400": "hang -400: expected seconds above 0 and at most 1000000000",
    "hang = inf": "hang inf: expected seconds above 0",
    f"hang = 1{'0' * 400}": "0: expected seconds above 0",
    "tolerance = -1.0": "tolerance -1.0: expected seconds from 0",
    "komi = nan": "komi nan: expected -1000 to 1000",
    "komi = 1e300": "komi 1e+300: expected -1000 to 1000",
    "move-limit = 0": "move limit 0: expected 1 or more",
    "seed = -1": "seed -1: expected 0 or more",
    "anchor-elo = nan": "anchor-elo nan: expected -100000 to 100000",
}


@pytest.mark.parametrize("head", WRONG)
def test_what_is_wrong_with_a_file_is_said_in_one_line(tmp_path: Path, head: str) -> None:
    path = pool_file(tmp_path, head, engine("a"), engine("b"))
    with pytest.raises(ConfigError) as raised:
        read_pool(path)
    assert str(path) in str(raised.value)
    assert WRONG[head] in str(raised.value)


@pytest.mark.parametrize(("table", "said"), [
    ("name = 'a'", "engine 'a' needs either a command or weights"),
    ("name = 'a'\ncommand = 'x'\nweights = 'y'", "engine 'a' needs either a command or weights"),
    ("name = 'a'\ncommand = 'x'\noptions = '-v'", "options go with weights"),
    ("name = 'a'\nweights = 'gone.onnx'", "gone.onnx' does not exist"),
    ("name = 'a'\ncommand = 'x'\nplayouts = 0", "engine 'a': 0 playouts: expected 1 or more"),
    ("name = 'b'\ncommand = 'x'", "at least two [[engine]] tables with names of their own"),
    ("command = 'x'", "an [[engine]] table needs a name"),
    ("name = 'a'\ncommand = 'x'\nlevel = 3", "unknown engine's key 'level'"),
])
def test_what_is_wrong_with_an_engine_is_said(tmp_path: Path, table: str, said: str) -> None:
    path = pool_file(tmp_path, "", f"[[engine]]\n{table}", engine("b"))
    with pytest.raises(ConfigError) as raised:
        read_pool(path)
    assert said in str(raised.value)


def game(number: int, winner: str | None, cpu_a: float = 2.0) -> GameRecord:
    return GameRecord(number, "AB"[number % 2], winner, "B+1", "passes", 20, [], {"A": 3.0, "B": 5.0},
                      {"A": 1.0, "B": 1.0}, {"A": cpu_a, "B": None}, own_moves={"A": 10, "B": 10})


def test_tables_show_ratings_results_and_cost() -> None:
    sides = {"A": Contestant("first", ("a",)), "B": Contestant("second", ("b",))}
    pool = PoolSummary("second", 0, (*sides.values(), Contestant("third", ("c",))),
                       (Summary(sides, 4, tuple(game(n, w) for n, w in enumerate("AAB"))),
                        Summary({"A": sides["B"], "B": sides["A"]}, 2, (game(0, None), game(1, "A")))))
    assert pool.between("first", "second") == (2.5, 5)
    assert pool.order()[2] == "third"
    rows = {row[1]: row for row in pool.rows()}
    above = {name: row[4] for name, row in rows.items()}
    assert [above[name] for name in pool.order()] == ["50.0%", "–", "–"]
    assert rows["second"][2:4] + rows["second"][5:7] == ["0", "given", "50.0%", "5"]
    assert rows["first"][2:4] + rows["first"][5:7] == ["0", "-290 to 290", "50.0%", "5"]
    assert rows["third"][2:] == ["–", "–", "–", "–", "0", "–", "0"]
    assert [row[2:] for row in pool.crosstable()[1:]] in (
        [["■", "2.5/5", "–"], ["2.5/5", "■", "–"], ["–", "–", "■"]],)
    usage = pool.usage("first")
    assert (usage.moves, usage.seconds, usage.cpu_s) == (50, 3 * 3.0 + 2 * 5.0, None)
    found = pool.to_json()["engines"]
    assert json.loads(json.dumps(found)) == found
    assert {each["name"]: each["against"].get("first") for each in found} == {
        "first": None, "second": [2.5, 5], "third": [0.0, 0]}


def test_a_pool_in_parts_has_no_ratings_yet() -> None:
    names = ("a", "b", "c", "d")
    engines = {name: Contestant(name, (name,)) for name in names}
    def match(x: str, y: str) -> Summary:
        return Summary({"A": engines[x], "B": engines[y]}, 2, (game(0, "A"), game(1, "B")))
    pool = PoolSummary("a", 0, tuple(engines.values()), (match("a", "b"), match("c", "d")))
    assert pool.ratings is None
    assert pool.rows()[1][2:7] == ["–", "–", "–", "50.0%", "2"]
    assert pool.order() == list(names)
    assert pool.with_match(match("b", "c")).ratings is not None
    assert Meeting("a", "b", 1.0, 2) in pool.meetings


@POSIX
def test_rate_as_a_user_runs_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = pool_file(tmp_path, SMALL, engine("strong", *STRONG), engine("weak", *WEAK),
                     engine("rogue", "--crash-at", "2"))
    result = tmp_path / "ratings.json"
    assert main(["rate", str(path), "--out", str(tmp_path / "out"), "--json", str(result)]) == 0
    shown = capsys.readouterr()
    table = shown.out.splitlines()
    assert " ".join(table[0].split()) == (
        "engine Elo 95% interval above next score games CPU s a move failures")
    assert table[1].split()[:2] == ["1", "strong"]
    assert "strong against rogue, game 0: rogue (B) lost by crash" in shown.out
    assert "pairing 3 of 3: weak against rogue" in shown.err
    engines = {each["name"]: each for each in json.loads(result.read_text("utf-8"))["engines"]}
    assert (engines["rogue"]["failures"], engines["strong"]["points"]) == (8, 8.0)


def test_a_pool_that_is_not_there_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["rate", str(tmp_path / "absent.toml")]) == 2
    assert "absent.toml: No such file" in capsys.readouterr().err
