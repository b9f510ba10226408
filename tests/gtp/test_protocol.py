"""The protocol without Go: lines to requests, replies, dispatch."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ponnuki.gtp.protocol import ClosedPipe, Dispatcher, GtpError, Request, converse, format_reply, parse_line


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("name", Request("", "name")),
        ("play b D4", Request("", "play", ("b", "D4"))),
        ("12 play b D4", Request("12", "play", ("b", "D4"))),
        ("007 name", Request("007", "name")),
        ("  \t 3\tplay\t b   D4  ", Request("3", "play", ("b", "D4"))),
        ("name # comment 5", Request("", "name")),
        ("name#comment", Request("", "name")),
        ("na\x00me\r", Request("", "name")),
        ("\ufeffname", Request("", "name")),
        ("1e3 name", Request("", "1e3", ("name",))),
        ("-1 name", Request("", "-1", ("name",))),
        ("²  name", Request("", "²", ("name",))),
        ("5", Request("5", "")),
        ("Name", Request("", "Name")),
        ("", None),
        ("   \t\r", None),
        ("# only a comment", None),
        ("\x07\x1b", None),
    ],
)
def test_parse_line(line, expected):
    assert parse_line(line) == expected


@pytest.mark.parametrize(
    ("number", "text", "success", "expected"),
    [
        ("", "", True, "=\n\n"),
        ("7", "", True, "=7\n\n"),
        ("", "ponnuki", True, "= ponnuki\n\n"),
        ("7", "ponnuki", True, "=7 ponnuki\n\n"),
        ("", "unknown command", False, "? unknown command\n\n"),
        ("7", "unknown command", False, "?7 unknown command\n\n"),
        ("", "a\nb\n", True, "= a\nb\n\n"),
        ("", "a\n\n\n  \nb", True, "= a\nb\n\n"),
        ("", "\n  A B\n\n 1 .\n", True, "=\n  A B\n 1 .\n\n"),
        ("", "a\r\n\r\nb\x0b", True, "= a\nb\n\n"),
        ("", "trailing  \nspaces ", True, "= trailing\nspaces\n\n"),
    ],
)
def test_format_reply(number, text, success, expected):
    assert format_reply(number, text, success=success) == expected


@given(st.text(), st.booleans())
def test_a_reply_holds_one_blank_line_at_its_end(text, success):
    reply = format_reply("1", text, success=success)
    assert reply.endswith("\n\n")
    assert "\n\n" not in reply[:-2]
    assert reply.startswith("=1" if success else "?1")
    assert not reply[:-2].endswith("\n")


@given(st.text())
def test_no_line_breaks_the_parser(line):
    request = parse_line(line)
    assert request is None or not any(letter in word for word in request.arguments for letter in " \t#\r")


def fail(request):
    raise GtpError("cannot " + request.arguments[0])


def crash(request):
    raise ZeroDivisionError("boom")


DISPATCHER = Dispatcher({"echo": lambda request: " ".join(request.arguments), "fail": fail, "crash": crash})


def answer(line):
    return DISPATCHER.answer(parse_line(line)).text


def test_dispatch():
    assert answer("1 echo a b") == "=1 a b\n\n"
    assert answer("fail fly") == "? cannot fly\n\n"
    assert answer("9 nothing") == "?9 unknown command\n\n"
    assert answer("5") == "?5 unknown command\n\n"


def test_a_bug_is_an_internal_error_with_its_traceback_on_stderr(capsys):
    assert answer("4 crash") == "?4 internal error\n\n"
    captured = capsys.readouterr()
    assert "ZeroDivisionError: boom" in captured.err
    assert captured.out == ""


def test_a_client_that_goes_away_in_the_middle_of_an_answer_is_no_bug(capsys):
    def gone(request):
        raise ClosedPipe

    with pytest.raises(ClosedPipe):
        Dispatcher({"analyze": gone}).answer(parse_line("analyze"))
    assert capsys.readouterr().err == ""


def test_commands_about_commands():
    assert answer("list_commands") == "= crash\necho\nfail\nknown_command\nlist_commands\nquit\n\n"
    assert answer("known_command echo") == "= true\n\n"
    assert answer("known_command lz-analyze") == "= false\n\n"
    assert answer("known_command").startswith("? syntax error")


def test_quit_ends_the_conversation():
    sent = []
    lines = ["echo 1", "2 quit", "echo 3"]
    assert converse(DISPATCHER, map(parse_line, lines), sent.append) is True
    assert sent == ["= 1\n\n", "=2\n\n"]
    assert converse(DISPATCHER, map(parse_line, lines[:1]), sent.append) is False
