"""Commands about the session: who we are, caches, and what KGS and GoGui send around a game."""

from __future__ import annotations

from ponnuki.engine.version import VERSION

from .arguments import expect
from .protocol import Request
from .table import Table

ANALYZE_COMMANDS = (
    "string/Final Score/final_score",
    "plist/Dead Stones/final_status_list dead",
    "plist/Alive Stones/final_status_list alive",
    "hstring/Show Board/showboard",
    "hstring/Raw Evaluation/kata-raw-nn 0",
    "string/Rules/kata-get-rules",
    "none/Clear Cache/clear_cache",
)
"""What GoGui's analyze dialog offers: type, label, command."""


def protocol_version(table: Table, request: Request) -> str:
    """Version 2 of the protocol."""
    return "2"


def name(table: Table, request: Request) -> str:
    """The engine's name; no client takes it for another engine's."""
    return "ponnuki"


def version(table: Table, request: Request) -> str:
    """The engine's version."""
    return VERSION


def clear_cache(table: Table, request: Request) -> None:
    """Forget what was searched and evaluated."""
    expect(request, "")
    table.clear_cache()


def stop(table: Table, request: Request) -> None:
    """End what runs between commands: no pondering until our next move."""
    table.stop_pondering()


def nothing(table: Table, request: Request) -> None:
    """Accepted; there is nothing to do."""


def gogui_analyze_commands(table: Table, request: Request) -> str:
    """What GoGui can show."""
    return "\n".join(ANALYZE_COMMANDS)


COMMANDS = {
    "protocol_version": protocol_version,
    "name": name,
    "version": version,
    "clear_cache": clear_cache,
    "stop": stop,
    "kgs-game_over": stop,
    "gogui-interrupt": nothing,
    "gogui-analyze_commands": gogui_analyze_commands,
}
