"""Any words after any command: every request gets one well-formed reply, and never an internal error."""

import io
from itertools import cycle

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from ponnuki.gtp.commands import handlers
from ponnuki.gtp.protocol import Dispatcher, parse_line
from ponnuki.gtp.session import Session
from ponnuki.gtp.table import SessionSettings, Table

from .fakes import ScriptedBackstage, chunks
from .fuzzing import fuzz

COMMANDS = sorted({*Dispatcher(handlers(Table(SessionSettings(), ScriptedBackstage()))).names} - {"quit", "printsgf"})
"""Without printsgf, which would write files of any name."""

WORDS = """
    b w black WHITE A1 B2 C3 D4 e5 pass PASS resign T19 Z26 I1 A0 A99999999999 0 1 2 3 5 7 9 19 25 26 -1 1e9
    1e400 nan inf -inf 0.5 6.5 ² Ｄ４ alive dead seki none absolute byoyomi canadian fischer chinese japanese
    tromp-taylor aga new zealand ko suicide true false SIMPLE maxVisits maxTime playout rollout mixing
    resignThreshold all {} {"ko":1} {"ko":[]} [] " \\ / . é name lz-analyze
""".split()  # noqa: SIM905

words = st.one_of(st.sampled_from(WORDS), st.text(max_size=8))
lines = st.builds(lambda name, rest: " ".join([name, *rest]), st.sampled_from(COMMANDS), st.lists(words, max_size=6))


class AnyMoves(ScriptedBackstage):
    """Players that pass and resign in turn, for ever."""

    def __init__(self):
        super().__init__(dead="A1 B2")
        self._script = cycle(["pass", "resign", "pass"])


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(lines, min_size=1, max_size=12))
@example(["boardsize 2", "fixed_handicap 2", "place_free_handicap 3", "kata-raw-nn all", "final_score", "undo"])
@example(["set_position b A1", "kgs-genmove_cleanup w", "final_status_list dead", "kata-set-rules {}", "showboard"])
@example(["komi 1e400", "time_left b 1e400 0", "kata-set-rule ko []", 'kata-set-rules {"suicide":[]}'])
def test_no_words_break_a_command(script):
    text = "\n".join(line.replace("\n", " ") for line in script)
    requests = [parse_line(line) for line in text.split("\n")]
    output = io.BytesIO()
    Session(SessionSettings(size=5), AnyMoves()).run(chunks(text.encode("utf-8", "surrogatepass")), output)
    replies = output.getvalue().decode().split("\n\n")
    assert replies.pop() == ""
    assert len(replies) == len([request for request in requests if request])
    assert all(reply[0] in "=?" and "internal error" not in reply and "" not in reply.split("\n") for reply in replies)


def test_spoiled_sessions_get_every_reply(monkeypatch, tmp_path):
    """A bounded run; `python -m tests.gtp.fuzzing` goes on for 200,000 commands."""
    monkeypatch.chdir(tmp_path)
    assert fuzz(4000, seed=2) == []
    assert list(tmp_path.iterdir()) == []
