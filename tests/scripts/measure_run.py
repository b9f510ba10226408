"""Measure the nets of a run of the loop against fixed opponents, and say when each was passed.

    python tests/scripts/measure_run.py RUN --out DIR --every 5 --games 40 --playouts 200 --plot opponents.png

Every so many nets that passed the gate, or those named, play each opponent with `ponnuki match`; what was played is
kept in DIR and not played again. The table goes to standard output, as Markdown; the picture shows the share of points
over the run's hours.
"""

import argparse
import sys
from pathlib import Path

from matches import GNUGO, played, score_of
from matplotlib.figure import Figure

from ponnuki.arena.score import Score
from ponnuki.arena.summary import elo_text
from ponnuki.selfplay.run_folder import RunFolder
from ponnuki.selfplay.run_settings import RunSettings
from ponnuki.selfplay.run_state import RunState

UNIFORM = "knowledge=no,exploration=0.7,rave_equivalence=1,prior_even=1,prior_policy=0,prior_near=0,expand_visits=1"
RAVE = f"{sys.executable} -m ponnuki.cli.main gtp --playout rollout --playouts 1000"
OPPONENTS = {
    "uniform": f"{RAVE} --rollouts {UNIFORM}",
    "rave": RAVE,
    "gnugo-1": GNUGO.format(1),
    "gnugo-10": GNUGO.format(10),
}
"""UCT over uniform rollouts and our RAVE player, both at fixed playouts; GNU Go's lowest and highest usual level."""

LABELS = {
    "uniform": "1,000 uniform rollouts", "rave": "1,000 playouts of RAVE",
    "gnugo-1": "GNU Go, level 1", "gnugo-10": "GNU Go, level 10",
}  # fmt: skip


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
    parser.add_argument("--plot", type=Path, metavar="FILE")
    args = parser.parse_args()
    folder = RunFolder(args.run)
    size = min(RunSettings.read(folder.settings).start.sizes)
    passed = [net for net in RunState.load(folder.state).nets if net.accepted]
    chosen = [net for index, net in enumerate(passed) if index % args.every == 0 or net is passed[-1]]
    if args.nets:
        chosen = [net for net in passed if net.name in args.nets]
        if unknown := sorted(set(args.nets) - {net.name for net in chosen}):
            parser.error(f"{unknown[0]} is no net of this run that passed the gate")
    print("| net | games of self-play | hours |", " | ".join(args.opponents), "|")
    print("|---" * (3 + len(args.opponents)) + "|")
    scores: dict[str, list[Score]] = {name: [] for name in args.opponents}
    for net in chosen:
        path = folder.playable(net.name, "int8")
        path = path if path.exists() else folder.playable(net.name, "float32")
        for name in args.opponents:
            scores[name].append(meet(path, name, size, args))
        cells = [in_words(scores[name][-1]) for name in args.opponents]
        print(f"| {net.name} | {net.games:,} | {net.hours:.2f} |", " | ".join(cells), "|", flush=True)
    if args.plot:
        draw([net.hours for net in chosen], scores, args)


def meet(net: Path, opponent: str, size: int, args: argparse.Namespace) -> Score:
    """The score of a net's match against an opponent."""
    options = "--games", args.games, "--size", size, "--seed", 1, "--concurrency", args.concurrency
    out = args.out / f"{net.stem}-{opponent}"
    return score_of(played(out, f"{net} --playouts {args.playouts}", OPPONENTS[opponent], *options))


def in_words(score: Score) -> str:
    """A score with its 95% interval and the Elo difference that it means."""
    low, high = score.interval()
    return f"{score.wins} of {score.games} ({low:.0%} to {high:.0%}; Elo {elo_text(score.elo)})"


def draw(hours: list[float], scores: dict[str, list[Score]], args: argparse.Namespace) -> None:
    """Draw the share of points against each opponent over hours, with 95% intervals."""
    figure = Figure(figsize=(7, 4), layout="constrained")
    axes = figure.subplots()
    for name, ofs in scores.items():
        rates = [score.rate or 0.0 for score in ofs]
        spans = [score.interval() for score in ofs]
        below = [max(0.0, rate - low) for rate, (low, _) in zip(rates, spans, strict=True)]
        above = [max(0.0, high - rate) for rate, (_, high) in zip(rates, spans, strict=True)]
        axes.errorbar(hours, rates, (below, above), marker="o", markersize=4, capsize=3, label=LABELS[name])
    axes.axhline(0.5, color="0.7", linewidth=1)
    axes.set_ylim(-0.02, 1.02)
    axes.set_xlabel("hours")
    axes.set_ylabel(f"share of points, {args.playouts} playouts a move")
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False)
    figure.savefig(args.plot, dpi=120)


if __name__ == "__main__":
    main()
