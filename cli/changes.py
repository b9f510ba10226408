"""What the commands share that make one ONNX file from another: options, the comparison, the table."""

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ponnuki.engine.errors import ConfigError

from .parsing import Parser, add_common_options, output_file, show_warnings, whole_number

if TYPE_CHECKING:
    from ponnuki.nets.comparison import Comparison
    from ponnuki.records.sampling import Group

POSITIONS = 2048


def add_change_options(parser: Parser, ending: str, net: str = "NET.onnx", help: str = "a float32 net") -> None:
    """Declare the net, where the changed one goes, and what it is measured on."""
    parser.add_argument("net", type=Path, metavar=net, help=help)
    parser.add_argument("--out", type=output_file, metavar="FILE.onnx", help=f"(default: NET-{ending}.onnx)")
    parser.add_argument(
        "--data",
        nargs="+",
        type=Path,
        metavar="FILE",
        required=True,
        help="records or folders of them; those named *_valid.npz measure what changed",
    )
    parser.add_argument(
        "--positions",
        type=whole_number(1),
        default=POSITIONS,
        metavar="P",
        help="measured, of each group of records",
    )
    add_common_options(parser)
    parser.set_defaults(ending=ending)


def change(
    args: argparse.Namespace, do: Callable[[Path, Sequence["Group"]], str], *, calibrates: bool = False
) -> int:
    """Make the changed file, measure it beside the one it came from, and say what changed.

    Args:
        do: writes the file, given its path and the groups to calibrate with; returns what was done.
        calibrates: whether `do` takes the records that do not validate; else it is given none.
    """
    from ponnuki.nets.comparison import compare, note_change
    from ponnuki.records.sampling import find_groups, split_sources

    show_warnings()
    out = args.out or args.net.with_name(f"{args.net.stem}-{args.ending}.onnx")
    if out.resolve() == args.net.resolve():
        raise ConfigError(f"--out {out}: is the net itself")
    train, valid = split_sources(args.data, to_learn=calibrates)
    out.parent.mkdir(parents=True, exist_ok=True)
    draft = out.with_name(f"{out.name}.draft")
    try:
        what = do(draft, find_groups(train) if calibrates else [])
        comparison = compare(args.net, draft, what, find_groups(valid) if valid else [], args.positions)
        note_change(draft, comparison)
        draft.replace(out)
    finally:
        draft.unlink(missing_ok=True)
    print_comparison(comparison)
    print(f"written to {out}")
    return 0


def print_comparison(comparison: "Comparison") -> None:
    """Print the two files side by side."""
    from rich.console import Console
    from rich.table import Table

    table = Table("measured", "before", "after", title=comparison.what, title_justify="left")
    for column in table.columns[1:]:
        column.justify = "right"
    table.add_row("bytes", *(f"{size:,}" for size in comparison.size_bytes))
    for size, pair in comparison.evaluations_per_s.items():
        table.add_row(f"evaluations a second, {size}×{size}", *(f"{speed:,.0f}" for speed in pair))
    for group, figures in comparison.figures.items():
        positions = comparison.positions[group]
        for name, pair in figures.items():
            shown = (f"{value:.1%}" if name == "top1" else f"{value:.4f}" for value in pair)
            table.add_row(f"{name}, {group} ({positions:,})", *shown)
    Console().print(table)
