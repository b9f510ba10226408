"""`ponnuki train`: a network from game records."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from ponnuki.engine.errors import ConfigError

from .parsing import (
    INTERRUPTED,
    Parser,
    add_common_options,
    needs_extra,
    number,
    output_folder,
    show_warnings,
    whole_number,
)

if TYPE_CHECKING:
    from ponnuki.nets.training import LossWeights

EPILOG = """A run that was stopped, by Ctrl-C or otherwise, goes on when the same command is given again. At the end the
run folder holds NAME.onnx, which `ponnuki gtp --weights` plays with, and NAME.safetensors with NAME.toml, which --init
starts from."""


def add_parser(subparsers: "argparse._SubParsersAction[Parser]") -> Parser:
    """Declare the command and its options; each has the name of a field of `TrainSettings`."""
    parser = subparsers.add_parser("train", help="train a network on game records", epilog=EPILOG,
                                   description="Train a network on game records (docs/records.md).")
    _add_run(parser.add_argument_group("run"))
    _add_schedule(parser.add_argument_group("optimisation"))
    _add_machine(parser.add_argument_group("machine"))
    add_common_options(parser)
    return parser


def _add_run(group: argparse._ArgumentGroup) -> None:
    group.add_argument("--data", nargs="+", type=Path, required=True, metavar="FILE",
                       help="records or folders of them; those named *_valid.npz are kept for validation")
    group.add_argument("--other-data", nargs="+", type=Path, metavar="FILE",
                       help="more records, in groups of their own such as '9x9 searched (other)', which --share tells "
                            "from those of --data")
    group.add_argument("--out", type=output_folder, required=True, metavar="DIR",
                       help="run folder; resumes what is in it")
    group.add_argument("--steps", type=whole_number(1), metavar="S", help="length of the run in steps, or")
    group.add_argument("--hours", type=number(0, above=True), metavar="H", help="in hours, interruptions not counted")
    group.add_argument("--net", metavar="NAME", help="preset or TOML file of the architecture (default: phone)")
    group.add_argument("--alpha", type=number(0, above=True), metavar="A",
                       help="width multiplier of a preset (default: 1.0)")
    group.add_argument("--depth", type=whole_number(1), metavar="D", help="number of blocks of a preset")
    group.add_argument("--init", type=Path, metavar="NAME", help="start from NAME.safetensors with NAME.toml")
    group.add_argument("--feature-version", type=whole_number(1), metavar="V",
                       help="of the net's input; left out: the newest, or that of --init")
    group.add_argument("--name", help="name of the finished net in the run folder (default: net)")
    group.add_argument("--share", dest="shares", action="append", type=named_number, metavar="GROUP=W",
                       help="share of a group of records such as '9x9 labelled'; name all groups or none")
    group.add_argument("--note", metavar="TEXT", help="a line about the data, kept with the net")
    group.add_argument("--seed", type=whole_number(0), metavar="S", help="of all chance (default: 0)")


def _add_schedule(group: argparse._ArgumentGroup) -> None:
    group.add_argument("--batch-size", type=whole_number(1), metavar="B",
                       help="positions a step on 19x19, up to twice as many on smaller boards (default: 48)")
    group.add_argument("--optimizer", choices=("muon", "adamw"), help="(default: muon)")
    group.add_argument("--learning-rate", type=number(0, above=True), metavar="R",
                       help="at the top of the schedule (default: 0.008)")
    group.add_argument("--weight-decay", type=number(0), metavar="D", help="(default: 0.02)")
    group.add_argument("--warm-up", type=number(0, 1), metavar="W", help="share of the schedule (default: 0.03)")
    group.add_argument("--average", type=number(0, 1), metavar="A",
                       help="decay of the average of weights that is exported (default: 0.999)")
    group.add_argument("--freeze-norms-at", type=number(0, 1), metavar="F",
                       help="share of the schedule after which BatchNorm's statistics are kept (default: 0.6)")
    group.add_argument("--int8-from", type=number(0, 1), metavar="F",
                       help="share of the schedule after which convolutions round as in 8 bits (default: 1.0)")
    group.add_argument("--hidden-planes", nargs="+", type=whole_number(0, 13), metavar="P",
                       help="input planes that the net does not see, for studies")
    group.add_argument("--loss", action="append", type=named_number, metavar="TERM=W",
                       help="weight of a term of the loss: policy, value, ownership, lead, lead_stdev")


def _add_machine(group: argparse._ArgumentGroup) -> None:
    group.add_argument("--device", choices=("cpu", "cuda"), help="(default: cpu)")
    group.add_argument("--workers", type=whole_number(0), metavar="T",
                       help="threads that share a batch on the CPU; 0: one a core (default: 0)")
    group.add_argument("--compile", action=argparse.BooleanOptionalAction, help="use torch.compile (default: False)")
    group.add_argument("--autocast", action=argparse.BooleanOptionalAction,
                       help="use bfloat16; left out: on GPUs and on CPUs with AMX")
    group.add_argument("--checkpoint-minutes", type=number(0, above=True), metavar="M",
                       help="time between checkpoints (default: 5.0)")
    group.add_argument("--valid-positions", type=whole_number(1), metavar="P",
                       help="validation positions of each group at a checkpoint (default: 2048)")


def named_number(text: str) -> tuple[str, float]:
    """An option type: NAME=NUMBER with a number of at least 0."""
    name, separator, value = text.rpartition("=")
    if not separator or not name:
        raise argparse.ArgumentTypeError(f"{text!r} is not accepted: expected NAME=NUMBER")
    return name, number(0)(value)


def run(args: argparse.Namespace) -> int:
    """Train until the schedule ends; exit code 130 if Ctrl-C ended it before."""
    with needs_extra("train"):
        from ponnuki.selfplay.train import TrainSettings, train
    show_warnings()
    given = {name: getattr(args, name) for name in TrainSettings.__dataclass_fields__ if name not in ("loss", "data")}
    fields = {name: value for name, value in given.items() if value is not None}
    for name in ("other_data", "shares", "hidden_planes"):
        if name in fields:
            fields[name] = tuple(fields[name])
    settings = TrainSettings(data=tuple(args.data), loss=_loss_weights(args.loss or []), **fields)
    return 0 if train(settings) else INTERRUPTED


def _loss_weights(terms: list[tuple[str, float]]) -> "LossWeights":
    """The default weights with those given.

    Raises:
        ConfigError: there is no such term.
    """
    from ponnuki.nets.training import LossWeights

    accepted = LossWeights.__dataclass_fields__
    for name, _ in terms:
        if name not in accepted:
            raise ConfigError(f"--loss: no term {name!r}; accepted: {', '.join(accepted)}")
    return LossWeights(**dict(terms))
