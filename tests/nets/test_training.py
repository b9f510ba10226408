"""The loss and its masks, the optimiser, the average of weights, threads; a tiny net learns positions by heart."""

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="training needs torch (the extra `train`)")

from ponnuki.nets import training  # noqa: E402
from ponnuki.nets.config import BlockConfig  # noqa: E402
from ponnuki.nets.model import Net, NetOutputs  # noqa: E402
from ponnuki.nets.optim import Muon, WeightAverage, make_optimizer, one_cycle, orthogonal  # noqa: E402
from ponnuki.nets.parallel import SplitBatch  # noqa: E402
from ponnuki.nets.training import LossWeights, WholeBatch, losses, measure, to_device, train_step  # noqa: E402
from tests.nets.small import random_batch, small_config, small_net  # noqa: E402

CPU = torch.device("cpu")


def outputs_like(batch, *, value=0.0, lead=0.0, stdev=1.0) -> NetOutputs:
    rows, size = len(batch.planes), batch.planes.shape[-1]
    return NetOutputs(
        torch.zeros(rows, size * size + 1),
        torch.full((rows,), value),
        torch.full((rows,), lead),
        torch.full((rows,), stdev),
        torch.zeros(rows, size, size),
    )


def test_the_terms_by_hand() -> None:
    batch = random_batch(1, 2)
    batch.policy_target[:] = [[0.5, 0.5, 0, 0, 0]]
    batch.value_target[:] = 1.0
    batch.lead_target[:] = 4.0
    batch.ownership_target[:] = 1.0
    terms = losses(outputs_like(batch, value=0.5, lead=2.0, stdev=1.5), to_device(batch, CPU)[2])
    assert float(terms["policy"]) == pytest.approx(np.log(5))
    assert float(terms["value"]) == pytest.approx(-np.log((1 + np.tanh(0.5)) / 2))
    assert float(terms["lead"]) == pytest.approx(0.5 * (2 / 20) ** 2)
    assert float(terms["lead_stdev"]) == pytest.approx(0.5 * (2 / 2.0) ** 2 + np.log(2.0))
    assert float(terms["ownership"]) == pytest.approx(np.log(2))


@pytest.mark.parametrize("head", ["policy", "value", "lead", "ownership"])
def test_a_weight_of_zero_hides_a_target(head: str) -> None:
    """The masked row's target changes nothing, and its gradient through that head is zero."""
    net = small_net()
    batch = random_batch(3, 7)
    getattr(batch, f"{head}_weight")[1] = 0
    terms = {name: [] for name in ("policy", "value", "lead", "lead_stdev", "ownership")}
    for target in (0.0, 0.9):
        getattr(batch, f"{head}_target")[1] = target
        planes, globals_, targets = to_device(batch, CPU)
        for name, term in losses(net(planes, globals_), targets).items():
            terms[name].append(term.item())
    for name, (first, second) in terms.items():
        assert first == second, name


def test_unmasked_targets_count() -> None:
    net = small_net()
    for head in ("policy", "value", "lead", "ownership"):
        batch = random_batch(3, 7)
        planes, globals_, targets = to_device(batch, CPU)
        before = losses(net(planes, globals_), targets)[head].item()
        getattr(batch, f"{head}_target")[1] *= 0.5
        after = losses(net(planes, globals_), to_device(batch, CPU)[2])[head].item()
        assert before != after


def test_the_deviation_does_not_pull_the_lead() -> None:
    lead, stdev = torch.zeros(2, requires_grad=True), torch.ones(2, requires_grad=True)
    batch = random_batch(2, 5)
    outputs = outputs_like(batch)._replace(lead=lead, lead_stdev=stdev)
    losses(outputs, to_device(batch, CPU)[2])["lead_stdev"].backward()
    assert stdev.grad is not None
    assert stdev.grad.abs().min() > 0
    assert lead.grad is None


