"""docs/arena.md tells the truth: its commands parse, its pool is read, and it names every key of a pool."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from ponnuki.arena.pool_file import POOL_KEYS, read_pool
from ponnuki.cli.main import parse

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "arena.md").read_text("utf-8")


def shell_lines() -> list[str]:
    return [line for block in re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL) for line in block.splitlines()]


@pytest.mark.parametrize("line", shell_lines())
def test_shown_commands_are_accepted(line: str) -> None:
    words = shlex.split(line)
    assert words[0] == "ponnuki"
    assert parse(words[1:]).command in ("match", "rate")


def test_the_shown_pool_is_read(tmp_path: Path) -> None:
    (shown,) = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)
    (tmp_path / "net.onnx").touch()
    (tmp_path / "pool.toml").write_text(shown, "utf-8")
    pool = read_pool(tmp_path / "pool.toml")
    assert [engine.name for engine in pool.engines] == ["net-100", "net-1s", "gnugo-1"]
    assert len(pool.pairings) == 3
    assert pool.engines[0].playouts == 100


@pytest.mark.parametrize("key", POOL_KEYS)
def test_every_key_of_a_pool_is_named(key: str) -> None:
    assert re.search(rf"\b{key}\b", PAGE[PAGE.index("## Ratings of a pool") :])


def test_options_named_in_the_text_exist() -> None:
    from ponnuki.cli.main import build_parser

    known = {option for name in ("match", "rate", "gtp") for option in build_parser([name]).leaf([name]).options()}
    prose = re.sub(r'"gnugo[^"]*"|`--chinese-rules --positional-superko`|^    .*$', "", PAGE, flags=re.MULTILINE)
    assert set(re.findall(r"(?<![\w-])--([a-z][a-z-]+)", prose)) <= known
