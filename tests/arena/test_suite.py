"""Problem suites with fake engines: reading both forms, counting, failures by name, comparing two engines."""

from __future__ import annotations

import json
import os
import shlex
import sys
from pathlib import Path

import pytest

from ponnuki.arena.contestant import Contestant
from ponnuki.arena.failures import EngineFailure, Failure
from ponnuki.arena.suite import SuiteSettings, builtin_names, read_suites, run_suite
from ponnuki.arena.suite_engine import SuiteEngine, SuitePatience
from ponnuki.arena.suite_problem import Outcome, Verdict
from ponnuki.arena.suite_report import SuiteReport, mcnemar_exact
from ponnuki.arena.suite_sgf import read_sgf_problems
from ponnuki.arena.suite_tst import Expectation, TstTask, read_tst
from ponnuki.cli.main import main
from ponnuki.engine.errors import ConfigError, RecordError

ORACLE = Path(__file__).parent / "fakes" / "oracle.py"
EMPTY_SGF = "(;GM[1]FF[4]SZ[9]KM[6.5]AB[aa]AW[ii]PL[B];B[ee];W[cc])"
QUICK = SuitePatience(answer_s=2.0, start_s=60.0)


def oracle(*options: str) -> Contestant:
    return Contestant("oracle", (sys.executable, "-S", str(ORACLE), *options))


def write_tst(folder: Path, text: str, name: str = "some.tst", games: int = 4) -> Path:
    for number in range(1, games + 1):
        (folder / f"p{number}.sgf").write_text(EMPTY_SGF)
    path = folder / name
    path.write_text(text)
    return path


def solve(path: Path, contestant: Contestant, processes: int = 1) -> list[Outcome]:
    return run_suite(contestant, read_suites([str(path)]), SuiteSettings(processes, QUICK))


@pytest.mark.parametrize(("wanted", "right", "wrong"), [
    ("E5", ["E5", "e5", " E5 "], ["E55", "D5", "1 E5", ""]),
    ("E5|F6", ["E5", "F6"], ["E6", "F5", "E5 F6"]),
    ("!F6", ["E5", "PASS"], ["F6", "f6"]),
    ("!F6|G7", ["E5"], ["F6", "G7"]),
    ("!F6|!G7", ["E5"], ["F6", "G7"]),
    ("E5|!F6", ["E5", "A1"], ["F6"]),
    ("1 (S4|T5)", ["1 S4", "1  T5"], ["1 S5", "2 S4"]),
    ("0", ["0"], ["1 A1"]),
])
def test_answers_are_matched_as_a_whole(wanted: str, right: list[str], wrong: list[str]) -> None:
    expectation = Expectation.parse(wanted)
    assert [answer for answer in right if not expectation.accepts(answer)] == []
    assert [answer for answer in wrong if expectation.accepts(answer)] == []


def test_the_four_verdicts_are_counted_by_file(tmp_path: Path) -> None:
    text = """
        # a comment
        loadsgf p1.sgf
        10 reg_genmove black   # behind a command
        #? [E5|D4]
        loadsgf p2.sgf 2
        20 reg_genmove white
        #? [!E5]
        30 reg_genmove black
        #? [E5]*
        loadsgf p3.sgf
        40 reg_genmove black
        #? [A1]*
        50 attack A1
        #? [0]&
    """
    one, other = write_tst(tmp_path, text), write_tst(tmp_path, "1 reg_genmove b\n#? [E5]\n", "other.tst")
    tasks = read_suites([str(one), str(other)])
    outcomes = run_suite(oracle(), tasks, SuiteSettings(2, QUICK))
    assert [(o.problem.name, o.verdict) for o in outcomes] == [
        ("10", Verdict.PASSED), ("20", Verdict.FAILED), ("30", Verdict.UNEXPECTED_PASS), ("40", Verdict.KNOWN_FAILURE),
        ("1", Verdict.PASSED)]
    report = SuiteReport.of({"A": oracle()}, {"A": outcomes})
    found = report.to_json()
    assert [suite["suite"] for suite in found["suites"]] == [str(one), str(other)]
    assert {**found["suites"][0]["A"], "seconds": 0} == {
        "problems": 4, "solved": 2, "passed": 1, "failed": 1, "unexpected_pass": 1, "known_failure": 1, "seconds": 0}
    assert found["total"]["A"]["solved"] == 3
    assert "30: unexpected pass with E5" in report.text()
    assert "20: E5, wanted !E5" not in report.text()
    assert "20: E5, wanted !E5" in report.text(list_failed=True)


