"""`ponnuki review`: a game's SGF with win rates, leads, mistakes and better variations."""

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING

from ponnuki.analysis.thresholds import Thresholds

from .gtp import PLAYER, add_search_options, add_weights_option, player_settings
from .parsing import (
    Parser,
    add_common_options,
    number,
    output_file,
    show_warnings,
    warn,
    weights_file,
    whole_number,
)

if TYPE_CHECKING:
    from ponnuki.analysis.review import GameReview
    from ponnuki.records.games import GameRecord
    from ponnuki.records.sgf import Node

DEFAULT_VISITS = 200
TOLD = Thresholds()
WORST_SHOWN = 10
"""Moves in the table of the worst."""


def add_parser(subparsers: "argparse._SubParsersAction[Parser]") -> Parser:
    """Declare the command and its options."""
    parser = subparsers.add_parser("review", help="annotate a game: win rates, leads, mistakes, better moves",
                                   description="Search every position of a game, and write it out with what was found.",
                                   epilog="Sabaki draws its graph from the result; other programs show the comments.")
    parser.add_argument("game", type=Path, metavar="GAME.sgf")
    parser.add_argument("--out", type=output_file, metavar="FILE",
                        help="where to (default: GAME-reviewed.sgf, beside it)")
    parser.add_argument("--number", type=whole_number(1), default=1, metavar="N",
                        help="which game of a file that holds several")
    parser.add_argument("--rules", metavar="NAME", help="instead of those that the file names (default there: area)")
    parser.add_argument("--komi", type=number(-1000, 1000), metavar="K", help="instead of the file's")
    parser.add_argument("--json", type=output_file, metavar="FILE", help="write figures of each move, as JSON")
    told = parser.add_argument_group("what is told")
    told.add_argument("--doubtful", type=number(0, 1000), default=TOLD.doubtful, metavar="P",
                      help="points that a doubtful move loses")
    told.add_argument("--bad", type=number(0, 1000), default=TOLD.bad, metavar="P",
                      help="points that a bad move loses")
    told.add_argument("--variations", type=whole_number(0, 100), default=TOLD.variations, metavar="N",
                      help="better moves shown beside a mistake, at most")
    told.add_argument("--pv-moves", type=whole_number(1, 1000), default=TOLD.pv_moves, metavar="N",
                      help="length of a variation, at most")
    group = parser.add_argument_group("strength")
    add_weights_option(group)
    group.add_argument("--visits", type=whole_number(2), default=DEFAULT_VISITS, metavar="V",
                       help="of each position")
    group.add_argument("--threads", type=whole_number(1, 256), metavar="T",
                       help=f"threads, each for positions of its own (default: {PLAYER.threads})")
    add_search_options(parser.add_argument_group("search"))
    add_common_options(parser)
    return parser


def run(args: argparse.Namespace) -> int:
    """Review the game, print a summary."""
    from ponnuki.analysis.annotate import annotated
    from ponnuki.analysis.review import move_table
    from ponnuki.engine.errors import ConfigError
    from ponnuki.records.sgf import main_line, parse_trees

    show_warnings()
    thresholds = Thresholds(args.doubtful, args.bad, args.variations, args.pv_moves)
    content = _content(args.game)
    out = args.out or _beside(args.game)
    trees = parse_trees(content)
    if args.number > len(trees):
        raise ConfigError(f"--number {args.number}: {args.game} holds {len(trees)} game(s)")
    tree = trees[args.number - 1]
    nodes = main_line(tree)
    review = _review(args, nodes)
    _write(out, annotated(tree, review, thresholds))
    if args.json:
        _write(args.json, json.dumps(move_table(review), indent=1).encode())
    _print_summary(review, nodes, thresholds)
    print(f"written to {out}")
    return 0


def _content(path: Path) -> bytes:
    from ponnuki.engine.errors import ConfigError

    try:
        return path.read_bytes()
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror or error}") from None


