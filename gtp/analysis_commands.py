"""Analysis: the search's state told again and again while it goes on, in Leela Zero's form and in KataGo's.

    lz-analyze, kata-analyze                        until the next line from the client
    lz-genmove_analyze, kata-genmove_analyze        as genmove, reporting; then `play VERTEX`
    kata-search_analyze                             the same without playing
    kata-search_analyze_cancellable                 the same, ended by the next line, then without `play`
"""

from __future__ import annotations

import threading
import time
from functools import partial
from typing import TYPE_CHECKING

from ponnuki.engine.coords import vertex

from .analysis_arguments import DEFAULT_INTERVAL_S, AnalysisRequest, parse_analysis
from .analysis_lines import Line, katago_line, leela_line
from .protocol import Request
from .table import Table

if TYPE_CHECKING:
    from ponnuki.engine.searching import Searching

FIRST_REPORT_S = 0.2
"""The first report comes no later than this, whatever the interval."""


class Reporter:
    """Sends a line to the client whenever one is due."""

    def __init__(self, table: Table, request: Request, wanted: AnalysisRequest, line: Line) -> None:
        """Report a search for a request; the first time no sooner than the interval, or FIRST_REPORT_S, has passed."""
        self._table = table
        self._stream = request.stream
        self._wanted = wanted
        self._line = line
        self._due = time.monotonic() + min(wanted.interval_s or DEFAULT_INTERVAL_S, FIRST_REPORT_S)

    def __call__(self, search: Searching) -> None:
        """Report if it is time to."""
        if time.monotonic() >= self._due:
            self.report(search)
            self._due = time.monotonic() + (self._wanted.interval_s or DEFAULT_INTERVAL_S)

    def report(self, search: Searching) -> None:
        """Send a line now."""
        snapshot = search.snapshot(
            lead_stdev=self._line is katago_line, moves_ownership=self._wanted.moves_ownership
        )
        if snapshot.moves:
            choice = self._table.settings.choice
            line = self._line(snapshot, search.priors(), self._wanted, choice)
            if line:  # with `maxmoves 0` there may be nothing to tell, and an empty line would end the reply
                self._stream.line(line)


def analyze(line: Line, table: Table, request: Request) -> None:
    """Search for a colour, by default the side to play, and report until the next line comes in."""
    wanted, reporter = _begin(line, table, request)
    table.analyze(wanted.colour, request.superseded, reporter, wanted.restrictions)


def genmove_analyze(line: Line, table: Table, request: Request, *, commit: bool = True) -> str:
    """Choose a move as `genmove` does, reporting meanwhile."""
    wanted, reporter = _begin(line, table, request)
    return _played(table, wanted, reporter if wanted.interval_s else None, request.interrupt, commit=commit)


def search_analyze_cancellable(table: Table, request: Request) -> str:
    """Choose a move without playing it, unless the next line comes in before that."""
    wanted, reporter = _begin(katago_line, table, request)
    text = _played(table, wanted, reporter if wanted.interval_s else None, request.superseded, commit=False)
    return "" if request.superseded.is_set() else text


def _begin(line: Line, table: Table, request: Request) -> tuple[AnalysisRequest, Reporter]:
    game = table.game
    wanted = parse_analysis(request, game.to_play, game.size, katago=line is katago_line)
    player = table.player
    if wanted.wants_ownership:
        player.keep_ownership()
    request.stream.begin()
    return wanted, Reporter(table, request, wanted, line)


def _played(
    table: Table, wanted: AnalysisRequest, reporter: Reporter | None, stop: threading.Event, *, commit: bool
) -> str:
    choice = table.choose(wanted.colour, stop, commit=commit, watch=reporter, restrictions=wanted.restrictions)
    return f"play {'resign' if choice.resign else vertex(choice.move, table.game.size)}"


COMMANDS = {
    "lz-analyze": partial(analyze, leela_line),
    "kata-analyze": partial(analyze, katago_line),
    "lz-genmove_analyze": partial(genmove_analyze, leela_line),
    "kata-genmove_analyze": partial(genmove_analyze, katago_line),
    "kata-search_analyze": partial(genmove_analyze, katago_line, commit=False),
    "kata-search_analyze_cancellable": search_analyze_cancellable,
}
