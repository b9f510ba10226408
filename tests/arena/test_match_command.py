"""`ponnuki match` as a user runs it."""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from ponnuki.arena.contestant import Contestant
from ponnuki.arena.match import LOG_NAME, MatchSettings, play_match
from ponnuki.arena.referee import GtpSettler, Referee
from ponnuki.arena.timecontrol import TimeControl
from ponnuki.cli.main import main
from ponnuki.engine.errors import ConfigError
from ponnuki.engine.game import Game

from .conftest import fake_command

pytestmark = pytest.mark.skipif(os.name == "nt", reason="quotes the commands as POSIX shells do")


def quoted(*options: str) -> str:
    return shlex.join(fake_command(*options))


def test_a_match_is_played_kept_and_reported(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["match", quoted(), quoted("--resign-at", "0"), "--games", "4", "--size", "5", "--concurrency", "2",
                 "--settlers", "none", "--name-a", "left", "--name-b", "right", "--out", str(tmp_path / "m"),
                 "--json", str(tmp_path / "m" / "results" / "m.json")]
    assert main(arguments) == 0, "folders that are not there are made"
    shown = capsys.readouterr()
    assert "left (A) against right (B): 4 of 4 games" in shown.out
    assert "4 won, 0 drawn, 0 lost: 100.0%" in shown.out
    assert shown.err.count("by resignation") == 4
    found = json.loads((tmp_path / "m" / "results" / "m.json").read_text("utf-8"))
    assert (found["wins"], found["elo"], found["sides"]["A"]["name"]) == (4, None, "left")
    assert found["score_interval"] == pytest.approx([0.5101, 1.0], abs=1e-4)
    assert len(list((tmp_path / "m" / "sgf").iterdir())) == 4


@pytest.mark.parametrize(("wrong", "said"), [
    (["--games", "5"], "even"),
    (["--time", "soon"], "bad time 'soon'"),
    (["--rules", "house"], "unknown rules 'house'"),
    (["--sprt", "5", "0"], "lower"),
    (["--sprt", "0", "20000"], "SPRT bound 20000: expected -2000 to 2000"),
    (["--opening-moves", "40"], "no room"),
    (["--openings", "balanced"], "there are balanced openings for sizes 9, 13, 19, not 5"),
    (["--openings", "nowhere"], "expected random, balanced or a folder"),
    (["--settlers", "judge"], "unknown settler 'judge': expected none or a list of gnugo, ponnuki"),
    (["--equal-cpu", "C"], "equal CPU time 'C': expected seconds a move above 0, or one of A, B"),
    (["--report", "report.txt"], "expected a name that ends in .html or .png"),
])
def test_wrong_settings_get_one_line(wrong: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["match", quoted(), quoted(), "--size", "5", *wrong]) != 0
    error = capsys.readouterr().err
    assert said in error
    assert error.count("\n") == 1


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_keeps_what_is_finished_and_leaves_no_engine_behind(number: int, tmp_path: Path) -> None:
    psutil = pytest.importorskip("psutil")
    slow = quoted("--late-at", "0", "--late-s", "0.03")
    command = [sys.executable, "-m", "ponnuki.cli.main", "match", slow, slow, "--games", "400", "--size", "5",
               "--concurrency", "2", "--settlers", "none", "--out", str(tmp_path)]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    log = tmp_path / LOG_NAME
    while process.poll() is None and not (log.exists() and log.read_text("utf-8").count("\n") > 3):
        time.sleep(0.02)
    engines = psutil.Process(process.pid).children(recursive=True)
    process.send_signal(number)
    _, error = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "the same command goes on from there" in error
    assert "lost by" not in error, "stopping an engine is not its failure"
    assert len(engines) >= 4
    assert psutil.wait_procs(engines, timeout=10)[1] == []
    assert all(json.loads(line) for line in log.read_text("utf-8").splitlines())


def test_a_report_reaches_a_stdout_of_few_characters(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "ponnuki.cli.main", "match", quoted(), quoted("--resign-at", "0"), "--games", "2",
               "--size", "5", "--settlers", "none", "--json", str(tmp_path / "m.json")]
    done = subprocess.run(command, env={**os.environ, "PYTHONIOENCODING": "cp1252"}, capture_output=True, check=True)
    assert b"2 won, 0 drawn, 0 lost: 100.0%" in done.stdout
    assert json.loads((tmp_path / "m.json").read_text("utf-8"))["wins"] == 2


def test_ctrl_c_does_not_wait_for_a_settlement(tmp_path: Path) -> None:
    class Slow(GtpSettler):
        def dead_stones(self, game: Game) -> frozenset[int]:
            threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGINT)).start()
            return super().dead_stones(game)

    settler = Slow("slow", (sys.executable, "-S", "-c", """
import sys, time
for line in sys.stdin:
    time.sleep(60 * line.startswith("final_status_list"))
    print("=\\n", flush=True)
"""))
    a, b = (Contestant.parse(quoted("--pass-after", "0"), name=name) for name in "ab")
    began = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        play_match(a, b, MatchSettings(games=2, size=5), tmp_path, referee=lambda: Referee([settler]))
    assert time.monotonic() - began < 20
    assert len((tmp_path / LOG_NAME).read_text("utf-8").splitlines()) == 1, "a game that nobody could settle"


def test_a_weights_file_stands_for_our_engine(tmp_path: Path) -> None:
    net = tmp_path / "small net.onnx"
    net.touch()
    ours = Contestant.parse(f"{shlex.quote(str(net))} --playouts 50", TimeControl.parse("1/move"))
    assert ours.command[-7:] == ("gtp", "--weights", str(net), "--playouts", "50", "--move-time", "1")
    assert not ours.sends_clock
    assert ours.name == "small net --playouts 50 --move-time 1"
    clocked = Contestant.parse(shlex.quote(str(net)), TimeControl.parse("300"))
    assert clocked.sends_clock
    assert clocked.command[-1] == str(net)
    with pytest.raises(ConfigError, match=r"weights file 'gone\.onnx' does not exist"):
        Contestant.parse("gone.onnx")


def test_a_command_line_is_split_as_in_a_shell() -> None:
    other = Contestant.parse("gnugo --mode gtp --outfile 'a b'", TimeControl.parse("1/move"))
    assert other.command == ("gnugo", "--mode", "gtp", "--outfile", "a b")
    assert other.sends_clock
    with pytest.raises(ConfigError, match="got nothing"):
        Contestant.parse(" ")
    with pytest.raises(ConfigError, match="bad engine command"):
        Contestant.parse("gnugo 'unclosed")
