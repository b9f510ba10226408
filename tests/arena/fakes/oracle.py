"""A fake GTP engine for problem suites: answers by the file that was loaded last, or misbehaves.

    python oracle.py [--default VERTEX] [--answer STEM=VERTEX|crash|hang|refuse]… [--line VERTEX,VERTEX…]
                     [--without COMMAND]… [--log FILE]

`--line` gives the answers to successive genmoves after a position was set up, whatever the file's name.
"""

import argparse
import pathlib
import sys
import time

COMMANDS = ["list_commands", "boardsize", "clear_board", "komi", "play", "undo", "genmove", "reg_genmove", "loadsgf",
            "trymove", "popgo", "gg_genmove", "attack", "quit"]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--default", default="E5")
    parser.add_argument("--answer", action="append", default=[])
    parser.add_argument("--line", default="")
    parser.add_argument("--without", action="append", default=[])
    parser.add_argument("--log")
    options = parser.parse_args()
    answers = dict(answer.split("=", 1) for answer in options.answer)
    known = [name for name in COMMANDS if name not in options.without]
    loaded, line = "", []
    for text in sys.stdin:
        if options.log:
            with open(options.log, "a", encoding="utf-8") as log:
                log.write(text)
        name, *words = text.split()
        if name not in known:
            print("? unknown command\n", flush=True)
            continue
        reply = ""
        if name == "list_commands":
            reply = "\n".join(known)
        elif name in ("loadsgf", "clear_board"):
            loaded = pathlib.Path(words[0]).stem if words else ""
            line = [vertex for vertex in options.line.split(",") if vertex]
        elif name in ("genmove", "reg_genmove", "gg_genmove", "attack"):
            reply = answers.get(loaded, options.default)
            if name == "genmove" and line:
                reply = line.pop(0)
            if reply == "crash":
                print("fatal: no idea", file=sys.stderr, flush=True)
                sys.exit(3)
            if reply == "hang":
                time.sleep(3600)
            if reply == "refuse":
                print("? I would rather not\n", flush=True)
                continue
        print(f"= {reply}\n", flush=True)
        if name == "quit":
            return


main()
