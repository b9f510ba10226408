"""Networks of every kind of block: shapes on every board size, no hidden size, what the layers compute."""

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="training needs torch (the extra `train`)")

from ponnuki.nets.blocks import GlobalPool  # noqa: E402
from ponnuki.nets.config import BLOCK_KINDS, BlockConfig  # noqa: E402
from ponnuki.nets.model import DensePolicyHead, Net, PolicyHead  # noqa: E402
from tests.nets.small import random_inputs, small_config, small_net  # noqa: E402


@pytest.mark.parametrize("size", [2, 7, 9, 13, 19, 25])
def test_one_set_of_weights_serves_every_board_size(size: int) -> None:
    planes, globals_ = map(torch.from_numpy, random_inputs(3, size))
    with torch.no_grad():
        out = small_net()(planes, globals_)
    assert out.policy.shape == (3, size * size + 1)
    assert out.value.shape == out.lead.shape == out.lead_stdev.shape == (3,)
    assert out.ownership.shape == (3, size, size)
    assert out.value.abs().max() < 1
    assert out.ownership.abs().max() < 1
    assert out.lead_stdev.min() > 0


@pytest.mark.parametrize("kind", BLOCK_KINDS)
@pytest.mark.parametrize("options", [{}, {"se": True}, {"gpool": True}, {"channels": 24}])
@pytest.mark.parametrize("act", ["relu", "hardswish"])
def test_every_block_learns(kind: str, options: dict[str, object], act: str) -> None:
    block = BlockConfig(kind, **{"channels": 16, "expansion": 2.0, **options})  # type: ignore[arg-type]
    net = Net(small_config((block,), activation=act))
    torch.nn.init.ones_(net.blocks[0].project[1].weight)
    planes, globals_ = map(torch.from_numpy, random_inputs(4, 9))
    out = net(planes, globals_)
    (out.policy.logsumexp(1).sum() + out.value.sum() + out.lead.sum() + out.lead_stdev.sum()).backward()
    trunk = dict(net.blocks.named_parameters())
    silent = [name for name, p in trunk.items() if p.grad is None or not p.grad.abs().sum() > 0]
    assert not silent


def test_a_block_starts_as_the_identity() -> None:
    net = Net(small_config((BlockConfig("fused", 16, 1.5, gpool=True),))).eval()
    x = torch.randn(2, 16, 9, 9)
    assert torch.equal(net.blocks[0](x, -0.5), x)


def test_global_pooling() -> None:
    x = torch.arange(18.0).reshape(1, 2, 3, 3)
    assert GlobalPool()(x, -1.1).tolist() == [pytest.approx([4.0, 13.0, -4.4, -14.3, 8.0, 17.0])]


def test_rows_do_not_see_each_other() -> None:
    net = small_net()
    planes, globals_ = map(torch.from_numpy, random_inputs(4, 9))
    with torch.no_grad():
        together, alone = net(planes, globals_), net(planes[2:3], globals_[2:3])
    for batch, row in zip(together, alone, strict=True):
        assert torch.allclose(batch[2:3], row, atol=1e-5)


def test_the_edge_and_the_far_side_reach_a_point() -> None:
    """Pooling carries what lies beyond the receptive field: a stone in one corner moves the logits of the other."""
    net = small_net(small_config((BlockConfig("fused", 16, 1.5, gpool=True),)))
    planes, globals_ = random_inputs(1, 19)
    moved = planes.copy()
    moved[0, 1, 0, 0] = 1 - moved[0, 1, 0, 0]
    with torch.no_grad():
        before = net(torch.from_numpy(planes), torch.from_numpy(globals_)).policy
        after = net(torch.from_numpy(moved), torch.from_numpy(globals_)).policy
    assert abs(float(before[0, 360] - after[0, 360])) > 1e-6


def test_dense_heads_know_where_a_point_lies() -> None:
    """The logit of a point is its own map of the planes: equal features everywhere still give different logits."""
    head = DensePolicyHead(4, 8, "relu").eval()
    same = torch.ones(1, 4, 9, 9)
    with torch.no_grad():
        logits = head(same, -0.5)
        assert logits.shape == (1, 82)
        assert len(set(logits[0, :81].tolist())) > 70
        pooled = PolicyHead(4, 8, "relu").eval()(same, -0.5)
        # Equal but for rounding: the last points of a plane may be summed in another order than its whole vectors.
        torch.testing.assert_close(pooled[0, :81], pooled[0, :1].expand(81))
        assert float(logits[0, :81].std()) > 1000 * float(pooled[0, :81].std())


@pytest.mark.parametrize("size", [7, 19])
def test_dense_heads_answer_on_every_size_up_to_19(size: int) -> None:
    net = small_net(small_config(heads="dense"))
    planes, globals_ = map(torch.from_numpy, random_inputs(3, size))
    with torch.no_grad():
        out = net(planes, globals_)
    assert out.policy.shape == (3, size * size + 1)
    assert out.value.shape == (3,)
    assert out.ownership.shape == (3, size, size)


def test_globals_matter() -> None:
    net = small_net()
    planes, globals_ = random_inputs(1, 9)
    other = globals_ + np.float32(1)
    with torch.no_grad():
        first = net(torch.from_numpy(planes), torch.from_numpy(globals_))
        second = net(torch.from_numpy(planes), torch.from_numpy(other))
    assert abs(float(first.lead - second.lead)) > 1e-4
