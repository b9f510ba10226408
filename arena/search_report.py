"""What an engine says of the move it has just made, read from ``ponnuki-last_search`` (see `ponnuki.gtp.accounts`)."""

from __future__ import annotations

import json
from dataclasses import dataclass

SEARCH_COMMAND = "ponnuki-last_search"

_PV_SHOWN = 8


@dataclass(frozen=True)
class SearchReport:
    """One search, from the view of the side that moved."""

    visits: int
    playouts: int
    winrate: float
    """0 to 1."""
    lead: float | None = None
    """Points, komi counted."""
    pv: tuple[str, ...] = ()
    """Vertices, the move itself first."""

    @classmethod
    def parse(cls, text: str) -> SearchReport | None:
        """Read a reply; None where it is not what was agreed, which is no reason to stop a game."""
        try:
            said = json.loads(text)
            lead = said["lead"]
            return cls(int(said["visits"]), int(said["playouts"]), float(said["winrate"]),
                       None if lead is None else float(lead), tuple(map(str, said["pv"])))
        except (ValueError, TypeError, KeyError):
            return None

    def comment(self, who: str) -> str:
        """One line for a game record, `who` being the side that moved."""
        parts = [f"{self.visits} visits ({self.playouts} new)", f"{who} wins {100 * self.winrate:.1f}%"]
        if self.lead is not None:
            parts.append(f"{who} leads by {self.lead:.1f}" if self.lead >= 0 else f"{who} is {-self.lead:.1f} behind")
        if self.pv:
            parts.append("expects " + " ".join(self.pv[:_PV_SHOWN]))
        return ", ".join(parts)
