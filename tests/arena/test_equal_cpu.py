"""Nodes as time: playouts that cost the CPU time asked for, measured on engines whose cost is known.

The fakes pretend their CPU time, so that nothing here depends on what else the machine does. That the real one is read
rightly is tested in test_gtp_client.py.
"""

from __future__ import annotations

import json
import os
import shlex
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from ponnuki.arena import equal_cpu
from ponnuki.arena.contestant import Contestant, Patience
from ponnuki.arena.equal_cpu import Board, Calibration, account, calibrate, equalise, measure, parse_target
from ponnuki.arena.gtp_client import GtpClient
from ponnuki.arena.match import MatchSettings, play_match
from ponnuki.arena.referee import Referee
from ponnuki.arena.summary import cpu_sentence, is_equal_cpu
from ponnuki.arena.timecontrol import TimeControl
from ponnuki.cli.main import main
from ponnuki.engine.errors import ConfigError

Fake = Callable[..., Contestant]
TELLS = '{"visits": PLAYOUTS, "playouts": PLAYOUTS, "winrate": 0.5, "lead": null, "pv": []}'
BOARD = Board(5, 7.5, "area", [(6, 18), (8, 16)])


@pytest.fixture(autouse=True)
def _pretended_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(GtpClient, "cpu_s", lambda client: float(client.send("fake-cpu_s", 10).text))


def counting(fake: Fake, name: str, playout_s: str, *options: str) -> Contestant:
    """An engine whose moves cost so many (pretended) CPU seconds a playout."""
    return fake(name, "--tells", TELLS, "--playout-s", playout_s, *options)


def test_playouts_come_out_as_cpu_wanted_over_cost_of_a_playout(fake: Fake) -> None:
    found = calibrate(counting(fake, "engine", "0.0005"), BOARD, 0.05)
    assert found.playouts == pytest.approx(100, rel=0.05)
    assert found.cpu_per_move_s == pytest.approx(0.05, rel=0.05)


def test_playouts_too_cheap_to_be_seen_at_first_are_not_taken_for_free(fake: Fake, tmp_path: Path) -> None:
    log = tmp_path / "commands"
    found = calibrate(counting(fake, "engine", "0.00002", "--log", str(log)), BOARD, 0.05)
    assert found.playouts == pytest.approx(2500, rel=0.05)
    told = [int(line.split()[2]) for line in log.read_text("utf-8").splitlines() if line.startswith("kata-set-param")]
    assert max(told) < 5000


def test_a_constant_cost_of_each_move_is_allowed_for(fake: Fake) -> None:
    found = calibrate(counting(fake, "engine", "0.0005", "--move-s", "0.03"), BOARD, 0.05)
    assert found.playouts == pytest.approx(40, rel=0.05)


def test_an_engine_that_takes_no_playouts_is_measured_and_left_as_it_is(fake: Fake) -> None:
    plain = fake("plain", "--move-s", "0.02")
    found = calibrate(plain, BOARD, 0.5)
    assert found.playouts is None
    assert found.cpu_per_move_s == pytest.approx(measure(plain, BOARD), rel=0.05)
    assert found.cpu_per_move_s == pytest.approx(0.02, rel=0.05)


def test_measuring_goes_on_over_the_ends_of_games(fake: Fake) -> None:
    """A game of passes is over after two moves, one of resignations after one."""
    for option in (("--pass-after", "0"), ("--resign-at", "0")):
        assert measure(fake("short", "--move-s", "0.002", *option), BOARD) == pytest.approx(0.002, rel=0.05)


def test_an_engine_that_fails_is_named(fake: Fake) -> None:
    with pytest.raises(ConfigError, match=r"rogue failed while its CPU time was measured: crash"):
        measure(fake("rogue", "--crash-at", "3"), BOARD)
    with pytest.raises(ConfigError, match=r"ghost cannot be measured: start"):
        measure(Contestant("ghost", ("no-such-engine",)), BOARD)


def test_an_answer_that_is_no_move_is_the_engines_failure(fake: Fake) -> None:
    with pytest.raises(ConfigError, match=r"rogue failed .*: garbage: genmove was answered 'q77 or so'"):
        measure(fake("rogue", "--garbage-at", "3"), BOARD)


def test_measuring_waits_no_longer_than_the_match(fake: Fake) -> None:
    board = Board.of(MatchSettings(games=2, size=5, patience=Patience(hang_s=0.5)))
    with pytest.raises(ConfigError, match=r"rogue failed .*: hang: no reply to 'genmove \w+' within 0\.5 s"):
        measure(fake("rogue", "--hang-at", "3"), board)


