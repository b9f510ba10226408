"""The loss, one optimisation step, and what validation measures."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ponnuki.engine.evaluator import Evaluation
from ponnuki.nets.accuracy import accuracy
from ponnuki.nets.blocks import Conv, Sum
from ponnuki.nets.config import INT8_PARTS, INT8_ROUNDED_PARTS, INT8_WEIGHT_BITS
from ponnuki.nets.model import LEAD_SCALE, NetOutputs
from ponnuki.nets.rounding import Rounding
from ponnuki.records.batches import TrainingBatch

# A lead error is squared up to this many points and linear beyond: a dead big group is 60 points of noise.
LEAD_DELTA_POINTS = 10.0
STDEV_FLOOR_POINTS = 0.5


@dataclasses.dataclass(frozen=True)
class LossWeights:
    """What each term of the loss counts; cross-entropies in nats, the lead in units of LEAD_SCALE points."""

    policy: float = 1.0
    value: float = 1.0
    lead: float = 0.3
    lead_stdev: float = 0.02
    ownership: float = 0.3


class Targets(dict[str, Tensor]):
    """A batch's targets and their weights on the training device, under the names of ``TrainingBatch``."""


def to_device(batch: TrainingBatch, device: torch.device) -> tuple[Tensor, Tensor, Targets]:
    """Planes (channels last), globals and targets on ``device``."""
    planes = torch.from_numpy(batch.planes).to(device, memory_format=torch.channels_last, non_blocking=True)
    globals_ = torch.from_numpy(batch.globals).to(device, non_blocking=True)
    names = [f"{head}_{part}" for head in ("policy", "value", "lead", "ownership") for part in ("target", "weight")]
    return (
        planes,
        globals_,
        Targets({name: torch.from_numpy(getattr(batch, name)).to(device, non_blocking=True) for name in names}),
    )


def losses(outputs: NetOutputs, targets: Targets) -> dict[str, Tensor]:
    """Each term's weighted mean over the batch's rows (0-d tensors); rows without a target count as nothing."""
    policy = -(targets["policy_target"] * torch.log_softmax(outputs.policy.float(), 1)).sum(1)  # [B]
    value = _tanh_cross_entropy(outputs.value_logit.float(), targets["value_target"])  # [B]
    lead, lead_target = outputs.lead.float(), targets["lead_target"]
    lead_error = nn.functional.huber_loss(
        lead / LEAD_SCALE, lead_target / LEAD_SCALE, reduction="none", delta=LEAD_DELTA_POINTS / LEAD_SCALE
    )  # [B]
    stdev = outputs.lead_stdev.float() + STDEV_FLOOR_POINTS
    # Gaussian negative log-likelihood of the error, which moves the deviation alone.
    deviation = 0.5 * ((lead_target - lead.detach()) / stdev).square().clamp(max=50.0) + stdev.log()  # [B]
    ownership = _tanh_cross_entropy(outputs.ownership_logit.float(), targets["ownership_target"]).mean((1, 2))  # [B]
    return {
        "policy": _mean(policy, targets["policy_weight"]),
        "value": _mean(value, targets["value_weight"]),
        "lead": _mean(lead_error, targets["lead_weight"]),
        "lead_stdev": _mean(deviation, targets["lead_weight"]),
        "ownership": _mean(ownership, targets["ownership_weight"]),
    }


def total_loss(terms: dict[str, Tensor], weights: LossWeights) -> Tensor:
    return torch.stack([getattr(weights, name) * term for name, term in terms.items()]).sum()


def _tanh_cross_entropy(logit: Tensor, target: Tensor) -> Tensor:
    """Cross-entropy of the chances (1 + tanh(logit)) / 2 = sigmoid(2 logit) and (1 + target) / 2, elementwise."""
    return nn.functional.binary_cross_entropy_with_logits(2 * logit, (1 + target) / 2, reduction="none")


def _mean(rows: Tensor, weight: Tensor) -> Tensor:
    """Sum of weighted rows over the batch's size: a rare target counts as rarely as it occurs."""
    return (rows * weight).sum() / len(weight)


class GradientSource(Protocol):
    """Leaves the gradient of a batch's loss in a net's parameters and returns the loss terms, detached."""

    def backward(self, batch: TrainingBatch, weights: LossWeights) -> dict[str, Tensor]: ...


def prefers_bfloat16(device: str) -> bool:
    """Whether training on a `device` of this type is faster in bfloat16: on GPUs, and on CPUs with a matrix unit (AMX).

    On others it is slower, even where they have vector instructions for it (docs/performance.md).
    """
    if device != "cpu":
        return True
    capabilities: dict[str, bool] = getattr(torch.cpu, "get_capabilities", dict)()  # older torch cannot tell
    return bool(capabilities.get("amx_bf16", False))


