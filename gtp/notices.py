"""What the user is told: lines on stderr, since stdout is the protocol's."""

from __future__ import annotations

import contextlib
import sys


def notice(text: str) -> None:
    """Tell the user something; a stderr that is closed is no reason to stop."""
    with contextlib.suppress(OSError, ValueError):
        print(f"ponnuki: {text}", file=sys.stderr, flush=True)
