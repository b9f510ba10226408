"""The trainer: resumes as if nothing had happened, stops with its work saved, writes a net that plays."""

import functools
import json
import signal
import threading
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="training needs torch (the extra `train`)")
pytest.importorskip("onnxscript", reason="export needs onnxscript (the extra `train`)")
pytest.importorskip("tensorboard", reason="training logs to tensorboard (the extra `train`)")

from ponnuki.engine.errors import ConfigError, WeightsError  # noqa: E402
from ponnuki.nets import training  # noqa: E402
from ponnuki.nets.checkpoint import load_net  # noqa: E402
from ponnuki.nets.model import Net  # noqa: E402
from ponnuki.nets.ort import OnnxEvaluator  # noqa: E402
from ponnuki.records.format import ENDING_STOPPED  # noqa: E402
from ponnuki.records.sampling import Group  # noqa: E402
from ponnuki.records.shards import write_shard  # noqa: E402
from ponnuki.selfplay.progress import RunLog  # noqa: E402
from ponnuki.selfplay.signals import stopped_by_signals  # noqa: E402
from ponnuki.selfplay.train import (  # noqa: E402
    Trainer,
    TrainSettings,
    batch_rows,
    net_config,
    split_sources,
    train,
    weighted,
    with_features,
)
from tests.nets.small import random_inputs, small_net  # noqa: E402
from tests.records.random_games import random_shard  # noqa: E402

NET = """
[net]
stem_channels = 8
head_channels = 8
blocks = [{ kind = "fused", channels = 8, expansion = 2.0, gpool = true }]
"""


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("records")
    for seed, (size, labelled) in enumerate([(5, True), (7, True), (7, False)]):
        write_shard(folder / f"{size}_{labelled}.npz", random_shard(seed, size, labelled=labelled))
    write_shard(folder / "7_valid.npz", random_shard(9, 7, labelled=True))
    (folder / "net.toml").write_text(NET)
    return folder


def settings_for(data: Path, out: Path, **changes: object) -> TrainSettings:
    fields = {
        "data": (data,), "out": out, "net": str(data / "net.toml"), "steps": 8, "batch_size": 8, "workers": 1,
        "freeze_norms_at": 0.6, "seed": 3, "valid_positions": 40, "autocast": False, **changes,
    }  # fmt: skip
    return TrainSettings(**fields)  # type: ignore[arg-type]


