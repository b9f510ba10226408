"""`kata-raw-nn`: what the evaluator says about the position, without search."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ponnuki.engine.coords import WHITE

from .arguments import expect
from .protocol import GtpError, Request
from .table import Table

if TYPE_CHECKING:
    import numpy as np

SYMMETRIES = 8


def kata_raw_nn(table: Table, request: Request) -> str:
    """The evaluation in one symmetry or in all; win rate, lead and ownership are White's, rows from the top."""
    (text,) = expect(request, "SYMMETRY")
    if text.lower() == "all":
        return "\n".join(_block(table, symmetry) for symmetry in range(SYMMETRIES))
    if not (text.isascii() and text.isdigit() and int(text) < SYMMETRIES):
        raise GtpError(f"invalid symmetry {text}: expected 0 to {SYMMETRIES - 1} or all")
    return _block(table, int(text))


def _block(table: Table, symmetry: int) -> str:
    import numpy as np

    from ponnuki.engine.estimate import evaluate_position

    game = table.game
    evaluation = evaluate_position(game, table.player.evaluator, [symmetry])
    sign = 1.0 if game.to_play == WHITE else -1.0
    white_win = (1.0 + sign * float(evaluation.value_to_play[0])) / 2.0
    lines = [
        f"symmetry {symmetry}",
        f"whiteWin {white_win:.6f}",
        f"whiteLoss {1.0 - white_win:.6f}",
        "noResult 0.000000",
    ]
    if evaluation.lead_to_play is not None:
        lines.append(f"whiteLead {sign * float(evaluation.lead_to_play[0]):.6f}")
    logits = evaluation.policy[0].astype(np.float64)
    weights = np.exp(logits - logits.max())
    policy = np.where(np.isfinite(logits), weights / weights.sum(), np.nan)
    lines += ["policy", *_rows(policy[:-1], game.size), f"policyPass {policy[-1]:.6f}"]
    if evaluation.ownership_to_play is not None:
        lines += ["whiteOwnership", *_rows(sign * evaluation.ownership_to_play[0].reshape(-1), game.size)]
    return "\n".join(lines)


def _rows(values: np.ndarray, size: int) -> list[str]:
    """One line of floats for each row of float[N*N]; NaN as KataGo writes it."""
    texts = ["NAN" if value != value else f"{value + 0.0:.6f}" for value in values.tolist()]  # + 0.0: no "-0.000000"
    return [" ".join(texts[start : start + size]) for start in range(0, size * size, size)]


COMMANDS = {"kata-raw-nn": kata_raw_nn}
