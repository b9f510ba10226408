"""The package as installed: version, console script, and what a wheel holds."""

import importlib.metadata
import os
import re
import shutil
import subprocess
import sys
import tomllib
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


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A wheel of the tracked files, with a net and its training state planted among the weights."""
    tree, out = tmp_path_factory.mktemp("tree"), tmp_path_factory.mktemp("wheel")
    tracked = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=False)
    if tracked.returncode != 0:
        pytest.skip("not a git checkout")
    for name in filter(None, tracked.stdout.decode().split("\0")):
        if (ROOT / name).is_file():
            (tree / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, tree / name)
    for name in ("planted.onnx", "planted.safetensors", "planted.toml"):
        (tree / "weights" / name).write_bytes(b"planted")
    build = [sys.executable, "-m", "pip", "wheel", "--no-deps", "--quiet", "--wheel-dir", str(out), str(tree)]
    done = subprocess.run(build, capture_output=True, text=True, check=False)
    if "Could not find a version that satisfies the requirement setuptools" in done.stderr:
        pytest.skip("setuptools cannot be fetched here to build with")
    assert done.returncode == 0, done.stderr
    return next(out.glob("*.whl"))


@pytest.mark.slow
def test_wheel_holds_every_package_and_no_training_state(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["setuptools"]
    for package in settings["packages"]:
        assert f"{package.replace('.', '/')}/__init__.py" in names
    folders = {path.parent.name for path in ROOT.glob("*/__init__.py")} - {"tests"}
    assert settings["package-dir"] == {f"ponnuki.{folder}": folder for folder in folders}
    assert set(settings["packages"]) == set(settings["package-dir"])
    assert "ponnuki/engine/_jit.py" in names
    assert "ponnuki/weights/planted.onnx" in names
    assert not [name for name in names if name.endswith((".safetensors", ".toml", ".npz")) or "tests" in name]
    assert "ponnuki/__init__.py" not in names


@pytest.mark.slow
def test_wheel_runs_away_from_the_sources(wheel: Path, tmp_path: Path) -> None:
    zipfile.ZipFile(wheel).extractall(tmp_path)
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    where = "import ponnuki.engine.board, ponnuki.gtp.session as s; print(s.__file__)"
    found = subprocess.run([sys.executable, "-c", where], cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert Path(found.stdout.strip()).is_relative_to(tmp_path), found.stderr
    gtp = [sys.executable, "-m", "ponnuki.cli.main", "gtp", "--playout", "rollout"]
    said = subprocess.run(gtp, cwd=tmp_path, env=environment, input="name\nquit\n", capture_output=True, text=True)
    assert said.stdout == "= ponnuki\n\n=\n\n", said.stderr