@pytest.mark.parametrize("optimizer", ["muon", "adamw"])
def test_a_tiny_net_learns_a_few_positions_by_heart(optimizer: str) -> None:
    torch.manual_seed(0)
    net = Net(small_config((BlockConfig("fused", 32, 1.5, gpool=True),) * 2, stem_channels=32))
    batch = random_batch(6, 7)
    batch.policy_target[:] = 0
    batch.policy_target[np.arange(6), [3, 11, 24, 30, 42, 49]] = 1
    adam = make_optimizer(net, optimizer, 5e-3, 0.0)
    for _ in range(150):
        train_step(net, adam, WholeBatch(net, CPU, autocast=False), batch, LossWeights())
    net.train()  # batch statistics: six positions are too few for running ones
    planes, globals_, targets = to_device(batch, CPU)
    out = net(planes, globals_)
    assert out.policy.argmax(1).tolist() == [3, 11, 24, 30, 42, 49]
    assert (out.value - targets["value_target"]).abs().max().item() < 0.15
    assert (out.lead - targets["lead_target"]).abs().max().item() < 4


def test_split_batches_give_the_whole_batchs_gradient() -> None:
    """With frozen statistics the parts of a batch are independent, so their weighted gradients add up exactly."""
    batch = random_batch(7, 7)
    whole, split = small_net().train(), small_net().train()
    for net in (whole, split):
        training.freeze_norms(net)
    terms = WholeBatch(whole, CPU, autocast=False).backward(batch, LossWeights())
    parts = SplitBatch(split, 3, autocast=False).backward(batch, LossWeights())
    for name, term in terms.items():
        assert float(parts[name]) == pytest.approx(float(term), rel=1e-4), name
    for (name, a), (_, b) in zip(whole.named_parameters(), split.named_parameters(), strict=True):
        assert a.grad is not None, name
        assert b.grad is not None, name
        assert torch.allclose(a.grad, b.grad, rtol=1e-3, atol=1e-5), name


def test_replicas_follow_the_weights() -> None:
    net = small_net().train()
    training.freeze_norms(net)
    split = SplitBatch(net, 2, autocast=False)
    batch = random_batch(4, 7)
    before = split.backward(batch, LossWeights())
    with torch.no_grad():
        for parameter in net.parameters():
            parameter.mul_(1.1)
    net.zero_grad()
    after = split.backward(batch, LossWeights())
    expected = WholeBatch(net, CPU, autocast=False).backward(batch, LossWeights())
    assert float(after["policy"]) != float(before["policy"])
    assert float(after["policy"]) == pytest.approx(float(expected["policy"]), rel=1e-4)


def test_a_gradient_that_is_not_finite_leaves_the_weights_alone() -> None:
    net = small_net().train()
    before = [parameter.detach().clone() for parameter in net.parameters()]
    batch = random_batch(2, 7)
    batch.lead_target[0] = np.inf
    train_step(net, make_optimizer(net, "muon", 1e-2, 0.1), WholeBatch(net, CPU), batch, LossWeights())
    assert all(torch.equal(a, b) for a, b in zip(before, net.parameters(), strict=True))


@pytest.mark.parametrize(("capabilities", "faster"), [({"amx_bf16": True}, True), ({"avx512_bf16": True}, False)])
def test_bfloat16_is_taken_where_a_matrix_unit_is(
    capabilities: dict[str, bool], faster: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: capabilities, raising=False)
    assert training.prefers_bfloat16("cpu") == faster
    assert training.prefers_bfloat16("cuda")


