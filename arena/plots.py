"""Pictures of ratings and scores. The one module that needs matplotlib (extra `plots`)."""

from __future__ import annotations

import io
import math
from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.ticker import LogLocator, MaxNLocator, NullFormatter, PercentFormatter, StrMethodFormatter

from ponnuki.arena.pool_summary import PoolSummary
from ponnuki.arena.score import CONFIDENCE, Score
from ponnuki.arena.summary import SIDES, Summary

DPI = 120
INK = "#1f3a5f"
FAINT = "#9db4cf"
GREY = "#6b7280"

SCORE_COLOURS = LinearSegmentedColormap.from_list("score", ["#d98b7b", "#f7f5f0", "#7ba6d9"])
"""From all lost over half to all won; in HTML too."""

_PAIR_LABELS = ("0", "½", "1", "1½", "2")


def png(figure: Figure) -> bytes:
    """A figure as PNG."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=DPI)
    return buffer.getvalue()


def svg(figure: Figure) -> str:
    """A figure as an SVG element, to stand inside HTML."""
    buffer = io.StringIO()
    figure.savefig(buffer, format="svg")
    text = buffer.getvalue()
    return text[text.index("<svg") :]


def _figure(height: float) -> Figure:
    """An empty figure of so many inches, laid out with some air."""
    return Figure(figsize=(9, height), layout=ConstrainedLayoutEngine(h_pad=0.12, w_pad=0.1))


def pool_figure(pool: PoolSummary, crosstable: bool) -> Figure:
    """Ratings, Elo against CPU time where that is known, and on demand the crosstable, below one another."""
    count = len(pool.engines)
    by_cpu = any(cpu for _, cpu, _ in _elo_by_cpu(pool))
    heights = [1.2 + 0.38 * count] + ([3.4] if by_cpu else []) + ([1.4 + 0.42 * count] if crosstable else [])
    figure = _figure(sum(heights))
    axes = iter(figure.subplots(len(heights), 1, height_ratios=heights, squeeze=False)[:, 0])
    draw_ratings(next(axes), pool)
    if by_cpu:
        draw_elo_by_cpu(next(axes), pool)
    if crosstable:
        draw_crosstable(next(axes), pool)
    return figure


def draw_ratings(axes: Axes, pool: PoolSummary) -> None:
    """A dot with its interval for each rated engine, the strongest at the top."""
    rated = list(reversed(pool.ratings.ratings)) if pool.ratings else []
    for height, rating in enumerate(rated):
        low, high = rating.interval()
        axes.plot([low, high], [height, height], color=FAINT, linewidth=5, solid_capstyle="round", zorder=2)
        axes.plot([rating.elo], [height], "o", color=INK, zorder=3)
        axes.annotate(f"{rating.elo:.0f}".replace("-", "−"), (rating.elo, height), (0, 7),
                      textcoords="offset points", ha="center", fontsize=8, color=INK)
    axes.set_yticks(range(len(rated)), [_short(rating.name) for rating in rated])
    axes.set_ylim(-0.6, len(rated) - 0.2)
    axes.margins(x=0.08)
    axes.set_title(f"Ratings with {CONFIDENCE:.0%} intervals", loc="left")
    axes.set_xlabel(f"Elo ({_short(pool.anchor)} = {pool.anchor_elo:g}, exact)")
    _plain(axes, "x")


def _elo_by_cpu(pool: PoolSummary) -> list[tuple[str, float, float]]:
    """(name, CPU seconds a move, Elo) of each engine of which both are known; CPU time above 0."""
    found = []
    for rating in pool.ratings.ratings if pool.ratings else ():
        cpu_s = pool.usage(rating.name).cpu_per_move_s
        if cpu_s:
            found.append((rating.name, cpu_s, rating.elo))
    return found


def draw_elo_by_cpu(axes: Axes, pool: PoolSummary) -> None:
    """Strength against what it costs: above and to the left is better."""
    points = _elo_by_cpu(pool)
    middle = math.sqrt(min(cpu_s for _, cpu_s, _ in points) * max(cpu_s for _, cpu_s, _ in points))
    for name, cpu_s, elo in points:
        axes.plot([cpu_s], [elo], "o", color=INK, zorder=3)
        to_the_right = cpu_s <= middle  # so that no name runs out of the picture
        axes.annotate(_short(name), (cpu_s, elo), (6 if to_the_right else -6, 4), textcoords="offset points",
                      ha="left" if to_the_right else "right", fontsize=8, color=INK)
    axes.set_xscale("log")
    axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.xaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.margins(x=0.25, y=0.2)
    axes.set_title("Strength and its cost", loc="left")
    axes.set_xlabel("CPU seconds a move")
    axes.set_ylabel("Elo")
    _plain(axes, "both")


def draw_crosstable(axes: Axes, pool: PoolSummary) -> None:
    """Points and games of each row's engine against each column's, coloured by the score."""
    names = pool.order()
    scores = [[_share(pool, name, other) for other in names] for name in names]
    axes.imshow(scores, cmap=SCORE_COLOURS, vmin=0, vmax=1, aspect="auto")
    for row, name in enumerate(names):
        for column, other in enumerate(names):
            text = pool.cross_cell(name, other)
            axes.text(column, row, text, ha="center", va="center", fontsize=9, color="black" if "/" in text else GREY)
    axes.set_yticks(range(len(names)), [f"{_short(name)}  {place}" for place, name in enumerate(names, 1)])
    axes.set_xticks(range(len(names)), [str(place) for place in range(1, len(names) + 1)])
    axes.xaxis.tick_top()
    axes.tick_params(length=0)
    axes.set_xticks([column - 0.5 for column in range(len(names) + 1)], minor=True)
    axes.set_yticks([row - 0.5 for row in range(len(names) + 1)], minor=True)
    axes.tick_params(which="minor", length=0)
    axes.grid(which="minor", color="white", linewidth=2)
    axes.set_title("Points of the row's engine against the column's", loc="left", pad=22)
    for spine in axes.spines.values():
        spine.set_visible(False)


def _share(pool: PoolSummary, name: str, other: str) -> float:
    """The share of the points that one engine made against another; NaN where they did not meet."""
    points, games = pool.between(name, other)
    return points / games if games else math.nan


def match_figure(summary: Summary) -> Figure:
    """A's score as the match went on, and what it made of each pair where the colours are swapped."""
    if summary.fixed_colours:
        figure = _figure(4.0)
        draw_progress(figure.add_subplot(), summary)
        return figure
    figure = _figure(6.6)
    progress, pairs = figure.subplots(2, 1, height_ratios=[3, 2])
    draw_progress(progress, summary)
    draw_pairs(pairs, summary)
    return figure


