"""`ponnuki analysis` as a process: started as KaTrain starts it, asked, and ended."""

import json
import re
import subprocess
import sys

COMMAND = [sys.executable, "-m", "ponnuki.cli.main", "analysis"]


def run(lines, *options, timeout=200):
    """The replies, and what stderr said."""
    text = "".join(json.dumps(line) + "\n" for line in lines)
    command = [*COMMAND, *options]
    done = subprocess.run(command, input=text, capture_output=True, text=True, timeout=timeout, check=False)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()], done.stderr


def query(**changes):
    return {"id": "q", "boardXSize": 9, "boardYSize": 9, "rules": "japanese", "moves": [["B", "E5"]], **changes}


def test_started_as_katrain_starts_it(tmp_path):
    config = tmp_path / "analysis.cfg"
    config.write_text("reportAnalysisWinratesAs = WHITE\nmaxVisits = 12\nnumAnalysisThreads = 4\n", "utf-8")
    replies, said = run(
        [query(), {"id": "v", "action": "query_version"}], "-model", "kata.bin.gz", "-config", str(config),
        "-override-config", "homeDataDir=/tmp", "-analysis-threads", "4", "--size", "9",
    )  # fmt: skip
    found = {reply["id"]: reply for reply in replies}
    assert found["q"]["rootInfo"]["visits"] == 12
    assert found["v"]["version"]
    assert "kata.bin.gz is skipped" in said
    assert "homeDataDir" in said


def test_by_rollouts_with_a_log(tmp_path):
    log = tmp_path / "log"
    replies, _ = run([query(maxVisits=100)], "--playout", "rollout", "--threads", "2", "--size", "9", "--log", str(log))
    assert replies[0]["rootInfo"]["visits"] == 100
    assert ">> {" in log.read_text("utf-8")
    assert "<< {" in log.read_text("utf-8")
    assert re.search(r"-- q turn \d+: \d+ playouts, 100 visits in ", log.read_text("utf-8"))
    assert "-- ponnuki " in log.read_text("utf-8")


def test_it_can_end_without_waiting():
    replies, _ = run([query(maxVisits=10**9)], "-quit-without-waiting", "--playout", "rollout", "--size", "9")
    assert replies == []
