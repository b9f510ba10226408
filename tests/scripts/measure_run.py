"""Measure the nets of a run of the loop against fixed opponents, and say when each was passed.

    python tests/scripts/measure_run.py RUN --out DIR --every 5 --games 40 --playouts 200

Every so many nets that passed the gate, or those named, play each opponent with `ponnuki match`; what was played is
kept in DIR and not played again. The table goes to standard output, as Markdown.
"""

import argparse
import json
import subprocess
import sys
from pathlib import Path

from ponnuki.arena.score import Score, elo_from_score
from ponnuki.selfplay.run_folder import RunFolder
from ponnuki.selfplay.run_settings import RunSettings
from ponnuki.selfplay.run_state import RunState

GNUGO = "gnugo --mode gtp --level {} --chinese-rules --positional-superko"
OPPONENTS = {
    "rollouts": f"{sys.executable} -m ponnuki.cli.main gtp --playout rollout --playouts 1000",
    "gnugo-1": GNUGO.format(1),
    "gnugo-10": GNUGO.format(10),
}
"""Our rollout player at fixed playouts, and GNU Go's lowest and highest usual level."""


def main() -> None:
    """Parse the command line, play, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("run", type=Path, metavar="RUN")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR")
    parser.add_argument("--every", type=int, default=5, help="of the nets that passed the gate")
    parser.add_argument("--nets", nargs="+", default=[], metavar="NAME", help="these instead")
    parser.add_argument("--opponents", nargs="+", default=list(OPPONENTS), choices=list(OPPONENTS))
    parser.add_argument("--games", type=int, default=40)
    parser.add_argument("--playouts", type=int, default=200)
    parser.add_argument("--concurrency", type=int, default=2)
    args = parser.parse_args()
    folder = RunFolder(args.run)
    size = min(RunSettings.read(folder.settings).start.sizes)
    passed = [net for net in RunState.load(folder.state).nets if net.accepted]
    chosen = [net for index, net in enumerate(passed) if index % args.every == 0 or net is passed[-1]]
    if args.nets:
        chosen = [net for net in passed if net.name in args.nets]
    print("| net | games of self-play | hours |", " | ".join(args.opponents), "|")
    print("|---" * (3 + len(args.opponents)) + "|")
    for net in chosen:
        path = folder.playable(net.name, "int8")
        path = path if path.exists() else folder.playable(net.name, "float32")
        cells = [played(path, name, size, args) for name in args.opponents]
        print(f"| {net.name} | {net.games:,} | {net.hours:.2f} |", " | ".join(cells), "|", flush=True)


def played(net: Path, opponent: str, size: int, args: argparse.Namespace) -> str:
    """The result of a net's match against an opponent, played if it has not been."""
    out = args.out / f"{net.stem}-{opponent}"
    result = out / "result.json"
    if not result.exists():
        match = subprocess.run(
            [sys.executable, "-m", "ponnuki.cli.main", "match", f"{net} --playouts {args.playouts}",
             OPPONENTS[opponent], "--games", str(args.games), "--size", str(size), "--seed", "1",
             "--concurrency", str(args.concurrency), "--out", str(out), "--json", str(result)],
            check=False,
            stdout=subprocess.DEVNULL,
        )  # fmt: skip
        if match.returncode != 0:
            sys.exit(f"{net.name} against {opponent} was not played: ponnuki match ended with {match.returncode}")
    summary = json.loads(result.read_text("utf-8"))
    score = Score(summary["wins"], summary["draws"], summary["losses"])
    low, high = score.interval()
    elo = elo_from_score(score.rate or 0.0)
    return f"{score.wins} of {score.games} ({low:.0%} to {high:.0%}; Elo {elo:+.0f})"


if __name__ == "__main__":
    main()
