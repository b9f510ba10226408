"""The measurements as a table for people."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

LABELS = {
    "rollouts_per_s": "light rollouts a second, one thread",
    "rollout_moves": "moves of a rollout, mean",
    "heavy_rollouts_per_s": "rollouts with knowledge a second, one thread",
    "raw_evals_per_s": "evaluations a second, onnxruntime alone at its best",
    "raw_batch": "… reached with batches of",
    "raw_sessions": "… and sessions",
    "playouts_per_s": "playouts a second that needed an evaluation",
    "search_efficiency": "search efficiency (playouts / evaluations)",
    "evaluation_us": "… of which onnxruntime takes, µs a playout and thread",
    "search_us": "… and all the rest",
    "float_evals_per_s": "float evaluations a second, one thread",
    "int8_evals_per_s": "int8 evaluations a second, one thread",
    "int8_speedup": "int8 evaluations for each float one",
    "tree_bytes_per_node": "bytes of the tree for each node",
    "select_us": "selection and legal moves, µs a playout",
    "planes_us": "input planes, µs a playout",
    "backup_us": "expansion and backing up, µs a playout",
    "warm_first_reply_s": "first reply of a new process, s",
    "warm_first_genmove_s": "first move of a new process, s",
    "cold_first_reply_s": "first reply, kernels not compiled yet, s",
    "cold_first_genmove_s": "first move, kernels not compiled yet, s",
    "first_line_ms": "first line of an analysis, ms after the command",
    "first_line_worst_ms": "… of twenty, the last to come",
    "stop_ms": "end of an analysis, ms after the next line",
    "stop_worst_ms": "… of twenty, the last to come",
    "analysis_lines_per_s": "lines a second of an analysis each centisecond",
    "selfplay_positions_per_hour": "positions to learn from an hour of self-play",
    "selfplay_evaluator_share": "… its new evaluations / onnxruntime alone",
    "train_positions_per_s": "positions a second in training, all cores",
    "train_bfloat16_ratio": "bfloat16 against float32 in training",
    "rss_mb": "memory of a process that has moved, MB",
}
"""What a person calls each key."""


def formatted(value: Any) -> str:
    """A figure with about four significant digits; `-` for one that could not be measured."""
    if value is None:
        return "-"
    if isinstance(value, float):
        return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"
    return str(value)


def print_table(result: Mapping[str, Any]) -> None:
    """Print the measurements on stdout."""
    from rich.console import Console
    from rich.table import Table

    size = result["size"]
    heading = f"{result['weights']}, {result['precision']}, {size}×{size}, threads: {result['threads']}"
    table = Table("measured", "value", title=heading, title_justify="left")
    table.columns[1].justify = "right"
    for key, label in LABELS.items():
        if key in result:
            table.add_row(label, formatted(result[key]))
    Console().print(table)
    if "sessions" in result:
        ways = Table("onnxruntime's session", "evaluations a second", "opened in, ms")
        for name, figures in result["sessions"].items():
            ways.add_row(name, formatted(figures["evals_per_s"]), formatted(figures["open_ms"]))
        Console().print(ways)
