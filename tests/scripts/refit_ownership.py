"""Fit a trained net's last layer of ownership to records once more; every other answer of the net stays as it was.

    python tests/scripts/refit_ownership.py RUN/NAME --data RECORDS… --out RUN/REFITTED

The layer is a logistic regression on the features of each point, so that its fit has one optimum, wherever it begins.
Each board size counts the same.
"""

import argparse
from itertools import islice
from pathlib import Path

import torch
from torch import Tensor, nn

from ponnuki.nets.checkpoint import load_net, save_net
from ponnuki.nets.model import Net
from ponnuki.records.batches import BatchSource
from ponnuki.records.sampling import find_groups

BATCH = 256


def main() -> None:
    """Parse the command line, fit, save, and print the loss before and after."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("net", type=Path, metavar="RUN/NAME")
    parser.add_argument("--data", type=Path, nargs="+", required=True, metavar="RECORDS")
    parser.add_argument("--batches", type=int, default=60, help=f"of {BATCH} positions, of each board size")
    parser.add_argument("--out", type=Path, required=True, metavar="RUN/REFITTED")
    args = parser.parse_args()
    net, training = load_net(args.net)
    groups: dict[int, list] = {}
    for group in find_groups(args.data):
        groups.setdefault(group.size, []).append(group)
    sizes = [points_of(net.eval(), BatchSource(groups[size], BATCH, seed=0), args.batches) for size in sorted(groups)]
    layer = net.value_head.ownership

    def loss() -> Tensor:
        return torch.stack([
            nn.functional.binary_cross_entropy_with_logits(2 * (x @ layer.weight.flatten() + layer.bias), (y + 1) / 2)
            for x, y in sizes
        ]).mean()

    before = loss().item()
    optimizer = torch.optim.LBFGS(layer.parameters(), max_iter=300, line_search_fn="strong_wolfe")

    def step() -> Tensor:
        optimizer.zero_grad()
        value = loss()
        value.backward()
        return value

    optimizer.step(step)
    positions = sum(len(y) // size**2 for size, (_, y) in zip(sorted(groups), sizes, strict=True))
    data = ", ".join(sorted({group.name for found in groups.values() for group in found}))
    training["refitted"] = f"the last layer of ownership, on {positions:,} positions ({data})"
    save_net(args.out, net.config, net.state_dict(), training)
    print(f"cross-entropy of ownership {before:.4f} before, {loss().item():.4f} after")


@torch.no_grad()
def points_of(net: Net, source: BatchSource, batches: int) -> tuple[Tensor, Tensor]:
    """Features [P, H] and ownership targets [P] of every point of positions that have such a target."""
    features: list[Tensor] = []
    hook = net.value_head.features.register_forward_hook(lambda module, inputs, output: features.append(output))
    found = []
    for batch in islice(source, batches):
        known = torch.from_numpy(batch.ownership_weight) > 0
        net(torch.from_numpy(batch.planes)[known], torch.from_numpy(batch.globals)[known])
        points = features.pop().permute(0, 2, 3, 1).flatten(0, 2)  # [B * N * N, H]
        found.append((points, torch.from_numpy(batch.ownership_target)[known].flatten()))
    hook.remove()
    return torch.cat([x for x, _ in found]), torch.cat([y for _, y in found])


if __name__ == "__main__":
    main()
