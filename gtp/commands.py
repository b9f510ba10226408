"""All commands of the engine: the modules' tables, bound to one table."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial

from . import (
    accounts,
    analysis_commands,
    net_commands,
    parameter_commands,
    play_commands,
    rule_commands,
    score_commands,
    session_commands,
    setup_commands,
    sgf_commands,
    time_commands,
)
from .protocol import Handler, Request
from .table import Table

MODULES = (
    session_commands,
    setup_commands,
    play_commands,
    time_commands,
    score_commands,
    rule_commands,
    sgf_commands,
    parameter_commands,
    net_commands,
    analysis_commands,
    accounts,
)


SLOW_S = 0.05
"""The log tells the time of commands that took so long."""


def handlers(table: Table) -> dict[str, Handler]:
    """Every command's handler by name, for a `Dispatcher`; while one works, the table's player does not ponder."""
    return {name: partial(_attended, table, command) for module in MODULES for name, command in module.COMMANDS.items()}


def _attended(table: Table, command: Callable[[Table, Request], str | None], request: Request) -> str | None:
    started = time.monotonic()
    table.rest()
    try:
        return command(table, request)
    finally:
        table.think_on()
        if (seconds := time.monotonic() - started) >= SLOW_S:
            table.note(f"{request.name} took {seconds:.3f} s")
