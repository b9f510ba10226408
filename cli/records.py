"""`ponnuki records import|export|info|check`: SGF folders to game records and back."""

import argparse
from pathlib import Path

from .parsing import Parser, add_common_options, output_folder, show_warnings, whole_number


def add_parser(subparsers: "argparse._SubParsersAction[Parser]") -> Parser:
    """Declare the command, its actions and their options."""
    parser = subparsers.add_parser("records", help="turn SGF folders into game records and back",
                                   description="Game records (docs/records.md): import, export, describe, check.")
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True, parser_class=Parser)
    _add_import(actions.add_parser("import", help="read SGF files into records"))
    _add_export(actions.add_parser("export", help="write the games of records as SGF files"))
    for name, summary in (("info", "describe records, a line each"),
                          ("check", "say what is wrong with records: damage, values out of range, illegal moves")):
        _add_sources(actions.add_parser(name, help=summary), "records (.npz)")
    return parser


def _add_sources(parser: Parser, what: str) -> None:
    parser.add_argument("sources", nargs="+", type=Path, metavar="FILE", help=f"{what}, or folders of them")
    add_common_options(parser)


def _add_out(parser: Parser) -> None:
    parser.add_argument("--out", type=output_folder, required=True, metavar="DIR", help="folder to write into")


def _add_import(parser: Parser) -> None:
    _add_sources(parser, "SGF files")
    _add_out(parser)
    parser.add_argument("--rules", default="area", metavar="NAME", help="for games that name none")
    parser.add_argument("--games-per-shard", type=whole_number(1), default=10_000, metavar="G",
                        help="games in one file")
    parser.add_argument("--min-moves", type=whole_number(0), default=1, metavar="M", help="leave shorter games out")
    parser.add_argument("--sure-results-only", action="store_true",
                        help="leave out games that were neither counted nor resigned")


def _add_export(parser: Parser) -> None:
    _add_sources(parser, "records (.npz)")
    _add_out(parser)
    parser.add_argument("--limit", type=whole_number(1), metavar="G", help="at most so many games of each file")


def run(args: argparse.Namespace) -> int:
    """Do the action; `check` fails (exit code 1) where something is wrong."""
    show_warnings()
    return {"import": _import, "export": _export, "info": _info, "check": _check}[args.action](args)


def _import(args: argparse.Namespace) -> int:
    from ponnuki.engine.rules import Rules
    from ponnuki.records.commands import import_sgf

    print(import_sgf(args.sources, args.out, rules=Rules.parse(args.rules), games_per_shard=args.games_per_shard,
                     min_moves=args.min_moves, sure_results_only=args.sure_results_only))
    return 0


def _export(args: argparse.Namespace) -> int:
    from ponnuki.records.commands import export_sgf

    print(f"{export_sgf(args.sources, args.out, args.limit)} SGF files written to {args.out}")
    return 0


def _info(args: argparse.Namespace) -> int:
    from ponnuki.records.commands import info_lines

    for line in info_lines(args.sources):
        print(line)
    return 0


def _check(args: argparse.Namespace) -> int:
    from ponnuki.records.commands import check_lines

    faults = 0
    for line in check_lines(args.sources):
        print(line)
        faults += 1
    if not faults:
        print("nothing wrong")
    return 1 if faults else 0