def test_set_up_commands_reach_the_engine_in_order_with_full_paths(tmp_path: Path) -> None:
    log = tmp_path / "log"
    text = "komi 3\nloadsgf p1.sgf 2\ntrymove W B2\n1 reg_genmove b\n#? [E5]\npopgo\n2 attack A1\n#? [E5]\n" \
           "loadsgf p2.sgf\n3 reg_genmove w\n#? [E5]\n"
    assert all(o.passed for o in solve(write_tst(tmp_path, text), oracle("--log", str(log))))
    assert log.read_text().splitlines() == [
        "list_commands", "komi 3", f"loadsgf {tmp_path / 'p1.sgf'} 2", "trymove W B2", "reg_genmove b", "popgo",
        "attack A1", "komi 3", f"loadsgf {tmp_path / 'p2.sgf'}", "reg_genmove w", "quit"]


def test_what_an_engine_lacks_is_made_up_for(tmp_path: Path) -> None:
    log = tmp_path / "log"
    lacking = [word for name in ("loadsgf", "reg_genmove", "gg_genmove", "trymove", "popgo")
               for word in ("--without", name)]
    text = "loadsgf p1.sgf 2\ntrymove W B2\n1 gg_genmove b\n#? [E5]\npopgo\n2 reg_genmove w\n#? [E5]\n"
    assert all(o.passed for o in solve(write_tst(tmp_path, text), oracle("--log", str(log), *lacking)))
    assert log.read_text().splitlines() == [
        "list_commands", "boardsize 9", "clear_board", "komi 6.5", "play black A9", "play white J1", "play black E5",
        "play W B2", "genmove b", "undo", "undo", "genmove w", "undo", "quit"]


def test_a_move_that_is_not_taken_back_does_not_stay_on_the_board(tmp_path: Path) -> None:
    log = tmp_path / "log"
    lacking = ("--without", "reg_genmove", "--without", "undo")
    text = "komi 3\nloadsgf p1.sgf\n1 reg_genmove b\n#? [E5]\nplay b B2\n2 attack A1\n#? [E5]\n"
    first, second = solve(write_tst(tmp_path, text), oracle("--log", str(log), *lacking))
    assert (first.failure, second.passed) == (Failure.REFUSED, True)
    load = f"loadsgf {tmp_path / 'p1.sgf'}"
    assert log.read_text().splitlines() == [
        "list_commands", "komi 3", load, "genmove b", "undo", "clear_board", "komi 3", load, "play b B2", "attack A1",
        "quit"]


@pytest.mark.parametrize(("misdeed", "kind", "said"), [
    ("crash", Failure.CRASH, "exit code 3"), ("hang", Failure.HANG, "no reply to 'reg_genmove b'"),
    ("refuse", Failure.REFUSED, "I would rather not"),
])
def test_a_failing_engine_fails_that_problem_alone(tmp_path: Path, misdeed: str, kind: Failure, said: str) -> None:
    text = "".join(f"loadsgf p{n}.sgf\n{n} reg_genmove b\n#? [E5]\n{n}0 attack A1\n#? [!0]\n" for n in (1, 2, 3))
    path = write_tst(tmp_path, text.replace("20 attack A1", "20 list_commands"))
    outcomes = solve(path, oracle("--answer", f"p2={misdeed}"))
    assert [(o.problem.name, o.passed) for o in outcomes] == [
        ("1", True), ("10", True), ("2", False), ("20", True), ("3", True), ("30", True)]
    assert outcomes[2].failure is kind
    assert said in outcomes[2].detail
    report = SuiteReport.of({"A": oracle()}, {"A": outcomes})
    assert f"2: not solved by {kind}" in report.text()


def test_a_position_that_is_refused_fails_its_questions(tmp_path: Path) -> None:
    path = write_tst(tmp_path, "loadsgf p1.sgf\nfixed_handicap 2\n1 reg_genmove b\n#? [E5]\nloadsgf p2.sgf\n"
                               "orientation 3\n2 reg_genmove b\n#? [E5]\n")
    first, second = solve(path, oracle())
    assert first.failure is Failure.REFUSED
    assert "fixed_handicap" in first.detail
    assert second.passed, "a command that moves no stone may be unknown"


