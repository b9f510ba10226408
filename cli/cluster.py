"""`ponnuki cluster`: a net whose weights share values, for a small file."""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from .changes import add_change_options, change
from .parsing import Parser, needs_extra, whole_number

if TYPE_CHECKING:
    from ponnuki.records.sampling import Group


def add_parser(subparsers: "argparse._SubParsersAction[Parser]") -> Parser:
    """Declare the command and its options."""
    parser = subparsers.add_parser("cluster", help="make a net's file smaller by letting weights share values",
                                   description="Write a float32 net whose convolutions have few different weights, "
                                               "chosen by k-means, and measure what that changed.")
    parser.add_argument("--values", type=whole_number(2, 256), default=256, metavar="K",
                        help="different weights in a convolution, before its channels' scales")
    parser.add_argument("--seed", type=whole_number(0, 2**31), default=0, metavar="S", help="of k-means")
    add_change_options(parser, "shared")
    return parser


def run(args: argparse.Namespace) -> int:
    """Cluster, measure, print."""
    with needs_extra("train"):
        from ponnuki.nets.cluster import cluster

    def do(target: Path, groups: "Sequence[Group]") -> str:
        shared = cluster(args.net, target, args.values, args.seed)
        return f"cluster: at most {args.values} values in each of {shared} convolutions"

    return change(args, do)
