"""Whole matches between fake engines: pairs, failures by name, logs, resuming after a kill."""

from __future__ import annotations

import json
import random
import re
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import filelock
import pytest
from sgfmill import sgf

from ponnuki.arena.contestant import Contestant, Patience
from ponnuki.arena.match import LOG_NAME, MatchSettings, play_match
from ponnuki.arena.match_log import GameRecord, MatchLog
from ponnuki.arena.referee import GtpSettler, Referee
from ponnuki.arena.sprt import Sprt
from ponnuki.arena.summary import Summary, leading_pair_points, pair_points
from ponnuki.arena.timecontrol import TimeControl
from ponnuki.engine.errors import ConfigError, RecordError

from .conftest import FAKE

Fake = Callable[..., Contestant]
QUICK = Patience(start_s=60, hang_s=3.0, tolerance_s=0.2)


def play(a: Contestant, b: Contestant, games: int = 2, out: Path | None = None, size: int = 5,
         **settings: object) -> Summary:
    """A match that nobody settles."""
    chosen = MatchSettings(games=games, size=size, patience=QUICK, **settings)  # type: ignore[arg-type]
    return play_match(a, b, chosen, out, referee=Referee)


def test_each_opening_is_played_twice_with_the_colours_swapped(fake: Fake) -> None:
    records = play(fake("a"), fake("b"), games=6, concurrency=2, size=7).records
    assert [record.game for record in records] == list(range(6))
    assert [record.black for record in records] == ["A", "B"] * 3
    openings = [tuple(record.opening) for record in records]
    assert openings[0::2] == openings[1::2]
    assert len(set(openings)) == 3
    assert all(len(opening) == 2 for opening in openings)


def test_one_side_may_have_white_in_all_games(fake: Fake) -> None:
    summary = play(fake("a"), fake("b"), games=6, size=7, white="B")
    records = summary.records
    assert [record.black for record in records] == ["A"] * 6
    assert "pairs" not in summary.report(), "two games of fixed colours are two openings"
    assert len({tuple(record.opening) for record in records}) == 6
    with pytest.raises(ConfigError, match="white 'C': expected A or B"):
        MatchSettings(white="C")


def test_handicap_stones_are_placed_and_white_moves_first(fake: Fake, tmp_path: Path) -> None:
    log = tmp_path / "commands"
    a, b = fake("a", "--log", str(log)), fake("b")
    records = play(a, b, games=4, size=9, komi=0.5, handicap=2, out=tmp_path / "out").records
    assert [record.fault for record in records] == [None] * 4
    assert [record.black for record in records] == ["B"] * 4
    commands = log.read_text().split("\n")
    placed = [index for index, line in enumerate(commands) if line == "fixed_handicap 2"]
    assert len(placed) == 5, "the trial before the match, and each game"
    assert all(commands[index + 1].startswith("play white ") for index in placed[1:])
    root = sgf.Sgf_game.from_bytes((tmp_path / "out" / "sgf" / "00000.sgf").read_bytes()).get_root()
    assert root.get("HA") == 2
    assert root.get("AB") == {(2, 2), (6, 6)}
    stones = {"C3", "G7"}
    near = {"C2", "C4", "B3", "D3", "G6", "G8", "F7", "H7"}
    assert not any(set(record.opening) & (stones | near) for record in records)
    again = play(a, b, games=4, size=9, komi=0.5, handicap=2, out=tmp_path / "out").records
    assert again == records
    with pytest.raises(ConfigError, match="handicap"):
        play(a, b, games=4, size=9, komi=0.5, out=tmp_path / "out")


