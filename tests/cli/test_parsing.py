"""Option types, settings files, KataGo's options, and what wrong use prints."""

import argparse
from pathlib import Path

import pytest

from ponnuki.cli import katago
from ponnuki.cli.parsing import (
    Parser,
    add_common_options,
    number,
    output_file,
    output_folder,
    use_settings_file,
    whole_number,
)
from ponnuki.engine.errors import ConfigError


@pytest.fixture
def parser() -> Parser:
    parser = Parser(prog="ponnuki play")
    parser.add_argument("--threads", type=whole_number(1, 64))
    parser.add_argument("--move-time", type=number(0, above=True))
    parser.add_argument("--playout", choices=("net", "rollout"), default="net")
    parser.add_argument("--ponder", action=argparse.BooleanOptionalAction, default=True)
    parser.add_argument("--size", type=whole_number(2, 25), nargs="+")
    parser.add_argument("--sprt", nargs=2, type=float)
    parser.add_argument("--out", required=True)
    add_common_options(parser)
    return parser


def settings_file(folder: Path, text: str) -> str:
    path = folder / "settings.toml"
    path.write_text(text, "utf-8")
    return str(path)


def test_settings_file_gives_what_the_options_would(parser: Parser, tmp_path: Path) -> None:
    text = (
        'threads = 3\nmove_time = 2\nplayout = "rollout"\nponder = false\n'
        'size = [9, 13]\nout = "there"\nsprt = [0, 20]\n'
    )
    use_settings_file(parser, settings_file(tmp_path, text))
    assert vars(parser.parse_args([])) == {
        "threads": 3, "move_time": 2.0, "playout": "rollout", "ponder": False, "size": [9, 13], "out": "there",
        "sprt": [0.0, 20.0],
    }


def test_command_line_wins_over_the_settings_file(parser: Parser, tmp_path: Path) -> None:
    use_settings_file(parser, settings_file(tmp_path, 'threads = 3\nponder = false\nout = "there"\n'))
    args = parser.parse_args(["--threads", "4", "--ponder", "--out", "here"])
    assert (args.threads, args.ponder, args.out) == (4, True, "here")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("thread = 3", r"unknown key 'thread'; accepted: move-time, out, playout, ponder, size, sprt, threads"),
        ("threads = 0", r"threads: '0' is not accepted: expected 1 to 64"),
        ("threads = true", r"threads: True is not accepted: expected one value"),
        ('playout = "guess"', r"playout: 'guess' is not accepted: expected one of net, rollout"),
        ("ponder = 1", r"ponder: 1 is not accepted: expected true or false"),
        ("size = [9, 26]", r"size: '26' is not accepted: expected 2 to 25"),
        ("sprt = [0]", r"sprt: \[0\] is not accepted: expected a list of 2 values"),
        ("sprt = 20", r"sprt: 20 is not accepted: expected a list of 2 values"),
        ('sprt = [0, "x"]', r"sprt: could not convert string to float"),
        ('config = "other.toml"', r"unknown key 'config'"),
        ("threads = ", r"not a TOML file"),
    ],
)
def test_settings_file_errors_name_file_key_and_what_is_accepted(
    parser: Parser, tmp_path: Path, text: str, said: str
) -> None:
    path = settings_file(tmp_path, text)
    with pytest.raises(ConfigError, match=said) as raised:
        use_settings_file(parser, path)
    assert path in str(raised.value)
    assert "\n" not in str(raised.value)


def test_missing_settings_file_is_named(parser: Parser, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"absent\.toml: No such file"):
        use_settings_file(parser, str(tmp_path / "absent.toml"))


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--threads", "none"], "--threads: 'none' is not accepted: expected 1 to 64"),
        (["--threads", "65"], "--threads: '65' is not accepted: expected 1 to 64"),
        (["--move-time", "0"], "--move-time: '0' is not accepted: expected a number above 0"),
        (["--move-time", "inf"], "--move-time: 'inf' is not accepted: expected a number above 0"),
        (["--move-time", "nan"], "--move-time: 'nan' is not accepted: expected a number above 0"),
        (["--playout", "guess"], "--playout: invalid choice: 'guess' (choose from"),
        (["--threads"], "--threads: expected one argument"),
        ([], "missing: --out"),
    ],
)
def test_wrong_use_is_one_line_and_exit_code_2(
    parser: Parser, capsys: pytest.CaptureFixture[str], words: list[str], said: str
) -> None:
    with pytest.raises(SystemExit) as left:
        parser.parse_args(words)
    printed = capsys.readouterr()
    assert left.value.code == 2
    assert printed.out == ""
    assert printed.err.startswith(f"ponnuki play: {said}")
    assert printed.err.count("\n") == 1