def test_a_torch_that_cannot_tell_computes_in_float32(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(torch.cpu, "get_capabilities", raising=False)
    assert not training.prefers_bfloat16("cpu")


def test_frozen_norms_keep_their_statistics() -> None:
    net = small_net().train()
    training.freeze_norms(net)
    before = {name: buffer.clone() for name, buffer in net.named_buffers()}
    WholeBatch(net, CPU).backward(random_batch(4, 7), LossWeights())
    assert all(torch.equal(before[name], buffer) for name, buffer in net.named_buffers())


@pytest.mark.parametrize("shape", [(8, 8), (16, 40), (40, 16)])
def test_muons_update_is_nearly_orthogonal(shape: tuple[int, int]) -> None:
    torch.manual_seed(1)
    values = torch.linalg.svdvals(orthogonal(torch.randn(shape)))
    assert 0.5 < float(values.min()) <= float(values.max()) < 1.3


def test_matrices_are_made_orthogonal_each_for_itself() -> None:
    torch.manual_seed(2)
    matrices = torch.randn(3, 8, 20)
    together = orthogonal(matrices)
    for matrix, row in zip(matrices, together, strict=True):
        torch.testing.assert_close(orthogonal(matrix), row)
    rough = orthogonal(matrices, torch.bfloat16)
    assert rough.dtype == torch.float32
    assert 0 < (rough - together).abs().max() < 0.1


def test_muon_moves_matrices_of_one_shape_as_it_moves_them_one_by_one() -> None:
    torch.manual_seed(3)
    start = [torch.randn(8, 4, 3, 3), torch.randn(8, 4, 3, 3), torch.randn(6, 8, 1, 1)]
    gradients = [torch.randn_like(tensor) for tensor in start]
    moved = []
    for groups in ([[0, 1, 2]], [[0], [1], [2]]):
        parameters = [torch.nn.Parameter(tensor.clone()) for tensor in start]
        for parameter, gradient in zip(parameters, gradients, strict=True):
            parameter.grad = gradient.clone()
        for group in groups:
            chosen = [{"params": [parameters[index] for index in group], "muon": True, "weight_decay": 0.1}]
            Muon(chosen, 0.01).step()
        moved.append(parameters)
    for one, other, before in zip(*moved, start, strict=True):
        torch.testing.assert_close(one, other)
        assert (one - before).abs().max() > 1e-4


def test_only_weights_decay() -> None:
    optimizer = make_optimizer(small_net(), "muon", 1e-3, 0.1)
    for group in optimizer.param_groups:
        for parameter in group["params"]:
            assert (parameter.ndim < 2) == (group["weight_decay"] == 0)
            assert not group["muon"] or parameter.shape[1] > 1


def test_the_schedule_rises_then_falls() -> None:
    rates = [one_cycle(progress / 100, 0.1) for progress in range(101)]
    top = int(np.argmax(rates))
    assert rates[top] == pytest.approx(1)
    assert top == 10
    assert rates[: top + 1] == sorted(rates[: top + 1])
    assert rates[top:] == sorted(rates[top:], reverse=True)
    assert rates[-1] == pytest.approx(0.01)


def test_the_average_follows_weights_and_statistics() -> None:
    net = small_net()
    average = WeightAverage(net, 0.5)
    with torch.no_grad():
        for tensor in net.state_dict().values():
            if tensor.is_floating_point():
                tensor.add_(1)
    start = {name: tensor.clone() for name, tensor in average.state.items()}
    average.update(net)
    step = 1 - 2 / 11
    for name in ("stem.0.weight", "stem.1.running_mean"):
        assert torch.allclose(average.state[name], start[name] + step), name


def test_measure_counts_only_what_has_a_target() -> None:
    net = small_net()
    batch = random_batch(5, 7)
    planes, globals_, _ = to_device(batch, CPU)
    with torch.no_grad():
        out = net(planes, globals_)
    batch.value_target[:] = out.value.numpy()
    batch.value_target[0] += 0.5
    batch.value_weight[1:3] = 0
    batch.policy_target[:] = 0
    batch.policy_target[np.arange(5), out.policy.argmax(1).numpy()] = 1
    batch.policy_target[4] = np.roll(batch.policy_target[4], 1)
    figures = measure(net, [batch, batch], CPU)
    assert figures["value_mae"] == pytest.approx(0.5 / 3, rel=1e-4)
    assert figures["value_mse"] == pytest.approx(0.25 / 3, rel=1e-4)
    assert figures["top1"] == pytest.approx(0.8)
    assert figures["positions"] == 10
