"""The session over fake pipes: input in pieces, garbage, closed pipes, the log, loading."""

import io
import re
import sys
import threading
from dataclasses import replace

import pytest

from ponnuki.engine.config import PlayerSettings
from ponnuki.engine.errors import ConfigError
from ponnuki.engine.evaluator import (
    EvaluatorInputs,
    EvaluatorOutputs,
    MixedEvaluator,
    RolloutEvaluator,
    UniformEvaluator,
)
from ponnuki.engine.game import Game
from ponnuki.gtp.loading import Evaluators, Loader
from ponnuki.gtp.protocol import GtpError
from ponnuki.gtp.session import Session
from ponnuki.gtp.table import SessionSettings

from .fakes import ScriptedBackstage, chunks, converse, replies

SEVERAL = "1 boardsize 9\n2 play b D4\n3 genmove w\n4 undo\n5 undo\n6 undo\n"
ANSWERS = "=1\n\n=2\n\n=3 C3\n\n=4\n\n=5\n\n?6 cannot undo: no move has been played\n\n"


def test_pipelined_input():
    assert converse(SEVERAL, ScriptedBackstage("C3")) == ANSWERS


@pytest.mark.parametrize("length", [1, 3, 7])
def test_input_in_pieces(length):
    output = io.BytesIO()
    Session(SessionSettings(), ScriptedBackstage("C3")).run(chunks(SEVERAL.encode(), length), output)
    assert output.getvalue().decode() == ANSWERS


def test_windows_newlines_and_no_newline_at_the_end():
    text = SEVERAL.replace("\n", "\r\n").removesuffix("\r\n")
    assert converse(text, ScriptedBackstage("C3")) == ANSWERS


def test_blank_lines_and_comments_have_no_reply():
    assert converse("\n\n   \n# komi 5\n\t\nname # name\n\n") == "= ponnuki\n\n"


def test_no_input_no_output():
    assert converse("") == ""


def test_what_follows_quit_is_not_answered():
    assert converse("quit\nname\n") == "=\n\n"


@pytest.mark.parametrize(
    "garbage", [b"\xff\xfe\x00n", bytes(range(256)), "名前 n".encode(), b"caf\xe9", b"\x1b[31mname", b"=1 ok", b"{}"]
)
def test_garbage_gets_one_failure_and_the_session_goes_on(garbage):
    answers = replies(b"".join([garbage.replace(b"\n", b"").replace(b"#", b""), b"\n2 name\n"]))
    assert answers[-1] == "=2 ponnuki"
    assert [answer[0] for answer in answers] == ["?", "="]


def test_nobody_reads_the_replies():
    class Broken(io.BytesIO):
        def flush(self):
            raise BrokenPipeError

    pipe = Broken()
    Session(SessionSettings(), ScriptedBackstage()).run(chunks(b"name\nname\n"), pipe)
    assert pipe.getvalue() == b"= ponnuki\n\n"


def test_log(tmp_path):
    path = tmp_path / "gtp.log"
    settings = SessionSettings(log=path)
    converse("1 name\n# a comment\nfoo\n", settings=settings)
    first, *lines = (line[24:] for line in path.read_text("utf-8").splitlines())
    assert re.match(r"-- ponnuki \S+, Python 3\S+, numpy \S+, numba \S+, onnxruntime \S+, .* processors$", first)
    assert sorted(lines) == ["<< =1 ponnuki", "<< ? unknown command", ">> # a comment", ">> 1 name", ">> foo"]


def test_a_log_that_cannot_be_written(tmp_path):
    with pytest.raises(ConfigError, match="cannot write the log"):
        Session(SessionSettings(log=tmp_path / "no" / "gtp.log"), ScriptedBackstage())


def test_a_board_size_that_is_not_accepted():
    with pytest.raises(ConfigError, match="board size 99"):
        Session(SessionSettings(size=99), ScriptedBackstage())


def test_settings_are_what_the_session_starts_with():
    text = replies("showboard\n", settings=SessionSettings(size=5, komi=0.5))[0]
    assert text.startswith("=\n   A B C D E\n")
    assert "komi 0.5" in text


