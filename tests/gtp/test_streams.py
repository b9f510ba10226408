"""Lines, interrupts, replies and the log, over fake pipes."""

import io
import re
import threading

import pytest

from ponnuki.engine.errors import ConfigError
from ponnuki.gtp.protocol import ClosedPipe
from ponnuki.gtp.streams import MAX_LINE_BYTES, Inbox, Log, Outbox, split_lines

from .fakes import chunks


@pytest.mark.parametrize("length", [1, 2, 5, 1 << 16])
def test_lines_do_not_depend_on_how_the_bytes_arrive(length):
    data = "name\r\nplay b D4\n\n# ünï\nlast".encode()
    assert list(split_lines(chunks(data, length))) == ["name\r", "play b D4", "", "# ünï", "last"]


def test_bytes_that_are_not_utf8_survive():
    (line,) = split_lines(chunks(b"loadsgf caf\xe9.sgf\n"))
    assert line.encode("utf-8", "surrogateescape") == b"loadsgf caf\xe9.sgf"


def test_a_line_without_end_does_not_fill_the_memory():
    data = b"x" * (3 * MAX_LINE_BYTES) + b"\nname\n"
    first, second = split_lines(chunks(data, 1 << 15))
    assert (len(first), second) == (MAX_LINE_BYTES, "name")


def test_interrupt_reaches_what_was_sent_before_and_nothing_else():
    lines = iter(["genmove b", "genmove w", "# INTERRUPT ", "genmove b"])
    inbox = Inbox(lines, Log(None))
    inbox.start()
    inbox._thread.join()
    assert [request.interrupt.is_set() for request in inbox] == [True, True, False]


def test_interrupt_does_not_reach_what_was_answered():
    answered = threading.Event()

    def lines():
        yield "genmove b"
        yield "genmove w"
        answered.wait(10)
        yield "# interrupt"

    inbox = Inbox(lines(), Log(None))
    inbox.start()
    requests = iter(inbox)
    first, second = next(requests), next(requests)
    answered.set()
    inbox._thread.join()
    assert (first.interrupt.is_set(), second.interrupt.is_set()) == (False, True)


def test_a_pipe_that_breaks_is_the_end_of_the_input():
    def lines():
        yield "name"
        raise OSError("broken")

    inbox = Inbox(lines(), Log(None))
    inbox.start()
    assert [request.name for request in inbox] == ["name"]


def test_replies_are_flushed_one_by_one():
    class Pipe(io.BytesIO):
        flushed = 0

        def flush(self):
            self.flushed = self.tell()

    pipe = Pipe()
    outbox = Outbox(pipe, Log(None))
    for text in ("= a\n\n", "= ü\n\n"):
        outbox.send(text)
        assert pipe.flushed == len(pipe.getvalue())
    assert pipe.getvalue() == "= a\n\n= ü\n\n".encode()


@pytest.mark.parametrize("error", [BrokenPipeError(), OSError(22, "Invalid argument"), ValueError("closed file")])
def test_nobody_reads(error):
    class Pipe(io.BytesIO):
        def flush(self):
            raise error

    with pytest.raises(ClosedPipe):
        Outbox(Pipe(), Log(None)).send("=\n\n")


def test_log_holds_time_direction_and_every_line(tmp_path):
    path = tmp_path / "traffic.log"
    log = Log(path)
    log.write(">>", "showboard")
    log.write("<<", "=\n A B\n\n")
    log.write(">>", "loadsgf caf\udce9")
    lines = path.read_text("utf-8").splitlines()
    assert [line[23:] for line in lines] == [" >> showboard", " << =", " <<  A B", " >> loadsgf caf\\udce9"]
    assert all(re.match(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3} ", line) for line in lines)


def test_a_log_that_cannot_be_written_is_refused_by_name(tmp_path):
    with pytest.raises(ConfigError, match="nowhere"):
        Log(tmp_path / "nowhere" / "traffic.log")