@pytest.mark.parametrize(("settings", "said"), [
    ({"size": 9, "handicap": 1}, "handicap 1 on 9x9: expected 2 to 9"),
    ({"size": 5, "handicap": 2}, "handicap 2 on 5x5: none can be placed"),
])  # fmt: skip
def test_handicaps_that_the_board_has_no_room_for(settings: dict[str, int], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        MatchSettings(games=2, **settings)  # type: ignore[arg-type]


def test_an_engine_that_knows_no_handicap_is_named_before_the_match(fake: Fake) -> None:
    with pytest.raises(ConfigError, match=r"cannot play this match: .*invalid number of stones"):
        play(fake("a"), fake("b"), games=2, size=9, handicap=3)


def test_two_copies_of_a_deterministic_engine_split_every_pair(fake: Fake) -> None:
    summary = play(fake("a", "--first"), fake("b", "--first"), games=8, concurrency=2)
    assert pair_points(summary.records) == [1.0] * 4
    assert summary.score.rate == 0.5
    assert summary.pairs == (0, 0, 4, 0, 0)


@pytest.mark.slow
def test_engines_that_play_at_random_come_out_even(fake: Fake) -> None:
    """White wins most games with this komi, which the swapped colours make up for."""
    a, b = (fake(name, "--seed", seed, "--pass-after", "24") for name, seed in (("a", "1"), ("b", "2")))
    summary = play(a, b, games=400, size=9)
    low, high = summary.score.interval(0.99)
    assert summary.score.games == 400
    assert low < 0.5 < high
    assert summary.score_as("white").rate > 0.7


def test_the_better_engine_wins_with_either_colour(fake: Fake) -> None:
    """One passes at once, the other fills the board: on an area count it owns all but what the opening left."""
    summary = play(fake("fills", "--seed", "1"), fake("passes", "--pass-after", "0"), games=4, size=7, opening_moves=0,
                   komi=0.5)
    assert summary.score.wins == 4
    assert [record.result[0] for record in summary.records] == ["B", "W", "B", "W"]
    assert all(record.ending == "passes" for record in summary.records)


def test_resignation_counts_without_a_board_count(fake: Fake) -> None:
    summary = play(fake("a"), fake("b", "--resign-at", "0"))
    assert [record.result for record in summary.records] == ["B+R", "W+R"]
    assert [record.winner for record in summary.records] == ["A", "A"]
    assert summary.records[0].dead is None
    assert summary.failures("B") == []


def test_the_move_limit_ends_a_game_with_a_count(fake: Fake) -> None:
    record = play(fake("a"), fake("b"), size=9, move_limit=12).records[0]
    assert (record.ending, record.moves, record.dead, record.settled_by) == ("move limit", 12, [], None)


MISDEEDS = {
    "crash": ("--crash-at", "3"),
    "hang": ("--hang-at", "3"),
    "garbage": ("--garbage-at", "3"),
    "illegal move": ("--illegal-at", "3"),
    "refused": ("--refuse-at", "3"),
}


@pytest.mark.parametrize("kind", MISDEEDS)
def test_a_misdeed_loses_one_game_and_is_reported_by_name(fake: Fake, kind: str, tmp_path: Path) -> None:
    summary = play(fake("rogue", *MISDEEDS[kind]), fake("honest"), games=2 if kind == "hang" else 4, out=tmp_path)
    failed = summary.failures("A")
    assert [record.ending for record in failed[:1]] == [kind]
    assert all(record.winner == "B" for record in failed)
    assert len(summary.records) == summary.games_wanted, "the match goes on"
    assert summary.failures("B") == []
    assert f"game {failed[0].game}: rogue (A) lost by {kind}: " in summary.report()
    game = sgf.Sgf_game.from_bytes((tmp_path / str(failed[0].sgf)).read_bytes())
    assert game.get_root().get("RE") == ("W+F" if failed[0].black == "A" else "B+F")


def test_a_crash_is_reported_with_the_last_words(fake: Fake) -> None:
    summary = play(fake("a"), fake("rogue", "--crash-at", "2"))
    # The second genmove of a process is its first in a game, and the crash gives each game a process of its own.
    assert [record.fault for record in summary.records] == ["B", "B"]
    assert all("exit code 3" in record.detail and "out of luck" in record.detail for record in summary.records)


def test_a_late_answer_loses_on_time_without_a_restart(fake: Fake) -> None:
    late = fake("late", "--late-at", "2", "--late-s", "2", time="1/move")
    summary = play(late, fake("b"), games=4)
    (lost,) = summary.failures("A")
    assert (lost.ending, lost.game, lost.result) == ("time", 0, "W+T")
    assert "1.20 s were allowed (1/move, tolerance 0.2 s)" in lost.detail
    assert lost.slowest_s["A"] == pytest.approx(2, abs=0.5), "the late move itself, although it is not on the board"
    assert lost.seconds["A"] >= lost.slowest_s["A"]
    assert lost.own_moves == {"A": 1, "B": 0}
    assert summary.slowest_s("A") == lost.slowest_s["A"]


TELLS = '{"visits": 9, "playouts": 7, "winrate": 0.25, "lead": null, "pv": []}'


@pytest.mark.parametrize(("misdeed", "ending", "told"), [
    ("resign", "resignation", True), ("garbage", "garbage", True), ("refuse", "refused", False),
    ("illegal", "illegal move", True),
])  # fmt: skip
def test_what_a_side_thought_before_it_lost_counts(fake: Fake, tmp_path: Path, misdeed: str, ending: str,
                                                   told: bool) -> None:
    loser = fake("loser", f"--{misdeed}-at", "3", "--late-at", "3", "--late-s", "0.5", "--tells", TELLS)
    record = play(loser, fake("b"), size=7, out=tmp_path).records[0]
    assert record.ending == ending
    assert record.slowest_s["A"] == pytest.approx(0.5, abs=0.3)
    assert record.own_moves == {"A": 2 if told else 1, "B": 1}
    assert record.playouts == {"A": 14 if told else 7, "B": None}
    assert MatchLog(tmp_path / LOG_NAME, json.loads((tmp_path / LOG_NAME).read_text("utf-8").splitlines()[0])
                    ).games[0] == record
    game = sgf.Sgf_game.from_bytes((tmp_path / str(record.sgf)).read_bytes())
    assert len(list(game.get_main_sequence())) == 1 + record.moves, "no move was made of it"
    comment = game.get_root().get("C")
    assert re.search(r"^Black thought before that: 0\.\d{3} s", comment, re.MULTILINE)
    assert ("Black wins 25.0%" in comment) is told


def test_cpu_time_of_a_resignation_counts(fake: Fake) -> None:
    pytest.importorskip("psutil")
    record = play(fake("a", "--burn-s", "0.1", "--resign-at", "3"), fake("b"), size=7).records[0]
    assert record.own_moves is not None
    assert record.own_moves["A"] == 2
    assert record.cpu_s["A"] == pytest.approx(0.2, abs=0.1)


def test_within_the_tolerance_is_in_time(fake: Fake) -> None:
    a = fake("a", "--late-at", "2", "--late-s", "0.5", time="0.4/move")
    settings = MatchSettings(games=2, size=5, patience=Patience(tolerance_s=3.0))
    assert play_match(a, fake("b"), settings, referee=Referee).failures("A") == []


def test_the_clock_is_sent_to_engines_that_know_the_command(fake: Fake, tmp_path: Path) -> None:
    log = tmp_path / "commands"
    play(fake("a", "--log", str(log), time="60+10/5"), fake("b"), size=5)
    sent = log.read_text("utf-8").splitlines()
    assert sent.count("time_settings 60 10 5") == 4, "before the trial move, after it, and for each game"
    assert "time_left black 60 0" in sent or "time_left black 59 0" in sent
    assert sent.index("time_settings 60 10 5") < next(i for i, line in enumerate(sent) if line.startswith("time_left"))


@pytest.mark.parametrize("time", ["0.9/move", "60+1.5/1", "60.5+0.25"])
def test_engines_that_take_whole_seconds_only_are_told_such(fake: Fake, tmp_path: Path, time: str) -> None:
    log = tmp_path / "commands"
    a, b = (fake(name, "--log", str(log), time=time) for name in "ab")
    assert [record.fault for record in play(a, b).records] == [None, None]
    told = [line.split()[2] for line in log.read_text("utf-8").splitlines() if line.startswith("time_left")]
    assert told
    assert "0" not in told


def test_loud_engines_do_no_harm(fake: Fake) -> None:
    assert play(fake("a", "--shout-at", "0"), fake("b")).failures("A") == []


def test_an_engine_that_cannot_start_stops_the_match_before_it_begins(fake: Fake) -> None:
    with pytest.raises(ConfigError, match=r"ghost cannot play this match: start: cannot run .*no-such-engine"):
        play(fake("a"), Contestant("ghost", ("no-such-engine",)))
    with pytest.raises(ConfigError, match=r"small cannot play this match: refused: 'boardsize 5' .* unacceptable size"):
        play(fake("a"), fake("small", "--refuse-size"))


def test_an_odd_number_of_games_is_refused() -> None:
    with pytest.raises(ConfigError, match="even"):
        MatchSettings(games=5)


def test_equal_names_are_told_apart(fake: Fake) -> None:
    summary = play(fake("twin"), fake("twin"))
    assert [side.name for side in summary.contestants.values()] == ["twin #1", "twin #2"]


def test_games_are_kept_with_result_moves_and_times(fake: Fake, tmp_path: Path) -> None:
    record = play(fake("a"), fake("b"), out=tmp_path, size=7).records[1]
    game = sgf.Sgf_game.from_bytes((tmp_path / "sgf" / "00001.sgf").read_bytes())
    root, nodes = game.get_root(), list(game.get_main_sequence())[1:]
    assert (root.get("PB"), root.get("PW"), root.get("SZ"), root.get("KM")) == ("b", "a", 7, 7.5)
    assert root.get("RE") == record.result
    assert len(nodes) == record.moves
    assert [node.get("C") for node in nodes[:2]] == ["opening", "opening"]
    spent = [float(node.get("C").split(" s")[0]) for node in nodes[2:]]
    assert sum(spent) == pytest.approx(sum(record.seconds.values()), abs=0.001 * len(spent) + 0.002)


def test_a_resumed_match_plays_only_what_is_missing(fake: Fake, tmp_path: Path) -> None:
    a, b = fake("a"), fake("b")
    first = play(a, b, games=4, out=tmp_path)
    again = play(a, b, games=4, out=tmp_path)
    assert again.records == first.records
    longer = play(a, b, games=6, out=tmp_path)
    assert longer.records[:4] == first.records
    assert len(longer.records) == 6
    assert len((tmp_path / LOG_NAME).read_text("utf-8").splitlines()) == 1 + 6


def test_another_match_is_not_mixed_in(fake: Fake, tmp_path: Path) -> None:
    play(fake("a"), fake("b"), out=tmp_path)
    with pytest.raises(ConfigError, match=r"komi is 7\.5 there and 6\.5 now"):
        play(fake("a"), fake("b"), out=tmp_path, komi=6.5)
    with pytest.raises(ConfigError, match="other settings: A is"):
        play(fake("a", "--seed", "3"), fake("b"), out=tmp_path)


GAMES = 24
RUN = f"""
import sys
from pathlib import Path
from ponnuki.arena.contestant import Contestant
from ponnuki.arena.match import MatchSettings, play_match
from ponnuki.arena.referee import Referee

engine = (sys.executable, "-S", {str(FAKE)!r})
a, b = Contestant("a", engine), Contestant("b", (*engine, "--crash-at", "17"))
play_match(a, b, MatchSettings(games={GAMES}, size=5, concurrency=2), Path(sys.argv[1]), referee=Referee)
"""


def finished_games(log: Path) -> list[int]:
    """Numbers of the games in a log, in the order of their lines; a line that was cut off is left out."""
    if not log.exists():
        return []
    whole = log.read_text("utf-8").rpartition("\n")[0]
    return [json.loads(line)["game"] for line in whole.splitlines()[1:]]


def run_until(games: int, extra_s: float, out: Path) -> int | None:
    """Start or resume the match, and kill it some time after its log has that many games; None if it was killed."""
    process = subprocess.Popen([sys.executable, "-c", RUN, str(out)])
    while process.poll() is None and len(finished_games(out / LOG_NAME)) < games:
        time.sleep(0.005)
    time.sleep(extra_s)
    if process.poll() is None:
        process.kill()
        process.wait()
        return None
    return process.returncode


def test_killed_at_random_points_no_game_is_lost_or_played_twice(tmp_path: Path) -> None:
    chance = random.Random(20)
    kills = 0
    for _ in range(40):
        done = len(finished_games(tmp_path / LOG_NAME))
        if run_until(done + chance.randint(0, 4), chance.uniform(0, 0.2), tmp_path) is not None:
            break
        kills += 1
    assert kills >= 3
    assert run_until(GAMES + 1, 0, tmp_path) == 0, "nothing is left to do"
    games = finished_games(tmp_path / LOG_NAME)
    assert sorted(games) == list(range(GAMES))
    assert all((tmp_path / "sgf" / f"{number:05}.sgf").stat().st_size > 100 for number in games)


def record(number: int) -> GameRecord:
    return GameRecord(number, "A", None, "Draw", "passes", 10, [], {"A": 0.0, "B": 0.0}, {"A": 0.0, "B": 0.0},
                      {"A": None, "B": None})


def test_a_line_that_was_cut_off_is_dropped_and_written_over(tmp_path: Path) -> None:
    path = tmp_path / LOG_NAME
    log = MatchLog(path, {"size": 9})
    log.add(record(0))
    log.add(record(1))
    whole = path.read_bytes()
    path.write_bytes(whole[:-20])
    log = MatchLog(path, {"size": 9})
    assert list(log.games) == [0]
    log.add(record(1))
    assert path.read_bytes() == whole


def test_damage_inside_a_log_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / LOG_NAME
    MatchLog(path, {"size": 9}).add(record(0))
    path.write_bytes(path.read_bytes() + b"oops\n")
    with pytest.raises(RecordError, match="line 3"):
        MatchLog(path, {"size": 9})
    path.write_bytes(b"{}\n")
    with pytest.raises(RecordError, match="not a ponnuki-match-1 log"):
        MatchLog(path, {"size": 9})


def test_a_log_holds_whatever_an_engine_says(tmp_path: Path) -> None:
    path = tmp_path / LOG_NAME
    said = "cannot\u2028move\x85 \udcff"
    MatchLog(path, {"size": 9}).add(replace(record(0), detail=said))
    assert MatchLog(path, {"size": 9}).games[0].detail == said
    (tmp_path / "folder" / LOG_NAME).mkdir(parents=True)
    with pytest.raises(RecordError, match=r"Is a directory|Permission denied"):
        MatchLog(tmp_path / "folder" / LOG_NAME, {"size": 9})


def test_a_net_is_known_by_its_content_wherever_it_lies(tmp_path: Path) -> None:
    (tmp_path / "moved").mkdir()
    paths = [tmp_path / "net.onnx", tmp_path / "moved" / "other.onnx"]
    for path in paths:
        path.write_bytes(b"one net")
    here, there = (Contestant.of_weights(path, ["--playouts", "4"], TimeControl.parse("1/move")) for path in paths)
    assert here.name != there.name
    assert here.identity() == there.identity()
    other = Contestant.of_weights(paths[0], ["--playouts", "5"], TimeControl.parse("1/move"))
    assert other.identity() != here.identity()
    before = here.identity()
    paths[0].write_bytes(b"another net")
    assert here.identity() != before


def test_a_match_goes_on_with_its_own_settlers_alone(fake: Fake, tmp_path: Path) -> None:
    a, b = fake("a"), fake("b")
    settings = MatchSettings(games=2, size=5, patience=QUICK)
    kept = play_match(a, b, settings, tmp_path, referee=Referee)
    renamed = play_match(replace(a, name="another name"), b, settings, tmp_path, referee=Referee)
    assert renamed.records == kept.records
    with pytest.raises(ConfigError, match=r"settlers is \[\] there and \['GNU Go'\] now"):
        play_match(a, b, settings, tmp_path, referee=lambda: Referee([GtpSettler("GNU Go", ["gnugo"])]))


def test_the_games_of_a_pair_keep_their_opening(fake: Fake, tmp_path: Path) -> None:
    kept = play(fake("a"), fake("b"), games=2, out=tmp_path, size=7)
    log = tmp_path / LOG_NAME
    opening = kept.records[1].opening
    log.write_text(log.read_text().replace(json.dumps(opening), json.dumps(["A1", "B7"])))
    with pytest.raises(ConfigError, match=rf"game 0 began A1 B7 there and would begin {' '.join(opening)} now"):
        play(fake("a"), fake("b"), games=4, out=tmp_path, size=7)


def test_a_folder_is_for_one_match_at_a_time(fake: Fake, tmp_path: Path) -> None:
    held = filelock.FileLock(tmp_path / "lock")
    with held, pytest.raises(ConfigError, match="a match is being played here"):
        play(fake("a"), fake("b"), out=tmp_path)
    assert play(fake("a"), fake("b"), out=tmp_path).score.games == 2


def test_a_sequential_test_stops_the_match(fake: Fake, tmp_path: Path) -> None:
    strong, weak = fake("fills"), fake("passes", "--pass-after", "0")
    settings = {"out": tmp_path, "opening_moves": 0, "komi": 0.5, "sprt": Sprt(0, 200)}
    summary = play(strong, weak, games=100, **settings)
    assert summary.verdict is not None
    assert (summary.verdict.accepted, summary.verdict.pairs) == (1, 8)
    assert len(summary.records) == 16
    assert "SPRT 0 against 200 Elo: A is 200 Elo stronger rather than 0 after" in summary.report()
    assert summary.to_json()["sprt"]["accepted"] == 1
    assert play(strong, weak, games=100, **settings).records == summary.records, "there is nothing to resume"


def test_pairs_count_up_to_the_first_that_is_not_finished() -> None:
    records = [record(number) for number in (0, 1, 2, 4, 5, 7)]
    assert pair_points(records) == [1.0, 1.0]
    assert leading_pair_points(records) == [1.0]
