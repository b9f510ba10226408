"""Runs on the emulated processor: evaluates some positions, has the counts noted, evaluates them again, and so on.

python guest.py NET.onnx POSITIONS.npz ROUNDS ANSWERS.npz
"""

import contextlib
import os
import sys

import numpy as np
import onnxruntime

NOBODY = 0x7FFFFFFF
"""No process has this number: the counter takes a question for it as a sign (count.c)."""

path, positions, rounds, out = sys.argv[1:]
options = onnxruntime.SessionOptions()
options.intra_op_num_threads = 1
options.log_severity_level = 3
session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
fed = dict(np.load(positions))
names = [output.name for output in session.get_outputs()]
answers: dict[str, np.ndarray] = {}
for _ in range(int(rounds)):
    answers = dict(zip(names, session.run(names, fed), strict=True))
    with contextlib.suppress(ProcessLookupError):
        os.getpgid(NOBODY)
np.savez(out, **answers)
