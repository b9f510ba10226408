"""The net evaluator: an ONNX file behind the search's seam, run by onnxruntime. Needs no torch."""

from __future__ import annotations

import hashlib
import json
import logging
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime

from ponnuki import weights
from ponnuki.engine.errors import ConfigError, WeightsError
from ponnuki.engine.evaluator import Evaluation, EvaluatorInputs, EvaluatorOutputs, LeafBatch, net_inputs
from ponnuki.engine.features import PLANES_OF

_log = logging.getLogger("ponnuki.nets")

FORMAT = "ponnuki-net-1"
PROVIDERS = {
    "cpu": "CPUExecutionProvider", "xnnpack": "XnnpackExecutionProvider", "acl": "ACLExecutionProvider",
    "armnn": "ArmNNExecutionProvider", "dnnl": "DnnlExecutionProvider", "openvino": "OpenVINOExecutionProvider",
    "coreml": "CoreMLExecutionProvider", "nnapi": "NnapiExecutionProvider", "qnn": "QNNExecutionProvider",
    "cuda": "CUDAExecutionProvider", "tensorrt": "TensorrtExecutionProvider", "rocm": "ROCMExecutionProvider",
    "migraphx": "MIGraphXExecutionProvider", "directml": "DmlExecutionProvider", "webgpu": "WebGpuExecutionProvider",
}  # fmt: skip
"""onnxruntime's execution providers by the names that we give them; which of them exist depends on its package."""
OUTPUTS = ["policy", "value", "lead", "lead_stdev", "ownership"]


class OnnxEvaluator:
    """Evaluates leaves with a network file.

    `evaluate` blocks, releases the GIL and may be called from several threads at once. Each of them works in a session
    of its own, opened when first needed: two threads in one session hand each other the memory of their layers, and
    reached 93% of the speed of two sessions on 19×19 (a session is opened in 20 ms and takes 3 MB).
    """

    def __init__(self, path: str | Path, threads: int = 1, provider: str = "cpu") -> None:
        """Load a network.

        Args:
            threads: onnxruntime's threads for one batch, 1 or more.
            provider: one of PROVIDERS that the installed onnxruntime has; what it cannot run, the CPU does.

        Raises:
            WeightsError: the file is missing, damaged, not a ponnuki net, or of another feature version.
            ConfigError: an option is out of range.
        """
        self.path = Path(path)
        self._open = partial(_open_session, self.path, _read_network(self.path), threads, provider)
        session = self._open()
        self._idle = [session]
        """Sessions that nobody works in, the one last used at the end: its memory is the likeliest to be cached."""
        self.info: dict[str, str] = dict(session.get_modelmeta().custom_metadata_map)
        """The file's metadata: architecture, alpha, feature_version, board_sizes, training_data, rules, licence, ..."""
        _check_kind(self.path, self.info, session)
        sizes = tuple(int(size) for size in self.info["board_sizes"].split(","))
        self.inputs: EvaluatorInputs = net_inputs(int(self.info["feature_version"]))
        other_sizes = len(sizes) > 1 and _has_pooled_heads(self.info)
        self.outputs = EvaluatorOutputs(
            lead=True, lead_stdev=True, ownership=True, sizes=sizes, other_sizes=other_sizes
        )

    def evaluate(self, batch: LeafBatch) -> Evaluation:
        """The net's answers for rows ``[:batch.count]``."""
        return self.evaluate_arrays(batch.planes[: batch.count], batch.globals[: batch.count])

    def evaluate_arrays(self, planes: np.ndarray, globals_: np.ndarray) -> Evaluation:
        """The net's answers for planes float32[B, C, N, N] and globals float32[B, K], B at least 1.

        Planes that the net's feature version does not have yet are left out.
        """
        planes = planes[:, : self.inputs.planes]
        try:
            session = self._idle.pop()
        except IndexError:
            session = self._open()
        try:
            policy, value, lead, lead_stdev, ownership = session.run(OUTPUTS, {"planes": planes, "globals": globals_})
        finally:
            self._idle.append(session)
        return Evaluation(policy, value, lead, lead_stdev, ownership)


def session_options(threads: int) -> onnxruntime.SessionOptions:
    """One caller's session: its own threads, which sleep between calls, and no warnings on standard error."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
    options.log_severity_level = 4
    options.add_session_config_entry("session.set_denormal_as_zero", "1")
    # Idle workers would otherwise spin between batches, on cores that the search or another engine wants.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return options


def _read_network(path: Path) -> bytes:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise WeightsError(f"{path}: {error.strerror or error}") from None
    expected = weights.sha256_of(path)
    if expected is not None and hashlib.sha256(data).hexdigest() != expected:
        raise WeightsError(f"{path}: damaged: its sha256 is not that of the manifest beside it")
    return data


def _open_session(path: Path, network: bytes, threads: int, provider: str) -> onnxruntime.InferenceSession:
    if threads < 1:
        raise ConfigError(f"evaluator threads {threads}: expected 1 or more")
    check_provider(provider)
    options = session_options(1 if provider == "xnnpack" else threads)  # it brings threads of its own
    chosen: list[Any] = [(PROVIDERS[provider], {"intra_op_num_threads": str(threads)} if provider == "xnnpack" else {})]
    if provider != "cpu":
        chosen.append(PROVIDERS["cpu"])
    try:
        return onnxruntime.InferenceSession(network, options, providers=chosen)
    except Exception as error:  # onnxruntime's exceptions share no base but this
        _log.debug("%s: %s", path, error)
        raise WeightsError(f"{path}: damaged, or not an ONNX file that onnxruntime can run") from None


def usable_providers() -> list[str]:
    """Our names of the execution providers that the installed onnxruntime has."""
    available = onnxruntime.get_available_providers()
    return [name for name, full in PROVIDERS.items() if full in available]


def check_provider(name: str) -> None:
    """Raise ConfigError for an execution provider that the installed onnxruntime does not have."""
    usable = usable_providers()
    if name not in usable:
        raise ConfigError(f"provider {name!r}: accepted here are {', '.join(usable)}")


def _has_pooled_heads(info: dict[str, str]) -> bool:
    """Whether a file's heads are the same for every board; dense ones have weights for single points."""
    try:
        return bool(json.loads(info["config"]).get("heads", "pooled") == "pooled")
    except (KeyError, ValueError, AttributeError):
        return False  # a file that another program made, and that does not say


def _check_kind(path: Path, info: dict[str, str], session: Any) -> None:
    """Refuse a file that is not a net of ours, or of a feature version that the engine does not write."""
    if info.get("format") != FORMAT:
        raise WeightsError(f"{path}: not a ponnuki net (its metadata has no format {FORMAT!r})")
    version = info.get("feature_version", "none")
    known = [str(number) for number in PLANES_OF]
    if version not in known:
        raise WeightsError(
            f"{path}: made for feature version {version}; this engine writes versions {' and '.join(known)}"
        )
    inputs = net_inputs(int(version))
    channels = {value.name: value.shape[1] for value in session.get_inputs()}
    expected = {"planes": inputs.planes, "globals": inputs.globals}
    names = {value.name for value in session.get_outputs()}
    if channels != expected or not set(OUTPUTS) <= names:
        raise WeightsError(f"{path}: inputs {channels} and outputs {sorted(names)}; expected {expected} and {OUTPUTS}")
    if not all(part.isdigit() for part in info.get("board_sizes", "").split(",")):
        raise WeightsError(f"{path}: metadata board_sizes {info.get('board_sizes')!r}: expected sizes such as 9,13,19")