def draw_progress(axes: Axes, summary: Summary) -> None:
    """A's score after each game, with its interval."""
    results = [record.points("A") for record in summary.records]
    scores = [Score.of(results[:games]) for games in range(1, len(results) + 1)]
    games = [score.games for score in scores]
    intervals = [score.interval() for score in scores]
    lows, highs = ([interval[end] for interval in intervals] for end in (0, 1))
    axes.fill_between(games, lows, highs, color=FAINT, alpha=0.45, linewidth=0, label=f"{CONFIDENCE:.0%} interval")
    axes.plot(games, [score.rate or 0.0 for score in scores], color=INK, label="score")
    axes.axhline(0.5, color=GREY, linewidth=0.8, linestyle="--")
    axes.set_ylim(0, 1)
    axes.set_xlim(1, max(2, len(games)))
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.yaxis.set_major_formatter(PercentFormatter(1))
    axes.set_title(" against ".join(_short(summary.contestants[side].name) for side in SIDES), loc="left")
    axes.set_xlabel("games")
    axes.set_ylabel("score of the first")
    axes.legend(loc="best", frameon=False, fontsize=8)
    _plain(axes, "y")


def draw_pairs(axes: Axes, summary: Summary) -> None:
    """How many pairs gave A 0, ½, 1, 1½ and 2 points."""
    counts: Sequence[int] = summary.pairs
    bars = axes.bar(_PAIR_LABELS, counts, color=[SCORE_COLOURS(points / 4) for points in range(5)], edgecolor=GREY,
                    linewidth=0.6)
    axes.bar_label(bars, fontsize=8)
    axes.yaxis.set_major_locator(MaxNLocator(integer=True))
    axes.margins(y=0.15)
    axes.set_title("Pairs (one opening, colours swapped) by points of the first", loc="left", fontsize=10)
    axes.set_ylabel("pairs")
    _plain(axes, "y")


def _plain(axes: Axes, grid: str) -> None:
    """Light grid lines and no box."""
    axes.grid(axis=grid, color="#e5e7eb", linewidth=0.8)  # type: ignore[arg-type]
    axes.set_axisbelow(True)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)


def _short(name: str) -> str:
    """A name that fits beside a plot, with nothing that matplotlib takes for mathematics."""
    shown = name if len(name) <= 32 else name[:31] + "…"
    return shown.replace("$", r"\$")
