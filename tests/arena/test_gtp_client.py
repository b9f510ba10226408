"""The GTP client against engines that behave and engines that do not."""

from __future__ import annotations

import sys
import time

import pytest

from ponnuki.arena.failures import EngineFailure, Failure
from ponnuki.arena.gtp_client import GtpClient

from .conftest import fake_command

WAIT_S = 20.0


def client(*options: str) -> GtpClient:
    return GtpClient(fake_command(*options))


def script(body: str) -> GtpClient:
    """An engine whose whole program is given."""
    return GtpClient((sys.executable, "-S", "-c", body))


def test_replies_are_split_into_sign_and_text() -> None:
    with client() as engine:
        assert engine.send("name", WAIT_S).text == "fake"
        assert engine.send("list_commands", WAIT_S).text.split()[:2] == ["protocol_version", "name"]
        refused = engine.send("nonsense", WAIT_S)
        assert (refused.ok, refused.text) == (False, "unknown command")


def test_ids_carriage_returns_and_noise_are_dropped() -> None:
    body = r"import sys; sys.stdin.readline(); sys.stdout.write('hello\n\n=12 a\r\n  b\r\n\r\n'); sys.stdout.flush();" \
           "sys.stdin.readline()"
    with script(body) as engine:
        assert engine.send("x", WAIT_S).text == "a\n  b"


def test_a_missing_program_is_a_failed_start() -> None:
    with pytest.raises(EngineFailure, match="no-such-engine") as caught:
        GtpClient(["no-such-engine"]).start()
    assert caught.value.kind == Failure.START


def test_a_crash_reports_exit_code_and_last_words() -> None:
    with client("--crash-at", "1") as engine:
        with pytest.raises(EngineFailure, match=r"exit code 3 at 'genmove b'; last on stderr: 'fatal: out of luck'"):
            engine.send("genmove b", WAIT_S)
        assert not engine.running
        with pytest.raises(EngineFailure) as caught:
            engine.send("name", WAIT_S)
        assert caught.value.kind == Failure.CRASH


def test_a_hang_ends_with_the_process_killed_and_a_new_start_works() -> None:
    with client("--hang-at", "1") as engine:
        began = time.monotonic()
        engine.send("name", WAIT_S)
        with pytest.raises(EngineFailure) as caught:
            engine.send("genmove b", 0.3)
        assert caught.value.kind == Failure.HANG
        assert time.monotonic() - began < WAIT_S
        assert not engine.running
        engine.start()
        assert engine.send("name", WAIT_S).text == "fake"


def test_an_engine_that_writes_more_than_pipes_hold_is_not_blocked() -> None:
    with client("--shout-at", "1") as engine:
        assert engine.send("genmove b", WAIT_S).ok
        assert engine.send("name", WAIT_S).text == "fake"
        assert engine.stderr_lines[-1] == "what a loud engine"
        assert len(engine.stderr_lines) <= 20


def test_a_reply_that_nobody_asked_for_is_garbage() -> None:
    with client("--babble-at", "1") as engine:
        engine.send("genmove b", WAIT_S)
        assert engine._replies is not None
        while engine._replies.replies.empty():  # until the second reply has come in too
            time.sleep(0.01)
        with pytest.raises(EngineFailure) as caught:
            engine.send("name", WAIT_S)
        assert caught.value.kind == Failure.GARBAGE
        assert not engine.running


def test_an_engine_that_never_stops_answering_does_not_fill_the_memory() -> None:
    with script("while True: print('= x\\n')") as engine:
        assert engine._replies is not None
        while engine._replies.replies.qsize() < 5:
            time.sleep(0.01)
        time.sleep(0.3)
        assert engine._replies.replies.qsize() < 50
        with pytest.raises(EngineFailure):
            engine.send("name", WAIT_S)


def test_a_wait_may_be_longer_than_clocks_can_say() -> None:
    with client() as engine:
        assert engine.send("name", 1e11).text == "fake"


def test_killing_from_another_thread_ends_the_wait() -> None:
    import threading

    engine = client("--hang-at", "1")
    engine.start()
    engine.send("name", WAIT_S)
    timer = threading.Timer(0.3, engine.kill)
    timer.start()
    with pytest.raises(EngineFailure) as caught:
        engine.send("genmove b", WAIT_S)
    timer.join()
    assert caught.value.kind == Failure.CRASH


def test_an_engine_that_ignores_quit_is_killed() -> None:
    engine = script("import time\nprint('= ready', flush=True)\nprint('', flush=True)\ntime.sleep(3600)")
    engine.start()
    began = time.monotonic()
    engine.close()
    assert not engine.running
    assert time.monotonic() - began < WAIT_S


def test_cpu_seconds_count_work_and_not_waiting() -> None:
    pytest.importorskip("psutil")
    with client("--burn-s", "0.3", "--late-at", "2", "--late-s", "0.5") as engine:
        before = engine.cpu_s()
        engine.send("genmove b", WAIT_S)
        after = engine.cpu_s()
        assert before is not None
        assert after is not None
        assert 0.25 <= after - before < 0.3 + 0.2
        engine.kill()
        assert engine.cpu_s() == pytest.approx(after, abs=0.3), "known after the end"