@pytest.fixture
def no_export(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leaves out the ONNX files, which take most of a short run's time."""
    monkeypatch.setattr("ponnuki.nets.export.export_onnx", lambda *args, **options: None)


class StopAt(threading.Event):
    """Set once it has been asked a number of times: the trainer asks once before each step."""

    def __init__(self, asked: int) -> None:
        super().__init__()
        self._left = asked

    def is_set(self) -> bool:
        self._left -= 1
        return self._left < 0


def run(settings: TrainSettings, stop: threading.Event | None = None) -> tuple[bool, list[str]]:
    lines: list[str] = []
    with RunLog(settings.out, lines.append) as log:
        return Trainer(settings, log).run(stop or threading.Event()), lines


@pytest.mark.usefixtures("no_export")
@pytest.mark.parametrize(("stop_after", "workers"), [(3, 1), (6, 1), (6, 2)])
def test_a_resumed_run_equals_an_uninterrupted_one(
    data: Path, tmp_path: Path, stop_after: int, workers: int
) -> None:
    settings = functools.partial(settings_for, data, workers=workers, int8_from=0.5)
    assert run(settings(tmp_path / "whole"))[0]
    finished, lines = run(settings(tmp_path / "parts"), StopAt(stop_after))
    assert not finished
    assert lines[-1] == f"stopped at step {stop_after}; run again to go on"
    finished, lines = run(settings(tmp_path / "parts"))
    assert finished
    assert f"resumes {tmp_path / 'parts'} at step {stop_after}" in lines
    whole, parts = (load_net(tmp_path / folder / "net")[0].state_dict() for folder in ("whole", "parts"))
    for name, tensor in whole.items():
        assert torch.equal(tensor, parts[name]), name


def test_what_a_run_leaves(data: Path, tmp_path: Path) -> None:
    _, lines = run(settings_for(data, tmp_path / "run", name="mine", note="random games", workers=2))
    net, table = load_net(tmp_path / "run" / "mine")
    evaluator = OnnxEvaluator(tmp_path / "run" / "mine.onnx")
    assert evaluator.outputs.sizes == (5, 7)
    assert evaluator.info["training_data"] == table["data"] == "random games"
    assert (table["steps"], table["positions"]) == (8, 128)
    assert table["validation"]["7x7 labelled"]["positions"] == 40
    assert any(line.startswith("valid 7x7 labelled: policy_loss") for line in lines)
    planes, globals_ = random_inputs(2, 7)
    with torch.no_grad():
        out = net.eval()(torch.from_numpy(planes), torch.from_numpy(globals_))
    np.testing.assert_allclose(evaluator.evaluate_arrays(planes, globals_).policy, out.policy, atol=1e-4)
    assert not list((tmp_path / "run").glob("*.tmp"))


@pytest.mark.usefixtures("no_export")
def test_a_run_tells_all_that_was_trained_before_it(data: Path, tmp_path: Path) -> None:
    names = ["first", "second", "third.v1"]
    for name, before in zip(names, [None, *names], strict=False):
        init = None if before is None else tmp_path / before / before
        run(settings_for(data, tmp_path / name, name=name, steps=2, init=init))
    tables = [load_net(tmp_path / name / name)[1] for name in names]
    assert "before" not in tables[0]
    assert tables[1]["before"] == {"net": "first"} | {key: tables[0][key] for key in ("steps", "positions", "hours")}
    before = tables[2]["before"]
    assert (before["net"], before["steps"], before["positions"]) == ("second", 4, 2 * tables[0]["positions"])
    assert tables[2]["steps"] == 2


@pytest.mark.usefixtures("no_export")
def test_a_finished_run_stays_finished(data: Path, tmp_path: Path) -> None:
    run(settings_for(data, tmp_path / "run", steps=2))
    before = (tmp_path / "run" / "net.safetensors").read_bytes()
    assert run(settings_for(data, tmp_path / "run", steps=2))[0]
    assert (tmp_path / "run" / "net.safetensors").read_bytes() == before


@pytest.mark.usefixtures("no_export")
def test_hours_end_a_run_too(data: Path, tmp_path: Path) -> None:
    finished, _ = run(settings_for(data, tmp_path / "run", steps=None, hours=1e-4))
    assert finished
    table = load_net(tmp_path / "run" / "net")[1]
    assert table["steps"] >= 1


@pytest.mark.usefixtures("no_export")
def test_a_run_that_rounds_says_so_after_a_restart_too(data: Path, tmp_path: Path) -> None:
    settings = settings_for(data, tmp_path / "run", int8_from=0.5)
    run(settings)
    assert load_net(tmp_path / "run" / "net")[1]["rounded"]
    (tmp_path / "run" / "net.toml").unlink()  # as if it had been killed before the net was written
    run(settings)
    assert load_net(tmp_path / "run" / "net")[1]["rounded"]
    run(settings_for(data, tmp_path / "plain"))
    assert not load_net(tmp_path / "plain" / "net")[1]["rounded"]


@pytest.mark.usefixtures("no_export")
def test_a_run_that_rounds_keeps_the_rounded_weights(data: Path, tmp_path: Path) -> None:
    """What was measured is what is written: rounding it once more changes nothing."""
    for name, int8_from in (("rounds", 0.5), ("plain", 1.0)):
        run(settings_for(data, tmp_path / name, int8_from=int8_from))
        net = load_net(tmp_path / name / "net")[0]
        before = {key: value.clone() for key, value in net.state_dict().items()}
        training.keep_rounded(net)
        changed = {key for key, value in net.state_dict().items() if not torch.allclose(value, before[key], atol=1e-6)}
        assert bool(changed) == (name == "plain")


def test_a_net_takes_the_planes_of_a_later_version_as_if_they_were_not_there() -> None:
    before = small_net(Net(net_config("tiny", version=1)).config)
    after = with_features(before, 2).eval()
    planes, globals_ = map(torch.from_numpy, random_inputs(3, 9))
    with torch.no_grad():
        old, new = before(planes, globals_), after(planes, globals_)
    assert (after.config.feature_version, after.config.planes) == (2, 14)
    for first, second in zip(old, new, strict=True):
        torch.testing.assert_close(first, second)
    assert with_features(before, 1).config == before.config
    with pytest.raises(ConfigError, match="net to start from has version 2"):
        with_features(after, 1)
    with pytest.raises(ConfigError, match="--feature-version 3: accepted are 1, 2"):
        net_config("tiny", version=3)


@pytest.mark.usefixtures("no_export")
def test_init_starts_from_a_net(data: Path, tmp_path: Path) -> None:
    run(settings_for(data, tmp_path / "first"))
    again = {"init": tmp_path / "first" / "net", "steps": 1, "learning_rate": 0.0, "average": 0.0}
    run(settings_for(data, tmp_path / "second", **again))
    first, second = (load_net(tmp_path / folder / "net")[0] for folder in ("first", "second"))
    for (name, a), (_, b) in zip(first.named_parameters(), second.named_parameters(), strict=True):
        assert torch.equal(a, b), name


@pytest.mark.usefixtures("no_export")
def test_another_nets_run_is_refused(data: Path, tmp_path: Path) -> None:
    run(settings_for(data, tmp_path / "run", steps=1))
    with pytest.raises(ConfigError, match="holds a run of another net"):
        run(settings_for(data, tmp_path / "run", net="tiny"))


def test_a_damaged_checkpoint_is_named(data: Path, tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "checkpoint.pt").write_bytes(b"PK nothing")
    with pytest.raises(WeightsError, match=r"checkpoint\.pt: damaged"):
        run(settings_for(data, tmp_path / "run"))


def test_the_first_interrupt_asks_the_second_insists() -> None:
    before = signal.getsignal(signal.SIGINT)
    with stopped_by_signals() as stop:
        signal.raise_signal(signal.SIGINT)
        assert stop.is_set()
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is before


@pytest.mark.usefixtures("no_export")
def test_an_interrupted_run_saves_its_work(data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    steps = 0

    def step_and_interrupt(*arguments: object) -> dict[str, torch.Tensor]:
        nonlocal steps
        steps += 1
        if steps == 3:
            signal.raise_signal(signal.SIGINT)
        return train_step(*arguments)  # type: ignore[arg-type]

    train_step = training.train_step
    monkeypatch.setattr(training, "train_step", step_and_interrupt)
    lines: list[str] = []
    assert not train(settings_for(data, tmp_path / "run"), lines.append)
    assert lines[-1] == "stopped at step 3; run again to go on"
    assert torch.load(tmp_path / "run" / "checkpoint.pt", weights_only=True)["step"] == 3


def test_plain_lines_tell_the_means(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lines: list[str] = []
    with RunLog(tmp_path, lines.append) as log:
        for step, loss in ((1, 2.0), (2, 4.0), (3, 9.0)):
            monkeypatch.setattr("ponnuki.selfplay.progress.LINE_INTERVAL_S", 0.0 if step == 2 else 1000.0)
            log.step(step, 8 * step, step / 4, 9, 8, 1e-3, {"policy": torch.tensor(loss)})
    assert len(lines) == 1
    assert lines[0].startswith(" 50.0%  step 2  0.00 M positions")
    assert lines[0].endswith("policy 3.000")


def test_time_left_out_is_no_part_of_the_speed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lines: list[str] = []
    clock = iter([0.0, 10.0, 90.0, 90.0])  # begun, first step, second step of which 70 s were validation
    monkeypatch.setattr("ponnuki.selfplay.progress.time.monotonic", lambda: next(clock, 90.0))
    monkeypatch.setattr("ponnuki.selfplay.progress.LINE_INTERVAL_S", 15.0)
    with RunLog(tmp_path, lines.append) as log:
        log.step(1, 1000, 0.1, 9, 1000, 1e-3, {})
        log.leave_out(70.0)
        log.step(2, 2000, 0.2, 9, 1000, 1e-3, {})
    assert "  100/s" in lines[0]


@pytest.mark.usefixtures("no_export")
def test_a_validation_group_without_targets_is_left_out(data: Path, tmp_path: Path) -> None:
    shard = random_shard(0, 5, games=1, moves=4)
    without = replace(shard, policy_target=np.zeros(4, np.uint8), ending=np.uint8([ENDING_STOPPED]))
    write_shard(tmp_path / "none_valid.npz", without)
    settings = settings_for(data, tmp_path / "run")
    finished, lines = run(replace(settings, data=(data, tmp_path / "none_valid.npz")))
    assert finished
    assert any(line.startswith("no validation with 5x5 played: ") for line in lines)
    assert any(line.startswith("valid 7x7") for line in lines)


def test_validation_shards_never_train(data: Path) -> None:
    train, valid = split_sources([data])
    assert [path.name for path in valid] == ["7_valid.npz"]
    assert [path.name for path in train] == ["5_True.npz", "7_False.npz", "7_True.npz"]


def test_wrong_sources_and_settings(data: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"none: no such file or folder"):
        split_sources([tmp_path / "none"])
    with pytest.raises(ConfigError, match="no shards"):
        split_sources([tmp_path])
    with pytest.raises(ConfigError, match="--steps or --hours"):
        settings_for(data, tmp_path, steps=None)
    with pytest.raises(ConfigError, match=r"--alpha and --depth change presets; .*net\.toml says its own"):
        run(settings_for(data, tmp_path / "run", depth=2))
    with pytest.raises(ConfigError, match="expected muon or adamw"):
        settings_for(data, tmp_path, optimizer="sgd")


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a CUDA device here")
def test_a_device_that_is_not_there(data: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no CUDA device"):
        run(settings_for(data, tmp_path / "run", device="cuda"))


def test_shares_name_every_group() -> None:
    groups = [Group("9x9 labelled", (), 9, 100), Group("9x9 played", (), 9, 7), Group("13x13 labelled", (), 13, 50)]
    shares = (("9x9 labelled", 3.0), ("9x9 played", 0.0), ("13x13 labelled", 1.0))
    assert weighted(groups, shares) == [replace(groups[0], weight=3.0), replace(groups[2], weight=1.0)]
    assert weighted(groups, ()) == groups
    with pytest.raises(ConfigError, match="'9x9 played' is missing"):
        weighted(groups, (("9x9 labelled", 1.0),))
    with pytest.raises(ConfigError, match="'8x8': expected one of '9x9 labelled'"):
        weighted(groups, (("8x8", 1.0),))


@pytest.mark.parametrize(("size", "rows"), [(9, 192), (13, 192), (19, 96), (25, 96)])
def test_small_boards_take_larger_batches(size: int, rows: int) -> None:
    assert batch_rows(96, size) == rows


@pytest.mark.usefixtures("no_export")
def test_checkpoints_hold_the_place_in_the_data(data: Path, tmp_path: Path) -> None:
    run(settings_for(data, tmp_path / "run"), StopAt(2))
    state = torch.load(tmp_path / "run" / "checkpoint.pt", weights_only=True)
    assert json.loads(state["source"])["batch"] == 2
