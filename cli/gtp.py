"""`ponnuki gtp`: the engine behind a board program."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ponnuki.engine.config import (
    DEFAULT_MOVE_TIME_S,
    PLAYOUT_KINDS,
    ChoiceSettings,
    Limits,
    PlayerSettings,
    RolloutSettings,
    SearchSettings,
    TimeSettings,
)

from .katago import add_katago_options, apply_katago_options
from .parsing import Parser, add_common_options, board_size, named_settings, number, warn, weights_file, whole_number

if TYPE_CHECKING:
    from ponnuki.gtp.table import SessionSettings

PLAYER = PlayerSettings()
SEARCH = SearchSettings()

EPILOG = (f"Without a limit and without a clock from the program, a move takes {DEFAULT_MOVE_TIME_S:g} s. "
          "Of several limits the one that is reached first counts.")


def add_parser(subparsers: "argparse._SubParsersAction[Parser]") -> Parser:
    """Declare the command and its options."""
    parser = subparsers.add_parser("gtp", help="play over GTP, for Sabaki and other board programs", epilog=EPILOG,
                                   description="Play Go over the Go Text Protocol, version 2, on stdin and stdout.")
    _add_strength(parser.add_argument_group("strength"))
    add_search_options(parser.add_argument_group("search"))
    _add_game(parser.add_argument_group("game"))
    add_katago_options(parser)
    add_common_options(parser)
    return parser


def _add_strength(group: argparse._ArgumentGroup) -> None:
    add_weights_option(group)
    add_playout_option(group)
    group.add_argument("--playouts", type=whole_number(1), metavar="P", help="limit: playouts added for a move")
    group.add_argument("--visits", type=whole_number(1), metavar="V",
                       help="limit: visits of the position, reused ones too")
    group.add_argument("--move-time", type=number(0.001), metavar="S", help="limit: seconds for a move")
    group.add_argument("--threads", type=whole_number(1, 256), metavar="T",
                       help=f"threads of the evaluator (default: {PLAYER.threads})")
    group.add_argument("--resign-threshold", type=number(0, 0.5), metavar="R",
                       help=f"resign below this win rate; 0: never (default: {PLAYER.resign_threshold:g})")
    group.add_argument("--resign-moves", type=whole_number(1, 100), metavar="M",
                       help=f"in this many own moves in a row (default: {PLAYER.resign_moves})")
    group.add_argument("--resign-lead", type=number(0, 1000), metavar="P",
                       help=f"and so many points behind (default: {PLAYER.resign_lead:g})")


def add_weights_option(group: argparse._ArgumentGroup) -> None:
    """Declare the option that names the net."""
    group.add_argument("--weights", metavar="W",
                       help="an .onnx file or a shipped net's name (default: the shipped net)")
    group.add_argument("--provider", metavar="P",
                       help="what runs the net: cpu (the default), or what the installed onnxruntime has besides, "
                            "such as xnnpack, coreml, openvino or cuda")


def add_playout_option(group: argparse._ArgumentGroup) -> None:
    """Declare the option that says what a playout is."""
    group.add_argument("--playout", choices=PLAYOUT_KINDS,
                       help=f"what a playout is: the net, a simulated game, or both (default: {PLAYER.playout})")


def add_search_options(group: argparse._ArgumentGroup) -> None:
    """Declare the options of the search."""
    group.add_argument("--mixing", type=number(0, 1), metavar="L",
                       help=f"weight of the simulated game with --playout mixed (default: {PLAYER.mixing:g})")
    group.add_argument("--batch-size", type=whole_number(1, 256), metavar="B", help="most positions evaluated together")
    group.add_argument("--seed", type=whole_number(0, 2**63 - 1), metavar="S", help="makes one thread repeatable")
    group.add_argument("--max-tree-mb", type=number(1, 10**6), metavar="MB",
                       help=f"most memory of the search, in megabytes (default: {SEARCH.max_tree_mb:g})")
    group.add_argument("--c-puct", type=number(0, 100), metavar="C", help=f"exploration (default: {SEARCH.c_puct:g})")
    group.add_argument("--search", type=named_settings(SearchSettings), metavar="NAME=VALUE,...", default={},
                       help="settings of the search by the names in docs/search.md")
    group.add_argument("--rollouts", type=named_settings(RolloutSettings), metavar="NAME=VALUE,...", default={},
                       help="settings of --playout rollout (expand_visits, rave_equivalence, ...), likewise")
    group.add_argument("--choice", type=named_settings(ChoiceSettings), metavar="NAME=VALUE,...", default={},
                       help="settings of the choice of the move (temperature, lcb_stdevs, ...), likewise")
    group.add_argument("--timing", type=named_settings(TimeSettings), metavar="NAME=VALUE,...", default={},
                       help="settings of the time for a move (early_stop, extension, ...), likewise")


def _add_game(group: argparse._ArgumentGroup) -> None:
    group.add_argument("--ponder", action=argparse.BooleanOptionalAction,
                       help="think in the opponent's time, too (default: no)")
    group.add_argument("--reuse-tree", action=argparse.BooleanOptionalAction,
                       help="keep what was searched below the moves played (default: yes)")
    group.add_argument("--size", type=board_size, metavar="N",
                       help="board size until the program says another (default: 19)")
    group.add_argument("--komi", type=number(-1000, 1000), metavar="K",
                       help="White's komi (default: as the rules have it)")
    group.add_argument("--rules", metavar="NAME",
                       help="area (the default), tromp-taylor, chinese, japanese, aga, ... or KataGo's JSON object")
    group.add_argument("--log", type=Path, metavar="FILE", help="append all that is received and sent to FILE")


def _given(args: argparse.Namespace, **names: str) -> dict[str, Any]:
    """Those of our settings' fields whose option (named by value) the command has and was given."""
    found = {field: getattr(args, option, None) for field, option in names.items()}
    return {field: value for field, value in found.items() if value is not None}


