"""Whole sessions of Sabaki, LizGoban, Lizzie, GoGui and servers, and one through the standard, command by command."""

import io

import pytest

from ponnuki.engine.config import Limits, PlayerSettings
from ponnuki.gtp.session import Session
from ponnuki.gtp.table import SessionSettings

from .fakes import chunks
from .replay import SESSIONS, faults, read_session
from .test_analysis import Backstage, Client

SETTINGS = SessionSettings(PlayerSettings(limits=Limits(playouts=8), seed=1, resign_threshold=0.0), size=9)


@pytest.mark.parametrize("path", SESSIONS, ids=lambda path: path.stem)
def test_pipelined(path):
    data = path.read_bytes()
    output = io.BytesIO()
    Session(SETTINGS, Backstage()).run(chunks(data), output)
    assert faults(data, output.getvalue()) == []
    replies = output.getvalue().decode().split("\n\n")
    expected = [line for line in read_session(path) if line.text and not line.text.startswith("#")]
    for line, reply in zip(expected, replies, strict=False):
        assert reply.startswith("?" if line.fails else "="), f"{line.text}: {reply}"


@pytest.mark.parametrize("path", SESSIONS, ids=lambda path: path.stem)
def test_waiting_for_each_reply_and_for_analysis(path):
    """As a person's program would: an analysis is left to report twice before the next line ends it."""
    client = Client(SETTINGS)
    replies = 0
    for line in read_session(path):
        if not line.text or line.text.startswith("#"):
            continue
        client.send(f"{line.text}\n")
        if "analyze" in line.text.split()[0] and "genmove" not in line.text and not line.fails:
            seen = client.text.count("\ninfo move")
            client.wait_for(lambda text, seen=seen: text.count("\ninfo move") >= seen + 2)
            replies += 1
            continue
        replies += 1
        client.wait_for(lambda text, replies=replies: text.count("\n\n") == replies)
    client.end()