class TestLoading:
    """Kernels and evaluators arrive in the background."""

    def test_set_up_is_answered_while_evaluators_load(self):
        loaded, answered = threading.Event(), threading.Event()

        def load():
            loaded.wait(10)
            return lambda size, settings: (UniformEvaluator(), settings)

        class Output(io.BytesIO):
            def flush(self):
                if b"=3" in self.getvalue():
                    answered.set()

        output = Output()
        loader = Loader(load)
        session = Session(SessionSettings(), loader)
        loader.start()
        text = b"1 name\n2 boardsize 3\n3 play b B2\n4 kata-set-param maxPlayouts 20\n5 genmove w\n"
        thread = threading.Thread(target=session.run, args=(chunks(text), output))
        thread.start()
        assert answered.wait(10)
        assert b"=5" not in output.getvalue()
        loaded.set()
        thread.join(60)
        replies = output.getvalue().decode().split("\n\n")
        assert replies[0] == "=1 ponnuki"
        assert replies[4].startswith("=5 ")

    def test_failure_is_told_and_moves_are_refused(self, capsys):
        def load():
            raise OSError("disk on fire")

        loader = Loader(load)
        loader.start()
        answers = replies("genmove b\nplay b D4\nname\n", backstage=loader)
        assert answers == ["? the engine could not be loaded: disk on fire", "=", "= ponnuki"]
        assert capsys.readouterr().err == "ponnuki: loading failed: OSError: disk on fire\n"

    def test_settings_that_no_evaluator_takes(self):
        def refuse(size, settings):
            raise ConfigError("no such thing")

        loader = Loader(lambda: refuse)
        loader.start()
        with pytest.raises(GtpError, match="no such thing"):
            loader.player(Game(5), PlayerSettings())


class Net(UniformEvaluator):
    """A net for two board sizes."""

    inputs = EvaluatorInputs(1, 12, 9)
    outputs = EvaluatorOutputs(sizes=(9, 13))


class TestEvaluators:
    """Who plays on which board."""

    @pytest.fixture
    def evaluators(self, monkeypatch, tmp_path):
        monkeypatch.setattr(Evaluators, "_load_net", lambda self, settings: Net())
        return Evaluators(tmp_path / "net.onnx")

    def test_by_kind_of_playout(self, evaluators):
        kinds = {kind: type(evaluators(9, PlayerSettings(playout=kind))[0]) for kind in ("net", "mixed", "rollout")}
        assert kinds == {"net": Net, "mixed": MixedEvaluator, "rollout": RolloutEvaluator}

    def test_the_net_is_loaded_once(self, evaluators):
        one, again, threads = (evaluators(*args)[0] for args in (
            (9, PlayerSettings()), (13, PlayerSettings()), (9, PlayerSettings(threads=2))))
        assert one is again is threads

    def test_other_sizes_fall_back_to_rollouts_and_say_so_once(self, evaluators, capsys):
        for kind in ("net", "mixed", "net"):
            evaluator, settings = evaluators(19, PlayerSettings(playout=kind))
            assert isinstance(evaluator, RolloutEvaluator)
            assert settings.playout == "rollout"
        expected = "ponnuki: the net was made for board sizes 9, 13, not 19: playing by rollouts\n"
        assert capsys.readouterr().err == expected

    def test_a_net_that_knows_boards_in_general_plays_on_other_sizes(self, evaluators, monkeypatch, capsys):
        monkeypatch.setattr(Net, "outputs", replace(Net.outputs, other_sizes=True))
        assert type(evaluators(19, PlayerSettings())[0]) is Net
        assert capsys.readouterr().err == ""

    def test_rollouts_need_no_net(self, monkeypatch, tmp_path, capsys):
        evaluators = Evaluators(tmp_path / "missing.onnx")
        assert isinstance(evaluators(9, PlayerSettings(playout="rollout"))[0], RolloutEvaluator)
        assert capsys.readouterr().err == ""

    @pytest.mark.parametrize("content", [None, b"", b"not a net", b"\x08\x07" * 100])
    def test_weights_that_cannot_be_read_are_named_once_and_rollouts_play(self, tmp_path, capsys, content):
        path = tmp_path / "bad.onnx"
        if content is not None:
            path.write_bytes(content)
        evaluators = Evaluators(path)
        for size in (9, 19):
            evaluator, settings = evaluators(size, PlayerSettings())
            assert isinstance(evaluator, RolloutEvaluator)
            assert settings.leaves_at_once == PlayerSettings(playout="rollout").leaves_at_once
        (line,) = capsys.readouterr().err.splitlines()
        assert str(path) in line
        assert line.endswith("playing by rollouts")



def test_a_closed_stderr_stops_nothing(monkeypatch):
    closed = io.StringIO()
    closed.close()
    monkeypatch.setattr(sys, "stderr", closed)
    assert replies("kata-set-rules japanese\nname\n") == ["=", "= ponnuki"]
