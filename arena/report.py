"""Reports for people: an HTML page with tables and pictures, or the pictures alone as PNG."""

from __future__ import annotations

import html
from collections.abc import Iterable, Sequence
from datetime import date
from pathlib import Path

from matplotlib.colors import to_hex
from matplotlib.figure import Figure

from ponnuki.arena.plots import SCORE_COLOURS, match_figure, png, pool_figure, svg
from ponnuki.arena.pool_summary import PoolSummary
from ponnuki.arena.summary import SIDES, Summary, elo_text
from ponnuki.engine.errors import ConfigError
from ponnuki.engine.version import VERSION
from ponnuki.records.replacing import replace_bytes

_STYLE = """\
body { font: 15px/1.5 system-ui, sans-serif; max-width: 60em; margin: 2em auto; padding: 0 1em; color: #1f2937 }
table { border-collapse: collapse; margin: 1em 0 }
th, td { padding: .25em .7em; border-bottom: 1px solid #e5e7eb; text-align: right; white-space: nowrap }
th:nth-child(2), td:nth-child(2) { text-align: left }
svg { max-width: 100%; height: auto }
li, pre { overflow-wrap: anywhere; white-space: pre-wrap }
footer { color: #6b7280; margin-top: 2em }
"""


def write_pool_report(pool: PoolSummary, path: Path) -> None:
    """Ratings and crosstable of a pool, as the name's ending says.

    Raises:
        ConfigError: the file cannot be written.
    """
    if path.suffix.lower() == ".png":
        _write(path, png(pool_figure(pool, crosstable=True)))
        return
    remarks = [f"{_names(match)}: {line}" for match in pool.matches for line in match.remarkable()]
    _write(path, _page(
        "Ratings",
        _table(pool.rows()), _figure(pool_figure(pool, crosstable=False)),
        "<h2>Crosstable</h2>", "<p>Points and games of the row's engine against the column's.</p>", _crosstable(pool),
        "<h2>Engines</h2>", _list(_described(engine.to_json()) for engine in pool.engines),
        *_remarks(remarks)))


def write_match_report(summary: Summary, path: Path) -> None:
    """How a match went, as the name's ending says; errors as `write_pool_report`."""
    if path.suffix.lower() == ".png":
        _write(path, png(match_figure(summary)))
        return
    _write(path, _page(
        _names(summary),
        f"<pre>{html.escape(summary.report())}</pre>", _table(_sides(summary)), _figure(match_figure(summary)),
        "<h2>Engines</h2>", _list(_described(summary.contestants[side].to_json()) for side in SIDES)))


def _names(summary: Summary) -> str:
    return " against ".join(summary.contestants[side].name for side in SIDES)


def _sides(summary: Summary) -> list[list[str]]:
    """A match as a table: a heading and a row for each side."""
    rows = [["", "engine", "won", "drawn", "lost", "Elo", "seconds", "CPU s", "CPU s a move", "playouts a move"]]
    score = summary.score
    for side, won, lost, sign in (("A", score.wins, score.losses, 1), ("B", score.losses, score.wins, -1)):
        elo = None if score.elo is None else sign * score.elo
        rows.append([side, summary.contestants[side].name, str(won), str(score.draws), str(lost), elo_text(elo),
                     f"{summary.seconds(side):.1f}", _or_dash(summary.cpu_s(side), ".1f"),
                     _or_dash(summary.cpu_per_move_s(side), ".3f"), _or_dash(summary.playouts_per_move(side), ".0f")])
    return rows


def _or_dash(value: float | None, form: str) -> str:
    return "–" if value is None else format(value, form)


def _described(engine: dict[str, object]) -> str:
    """An engine with its command line, as text."""
    command = engine["command"]
    words = " ".join(map(str, command)) if isinstance(command, list) else str(command)
    playouts = f", {engine['playouts']} playouts a move" if "playouts" in engine else ""
    return f"{engine['name']}: {words}; clock {engine['time'] or 'none'}{playouts}"


def _page(title: str, *parts: str) -> bytes:
    body = "\n".join(parts)
    return (f'<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n<title>{html.escape(title)}</title>\n'
            f"<style>\n{_STYLE}</style>\n</head>\n<body>\n<h1>{html.escape(title)}</h1>\n{body}\n"
            f"<footer>ponnuki {VERSION}, {date.today().isoformat()}</footer>\n</body>\n</html>\n").encode()


def _table(rows: Sequence[Sequence[str]]) -> str:
    """A heading and rows as an HTML table."""
    lines = [_row("th", rows[0]), *(_row("td", row) for row in rows[1:])]
    return "<table>\n" + "\n".join(lines) + "\n</table>"


def _row(tag: str, cells: Sequence[str]) -> str:
    return "<tr>" + "".join(f"<{tag}>{html.escape(cell)}</{tag}>" for cell in cells) + "</tr>"


def _crosstable(pool: PoolSummary) -> str:
    """The crosstable with cells coloured by the score."""
    heading, *rows = pool.crosstable()
    names = pool.order()
    lines = [_row("th", heading)]
    for name, (place, shown, *cells) in zip(names, rows, strict=True):
        coloured = "".join(_cell(pool, name, other, cell) for other, cell in zip(names, cells, strict=True))
        lines.append(f"<tr><td>{place}</td><td>{html.escape(shown)}</td>{coloured}</tr>")
    return "<table>\n" + "\n".join(lines) + "\n</table>"


def _cell(pool: PoolSummary, name: str, other: str, text: str) -> str:
    points, games = pool.between(name, other)
    style = f' style="background:{to_hex(SCORE_COLOURS(points / games))}"' if games else ""
    return f"<td{style}>{html.escape(text)}</td>"


def _figure(figure: Figure) -> str:
    return f"<figure>\n{svg(figure)}\n</figure>"


def _list(items: Iterable[str]) -> str:
    return "<ul>\n" + "\n".join(f"<li>{html.escape(item)}</li>" for item in items) + "\n</ul>"


def _remarks(remarks: Sequence[str]) -> list[str]:
    return ["<h2>Out of the ordinary</h2>", _list(remarks)] if remarks else []


def _write(path: Path, content: bytes) -> None:
    try:
        replace_bytes(path, content)
    except OSError as error:
        raise ConfigError(f"--report {path}: {error.strerror or error}") from error
