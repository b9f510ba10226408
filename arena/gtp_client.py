"""A GTP engine as a child process: send a command, get its reply or learn how the engine failed.

Two threads read the child's stdout and stderr all the time, so that an engine never blocks on output that nobody
reads, and so that it works alike on Linux, macOS and Windows. Nothing here knows Go.

Commands go out without an ID and one at a time; an engine that hangs is killed, so a late reply cannot be taken for
the answer to the next command. All buffers are bounded: an engine may write garbage for ever.
"""

from __future__ import annotations

import contextlib
import os
import queue
import subprocess
import threading
import time
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import IO, Any

from ponnuki.arena.failures import EngineFailure, Failure

try:
    import psutil
except ImportError:  # optional: without it CPU seconds are unknown and grandchildren are left to end by themselves
    psutil = None

STDERR_LINES = 20
"""How many of the last stderr lines are kept for the report."""

_MAX_LINE_BYTES = 1 << 16
_MAX_REPLY_LINES = 10_000
_MAX_REPLIES = 16  # that nobody has asked for
_QUIT_WAIT_S = 3.0


@dataclass(frozen=True)
class Reply:
    """One GTP reply.

    Attributes:
        ok: true for ``=``, false for ``?``.
        text: the reply without its sign and ID, lines joined by newlines, outer space stripped.
        seconds: wall-clock time from sending the command to the end of the reply.
    """

    ok: bool
    text: str
    seconds: float


class _ReplyReader(threading.Thread):
    """Reads stdout to its end; whole replies go to `replies` as (ok, text), then None at the end of the stream."""

    def __init__(self, stream: IO[bytes]) -> None:
        super().__init__(daemon=True)
        self.replies: queue.Queue[tuple[bool, str] | None] = queue.Queue()
        self.noise: deque[str] = deque(maxlen=STDERR_LINES)
        self._stream = stream

    def run(self) -> None:
        reply: list[str] | None = None
        with contextlib.suppress(OSError, ValueError):  # the pipe was closed under us
            for raw in iter(lambda: self._stream.readline(_MAX_LINE_BYTES), b""):
                line = raw.decode("utf-8", "replace").strip("\r\n")
                if reply is None:
                    reply = self._begin(line)
                elif line.strip():
                    if len(reply) < _MAX_REPLY_LINES:
                        reply.append(line)
                else:
                    if self.replies.qsize() < _MAX_REPLIES:
                        self.replies.put(_parse_reply(reply))
                    reply = None
        self.replies.put(None)

    def _begin(self, line: str) -> list[str] | None:
        """Start a reply at a line that begins one; keep any other text as noise."""
        if line.startswith(("=", "?")):
            return [line]
        if line.strip():
            self.noise.append(line[:200])
        return None


def _parse_reply(lines: list[str]) -> tuple[bool, str]:
    """Split ``=12 text`` into its sign and its text; an ID, which we never send, is dropped."""
    head = lines[0][1:].lstrip("0123456789")
    return lines[0][0] == "=", "\n".join([head, *lines[1:]]).strip()


class _LineKeeper(threading.Thread):
    """Reads a stream to its end and keeps its last lines."""

    def __init__(self, stream: IO[bytes]) -> None:
        super().__init__(daemon=True)
        self.lines: deque[str] = deque(maxlen=STDERR_LINES)
        self._stream = stream

    def run(self) -> None:
        with contextlib.suppress(OSError, ValueError):
            for raw in iter(lambda: self._stream.readline(_MAX_LINE_BYTES), b""):
                line = raw.decode("utf-8", "replace").strip()
                if line:
                    self.lines.append(line[:500])


