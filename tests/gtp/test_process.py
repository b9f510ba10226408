"""`ponnuki gtp` as a process: it answers, plays, and ends as clients want it to."""

import re
import subprocess
import sys
import textwrap

import pytest

COMMAND = [sys.executable, "-m", "ponnuki.cli.main", "gtp"]
WAIT_S = 240
"""Long enough for a first run, which compiles."""


def run(text, *options, command=COMMAND):
    """The finished process after some input."""
    return subprocess.run([*command, *options], input=text.encode(), capture_output=True, timeout=WAIT_S, check=False)


def test_quit_ends_the_process_at_once_and_well():
    done = run("1 name\n2 quit\n3 name\n")
    assert done.stdout == b"=1 ponnuki\n\n=2\n\n"
    assert done.returncode == 0


def test_end_of_input_ends_the_process():
    done = run("name")
    assert (done.stdout, done.returncode) == (b"= ponnuki\n\n", 0)


def test_quit_is_obeyed_while_the_input_stays_open():
    with subprocess.Popen(COMMAND, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        process.stdin.write(b"quit\n")
        process.stdin.flush()
        assert process.stdout.read() == b"=\n\n"
        assert process.wait(WAIT_S) == 0


def test_a_client_that_is_gone_ends_the_process():
    with subprocess.Popen(COMMAND, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        process.stdout.close()
        process.stdin.write(b"name\n")
        process.stdin.flush()
        assert process.wait(WAIT_S) == 0


HANDSHAKE = """protocol_version|name|version|list_commands|known_command genmove|boardsize 13|clear_board|komi 6.5
    |time_settings 300 30 5|kgs-time_settings byoyomi 300 30 5|kata-time_settings fischer 300 10|time_left b 300 0
    |kata-get-rules|kata-set-rules japanese|kata-set-rule ko POSITIONAL|kgs-rules aga|kata-get-param maxVisits
    |kata-set-param maxVisits 10|kata-list-params|rectangular_boardsize 9 9|get_komi|undo|quit"""


def test_the_handshake_needs_nothing_heavy():
    """The loader never starts here, so whatever is imported was imported by the commands themselves."""
    script = f"""
        import io, sys
        from ponnuki.gtp.loading import Loader
        from ponnuki.gtp.session import Session
        from ponnuki.gtp.table import SessionSettings
        import ponnuki.cli.gtp

        lines = {[line.strip() for line in HANDSHAKE.split("|")]!r}
        text = io.BytesIO("\\n".join(lines).encode())
        output = io.BytesIO()
        Session(SessionSettings(), Loader(lambda: None)).run(lambda: text.read(), output)
        replies = output.getvalue().decode().split("\\n\\n")[:-1]
        assert len(replies) == len(lines), replies
        assert [reply for reply in replies if reply[0] != "="] == ["? cannot undo: no move has been played"], replies
        heavy = {{"numpy", "numba", "llvmlite", "onnxruntime", "sgfmill", "torch", "rich"}} & set(sys.modules)
        assert not heavy, heavy
    """
    done = run("", command=[sys.executable, "-c", textwrap.dedent(script)])
    assert done.returncode == 0, done.stderr.decode()


def test_a_game_by_rollouts_with_every_reply_in_its_place():
    script = ["boardsize 5", "komi 0.5", "kata-set-param maxPlayouts 30"]
    script += [f"genmove {colour}" for _ in range(6) for colour in "bw"]
    script += ["undo", "showboard", "final_score", "final_status_list dead", "kata-raw-nn 3", "printsgf", "quit"]
    text = "".join(f"{number} {line}\n" for number, line in enumerate(script))
    done = run(text, "--playout", "rollout", "--seed", "1")
    replies = done.stdout.decode().split("\n\n")[:-1]
    assert [reply.split()[0] for reply in replies] == [f"={number}" for number in range(len(script))]
    moves = [reply.split()[1] for reply in replies[3:15]]
    assert all(re.fullmatch("[A-E][1-5]|pass|resign", move) for move in moves)
    assert len({move for move in moves if move[0].isupper()}) >= 5
    assert done.returncode == 0
    assert b"internal error" not in done.stdout + done.stderr


@pytest.mark.parametrize("content", [None, b"this is no net"])
def test_weights_that_cannot_be_read_do_not_end_the_session(tmp_path, content):
    path = tmp_path / "broken.onnx"
    if content is not None:
        path.write_bytes(content)
    text = "boardsize 5\ngenmove b\nfoo\nplay b Z9\nboardsize 99\n\xff\xfe\nname\nquit\n"
    done = run(text, "--weights", str(path), "--playouts", "10")
    replies = done.stdout.decode().split("\n\n")[:-1]
    assert [reply[0] for reply in replies] == ["=", "=", "?", "?", "?", "?", "=", "="]
    about_weights = [line for line in done.stderr.decode().splitlines() if "broken.onnx" in line]
    assert len(about_weights) == 1
    assert about_weights[0].endswith("playing by rollouts")


def test_stderr_tells_of_compiling_the_first_time_and_only_then(tmp_path):
    """Without compiled kernels, which this does not wait for; the end of the input ends the session."""
    script = """
        import os, sys
        os.environ["PONNUKI_CACHE_DIR"] = sys.argv[1]
        import ponnuki.engine.warmup
        from ponnuki.engine._jit import mark_cache_warm
        ponnuki.engine.warmup.warm_up = mark_cache_warm
        from ponnuki.engine.config import PlayerSettings
        from ponnuki.gtp.loading import load_evaluators
        for _ in range(2):
            load_evaluators(None, 9, PlayerSettings())
    """
    done = run("", str(tmp_path), command=[sys.executable, "-c", textwrap.dedent(script)])
    assert done.returncode == 0, done.stderr.decode()
    first, second = done.stderr.decode().splitlines()
    assert first == "ponnuki: compiling for this machine, once; this can take a minute or two"
    assert re.fullmatch(r"ponnuki: compiled in \d+ s", second)


def test_a_c_library_that_prints_does_not_disturb_the_protocol():
    script = """
        import os, threading, time
        from ponnuki.gtp import session
        from ponnuki.gtp.table import SessionSettings

        def chatter(*arguments):
            os.write(1, b"hello from C\\n")
            print("hello from Python", flush=True)
            raise OSError("no net here")

        session.load_evaluators = chatter
        session.serve(SessionSettings(), None)
    """
    done = run("1 showboard\ngenmove b\n2 name\n", command=[sys.executable, "-c", textwrap.dedent(script)])
    assert b"hello" not in done.stdout
    assert done.stderr.count(b"hello") == 2
    assert done.stdout.endswith(b"=2 ponnuki\n\n")
