"""`ponnuki export`: the ONNX file of a trained network."""

import argparse
from pathlib import Path

from ponnuki.engine.errors import ConfigError

from .parsing import Parser, add_common_options, board_size, needs_extra, output_file


def add_parser(subparsers: "argparse._SubParsersAction[Parser]") -> Parser:
    """Declare the command and its options."""
    parser = subparsers.add_parser("export", help="write a trained network as the ONNX file that plays",
                                   description="Write NAME.safetensors, described by NAME.toml, as an ONNX file, with "
                                               "BatchNorm folded into the convolutions.")
    parser.add_argument("name", type=Path, metavar="NAME", help="the network, without ending or with one of the two")
    parser.add_argument("--out", type=output_file, metavar="FILE.onnx", help="(default: NAME.onnx)")
    parser.add_argument("--size", dest="sizes", nargs="+", type=board_size, metavar="N",
                        help="board sizes to play on with it (default: those it was trained on)")
    add_common_options(parser)
    return parser


def run(args: argparse.Namespace) -> int:
    """Export, and say where to."""
    with needs_extra("train"):
        from ponnuki.nets.checkpoint import load_net, stem_of, with_suffix
        from ponnuki.nets.export import export_onnx
    stem = stem_of(args.name)
    net, training = load_net(stem)
    sizes = args.sizes or training.get("board_sizes")
    if not sizes:
        raise ConfigError(f"{stem}.toml does not say for which board sizes: give --size")
    out = args.out or with_suffix(stem, ".onnx")
    export_onnx(net, out, sizes=sizes, training=training)
    print(f"{out}: {out.stat().st_size} bytes, for board sizes {', '.join(map(str, sizes))}")
    return 0
