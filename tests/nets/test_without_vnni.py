"""The shipped int8 net on a processor without VNNI, emulated: its answers must be those of this machine.

Such processors add pairs of 8-bit products in 16 bits, where 255 · 127 · 2 overflows and 255 · 64 · 2 does not; so
weights of 7 bits are safe and those of 8 bits are not.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from ponnuki import weights
from tests.records.random_games import random_shard

QEMU = shutil.which("qemu-x86_64")
SHIPPED = weights.path_of()
PROCESSOR = "Haswell"
"""AVX2 and no VNNI."""

pytestmark = [
    pytest.mark.skipif(QEMU is None, reason="needs qemu-x86_64 (Debian: qemu-user)"),
    pytest.mark.skipif(SHIPPED is None, reason="no net is shipped"),
]

EMULATED = """
import sys
import numpy as np
import onnxruntime

path, inputs, out = sys.argv[1:]
options = onnxruntime.SessionOptions()
options.intra_op_num_threads = 1
session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
fed = np.load(inputs)
policy, value = session.run(["policy", "value"], {"planes": fed["planes"], "globals": fed["globals"]})
np.savez(out, policy=policy, value=value)
"""


def positions(size: int) -> dict[str, np.ndarray]:
    """Inputs of positions out of random games, as the shipped net takes them."""
    from ponnuki.nets.ort import OnnxEvaluator
    from ponnuki.records.positions import network_inputs

    shard = random_shard(1, size, moves=60)
    picked = np.arange(0, shard.positions, 23)
    inputs = network_inputs(shard, picked, np.zeros_like(picked))
    return {"planes": inputs.planes[:, : OnnxEvaluator(SHIPPED).inputs.planes], "globals": inputs.globals}


def answers(command: list[str], path: Path, inputs: Path, out: Path) -> dict[str, np.ndarray]:
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    python = os.path.realpath(sys.executable)
    ran = [*command, python, "-c", EMULATED, str(path), str(inputs), str(out)]
    done = subprocess.run(ran, capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stderr
    return dict(np.load(out))


@pytest.mark.timeout(300)
@pytest.mark.parametrize("size", [9, 19])
def test_the_shipped_net_answers_the_same_without_vnni(size: int, tmp_path: Path) -> None:
    assert QEMU is not None
    assert SHIPPED is not None
    np.savez(tmp_path / "inputs.npz", **positions(size))
    here = answers([], SHIPPED, tmp_path / "inputs.npz", tmp_path / "here.npz")
    there = answers([QEMU, "-cpu", PROCESSOR], SHIPPED, tmp_path / "inputs.npz", tmp_path / "there.npz")
    # What is computed in float may differ in its last bit, and then now and then an 8-bit activation by one; saturation
    # would be seen in every row.
    for name, answer in here.items():
        apart = abs(there[name] - answer).reshape(len(answer), -1).max(1)
        assert (apart < 1e-3).mean() > 0.75, name
