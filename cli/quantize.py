"""`ponnuki quantize`: a net in 8-bit integers."""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from .changes import add_change_options, change
from .parsing import Parser, needs_extra

if TYPE_CHECKING:
    from ponnuki.records.sampling import Group


def add_parser(subparsers: "argparse._SubParsersAction[Parser]") -> Parser:
    """Declare the command and its options."""
    parser = subparsers.add_parser("quantize", help="make a net of 8-bit integers, two to three times as fast",
                                   description="Write a float32 net with most of its convolutions in 8 bits, their "
                                               "ranges taken from records, and measure what that changed.")
    parser.add_argument("--weight-bits", type=int, choices=(7, 8), default=7,
                        help="7 is safe on every processor; 8 wants VNNI or Arm's dot products")
    add_change_options(parser, "int8")
    return parser


def run(args: argparse.Namespace) -> int:
    """Quantise, measure, print."""
    with needs_extra("train"):
        from ponnuki.nets.quantize import calibration_batches, quantize

    def do(target: Path, groups: "Sequence[Group]") -> str:
        quantize(args.net, target, calibration_batches(groups), args.weight_bits)
        return f"quantize: 8-bit activations, {args.weight_bits}-bit weights"

    return change(args, do, calibrates=True)
