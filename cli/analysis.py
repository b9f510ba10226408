"""`ponnuki analysis`: the JSON analysis engine, for KaTrain and other programs that ask about many positions."""

import argparse
from pathlib import Path

from .gtp import add_playout_option, add_search_options, add_weights_option, player_settings
from .katago import PERSPECTIVES, add_katago_options, apply_katago_options
from .parsing import Parser, add_common_options, board_size, number, warn, weights_file, whole_number

DEFAULT_VISITS = 500
"""As in KataGo's example settings."""

EPILOG = "Queries and replies are JSON objects, one a line, in the protocol of KataGo's analysis engine."


def add_parser(subparsers: "argparse._SubParsersAction[Parser]") -> Parser:
    """Declare the command and its options."""
    parser = subparsers.add_parser("analysis", help="analyse positions, for KaTrain and other programs", epilog=EPILOG,
                                   description="Answer queries about positions on stdin and stdout.")
    group = parser.add_argument_group("strength")
    add_weights_option(group)
    add_playout_option(group)
    group.add_argument("--visits", type=whole_number(1), metavar="V",
                       help=f"of a position for which a query does not say how many (default: {DEFAULT_VISITS})")
    group.add_argument("--move-time", type=number(0.001), metavar="S", help="most seconds for a position")
    group.add_argument("--threads", type=whole_number(1, 256), metavar="T",
                       help="threads, each for positions of its own (default: 1)")
    add_search_options(parser.add_argument_group("search"))
    other = parser.add_argument_group("other")
    other.add_argument("--perspective", choices=PERSPECTIVES,
                       help="whose win rates and leads are told where a query does not say (default: black)")
    other.add_argument("--rules", metavar="NAME", help="where a query does not say (default: area)")
    other.add_argument("--size", type=board_size, metavar="N", help="board size to make ready for (default: 19)")
    other.add_argument("--log", type=Path, metavar="FILE", help="append all that is received and sent to FILE")
    add_katago_options(parser)
    other.add_argument("-analysis-threads", dest="katago_threads", type=whole_number(1), metavar="T",
                       help="skipped: each of --threads searches eight positions at once")
    other.add_argument("-quit-without-waiting", action="store_true",
                       help="end with the input, whatever is not answered yet")
    add_common_options(parser)
    return parser


def run(args: argparse.Namespace) -> int:
    """Answer until the input ends."""
    apply_katago_options(args)
    args.visits = args.visits or DEFAULT_VISITS
    settings = player_settings(args)
    weights = weights_file(args.weights)
    if weights is None and settings.playout != "rollout":
        warn("no net is shipped with this copy: analysing by rollouts")
    from ponnuki.engine.rules import HOME_RULES, Rules

    rules = Rules.parse(args.rules) if args.rules else HOME_RULES
    from ponnuki.analysis.serve import Start, serve

    return serve(Start(settings, rules, (args.perspective or "black").upper(), weights, args.size or 19, args.log,
                       wait=not args.quit_without_waiting))
