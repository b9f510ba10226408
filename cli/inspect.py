"""`ponnuki inspect`: what a network file is made of, and where its time goes."""

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING

from .parsing import Parser, add_common_options, board_size, needs_extra, output_file

if TYPE_CHECKING:
    from ponnuki.nets.inspection import Inspection

SIZES = (9, 19)


def add_parser(subparsers: "argparse._SubParsersAction[Parser]") -> Parser:
    """Declare the command and its options."""
    parser = subparsers.add_parser(
        "inspect",
        help="show a network's layers, multiplications, memory, reach and time",
        description="Look into a network's ONNX file, and time its operators.",
    )
    parser.add_argument("net", type=Path, metavar="NET.onnx")
    parser.add_argument(
        "--size",
        dest="sizes",
        nargs="+",
        type=board_size,
        metavar="N",
        default=list(SIZES),
        help="board sizes",
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument(
        "--plot", type=output_file, metavar="FILE.png",
        help="draw receptive field and time by layer, for the largest size",
    )
    add_common_options(parser)
    return parser


def run(args: argparse.Namespace) -> int:
    """Inspect and print."""
    with needs_extra("train"):
        from ponnuki.nets.inspection import inspect
    if args.plot:
        with needs_extra("plots"):
            from ponnuki.nets.inspection_plot import check_name, draw
        check_name(args.plot)
    inspection = inspect(args.net, args.sizes)
    if args.plot:
        draw(inspection, max(args.sizes), args.plot)
    if args.json:
        print(json.dumps(inspection.to_json(), indent=1))
    else:
        print_inspection(inspection)
    return 0


def print_inspection(inspection: "Inspection") -> None:
    """Print tables."""
    from rich.console import Console
    from rich.table import Table

    console = Console()
    sizes = list(inspection.operators)
    facts = Table("", "value", title=inspection.file, title_justify="left")
    facts.add_row("parameters", f"{inspection.parameters:,}")
    facts.add_row("bytes of the file", f"{inspection.file_bytes:,}")
    for size in sizes:
        facts.add_row(f"multiplications, {size}×{size}", f"{inspection.macs(size):,}")
        facts.add_row(f"peak of activations, {size}×{size}, bytes", f"{inspection.peak_activation_bytes[size]:,}")
    facts.add_row("reach of the policy by convolutions", f"{inspection.reach} points each way")
    facts.add_row("poolings of the whole board", str(inspection.global_pooling))
    for key, value in sorted(inspection.metadata.items()):
        facts.add_row(key, value)
    console.print(facts)
    layers = Table(
        "layer", "weights", "bits", "reach", *(f"M mult. {size}" for size in sizes), *(f"µs {size}" for size in sizes)
    )
    for layer in inspection.layers:
        times = (inspection.layer_microseconds[size].get(layer.name) for size in sizes)
        layers.add_row(
            layer.name,
            "×".join(map(str, layer.shape)),
            str(layer.bits),
            str(layer.reach),
            *(f"{layer.macs[size] / 1e6:.2f}" for size in sizes),
            *(f"{time:.1f}" if time is not None else "-" for time in times),
        )
    console.print(layers)
    for size in sizes:
        heading = f"onnxruntime, {size}×{size}, one thread"
        operators = Table("operator", "nodes", "µs a position", "provider", title=heading, title_justify="left")
        for operator in inspection.operators[size]:
            operators.add_row(operator.name, str(operator.nodes), f"{operator.microseconds:.1f}", operator.provider)
        console.print(operators)
