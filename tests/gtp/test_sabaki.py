"""The engine behind Sabaki's own client code; skipped where node or the package is not installed."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
CLIENT = Path(__file__).with_name("sabaki_client.cjs")

NODE = shutil.which("node")


def client_package():
    """The folder of node modules that holds @sabaki/gtp, from NODE_PATH or the repository's root."""
    folders = [*os.environ.get("NODE_PATH", "").split(os.pathsep), str(ROOT / "node_modules")]
    return next((folder for folder in folders if folder and (Path(folder) / "@sabaki" / "gtp").is_dir()), None)


@pytest.mark.skipif(NODE is None, reason="node is not installed")
@pytest.mark.skipif(client_package() is None, reason="@sabaki/gtp is neither on NODE_PATH nor in node_modules/")
def test_sabaki_starts_it_plays_analyses_and_quits():
    engine = [sys.executable, "-m", "ponnuki.cli.main", "gtp", "--playouts", "16", "--seed", "3"]
    environment = {**os.environ, "NODE_PATH": client_package()}
    done = subprocess.run(
        [NODE, str(CLIENT), *engine], env=environment, capture_output=True, text=True, timeout=280, check=False
    )
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert report["name"] == "ponnuki"
    assert len(report["moves"]) >= 20
    assert set(report["analysis"]) == {"lz-analyze", "kata-analyze"}
    assert not any("internal error" in line for line in report["stderr"])