def test_the_matchs_own_starts_are_measured(fake: Fake, tmp_path: Path) -> None:
    log = tmp_path / "commands"
    board = Board.of(MatchSettings(games=2, size=9, komi=0.5, handicap=2, opening_moves=1))
    measure(fake("engine", "--log", str(log), "--move-s", "0.05", "--resign-at", "2"), board)
    sent = log.read_text("utf-8").splitlines()
    assert "komi 0.5" in sent
    placed = [index for index, line in enumerate(sent) if line == "fixed_handicap 2"]
    assert len(placed) == 2, "each game"
    for index in placed:
        assert sent[index + 1].startswith("play white ")
        assert next(line for line in sent[index:] if line.startswith("genmove")) == "genmove black"


def test_a_clock_does_not_limit_the_playouts_that_are_measured(fake: Fake) -> None:
    limited = counting(fake, "engine", "0.0005", "--timed-playouts", "20")
    for time in ("10/move", "60+2"):
        timed = replace(limited, time=TimeControl.parse(time))
        assert calibrate(timed, BOARD, 0.05).playouts == pytest.approx(100, rel=0.05)
        assert equalise({"A": timed}, 0.05, BOARD)["A"].time == timed.time, "the match has it"
    assert measure(timed, BOARD) == pytest.approx(0.01, rel=0.05), "an engine as it plays by itself keeps its clock"


def test_a_clock_that_leaves_too_little_time_is_refused(fake: Fake) -> None:
    slow = replace(counting(fake, "slow", "0.0005", "--late-at", "0", "--late-s", "0.05"),
                   time=TimeControl.parse("0.02/move"))
    with pytest.raises(ConfigError, match=r"slow: 0\.1\d* CPU .* take 0\.\d+ s, but its clock is 0\.02/move"):
        calibrate(slow, BOARD, 0.1)


def test_an_engine_that_something_else_limits_is_refused(fake: Fake) -> None:
    with pytest.raises(ConfigError, match=r"engine: playouts .* make no difference beside --move-time; leave it out"):
        calibrate(counting(fake, "engine", "0.0005", "--move-time", "1"), BOARD, 0.05)
    for target_s in (0.05, 0.025):
        with pytest.raises(ConfigError, match=r"stuck uses 0\.02 CPU seconds a move with \d+ playouts as with 16"):
            calibrate(counting(fake, "stuck", "0", "--move-s", "0.02"), BOARD, target_s)


def test_the_clock_of_our_engine_is_left_out_with_its_option(tmp_path: Path) -> None:
    net = tmp_path / "net.onnx"
    net.touch()
    timed = Contestant.of_weights(net, ["--threads", "1"], TimeControl.parse("1/move"))
    free = timed.without_clock()
    assert (free.command, free.options, free.time) == (timed.command[:-2], ("--threads", "1"), None)
    assert timed.command[-2:] == ("--move-time", "1")
    assert free.name == timed.name


@pytest.mark.skipif(os.name == "nt", reason="quotes the commands as POSIX shells do")
def test_nothing_is_measured_for_a_folder_with_another_match(fake: Fake, tmp_path: Path,
                                                             capsys: pytest.CaptureFixture[str]) -> None:
    engine = shlex.join(counting(fake, "engine", "0.0005").command)
    match = ["match", engine, engine, "--size", "5", "--games", "2", "--settlers", "none"]
    first, second = str(tmp_path / "first"), str(tmp_path / "second")
    assert main([*match, "--out", first]) == 0
    capsys.readouterr()
    assert main([*match, "--out", first, "--komi", "6.5", "--equal-cpu", "0.05"]) != 0
    error = capsys.readouterr().err
    assert "komi is 7.5 there and 6.5 now" in error
    assert error.count("\n") == 1
    assert not (tmp_path / "first" / equal_cpu.FILE_NAME).exists()
    assert main([*match, "--out", second, "--equal-cpu", "0.05"]) == 0
    assert main([*match, "--out", second, "--equal-cpu", "0.05", "--games", "4"]) == 0, "playouts may differ"
    assert "4 of 4 games" in capsys.readouterr().out


def test_one_side_is_given_as_much_as_the_other_uses(fake: Fake) -> None:
    sides = {"A": counting(fake, "a", "0.0005"), "B": fake("b", "--move-s", "0.04")}
    equal = equalise(sides, "B", BOARD)
    assert equal["B"] == sides["B"]
    assert equal["A"].playouts == pytest.approx(80, rel=0.05)
    assert account(equal)[1] == "b: as it is"


