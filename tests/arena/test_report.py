"""Reports with pictures: what they hold, and that names with odd signs do no harm."""

from __future__ import annotations

import struct
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest

from ponnuki.arena.contestant import Contestant
from ponnuki.arena.match_log import GameRecord
from ponnuki.arena.pool_summary import PoolSummary
from ponnuki.arena.summary import Summary
from ponnuki.cli.main import main
from ponnuki.cli.match import check_report
from ponnuki.engine.errors import ConfigError

pytest.importorskip("matplotlib", reason="pictures need matplotlib")

from ponnuki.arena.plots import match_figure, pool_figure
from ponnuki.arena.report import write_match_report, write_pool_report

ODD = 'net <b> & "co" $x_1$'
ENGINES = {name: Contestant(name, ("run", f"<{name}>")) for name in (ODD, "middle", "weak", "newcomer")}


def match(first: str, second: str, results: str, cpu_s: float | None = 2.0) -> Summary:
    """A match with a result for each letter: A, B or D for a draw."""
    records = tuple(
        GameRecord(number, "AB"[number % 2], {"D": None}.get(letter, letter), "B+1", "passes", 20, [],
                   {"A": 3.0, "B": 5.0}, {"A": 1.0, "B": 1.0}, {"A": cpu_s, "B": cpu_s},
                   own_moves={"A": 10, "B": 10}, remarks=["ponnuki would count <otherwise>"] if letter == "D" else None)
        for number, letter in enumerate(results))
    return Summary({"A": ENGINES[first], "B": ENGINES[second]}, len(results), records)


def pool(cpu_s: float | None = 2.0) -> PoolSummary:
    matches = (match(ODD, "middle", "AABA", cpu_s), match("middle", "weak", "AADA", cpu_s))
    return PoolSummary("middle", 100, tuple(ENGINES.values()), matches)


class Page(HTMLParser):
    """The text of each table's cells, and what tags there are; fails where tags are not closed in order."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.cells: list[str] = []
        self.tags: list[str] = []
        self.text = ""
        self._open: list[str] = []
        self.feed(text)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.tags.append(tag)
        if tag != "meta":
            self._open.append(tag)
        if tag in ("td", "th"):
            self.cells.append("")

    def handle_startendtag(self, tag: str, attrs: object) -> None:
        self.tags.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data
        if self._open and self._open[-1] in ("td", "th"):
            self.cells[-1] += data


def png_size(path: Path) -> tuple[int, int]:
    content = path.read_bytes()
    assert content.startswith(b"\x89PNG\r\n\x1a\n")
    width, height = struct.unpack(">II", content[16:24])
    return width, height


def test_a_pools_page_has_ratings_crosstable_and_a_picture(tmp_path: Path) -> None:
    path = tmp_path / "pool.html"
    write_pool_report(pool(), path)
    page = Page(path.read_text("utf-8"))
    assert page.tags.count("svg") == 1
    assert page.tags.count("table") == 2
    assert "b" not in page.tags, "names are text"
    assert page.cells.count(ODD) == 2
    for cell in ("3/4", "1/4", "3.5/4", "0.5/4", "■", "100", "given"):
        assert cell in page.cells
    assert "ponnuki would count <otherwise>" in page.text


def test_a_pools_picture_grows_with_the_pool(tmp_path: Path) -> None:
    path = tmp_path / "pool.PNG"
    write_pool_report(pool(), path)
    width, height = png_size(path)
    assert (width, height > 1000) == (1080, True)


def test_the_rating_plot_shows_every_rated_engine_with_its_interval() -> None:
    figure = pool_figure(pool(), crosstable=True)
    assert [axes.get_title(loc="left")[:7] for axes in figure.axes] == ["Ratings", "Strengt", "Points "]
    ratings = figure.axes[0]
    assert [label.get_text() for label in ratings.get_yticklabels()][:2] == ["weak", "middle"]
    drawn = [line.get_xdata() for line in ratings.get_lines() if len(line.get_xdata()) == 2]
    expected = [pool().ratings[name].interval() for name in ("weak", "middle", ODD)]  # type: ignore[index]
    assert [tuple(ends) for ends in drawn] == [pytest.approx(ends) for ends in expected]


def test_without_cpu_time_or_ratings_there_is_less_to_see() -> None:
    assert len(pool_figure(pool(cpu_s=None), crosstable=False).axes) == 1
    empty = PoolSummary("weak", 0, tuple(ENGINES.values()), ())
    figure = pool_figure(empty, crosstable=False)
    assert figure.axes[0].get_lines() == []


def test_a_matchs_page_and_picture(tmp_path: Path) -> None:
    played = match(ODD, "middle", "AABADA")
    write_match_report(played, tmp_path / "match.html")
    page = Page((tmp_path / "match.html").read_text("utf-8"))
    assert f"{ODD} against middle" in page.text
    assert "4 won, 1 drawn, 1 lost" in page.text
    assert page.cells[-10:][:6] == ["B", "middle", "1", "1", "4", "-191"]
    write_match_report(played, tmp_path / "match.png")
    assert png_size(tmp_path / "match.png")[0] == 1080


def test_the_match_plot_ends_at_the_score() -> None:
    played = match(ODD, "middle", "AABADA")
    progress, pairs = match_figure(played).axes
    line = progress.get_lines()[0]
    assert list(line.get_xdata()) == [1, 2, 3, 4, 5, 6]
    assert line.get_ydata()[-1] == played.score.rate == 0.75
    assert [bar.get_height() for bar in pairs.patches] == list(played.pairs) == [0, 0, 1, 1, 1]


def test_with_fixed_colours_there_are_no_pairs(tmp_path: Path) -> None:
    swapped = match(ODD, "middle", "AABA")
    fixed = replace(swapped, records=tuple(replace(record, black="B") for record in swapped.records),
                    fixed_colours=True)
    assert "pairs" in swapped.report()
    assert "pairs" not in fixed.report()
    assert (swapped.to_json()["pairs"], fixed.to_json()["pairs"]) == ([0, 0, 1, 0, 1], None)
    (progress,) = match_figure(fixed).axes
    assert progress.get_lines()[0].get_ydata()[-1] == 0.75
    write_match_report(fixed, tmp_path / "match.html")
    text = (tmp_path / "match.html").read_text("utf-8")
    assert "colours swapped" not in text
    assert "pairs" not in Page(text).text


def test_a_match_without_games_has_a_report_too(tmp_path: Path) -> None:
    write_match_report(match(ODD, "middle", ""), tmp_path / "none.html")
    assert "no finished games" in (tmp_path / "none.html").read_text("utf-8")


def test_where_it_cannot_be_written_and_what_it_can_be_is_said(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"expected a name that ends in \.html or \.png"):
        check_report(tmp_path / "report.pdf")
    (tmp_path / "file").touch()
    with pytest.raises(ConfigError, match=r"--report .*(exists|[Nn]ot a directory)"):
        write_pool_report(pool(), tmp_path / "file" / "report.html")


def test_a_wrong_name_is_said_before_anything_is_played(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["rate", str(tmp_path / "absent.toml"), "--report", "ratings.svg"]) == 2
    assert "ends in .html or .png" in capsys.readouterr().err