def player_settings(args: argparse.Namespace) -> PlayerSettings:
    """The player's settings; what was not given keeps its default.

    Raises:
        ConfigError: a value is out of range.
    """
    if args.provider not in (None, PLAYER.provider):
        from ponnuki.nets.ort import check_provider  # takes a moment, which the default spares

        check_provider(args.provider)
    return PlayerSettings(
        limits=Limits(**_given(args, playouts="playouts", visits="visits", move_time_s="move_time")),
        search=SearchSettings(**{**args.search, **_given(args, max_tree_mb="max_tree_mb", c_puct="c_puct")}),
        rollouts=RolloutSettings(**args.rollouts),
        choice=ChoiceSettings(**args.choice),
        timing=TimeSettings(**args.timing),
        **_given(args, playout="playout", mixing="mixing", threads="threads", batch_size="batch_size", seed="seed",
                 ponder="ponder", reuse_tree="reuse_tree", resign_threshold="resign_threshold",
                 resign_moves="resign_moves", resign_lead="resign_lead", provider="provider"),
    )


def session_settings(args: argparse.Namespace) -> "SessionSettings":
    """What the session starts with.

    Raises:
        ConfigError: a value is out of range, or the rules are unknown.
    """
    from ponnuki.engine.rules import HOME_RULES, Rules
    from ponnuki.gtp.table import SessionSettings

    rules = Rules.parse(args.rules) if args.rules else HOME_RULES
    return SessionSettings(player_settings(args), rules, **_given(args, size="size", komi="komi", log="log"))


def run(args: argparse.Namespace) -> int:
    """Play until the program says `quit`."""
    apply_katago_options(args)
    if getattr(args, "perspective", None) not in (None, "sidetomove"):
        warn("reportAnalysisWinratesAs is skipped: over GTP, figures are told for the side to play")
    settings = session_settings(args)
    weights = weights_file(args.weights)
    if weights is None and settings.player.playout != "rollout":
        warn("no net is shipped with this copy: playing by rollouts")
    from ponnuki.gtp.session import serve

    serve(settings, weights)
