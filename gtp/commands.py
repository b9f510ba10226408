"""All commands of the engine: the modules' tables, bound to one table."""

from __future__ import annotations

from functools import partial

from . import (
    accounts,
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
from .protocol import Handler
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
    accounts,
)


def handlers(table: Table) -> dict[str, Handler]:
    """Every command's handler by name, for a `Dispatcher`."""
    return {name: partial(command, table) for module in MODULES for name, command in module.COMMANDS.items()}
