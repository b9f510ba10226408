"""Whole conversations, request by request and reply by reply, from the files under conversations/.

`> ` begins a request, the lines after it are the exact reply without the blank line that closes it. `! script` gives
the moves that the scripted player generates, `! dead` the stones it finds dead; `# ` at the start is a comment.
"""

from pathlib import Path

import pytest

from .fakes import ScriptedBackstage, converse

FILES = sorted((Path(__file__).parent / "conversations").glob("*.txt"))


def read(path):
    """(requests, replies, player's script, dead stones) of a file."""
    requests, replies, headers = [], [], {"script": "", "dead": ""}
    for line in path.read_text("utf-8").splitlines():
        if line.startswith("! "):
            name, _, value = line[2:].partition(" ")
            headers[name] += " " + value
        elif line.startswith("> "):
            requests.append(line[2:])
            replies.append("")
        elif requests:
            replies[-1] += line + "\n"
        else:
            assert not line or line.startswith("# ")
    return requests, replies, headers["script"], headers["dead"]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_conversation(path):
    requests, expected, script, dead = read(path)
    output = converse("\n".join(requests) + "\n", ScriptedBackstage(script, dead))
    got = output.split("\n\n")[:-1]
    labelled = [f"> {request}\n{reply}\n" for request, reply in zip(requests, got, strict=False)]
    assert labelled == [f"> {request}\n{reply}" for request, reply in zip(requests, expected, strict=True)]
    assert len(got) == len(requests)