def test_engines_of_unequal_cost_use_the_same_cpu_time_in_a_match(fake: Fake) -> None:
    sides = {"A": counting(fake, "dear", "0.002"), "B": counting(fake, "cheap", "0.0005")}
    settings = MatchSettings(games=2, size=5)
    unequal = play_match(sides["A"], sides["B"], settings, referee=Referee)
    assert unequal.cpu_ratio == pytest.approx(4, rel=0.05)
    assert unequal.to_json()["equal_cpu"] is False
    equal = equalise(sides, 0.04, BOARD)
    summary = play_match(equal["A"], equal["B"], settings, referee=Referee)
    assert summary.cpu_ratio == pytest.approx(1, rel=0.05)
    assert summary.cpu_per_move_s("A") == pytest.approx(0.04, rel=0.05)
    assert summary.playouts_per_move("A") == equal["A"].playouts
    assert summary.to_json()["sides"]["A"]["playouts"] == equal["A"].playouts


def test_thinking_in_the_opponents_time_costs_cpu_time_too(fake: Fake) -> None:
    ponders, waits = fake("ponders", "--move-s", "0.02", "--ponder-s", "0.02"), fake("waits", "--move-s", "0.02")
    summary = play_match(ponders, waits, MatchSettings(games=2, size=5), referee=Referee)
    assert summary.cpu_per_move_s("A") == pytest.approx(0.04, rel=0.1)  # a game's first move has none before it
    assert summary.cpu_per_move_s("B") == pytest.approx(0.02, rel=0.05)
    assert summary.to_json()["equal_cpu"] is False


def test_what_was_found_is_kept_and_used_again(fake: Fake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sides = {"A": counting(fake, "a", "0.0005"), "B": fake("b", "--move-s", "0.01")}
    equal = equalise(sides, "B", BOARD, tmp_path)

    def never(*_: object) -> float:
        raise AssertionError("measured again")

    monkeypatch.setattr(equal_cpu, "measure", never)
    with monkeypatch.context() as patch:
        patch.setattr(equal_cpu, "calibrate", never)
        assert equalise(sides, "B", BOARD, tmp_path) == equal
    with pytest.raises(ConfigError, match=rf"was measured for size {BOARD.size}, not 13"):
        equalise(sides, "B", replace(BOARD, size=13), tmp_path)
    with pytest.raises(ConfigError, match=r"was measured for target 'B', not 0\.5"):
        equalise(sides, 0.5, BOARD, tmp_path)
    monkeypatch.setattr(equal_cpu, "calibrate", lambda *_: Calibration(0.01, 7))
    other = replace(sides["A"], command=(*sides["A"].command, "--seed", "1"))
    assert equalise({**sides, "A": other}, "B", BOARD, tmp_path)["A"].playouts == 7, "another engine is measured anew"


def test_a_match_plays_with_the_playouts_it_was_told(fake: Fake, tmp_path: Path) -> None:
    log = tmp_path / "commands"
    told = replace(counting(fake, "a", "0", "--log", str(log)), playouts=33)
    play_match(told, fake("b"), MatchSettings(games=4, size=5), tmp_path / "match", referee=Referee)
    assert log.read_text("utf-8").splitlines().count("kata-set-param maxPlayouts 33") == 1, "once a process"
    header = json.loads((tmp_path / "match" / "games.jsonl").read_text("utf-8").splitlines()[0])
    assert header["A"]["playouts"] == 33
    assert "playouts" not in header["B"]


def test_targets() -> None:
    assert parse_target("0.5", ["A", "B"]) == 0.5
    assert parse_target("B", ["A", "B"]) == "B"
    for wrong in ("0", "-1", "inf", "nan", "C", ""):
        with pytest.raises(ConfigError, match="expected seconds a move above 0, or one of A, B"):
            parse_target(wrong, ["A", "B"])


def test_what_counts_as_equal() -> None:
    assert is_equal_cpu(None) is None
    assert [is_equal_cpu(ratio) for ratio in (1.0, 1.14, 1.16, 0.88, 0.86)] == [True, True, False, True, False]
    assert "does not compare" in cpu_sentence(2.0)
    assert "compares them at equal CPU time" in cpu_sentence(1.05)
    assert "unknown" in cpu_sentence(None)
