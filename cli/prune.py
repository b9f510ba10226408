"""`ponnuki prune`: a net with fewer channels, for speed, or fewer weights, for a small file."""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ponnuki.engine.errors import ConfigError

from .changes import add_change_options, change
from .parsing import Parser, needs_extra, number

if TYPE_CHECKING:
    from ponnuki.records.sampling import Group

EPILOG = """Channels are taken out of a trained net: give NAME of NAME.safetensors with NAME.toml. Beside the .onnx file
come a new .safetensors and .toml, which `ponnuki train --init` starts from to win back what was lost."""


def add_parser(subparsers: "argparse._SubParsersAction[Parser]") -> Parser:
    """Declare the command and its options."""
    parser = subparsers.add_parser("prune", help="take channels or weights out of a net", epilog=EPILOG,
                                   description="Write a net without its least important channels, which is faster, or "
                                               "weights, whose file is smaller, and measure what that changed.")
    parser.add_argument("--what", choices=("channels", "weights"), default="channels", help="what is taken out")
    parser.add_argument("--share", type=number(0, 1, above=True), default=0.25, metavar="S",
                        help="how much of it, above 0 and below 1")
    add_change_options(parser, "pruned", "NET", "a trained net's NAME; with --what weights an .onnx file")
    return parser


def run(args: argparse.Namespace) -> int:
    """Prune, measure, print."""
    with needs_extra("train"):
        from ponnuki.nets import prune
    if args.what == "weights":
        return change(args, lambda target, groups: _weights(args, target))
    import tempfile

    from ponnuki.nets.checkpoint import load_net, save_net, stem_of, with_suffix
    from ponnuki.nets.export import export_onnx

    stem = args.net.with_suffix("") if args.net.suffix == ".onnx" else stem_of(args.net)
    net, training = load_net(stem)
    if not training.get("board_sizes"):
        raise ConfigError(f"{stem}.toml does not say for which board sizes")
    out = args.out or stem.with_name(f"{stem.name}-pruned.onnx")
    if out.suffix != ".onnx":
        raise ConfigError(f"--out {out}: expected a name that ends in .onnx")
    if out.with_suffix("").resolve() == stem.resolve():
        raise ConfigError(f"--out {out}: would replace the trained net {stem} by what is left of it")
    pruned = prune.prune_channels(net, args.share)
    note = f"channels: {net.config.architecture} became {pruned.config.architecture}, not trained since"
    table = {**training, "pruning": note}

    def do(target: Path, groups: "Sequence[Group]") -> str:
        export_onnx(pruned, target, sizes=training["board_sizes"], training=table)
        return f"prune {note}"

    with tempfile.TemporaryDirectory() as folder:
        before = Path(folder) / f"{stem.name}.onnx"
        export_onnx(net.eval(), before, sizes=training["board_sizes"], training=training)
        args.net, args.out = before, out
        status = change(args, do)
    save_net(with_suffix(out.with_suffix(""), ""), pruned.config, pruned.state_dict(), table)
    return status


def _weights(args: argparse.Namespace, target: Path) -> str:
    from ponnuki.nets.prune import prune_weights

    return f"prune: {prune_weights(args.net, target, args.share):.0%} of the convolutions' weights"