class GtpClient:
    """One engine process. `send` may be called from one thread; `kill` from any.

    A failed client stays failed: `start` begins again with a new process.
    """

    def __init__(self, command: str | Sequence[str], environment: Mapping[str, str] | None = None) -> None:
        """Prepare, without starting, an engine given as a list of arguments (or on Windows one command line).

        Args:
            environment: variables of the process; None: ours.
        """
        self.command = command
        self.environment = environment
        self._process: subprocess.Popen[bytes] | None = None
        self._replies: _ReplyReader | None = None
        self._stderr: _LineKeeper | None = None
        self._meter: CpuMeter | None = None

    def __enter__(self) -> GtpClient:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        self.close()

    @property
    def running(self) -> bool:
        """Whether a process has been started and has not ended."""
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self) -> int | None:
        """The process's number, None before the first start."""
        return self._process.pid if self._process else None

    @property
    def stderr_lines(self) -> list[str]:
        """The last lines that the engine wrote to stderr."""
        return list(self._stderr.lines) if self._stderr else []

    def start(self) -> None:
        """Start the process, ending an older one first. Does not wait for it to be ready.

        Raises:
            EngineFailure: START, when the system cannot run the command.
        """
        self.kill()
        try:
            process = subprocess.Popen(self.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                       stderr=subprocess.PIPE, env=self.environment, **_own_group())
        except OSError as error:
            raise EngineFailure(Failure.START, f"cannot run {self.command!r}: {error}") from error
        assert process.stdout is not None
        assert process.stderr is not None
        self._process = process
        self._replies = _ReplyReader(process.stdout)
        self._stderr = _LineKeeper(process.stderr)
        self._meter = CpuMeter(process.pid)
        self._replies.start()
        self._stderr.start()

    def send(self, command: str, timeout_s: float) -> Reply:
        """Send one command and wait for its reply.

        Raises:
            EngineFailure: CRASH (the process ended), HANG (no reply in `timeout_s`; the process is killed),
                GARBAGE (it had sent a reply before it was asked; the process is killed).
        """
        replies = self._require_running(command)
        if not replies.empty():
            if replies.get() is None:
                raise self._crashed(command)
            self.kill()
            raise EngineFailure(Failure.GARBAGE, f"a reply came before {command!r} was asked")
        began = time.monotonic()
        self._write(command)
        try:
            reply = replies.get(timeout=min(timeout_s, threading.TIMEOUT_MAX))
        except queue.Empty:
            self.kill()
            raise EngineFailure(Failure.HANG, self._silence(command, timeout_s)) from None
        if reply is None:
            raise self._crashed(command)
        return Reply(*reply, time.monotonic() - began)

    def cpu_s(self) -> float | None:
        """CPU seconds (user and system, child processes counted) of this process so far; None where unknown."""
        return self._meter.read() if self._meter else None

    def close(self) -> None:
        """Ask the engine to quit, give it a few seconds, then kill it."""
        if self._process is not None and self.running:
            with contextlib.suppress(OSError, ValueError, subprocess.TimeoutExpired):
                assert self._process.stdin is not None
                self._process.stdin.write(b"quit\n")
                self._process.stdin.close()
                self._process.wait(_QUIT_WAIT_S)
        self.kill()

    def kill(self) -> None:
        """End the process and its children at once; does nothing when there is none."""
        process = self._process
        if process is None:
            return
        _kill_tree(process)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(_QUIT_WAIT_S)
        for thread in (self._replies, self._stderr):
            if thread is not None:
                thread.join(1.0)
        if process.stdin is not None:
            with contextlib.suppress(OSError, ValueError):
                process.stdin.close()

    def _require_running(self, command: str) -> queue.Queue[tuple[bool, str] | None]:
        if self._process is None or self._replies is None:
            raise EngineFailure(Failure.CRASH, f"{command!r} was sent to an engine that is not running")
        return self._replies.replies

    def _write(self, command: str) -> None:
        assert self._process is not None
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(command.encode("utf-8") + b"\n")
            self._process.stdin.flush()
        except (OSError, ValueError):
            raise self._crashed(command) from None

    def _crashed(self, command: str) -> EngineFailure:
        """What to raise for a process that has gone: exit code and last stderr line, once both are known."""
        assert self._process is not None
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(_QUIT_WAIT_S)
        code = self._process.poll()
        self.kill()
        how = "closed its output" if code is None else f"ended with exit code {code}"
        return EngineFailure(Failure.CRASH, f"{how} at {command!r}{self._last_words()}")

    def _silence(self, command: str, timeout_s: float) -> str:
        assert self._replies is not None
        noise = f"; on stdout: {self._replies.noise[-1]!r}" if self._replies.noise else ""
        return f"no reply to {command!r} within {timeout_s:.1f} s{noise}{self._last_words()}"

    def _last_words(self) -> str:
        lines = self.stderr_lines
        return f"; last on stderr: {lines[-1]!r}" if lines else ""


class CpuMeter:
    """CPU seconds of a process and of those that it started; the last known figure once it has gone."""

    _LOOK_FOR_CHILDREN_S = 5.0
    """How often child processes (a wrapper script's engine, say) are looked for: it reads the whole process table."""

    def __init__(self, pid: int) -> None:
        self._last: float | None = None
        self._looked = 0.0
        self._processes: list[Any] = []
        if psutil is not None:
            with contextlib.suppress(psutil.Error):
                self._processes = [psutil.Process(pid)]

    def read(self) -> float | None:
        """Seconds so far, or None where psutil is missing."""
        self._find_children()
        total = 0.0
        for process in self._processes:
            with contextlib.suppress(psutil.Error):
                used = process.cpu_times()
                total += used.user + used.system
        if self._processes:
            self._last = max(total, self._last or 0.0)
        return self._last

    def _find_children(self) -> None:
        now = time.monotonic()
        if self._processes and now - self._looked > self._LOOK_FOR_CHILDREN_S:
            self._looked = now
            with contextlib.suppress(psutil.Error):
                self._processes[1:] = self._processes[0].children(recursive=True)


def _own_group() -> dict[str, Any]:
    """Popen's options that keep a terminal's Ctrl-C from the engines: it is the match that is to be stopped."""
    if os.name == "nt":
        return {"creationflags": getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0)}
    return {"start_new_session": True}


def _kill_tree(process: subprocess.Popen[bytes]) -> None:
    """Kill a process with its children: by its process group on POSIX, by psutil elsewhere."""
    children: list[Any] = []
    if os.name == "nt" and psutil is not None:
        with contextlib.suppress(psutil.Error):
            children = psutil.Process(process.pid).children(recursive=True)
    for child in children:
        with contextlib.suppress(psutil.Error):
            child.kill()
    if os.name == "nt":
        process.kill()
    elif process.poll() is None:
        import signal  # SIGKILL is POSIX's

        with contextlib.suppress(OSError):
            os.killpg(process.pid, signal.SIGKILL)
