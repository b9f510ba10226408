"""What nets would run on Arm: instructions of one evaluation, counted on emulated processors.

    bash docs/studies/arm/setup.sh ARM
    python docs/studies/arm/count.py ARM --data RECORDS --nets watch phone fused-8x64 --sizes 9 19

Each net, with random weights, in float and in int8 (ranges from RECORDS): instructions an evaluation in batches of 8
on a Cortex-A76 (2018 and later: dot products of 8 bits) and on a Cortex-A72 (before: none), and how far the answers are
from this machine's. With --speed, also evaluations a second here, in turns. Prints Markdown.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import tempfile
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from ponnuki.nets.comparison import SPEED_ROUNDS, evaluations_per_s
from ponnuki.nets.export import export_onnx
from ponnuki.nets.model import Net, parameter_count
from ponnuki.nets.ort import OnnxEvaluator
from ponnuki.nets.quantize import calibration_batches, quantize
from ponnuki.records.batches import validation_batches
from ponnuki.records.sampling import find_groups
from ponnuki.selfplay.train import net_config

ROWS = 8
ROUNDS = 4
EMULATOR = "qemu-aarch64"
FEATURES = "fp asimd aes pmull sha1 sha2 crc32"
PROCESSORS = {
    "cortex-a76": ("0xd0b", f"{FEATURES} atomics fphp asimdhp asimdrdm lrcpc dcpop asimddp"),
    "cortex-a72": ("0xd08", FEATURES),
}
"""What qemu emulates, with the number and the features that Linux tells of it, which onnxruntime asks for."""


def main() -> None:
    """Parse the command line, count, print a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("arm", type=Path, metavar="ARM", help="what setup.sh made")
    parser.add_argument("--data", type=Path, nargs="+", required=True, metavar="RECORDS")
    parser.add_argument("--nets", nargs="+", required=True, metavar="NAME", help="presets or TOML files")
    parser.add_argument("--sizes", type=int, nargs="+", default=[9, 19], metavar="N")
    parser.add_argument("--speed", action="store_true", help="measure evaluations a second here, too (be quiet)")
    args = parser.parse_args()
    groups = {group.size: group for group in find_groups(args.data)}
    heads = ["net", "parameters", "board", "precision", "A76: instructions (dots)", "A72: instructions", "answers"]
    print("|", " | ".join([*heads, *(["evaluations a second here"] * args.speed)]), "|")
    print("|---" * (len(heads) + args.speed) + "|")
    with tempfile.TemporaryDirectory() as folder:
        for name in args.nets:
            torch.manual_seed(0)
            net = Net(net_config(name))
            floats, ints = Path(folder) / f"{Path(name).stem}.onnx", Path(folder) / f"{Path(name).stem}-int8.onnx"
            export_onnx(net, floats, sizes=sorted(groups), training={})
            quantize(floats, ints, calibration_batches(groups.values()))
            for size in args.sizes:
                batch = next(iter(validation_batches(groups[size], ROWS, ROWS)))
                fed = Path(folder) / "positions.npz"
                np.savez(fed, planes=batch.planes, globals=batch.globals)
                for precision, path in (("float", floats), ("int8", ints)):
                    cells = [name, f"{parameter_count(net):,}", f"{size}×{size}", precision]
                    here = OnnxEvaluator(path).evaluate_arrays(batch.planes, batch.globals).policy
                    far = 0.0
                    for processor in PROCESSORS:
                        counts, policy = counted(args.arm, processor, path, fed)
                        far = max(far, float(np.abs(policy - here).max()))
                        dots = f" ({counts[1] / 1e6:.1f})" if processor == "cortex-a76" else ""
                        cells.append(f"{counts[0] / 1e6:.1f} M{dots}")
                    cells.append(f"{far:.0e}")
                    if args.speed:
                        speed = max(evaluations_per_s(OnnxEvaluator(path), size) for _ in range(SPEED_ROUNDS))
                        cells.append(f"{speed:,.0f}")
                    print("|", " | ".join(cells), "|", flush=True)


def counted(arm: Path, processor: str, net: Path, positions: Path) -> tuple[NDArray[np.float64], NDArray[np.float32]]:
    """float64[4] of one evaluation (all instructions, dot products, float and 8-bit multiply-adds), and the policy."""
    part, features = PROCESSORS[processor]
    tell_processor(arm / "root", part, features)
    counts = arm / "counts"
    counts.unlink(missing_ok=True)
    environment = os.environ | {"PYTHONPATH": str(arm / "site"), "PONNUKI_COUNTS": str(counts)}
    command = [
        EMULATOR, "-cpu", processor, "-plugin", str(arm / "libcount.so"), "-L", str(arm / "root"),
        str(arm / "root/usr/bin/python3.11"), str(Path(__file__).with_name("guest.py")),
        str(net), str(positions), str(ROUNDS), str(arm / "answers.npz"),
    ]  # fmt: skip
    subprocess.run(command, check=True, env=environment)
    rounds = np.diff(np.loadtxt(counts), axis=0)
    return np.median(rounds, axis=0) / ROWS, np.load(arm / "answers.npz")["policy"]


def tell_processor(root: Path, part: str, features: str) -> None:
    """Write the /proc/cpuinfo that programs under the emulator read: qemu hands out the host's."""
    lines = (
        "processor\t: 0", "BogoMIPS\t: 100.00", f"Features\t: {features}", "CPU implementer\t: 0x41",
        "CPU architecture: 8", "CPU variant\t: 0x0", f"CPU part\t: {part}", "CPU revision\t: 1", "", "",
    )  # fmt: skip
    (root / "proc").mkdir(exist_ok=True)
    (root / "proc/cpuinfo").write_text("\n".join(lines))


if __name__ == "__main__":
    main()
