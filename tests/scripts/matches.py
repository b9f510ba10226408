"""Matches by `ponnuki match` that are played once and kept."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from ponnuki.arena.score import Score

GNUGO = "gnugo --mode gtp --level {} --chinese-rules --positional-superko"


def played(out: Path, a: str, b: str, *options: object) -> dict[str, Any]:
    """What `ponnuki match` says of a match of A against B in a folder; a match that is not finished goes on."""
    result = out / "result.json"
    if not result.exists():
        command = [sys.executable, "-m", "ponnuki.cli.main", "match", a, b, *map(str, options)]
        command += ["--out", str(out), "--json", str(result)]
        match = subprocess.run(command, check=False, stdout=subprocess.DEVNULL)
        if match.returncode != 0:
            sys.exit(f"{out.name}: ponnuki match ended with {match.returncode}")
    summary: dict[str, Any] = json.loads(result.read_text("utf-8"))
    return summary


def score_of(summary: dict[str, Any]) -> Score:
    """A match's score from A's view."""
    return Score(summary["wins"], summary["draws"], summary["losses"])