def test_unknown_option_suggests_the_nearest(parser: Parser, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        parser.refuse_unknown(["--thread=3"])
    assert "unknown option --thread (did you mean --threads?" in capsys.readouterr().err


def katago_args(words: list[str]) -> argparse.Namespace:
    parser = Parser(prog="ponnuki gtp")
    for option in ("--weights", "--visits", "--playouts", "--move-time", "--threads", "--rules",
                   "--resign-threshold", "--resign-moves", "--log"):
        parser.add_argument(option)
    katago.add_katago_options(parser)
    args = parser.parse_args(words)
    katago.apply_katago_options(args)
    return args


def test_katago_settings_become_ours_and_unknown_ones_are_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = tmp_path / "gtp.cfg"
    config.write_text("# comment\nmaxVisits = 50  # few\nmaxTime = 3\nlogDir = logs\n@include other.cfg\n")
    args = katago_args(["-config", str(config), "-override-config", "maxVisits=80,homeDataDir=/tmp",
                        "-override-config", "resignThreshold=-0.9"])
    assert (args.visits, args.move_time) == (80, 3.0)
    assert args.resign_threshold == pytest.approx(0.05)
    assert capsys.readouterr().err == (
        f"ponnuki: -config {config}: skipped, unknown to ponnuki: logDir\n"
        "ponnuki: -override-config: skipped, unknown to ponnuki: homeDataDir\n"
    )


def test_our_own_options_win_over_katagos() -> None:
    args = katago_args(["--visits", "7", "-override-config", "maxVisits=80"])
    assert args.visits == "7"


@pytest.mark.parametrize(("setting", "threshold"), [("false", 0.0), ("true", None)])
def test_allow_resignation(setting: str, threshold: float | None) -> None:
    assert katago_args(["-override-config", f"allowResignation={setting}"]).resign_threshold == threshold


def test_no_threshold_brings_back_resignation_that_is_not_allowed() -> None:
    args = katago_args(["-override-config", "allowResignation=false,resignThreshold=-0.90"])
    assert args.resign_threshold == 0.0
    args = katago_args(["--resign-threshold", "0.1", "-override-config", "allowResignation=false"])
    assert args.resign_threshold == "0.1"


def test_katago_model_is_skipped_and_ours_is_taken(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    theirs, ours = tmp_path / "b18.bin.gz", tmp_path / "ours.onnx"
    theirs.write_bytes(b"a model")
    ours.write_bytes(b"\x08\x0aformat\x12\x0dponnuki-net-1")
    assert katago_args(["-model", str(theirs), "-human-model", "h.bin.gz"]).weights is None
    assert katago_args(["-model", str(tmp_path / "absent.onnx")]).weights is None
    assert capsys.readouterr().err.count("is skipped") == 3
    assert katago_args(["-model", str(ours)]).weights == str(ours)
    assert katago_args(["--weights", "mine", "-model", str(ours)]).weights == "mine"


@pytest.mark.parametrize("pair", ["maxVisits=none", "maxVisits=0", "maxTime=-1", "resignThreshold=2", "maxVisits"])
def test_a_known_setting_with_a_bad_value_is_refused(pair: str) -> None:
    with pytest.raises(ConfigError, match=pair.split("=")[0]):
        katago_args(["-override-config", pair])


def test_an_output_file_is_refused_where_it_could_not_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert output_file(str(tmp_path / "new" / "deep" / "x.json")) == tmp_path / "new" / "deep" / "x.json"
    assert not (tmp_path / "new").exists(), "asking makes no folder"
    for wrong, said in ((tmp_path, "is a folder"), (tmp_path / "file" / "x.json", "file' is not a folder")):
        with pytest.raises(argparse.ArgumentTypeError, match=said):
            output_file(str(wrong))


def test_an_output_folder_is_refused_where_a_file_is_in_the_way(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for good in (tmp_path, tmp_path / "new" / "deep"):
        assert output_folder(str(good)) == good
    for wrong in (tmp_path / "file", tmp_path / "file" / "deep"):
        with pytest.raises(argparse.ArgumentTypeError, match="file' is not a folder"):
            output_folder(str(wrong))
    with pytest.raises(argparse.ArgumentTypeError, match="File name too long"):
        output_folder(str(tmp_path / ("x" * 300)))
