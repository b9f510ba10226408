"""The README tells the truth: its commands parse, its table is complete, its links lead somewhere."""

import re
import shlex
from pathlib import Path

import pytest

from ponnuki.cli.main import COMMANDS, parse
from ponnuki.cli.parsing import use_settings_file

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text("utf-8")


def shell_lines() -> list[str]:
    """Every command of the README's shell blocks."""
    blocks = re.findall(r"```sh\n(.*?)```", README, re.DOTALL)
    return [part.strip() for block in blocks for line in block.splitlines() for part in line.split("&&")]


def test_there_are_two_commands_install_and_play_then_test() -> None:
    assert shell_lines()[:4] == ["pip install .", "ponnuki gtp", 'pip install -e ".[test]"', "python -m pytest"]
    assert (ROOT / ".ci" / "run").read_text("utf-8").rstrip().endswith("\npython -m pytest")


@pytest.mark.parametrize("line", [line for line in shell_lines() if line.startswith("ponnuki ")])
def test_shown_commands_are_accepted(line: str) -> None:
    words = shlex.split(line, comments=True)[1:]
    assert parse(words).command == words[0]


def test_shown_settings_file_is_accepted(tmp_path: Path) -> None:
    from ponnuki.cli.main import build_parser

    (shown,) = re.findall(r"```toml\n(.*?)```", README, re.DOTALL)
    path = tmp_path / "mine.toml"
    path.write_text(shown, "utf-8")
    parser = build_parser(["gtp"]).leaf(["gtp"])
    use_settings_file(parser, str(path))
    args = parser.parse_args([])
    assert (args.move_time, args.threads, args.rules) == (5.0, 2, "japanese")


def test_table_lists_every_command_and_no_other() -> None:
    assert sorted(re.findall(r"^\| `ponnuki (\w+)` \|", README, re.MULTILINE)) == sorted(COMMANDS)


def test_options_named_in_the_text_exist() -> None:
    from ponnuki.cli.main import build_parser

    known = {option for name in COMMANDS for option in build_parser([name]).leaf([name]).options()}
    known |= {"out"}  # of the actions of `records`
    named = set(re.findall(r"(?<![\w-])--([a-z][a-z-]+)", re.sub(r'"gnugo[^"]*"', "", README)))
    assert named <= known | {"help"}


@pytest.mark.parametrize("page", ["README.md", "docs/design.md", "docs/records.md", "docs/arena.md"])
def test_links_lead_somewhere(page: str) -> None:
    folder = (ROOT / page).parent
    links = re.findall(r"\]\(([^)#]+)\)", (ROOT / page).read_text("utf-8"))
    missing = [link for link in links if not link.startswith("http") and not (folder / link).exists()]
    assert missing == []


def test_the_table_names_every_folder() -> None:
    told = re.findall(r"^\| `(\w+)/` \|", README, re.MULTILINE)
    packages = {path.parent.name for path in ROOT.glob("*/__init__.py")}
    assert set(told) == packages | {"tests", "docs"}
