"""Training on several CPU cores: each thread takes a share of the batch, with one torch thread of its own.

Torch's own threads meet at a barrier in every operation. On cores that other work shares, each operation then waits
for the slowest thread: with two busy cores, two torch threads were measured 4 to 14 times slower than one. Threads
that meet once a step lose only their share.
"""

from __future__ import annotations

import copy
import itertools
import os
from concurrent.futures import ThreadPoolExecutor

import torch
from torch import Tensor, nn

from ponnuki.nets.blocks import Conv, Sum
from ponnuki.nets.training import LossWeights, WholeBatch
from ponnuki.records.batches import TrainingBatch


class SplitBatch:
    """A GradientSource over ``workers`` threads.

    Each has a replica whose parameters are the net's own memory and whose gradients are its own. BatchNorm takes its
    statistics of each part, as in distributed training; the net's running statistics are those of the first part, and
    so are the ranges that it rounds by.
    """

    def __init__(self, net: nn.Module, workers: int, autocast: bool = True) -> None:
        device = torch.device("cpu")
        self._net = net
        self._replicas = [net, *(_replica(net) for _ in range(workers - 1))]
        self._sources = [WholeBatch(replica, device, autocast) for replica in self._replicas]
        torch.set_num_threads(1)  # the optimiser's and the first part's
        self._pool = ThreadPoolExecutor(workers, "gradients", initializer=torch.set_num_threads, initargs=(1,))

    def backward(self, batch: TrainingBatch, weights: LossWeights) -> dict[str, Tensor]:
        """The whole batch's mean loss terms; the sum of the parts' gradients in the net's parameters."""
        rows, workers = len(batch.planes), min(len(self._replicas), len(batch.planes))
        bounds = [rows * index // workers for index in range(workers + 1)]
        self._follow_mode()
        parts = [slice(low, high) for low, high in itertools.pairwise(bounds)]
        jobs = [
            self._pool.submit(source.backward, TrainingBatch(*(array[part] for array in batch)), weights)
            for source, part in zip(self._sources, parts, strict=False)
        ]
        shares = [(part.stop - part.start) / rows for part in parts]
        terms = [job.result() for job in jobs]
        self._gather(shares)
        return {name: sum((part[name] * share for part, share in zip(terms, shares, strict=True)), torch.zeros(()))
                for name in terms[0]}  # fmt: skip

    def _follow_mode(self) -> None:
        """Replicas train, evaluate and round as the net does, module by module, with its statistics where it froze."""
        for replica in self._replicas[1:]:
            for module, original in zip(replica.modules(), self._net.modules(), strict=True):
                if module.training != original.training:
                    module.training = original.training
                    module.load_state_dict(original.state_dict())
                if isinstance(module, (Conv, Sum)):
                    module.rounding = copy.deepcopy(original.rounding)  # type: ignore[assignment]

    @torch.no_grad()
    def _gather(self, shares: list[float]) -> None:
        """Weight the parts' gradients by their share of rows and add them up in the net's."""
        for parameters in zip(*(replica.parameters() for replica in self._replicas), strict=True):
            first, *others = parameters
            if first.grad is not None:
                first.grad.mul_(shares[0])
            for parameter, share in zip(others, shares[1:], strict=False):
                if parameter.grad is not None and first.grad is not None:
                    first.grad.add_(parameter.grad, alpha=share)
                parameter.grad = None


def _replica(net: nn.Module) -> nn.Module:
    replica = copy.deepcopy(net)
    for parameter, original in zip(replica.parameters(), net.parameters(), strict=True):
        parameter.data = original.data
    return replica


def default_workers() -> int:
    return os.cpu_count() or 1
