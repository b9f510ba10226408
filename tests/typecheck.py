"""Run mypy over the packages: `python tests/typecheck.py [MYPY OPTION…]`.

mypy looks for `ponnuki.engine` in a folder ponnuki/engine, but the sources lie in engine/ and setuptools' package-dir
mapping is a run-time import hook that mypy cannot follow. So this lays out build/types/ponnuki/ with a link to each
package (a copy where links are refused, as on Windows without developer mode), points mypy there and prints the
messages with the paths of the sources.
"""

import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LAYOUT = ROOT / "build" / "types" / "ponnuki"


def lay_out() -> None:
    """Make build/types/ponnuki afresh, with one link (or copy) for each package of pyproject.toml."""
    folders = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["setuptools"]["package-dir"]
    shutil.rmtree(LAYOUT, ignore_errors=True)
    LAYOUT.mkdir(parents=True)
    for package, folder in folders.items():
        place = LAYOUT / package.removeprefix("ponnuki.")
        try:
            place.symlink_to(ROOT / folder, target_is_directory=True)
        except OSError:
            shutil.copytree(ROOT / folder, place, ignore=shutil.ignore_patterns("__pycache__"))


def main(options: list[str]) -> int:
    """Type-check all packages with `options` added to mypy's own settings; return mypy's exit code."""
    lay_out()
    command = [sys.executable, "-m", "mypy", *options]
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, encoding="utf-8", check=False)
    print(done.stdout.replace(str(LAYOUT.relative_to(ROOT)) + os.sep, ""), end="")
    return done.returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