def _beside(game: Path) -> Path:
    """The reviewed game's file where none is named.

    Raises:
        ConfigError: it cannot be written, which --out would have been told beforehand too.
    """
    from ponnuki.engine.errors import ConfigError

    try:
        return output_file(str(game.with_name(f"{game.stem}-reviewed.sgf")))
    except argparse.ArgumentTypeError as error:
        raise ConfigError(f"{error}; --out says where else to") from None


def _write(path: Path, data: bytes) -> None:
    from ponnuki.engine.errors import PonnukiError
    from ponnuki.records.replacing import replace_bytes

    try:
        replace_bytes(path, data)
    except OSError as error:
        raise PonnukiError(f"{path}: {error.strerror or error}") from None


def _review(args: argparse.Namespace, nodes: "list[Node]") -> "GameReview":
    """Search the positions, with progress on stderr.

    Raises:
        RecordError: the file is not a game that can be played through.
        ConfigError: an option or the rules are not accepted.
        WeightsError: the net cannot be used.
    """
    from ponnuki.analysis.review import Reviewer, played_game, reviewed, turns_of
    from ponnuki.gtp.loading import load_evaluators
    from ponnuki.nets.ort import OnnxEvaluator
    from ponnuki.records.progress import with_progress
    from ponnuki.records.sgf import record_and_moves

    settings = player_settings(args)
    record, moves = record_and_moves(nodes)
    _override(args, record)
    game, steps, refused = played_game(record, moves)
    if refused:
        warn(refused)
    weights = weights_file(args.weights)
    if weights is None:
        warn("no net is shipped with this copy: reviewing by rollouts")
    else:
        # A file that cannot be used ends the command, where a session would go on without it.
        OnnxEvaluator(weights, provider=settings.provider)
    reviewer = Reviewer(load_evaluators(weights, game.size, settings), settings, args.visits)
    turns = turns_of(game, steps)
    found = {}
    searched = reviewer.search(game, turns)
    for _ in with_progress(turns, "searching positions"):
        turn, assessment = next(searched)
        found[turn] = assessment
    reviewer.close()
    return reviewed(game, steps, found)


def _override(args: argparse.Namespace, record: "GameRecord") -> None:
    from ponnuki.engine.rules import Rules

    if args.rules:
        record.rules = Rules.parse(args.rules)
    if args.komi is not None:
        record.komi = args.komi


def _print_summary(review: "GameReview", nodes: "list[Node]", thresholds: Thresholds) -> None:
    from rich.console import Console
    from rich.table import Table

    from ponnuki.engine.coords import BLACK, WHITE, vertex

    console = Console()
    sides = Table("side", "moves", "first choice", "lost a move", "doubtful", "bad", title_justify="left")
    for colour, name, key in ((BLACK, "Black", "PB"), (WHITE, "White", "PW")):
        own = [move for move in review.moves if move.colour == colour]
        if own:
            player = nodes[0].get(key, [b""])[0].decode("utf-8", "replace").strip()
            lost = [move.points_lost for move in own]
            bad = sum(points >= thresholds.bad for points in lost)
            sides.add_row(f"{name} ({player})" if player else name, str(len(own)),
                          f"{sum(move.place == 0 for move in own) / len(own):.0%}", f"{sum(lost) / len(own):.2f}",
                          str(sum(points >= thresholds.doubtful for points in lost) - bad), str(bad))
    console.print(sides)
    worst = sorted((move for move in review.moves if move.points_lost >= thresholds.doubtful),
                   key=lambda move: -move.points_lost)[:WORST_SHOWN]
    if worst:
        table = Table("move", "played", "lost", "win rate lost", "better", title="the costliest", title_justify="left")
        for move in worst:
            side = "B" if move.colour == BLACK else "W"
            pv = " ".join(vertex(point, review.size) for point in move.before.candidates[0].pv[:5])
            table.add_row(str(move.number), f"{side} {vertex(move.move, review.size)}", f"{move.points_lost:.1f}",
                          f"{100 * move.winrate_lost:.0f}%", pv)
        console.print(table)
