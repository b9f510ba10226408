"""Which package may import which: docs/design.md's table, held by walking the source."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent

MAY_IMPORT = {
    "engine": set(),
    "records": {"engine"},
    "nets": {"engine", "records"},
    "gtp": {"engine", "records", "nets"},
    "analysis": {"engine", "records", "nets", "gtp"},
    "arena": {"engine", "records", "gtp"},
    "selfplay": {"engine", "records", "nets", "arena"},
    "bench": {"engine", "records", "nets", "gtp", "arena", "selfplay"},
    "cli": {"engine", "records", "nets", "gtp", "analysis", "arena", "selfplay", "bench"},
    "weights": set(),
}
"""Besides itself and `weights`, which is data."""

TORCH_FOLDERS = {"nets", "selfplay"}
"""Only here may torch be imported at all; a player needs none of it."""


def imported(source: str, folder: str) -> Iterator[str]:
    """The absolute name of every module that a module of the package `folder` imports, inside functions too."""
    package = ["ponnuki", *folder.split("/")]
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            module = ".".join([*base, *([node.module] if node.module else [])])
            yield module
            yield from (f"{module}.{alias.name}" for alias in node.names)


def imports_of(folder: str) -> list[tuple[Path, str]]:
    """Each file of a top-level folder with each module it imports."""
    found = [
        (path.relative_to(ROOT), name)
        for path in sorted((ROOT / folder).rglob("*.py"))
        for name in imported(path.read_text("utf-8"), path.relative_to(ROOT).parent.as_posix())
    ]
    assert (ROOT / folder / "__init__.py").exists()
    return found


@pytest.mark.parametrize("folder", MAY_IMPORT)
def test_packages_import_only_what_lies_below_them(folder: str) -> None:
    accepted = MAY_IMPORT[folder] | {folder, "weights"}
    for path, name in imports_of(folder):
        parts = name.split(".")
        if parts[0] == "ponnuki" and len(parts) > 1:
            assert parts[1] in accepted, f"{path} imports {name}"
        assert parts[0] not in MAY_IMPORT, f"{path} imports {name} without ponnuki"


@pytest.mark.parametrize("folder", sorted(set(MAY_IMPORT) - TORCH_FOLDERS))
def test_playing_needs_no_torch(folder: str) -> None:
    torch_users = [path for path, name in imports_of(folder) if name.split(".")[0] == "torch"]
    assert torch_users == []


def test_every_way_to_write_an_import_is_seen() -> None:
    source = "from ..gtp import session\nfrom .coords import BLACK\ndef f():\n    import ponnuki.nets.ort\n"
    assert set(imported(source, "engine")) == {
        "ponnuki.gtp", "ponnuki.gtp.session",
        "ponnuki.engine.coords", "ponnuki.engine.coords.BLACK",
        "ponnuki.nets.ort",
    }
