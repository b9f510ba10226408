"""The loss, one optimisation step, and what validation measures."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Callable, Iterable
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ponnuki.nets.model import LEAD_SCALE, NetOutputs

# A lead error is squared up to this many points and linear beyond: a dead big group is 60 points of noise.
LEAD_DELTA_POINTS = 10.0
STDEV_FLOOR_POINTS = 0.5


class Batch(Protocol):
    """What training reads of ``ponnuki.records.batches.TrainingBatch``; weights of 0 mask a target out."""

    @property
    def planes(self) -> NDArray[np.float32]: ...  # [B, C, N, N]
    @property
    def globals(self) -> NDArray[np.float32]: ...  # [B, K]
    @property
    def policy_target(self) -> NDArray[np.float32]: ...  # [B, N*N+1]
    @property
    def policy_weight(self) -> NDArray[np.float32]: ...  # [B]
    @property
    def value_target(self) -> NDArray[np.float32]: ...  # [B]
    @property
    def value_weight(self) -> NDArray[np.float32]: ...  # [B]
    @property
    def lead_target(self) -> NDArray[np.float32]: ...  # [B]
    @property
    def lead_weight(self) -> NDArray[np.float32]: ...  # [B]
    @property
    def ownership_target(self) -> NDArray[np.float32]: ...  # [B, N, N]
    @property
    def ownership_weight(self) -> NDArray[np.float32]: ...  # [B]


@dataclasses.dataclass(frozen=True)
class LossWeights:
    """What each term of the loss counts; cross-entropies in nats, the lead in units of LEAD_SCALE points."""

    policy: float = 1.0
    value: float = 1.0
    lead: float = 0.3
    lead_stdev: float = 0.02
    ownership: float = 0.3


class Targets(dict[str, Tensor]):
    """A batch's targets and their weights on the training device, under the names of ``Batch``."""


def to_device(batch: Batch, device: torch.device) -> tuple[Tensor, Tensor, Targets]:
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

    def backward(self, batch: Batch, weights: LossWeights) -> dict[str, Tensor]: ...


class WholeBatch:
    """The plain way: one forward and one backward pass on one device; ``autocast`` computes in bfloat16."""

    def __init__(
        self, forward: Callable[[Tensor, Tensor], NetOutputs], device: torch.device, autocast: bool = True
    ) -> None:
        """`forward`: a net, compiled or not, on ``device``."""
        self._forward, self._device, self._autocast = forward, device, autocast

    def backward(self, batch: Batch, weights: LossWeights) -> dict[str, Tensor]:
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
    batch: Batch,
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


@torch.no_grad()
def measure(net: nn.Module, batches: Iterable[Batch], device: torch.device) -> dict[str, float]:
    """Validation figures over float32 batches of one group.

    Keys, each a mean over the positions that have the target: policy_loss (nats), top1 (the net's first choice is the
    target's), value_mse, value_mae (tanh units), sign (share of values on the right side), lead_mae (points),
    ownership_mse; and positions, their number.
    """
    was_training = net.training
    net.eval()
    sums: dict[str, float] = {}
    counts: dict[str, float] = {}
    positions = 0
    for batch in batches:
        planes, globals_, targets = to_device(batch, device)
        positions += len(planes)
        for head, row_values in _figures(net(planes, globals_), targets).items():
            weight = targets[f"{head.split('_')[0]}_weight"]
            for name, rows in row_values.items():
                sums[name] = sums.get(name, 0.0) + float((rows * weight).sum())
                counts[name] = counts.get(name, 0.0) + float(weight.sum())
    net.train(was_training)
    return {name: sums[name] / counts[name] for name in sums if counts[name] > 0} | {"positions": float(positions)}


def _figures(outputs: NetOutputs, targets: Targets) -> dict[str, dict[str, Tensor]]:
    """Per head, each figure's rows [B]."""
    policy, policy_target = outputs.policy, targets["policy_target"]
    value, value_target = outputs.value, targets["value_target"]
    return {
        "policy": {
            "policy_loss": -(policy_target * torch.log_softmax(policy, 1)).sum(1),
            "top1": (policy.argmax(1) == policy_target.argmax(1)).float(),
        },
        "value": {
            "value_mse": (value - value_target).square(),
            "value_mae": (value - value_target).abs(),
            "sign": ((value > 0) == (value_target > 0)).float(),
        },
        "lead": {"lead_mae": (outputs.lead - targets["lead_target"]).abs()},
        "ownership": {"ownership_mse": (outputs.ownership - targets["ownership_target"]).square().mean((1, 2))},
    }
