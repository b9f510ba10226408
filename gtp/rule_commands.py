"""Commands about the rules: KataGo's and those of KGS."""

from __future__ import annotations

import json

from ponnuki.engine.errors import ConfigError
from ponnuki.engine.rules import Rules

from .arguments import expect
from .notices import notice
from .protocol import GtpError, Request
from .table import Table

KGS_RULES = {"chinese": "chinese-kgs", "aga": "aga", "japanese": "japanese", "new_zealand": "new-zealand"}
"""What kgsGtp sends, and our preset for it."""


def kata_get_rules(table: Table, request: Request) -> str:
    """The rules in force as KataGo's JSON object."""
    expect(request, "")
    return json.dumps(table.game.rules.to_json(), separators=(",", ":"))


def kata_set_rules(table: Table, request: Request) -> None:
    """Change the rules, by name (which may hold spaces) or by JSON object."""
    if not request.arguments:
        raise GtpError("syntax error: usage: kata-set-rules NAME|JSON")
    text = " ".join(request.arguments)
    try:
        rules = Rules.parse(text)
    except ConfigError as error:
        raise GtpError(str(error)) from None
    _set(table, rules)


def kata_set_rule(table: Table, request: Request) -> None:
    """Change one of KataGo's rule keys."""
    key, value = expect(request, "RULE VALUE")
    try:
        rules = table.game.rules.changed(key, value)
    except ConfigError as error:
        raise GtpError(str(error)) from None
    _set(table, rules)


def kgs_rules(table: Table, request: Request) -> None:
    """Change the rules to one of the four that KGS knows."""
    (name,) = expect(request, "RULES")
    preset = KGS_RULES.get(name.lower())
    if preset is None:
        raise GtpError(f"unknown rules {name}: expected one of {', '.join(KGS_RULES)}")
    _set(table, Rules.preset(preset))


def _set(table: Table, rules: Rules) -> None:
    """Put rules in force for the game on the board and those to come; komi stays."""
    if rules == table.game.rules:
        return
    changed = table.game.copy()
    changed.rules = rules
    table.change_game(changed)
    for note in rules.approximations:
        notice(f"under these rules {note}")


COMMANDS = {
    "kata-get-rules": kata_get_rules,
    "kata-set-rules": kata_set_rules,
    "kata-set-rule": kata_set_rule,
    "kgs-rules": kgs_rules,
}
