"""Sessions come and go without leaving memory, threads or processes behind."""

import gc
import os
import subprocess
import threading
import time

import pytest

from ponnuki.bench.startup import rss_mb

from .test_analysis import Client
from .test_process import COMMAND, WAIT_S

CYCLES = 1000
LOOKS = (300, 650, CYCLES - 1)
"""Cycles after which memory is looked at, the first when there is what is kept: imports, kernels, free lists.

A leak shows between any two looks; what is first needed in the midst, such as a kernel for trees that grow large, only
between two of them.
"""

GROWTH_MB = 8.0
"""The allocator's arenas grow by some megabytes before they settle; the trees of 700 sessions would be hundreds."""

GROWTH_OBJECTS = 300
"""One for each session would be noticed; of 2,700 sessions not one was left."""


def test_a_thousand_sessions_with_an_analysis_each():
    threads, memory, objects = threading.active_count(), [], []
    for cycle in range(CYCLES):
        client = Client()
        client.send("kata-analyze 1 ownership true\n")
        client.wait_for(lambda text: "info move" in text)
        client.send("stop\n")
        client.send("quit\n")
        client.wait_for(lambda text: text.endswith("\n\n=\n\n=\n\n"))
        client.end()
        if cycle in LOOKS:
            gc.collect()
            memory.append(rss_mb(os.getpid()))
            objects.append(len(gc.get_objects()))
    deadline = time.monotonic() + 10
    while threading.active_count() > threads and time.monotonic() < deadline:
        time.sleep(0.01)
    assert threading.active_count() <= threads
    assert least_growth(objects) < GROWTH_OBJECTS
    if memory[0] is not None:
        assert least_growth(memory) < GROWTH_MB


def test_a_thousand_analyses_in_one_process():
    """Memory is that of the first hundred analyses, threads are those of the first, and the process ends."""
    command = [*COMMAND, "--size", "5", "--playout", "rollout", "--max-tree-mb", "20"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:

        def send(line: bytes) -> None:
            process.stdin.write(line + b"\n")
            process.stdin.flush()

        def read_to_the_end_of_a_reply() -> None:
            while process.stdout.readline() != b"\n":
                pass

        memory, threads = [], []
        for cycle in range(CYCLES):
            send(b"lz-analyze 1")
            while not process.stdout.readline().startswith(b"info move"):
                pass
            send(b"clear_board")
            read_to_the_end_of_a_reply()
            read_to_the_end_of_a_reply()
            if cycle in LOOKS:
                memory.append(rss_mb(process.pid))
                threads.append(thread_count(process.pid))
        process.stdin.write(b"quit\n")
        process.stdin.flush()
        assert process.wait(WAIT_S) == 0
    if memory[0] is None:
        pytest.skip("this system does not tell a process's memory")
    assert least_growth(memory) < GROWTH_MB
    assert least_growth(threads) <= 0


def least_growth(looks: list[float]) -> float:
    """The smaller of the two steps between three looks."""
    first, second, third = looks
    return min(second - first, third - second)


def thread_count(pid: int) -> int:
    """Threads of a process, 0 where that is not told."""
    try:
        return len(os.listdir(f"/proc/{pid}/task"))
    except OSError:
        return 0