class WholeBatch:
    """The plain way: one forward and one backward pass on one device; ``autocast`` computes in bfloat16."""

    def __init__(
        self, forward: Callable[[Tensor, Tensor], NetOutputs], device: torch.device, autocast: bool = True
    ) -> None:
        """`forward`: a net, compiled or not, on ``device``."""
        self._forward, self._device, self._autocast = forward, device, autocast

    def backward(self, batch: TrainingBatch, weights: LossWeights) -> dict[str, Tensor]:
        planes, globals_, targets = to_device(batch, self._device)
        with torch.autocast(self._device.type, torch.bfloat16) if self._autocast else contextlib.nullcontext():
            outputs = self._forward(planes, globals_)
        terms = losses(outputs, targets)
        total_loss(terms, weights).backward()
        return {name: term.detach() for name, term in terms.items()}


def train_step(
    net: nn.Module,
    optimizer: torch.optim.Optimizer,
    gradients: GradientSource,
    batch: TrainingBatch,
    weights: LossWeights,
    clip: float = 1.0,
) -> dict[str, Tensor]:
    """One optimisation step; returns the loss terms and the gradient's norm before clipping to ``clip``.

    A step whose gradient is not finite leaves the weights alone.
    """
    optimizer.zero_grad(set_to_none=True)
    terms = gradients.backward(batch, weights)
    norm = nn.utils.clip_grad_norm_(net.parameters(), clip)
    if torch.isfinite(norm):
        optimizer.step()
    return terms | {"gradient_norm": norm.detach()}


def freeze_norms(net: nn.Module) -> None:
    """BatchNorm uses its running statistics from now on, in training too.

    Batches hold one board size each, and each size has its own statistics; inference has one set for all. Training
    to the end with that one set removes the difference.
    """
    for module in net.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.eval()


def round_as_int8(net: nn.Module) -> None:
    """Have what will be quantised round as it will then, in training: convolutions and the trunk's sums."""
    for name, module in net.named_modules():
        if rounds(name, module):
            module.rounding = Rounding(INT8_WEIGHT_BITS)
        elif isinstance(module, Sum):
            module.rounding = (Rounding(), Rounding(), Rounding())


def rounding_ranges(net: nn.Module) -> dict[str, Tensor]:
    """float32[K, 2] by module: the ranges that a net in training rounds by, for its checkpoint; K is 1, of a sum 3."""
    return {
        name: torch.stack([torch.stack(rounding.range) for rounding in found if rounding.range is not None])
        for name, found in _roundings(net)
        if all(rounding.range is not None for rounding in found)
    }


def set_rounding_ranges(net: nn.Module, ranges: Mapping[str, Tensor]) -> None:
    """Round by ranges that `rounding_ranges` gave; modules that are not among them find their own."""
    for name, found in _roundings(net):
        for rounding, (low, high) in zip(found, ranges.get(name, ()), strict=False):
            rounding.range = low, high


def _roundings(net: nn.Module) -> Iterator[tuple[str, tuple[Rounding, ...]]]:
    for name, module in net.named_modules():
        if isinstance(module, Conv) and module.rounding is not None:
            yield name, (module.rounding,)
        elif isinstance(module, Sum) and module.rounding is not None:
            yield name, module.rounding


@torch.no_grad()
def keep_rounded(net: nn.Module) -> None:
    """Round the weights of a net that was trained to round, for good: those are what it has learnt to work with.

    Rounding them again changes nothing, so that the 8-bit form is the same as without. In float, ponnuki-c's value
    error with the weights as they were before rounding was 0.052 on 9x9 and 0.063 on 13x13 (1,000 positions each), with
    the rounded ones 0.039 and 0.040; nearly all of that is the stem's.
    """
    for name, module in net.named_modules():
        if rounds(name, module):
            module.weight.copy_(Rounding(INT8_WEIGHT_BITS).weights(module.weight))


def rounds(name: str, module: nn.Module) -> bool:
    """Whether a module is a convolution that will be quantised."""
    return isinstance(module, Conv) and any(part in f".{name}." for part in (*INT8_PARTS, *INT8_ROUNDED_PARTS))


def measure(net: nn.Module, batches: Iterable[TrainingBatch], device: torch.device) -> dict[str, float]:
    """A net's validation figures, in float32 and inference mode: see `accuracy`."""
    was_training = [module.training for module in net.modules()]
    net.eval()
    try:
        return accuracy(lambda planes, globals_: evaluation(net, planes, globals_, device), batches)
    finally:
        for module, training in zip(net.modules(), was_training, strict=True):
            module.training = training


@torch.no_grad()
def evaluation(
    net: nn.Module, planes: NDArray[np.float32], globals_: NDArray[np.float32], device: torch.device
) -> Evaluation:
    """A batch's evaluation; the net is in inference mode."""
    out = net(torch.from_numpy(planes).to(device), torch.from_numpy(globals_).to(device))
    parts = (out.policy, out.value, out.lead, out.lead_stdev, out.ownership)
    return Evaluation(*(part.cpu().numpy() for part in parts))
