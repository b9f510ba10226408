"""Matches by `ponnuki match` that are played once and kept."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from ponnuki.arena.score import Score

GNUGO = "gnugo --mode gtp --level {} --chinese-rules --positional-superko"


def played(out: Path, a: str, b: str, *options: object) -> dict[str, Any]:
    """What `ponnuki match` says of a match of A against B in a folder; one that is not finished goes on."""
    result = out / "result.json"
    if not result.exists() or _asked_of(options) > json.loads(result.read_text("utf-8"))["games_wanted"]:
        command = [sys.executable, "-m", "ponnuki.cli.main", "match", a, b, *map(str, options)]
        command += ["--out", str(out), "--json", str(result)]
        match = subprocess.run(command, check=False, stdout=subprocess.DEVNULL)
        if match.returncode != 0:
            sys.exit(f"{out.name}: ponnuki match ended with {match.returncode}")
    summary: dict[str, Any] = json.loads(result.read_text("utf-8"))
    return summary


def _asked_of(options: tuple[object, ...]) -> int:
    """How many games the options of a match ask for: more than were asked for before are played on top of those."""
    return int(str(options[options.index("--games") + 1])) if "--games" in options else 0


def score_of(summary: dict[str, Any]) -> Score:
    """A match's score from A's view."""
    return Score(summary["wins"], summary["draws"], summary["losses"])
