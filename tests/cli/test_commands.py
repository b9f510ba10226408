"""The command as a process: what it prints, its exit codes, and how little it imports before it must."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from ponnuki.cli.main import COMMANDS, build_parser, command_module, main
from ponnuki.nets.ort import usable_providers

HEAVY = {"numpy", "numba", "llvmlite", "onnxruntime", "rich", "torch", "scipy"}


def ponnuki(*words: str, text: str = "") -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "ponnuki.cli.main", *words]
    return subprocess.run(command, input=text, capture_output=True, text=True, timeout=120, check=False)


def test_help_names_every_command() -> None:
    said = ponnuki("--help")
    assert said.returncode == 0
    for name in COMMANDS:
        assert re.search(rf"^    {name} +\w", said.stdout, re.MULTILINE), name


@pytest.mark.parametrize("name", COMMANDS)
def test_command_describes_itself(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        build_parser([name]).parse_args([name, "--help"])
    assert left.value.code == 0
    said = " ".join(capsys.readouterr().out.split())
    assert said.startswith(f"usage: ponnuki {name}")
    assert said.count("(default: ") == len(re.findall(r"\(default: [^){}]+\)", said)), "a default that tells nothing"
    assert ") (default: " not in said, "a default that is told twice"
    assert callable(command_module(name).run)


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        ([], 2, "ponnuki: missing: COMMAND"),
        (["fly"], 2, "ponnuki: COMMAND: invalid choice: 'fly'"),
        (["gtp", "--playot", "net"], 2, "ponnuki gtp: unknown option --playot (did you mean --playout?"),
        (["gtp", "extra"], 2, "ponnuki gtp: unexpected argument 'extra'"),
        (["gtp", "--threads", "0"], 2, "ponnuki gtp: --threads: '0' is not accepted: expected 1 to 256"),
        (["gtp", "--size", "26"], 2, "ponnuki gtp: --size: '26' is not accepted: expected 2 to 25"),
        (["gtp", "--rules", "house"], 2, "ponnuki: unknown rules 'house': expected one of tromp-taylor"),
        (["gtp", "--config", "absent.toml"], 2, "ponnuki: --config absent.toml: No such file"),
        (["match", "absent.onnx", "gnugo --mode gtp"], 2, "ponnuki: weights file 'absent.onnx' does not exist"),
        (["match", "a", "b", "--json", f"{__file__}/x"], 2, f"ponnuki match: --json: '{__file__}/x': '{__file__}' is"),
        (["rate", "pool.toml", "--report", "."], 2, "ponnuki rate: --report: '.' is a folder; expected the name of"),
        (["review", "x.sgf", "--out", "."], 2, "ponnuki review: --out: '.' is a folder; expected the name of"),
        (["match", "a", "b", "--games", "3"], 2, "ponnuki: 3 games: expected an even number"),
        (["records"], 2, "ponnuki records: missing: ACTION"),
        (["records", "check", "--limit", "3", "x"], 2, "ponnuki records check: unknown option --limit"),
        (["records", "import", "absent", "--out", "there"], 1, "ponnuki: absent: no such file or folder"),
    ],
)
def test_mistakes_get_one_line(words: list[str], code: int, said: str) -> None:
    done = ponnuki(*words)
    assert done.stdout == ""
    assert done.stderr.startswith(said)
    assert done.stderr.count("\n") == 1
    assert done.returncode == code


def test_debug_shows_where_it_went_wrong() -> None:
    assert "Traceback" in ponnuki("records", "import", "absent", "--out", "there", "--debug").stderr


def test_a_bug_is_one_line_too(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    from ponnuki.cli import main, records

    def broken(_: object) -> int:
        raise RuntimeError("wires crossed")

    monkeypatch.setattr(records, "run", broken)
    assert main.main(["records", "info", "x"]) == 1
    assert capsys.readouterr().err == (
        "ponnuki: internal error: RuntimeError: wires crossed (--debug shows where)\n"
    )
    with pytest.raises(RuntimeError):
        main.main(["records", "info", "x", "--debug"])


def test_control_c_exits_with_130(monkeypatch: pytest.MonkeyPatch) -> None:
    from ponnuki.cli import main, records

    def stopped(_: object) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(records, "run", stopped)
    assert main.main(["records", "info", "x"]) == 130


def test_settings_file_reaches_an_inner_command(tmp_path: Path) -> None:
    settings = tmp_path / "settings.toml"
    settings.write_text('limit = 0\nout = "there"\n')
    said = ponnuki("records", "export", "x", "--config", str(settings))
    assert said.stderr.startswith(f"ponnuki: --config {settings}: limit: '0' is not accepted: expected a whole number")
    assert said.returncode == 2


def test_gtp_answers_before_anything_heavy_is_imported() -> None:
    """Everything up to the session, and the handshake's own commands; the rest loads in a thread."""
    script = (
        "import sys\n"
        "from ponnuki.cli import gtp, main\n"
        "args = main.parse(['gtp', '--playout', 'rollout', '-override-config', 'maxVisits=9'])\n"
        "import ponnuki.gtp.session\n"
        "gtp.apply_katago_options(args)\n"
        "assert gtp.session_settings(args).player.limits.visits == 9\n"
        "print(*sorted({name.split('.')[0] for name in sys.modules}))\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert not HEAVY & set(done.stdout.split())


def test_gtp_speaks_the_protocol_and_leaves_with_0() -> None:
    done = ponnuki("gtp", "--playout", "rollout", text="1 protocol_version\n2 name\n3 nonsense\n4 quit\n")
    assert done.stdout == "=1 2\n\n=2 ponnuki\n\n?3 unknown command\n\n=4\n\n"
    assert done.returncode == 0


def test_train_has_an_option_for_every_setting_and_tells_its_true_default(capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("torch", reason="the trainer needs torch")
    pytest.importorskip("tensorboard", reason="the trainer needs tensorboard")
    from ponnuki.selfplay.train import TrainSettings

    train = build_parser(["train"]).leaf(["train"])
    actions = {action.dest: action for action in train.options().values()}
    fields = TrainSettings.__dataclass_fields__
    assert set(fields) <= set(actions)
    for name, field in fields.items():
        told = re.search(r"\(default: (.+)\)", actions[name].help or "")
        if told:
            assert told[1] == str(field.default), name


@pytest.mark.parametrize("command", ["gtp", "analysis"])
def test_a_provider_that_is_not_there_is_refused_at_once(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([command, "--provider", "tpu"]) == 2
    assert capsys.readouterr().err == f"ponnuki: provider 'tpu': accepted here are {', '.join(usable_providers())}\n"
