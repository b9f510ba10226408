"""The package as installed: version, console script, and what a wheel holds."""

import importlib.metadata
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from ponnuki.engine.version import VERSION

ROOT = Path(__file__).resolve().parent.parent


def test_version_is_the_same_everywhere() -> None:
    assert importlib.metadata.version("ponnuki") == VERSION
    assert re.search(rf"^## {re.escape(VERSION)}\b", (ROOT / "CHANGELOG.md").read_text("utf-8"), re.MULTILINE)
    said = subprocess.run([sys.executable, "-m", "ponnuki.cli.main", "--version"], capture_output=True, text=True)
    assert said.stdout == f"ponnuki {VERSION}\n"


def test_console_script_is_the_command_line() -> None:
    scripts = importlib.metadata.entry_points(group="console_scripts", name="ponnuki")
    from ponnuki.cli.main import main

    assert [script.load() for script in scripts] == [main]


@pytest.mark.slow
def test_wheel_holds_every_package_and_no_training_state(tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    tracked = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=False)
    if tracked.returncode != 0:
        pytest.skip("not a git checkout")
    for name in filter(None, tracked.stdout.decode().split("\0")):
        if (ROOT / name).is_file():
            (tree / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, tree / name)
    (tree / "weights" / "planted.safetensors").write_bytes(b"training state")
    (tree / "weights" / "planted.onnx").write_bytes(b"a net")
    build = [sys.executable, "-m", "pip", "wheel", "--no-deps", "--quiet", "--wheel-dir", str(tmp_path), str(tree)]
    done = subprocess.run(build, capture_output=True, text=True, check=False)
    if "Could not find a version that satisfies the requirement setuptools" in done.stderr:
        pytest.skip("setuptools cannot be fetched here to build with")
    assert done.returncode == 0, done.stderr
    (wheel,) = tmp_path.glob("*.whl")
    names = set(zipfile.ZipFile(wheel).namelist())
    sources = {
        f"ponnuki/{path.relative_to(tree).as_posix()}"
        for folder in ("engine", "records", "nets", "gtp", "arena", "selfplay", "bench", "cli", "weights")
        for path in (tree / folder).rglob("*.py")
    }
    assert sources <= names
    assert "ponnuki/weights/planted.onnx" in names
    assert not [name for name in names if name.endswith((".safetensors", ".toml", ".npz")) or "tests" in name]
    assert "ponnuki/__init__.py" not in names
