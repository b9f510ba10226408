"""`ponnuki bench`: speed, cost, memory and start-up on this machine."""

import argparse
import json

from .parsing import Parser, add_common_options, board_size, net_file, number, whole_number

PARTS = ("rollouts", "search", "kernels", "start-up", "latency", "self-play", "training", "sessions")


def add_parser(subparsers: "argparse._SubParsersAction[Parser]") -> Parser:
    """Declare the command and its options."""
    parser = subparsers.add_parser("bench", help="measure speed, memory and start-up",
                                   description="Measure on this machine: rollouts, search against onnxruntime alone, "
                                               "kernels, memory, how long a new process takes to answer, self-play, "
                                               "and training.")
    parser.add_argument("--size", type=board_size, default=19, metavar="N", help="board size")
    parser.add_argument("--threads", type=whole_number(1, 256), default=1, metavar="T", help="threads of the evaluator")
    parser.add_argument("--weights", metavar="W",
                        help="an .onnx file or a shipped net's name (default: the shipped net)")
    parser.add_argument("--seconds", type=number(0, above=True), default=10.0, metavar="S",
                        help="time for search and onnxruntime in turns, part of it for rollouts and training")
    parser.add_argument("--only", nargs="+", choices=PARTS, metavar="PART",
                        help=f"some of {', '.join(PARTS)} (default: all but the last)")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    add_common_options(parser)
    return parser


def run(args: argparse.Namespace) -> int:
    """Measure and print."""
    from ponnuki.bench.report import print_table
    from ponnuki.bench.run import BenchSettings, run_bench

    weights = net_file(args.weights)
    parts = tuple(args.only or [part for part in PARTS if part != "sessions"])
    result = run_bench(BenchSettings(weights, args.size, args.threads, args.seconds, parts))
    if args.json:
        print(json.dumps(result, indent=1))
    else:
        print_table(result)
    return 0