def test_an_engine_that_does_not_start_is_wrong_use(tmp_path: Path) -> None:
    path = write_tst(tmp_path, "1 reg_genmove b\n#? [E5]\n")
    with pytest.raises(ConfigError, match="cannot be put problems"):
        solve(path, Contestant("none", (str(tmp_path / "nothing"),)))


@pytest.mark.parametrize(("text", "said"), [
    ("#? [E5]\n", "line 1: an answer without"),
    ("1 reg_genmove b\n#? E5\n", "line 2: '#. E5' is no answer"),
    ("1 reg_genmove b\n#? [(E5]\n", "no regular expression"),
    ("loadsgf gone.sgf\n", "line 1: gone.sgf does not exist"),
    ("loadsgf\n", "line 1: loadsgf without a file"),
    ("", "some.tst: no question; expected a numbered command"),
    ("loadsgf p1.sgf\n1 reg_genmove b\n#? [E5]&\n2 reg_genmove w\n", "no question"),
    ("".join(chr(n * n % 127) for n in range(300)), "no question"),
])
def test_a_bad_tst_file_is_refused_by_line(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(RecordError, match=said):
        read_tst(write_tst(tmp_path, text), "x")


def sgf_problem(tmp_path: Path, moves: str) -> Path:
    path = tmp_path / "problem.sgf"
    path.write_text(f"(;GM[1]SZ[9]AB[aa]AW[ii]{moves})")
    return path


TREE = "(;W[ee];B[dd](;W[cc]C[RIGHT])(;W[ff]C[WRONG: too slow]))(;W[gg])"


@pytest.mark.parametrize(("line", "passed", "answer"), [
    ("E5,C7", True, "E5 D6 C7"),
    ("E5,F4", False, "E5 D6 F4"),
    ("G3", False, "G3"),
    ("A1", False, "A1"),
    ("resign", False, "resign"),
])
def test_an_sgf_problem_is_played_through(tmp_path: Path, line: str, passed: bool, answer: str) -> None:
    log = tmp_path / "log"
    (outcome,) = solve(sgf_problem(tmp_path, TREE), oracle("--line", line, "--log", str(log)))
    assert (outcome.passed, outcome.answer) == (passed, answer)
    assert "genmove white" in log.read_text(), "the side of the first move is the engine's"


@pytest.mark.parametrize(("moves", "right", "wrong"), [
    ("(;B[ee]TE[1])(;B[dd])", "E5", "D6"),
    ("(;B[ee])(;B[dd]BM[1])", "E5", "D6"),
    ("(;B[ee]C[Correct!])(;B[dd]C[Incorrect.])", "E5", "D6"),
    ("(;B[ee]TE[1])(;B[dd]C[RIGHT])", "D6", "E5"),
    ("(;B[]C[RIGHT])(;B[dd])", "pass", "D6"),
    ("(;B[ee]C[RIGHT];W[dd];B[cc])(;B[dd]C[This looks right])", "E5,C7", "D6"),
])
def test_which_marks_are_read(tmp_path: Path, moves: str, right: str, wrong: str) -> None:
    path = sgf_problem(tmp_path, moves)
    assert [solve(path, oracle("--line", line))[0].passed for line in (right, wrong)] == [True, False]


def test_a_folder_s_files_may_end_in_capitals(tmp_path: Path) -> None:
    (tmp_path / "folder.sgf").mkdir()
    sgf_problem(tmp_path, TREE).rename(tmp_path / "UP.SGF")
    assert [task.problems[0].name for task in read_suites([str(tmp_path)])] == ["UP"]


def test_a_line_may_be_very_long(tmp_path: Path) -> None:
    """Longer than Python can call functions inside one another, with variations inside one another as well."""
    length = 3000
    moves = "".join(f"(;{'BW'[n % 2]}[aa])(;{'BW'[n % 2]}[bb]" for n in range(length))
    path = sgf_problem(tmp_path, f"{moves};B[ee]C[RIGHT, CHOICE]{')' * length}")
    (task,) = read_sgf_problems(path, "x")
    assert len(list(task.root.nodes())) == 1 + 2 * length + 1
    branch = task.root
    for _ in range(length):
        wrong, right = branch.following
        assert (wrong.right, right.right, wrong.choice, right.choice) == (False, True, False, True)
        branch = right
    (outcome,) = solve(path, oracle("--line", ",".join([*["B8"] * (length // 2), "E5"])))
    assert outcome.passed


def test_a_choice_of_answers_is_made_by_seed(tmp_path: Path) -> None:
    moves = ";B[ee](;W[aa])(;W[dd]C[CHOICE];B[cc]C[RIGHT])(;W[ff]C[CHOICE];B[cc]C[RIGHT])"
    path = sgf_problem(tmp_path, moves)
    played = set()
    for seed in range(8):
        (outcome,) = run_suite(oracle("--line", "E5,C7"), read_sgf_problems(path, "x", seed), SuiteSettings(1, QUICK))
        assert outcome.passed
        played.add(outcome.answer.split()[1])
    assert played == {"D6", "F4"}


@pytest.mark.parametrize(("text", "said"), [
    ("not SGF", "SGF"),
    ("(;SZ[9];B[ee])", "no branch is marked right"),
    ("(;SZ[9]AB[aa])", "begins with moves of one colour"),
    ("(;SZ[9](;B[ee]C[RIGHT])(;W[dd]))", "begins with moves of one colour"),
    ("(;SZ[9];B[zz]C[RIGHT])", "problem.sgf"),
    ("(;SZ[9]KM[nan]HA[x];B[zz]C[RIGHT])", r"sgf: B\[zz\]: expected a point of a 9x9 board"),
    ("(;SZ[9];B[ee];W[e]C[RIGHT])", r"sgf: W\[e\]: expected a point"),
    ("(;SZ[9]AB[aa]AW[bb:zz];B[ee]C[RIGHT])", r"sgf: AB\[aa\] AW\[bb:zz\]: expected points of a 9x9 board"),
    ("(;SZ[9]KM[99999999];B[ee]C[RIGHT])", r"sgf: KM\[99999999\]: expected a number of points"),
])
def test_an_sgf_that_is_no_problem_is_refused(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "problem.sgf"
    path.write_text(text)
    with pytest.raises(RecordError, match=said):
        read_sgf_problems(path, "x")


def test_mcnemars_exact_test_counts_the_tails() -> None:
    pytest.importorskip("scipy")
    assert mcnemar_exact(0, 0) == 1.0
    assert mcnemar_exact(3, 3) == 1.0
    assert mcnemar_exact(0, 5) == pytest.approx(2 / 32)
    assert mcnemar_exact(9, 1) == pytest.approx(2 * 11 / 1024)


@pytest.mark.skipif(os.name == "nt", reason="quotes the commands as POSIX shells do")
def test_two_engines_are_compared_on_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("scipy")
    text = "".join(f"loadsgf p{n}.sgf\n{n} reg_genmove b\n#? [E5]\n" for n in range(1, 5))
    path = write_tst(tmp_path, text)
    a = shlex.join(oracle("--answer", "p4=D4").command)
    b = shlex.join(oracle("--answer", "p1=D4", "--answer", "p2=crash").command)
    assert main(["suite", str(path), "--engine", a, "--against", b, "--processes", "2", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["comparison"] == {"both": 1, "neither": 0, "only_a": [f"{path}:1", f"{path}:2"],
                                   "only_b": [f"{path}:4"], "mcnemar_exact_p": 1.0}
    assert found["problems"][1]["B"]["failure"] == "crash"
    assert main(["suite", str(path), "--engine", a, "--against", b]) == 0
    shown = capsys.readouterr()
    assert "McNemar's exact test, two-sided: p = 1" in shown.out
    assert shown.err.count("\n") == 8


def test_a_second_engine_that_does_not_start_is_noticed_first(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("scipy")
    path, log = write_tst(tmp_path, "1 reg_genmove b\n#? [E5]\n"), tmp_path / "log"
    a = shlex.join(oracle("--log", str(log)).command)
    assert main(["suite", str(path), "--engine", a, "--against", "no-such-engine --mode gtp"]) != 0
    assert "ponnuki: no-such-engine cannot be put problems: start: cannot run" in capsys.readouterr().err
    assert not log.exists()


def test_the_first_engine_s_results_are_told_when_the_second_is_stopped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from ponnuki.arena import suite

    pytest.importorskip("scipy")
    path, played = write_tst(tmp_path, "1 reg_genmove b\n#? [E5]\n"), list[str]()

    def stopped(contestant: Contestant, *rest: object) -> list[Outcome]:
        played.append(contestant.name)
        if len(played) == 2:
            raise KeyboardInterrupt
        return run_suite(contestant, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(suite, "run_suite", stopped)
    engine = shlex.join(oracle().command)
    assert main(["suite", str(path), "--engine", engine, "--against", engine, "--json"]) == 130
    found = json.loads(capsys.readouterr().out)
    assert (list(found["engines"]), found["total"]["A"]["problems"]) == (["A"], 1)
    assert found["comparison"] is None


def test_an_engine_that_was_ended_is_not_started_again() -> None:
    engine = SuiteEngine(oracle(), QUICK)
    engine.ensure_started()
    engine.kill()
    with pytest.raises(EngineFailure):
        engine.ensure_started()


@pytest.mark.parametrize(("words", "said"), [
    (["builtin:chess"], "no built-in suite 'chess'"),
    (["notes.txt"], "a suite is a .tst file"),
    (["gone.tst"], "gone.tst"),
    (["builtin", "--playouts", "5", "--engine", "gnugo"], "--playouts is for our own engine"),
])
def test_wrong_use_gets_one_line(words: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    engine = [] if "--engine" in words else ["--engine", shlex.join(oracle().command)]
    assert main(["suite", *words, *engine]) != 0
    error = capsys.readouterr().err
    assert said in error
    assert error.count("\n") == 1


def test_limits_become_options_of_our_engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from ponnuki.cli import suite
    from ponnuki.cli.main import parse

    (tmp_path / "net.onnx").touch()
    monkeypatch.chdir(tmp_path)
    args = parse(["suite", "builtin", "--engine", "net.onnx --threads 2", "--playouts", "50", "--seed", "3"])
    (ours,) = suite._contestants(args).values()
    assert ours.command[-10:] == ("--weights", "net.onnx", "--seed", "3", "--resign-threshold", "0",
                                  "--playouts", "50", "--threads", "2")


@pytest.mark.skipif(os.name == "nt", reason="quotes the name as POSIX shells do")
def test_options_inside_the_quotes_win(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from ponnuki.cli import suite
    from ponnuki.cli.main import parse

    (tmp_path / "my nets").mkdir()
    (tmp_path / "my nets" / "a.onnx").touch()
    monkeypatch.chdir(tmp_path)
    own = "--seed 7 --resign-threshold 0.1 --playouts 5"
    args = parse(["suite", "builtin", "--engine", f"'my nets/a.onnx' {own}", "--playouts", "50"])
    (ours,) = suite._contestants(args).values()
    command = list(ours.command)
    assert command[command.index("gtp") + 2] == "my nets/a.onnx"
    told = parse(command[command.index("gtp") :])
    assert (told.seed, told.resign_threshold, told.playouts) == (7, 0.1, 5)


@pytest.mark.parametrize("name", builtin_names())
def test_every_built_in_problem_can_be_loaded_and_answered(name: str) -> None:
    """Our own reader takes each position, the answer is a legal move there, and both colours are to play."""
    from ponnuki.arena.suite_engine import split_loadsgf
    from ponnuki.engine.coords import BLACK, WHITE, parse_vertex
    from ponnuki.records.sgf import parse_sgf

    tasks = [task for task in read_suites([f"builtin:{name}"]) if isinstance(task, TstTask)]
    assert len(tasks) >= 20
    positions, colours = set(), set()
    for task in tasks:
        load, question = task.steps
        assert isinstance(load, str)
        assert not isinstance(question, str)
        path, number = split_loadsgf(load)
        record = parse_sgf(path.read_bytes())[0]
        if number is not None:
            record.moves = record.moves[: number - 1]
        game = record.to_game()
        colour = {"black": BLACK, "white": WHITE}[question.command.split()[1]]
        colours.add(colour)
        assert game.to_play == colour
        for text in question.problem.wanted.split("|"):
            assert game.is_legal(parse_vertex(text, game.size), colour), f"{path}: {text}"
        positions.add(game.stones().tobytes())
    assert len(positions) == len(tasks)
    assert colours == {BLACK, WHITE}
